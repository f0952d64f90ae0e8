#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Odd packets through a router that holds no SA of its own.

    src 10.0.1.2 ---- 10.0.1.1 router 10.0.2.1 ---- 10.0.2.2 dst
    src fd01::2  ---- fd01::1  router fd02::1  ---- fd02::2  dst

The router's groups and entries come by command. Its nft rules write each
packet's mark into the TTL, so that the far side sees for every single packet,
and every single fragment, which mark it had when it left.
"""
import ctypes
import json
import logging
import re
import socket
import struct
import subprocess
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.layers.inet import IP, UDP, TCP, ICMP, fragment      # noqa: E402
from scapy.layers.inet6 import (IPv6, IPv6ExtHdrDestOpt,        # noqa: E402
                                IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                fragment6)
from scapy.packet import Raw                                    # noqa: E402

COMMAND = "build/bin/ipsec-qos"
GOLD, SILVER, FALLBACK = 0x10, 0x20, 0x30
NONE = 0x1                  # what src's packets have before the module's hook
TTL = {101: GOLD, 102: SILVER, 103: FALLBACK, 100: NONE}

libc = ctypes.CDLL(None, use_errno=True)


def sh(cmd):
    subprocess.run(cmd, shell=True, check=True)


def enter(netns):
    with open(f"/run/netns/{netns}") as f:
        if libc.setns(f.fileno(), 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")


def topology():
    sh("""
set -e
for n in src router dst; do ip netns add $n; ip -n $n link set lo up; done
ip -n router link add r1 type veth peer name s1 netns src
ip -n router link add r2 type veth peer name d1 netns dst
for x in "src s1 1 2" "router r1 1 1" "router r2 2 1" "dst d1 2 2"; do
	set -- $x
	ip -n $1 addr add 10.0.$3.$4/24 dev $2
	ip -n $1 addr add fd0$3::$4/64 dev $2 nodad
	ip -n $1 link set $2 up
done
ip -n src route add default via 10.0.1.1
ip -n src route add default via fd01::1
ip -n dst route add default via 10.0.2.1
ip -n dst route add default via fd02::1
ip netns exec router sysctl -qw net.ipv4.ip_forward=1 \\
	net.ipv6.conf.all.forwarding=1
ip netns exec router nft -f - <<NFT
table inet t {
	chain early {
		type filter hook prerouting priority -450
		iifname r1 meta mark set 1
	}
	chain local {
		type filter hook output priority -450
		meta mark set 1
	}
	chain late {
		type filter hook postrouting priority 300
		oifname r2 ip version 4 meta mark 0x1 ip ttl set 100
		oifname r2 ip version 4 meta mark 0x11 ip ttl set 101
		oifname r2 ip version 4 meta mark 0x21 ip ttl set 102
		oifname r2 ip version 4 meta mark 0x31 ip ttl set 103
		oifname r2 ip6 nexthdr != icmpv6 meta mark 0x1 ip6 hoplimit set 100
		oifname r2 ip6 nexthdr != icmpv6 meta mark 0x11 ip6 hoplimit set 101
		oifname r2 ip6 nexthdr != icmpv6 meta mark 0x21 ip6 hoplimit set 102
		oifname r2 ip6 nexthdr != icmpv6 meta mark 0x31 ip6 hoplimit set 103
	}
}
NFT
""")


def qos(*args, fail=False):
    r = subprocess.run([COMMAND, "-n", "router", "-j", *args],
                       capture_output=True, text=True)
    if r.returncode and not fail:
        sys.exit(f"ipsec-qos {' '.join(args)}: {r.stderr}")
    return json.loads(r.stdout) if r.stdout.strip() else None


class Wire:
    """Raw sockets at both ends, each made in its own namespace."""

    def __init__(self):
        enter("src")
        self.tx = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.tx.setsockopt(263, 15, 1)          # SOL_PACKET, PACKET_VNET_HDR
        self.tx.bind(("s1", 0))
        self.src_mac = self.tx.getsockname()[4]
        enter("dst")
        self.rx = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                socket.htons(3))
        self.rx.bind(("d1", 3))
        self.rx.settimeout(20)
        self.rx.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
        enter("router")
        out = subprocess.check_output(["ip", "-j", "link", "show", "r1"])
        self.mac = bytes.fromhex(json.loads(out)[0]["address"].replace(":", ""))

    def send(self, packet, linear=None):
        """With linear, only that much of the IP packet is in the skb's head."""
        b = bytes(packet)
        eth = self.mac + self.src_mac + (b"\x08\x00" if b[0] >> 4 == 4
                                         else b"\x86\xdd")
        hdr_len = 14 + linear if linear else 0
        vnet = struct.pack("=BBHHHH", 0, 0, hdr_len, 0, 0, 0)
        self.tx.send(vnet + eth + b)

    def recv(self, n, end):
        """Until the end's mark and n packets came; others do not count."""
        got = []
        ended = False
        while not ended or len(got) < n:
            b, addr = self.rx.recvfrom(70000)
            if addr[2] == 4:                    # PACKET_OUTGOING
                continue
            ip4 = b[0] >> 4 == 4
            src = b[12:16] if ip4 else b[8:24]
            if src not in (socket.inet_aton("10.0.1.2"),
                           socket.inet_pton(socket.AF_INET6, "fd01::2"),
                           socket.inet_aton("10.0.2.1")):
                continue
            if b[9 if ip4 else 6] in (1, 58) and end in b:
                ended = True
                continue
            if b[9 if ip4 else 6] == 58:        # neighbour discovery
                continue
            got.append(b)
        return got


checks = failures = 0


def check(name, ok, detail=""):
    global checks, failures
    checks += 1
    if not ok:
        failures += 1
        print(f"FAIL {name} {detail}", flush=True)


def totals():
    g = {x["name"]: x["counters"] for x in qos("group", "show")}
    st = qos("status")
    untagged = {reason: count["packets"]
                for reason, count in st["untagged"]["reasons"].items()}
    check("the reasons are all", sum(untagged.values()) == st["untagged"]["packets"],
          st["untagged"])
    return {**untagged,
            "gold": g["gold"]["esp_in"]["packets"],
            "gold_ike": g["gold"]["ike_in"]["packets"],
            "silver": g["silver"]["esp_in"]["packets"],
            "malformed": st["malformed"]["packets"]}


serial = 0
now = None       # the counters after the last case


def flush(wire):
    """A ping as the end's mark: packets of one flow come in their order."""
    global serial
    serial += 1
    end = b"end%06d" % serial
    wire.send(IP(src="10.0.1.2", dst="10.0.2.2", ttl=64) / ICMP() / Raw(end))
    return end


def case(wire, name, packets, mark=None, delta=None, linear=None, dscp=None,
         arrive=True, n=0):
    """
    Send packets; each must leave with the mark, and be counted as said. What
    is held back on its way, n packets in all, is waited for.
    """
    global now
    before, now = now, None
    if not isinstance(packets, list):
        packets = [packets]
    for p in packets:
        wire.send(p, linear)
    got = wire.recv(n, flush(wire))
    if arrive:
        check(name, got, "nothing arrived")
    for b in got:
        ip4 = b[0] >> 4 == 4
        ttl = b[8 if ip4 else 7]
        check(name, TTL.get(ttl) == mark,
              f"mark {TTL.get(ttl)} (ttl {ttl}), not {mark:#x}")
        if dscp is not None:
            d = b[1] >> 2 if ip4 else (b[0] << 8 | b[1]) >> 6 & 0x3f
            check(name, d == dscp, f"dscp {d}, not {dscp}")
        if ip4:
            s = sum(struct.unpack(f"!{(b[0] & 15) * 2}H", b[:(b[0] & 15) * 4]))
            while s >> 16:
                s = (s & 0xffff) + (s >> 16)
            check(name, s == 0xffff, "the header checksum is wrong")
    now = after = totals()
    diff = {k: after[k] - before[k] for k in after if after[k] != before[k]}
    check(name, diff == (delta or {}), f"counted {diff}, not {delta or {}}")
    return got


def v4(**kw):
    return IP(src="10.0.1.2", dst="10.0.2.2", **kw)


def v6(**kw):
    return IPv6(src="fd01::2", dst="fd02::2", **kw)


def esp(spi, size=64):
    return Raw(struct.pack("!II", spi, 1) + b"\xa5" * size)


def ah(spi):
    return Raw(struct.pack("!BBHII", 59, 4, 0, spi, 1) + b"\xa5" * 12)


def ike(i, r, length=None, version=0x20, size=40):
    return Raw(struct.pack("!QQBBBBII", i, r, 33, version, 34, 8, 0,
                           28 + size if length is None else length)
               + b"\xa5" * size)


def main():
    topology()
    # or the first packets would wait for the neighbour's address, and others
    # overtake them
    for address in "10.0.2.2", "fd02::2":
        sh(f"ip netns exec src ping -qc 1 -w 10 {address} >/dev/null")
    qos("group", "add", "gold", "id", "1", "mark", "0x10/0xff0")
    qos("group", "add", "silver", "id", "2", "mark", "0x20/0xff0")
    for dst in ("10.0.2.2", "fd02::2"):
        qos("sa", "add", "dst", dst, "spi", "0x1000", "group", "gold")
        qos("sa", "add", "dst", dst, "spi", "0x2000", "proto", "ah",
            "group", "silver")
    qos("ike", "add", "spi-i", "0x0123456789abcdef",
        "spi-r", "0xfedcba9876543210", "group", "gold")
    wire = Wire()
    global now
    now = totals()
    gold, silver = {"gold": 1}, {"silver": 1}
    nobody, bad = {"unknown_sa": 1}, {"malformed": 1}
    nobodys_ike = {"unknown_ike": 1}
    p50, p51 = dict(proto=50), dict(proto=51)
    n50 = dict(nh=50)

    # neighbours are resolved, and what is not ours passes and counts nothing
    case(wire, "tcp", v4() / TCP() / Raw("x"), NONE)
    case(wire, "udp", v4() / UDP(sport=53, dport=1000) / Raw("x"), NONE)
    case(wire, "tcp6", v6() / TCP() / Raw("x"), NONE)
    case(wire, "ike on another port",
         v4() / UDP(sport=1, dport=1000) / ike(1, 2), NONE)

    # whose it is
    case(wire, "esp", v4(**p50) / esp(0x1000), GOLD, gold)
    case(wire, "esp of nobody", v4(**p50) / esp(0x1001), NONE, nobody)
    case(wire, "an ah entry's spi in esp", v4(**p50) / esp(0x2000), NONE, nobody)
    case(wire, "esp6", v6(**n50) / esp(0x1000), GOLD, gold)
    case(wire, "ah", v4(**p51) / ah(0x2000), SILVER, silver)
    case(wire, "ah6", v6(nh=51) / ah(0x2000), SILVER, silver)
    case(wire, "esp behind options",
         v4(options=[b"\x01" * 8], **p50) / esp(0x1000), GOLD, gold)
    case(wire, "esp6 behind headers",
         v6() / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt(nh=50) / esp(0x1000),
         GOLD, gold)

    # UDP-encapsulated
    udp = UDP(sport=4500, dport=4500, chksum=0)
    case(wire, "udp esp", v4() / udp / esp(0x1000), GOLD, gold)
    case(wire, "udp esp from a port of a nat",
         v4() / UDP(sport=61000, dport=4500) / esp(0x1000), GOLD, gold)
    case(wire, "udp6 esp", v6() / UDP(sport=4500, dport=4500) / esp(0x1000),
         GOLD, gold)
    case(wire, "keep-alive", v4() / udp / Raw(b"\xff"), NONE)

    # IKE
    known = (0x0123456789abcdef, 0xfedcba9876543210)
    g = {"gold_ike": 1}
    u500 = UDP(sport=500, dport=500)
    case(wire, "ike", v4() / u500 / ike(*known), GOLD, g)
    case(wire, "ike6", v6() / u500 / ike(*known), GOLD, g)
    case(wire, "ikev1", v4() / u500 / ike(*known, version=0x10), GOLD, g)
    case(wire, "ike on 4500",
         v4() / udp / Raw(b"\0" * 4) / ike(*known), GOLD, g)
    case(wire, "the first message again",
         v4() / u500 / ike(known[0], 0), NONE, nobodys_ike)
    case(wire, "ike of another responder",
         v4() / u500 / ike(known[0], 7), NONE, nobodys_ike)
    case(wire, "ike of nobody", v4() / u500 / ike(7, 7), NONE, nobodys_ike)

    # headers that lie
    case(wire, "spi 0", v4(**p50) / esp(0), NONE, bad)
    case(wire, "spi 255", v4(**p50) / esp(255), NONE, bad)
    case(wire, "cut esp", v4(**p50) / Raw(b"\0\0\x10"), NONE, bad)
    case(wire, "cut ah", v4(**p51) / Raw(b"\x3b\x04\0\0\0\0\x20\0"), NONE, bad)
    case(wire, "cut ike", v4() / u500 / Raw(b"\1" * 20), NONE, bad)
    case(wire, "ike that claims more",
         v4() / u500 / ike(*known, length=2000), NONE, bad)
    case(wire, "ike of version 5",
         v4() / u500 / ike(*known, version=0x50), NONE, bad)
    case(wire, "udp that claims more",
         v4() / UDP(sport=4500, dport=4500, len=2000, chksum=0) / esp(0x1000),
         NONE, bad)
    case(wire, "20 headers",
         v6(nh=60) / Raw((b"\x3c\0\1\4\0\0\0\0" * 19) + b"\x32\0\1\4\0\0\0\0")
         / esp(0x1000), NONE, bad)
    case(wire, "a header longer than the packet",
         v6(nh=60) / Raw(b"\x32\xff\1\4\0\0\0\0") / esp(0x1000), NONE, bad)

    # headers that are not in the skb's head
    for linear in (20, 24, 30):
        case(wire, f"esp, {linear} bytes linear",
             v4(**p50) / esp(0x1000, 800), GOLD, gold, linear=linear)
    case(wire, "esp6, 40 bytes linear",
         v6() / IPv6ExtHdrDestOpt(nh=50) / esp(0x1000, 800), GOLD, gold,
         linear=40)
    case(wire, "ike, 28 bytes linear",
         v4() / u500 / ike(*known, size=800), GOLD, g, linear=28)

    # fragments, in every order: each leaves as it came, with the mark
    def fragments(name, frags, mark, counter):
        got = case(wire, f"fragments of {name}", frags, mark,
                   {counter: len(frags)} if counter else {}, n=len(frags))
        check(name, sorted(x[-8:] for x in got) ==
              sorted(bytes(x)[-8:] for x in frags), "not as they came")

    for name, p, key in (
            ("esp", v4(id=11, **p50) / esp(0x1000, 3000), "gold"),
            ("ah", v4(id=13, proto=51) / ah(0x1001) / Raw(b"x" * 3000), None),
            ("udp esp", v4(id=12) / udp / esp(0x1000, 3000), "gold"),
            ("ike", v4(id=14) / u500 / ike(*known, size=3000), "gold_ike")):
        for order in range(4):
            p.id += 100
            frags = fragment(p, 1000)
            if order == 1:
                frags.reverse()
            elif order == 2:
                frags.append(frags.pop(0))
            elif order == 3:            # the first comes alone
                del frags[1:]
            fragments(f"{name}, order {order}", frags,
                      GOLD if key else NONE, key or "unknown_sa")
    for order in ("first first", "last first"):
        frags = fragment6(v6() / IPv6ExtHdrFragment(id=0x600 + len(order), nh=50)
                          / esp(0x1000, 3000), 1280)
        if order == "last first":
            frags.reverse()
            frags[0][IPv6ExtHdrFragment].id = frags[1][IPv6ExtHdrFragment].id = \
                frags[2][IPv6ExtHdrFragment].id = 0x700
        fragments(f"esp6, {order}", frags, GOLD, "gold")

    # those whose first never comes wait a moment, and pass
    frags = fragment(v4(id=4711, **p50) / esp(0x1000, 3000), 1000)
    fragments("esp without its first", frags[1:], NONE, "fragment")
    frags = [fragment(v4(id=n, **p50) / esp(0x1000, 1500), 1000)[1]
             for n in range(5000, 5600)]
    fragments("more packets than may wait", frags, NONE, "fragment")
    fragments("esp after them",
              fragment(v4(id=4712, **p50) / esp(0x1000, 3000), 1000), GOLD, "gold")

    # what is not ours does not wait, whichever comes
    u = fragment(v4(id=77) / UDP(sport=53, dport=53) / Raw("x" * 3000), 1000)
    fragments("udp that is not ours", u, NONE, None)
    u = fragment(v4(id=78) / UDP(sport=53, dport=53) / Raw("x" * 3000), 1000)
    fragments("udp that is not ours, without its first", u[1:], NONE, "fragment")
    # the same identification again, of another's packet
    fragments("an identification that was gold's",
              fragment(v4(id=4712, **p50) / esp(0x7777, 3000), 1000), NONE,
              "unknown_sa")
    # RFC 1858: a first fragment that ends before the SPI
    tiny = fragment(v4(id=79) / udp / esp(0x1000, 40), 8)
    fragments("tiny first", tiny[:1], NONE, "malformed")

    # a fall-back mark for those that nobody knows, and only for them
    qos("fallback", "add", "dscp", "ef", "mark", "0x30/0xff0")
    case(wire, "fall-back", v4(tos=46 << 2, **p50) / esp(0x7777), FALLBACK,
         nobody)
    case(wire, "fall-back, another dscp", v4(tos=8 << 2, **p50) / esp(0x7777),
         NONE, nobody)
    case(wire, "fall-back, ike6", v6(tc=46 << 2) / u500 / ike(7, 7), FALLBACK,
         nobodys_ike)
    case(wire, "fall-back, known", v4(tos=46 << 2, **p50) / esp(0x1000), GOLD,
         gold)
    qos("fallback", "flush")
    case(wire, "no fall-back", v4(tos=46 << 2, **p50) / esp(0x7777), NONE,
         nobody)

    # DSCP: the outer header's, with its checksum kept right and ECN left alone
    qos("group", "change", "gold", "dscp", "cs3")
    got = case(wire, "dscp", v4(tos=1, **p50) / esp(0x1000), GOLD, gold, dscp=24)
    check("dscp", got and got[0][1] & 3 == 1, "ECN changed")
    case(wire, "dscp6", v6(**n50) / esp(0x1000), GOLD, gold, dscp=24)
    got = case(wire, "dscp, udp6", v6() / UDP(sport=4500, dport=4500)
               / esp(0x1000), GOLD, gold, dscp=24)
    qos("group", "change", "gold", "dscp", "none")
    case(wire, "no dscp", v4(tos=46 << 2, **p50) / esp(0x1000), GOLD, gold,
         dscp=46)

    # a priority survives ip_forward(): it chooses the class with no filter
    sh("tc -n router qdisc add dev r2 root handle 1: htb default 1; "
       "tc -n router class add dev r2 parent 1: classid 1:1 htb rate 1gbit; "
       "tc -n router class add dev r2 parent 1: classid 1:77 htb rate 1gbit")

    def in_class():
        out = subprocess.check_output(["tc", "-n", "router", "-s", "class",
                                       "show", "dev", "r2"], text=True)
        return dict(re.findall(r"class htb (\S+) .*\n Sent \d+ bytes (\d+) pkt",
                               out))

    qos("group", "change", "gold", "priority", "1:77")
    before = in_class()
    case(wire, "priority", v4(**p50) / esp(0x1000), GOLD, gold)
    case(wire, "priority6", v6(**n50) / esp(0x1000), GOLD, gold)
    case(wire, "no priority", v4(**p51) / ah(0x2000), SILVER, silver)
    check("priority", int(in_class()["1:77"]) - int(before["1:77"]) == 2,
          f"{before} {in_class()}")

    # other ports
    qos("settings", "set", "natt-ports", "4500,10000")
    case(wire, "another port", v4() / UDP(sport=1, dport=10000, chksum=0)
         / esp(0x1000), GOLD, gold)
    qos("settings", "set", "natt-ports", "4500")
    case(wire, "not any more", v4() / UDP(sport=1, dport=10000, chksum=0)
         / esp(0x1000), NONE)

    # made here: one GSO packet counts as what it will be on the wire
    before = qos("group", "show", "gold")[0]["counters"]["esp_out"]["packets"]
    enter("router")
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.0.2.1", 4500))
    s.setsockopt(17, 103, 200)                  # SOL_UDP, UDP_SEGMENT
    s.sendto(struct.pack("!II", 0x1000, 1).ljust(200, b"\xa5") * 5,
             ("10.0.2.2", 4500))
    got = wire.recv(0, flush(wire))     # as one, where the veth hands it on so
    check("gso", sum(len(b) - 28 for b in got) == 1000 and
          all(TTL.get(b[8]) == GOLD for b in got), f"{len(got)} packets")
    after = qos("group", "show", "gold")[0]["counters"]["esp_out"]["packets"]
    check("gso", after - before == 5, f"counted {after - before}")

    # an entry's own counters
    sa = [x for x in qos("sa", "show", "dst", "10.0.2.2") if x["spi"] == 0x1000]
    check("sa", sa and sa[0]["packets"] > 20 and sa[0]["bytes"] > 2000, sa)

    # without groups there is no hook: nothing is counted
    for table in ("sa", "ike", "group"):
        qos(table, "flush")
    before = qos("status")["untagged"]["packets"]
    wire.send(v4(**p50) / esp(0x1000))
    got = wire.recv(1, flush(wire))
    check("flushed", len(got) == 1 and TTL.get(got[0][8]) == NONE)
    check("flushed", qos("status")["untagged"]["packets"] == before)

    print(f"{checks - failures} of {checks} checks hold")
    sys.exit(1 if failures or not checks else 0)


if __name__ == "__main__":
    main()
