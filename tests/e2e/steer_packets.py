#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A packet's way to an element: ESP, AH and IKE in all their forms, next hops of every kind,
and what ip_forward() would not send on either. The topology is drawn in
tests/lib/steerpath.py.
"""
# newest: it calls what the kernel has for modules, of routing and of ICMP
# vm: -s 1 -t 900
import json
import os
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from rawesp import checksum, icmp, sh, steps, until             # noqa: E402
from steerpath import (At, PEER, PEER6, VPN, VPN6, World, ah, esp, fragments,  # noqa: E402
                       ike, ip4, ip6, mac, tag, udp)

w = World()
qos = w.qos
MARKER = bytes(4)
POOL = ["e1", "e2", "e3"]


def cls(command):
    return sh(f"ip netns exec cls {command}")


def spi_of(name, base=0xc0000000):
    """one whose bucket is an element's now"""
    return base | next(b["bucket"] << 16 for b in qos("pool", "buckets", "p")
                       if b["now"] == name)


def spis():
    return {name: spi_of(name) for name in POOL}


def only(got, name, n=1):
    assert list(got) == [name] and len(got[name]) == n, \
        (name, n, {k: len(v) for k, v in got.items()})
    return got[name][0]


def none(got, text=""):
    """at no element; the peer may be told"""
    assert not set(got) - {"peer"}, (text, {k: v[0].hex() for k, v in got.items()})


def change(count, what, before, **expected):
    """what was counted since"""
    after = count()
    diff = {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}
    assert diff == expected, (what, diff, expected)


def counts(name, function, **expected):
    """a function, and what an element counted meanwhile"""
    before = w.counted(name)
    done = function()
    change(lambda: w.counted(name), name, before, **expected)
    return done


def setup():
    for n, (name, way) in enumerate({
            "e1": "dev v1 via 10.1.1.2 via6 fd11::2", "e2": "via 10.2.0.2 via6 fd12::2",
            "e3": "dev seg via 10.2.0.3 via6 fd12::3", "e4": "dev v4 via 10.4.0.2 via6 fd14::2",
            "e5": "dev t5", "e6": "dev w6", "e7": "dev v1 via6 fd11::2"}.items(), 1):
        qos("element", "add", name, "id", str(n), *way.split())
    qos("pool", "add", "p", "id", "1", *" ".join(f"member {e}" for e in POOL).split())
    for n in range(4, 8):
        qos("pool", "add", f"p{n}", "id", str(n), "member", f"e{n}")
        qos("steer", "add", f"192.0.2.{n}", "pool", f"p{n}")
        qos("steer", "add", f"2001:db8::{n}", "pool", f"p{n}")
    qos("steer", "add", VPN, "pool", "p")
    qos("steer", "add", VPN6, "pool", "p")


def forms():
    """ESP, plain and in UDP, and AH, of both families: by the bucket in the SPI"""
    for name, spi in spis().items():
        for what, proto, body in (("esp", 50, esp(spi)), ("ah", 51, ah(spi)),
                                  ("udp", 17, udp(esp(spi))),
                                  ("a nat's port", 17, udp(esp(spi), 61000))):
            packet = only(counts(name, lambda: w.come(ip4(proto, body)), sent=1), name)
            assert packet[8] == 63 and not checksum(packet[:20]), (what, "TTL")
            assert packet[20:] == body, what
            packet = only(w.come(ip6(proto, body)), name)
            assert packet[7] == 63 and packet[40:] == body, (what, "IPv6")
    before = w.prefix(f"{VPN}/32")
    w.come(ip4(50, esp(0xc0010000)))
    change(lambda: w.prefix(f"{VPN}/32"), "the prefix", before, home=1)


def asked():
    """the command tells the same, and counts nothing"""
    for name, spi in spis().items():
        for dst in (VPN, VPN6):
            got = counts(name, lambda: qos("steer", "test", "dst", dst, "spi", hex(spi)))
            assert got["element"] == name and got["why"] == "home", got


def bad_forms():
    """keep-alives and headers that lie go where the address leads"""
    before = w.prefix(f"{VPN}/32")
    for body in (udp(b"\xff"), udp(esp(5))):
        none(w.come(ip4(17, body)), body)
    none(w.come(ip4(50, esp(spi_of("e1")), options=b"\x01" * 4)), "options")
    change(lambda: w.prefix(f"{VPN}/32"), "bad forms", before)


def pieces():
    """fragments follow their first; one without is of use to nobody"""
    spi = spi_of("e2")
    for n, (proto, body) in enumerate(((50, esp(spi, 2000)), (17, udp(esp(spi, 2000))))):
        frags = fragments(ip4(proto, body), 1000, 100 + n)
        got = w.come(*frags)
        only(got, "e2", len(frags))
        frags = fragments(ip4(proto, body), 1000, 200 + n)
        got = w.come(*reversed(frags), want="e2")
        only(got, "e2", len(frags))
    frags = fragments(ip4(50, esp(spi, 2000)), 1000, 300)
    before = w.prefix(f"{VPN}/32").get("nobody", 0)
    none(w.come(*frags[1:]))
    until("those without a first are dropped",
          lambda: w.prefix(f"{VPN}/32").get("nobody", 0) == before + 2)


def ways():
    """a VRF, IP in IP, WireGuard, and an IPv6 next hop for IPv4"""
    for n, place in ((4, "e4"), (5, "e5"), (6, "e6"), (7, "e1")):
        body = esp(0xc0010000)
        only({k: v for k, v in w.come(ip4(50, body, dst=f"192.0.2.{n}"), want=place).items()
              if k == place}, place)
        assert w.counted(f"e{n}")["sent"], n
    for n, place in ((4, "e4"), (7, "e1")):
        only(w.come(ip6(50, esp(0xc0010000), dst=f"2001:db8::{n}")), place)


def nexthops():
    """nexthop objects, one and a group of two; they change, and it follows"""
    sh("""ip -n cls nexthop add id 1 via 10.2.0.2 dev seg
ip -n cls nexthop add id 2 via 10.2.0.3 dev seg
ip -n cls nexthop add id 3 via fd12::3 dev seg
ip -n cls nexthop add id 10 group 1/2""")
    qos("element", "change", "e7", "dev", "none", "via6", "none", "nexthop", "1")
    dst = dict(dst="192.0.2.7")
    only(w.come(ip4(50, esp(0xc0010000), **dst)), "e2")
    sh("ip -n cls nexthop replace id 1 via 10.2.0.3 dev seg")
    only(w.come(ip4(50, esp(0xc0010000), **dst)), "e3")
    sh("ip -n cls nexthop replace id 1 via 10.2.0.2 dev seg")
    qos("element", "change", "e7", "nexthop", "10")
    got = w.come(*(ip4(50, esp(0xc0010000), src=f"10.0.1.{n}", **dst)
                   for n in range(20, 84)))
    assert set(got) == {"e2", "e3"} and min(map(len, got.values())) > 10, \
        {k: len(v) for k, v in got.items()}
    qos("element", "change", "e7", "nexthop", "3")
    only(w.come(ip4(50, esp(0xc0010000), **dst)), "e3")
    only(w.come(ip6(50, esp(0xc0010000), dst="2001:db8::7")), "e3")
    sh("ip -n cls nexthop del id 3")
    none(counts("e7", lambda: w.come(ip4(50, esp(0xc0010000), **dst)), no_route=1))
    assert w.element("e7")["problem"] == "no-route", w.element("e7")
    qos("element", "change", "e7", "nexthop", "none", "dev", "v1", "via6", "fd11::2")


def ike_modes():
    """IKE: to its address, to one element, to one of the pool"""
    before = w.prefix(f"{VPN}/32")
    none(w.come(ip4(17, udp(ike(1 << 56, 0), 500, 500))))
    change(lambda: w.prefix(f"{VPN}/32"), "IKE", before, ike=1)
    qos("steer", "change", VPN, "ike", "element", "e4")
    only(w.come(ip4(17, udp(ike(1 << 56, 0), 500, 500))), "e4")
    before = w.prefix(f"{VPN}/32")
    assert not w.come(ip4(17, udp(b"\xff"))), "a keep-alive, where IKE goes to e4"
    change(lambda: w.prefix(f"{VPN}/32"), "a keep-alive", before, keepalive=1)
    qos("steer", "change", VPN, "ike", "pool")
    qos("steer", "change", VPN6, "ike", "pool")
    first = {}
    for i in range(40):
        spi_i = (0x1111 * (i + 1)) << 32 | i
        place = list(w.come(ip4(17, udp(ike(spi_i, 0), 500, 500))))[0]
        first.setdefault(place, []).append(spi_i)
        assert list(w.come(ip4(17, udp(MARKER + ike(spi_i, 0))))) == [place], "port 4500"
    assert set(first) == set(POOL), first
    for name, spi in spis().items():
        ours, other = spi << 32 | 7, 0x77 << 56
        for text, packet in (
                ("to the responder", ike(other, ours, 0x08)),
                ("to the initiator", ike(ours, other, 0x20)),
                ("a cookie for the initiator", ike(ours, 0, 0x20))):
            got = w.come(ip4(17, udp(packet, 500, 500)), ip4(17, udp(MARKER + packet, 61000)))
            assert list(got) == [name], (text, list(got), name)
            assert list(w.come(ip6(17, udp(MARKER + packet)))) == [name], text
        big = ip4(17, udp(MARKER + ike(other, ours, size=2000)))
        only(w.come(*fragments(big, 1000, spi >> 16 & 0xffff)), name, 3)
    ike_old()
    for prefix in (VPN, VPN6):
        qos("steer", "change", prefix, "ike", "local")


def ike_old():
    """IKEv1 does not say who began: it goes to who has either SPI, the first message to one"""
    one, two = (spis()[name] << 32 | 9 for name in ("e1", "e2"))
    before = w.prefix(f"{VPN}/32")
    for spi_i, spi_r in ((one, two), (two, one)):
        body = ike(spi_i, spi_r, 0x00, 0x10)
        got = w.come(ip4(17, udp(body, 500, 500)), ip4(17, udp(MARKER + body, 61000)))
        assert {k: len(v) for k, v in got.items()} == {"e1": 2, "e2": 2}, \
            {k: len(v) for k, v in got.items()}
        assert all(p[8] == 63 and not checksum(p[:20]) for v in got.values() for p in v), "TTL"
        assert sorted(w.come(ip6(17, udp(MARKER + body)))) == ["e1", "e2"], "IPv6"
        big = ip4(17, udp(MARKER + ike(spi_i, spi_r, 0x00, 0x10, 2000)))
        got = w.come(*fragments(big, 1000, spi_i >> 48 & 0xffff))
        assert {k: len(v) for k, v in got.items()} == {"e1": 3, "e2": 3}, \
            {k: len(v) for k, v in got.items()}
        # an error about one that an element has sent
        got = w.come(about(udp(body, 500, 500), 17)[0])
        assert sorted(got) == ["e1", "e2"], list(got)
    change(lambda: w.prefix(f"{VPN}/32"), "counted once each", before, ike=10, icmp=2)
    only(w.come(ip4(17, udp(ike(one, one | 1, 0x00, 0x10), 500, 500))), "e1")
    assert len(w.come(ip4(17, udp(ike(one, 0, 0x00, 0x10), 500, 500)))) == 1


def states():
    """an element that is down: its buckets are lent; without any the packet is dropped"""
    spi = spi_of("e1")
    qos("element", "change", "e1", "state", "down")
    before = w.prefix(f"{VPN}/32")
    lent = list(w.come(ip4(50, esp(spi))))[0]
    assert lent in ("e2", "e3"), lent
    change(lambda: w.prefix(f"{VPN}/32"), "lent", before, lent=1)
    for name in ("e2", "e3"):
        qos("element", "change", name, "state", "down")
    before = w.prefix(f"{VPN}/32")
    assert not w.come(ip4(50, esp(spi)))
    change(lambda: w.prefix(f"{VPN}/32"), "nobody", before, nobody=1)
    for name in POOL:
        qos("element", "change", name, "state", "up")
    only(w.come(ip4(50, esp(spi))), "e1")


def quotes(got, kind, code):
    """the error of the peer's is there: its packet"""
    packet, = got["peer"]
    if packet[0] >> 4 == 4:
        assert packet[9] == 1 and packet[20:22] == bytes((kind, code)), packet
        return packet[20:]
    assert packet[6] == 58 and packet[40:42] == bytes((kind, code)), packet
    return packet[40:]


def hops():
    """at the last hop the sender is told"""
    spi = spi_of("e1")
    body = esp(spi, 8)
    part = struct.pack("!II", spi, 1)
    got = counts("e1", lambda: w.come(ip4(50, body, ttl=1), also=[part]), ttl=1)
    assert set(got) == {"peer"}, list(got)
    quotes(got, 11, 0)
    got = counts("e1", lambda: w.come(ip6(50, body, ttl=1), also=[part]), ttl=1)
    quotes(got, 3, 0)
    only(w.come(ip4(50, esp(spi), ttl=2)), "e1")


def too_big():
    """too long for the way: in fragments, or the sender is told how long it may be"""
    spi = spi_of("e1")
    part = struct.pack("!II", spi, 1)
    sh("ip -n cls link set v1 mtu 1300; ip -n e1 link set d1 mtu 1300")
    body = esp(spi, 1380)
    got = counts("e1", lambda: w.come(ip4(50, body, frag=0x4000), also=[part]), too_big=1)
    assert set(got) == {"peer"}, list(got)
    assert struct.unpack("!H", quotes(got, 3, 4)[6:8]) == (1300,)
    got = counts("e1", lambda: w.come(ip6(50, body), also=[part]), too_big=1)
    assert struct.unpack("!I", quotes(got, 2, 0)[4:8]) == (1300,)
    got = counts("e1", lambda: w.come(ip4(50, body, ident=77), also=[part]), sent=1)
    assert set(got) == {"e1"} and len(got["e1"]) == 2, {k: len(v) for k, v in got.items()}
    sh("ip -n cls link set v1 mtu 1500; ip -n e1 link set d1 mtu 1500")
    only(w.come(ip4(50, body, frag=0x4000)), "e1")
    # of a tunnel: its own header is on the way, too
    body = esp(0xc0010000, 1450)
    got = counts("e5", lambda: w.come(ip4(50, body, dst="192.0.2.5", frag=0x4000),
                                      also=[body[:8]]), too_big=1)
    assert struct.unpack("!H", quotes(got, 3, 4)[6:8]) == (1480,)


def bursts():
    """UDP in one piece (GSO), of several SAs: each datagram to its own"""
    # The host takes them together where its driver may (rx-udp-gro-forwarding).
    mine = spis()
    body = [esp(mine[name], 400) for name in POOL] * 2
    body = [b[:-8] + tag() for b in body]
    with At("peer"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((PEER, 4500))
        sock.setsockopt(17, 103, len(body[0]))                  # UDP_SEGMENT
        for place in w.watch.values():
            place.drain()
        sock.sendto(b"".join(body), (VPN, 4500))
    got = w.arrived([b[-8:] for b in body])
    for n, name in enumerate(POOL):
        tags = {p[-8:] for p in got.get(name, ())}
        assert tags == {body[n][-8:], body[n + 3][-8:]}, (name, tags)


def bridges():
    """br_netfilter: what is only bridged is not taken, what is for the bridge is, once"""
    sh("modprobe br_netfilter")
    spi = spi_of("e1")
    for on in (0, 1):
        cls(f"sysctl -qw net.bridge.bridge-nf-call-iptables={on}"
            f" net.bridge.bridge-nf-call-ip6tables={on}")
        only(counts("e1", lambda: w.come(ip4(50, esp(spi))), sent=1), "e1")
        only(w.come(ip6(50, esp(spi))), "e1")
        only(counts("e1", lambda: w.come(ip4(50, esp(spi)), to=mac("other", "o0"))), "other")
        only(w.come(ip6(50, esp(spi)), to=mac("other", "o0")), "other")
    cls("sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0")


def sources():
    """sources that cannot come from there: as rp_filter and accept_local have it"""
    spi = spi_of("e1")
    sh("ip -n cls addr add 192.0.2.1/32 dev lo; ip -n cls addr add 2001:db8::1/128 dev lo")

    def one(src, **expected):
        body = esp(spi)
        before = w.counted("e1")
        got = w.come(ip4(50, body, src=src))
        change(lambda: w.counted("e1"), src, before, **expected)
        assert list(got) == (["e1"] if "sent" in expected else []), (src, list(got))

    one(PEER, sent=1)
    one(VPN, martian=1)
    one("10.0.1.1", martian=1)  # it was there before anything was steered
    one("10.0.1.3", sent=1)
    sh("ip -n cls route add local 198.18.7.0/24 dev lo")
    one("198.18.7.9", martian=1)
    sh("ip -n cls route del local 198.18.7.0/24 dev lo")
    one("198.18.7.9", sent=1)
    cls("sysctl -qw net.ipv4.conf.br0.accept_local=1")
    one(VPN, sent=1)
    one("127.0.0.1", martian=1)
    one("224.0.0.1", martian=1)
    one("10.2.0.9", sent=1)
    cls("sysctl -qw net.ipv4.conf.br0.rp_filter=1")
    one("10.2.0.9", martian=1)
    one("203.0.113.1", martian=1)
    one(PEER, sent=1)
    cls("sysctl -qw net.ipv4.conf.br0.rp_filter=2")
    one("10.2.0.9", sent=1)
    one("203.0.113.1", martian=1)
    cls("sysctl -qw net.ipv4.conf.br0.rp_filter=0 net.ipv4.conf.br0.accept_local=0")
    none(w.come(ip6(50, esp(spi), src="::1")), "IPv6 drops that by itself")
    none(counts("e1", lambda: w.come(ip6(50, esp(spi), src="::")), martian=1))
    none(w.come(ip6(50, esp(spi), src="fe80::1")), "link-local")
    sh("ip -n cls addr del 192.0.2.1/32 dev lo; ip -n cls addr del 2001:db8::1/128 dev lo")


def unforwarded():
    """who does not forward does not steer"""
    cls("sysctl -qw net.ipv4.conf.br0.forwarding=0")
    none(counts("e1", lambda: w.come(ip4(50, esp(spi_of("e1"))))))
    cls("sysctl -qw net.ipv4.conf.br0.forwarding=1")
    only(w.come(ip4(50, esp(spi_of("e1")))), "e1")


def unreachable():
    """no way to an element: counted, told, said; and there again, used again"""
    spi = spi_of("e1")
    sh("ip -n cls link set v1 down")
    got = counts("e1", lambda: w.come(ip4(50, esp(spi)), want="peer", down=["10.1.1.2"]),
                 no_route=1)
    quotes(got, 3, 1)
    got = counts("e1", lambda: w.come(ip6(50, esp(spi)), want="peer", down=["10.1.1.2"]),
                 no_route=1)
    quotes(got, 1, 3)
    assert w.element("e1")["problem"] == "device-down", w.element("e1")
    sh("ip -n cls link set v1 up; ip -n cls addr replace fd11::1/64 dev v1 nodad")
    sh("ip netns exec cls ping -qc 1 -W 9 10.1.1.2 >/dev/null")
    only(w.come(ip4(50, esp(spi))), "e1")
    sh("ip netns exec cls ping -qc 1 -W 9 fd11::2 >/dev/null")
    only(w.come(ip6(50, esp(spi))), "e1")
    # another name is another's; a device that goes takes nothing with it
    sh("ip -n cls link add gone type dummy; ip -n cls link set gone up")
    qos("element", "change", "e7", "dev", "gone", "via6", "none")
    counts("e7", lambda: w.come(ip4(50, esp(spi), dst="192.0.2.7")), sent=1)
    counts("e7", lambda: w.come(ip6(50, esp(spi), dst="2001:db8::7")), sent=1)
    sh("ip -n cls link del gone")
    counts("e7", lambda: w.come(ip4(50, esp(spi), dst="192.0.2.7")), no_route=1)
    assert w.element("e7")["problem"] == "no-device", w.element("e7")
    qos("element", "change", "e7", "dev", "v1", "via6", "fd11::2")


def loops():
    """an element that sends it back: it ends with its TTL"""
    sh("ip netns exec e1 sysctl -qw net.ipv4.ip_forward=1")
    body = esp(spi_of("e1"), 8)
    got = counts("e1", lambda: w.come(ip4(50, body, ttl=9), also=[body[:8]]), sent=4, ttl=1)
    assert len(got["e1"]) == 4, {k: len(v) for k, v in got.items()}
    sh("ip netns exec e1 sysctl -qw net.ipv4.ip_forward=0")


def hooks():
    """FORWARD and POST_ROUTING see it, untracked; LOCAL_OUT does not"""
    cls("""nft -f - <<END
table inet t {
	counter in { }
	counter forward { }
	counter out { }
	counter post { }
	chain a {
		type filter hook forward priority 0
		ip daddr 192.0.2.1 iifname br0 oifname v1 ct state untracked counter name forward
	}
	chain b {
		type filter hook output priority 0
		ip daddr 192.0.2.1 counter name out
	}
	chain c {
		type filter hook postrouting priority 0
		ip daddr 192.0.2.1 oifname v1 counter name post
	}
	chain d {
		type filter hook input priority 0
		ip daddr 192.0.2.1 counter name in
	}
}
END""")
    only(w.come(ip4(50, esp(spi_of("e1")))), "e1")
    seen = {c["counter"]["name"]: c["counter"]["packets"]
            for c in json.loads(cls("nft -j list counters"))["nftables"] if "counter" in c}
    assert seen == {"in": 0, "forward": 1, "out": 0, "post": 1}, seen
    cls("nft add rule inet t a ip daddr 192.0.2.1 drop")
    assert not counts("e1", lambda: w.come(ip4(50, esp(spi_of("e1"))))), "a filter's drop"
    cls("nft delete table inet t")


def about6(inner, kind=2):
    """likewise of IPv6, whose checksum is of addresses, too"""
    message = struct.pack("!BBHI", kind, 0, 0, 1300) + inner
    whole = ip6(58, message)
    return ip6(58, message[:2] + struct.pack("!H", checksum(
        whole[8:40] + struct.pack("!II", len(message), 58) + message)) + message[4:])


def about(body, proto, kind=3, code=4, src=VPN, dst=PEER, size=None, rest=b"\0\0\5\x14",
          sender=PEER):
    """an error about a packet that an element sent, and its last bytes"""
    inner = ip4(proto, body, src, dst)
    end = tag()
    return ip4(1, icmp(kind, code, rest + (inner[:20 + size] if size else inner) + end),
               sender, src), end


def errors():
    """ICMP errors about what elements send: to who has the IKE SA, or to all of the pool"""
    before, icmp1 = w.prefix(f"{VPN}/32"), w.counted("e1").get("icmp", 0)
    for text, message in (("ESP", about(esp(0x12345678), 50)), ("AH", about(ah(0x12345678), 51)),
                          ("ESP in UDP", about(udp(esp(0x12345678)), 17)),
                          ("eight bytes", about(udp(esp(0x12345678)), 17, size=8)),
                          ("too many hops", about(esp(0x12345678), 50, 11, 0))):
        got = w.come(message[0])
        assert sorted(got) == POOL and all(len(v) == 1 for v in got.values()), \
            (text, {k: len(v) for k, v in got.items()})
        assert all(p[8] == 63 for v in got.values() for p in v), "TTL"
    change(lambda: w.prefix(f"{VPN}/32"), "ICMP", before, icmp=5)
    assert w.counted("e1")["icmp"] == icmp1 + 5, w.counted("e1")
    qos("element", "change", "e2", "state", "down")
    assert sorted(w.come(about(esp(0x12345678), 50)[0])) == ["e1", "e3"]
    qos("element", "change", "e2", "state", "up")
    for text, message in (("a redirect", about(esp(0x12345678), 50, 5, 1)),
                          ("another's", about(esp(0x12345678), 50, src="192.0.2.99")),
                          ("no error", about(esp(0x12345678), 50, 8, 0)),
                          ("DNS", about(udp(esp(1), 53, 53), 17))):
        none(w.come(message[0]), text)
    for proto, body in ((50, esp(0x12345678)), (51, ah(0x12345678))):
        inner = ip6(proto, body, VPN6, PEER6)
        assert sorted(w.come(about6(inner))) == POOL, (proto, "IPv6")
    # what nobody is to believe is copied to nobody
    bad = bytearray(about(esp(0x12345678), 50)[0])
    bad[22] ^= 1
    none(w.come(bytes(bad)), "its checksum")
    none(w.come(about(esp(0x12345678), 50, sender="127.0.0.1")[0]), "its source")
    qos("steer", "change", VPN, "ike", "pool")
    for name, spi in spis().items():
        ours, other = spi << 32 | 9, 0x66 << 56
        for packet in (ike(ours, other, 0x08), ike(other, ours, 0x20)):
            only(w.come(about(udp(packet, 500, 500), 17)[0]), name)
            only(w.come(about(udp(MARKER + packet), 17)[0]), name)
    qos("steer", "change", VPN, "ike", "element", "e4")
    only(w.come(about(udp(ike(1 << 60, 1 << 60), 500, 500), 17)[0]), "e4")
    assert sorted(w.come(about(udp(ike(1 << 60, 1), 500, 500), 17, size=8)[0])) == \
        [*POOL, "e4"]
    qos("steer", "change", VPN, "ike", "local")
    # one pool's are used up, the other's are not, nor by what nobody believes
    sent = [about(esp(0x12345678), 50)[0] for _ in range(1000)]
    other = [about(esp(0x12345678), 50, src="192.0.2.7")[0] for _ in range(300)]
    before, before7 = w.counted("e1")["icmp"], w.counted("e7").get("icmp", 0)
    w.come(*sent, *other)
    assert 200 <= w.counted("e1")["icmp"] - before <= 900, w.counted("e1")
    assert w.counted("e7")["icmp"] - before7 == 300, w.counted("e7")
    bad = [about(esp(0x12345678), 50, src="192.0.2.7", sender="127.0.0.1")[0]
           for _ in range(1000)]
    w.come(*bad, *other)
    assert w.counted("e7")["icmp"] - before7 == 600, w.counted("e7")


def own_errors():
    """errors that cls itself sends: to the peer, and to elements about what these sent"""
    spi = spi_of("e1")
    out = {4: lambda n: ip4(50, esp(0x5000 + n, 1380), VPN, PEER, frag=0x4000),
           6: lambda n: ip6(50, esp(0x5000 + n, 1380), VPN6, PEER6)}
    with At("e1"):
        tx = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        tx.bind(("d1", 0))
    link = mac("cls", "v1") + mac("e1", "d1")
    # Its address is not cls's own: then it leads elsewhere; or it is, and comes in by lo.
    ways = {"elsewhere": "ip -n cls route add default via 10.0.1.3;"
                         "ip -n cls route add default via fd01::3",
            "here": "ip -n cls addr add 192.0.2.1/32 dev lo;"
                    "ip -n cls addr add 2001:db8::1/128 dev lo nodad;"
                    "ip netns exec cls sysctl -qw net.ipv4.conf.v1.accept_local=1"}
    for n, (where, way) in enumerate(ways.items()):
        sh(way)
        sh("ip -n cls link set br0 mtu 1300")
        for family, kind in ((4, 1), (6, 58)):
            packet = out[family](2 * n + family // 6)
            begin = 20 if family == 4 else 40
            for place in w.watch.values():
                place.drain()
            before = w.prefix(f"{VPN}/32" if family == 4 else f"{VPN6}/128")
            tx.send(link + (b"\x08\x00" if family == 4 else b"\x86\xdd") + packet)
            got = w.arrived([packet[begin:begin + 8]])
            assert {k: len(v) for k, v in got.items()} == {"e1": 1, "e2": 1, "e3": 1}, \
                (where, family, {k: len(v) for k, v in got.items()})
            for place in POOL:
                error = got[place][0]
                assert error[9 if family == 4 else 6] == kind, (where, family, error)
                assert error[begin:begin + 2] == (b"\3\4" if family == 4 else b"\2\0")
                assert struct.unpack("!H", error[begin + 6:begin + 8]) == (1300,)
            change(lambda: w.prefix(f"{VPN}/32" if family == 4 else f"{VPN6}/128"), where,
                   before, icmp=1)
        sh("ip -n cls link set br0 mtu 1500")
        # an entry says who has sent it
        if where == "elsewhere":
            qos("sa", "add", "dst", PEER, "spi", "0x6001", "element", "e2")
            for place in w.watch.values():
                place.drain()
            body = struct.pack("!II", 0x6001, 1) + bytes(24)
            tx.send(link + b"\x08\x00" + ip4(50, body, VPN, PEER, ttl=1))
            only(w.arrived([body[:8]]), "e2")
            qos("sa", "del", "dst", PEER, "spi", "0x6001")
        # and to the peer, about what is too long for the way to an element
        part = struct.pack("!II", spi, 1)
        sh("ip -n cls link set v1 mtu 1300")
        got = counts("e1", lambda: w.come(ip4(50, esp(spi, 1380), frag=0x4000), also=[part]),
                     too_big=1)
        assert set(got) == {"peer"}, (where, list(got))
        assert struct.unpack("!H", quotes(got, 3, 4)[6:8]) == (1300,)
        got = counts("e1", lambda: w.come(ip6(50, esp(spi, 1380)), also=[part]), too_big=1)
        assert struct.unpack("!I", quotes(got, 2, 0)[4:8]) == (1300,)
        # an error is answered by none, too long or at its last hop
        for text, size, also in (("too long", 1300, {"frag": 0x4000}),
                                 ("at its last hop", 64, {"ttl": 1})):
            body = esp(0x7000 + n, size)
            message = ip4(1, icmp(3, 4, b"\0\0\5\x14" + ip4(50, body, VPN, PEER)), **also)
            got = w.come(message, also=[body[:8]])
            assert "peer" not in got and "e1" not in got, (where, text, list(got))
        sh("ip -n cls link set v1 mtu 1500")
        sh(way.replace(" add ", " del ").replace(" nodad", "").replace("=1", "=0"))
    tx.close()


def flows():
    """a pool of flows: whatever comes, a flow to one of them"""
    qos("pool", "add", "flows", "id", "9", "mode", "flow", "member", "e1", "member", "e2")
    qos("steer", "add", "192.0.2.9", "pool", "flows")
    places = {}
    for port in range(1000, 1040):
        packet = ip4(17, udp(b"x" * 20 + tag(), port, 80), dst="192.0.2.9")
        place, = w.come(packet)
        again, = w.come(ip4(17, udp(b"y" * 30 + tag(), port, 80), dst="192.0.2.9"))
        assert again == place, port
        places.setdefault(place, []).append(port)
        quote = about(udp(b"z" * 20, 80, port), 17, src="192.0.2.9")
        only(w.come(quote[0]), place)
    assert set(places) == {"e1", "e2"}, places
    got = w.come(*fragments(ip4(17, udp(bytes(2000) + tag(), 9, 80), dst="192.0.2.9"), 1000, 9))
    assert len(got) == 1 and len(list(got.values())[0]) == 3, list(got)
    # Of IPv6 only the first fragment says of which protocol it is.
    qos("steer", "add", "2001:db8::9", "pool", "flows")
    for port in range(2000, 2008):
        body = udp(os.urandom(1600) + tag(), port, 80)
        frags = [ip6(44, struct.pack("!BBHI", 17, 0, off | (off + 800 < len(body)), port) +
                     body[off:off + 800], dst="2001:db8::9") for off in range(0, len(body), 800)]
        got = w.come(*frags)
        assert len(got) == 1 and len(list(got.values())[0]) == 3, (port, list(got))
    for prefix in ("192.0.2.9", "2001:db8::9"):
        qos("steer", "del", prefix)


def entries():
    """an entry names an element, whatever the address; it is down: dropped"""
    qos("sa", "add", "dst", VPN, "spi", "0x2001", "element", "e4")
    before = w.prefix(f"{VPN}/32")
    for proto, body in ((50, esp(0x2001)), (17, udp(esp(0x2001)))):
        only(w.come(ip4(proto, body)), "e4")
    change(lambda: w.prefix(f"{VPN}/32"), "exact", before, exact=2)
    qos("sa", "add", "dst", "198.51.100.1", "spi", "0x2002", "element", "e3")
    only(w.come(ip4(50, esp(0x2002), dst="198.51.100.1")), "e3")
    only(w.come(*fragments(ip4(50, esp(0x2001, 2000)), 1000, 4242)), "e4", 3)
    qos("element", "change", "e4", "state", "down")
    assert not counts("e4", lambda: w.come(ip4(50, esp(0x2001))), down=1)
    qos("element", "change", "e4", "state", "up")
    # what the peer chose: an error about it is its sender's
    qos("sa", "add", "dst", PEER, "spi", "0x2003", "element", "e2")
    for body, proto in ((esp(0x2003), 50), (udp(esp(0x2003)), 17)):
        only(w.come(about(body, proto)[0]), "e2")
    assert sorted(w.come(about(udp(esp(0x2003)), 17, size=8)[0])) == POOL
    # and what that sends goes on to the peer, which has no use for it, and says so
    for body, proto in ((esp(0x2003), 50), (udp(esp(0x2003)), 17)):
        got = w.come(ip4(proto, body, src=VPN, dst=PEER))
        assert len(got.pop("peer")) == 1, got
        assert all(place == "e2" and p[9] == 1 for place in got for p in got[place]), got


def unknown():
    """SPIs that this host has no SA for: told once a second, and relayed"""
    sh("ip -n cls addr add 192.0.2.50/32 dev lo")
    qos("settings", "set", "unknown", "relay", "e2", "unknown-rate", "50")
    monitor = subprocess.Popen([*qos.command, "monitor"], stdout=subprocess.PIPE, text=True)
    until("the monitor listens", lambda: "ipsec_qos" in sh("cat /proc/net/genetlink 2>/dev/null"
                                                          " || echo ipsec_qos"))
    sh("ip -n cls xfrm state add src 10.0.1.2 dst 192.0.2.50 proto esp spi 0x3001 mode tunnel"
       " aead 'rfc4106(gcm(aes))' 0x" + "11" * 20 + " 128")
    sh("ip -n cls xfrm state add src 10.0.1.2 dst 192.0.2.50 proto esp spi 0x3002 mode tunnel"
       " mark 7 mask 15 aead 'rfc4106(gcm(aes))' 0x" + "11" * 20 + " 128")
    dst = dict(dst="192.0.2.50")
    none(w.come(ip4(50, esp(0x3001), **dst)), "known")
    none(w.come(ip4(50, esp(0x3002), **dst)), "known, of another mark")
    only(counts("e2", lambda: w.come(ip4(50, esp(0x3003), **dst)), sent=1), "e2")
    only(w.come(ip4(51, ah(0x3003), **dst)), "e2")
    flood = [ip4(50, esp(0x40000000 + n), **dst) for n in range(1000)]
    before = w.counted("e2")["sent"]
    w.come(*flood)
    assert w.counted("e2")["sent"] - before <= 500, w.counted("e2")
    monitor.terminate()
    told = monitor.communicate()[0]
    assert "3003" in told or "12291" in told, told[:500]
    assert told.count("\n") <= 500, told.count("\n")
    assert "3001" not in told and "3002" not in told, told
    qos("settings", "set", "unknown", "off")
    none(w.come(ip4(50, esp(0x3003), **dst)), "off")


def told(function):
    """what a command refuses is a failure as well"""
    def run():
        try:
            function()
        except subprocess.CalledProcessError as error:
            raise AssertionError(f"{error.cmd}: {error.stderr}") from error
    run.__doc__, run.__name__ = function.__doc__, function.__name__
    return run


def gone():
    """a device goes though routes of both families are kept by it"""
    only(w.come(ip4(50, esp(0xc0010000), dst="192.0.2.4")), "e4")
    only(w.come(ip6(50, esp(0xc0010000), dst="2001:db8::4")), "e4")
    # It would never return: nothing ends what waits for a device's last user.
    deleting = subprocess.Popen(["ip", "-n", "cls", "link", "del", "v4"])
    until("the device is gone", lambda: deleting.poll() == 0)
    del w.watch["e4"]
    none(counts("e4", lambda: w.come(ip6(50, esp(0xc0010000), dst="2001:db8::4")), no_route=1))
    assert w.element("e4")["problem"] == "no-device", w.element("e4")


# some of them: by their names
chosen = [globals()[name] for name in sys.argv[1:]] or [
    forms, asked, bad_forms, pieces, ways, nexthops, ike_modes, states, hops, too_big,
    bursts, bridges, sources, unforwarded, unreachable, loops, hooks, errors, own_errors, flows,
    entries, unknown, gone]
setup()
sys.exit(steps(*map(told, chosen)))
