# SPDX-License-Identifier: GPL-2.0-or-later
"""A classifying element, and elements that are reached in every way there is; frames go in by
hand, and what arrives at each element is looked at there.

    peer 10.0.1.2 ---- port c1                                    veth, e1 10.1.1.2
    fd01::2                 bridge br0   cls                          ipip in it, e5
    other 10.0.1.3 --- port c2  10.0.1.1      seg 10.2.0.1 -- bridge, e2 .2 and e3 .3
                                fd01::1       vrf red ------- veth, e4 10.4.0.2
                                                              wireguard over e1's veth, e6

The VPN's addresses are VPN and VPN6: local to cls, or not, as a step wants it.
"""
import ctypes
import itertools
import json
import os
import select
import socket
import struct

from rawesp import SLOW, Command, checksum, sh

PEER, OTHER, VPN = "10.0.1.2", "10.0.1.3", "192.0.2.1"
PEER6, VPN6 = "fd01::2", "2001:db8::1"

TOPOLOGY = """
set -e
modprobe ipsec_qos
for n in peer other cls e1 e2 e3 e4; do ip netns add $n; ip -n $n link set lo up; done
for x in "peer p0 c1" "other o0 c2" "e1 d1 v1" "e2 d2 s2" "e3 d3 s3" "e4 d4 v4"; do
	set -- $x
	ip -n $1 link add $2 type veth peer name $3 netns cls
	ip -n $1 link set $2 up
	ip -n cls link set $3 up
done
for x in "br0 c1 c2" "seg s2 s3"; do
	set -- $x
	ip -n cls link add $1 type bridge mcast_snooping 0
	ip -n cls link set $2 master $1
	ip -n cls link set $3 master $1
	ip -n cls link set $1 up
done
ip -n cls link add red type vrf table 100
ip -n cls link set red up
ip -n cls link set v4 master red
for x in "peer p0 0.1.2 01::2" "other o0 0.1.3 01::3" "cls br0 0.1.1 01::1" \\
	"cls v1 1.1.1 11::1" "e1 d1 1.1.2 11::2" "cls seg 2.0.1 12::1" \\
	"e2 d2 2.0.2 12::2" "e3 d3 2.0.3 12::3" "cls v4 4.0.1 14::1" "e4 d4 4.0.2 14::2"; do
	set -- $x
	ip -n $1 addr add 10.$3/24 dev $2
	ip -n $1 addr add fd$4/64 dev $2 nodad
done
for n in peer other; do
	ip -n $n route add default via 10.0.1.1
	ip -n $n route add default via fd01::1
done
for n in e1:1.1:11 e2:2.0:12 e3:2.0:12 e4:4.0:14; do
	IFS=: read -r name four six <<< "$n"
	ip -n $name route add default via 10.$four.1
	ip -n $name route add default via fd$six::1
done
ip -n cls link add t5 type ipip local 10.1.1.1 remote 10.1.1.2
ip -n e1 link add t5 type ipip local 10.1.1.2 remote 10.1.1.1
umask 077
for n in cls e1; do
	ip -n $n link add w6 type wireguard
	wg genkey > /tmp/$n.key
	ip netns exec $n wg set w6 private-key /tmp/$n.key listen-port 51820
done
ip netns exec cls wg set w6 peer "$(wg pubkey < /tmp/e1.key)" endpoint 10.1.1.2:51820 \\
	allowed-ips 192.0.2.0/24
ip netns exec e1 wg set w6 peer "$(wg pubkey < /tmp/cls.key)" endpoint 10.1.1.1:51820 \\
	allowed-ips 0.0.0.0/0
for n in cls e1; do ip -n $n link set t5 up; ip -n $n link set w6 up; done
ip netns exec cls sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \\
	net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000 \\
	net.ipv6.icmp.ratelimit=0
"""

libc = ctypes.CDLL(None, use_errno=True)
serial = itertools.count(1)


class At:
    """for a while in a network namespace"""

    def __init__(self, netns):
        self.netns = netns

    def __enter__(self):
        self.own = open("/proc/self/ns/net")
        with open(f"/run/netns/{self.netns}") as f:
            assert not libc.setns(f.fileno(), 0)

    def __exit__(self, *_):
        libc.setns(self.own.fileno(), 0)
        self.own.close()


def mac(netns, dev):
    links = json.loads(sh(f"ip -n {netns} -j link show {dev}"))
    return bytes.fromhex(links[0]["address"].replace(":", ""))


class Watch:
    """all IP packets that come in by a device"""

    def __init__(self, netns, dev):
        with At(netns):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
            self.sock.bind((dev, 3))
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)    # SO_RCVBUFFORCE

    def take(self, wait):
        """the next, or None"""
        while select.select([self.sock], [], [], wait * SLOW)[0]:
            data, address = self.sock.recvfrom(70000)
            # what a bridge floods is for others: PACKET_HOST is 0
            if address[2] or address[1] not in (0x0800, 0x86dd):
                continue
            return data
        return None

    def drain(self):
        while self.take(0):
            pass


class World:
    """what is sent by the peer, and what comes where"""

    def __init__(self):
        sh("bash -c '%s'" % TOPOLOGY.replace("'", "'\\''"))
        self.qos = Command("cls")
        self.watch = {
            "e1": Watch("e1", "d1"), "e2": Watch("e2", "d2"), "e3": Watch("e3", "d3"),
            "e4": Watch("e4", "d4"), "e5": Watch("e1", "t5"), "e6": Watch("e1", "w6"),
            "peer": Watch("peer", "p0"), "other": Watch("other", "o0"),
        }
        with At("peer"):
            self.tx = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.tx.bind(("p0", 0))
        self.own, self.cls = mac("peer", "p0"), mac("cls", "br0")
        for address in ("10.0.1.1", "fd01::1"):
            sh(f"ip netns exec peer ping -qc 1 -W 9 {address} >/dev/null")
        for address in ("10.1.1.2", "10.2.0.2", "10.2.0.3", "fd11::2", "fd12::2", "fd12::3"):
            sh(f"ip netns exec cls ping -qc 1 -W 9 {address} >/dev/null")
        for address in ("10.4.0.2", "fd14::2"):
            sh(f"ip netns exec cls ping -I red -qc 1 -W 9 {address} >/dev/null")

    def frame(self, packet, to=None):
        kind = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
        self.tx.send((to or self.cls) + self.own + kind + packet)

    def come(self, *packets, to=None, want=None, also=(), down=()):
        """
        Send them, and tell where what they have as their last eight bytes came: {place:
        [packet ...]}. Pings behind it show that nothing is under way any more, as there is
        one processor; but what goes through a queue of somebody's (WireGuard's) is awaited.

        want: the place where that is; also: what counts beside, as it is found in a packet
        """
        for w in self.watch.values():
            w.drain()
        for p in packets:
            self.frame(bytes(p), to)
        return self.arrived([*(bytes(p)[-8:] for p in packets), *also], want, down)

    def arrived(self, tags, want=None, down=()):
        """what has one of them; down: addresses that no ping gets to now"""
        got = {}

        def look(place, wait=0.0):
            while data := self.watch[place].take(wait):
                if any(t in data for t in tags):
                    got.setdefault(place, []).append(data)
                    wait = 0

        if want:
            look(want, 10)
        sh("ip netns exec peer ping -qc 1 -W 9 10.0.1.1 >/dev/null")
        for address in {"10.1.1.2", "10.2.0.2", "10.2.0.3"} - set(down):
            sh(f"ip netns exec cls ping -qc 1 -W 9 {address} >/dev/null")
        for place in self.watch:
            look(place)
        return got

    def element(self, name):
        return {e["name"]: e for e in self.qos("element", "show")}[name]

    def counted(self, name):
        """of an element, what is not zero"""
        return {k: v["packets"] for k, v in self.element(name)["counters"].items()
                if v["packets"]}

    def prefix(self, prefix):
        """of a steered prefix, likewise"""
        one = [s for s in self.qos("steer", "show") if s["prefix"] == prefix]
        return {k: v["packets"] for k, v in one[0]["counters"].items() if v["packets"]}


def tag():
    return b"T%07d" % next(serial)


def ip4(proto, payload, src=PEER, dst=VPN, ttl=64, frag=0, ident=0, options=b""):
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0,
                       20 + len(options) + len(payload), ident, frag, ttl, proto, 0,
                       socket.inet_aton(src), socket.inet_aton(dst)) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ip6(proto, payload, src=PEER6, dst=VPN6, ttl=64):
    return struct.pack("!IHBB", 6 << 28, len(payload), proto, ttl) + \
        socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst) + payload


def esp(spi, size=64):
    return struct.pack("!II", spi, 1) + os.urandom(size) + tag()


def ah(spi):
    return struct.pack("!BBHII", 59, 4, 0, spi, 1) + bytes(12) + tag()


def udp(payload, sport=4500, dport=4500):
    return struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload


def ike(spi_i, spi_r, flags=0x08, version=0x20, size=40):
    return struct.pack("!QQBBBBII", spi_i, spi_r, 33, version, 34, flags, 0,
                       28 + size + 8) + os.urandom(size) + tag()


def fragments(packet, size, ident):
    """of IPv4: a packet in pieces of size bytes"""
    body = packet[20:]
    src, dst = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    return [ip4(packet[9], body[i:i + size], src, dst, ident=ident,
                frag=(i // 8) | (0x2000 if i + size < len(body) else 0))
            for i in range(0, len(body), size)]
