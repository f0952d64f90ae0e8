#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who waits for a packet's first fragment, and who does not: others' UDP is not delayed,
and takes no place of ESP's. The topology is that of tests/lib/packets.py:

    src 10.0.1.2, .9 ---- router ---- 10.0.2.2, .9 dst

There are SAs between .2 and .2 each way, and none of the .9.
"""
#
# once: it takes minutes
import select
import statistics
import struct
import sys
import time

sys.path.insert(0, "tests/lib")
import packets                                                  # noqa: E402
from packets import Raw, UDP, esp, ike, qos, sh                 # noqa: E402
from scapy.layers.inet import IP, fragment                      # noqa: E402

ROUNDS, FOREIGN, REORDERED = 6, 320, 25
PROMPT = 0.1        # seconds: half of what a later fragment waits (kmod/core/frag.c)
serial = 1
late = []           # milliseconds between both fragments that were not sent within that
failed = []


def pieces(packet, src="10.0.1.2", dst="10.0.2.2", **header):
    """A packet's two fragments; each has another identification."""
    global serial
    serial += 1
    return fragment(IP(src=src, dst=dst, id=serial, **header) / packet, 1000)


def udp(src, dst):
    return pieces(UDP(sport=4000, dport=5000) / Raw("x" * 1400), src, dst)


def expect(what, holds, detail):
    print(f"{what}: {detail}", flush=True)
    if not holds:
        failed.append(f"{what}: {detail}")


def delay(frag):
    """Milliseconds until it has arrived."""
    start = time.monotonic()
    wire.send(frag)
    while True:
        got, addr = wire.rx.recvfrom(70000)
        if addr[2] != 4 and got[0] >> 4 == 4 and got[4:6] == struct.pack("!H", frag.id):
            return (time.monotonic() - start) * 1000


def delays(src, dst, n=15):
    return statistics.median(delay(udp(src, dst)[1]) for _ in range(n))


def counted():
    gold = qos("group", "show", "gold")[0]["counters"]
    return (gold["esp_in"]["packets"] + gold["ike_in"]["packets"],
            qos("status")["untagged"]["packets"])


def settled(wanted):
    """The counters, when there are so many or no more come."""
    deadline = time.monotonic() + 20
    while counted()[0] < wanted and time.monotonic() < deadline:
        time.sleep(0.2)
    return counted()


def reordered(make, n):
    """Of n packets the later fragment is ahead of the first."""
    for _ in range(n):
        first, later = map(bytes, make())
        start = time.monotonic()
        wire.send(later)
        wire.send(first)
        took = time.monotonic() - start
        if took > PROMPT:
            late.append(round(took * 1000))
    return 2 * n


def all_tagged(what, send):
    """Of what send() sends, which says how many and what beside them, all is tagged. A
    machine that holds it up between both fragments of a packet has it send all anew."""
    for _ in range(5):
        late.clear()
        before = counted()[0]
        sent, beside = send()
        tagged = settled(before + sent)[0] - before
        # or a queue full of these would have no room for what delay() waits for
        while select.select([wire.rx], [], [], 0)[0]:
            wire.rx.recv(1)
        if not late:
            break
        print(f"{what}: anew, as the first fragments were {late} ms late", flush=True)
    expect(what, not late and tagged == sent,
           f"{tagged} of {sent} fragments tagged{beside}")


def flood(what, src, dst):
    """ESP in the wrong order, behind many fragments of others."""
    def send():
        foreign = [[bytes(udp(src, dst)[1]) for _ in range(FOREIGN)]
                   for _ in range(ROUNDS)]
        sent, start = 0, time.monotonic()
        for others in foreign:
            for frag in others:
                wire.send(frag)
            sent += reordered(lambda: pieces(esp(0x1000, 1400), proto=50), REORDERED)
        rate = ROUNDS * FOREIGN / (time.monotonic() - start)
        return sent, f", beside {rate:.0f} others a second"

    all_tagged(f"ESP behind {what}", send)


def udp_esp(src="10.0.1.2", dst="10.0.2.2"):
    """ESP in UDP in the wrong order."""
    return reordered(lambda: pieces(UDP(sport=4500, dport=4500, chksum=0)
                                    / esp(0x1000, 1400), src, dst), 20), ""


packets.sh("modprobe ipsec_qos")
packets.topology()
sh("ip -n src addr add 10.0.1.9/24 dev s1; ip -n dst addr add 10.0.2.9/24 dev d1")
for address in "10.0.2.2", "10.0.2.9":
    sh(f"ip netns exec src ping -qc 1 -w 10 {address} >/dev/null")
wire = packets.Wire()
none = delays("10.0.1.9", "10.0.2.9")

qos("group", "add", "gold", "id", "1", "mark", "0x10/0xff0")
qos("sa", "add", "dst", "10.0.2.2", "spi", "0x1000", "group", "gold")
known = (0x1111111122222222, 0x3333333344444444)
qos("ike", "add", "spi-i", f"{known[0]:016x}", "spi-r", f"{known[1]:016x}", "group", "gold")

# a gateway is spoken to by others than its peers
for what, src, dst in (("nobody's addresses", "10.0.1.9", "10.0.2.9"),
                       ("a stranger's and one that an SA has", "10.0.1.9", "10.0.2.2")):
    ms = delays(src, dst)
    expect(f"a later fragment between {what}", ms < none + 80,
           f"{ms:.1f} ms, {none:.1f} ms without a group")
flood("fragments of nobody's", "10.0.1.9", "10.0.2.9")

# whose UDP is protected: IKE that was somebody's tells, and so do SAs each way
before = counted()[0]
wire.send(packets.v4() / UDP(sport=500, dport=500) / ike(*known))
expect("IKE", settled(before + 1)[0] == before + 1, "tagged")
all_tagged("ESP in UDP behind IKE", udp_esp)
qos("sa", "add", "dst", "10.0.1.9", "spi", "0x1001", "group", "gold")
qos("sa", "add", "dst", "10.0.2.9", "spi", "0x1000", "group", "gold")
all_tagged("ESP in UDP between addresses that SAs have",
           lambda: udp_esp("10.0.1.9", "10.0.2.9"))
flood("UDP between addresses that SAs have", "10.0.1.9", "10.0.2.9")

# ESP and AH may have every place: a first fragment of UDP has one all the same
others = [bytes(pieces(esp(0x9999, 1400), "10.0.1.9", "10.0.2.9", proto=50)[0])
          for _ in range(3000)]
before, sent = counted(), 0
for i, frag in enumerate(others):
    wire.send(frag)
    if i % 20 == 19:
        for piece in pieces(UDP(sport=4500, dport=4500, chksum=0) / esp(0x1000, 1400)):
            wire.send(piece)
            sent += 1
after = settled(before[0] + sent)
expect("ESP in UDP among first fragments of nobody's ESP", after[0] - before[0] == sent,
       f"{after[0] - before[0]} of {sent} tagged")

# an SA goes, and its addresses are nobody's
qos("sa", "del", "dst", "10.0.1.9", "spi", "0x1001")
qos("sa", "add", "dst", "10.0.2.9", "spi", "0x1002", "group", "gold")
qos("sa", "del", "dst", "10.0.2.9", "spi", "0x1000")
qos("sa", "del", "dst", "10.0.2.9", "spi", "0x1002")
esp_ms = statistics.median(delay(pieces(esp(0x1000, 1400), "10.0.1.9", "10.0.2.9",
                                        proto=50)[1]) for _ in range(5))
expect("a later fragment of ESP that is nobody's any more", esp_ms < none + 80,
       f"{esp_ms:.1f} ms")
packets.enter("src")
sh("for n in src router dst; do ip netns del $n; done")
assert not failed, failed
