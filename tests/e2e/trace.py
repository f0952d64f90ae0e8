#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ipsec-qos trace: what becomes of packets, by SPI, address and group, in one network
namespace of several. The topology is that of tests/lib/packets.py; translation is
between src, the inside, and dst."""
#
# vm: -t 400
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, "tests/lib")
import packets                                                  # noqa: E402
from packets import Raw, UDP, IP, IPv6, esp, ike, qos, sh       # noqa: E402
from rawesp import answer, raw, send, steps, until              # noqa: E402
from scapy.layers.inet import fragment                          # noqa: E402

TRACING = "/sys/kernel/tracing"
GROUP, SPI, NOBODYS = "bronze", 0xb00b5, 0x777
IKE = (0xa1b2c3d4e5f60718, 0x1020304050607080)


def read(name):
    with open(f"{TRACING}/{name}") as f:
        return f.read().strip()


class Trace:
    """The command, with what it prints."""

    def __init__(self, *words, netns="router", options=("-j", "-t")):
        self.said = b""
        self.proc = subprocess.Popen(
            [packets.COMMAND, "-n", netns, *options, "trace", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.instance = f"instances/ipsec-qos-{self.proc.pid}"
        until("it traces", self.armed)

    def armed(self):
        assert self.proc.poll() is None, self.proc.stderr.read()
        try:
            return read(f"{self.instance}/tracing_on") == "1"
        except FileNotFoundError:
            return False

    def line(self):
        """The next; None: nothing comes for longer than it takes."""
        while b"\n" not in self.said:
            more = select.select([self.proc.stdout], [], [], 20)[0] and \
                os.read(self.proc.stdout.fileno(), 65536)
            if not more:
                return None
            self.said += more
        line, self.said = self.said.split(b"\n", 1)
        return line.decode()

    def next(self, **expected):
        """The next is that, and may have more."""
        line = self.line()
        assert line, f"nothing came, but was to: {expected}"
        got = json.loads(line)
        assert {k: got.get(k) for k in expected} == expected, f"{got}, not {expected}"
        return got

    def end(self, sig=signal.SIGINT):
        self.proc.send_signal(sig)
        out, err = self.proc.communicate(timeout=30)
        return self.proc.returncode, self.said.decode() + out.decode(), err.decode()


def v4(**kw):
    return IP(src="10.0.1.2", dst="10.0.2.2", **kw)


def through(*sent):
    """Send, and wait until what was sent has passed the router."""
    for packet in sent:
        wire.send(packet)
    wire.recv(0, packets.flush(wire))


def tagged():
    """ESP of both families, in UDP, and IKE of a group; and nobody's"""
    before = time.time()
    trace = Trace()
    through(v4(proto=50) / esp(SPI))
    got = trace.next(event="tagged", what="esp_in", spi=SPI, src="10.0.1.2",
                     dst="10.0.2.2", group=GROUP, mark=0x20, mask=0xff0, len=92)
    assert "netns" not in got, got
    when = time.mktime(time.strptime(got["timestamp"][:19], "%Y-%m-%dT%H:%M:%S"))
    assert before - 2 <= when <= time.time() + 1, f"{got['timestamp']} is not now"
    through(IPv6(src="fd01::2", dst="fd02::2", nh=50) / esp(SPI))
    trace.next(event="tagged", what="esp_in", spi=SPI, src="fd01::2", dst="fd02::2")
    through(v4() / UDP(sport=4500, dport=4500, chksum=0) / esp(SPI))
    trace.next(event="tagged", what="esp_in", spi=SPI, group=GROUP)
    through(v4() / UDP(sport=500, dport=500) / ike(*IKE))
    trace.next(event="tagged", what="ike_in", spi_i="a1b2c3d4e5f60718", group=GROUP)
    through(v4(proto=50) / esp(NOBODYS))
    got = trace.next(event="untagged", what="esp_in", spi=NOBODYS, reason="unknown_sa")
    assert "group" not in got, got
    through(v4() / UDP(sport=500, dport=500) / ike(IKE[0], 5))
    trace.next(event="untagged", what="ike_in", spi_i="a1b2c3d4e5f60718",
               reason="unknown_ike")
    through(v4(proto=50) / Raw(b"\0\0"))
    trace.next(event="malformed", src="10.0.1.2", dst="10.0.2.2", len=22)
    status, rest, said = trace.end()
    assert (status, rest, said) == (0, "", ""), (status, rest, said)


def fragments():
    """a later fragment waits for the first, and is tagged like it, or in vain"""
    trace = Trace()
    first, later = fragment(v4(proto=50, id=7) / esp(SPI, 1400), 1000)
    wire.send(later)
    trace.next(event="held", src="10.0.1.2", dst="10.0.2.2")
    wire.send(first)
    trace.next(event="tagged", spi=SPI)
    trace.next(event="tagged", spi=SPI)
    _, later = fragment(v4(proto=50, id=8) / esp(SPI, 1400), 1000)
    wire.send(later)
    trace.next(event="held")
    trace.next(event="untagged", what="unknown", reason="fragment")
    assert trace.end()[:2] == (0, "")


def chosen():
    """by SPI, by address, by group, by several; the rest is not printed"""
    many = [v4(proto=50) / esp(SPI), v4(proto=50) / esp(NOBODYS),
            IP(src="10.0.1.2", dst="10.0.2.1", proto=50) / esp(NOBODYS),
            IPv6(src="fd01::2", dst="fd02::2", nh=50) / esp(SPI),
            v4() / UDP(sport=500, dport=500) / ike(*IKE)]
    for words, expected in (
            (("spi", hex(SPI)), ["10.0.2.2", "fd02::2"]),
            (("spi", str(NOBODYS), "count", "2"), ["10.0.2.2", "10.0.2.1"]),
            (("spi-i", "%016x" % IKE[0]), ["10.0.2.2"]),
            (("addr", "10.0.2.1"), ["10.0.2.1"]),
            (("addr", "fd01:0::2"), ["fd02::2"]),
            (("group", GROUP), ["10.0.2.2", "fd02::2", "10.0.2.2"]),
            (("group", "id", "7", "addr", "fd02::2"), ["fd02::2"]),
            (("spi", hex(NOBODYS), "group", GROUP), [])):
        trace = Trace(*words)
        through(*many)
        got = [trace.next()["dst"] for _ in expected]
        assert got == expected, f"{words}: {got}"
        if "count" in words:
            assert trace.proc.wait(timeout=20) == 0
        _, rest, said = trace.end()
        assert (rest, said) == ("", ""), f"{words}: also {rest}{said}"


def namespaces():
    """the same packet in another network namespace is not this one's"""
    here, there = Trace("spi", hex(SPI)), Trace("spi", hex(SPI), netns="dst")
    qos_there = [packets.COMMAND, "-n", "dst"]
    subprocess.run([*qos_there, "group", "add", "theirs", "id", "9", "mark", "1"],
                   check=True)
    subprocess.run([*qos_there, "sa", "add", "dst", "10.0.2.2", "spi", hex(SPI),
                    "group", "theirs"], check=True)
    through(v4(proto=50) / esp(SPI))
    here.next(group=GROUP, event="tagged")
    there.next(group="theirs", event="tagged")
    for trace in here, there:
        assert trace.end()[:2] == (0, "")
    for words in ("sa", "flush"), ("group", "del", "theirs"):
        subprocess.run([*qos_there, *words], check=True, stdout=subprocess.DEVNULL)


def told():
    """events, of which somebody hears"""
    monitor = subprocess.Popen([packets.COMMAND, "-n", "router", "monitor", "group"],
                               stdout=subprocess.PIPE)
    trace = Trace()
    names = iter(range(1000))

    def heard():
        name = f"heard{next(names)}"
        qos("group", "add", name, "id", "70", "mark", "0x70/0xff0")
        qos("group", "del", name)
        return select.select([monitor.stdout], [], [], 0.1)[0]
    until("the monitor hears", heard)
    trace.next(event="event", what="new", multicast="events")
    monitor.terminate()
    monitor.wait()
    trace.end()


def translated():
    """an answer that is matched, and one that may be two nodes'"""
    qos("nat", "rule", "add", "id", "3", "inside-dev", "r1", "outside-dev", "r2",
        "collision", "discard")
    trace = Trace("addr", "10.0.2.2")
    inside, outside = raw("src"), raw("dst")
    send(inside, "10.0.1.2", "10.0.2.2", 0xabc001)
    until("an entry", lambda: len(qos("nat", "show")) == 1)
    send(outside, "10.0.2.2", "10.0.2.1", answer(0xabc001))
    while (got := trace.next())["event"] != "matched":
        pass
    assert got["inside"] == "10.0.1.2" and got["rule"] == 3 and \
        got["spi"] == answer(0xabc001), got
    qos("nat", "flush")
    for node in "10.0.1.2", "10.0.1.9":
        send(inside, node, "10.0.2.2", 0xabc001 if node[-1] == "2" else twin(0xabc001))
    until("both entries", lambda: len(qos("nat", "show")) == 2)
    send(outside, "10.0.2.2", "10.0.2.1", answer(0xabc001, 0x6161))
    while (got := trace.next())["event"] != "collided":
        pass
    assert got["inside"] == "0.0.0.0", got
    trace.end()
    qos("nat", "rule", "del", "id", "3")


def twin(spi):
    """another SPI that the same answer fits"""
    return next(n for n in range(0x1000000, 0x2000000) if answer(n) == answer(spi))


def people():
    """lines for people; what a process calls itself is not read as an event"""
    trace = Trace("group", GROUP, options=())
    for name in b": iq_held: x=1", b"[LOST 1 EVENTS]":
        ctypes.CDLL(None).prctl(15, name, 0, 0, 0)              # PR_SET_NAME
        through(v4(proto=50) / esp(SPI))
        line = trace.line()
        assert line == (f"tagged esp_in spi 0x{SPI:x} src 10.0.1.2 dst 10.0.2.2 len 92 "
                        f"group {GROUP} mark 0x20 mask 0xff0"), f"{name}: {line}"
    status, _, said = trace.end(signal.SIGTERM)
    assert (status, said) == (0, ""), (status, said)


def harmless():
    """an instance of its own, which goes with it; one that was killed goes next time"""
    before = read("events/enable"), read("tracing_on"), read("trace_clock")
    trace = Trace()
    assert (read("events/enable"), read("tracing_on"), read("trace_clock")) == before
    trace.end(signal.SIGKILL)
    assert os.path.exists(f"{TRACING}/{trace.instance}")
    after, beside = Trace(), Trace("spi", "0x100")
    assert not os.path.exists(f"{TRACING}/{trace.instance}")
    assert after.end()[0] == 0
    assert beside.armed() and beside.end()[0] == 0
    left = [n for n in os.listdir(f"{TRACING}/instances") if n.startswith("ipsec-qos")]
    assert not left, left


def refused():
    """what is wrong is said"""
    for words, said, status in (
            (("spi", "5"), "argument \"5\" is wrong: spi takes", 1),
            (("spi", "0x100", "spi-i", "1"), "only one of them", 1),
            (("group", "nobody"), "nobody", 2),
            (("count", "0"), "count takes a number from 1", 1),
            (("addr", "here"), "an IPv4 or IPv6 address", 1)):
        got = subprocess.run([packets.COMMAND, "-n", "router", "trace", *words],
                             capture_output=True, text=True, timeout=30)
        assert got.returncode == status and said in got.stderr, (words, got)
    got = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups",
                          packets.COMMAND, "trace"], capture_output=True, text=True,
                         timeout=30)
    assert got.returncode == 2 and "it takes root" in got.stderr, got


def unloaded():
    """the module goes"""
    trace = Trace("spi", hex(SPI))
    sh("rmmod ipsec_qos")
    assert trace.proc.wait(timeout=30) == 2
    said = trace.proc.stderr.read().decode()
    assert "the module was unloaded" in said, said
    got = subprocess.run([packets.COMMAND, "trace"], capture_output=True, text=True,
                         timeout=30)
    assert got.returncode == 2 and "modprobe ipsec_qos" in got.stderr, got


sh("modprobe ipsec_qos; mountpoint -q /sys/kernel/tracing || "
   "mount -t tracefs nodev /sys/kernel/tracing")
packets.topology()
sh("ip -n src addr add 10.0.1.9/24 dev s1")
for address in "10.0.2.2", "fd02::2":
    sh(f"ip netns exec src ping -qc 1 -w 10 {address} >/dev/null")
qos("group", "add", GROUP, "id", "7", "mark", "0x20/0xff0")
for address in "10.0.2.2", "fd02::2":
    qos("sa", "add", "dst", address, "spi", hex(SPI), "group", GROUP)
qos("ike", "add", "spi-i", "%016x" % IKE[0], "spi-r", "%016x" % IKE[1], "group", GROUP)
wire = packets.Wire()
sys.exit(steps(tagged, fragments, chosen, namespaces, told, translated, people, harmless,
               refused, unloaded))
