#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user without rights has the module keep is charged to his memory group: the
entries of a translation table that is full, SAs, and groups with their counters. At the
limit of the group there are no more entries, and who is confirmed goes on.
"""
#
# vm: -s 2 -m 1536 -t 900
# once: it takes minutes to fill a table
import ctypes
import os
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from rawesp import Command, answer, esp, sh, steps, until      # noqa: E402

GROUP = "/run/cgroup/guest"
ENTRIES = 65536
KIB = 1 << 10
CHANGES = 4096
# What a change leaves until a grace period ends is 64 bytes; a copy of all is 256 KiB.
LEFT = CHANGES * 256
FAR, GLOBAL = "192.0.2.2", "192.0.2.1"


def used():
    """what the kernel itself takes, for all"""
    with open("/proc/meminfo") as file:
        numbers = {line.split(":")[0]: int(line.split()[1]) for line in file}
    return KIB * sum(numbers[name] for name in ("Slab", "Percpu", "VmallocUsed"))


def charged(name="memory.current", group=GROUP):
    with open("%s/%s" % (group, name)) as file:
        return int(file.read())


def percpu():
    with open(GROUP + "/memory.stat") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("percpu "))


def settle():
    """what is on its way out goes, and caches with it"""
    for _ in range(2):
        sh("echo 3 > /proc/sys/vm/drop_caches; sleep 1")


def join(group=GROUP):
    with open(group + "/cgroup.procs", "w") as file:
        file.write("0")


class Guest:
    """a user who is root in a user namespace alone, with a network of his own"""

    def __init__(self, *rule):
        self.sockets = []
        self.process = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--net", "cat"],
            stdin=subprocess.PIPE, preexec_fn=join)
        self.net = "/proc/%d/ns/net" % self.process.pid
        until("the guest does not start",
              lambda: os.path.realpath(self.net) != os.path.realpath("/proc/self/ns/net"))
        sh("touch /run/netns/guest; mount --bind %s /run/netns/guest" % self.net)
        self.run("""
ip link set lo up
ip link add in address 02:00:00:00:00:01 type veth peer name inside
ip link add out address 02:00:00:00:00:03 type veth peer name outside
for d in in inside out outside; do ip link set $d arp off; ip link set $d up; done
ip addr add 10.0.0.1/8 dev in
ip addr add 192.0.2.1/24 dev out
echo 1 > /proc/sys/net/ipv4/ip_forward""")
        if rule:
            self.run("build/bin/ipsec-qos nat rule add id 1 inside-dev in outside-dev out "
                     + " ".join(rule))

    def run(self, text, group=GROUP):
        subprocess.run(["nsenter", "-t", str(self.process.pid), "--user", "--net",
                        "--preserve-credentials", "sh", "-ec", text],
                       check=True, preexec_fn=lambda: join(group))

    def socket(self, dev):
        """what is sent there comes in at the other end; sent by nobody of the group"""
        setns = ctypes.CDLL(None).setns
        with open("/proc/self/ns/net") as own, open("/run/netns/guest") as other:
            setns(other.fileno(), 0)
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            setns(own.fileno(), 0)
        sock.bind((dev, 0x800))
        self.sockets.append(sock)
        return sock

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in self.sockets:   # they keep the namespace
            sock.close()
        sh("umount /run/netns/guest; rm /run/netns/guest")
        self.process.stdin.close()
        self.process.wait()


def frame(mac, src, dst, spi):
    return bytes.fromhex(mac) + bytes(6) + b"\x08\x00" + esp(src, dst, spi)


def from_inside(sock, first, n):
    """so many SAs, each of 128 a node's"""
    for node in range(n // 128):
        head = frame("020000000001", "10.1.%d.%d" % (node >> 7, 1 + (node & 127)), FAR, 0)
        for i in range(128):
            sock.send(head[:34] + struct.pack("!I", first + 128 * node + i) + head[38:])


sh("""
set -e
modprobe ipsec_qos
mkdir -p /run/cgroup /run/netns
mountpoint -q /run/cgroup || mount -t cgroup2 none /run/cgroup
echo +memory > /run/cgroup/cgroup.subtree_control
mkdir -p %s""" % GROUP)
qos = Command("guest")


def say(what, n):
    print("         %s" % (what % tuple(n)), flush=True)


def entries():
    """a full table is charged to who made the rule"""
    with Guest("wait", "600") as guest:
        inside = guest.socket("inside")
        from_inside(inside, 0x1000, 128)
        settle()
        before = used(), charged()
        from_inside(inside, 0x100000, ENTRIES)
        settle()
        all_of_it, his = used() - before[0], charged() - before[1]
        n = len(qos.table())
        say("%d entries: %.1f MiB, of which %.1f are charged",
            (n, all_of_it / KIB / KIB, his / KIB / KIB))
        assert n == ENTRIES, n
        assert his >= 0.7 * all_of_it
    until("it stays charged", lambda: charged() < before[1] + 1024 * KIB, 60)


def limit():
    """at the limit of the group there are no more entries, and others go on"""
    with Guest("wait", "600") as guest:
        inside, outside = guest.socket("inside"), guest.socket("outside")
        own = frame("020000000001", "10.0.0.9", FAR, 0x4711)
        inside.send(own)
        outside.send(frame("020000000003", FAR, GLOBAL, answer(0x4711)))
        inside.send(own)
        until("it is not confirmed", lambda: qos.table()[0x4711]["state"] == "confirmed")
        settle()
        most = charged() + 4096 * KIB
        sh("echo %d > %s/memory.max" % (most, GROUP))
        try:
            from_inside(inside, 0x100000, ENTRIES)
            n, now = len(qos.table()), charged()
            say("%d entries; %.1f of %.1f MiB", (n, now / KIB / KIB, most / KIB / KIB))
            assert 4000 < n < ENTRIES / 2, n
            assert now <= most + 256 * KIB
            inside.send(own)
            until("who is confirmed does not go on",
                  lambda: qos.table()[0x4711]["out"]["packets"] == 3)
        finally:
            sh("echo max > %s/memory.max" % GROUP)


def groups():
    """counters of groups are charged to who made them"""
    with Guest() as guest:
        settle()
        before = used(), charged(), percpu()
        guest.run("""
for i in $(seq 4096); do echo "group add g$i id $i mark $i"; done |
	build/bin/ipsec-qos -b -""")
        settle()
        all_of_it, his = used() - before[0], charged() - before[1]
        cpus = percpu() - before[2]
        say("4096 groups: %.1f MiB, of which %.1f are charged, %.1f for counters",
            [x / KIB / KIB for x in (all_of_it, his, cpus)])
        assert cpus >= 4096 * os.cpu_count() * 7 * 16
        # folders in sysfs are charged to nobody: there are few
        assert all_of_it - his <= 3072 * KIB
        hurry(guest)


def hurry(guest):
    """what single changes leave until packets are done with it has a ceiling"""
    peaks = []
    # the first is what the command takes, as nothing changes
    for name, add in ("same", 0), ("other", CHANGES):
        start = time.monotonic()
        group, lines = "/run/cgroup/" + name, "/tmp/" + name
        sh("mkdir -p " + group)
        with open(lines, "w") as file:
            for i in range(1, CHANGES + 1):
                file.write("group replace g%d id %d mark %d\n" % (i, i, i + add))
        guest.run("build/bin/ipsec-qos -b " + lines, group)
        peaks.append(charged("memory.peak", group))
        say("%d single changes, %.1f s: %.2f MiB at most",
            (CHANGES, time.monotonic() - start, peaks[-1] / KIB / KIB))
    assert peaks[1] - peaks[0] <= LEFT, peaks


def sas():
    """what SAs are found by, and where they lead, is charged to who states them"""
    with Guest() as guest:
        guest.run("build/bin/ipsec-qos group add a id 1 mark 1")
        settle()
        before = used(), charged()
        guest.run("""
for i in $(seq 0 %d); do
	echo "sa add dst 10.$((i >> 16)).$((i >> 8 & 255)).$((i & 255)) spi $((i + 256)) group a"
done | build/bin/ipsec-qos -b -""" % (ENTRIES - 1))
        settle()
        all_of_it, his = used() - before[0], charged() - before[1]
        say("%d SAs: %.1f MiB, of which %.1f are charged",
            (ENTRIES, all_of_it / KIB / KIB, his / KIB / KIB))
        # the index of where they lead is not: the kernel makes that by itself
        assert his >= 0.7 * all_of_it


sys.exit(steps(entries, limit, groups, sas))
