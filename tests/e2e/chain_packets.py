#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A packet's way through chains of devices, both ways, frame by frame. The topology is drawn
in tests/lib/chainpath.py.
"""
# newest: it calls what the kernel has for modules, of routing, fragments and ICMP
# vm: -s 1 -t 900
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment      # noqa: E402
from scapy.layers.inet import IPerror, TCPerror                 # noqa: E402
from scapy.layers.inet6 import (ICMPv6PacketTooBig,             # noqa: E402
                                ICMPv6TimeExceeded, IPv6)
from scapy.packet import Raw                                    # noqa: E402
from rawesp import steps                                        # noqa: E402
from chainpath import CLIENT, CLIENT6, Lab                      # noqa: E402

lab = Lab()
qos = lab.qos
CMAC, FOUT, FIN, TAP, WEB, WEB2, NAT, DOWN, ALIEN = (
    "02:00:00:00:00:%02x" % n for n in range(1, 10))
P, Q, R, P6 = "192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1"
REAL = "10.9.0.5"


def parse(data):
    return IP(data) if data[0] >> 4 == 4 else IPv6(data)


def good(packet):
    """its checksums are those that it would be given"""
    again = packet.copy()
    piece = again.haslayer(IP) and (again[IP].frag or again[IP].flags.MF)
    for layer in (IP,) if piece else (IP, TCP, UDP, ICMP):
        if again.haslayer(layer):
            del again[layer].chksum
    assert bytes(parse(bytes(again))) == bytes(packet), (packet.show(True),)
    return packet


def only(got, place, mac, n=1):
    """all that came is so many frames there, for that link address: the packets"""
    assert list(got) == [place] and len(got[place]) == n, \
        {k: [f[2].hex() for f in v] for k, v in got.items()}
    assert {f[0] for f in got[place]} == {mac}, (got[place], mac)
    packets = [parse(f[2]) for f in got[place]]
    return packets[0] if n == 1 else packets


def none(got):
    assert not got, {k: [f[2].hex() for f in v] for k, v in got.items()}


def forth(dst=P, port=80, load=b"x" * 20, **ip):
    if ":" in dst:
        return IPv6(src=CLIENT6, dst=dst, **ip) / TCP(sport=4000, dport=port) / Raw(load)
    return IP(src=CLIENT, dst=dst, **ip) / TCP(sport=4000, dport=port) / Raw(load)


def back(src=P, port=80, load=b"y" * 20, **ip):
    if ":" in src:
        return IPv6(src=src, dst=CLIENT6, **ip) / TCP(sport=port, dport=4000) / Raw(load)
    return IP(src=src, dst=CLIENT, **ip) / TCP(sport=port, dport=4000) / Raw(load)


def split(got, place):
    """what came there, and the rest"""
    return got.pop(place, []), got


def uncopied(got):
    return split(got, "t")[1]


def syns(name):
    return qos("service", "show", name)[0]["syns"]["packets"]


def setup():
    for address, dev in ((CLIENT, "c"), (CLIENT6, "c"), ("10.0.2.2", "br"), ("10.0.7.2", "c7")):
        lab.eng(f"ip neigh replace {address} lladdr {CMAC} dev {dev} nud permanent")
    for n, words in enumerate((
            f"fw outer dev fo mac {FOUT} inner dev fi mac {FIN}",
            f"ids kind tap outer dev t mac {TAP}",
            f"web outer dev s mac {WEB}", f"web2 outer dev s mac {WEB2}",
            f"nat outer dev s mac {NAT}",
            f"once outer dev s mac {DOWN} on-failure skip"), 1):
        name, *rest = words.split()
        qos("device", "add", name, "id", str(n), *rest)
    for n, (name, through) in enumerate((("all", "fw,ids,web"), ("solo", "nat"),
                                         ("some", "once,web"), ("fwonly", "fw")), 1):
        qos("chain", "add", name, "id", str(n), "through", through)
    for n, words in enumerate((
            f"www address {P} port tcp/80 port udp/53 chain all",
            f"www6 address {P6} port tcp/80 chain all",
            f"natted address {Q} port tcp/80 chain solo "
            f"segment nat to {REAL} to-port 8080",
            f"skips address {R} port tcp/80 chain some",
            f"open address {R} port tcp/443 chain fwonly"), 1):
        name, *rest = words.split()
        qos("service", "add", name, "id", str(n), *rest)


def through():
    """through a firewall, past a tap, to a server, and back, each time one host nearer"""
    for make, answer, ttl in ((forth, back, "ttl"), (forth, back, "hlim")):
        dst = P if ttl == "ttl" else P6
        packet = make(dst, **{ttl: 64})
        there = good(only(lab.pass_on("c", CMAC, packet), "fo", FOUT))
        assert getattr(there, ttl) == 63, there
        got = lab.pass_on("fi", FIN, there)
        copies, got = split(got, "t")
        assert len(copies) == 1 and copies[0][0] == TAP and copies[0][2] == bytes(there), copies
        there = good(only(got, "s", WEB))
        assert getattr(there, ttl) == 62, there
        assert bytes(there[TCP]) == bytes(parse(bytes(packet))[TCP])

        got = lab.pass_on("s", WEB, answer(dst, **{ttl: 64}))
        copies, got = split(got, "t")
        assert len(copies) == 1, copies
        here = good(only(got, "fi", FIN))
        assert getattr(here, ttl) == 63, here
        here = good(only(lab.pass_on("fo", FOUT, here), "c", CMAC))
        assert getattr(here, ttl) == 62, here
    assert lab.device("fw") == {"outer_sent": 2, "inner_returned": 2, "inner_sent": 2,
                                "outer_returned": 2}, lab.device("fw")
    assert lab.device("ids") == {"outer_sent": 4}, lab.device("ids")
    assert lab.service("www") == {"forward": 1, "back": 1}, lab.service("www")
    # of these only what a client asks with asks for a connection
    assert syns("www") == 1
    for flags, more in (("A", 0), ("SA", 0), ("S", 1), ("SEC", 1)):
        before = syns("www")
        only(lab.pass_on("c", CMAC, IP(src=CLIENT, dst=P) / TCP(dport=80, flags=flags)),
             "fo", FOUT)
        assert syns("www") == before + more, flags


def others():
    """other ports and addresses meet nobody; what servers alone may send is forged"""
    none(lab.pass_on("c", CMAC, forth(port=81)))
    none(lab.pass_on("c", CMAC, forth("192.0.2.99")))
    assert "forged" not in lab.service("www")
    none(lab.pass_on("c", ALIEN, back()))
    # nor to another service
    none(lab.pass_on("c", ALIEN, IP(src=P, dst=R) / TCP(sport=80, dport=80)))
    assert lab.service("www")["forged"] == 2, lab.service("www")
    # out of the side towards clients nothing goes on to servers
    none(lab.pass_on("fo", FOUT, forth()))
    assert lab.device("fw")["stray"] == 1, lab.device("fw")
    # for somebody else's link address
    none(lab.pass_on("c", CMAC, forth(), to=ALIEN))


def old():
    """who has been through too many hosts: its sender is told, where it came from"""
    answer = only(lab.pass_on("c", CMAC, forth(ttl=1)), "c", CMAC)
    assert answer[ICMP].type == 11 and answer[IPerror].dst == P, answer
    answer = only(uncopied(lab.pass_on("s", WEB, back(ttl=1))), "s", WEB)
    assert answer[ICMP].type == 11 and answer.dst == P, answer
    answer = only(lab.pass_on("c", CMAC, forth(P6, hlim=1)), "c", CMAC)
    assert answer.haslayer(ICMPv6TimeExceeded), answer
    assert lab.service("www")["ttl"] == 2, lab.service("www")


def long():
    """too long for the next device: who said so is told, others are fragmented"""
    lab.eng("ip link set dev fo mtu 1280")
    try:
        load = b"z" * 1400
        answer = only(lab.pass_on("c", CMAC, forth(load=load, flags="DF")), "c", CMAC)
        assert (answer[ICMP].type, answer[ICMP].code) == (3, 4), answer
        assert answer[ICMP].nexthopmtu == 1280 and answer[TCPerror].dport == 80, answer
        frags = only(lab.pass_on("c", CMAC, forth(load=load, ttl=9, id=77)), "fo", FOUT, 2)
        assert [f.ttl for f in frags] == [8, 8] and {f.id for f in frags} == {77}
        assert sum(len(f) - 20 for f in frags) == 20 + len(load), frags
        assert bytes(frags[0])[40:] + bytes(frags[1])[20:] == load
        answer = only(lab.pass_on("c", CMAC, forth(P6, load=load)), "c", CMAC)
        assert answer[ICMPv6PacketTooBig].mtu == 1280, answer
        assert lab.device("fw")["too_big"] == 2, lab.device("fw")
    finally:
        lab.eng("ip link set dev fo mtu 1500")


def pieces():
    """fragments follow their first, which has the ports, also where they overtake it"""
    whole = IP(src=CLIENT, dst=P, id=1234) / UDP(sport=5353, dport=53) / Raw(b"q" * 3000)
    frags = fragment(IP(bytes(whole)), 1000)
    for turn in (frags, frags[1:] + frags[:1]):
        lab.drain()
        for f in turn:
            f.id += 1
            del f.chksum
            lab.send("c", CMAC, f)
        got = []
        for _ in range(100):
            got += lab.came().get("fo", [])
            if len(got) == len(frags):
                break
        assert {f[0] for f in got} == {FOUT} and len(got) == len(frags), got
        assert all(good(parse(f[2])) for f in got)
    # nor does who has all other ports get what another service has a port of
    qos("service", "add", "rest", "id", "91", "address", P, "chain", "fwonly")
    try:
        lab.drain()
        for f in frags[1:]:
            f.id = 2345
            del f.chksum
            lab.send("c", CMAC, f)
        none(lab.came())
        whole.id, whole.dport = 3456, 54
        del whole.chksum
        got = []
        lab.drain()
        for f in fragment(IP(bytes(whole)), 1000)[::-1]:
            lab.send("c", CMAC, f)
        for _ in range(100):
            got += lab.came().get("fo", [])
            if len(got) == len(frags):
                break
        assert len(got) == len(frags), got
    finally:
        qos("service", "del", "rest")
    # one whose first never comes gets past nobody
    stray = frags[1]
    stray.id = 999
    del stray.chksum
    none(lab.pass_on("c", CMAC, stray))


def translated():
    """a server that is known by another address and port, errors too"""
    there = good(only(lab.pass_on("c", CMAC, forth(Q)), "s", NAT))
    assert (there.dst, there.dport, there.src) == (REAL, 8080, CLIENT), there
    here = good(only(lab.pass_on("s", NAT, back(REAL, 8080)), "c", CMAC))
    assert (here.src, here.sport) == (Q, 80), here
    error = IP(src=REAL, dst=CLIENT) / ICMP(type=3, code=3) / IPerror(bytes(there))
    here = good(only(lab.pass_on("s", NAT, error), "c", CMAC))
    assert (here.src, here[IPerror].dst, here[TCPerror].dport) == (Q, Q, 80), here
    router = IP(src="198.51.100.1", dst=Q) / ICMP(type=3, code=4, nexthopmtu=1400) / IPerror(
        bytes(back(Q)))
    there = good(only(lab.pass_on("c", CMAC, router), "s", NAT))
    assert there.dst == REAL and there[IPerror].src == REAL, there
    assert there[TCPerror].sport == 8080, there
    # its own address is nobody's to send to, or from
    none(lab.pass_on("c", CMAC, forth(REAL, 8080)))
    none(lab.pass_on("c", ALIEN, back(REAL, 8080)))
    assert lab.service("natted")["forged"] == 2, lab.service("natted")


def asked():
    """what this host itself asks a server, and is answered, is in no chain"""
    lab.eng("ip addr add 10.9.0.1/24 dev s")
    lab.eng(f"ip neigh replace {REAL} lladdr {NAT} dev s nud permanent")
    before = lab.service("natted"), lab.device("nat")
    for address in "10.9.0.1", "10.0.1.1":
        answer = IP(src=REAL, dst=address) / TCP(sport=8080, dport=7, flags="SA")
        # it has asked for nothing, and says so to who has answered
        reset = only(lab.pass_on("s", NAT, answer), "s", NAT)
        assert (reset.dst, reset[TCP].flags, reset.src) == (REAL, "R", address), reset
        # whichever link address it comes from, and in pieces
        only(lab.pass_on("s", ALIEN, answer), "s", NAT)
        whole = IP(src=REAL, dst=address, id=4321) / TCP(sport=8080, dport=7, flags="SA") / Raw(
            b"p" * 2000)
        lab.drain()
        for piece in fragment(IP(bytes(whole)), 1000)[::-1]:
            lab.send("s", NAT, piece)
        assert only(lab.came(), "s", NAT)[TCP].flags == "R"
    none(lab.pass_on("s", NAT, IP(src=REAL, dst="224.0.0.1") / TCP(sport=8080, dport=7)))
    assert (lab.service("natted"), lab.device("nat")) == before
    # and what clients ask this host, though all that is theirs goes through a chain
    qos("service", "add", "lan", "id", "90", "address", "10.0.1.0/24", "mode", "client",
        "chain", "fwonly")
    answer = only(lab.pass_on("c", CMAC, IP(src=CLIENT, dst="10.9.0.1") / TCP(
        sport=7, dport=7, flags="S")), "c", CMAC)
    assert answer[TCP].flags == "RA", answer
    only(lab.pass_on("c", CMAC, IP(src=CLIENT, dst="10.9.0.9") / TCP()), "fo", FOUT)
    only(lab.pass_on("s", ALIEN, IP(src="10.9.0.9", dst=CLIENT) / TCP()), "fi", FIN)
    qos("service", "del", "lan")
    lab.eng("ip addr del 10.9.0.1/24 dev s")


def down():
    """a device that is down: its alternate, none, or the next step"""
    qos("device", "change", "once", "state", "down")
    only(lab.pass_on("c", CMAC, forth(R)), "s", WEB)
    assert lab.device("once")["skipped"] == 1
    qos("device", "change", "web", "state", "down")
    none(lab.pass_on("c", CMAC, forth(R)))
    assert lab.device("web")["down"] == 1, lab.device("web")
    qos("device", "change", "web", "alternate", "web2")
    only(lab.pass_on("c", CMAC, forth(R)), "s", WEB2)
    # what it answers is at the place of the one that it stands for
    only(lab.pass_on("s", WEB2, back(R)), "c", CMAC)
    qos("device", "change", "web", "state", "up")
    qos("device", "change", "once", "state", "up")
    only(lab.pass_on("c", CMAC, forth(R)), "s", DOWN)


def leaves():
    """what leaves a chain goes by routing, on its way to the server as well"""
    there = only(lab.pass_on("c", CMAC, forth(R, 443)), "fo", FOUT)
    lab.eng("ip route replace 192.0.2.3/32 via 10.0.2.2 dev br")
    try:
        there = good(only(lab.pass_on("fi", FIN, there), "b", CMAC))
        assert there.ttl == 62, there
    finally:
        lab.eng("ip route del 192.0.2.3/32")


def tapped():
    """copies: at a rate, cut, and lost without a packet being lost"""
    qos("device", "change", "ids", "snap", "64")
    got = lab.pass_on("fi", FIN, forth(load=b"k" * 500))
    copies, got = split(got, "t")
    assert len(copies) == 1 and len(copies[0][2]) == 64, copies
    assert len(only(got, "s", WEB)) == 540
    qos("device", "change", "ids", "snap", "all", "rate", "1")
    before = lab.device("ids").get("rate", 0)
    for _ in range(3):
        only(uncopied(lab.pass_on("fi", FIN, forth())), "s", WEB)
    assert lab.device("ids")["rate"] > before, lab.device("ids")
    qos("device", "change", "ids", "rate", "10000")
    lab.eng("ip link set dev t down")
    only(lab.pass_on("fi", FIN, forth()), "s", WEB)
    lab.eng("ip link set dev t up")
    # what it sends goes on from its place
    only(lab.pass_on("t", TAP, forth()), "s", WEB)
    only(lab.pass_on("t", TAP, back()), "fi", FIN)


def links():
    """a client in a VLAN, and one behind a bridge whose frames netfilter sees"""
    only(lab.pass_on("c", CMAC, IP(src="10.0.7.2", dst=P) / TCP(sport=1, dport=80), vlan=7),
         "fo", FOUT)
    for seen in (0, 1):
        lab.eng(f"sysctl -qw net.bridge.bridge-nf-call-iptables={seen}")
        packet = IP(src="10.0.2.2", dst=P) / TCP(sport=1, dport=80)
        only(lab.pass_on("b", CMAC, packet), "fo", FOUT)
        # merely bridged
        none(lab.pass_on("b", CMAC, packet, to=ALIEN))


def large():
    """one packet for many, translated: each is right on the wire, for the tap too"""
    lab.eng("ethtool -K s tso off gso off tx off >/dev/null")
    lab.eng("ethtool -K t tso off gso off tx off >/dev/null")
    qos("device", "change", "ids", "snap", "100")
    try:
        load = bytes(range(250)) * 12
        got = [parse(f[2]) for f in lab.large("c", CMAC, forth(Q, load=load), 1000)["s"]]
        assert len(got) == 3 and b"".join(bytes(good(p)[TCP].payload) for p in got) == load
        assert {(p.dst, p.dport) for p in got} == {(REAL, 8080)}
        got = lab.large("fi", FIN, forth(load=load), 1000)
        assert [len(f[2]) for f in got["t"]] == [100] * 3, got["t"]
        got = [parse(f[2]) for f in got["s"]]
        assert len(got) == 3 and all(good(p) for p in got), got
        # with leave to be fragmented, and too long even so
        lab.eng("ip link set dev s mtu 900")
        got = lab.large("c", CMAC, forth(Q, load=load), 1000)["s"]
        assert len(got) == 6 and all(len(f[2]) <= 900 for f in got), got
        answer = only(lab.large("c", CMAC, forth(Q, load=load, flags="DF"), 1000), "c", CMAC)
        assert answer[ICMP].nexthopmtu == 900, answer
    finally:
        lab.eng("ip link set dev s mtu 1500")
        qos("device", "change", "ids", "snap", "all")


def entry():
    """who may enter, how many, whose group, and what rp_filter says of the source"""
    qos("group", "add", "gold", "id", "1", "mark", "7/0xff", "dscp", "46")
    qos("service", "replace", "natted", "id", "3", "address", Q, "port", "tcp/80", "chain",
        "solo", "segment", "nat", "to", REAL, "to-port", "8080", "group", "gold",
        "allow", CLIENT, "allow", "10.0.7.0/24", "dev", "c7")
    there = good(only(lab.pass_on("c", CMAC, forth(Q)), "s", NAT))
    assert there.tos >> 2 == 46 and there.dport == 8080, there
    other = IP(src="10.0.1.9", dst=Q) / TCP(sport=1, dport=80)
    none(lab.pass_on("c", CMAC, other))
    vlan = IP(src="10.0.7.9", dst=Q) / TCP(sport=1, dport=80)
    none(lab.pass_on("c", CMAC, vlan))
    only(lab.pass_on("c", CMAC, vlan, vlan=7), "s", NAT)
    assert lab.service("natted")["acl"] == 2, lab.service("natted")
    qos("service", "replace", "natted", "id", "3", "address", Q, "port", "tcp/80", "chain",
        "solo", "segment", "nat", "to", REAL, "to-port", "8080", "rate", "1")
    for _ in range(3):
        lab.pass_on("c", CMAC, forth(Q))
    assert lab.service("natted").get("rate", 0) >= 1, lab.service("natted")
    lab.eng("sysctl -qw net.ipv4.conf.c.rp_filter=1")
    none(lab.pass_on("c", CMAC, IP(src="10.0.2.77", dst=P) / TCP(sport=1, dport=80)))
    lab.eng("sysctl -qw net.ipv4.conf.c.rp_filter=0")
    none(lab.pass_on("c", CMAC, IP(src="10.0.1.1", dst=P) / TCP(sport=1, dport=80)))
    assert lab.service("www")["martian"] == 2, lab.service("www")
    # not even as ip_forward() would have it
    lab.eng("sysctl -qw net.ipv4.conf.c.forwarding=0")
    none(lab.pass_on("c", CMAC, forth()))
    lab.eng("sysctl -qw net.ipv4.conf.c.forwarding=1")


def exchanged():
    """a chain is exchanged: what comes out of a device of the old one is not lost"""
    there = only(lab.pass_on("c", CMAC, forth()), "fo", FOUT)
    qos("chain", "replace", "all", "id", "1", "through", "ids,web")
    only({k: v for k, v in lab.pass_on("fi", FIN, there).items() if k != "t"}, "s", WEB)
    only(uncopied(lab.pass_on("c", CMAC, forth())), "s", WEB)
    qos("chain", "replace", "all", "id", "1", "through", "fw,ids,web")
    only(lab.pass_on("c", CMAC, forth()), "fo", FOUT)


def shared():
    """a firewall that is a client's last device and a service's first: it has each once"""
    qos("service", "add", "lan", "id", "92", "address", CLIENT, "mode", "client", "chain",
        "fwonly")
    before = lab.device("fw")
    there = good(only(lab.pass_on("c", CMAC, forth(ttl=9)), "fo", FOUT))
    copies, got = split(lab.pass_on("fi", FIN, there), "t")
    assert len(copies) == 1, copies
    there = good(only(got, "s", WEB))
    assert there.ttl == 7, there
    here = good(only(uncopied(lab.pass_on("s", WEB, back(ttl=9))), "fi", FIN))
    here = good(only(lab.pass_on("fo", FOUT, here), "c", CMAC))
    assert here.ttl == 7, here
    after = lab.device("fw")
    assert all(after[f"{side}_{what}"] - before.get(f"{side}_{what}", 0) == 1
               for side in ("outer", "inner") for what in ("sent", "returned")), (before, after)
    assert lab.service("lan") == {"forward": 1, "back": 1}, lab.service("lan")
    qos("service", "del", "lan")


def checked():
    """what a device was checked with ends here, of others it goes by routing"""
    lab.eng("ip route add 198.18.255.0/24 via 10.0.2.2 dev br")
    lab.eng("ip route add 2001:db8:ff::/64 via fd01::2 dev c")
    one = IP(src="198.18.255.1", dst="198.18.255.129") / TCP(sport=1, dport=2)
    six = IPv6(src="2001:db8:ff::1", dst="2001:db8:ff::2") / TCP(sport=1, dport=2)
    error = IP(src="10.9.9.9", dst="198.18.255.1") / ICMP(type=3, code=1) / IPerror(bytes(one))
    only(lab.pass_on("fi", FIN, one), "b", CMAC)
    qos("settings", "set", "check-ipv4", "198.18.255.0/24", "check-ipv6", "2001:db8:ff::/64")
    before = lab.device("fw")
    for packet in (one, six, error, IP(src="198.18.255.1", dst=P) / TCP(sport=1, dport=80)):
        none(lab.pass_on("fi", FIN, packet))
    none(lab.pass_on("fo", FOUT, one))
    none(lab.pass_on("t", TAP, one))
    after = lab.device("fw")
    assert after == {**before, "checked": 5}, (before, after)
    assert lab.device("ids")["checked"] == 1
    only(lab.pass_on("c", CMAC, one), "b", CMAC)
    only(lab.pass_on("fi", ALIEN, one), "b", CMAC)
    only(lab.pass_on("b", CMAC, six), "c", CMAC)
    # merely bridged, from whichever link address
    none(lab.pass_on("fi", FIN, one, to=ALIEN))
    assert lab.device("fw")["checked"] == 5
    qos("settings", "set", "check-ipv4", "none")
    only(lab.pass_on("fi", FIN, one), "b", CMAC)
    none(lab.pass_on("fi", FIN, six))
    qos("settings", "set", "check-ipv6", "none")
    only(lab.pass_on("fi", FIN, six), "c", CMAC)


def protected():
    """ESP that goes through a chain is its SA's, and counted once, whether it ends here"""
    qos("group", "add", "peer", "id", "2", "mark", "9/0xff", "dscp", "10")
    for n, address in enumerate(("192.0.2.7", "192.0.2.8")):
        qos("service", "add", f"vpn{n}", "id", str(70 + n), "address", address, "port", "esp",
            "chain", ("solo", "fwonly")[n])
        qos("sa", "add", "dst", address, "spi", "0xc0000001", "group", "peer")
    esp = IP(src=CLIENT, dst="192.0.2.7", proto=50) / Raw(bytes.fromhex("c000000100000001") +
                                                         bytes(40))
    there = good(only(lab.pass_on("c", CMAC, esp), "s", NAT))
    assert there.tos >> 2 == 10, there
    esp.dst = "192.0.2.8"
    del esp.chksum
    there = only(lab.pass_on("c", CMAC, esp), "fo", FOUT)
    assert there.tos >> 2 == 10, there
    lab.eng("ip route replace 192.0.2.8/32 via 10.0.2.2 dev br")
    only(lab.pass_on("fi", FIN, there), "b", CMAC)
    count = [g for g in qos("group", "show") if g["name"] == "peer"][0]["counters"]
    assert count["esp_in"]["packets"] == 2, count


if __name__ == "__main__":
    setup()
    sys.exit(steps(through, others, old, long, pieces, translated, asked, down, leaves, tapped,
                   links, large, entry, exchanged, shared, checked, protected))
