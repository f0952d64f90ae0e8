# SPDX-License-Identifier: GPL-2.0-or-later
"""
A charon on a router whose daemon is busy: how long its answers take, and whether the
ESP of the SAs that it states has its mark from the first packet on.

    src 10.0.1.2 ---- r1 router r2 ---- 10.0.3.0/24
"""
import json
import os
import re
import select
import socket
import statistics
import struct
import subprocess
import sys
import time

from feed_client import CHARON, Client

ROOM = "/tmp/busy"
CONF, SOCK, LOG = ROOM + "/qosd.conf", ROOM + "/sock", ROOM + "/log"
LEASES = ROOM + "/leases"
SLOW = int(os.environ.get("SLOW", 1))
# Seconds, in which the plugin asks three times; then the SA is installed, known or
# not, and what it sends has no mark. An emulated processor that shares a core stands
# still now and then: of so many answers one may be too late for that reason.
PLUGIN_WAITS = 0.6 * SLOW
LATE_OF = 300
served = []     # the daemon's process
STILL = 0.1     # seconds for which what is ahead of all did not run: nothing did
idle = []       # the median where nothing else happens: the first verdict's
# Of the median: such a processor is slow, too, and slower with more to do, so what
# it takes where nothing else happens counts, where that is more.
MEDIAN_MAX = 0.020
TIMES_IDLE = 4
ENOUGH = 51     # answers, to judge by


def sh(cmd):
    return subprocess.run(cmd, shell=True, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def check(condition, what):
    if not condition:
        with open(LOG, encoding="utf-8") as log:
            print(log.read()[-4000:])
        sys.exit("FAIL: " + what)


def step(what):
    print("%7.1f  %s" % (time.monotonic(), what), flush=True)


class Command(Client):
    """The command, without the time that its own start takes."""

    def __init__(self):
        super().__init__(SOCK, 2, timeout=120)


def eventually(what, condition, seconds):
    """How long it took"""
    begin = time.monotonic()
    while not condition():
        check(time.monotonic() < begin + seconds * SLOW, "not within %d s: %s" %
              (seconds, what))
        time.sleep(0.05)
    return time.monotonic() - begin


def packet(spi):
    esp = struct.pack("!II", spi, 1) + bytes(64)
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(esp), 0, 0, 64, 50, 0,
                       socket.inet_aton("10.0.1.2"), socket.inet_aton("10.0.3.2"))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    return (b"\x08\x00" + head[:10]
            + struct.pack("!H", ~(total + (total >> 16)) & 0xffff)
            + head[12:] + esp)


def forked(run, stop, ours):
    """A process that runs run(stop), and closes what is ours: its id, and where what run
    returned can be read"""
    said, its = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(ours)
        with os.fdopen(its, "w", encoding="utf-8") as f:
            json.dump(run(stop), f)
        os._exit(0)
    os.close(its)
    return pid, said


def ended(process):
    """What one of these returned"""
    pid, said = process
    with os.fdopen(said, encoding="utf-8") as f:
        result = json.load(f)
    os.waitpid(pid, 0)
    return result


def stood_still(stop, cpu):
    """For how long at most this processor ran nothing at all, not even what is ahead of
    charon and the daemon: this machine was not given one of its own."""
    os.sched_setaffinity(0, {cpu})
    ahead(0, 2)
    worst, now = 0, time.monotonic()
    while not select.select([stop], [], [], STILL / 5)[0]:
        before, now = now, time.monotonic()
        worst = max(worst, now - before)
    return max(worst, time.monotonic() - now)


def stands():
    """Where in the kernel each thread of the daemon is: the first is its loop's"""
    threads = []
    for task in sorted(os.listdir("/proc/%d/task" % served[0]), key=int):
        with open("/proc/%d/task/%s/stack" % (served[0], task), encoding="utf-8") as f:
            threads.append(" < ".join(re.findall(r"\] (\w+)", f.read())) or "user space")
    return "; ".join(threads)


class Charon:
    """
    States one SA after the other, as rekeying does, waits no longer than the
    plugin, and sends an ESP packet of each of the last SAs: a process of its own,
    ahead of all others, as the daemon's loop is, for what counts is what they wait
    for other than an emulated processor.
    """

    pause = 0.02    # seconds between two SAs

    def __init__(self):
        self.client = Client(SOCK, CHARON, timeout=60)
        self.client.ask("SYNC_START")
        self.begin()
        self.client.ask("SYNC_END")
        mac = json.loads(sh("ip -n router -j link show r1"))[0]["address"]
        self.head = bytes.fromhex(mac.replace(":", "")) + bytes(6)
        self.out = raw_socket("src", "s1")
        self.spi = 0x10000
        self.times = []
        self.groups = []        # of each answer, and when it came
        self.late = 0
        self.error = None
        self.stood = []         # where the daemon was as an answer was late
        self.still = 0
        self.stop = None
        self.processes = []

    def begin(self):
        """What there is already"""
        self.client.ike(1, "peer.example", local="10.0.3.2")

    def run(self, stop):
        ahead(0)
        try:
            # what is over sooner is followed by a few more, to have a median
            while not select.select([stop], [], [], self.pause)[0] or \
                    len(self.times) < ENOUGH:
                self.one()
        except (AssertionError, OSError) as e:
            self.error = str(e)
        return self.spi, self.times, self.groups, self.late, self.error, self.stood

    def one(self):
        """An SA comes"""
        self.sa(1)

    def sa(self, ike_id):
        self.spi += 1
        start = time.monotonic()
        self.client.send("SA", 4, IKE_ID=ike_id, DST="10.0.3.2", SPI=self.spi, PROTO=50)
        self.client.sock.settimeout(PLUGIN_WAITS)
        ack = None
        try:
            ack = self.client.receive()
        except TimeoutError:
            self.late += 1
            self.stood.append(stands())
            self.send()
            self.client.sock.settimeout(60)
            ack = self.client.receive()
        now = time.monotonic()
        self.times.append(now - start)
        self.groups.append((now, ack.get("GROUP", 0)))
        self.send()
        assert ack["type"] == "ACK" and not ack["ERROR"] and ack["GROUP"], ack
        return ack["GROUP"]

    def send(self):
        for spi in range(max(self.spi - 7, 0x10001), self.spi + 1):
            self.out.send(self.head + packet(spi))

    def __enter__(self):
        self.times, self.groups, self.late, self.stood = [], [], 0, []
        sh("ip netns exec router nft reset counters")
        stop, self.stop = os.pipe()
        charon = forked(self.run, stop, self.stop)
        os.close(stop)
        gone = os.pidfd_open(charon[0])
        self.processes = [charon] + [
            forked(lambda stop, cpu=cpu: stood_still(stop, cpu), gone, self.stop)
            for cpu in os.sched_getaffinity(0)]
        os.close(gone)
        return self

    def __exit__(self, *what):
        os.close(self.stop)
        said = [ended(p) for p in self.processes]
        self.spi, self.times, self.groups, self.late, self.error, self.stood = said[0]
        self.still = max(said[1:])


def ahead(pid, priority=1):
    os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(priority))


def socket_in(netns, *kind):
    fd = os.open("/run/netns/" + netns, os.O_RDONLY)
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    setns(fd)
    sock = socket.socket(*kind)
    setns(own)
    return sock


def raw_socket(netns, dev):
    sock = socket_in(netns, socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((dev, 0))
    return sock


def setns(fd):
    import ctypes
    if ctypes.CDLL(None).setns(fd, 0):
        raise OSError("setns")


def verdict(name, charon):
    """What the answers took, and how many packets had no mark."""
    times = sorted(charon.times)
    counted = {c["counter"]["name"]: c["counter"]["packets"] for c in
               json.loads(sh("ip netns exec router nft -j list counters"))["nftables"]
               if "counter" in c}
    over = sum(t > 0.02 for t in times)
    median = statistics.median(times)
    print("  %-34s %5d answers: median %.1f ms, 99 of 100 %.1f, worst %.1f; "
          "%d over 20 ms; %d too late; %d of %d ESP packets unmarked" % (
              name, len(times), median * 1000,
              times[len(times) * 99 // 100] * 1000, times[-1] * 1000, over,
              charon.late, counted["unmarked"],
              counted["unmarked"] + counted["marked"]), flush=True)
    if charon.late:
        print("  a processor stood still for %.2f s at most" % charon.still)
    for where in charon.stood:
        print("  an answer was late as the daemon was in " + where, flush=True)
    check(not charon.error, "charon: %s" % charon.error)
    check(len(times) >= ENOUGH, "too few answers to judge")
    check(counted["marked"] > 100, "no ESP is marked")
    if not idle:
        idle.append(median)
    return (median < max(MEDIAN_MAX, TIMES_IDLE * idle[0]) and
            charon.late <= len(times) // LATE_OF and
            counted["unmarked"] <= charon.late)


def network(mask):
    """The module, and the router; ESP that leaves it with a mark in these bits counts"""
    os.makedirs(ROOM, exist_ok=True)
    sh("""
set -e
insmod build/kmod/$(uname -r)/ipsec_qos.ko
for n in src router; do ip netns add $n; ip -n $n link set lo up; done
ip -n router link add r1 type veth peer name s1 netns src
ip -n router link add r2 type veth peer name r3
ip -n router addr add 10.0.1.1/24 dev r1
ip -n router addr add 10.0.2.1/24 dev r2
ip -n src link set s1 up
for d in r1 r2 r3; do ip -n router link set $d up; done
ip -n router neigh add 10.0.2.2 lladdr 02:00:00:00:00:02 dev r2
ip -n router route add 10.0.3.0/24 via 10.0.2.2
ip netns exec router sysctl -qw net.ipv4.ip_forward=1
ip netns exec router nft -f - <<-END
	table netdev wire {
		counter marked { }
		counter unmarked { }
		chain out {
			type filter hook egress device r2 priority 0
			meta protocol ip ip protocol esp jump count
		}
		chain count {
			meta mark & %#x == 0 counter name unmarked return
			counter name marked
		}
	}
END
""" % mask)


def answers():
    try:
        Command().close()
    except OSError:     # there is no socket, or nobody listens at it yet
        return False
    return True


def daemon_start():
    with open(LOG, "a", encoding="utf-8") as log:
        daemon = subprocess.Popen(["ip", "netns", "exec", "router", "build/bin/ipsec-qosd",
                                   "-c", CONF, "-S", SOCK, "-l", LEASES], stderr=log)
    eventually("the daemon answers", answers, 60)
    served[:] = [daemon.pid]
    ahead(daemon.pid)           # the thread of its loop alone
    return daemon
