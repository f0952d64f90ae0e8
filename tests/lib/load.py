#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
load.py MBIT SECONDS COMMAND FLOW... - competing load, and what arrives of it

Send UDP datagrams, MBIT megabits a second as counted on the wire, in each FLOW
at the same time. A FLOW is SOURCE,SINK,ADDRESS,PORT,SIZE,FRAME: from a network
namespace to an address in another, SIZE bytes of payload, FRAME bytes on the
wire as the device sees it whose queue is looked at.

COMMAND, which prints JSON, is run by a shell in the end, while the load goes
on. Prints JSON: {"rates": [bits a second that arrived of each flow],
"said": what COMMAND printed}. The measurement begins when all flows have got
through and had time to settle. Exit status 3: this machine was too busy to send
what was to be sent, or to take what came, so nothing was measured.
"""
import ctypes
import json
import select
import socket
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
SETTLE = 1.5    # seconds for queues to fill, and for averages to follow
CATCH_UP = 0.25 # seconds
MAX_SKIPPED = 0.05
STILL = 0.1     # seconds between two turns: longer, and the machine stood still
MAX_STILL = 0.1
libc = ctypes.CDLL(None, use_errno=True)


def setns(file):
    if libc.setns(file.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def udp(netns, family):
    """A UDP socket in a network namespace"""
    with open("/proc/self/ns/net", "rb") as here, \
            open("/run/netns/" + netns, "rb") as there:
        setns(there)
        try:
            sock = socket.socket(family, socket.SOCK_DGRAM)
        finally:
            setns(here)
    sock.setblocking(False)
    return sock


class Flow:
    """One of FLOW"""

    def __init__(self, text):
        source, sink, address, port, size, frame = text.split(",")
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.name = "%s to %s" % (source, sink)
        self.target = (address, int(port))
        self.payload = bytes(int(size))
        self.frame = int(frame)
        self.sender = udp(source, family)
        self.receiver = udp(sink, family)
        self.receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.receiver.bind(("", int(port)))

    def send(self):
        try:
            self.sender.sendto(self.payload, self.target)
        except OSError:
            pass        # full queues are what this is for

    def receive(self):
        """How many datagrams have come"""
        count = 0
        while True:
            try:
                self.receiver.recv(65536)
            except BlockingIOError:
                return count
            count += 1


def compete(flows, mbit, seconds, command, timeout=30):
    """What is printed, or None: starved"""
    gap = max(flow.frame for flow in flows) * 8 / (mbit * 1e6)
    receivers = {flow.receiver: flow for flow in flows}
    missing = set(flows)
    count = dict.fromkeys(flows, 0)
    asked = None
    start, sent, skipped, begin = time.monotonic(), 0, 0, None
    now, stood_still = start, 0
    while True:
        before, now = now, time.monotonic()
        if begin and before < begin + seconds and now - before > STILL:
            stood_still += now - before
        if missing and now > start + timeout:
            sys.exit("nothing arrives of " +
                     ", ".join(flow.name for flow in missing))
        if begin and now >= begin + seconds:
            if not asked:
                asked = subprocess.Popen(["sh", "-c", command],
                                         stdout=subprocess.PIPE, text=True)
            elif asked.poll() is not None:
                break
        # who is late catches up, but not for more than a moment
        due = int((now - start) / gap)
        if sent < due - CATCH_UP / gap:
            skipped += due - sent
            sent = due
        while sent < due:
            for flow in flows:
                flow.send()
            sent += 1
        for sock in select.select(list(receivers), [], [], gap)[0]:
            flow = receivers[sock]
            got = flow.receive()
            missing.discard(flow)
            if begin and begin <= now < begin + seconds:
                count[flow] += got
        if not missing and not begin:
            begin = time.monotonic() + SETTLE
    if asked.returncode:
        sys.exit("%s: status %d" % (command, asked.returncode))
    if skipped > MAX_SKIPPED * sent or stood_still > MAX_STILL * seconds:
        return None
    return {"rates": [round(count[flow] * flow.frame * 8 / seconds)
                      for flow in flows],
            "said": json.loads(asked.stdout.read())}


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    mbit, seconds, command = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    result = compete([Flow(text) for text in sys.argv[4:]], mbit, seconds,
                     command)
    if not result:
        sys.exit(3)
    print(json.dumps(result))


main()
