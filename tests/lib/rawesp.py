# SPDX-License-Identifier: GPL-2.0-or-later
"""ESP that is made by hand, and what comes of it: packets are sent and received by raw
sockets in network namespaces, and the module is asked through the command."""
import ctypes
import hashlib
import json
import os
import select
import socket
import struct
import subprocess
import time

SLOW = int(os.environ.get("SLOW", 1))
started = time.monotonic()


def sh(cmd):
    return subprocess.run(cmd, shell=True, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def step(text):
    print("%7.1f  %s" % (time.monotonic() - started, text), flush=True)


def until(text, good, seconds=20):
    deadline = time.monotonic() + seconds * SLOW
    while not good():
        assert time.monotonic() < deadline, text
        time.sleep(0.1)


def raw(netns, proto=50):
    setns = ctypes.CDLL(None).setns
    with open("/proc/self/ns/net") as own, open(f"/run/netns/{netns}") as other:
        setns(other.fileno(), 0)
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, proto)
        setns(own.fileno(), 0)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
    sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)         # SO_RCVBUFFORCE
    return sock


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def ipv4(proto, src, dst, payload, frag=0, ident=0):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, frag, 64,
                       proto, 0, socket.inet_aton(src), socket.inet_aton(dst))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def icmp(kind, code, rest):
    """a message, with what comes behind its checksum"""
    message = struct.pack("!BBH", kind, code, 0) + rest
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


def esp(src, dst, spi, size=64):
    """an ESP packet with its IP header"""
    return ipv4(50, src, dst, struct.pack("!II", spi, 1) + bytes(size))


def send(sock, src, dst, spi):
    sock.sendto(esp(src, dst, spi), (dst, 0))


def receive(sock, wait=10.0):
    """(source, destination, SPI), or None"""
    if not select.select([sock], [], [], wait * SLOW)[0]:
        return None
    data = sock.recv(65536)
    assert checksum(data[:20]) == 0
    return (socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20]),
            struct.unpack("!I", data[20:24])[0])


def came(sock, expected, wait=10.0):
    """(source, destination, SPI) is among what comes now"""
    deadline = time.monotonic() + wait * SLOW
    while packet := receive(sock, max(0, deadline - time.monotonic()) / SLOW):
        if packet == expected:
            return True
    return False


def drain(sock):
    while select.select([sock], [], [], 0)[0]:
        sock.recv(65536)


def low16(spi):
    """of a derived SPI: the first two bytes of the hash of the originator's"""
    return int.from_bytes(hashlib.md5(struct.pack("!I", spi)).digest()[:2], "big")


def answer(spi, upper=0x5151):
    """what who answers makes of an originator's SPI"""
    return upper << 16 | low16(spi)


class Command:
    """ipsec-qos in a network namespace"""

    def __init__(self, netns):
        self.command = ["build/bin/ipsec-qos", "-n", netns, "-j"]

    def __call__(self, *words):
        out = subprocess.run([*self.command, *words], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        return json.loads(out) if out else None

    def rule(self, *words):
        """another rule, which knows nothing yet"""
        self("nat", "rule", "replace", *words)
        self("nat", "flush")

    def table(self):
        return {n["spi_out"]: n for n in self("nat", "show")}

    def count(self, name):
        return self("nat", "rule", "show")[0]["counters"][name]["packets"]


def steps(*functions):
    """all of them, whatever fails; the exit status"""
    failed = 0
    for function in functions:
        step(function.__doc__)
        try:
            function()
        except AssertionError as error:
            print("FAIL: %s: %s" % (function.__name__, error), flush=True)
            failed += 1
    if not failed:
        print("all as it should be", flush=True)
    return min(failed, 1)
