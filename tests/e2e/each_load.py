#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: -s 2 -m 2560 -t 1500
# alone: it measures how long answers take
# once: it is the daemon's doing, whatever the kernel is
"""each_load.py [PEERS]

So many peers (3,000) with a group and two classes each, and 100 a second more that come
and go for a minute: every answer in time, every ESP packet with its mark, memory, and how
long it takes until classes are there, shown, and loaded again. The rest of 10,000 is in
each.py; here a class costs an emulated processor ten times what it costs another.
"""
import os
import socket
import statistics
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from busy import (CONF, SLOW, Charon, Command, check, daemon_start, eventually,  # noqa: E402
                  network, sh, socket_in, step, verdict)

PEERS = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
A_SECOND = 100
SECONDS = 60
STAY = 2 * A_SECOND     # how many of those that come and go are there at a time
MASK = 0x3fff


class Crowd(Charon):
    """Peers of which one comes every hundredth of a second, and the oldest goes"""

    pause = 0

    def begin(self):
        for i in range(PEERS):
            self.client.ike(i, "s%d.crew.example" % i, local="10.0.3.2", ask=False)
            for j in range(2):
                self.client.sa(i, 0x100000 + 2 * i + j, dst="10.0.3.2", ask=False)
        self.next = PEERS
        self.due = time.monotonic()

    def one(self):
        self.due = max(self.due + 1 / A_SECOND, time.monotonic() - 1)
        time.sleep(max(0, self.due - time.monotonic()))
        i = self.next
        self.next += 1
        # every third has been there before
        name = i if i % 3 else i - STAY - 10
        self.client.ike(i, "s%d.crew.example" % name, local="10.0.3.2")
        self.sa(i)
        gone = i - STAY
        if gone >= PEERS:
            self.client.send("SA_DEL", DST="10.0.3.2", SPI=self.spi - STAY, PROTO=50)
            self.client.send("IKE_DEL", IKE_ID=gone, SPI_I=0x1000000 + gone,
                             SPI_R=0x2000000 + gone)


class Classes(threading.Thread):
    """When classes of the daemon's got their queues, as the kernel told then"""

    NEWQDISC, NOTICES, MAJOR = 36, 8, 0x4951
    RCVBUFFORCE = 33

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket_in("router", socket.AF_NETLINK, socket.SOCK_RAW,
                              socket.NETLINK_ROUTE)
        self.sock.setsockopt(socket.SOL_SOCKET, self.RCVBUFFORCE, 64 << 20)
        self.sock.bind((0, self.NOTICES))
        self.made = {int(sh("ip netns exec router cat /sys/class/net/%s/ifindex" % dev)): {}
                     for dev in ("r1", "r2")}
        self.start()

    def run(self):
        while True:
            notice = self.sock.recv(36)         # no more than what it is, and of what
            dev, _, parent = struct.unpack_from("=iII", notice, 20)
            if struct.unpack_from("=H", notice, 4)[0] == self.NEWQDISC and \
                    parent >> 16 == self.MAJOR:
                self.made[dev].setdefault(parent & 0xffff, time.monotonic())

    def wait_for(self, n, groups):
        """These, and so many: those who are there are served ahead of those to come"""
        return eventually("%d classes" % n, lambda: all(
            len(made) >= n and made.keys() >= groups for made in self.made.values()), 600)

    def late(self, groups):
        """How long each was without one of its classes, from when it was given"""
        return sorted(max(0, max(made[group] for made in self.made.values()) - when)
                      for when, group in groups)


network(MASK)
classes = Classes()
step("%d peers, two classes each" % PEERS)
with open(CONF, "w", encoding="utf-8") as f:
    f.write("""
profile crew { identity = "*.crew.example"
	each { marks = 0x1/%#x  linger = 1 } }
policy wan { device = r2  rate = 40gbit  each crew { ceil = 20mbit } }
policy lan { device = r1  rate = 40gbit  each crew { ceil = 5mbit } }
""" % MASK)
daemon = daemon_start()
begin = time.monotonic()
crowd = Crowd()
stated = time.monotonic() - begin
print("  stated in %.1f s; all classes %.1f s after that" % (
    stated, classes.wait_for(PEERS + 1, set())))        # one is of who finds none left

step("classes are shown")
with Command() as command:
    begin = time.monotonic()
    shown = command.query(4)
    took = time.monotonic() - begin
print("  %d classes in %.2f s" % (len(shown), took))
check(took < SLOW * 3 * len(shown) / 6000, "that takes too long")
check(len(shown) >= 2 * PEERS, "not all are shown")
check(all(c["state"] == "ok" for c in shown), "they are not in force")

step("%d a second come and go" % A_SECOND)
with crowd:
    time.sleep(SECONDS)
good = verdict("they come and go", crowd)
here = crowd.times and len(crowd.times) / SECONDS
print("  %.0f a second" % here)
# an emulated processor may not do so many; fewer prove less
check(here > 0.3 * A_SECOND, "this machine is too slow to have so many come")
with open("/proc/%d/status" % daemon.pid, encoding="ascii") as f:
    kib = int([line.split()[1] for line in f if line.startswith("VmHWM")][0])
print("  the daemon has %d KiB at most" % kib)
check(kib <= 40 * 1024, "more than 40 MiB")
classes.wait_for(0, {group for _, group in crowd.groups})
late = classes.late(crowd.groups)
print("  %d of %d had their classes when they came, the others %.2f s later in the median, "
      "99 of 100 of all %.2f, the last %.2f" % (
          late.count(0), len(late), statistics.median([s for s in late if s] or [0]),
          late[len(late) * 99 // 100], late[-1]))
# Twice a hundred classes a second are wanted, of which HTB makes some 120 on an emulated
# processor: who comes late in the minute stands in a queue that goes on when it is over.
check(late[-1] < 90 * SLOW, "who comes is without a class for too long")

step("the same file again")
with Command() as command:
    begin = time.monotonic()
    command.query(5)
    print("  loaded in %.1f s" % (time.monotonic() - begin))
check(time.monotonic() - begin < 2 * SLOW, "a reload takes too long")
check(good, "not as it should be")
step("as it should be")
