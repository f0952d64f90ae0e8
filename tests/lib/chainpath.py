# SPDX-License-Identifier: GPL-2.0-or-later
"""An engine with chains, and around it a place where all frames are made by hand: what it
sends to a client, a device or a server is looked at there, and sent back as they would.

    client c0 ---- c, VLAN c7       fo ---- f0  a firewall's outer side
    client b0 ---- b in bridge br   fi ---- g0  its inner one
                        engine      t  ---- t0  a tap
                                    s  ---- s0  servers, each a link address

What goes by routing goes to neighbours that the engine knows for good; services' addresses
have a route that ends, and by which errors can be told.
"""
import json
import select
import socket
import struct

from rawesp import Command, checksum, sh
from steerpath import At

LAB = {"c": "c0", "fo": "f0", "fi": "g0", "t": "t0", "s": "s0", "b": "b0"}
CLIENT, CLIENT6 = "10.0.1.2", "fd01::2"

TOPOLOGY = """
set -e
modprobe ipsec_qos
modprobe br_netfilter
modprobe 8021q
for n in eng lab; do ip netns add $n; ip -n $n link set lo up; done
ip netns exec lab sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
ip netns exec eng sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \\
	net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \\
	net.ipv4.icmp_ratelimit=0 net.ipv4.icmp_msgs_per_sec=100000 net.ipv6.icmp.ratelimit=0 \\
	net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
for x in "c c0" "fo f0" "fi g0" "t t0" "s s0" "b b0"; do
	set -- $x
	ip -n eng link add name $1 type veth peer name $2 netns lab
	ip -n lab link set dev $2 up
	ip -n eng link set dev $1 up
done
ip -n eng link add name br type bridge mcast_snooping 0
ip -n eng link set dev b master br
ip -n eng link set dev br up
ip -n eng link add link c name c7 type vlan id 7
ip -n eng link set dev c7 up
ip -n eng addr add 10.0.1.1/24 dev c
ip -n eng addr add fd01::1/64 dev c nodad
ip -n eng addr add 10.0.2.1/24 dev br
ip -n eng addr add 10.0.7.1/24 dev c7
ip -n eng link add name none type dummy
ip -n eng link set dev none up
ip -n eng route add 192.0.2.0/24 dev none
ip -n eng route add 2001:db8::/64 dev none
"""


def ethers(text):
    return bytes.fromhex(text.replace(":", ""))


class Lab:
    """frames in, frames out"""

    def __init__(self):
        sh("bash -c '%s'" % TOPOLOGY.replace("'", "'\\''"))
        self.qos = Command("eng")
        self.sock, self.mac = {}, {}
        for link in json.loads(sh("ip -n eng -j link")):
            self.mac[link["ifname"]] = link["address"]
        for name, dev in LAB.items():
            with At("lab"):
                self.sock[name] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                                socket.htons(3))
                self.sock[name].bind((dev, 3))
            self.sock[name].setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE

    def eng(self, command):
        return sh(f"ip netns exec eng {command}")

    def drain(self):
        for s in self.sock.values():
            while select.select([s], [], [], 0)[0]:
                s.recv(70000)

    def send(self, place, source, packet, to=None, vlan=None):
        """a packet by the interface of the engine's that is called so, from a link address"""
        packet = bytes(packet)
        kind = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
        if vlan:
            kind = b"\x81\x00" + vlan.to_bytes(2, "big") + kind
        self.sock[place].send(ethers(to or self.mac["br" if place == "b" else place]) +
                              ethers(source) + kind + packet)

    def large(self, place, source, packet, size):
        """likewise a TCP packet that is many of so many bytes each, and what comes of it"""
        packet = bytes(packet)
        l4 = 20 if packet[0] >> 4 == 4 else 40
        pseudo = packet[12:20] + struct.pack("!HH", 6, len(packet) - l4)
        assert l4 == 20
        # what is left to the device: the sum of the pseudo header alone
        packet = packet[:36] + struct.pack("!H", ~checksum(pseudo) & 0xffff) + packet[38:]
        frame = ethers(self.mac[place]) + ethers(source) + b"\x08\x00" + packet
        with At("lab"):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            sock.bind((LAB[place], 0))
        sock.setsockopt(263, 15, 1)       # PACKET_VNET_HDR
        self.drain()
        # flags: it needs a checksum; TCP of IPv4; all headers; size; where that begins
        sock.send(struct.pack("<BBHHHH", 1, 1, 14 + 40, size, 14 + l4, 16) + frame)
        sock.close()
        return self.came()

    def settle(self):
        """nothing is under way any more: there is one processor, and a ping is answered"""
        self.eng("ping -qc 1 -W 9 127.0.0.1 >/dev/null")

    def came(self):
        """{place: [(destination, source, IP packet) ...]} of all that has come"""
        got = {}
        self.settle()
        for name, s in self.sock.items():
            while select.select([s], [], [], 0)[0]:
                data, address = s.recvfrom(70000)
                if address[2] == socket.PACKET_OUTGOING:
                    continue
                off = 12
                if data[12:14] == b"\x81\x00":
                    off = 16
                if data[off:off + 2] not in (b"\x08\x00", b"\x86\xdd"):
                    continue
                # what the engine's own IPv6 says to all of a link is no packet of ours
                if data[0] & 1:
                    continue
                got.setdefault(name, []).append((data[:6].hex(":"), data[6:12].hex(":"),
                                                 data[off + 2:]))
        return got

    def pass_on(self, place, source, packet, **kwargs):
        self.drain()
        self.send(place, source, packet, **kwargs)
        return self.came()

    def device(self, name):
        one = self.qos("device", "show", name)[0]
        return {k: v["packets"] for k, v in one["counters"].items() if v["packets"]}

    def service(self, name):
        one = self.qos("service", "show", name)[0]
        return {k: v["packets"] for k, v in one["counters"].items() if v["packets"]}
