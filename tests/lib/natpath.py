# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes, a translator, and who they talk to; what is sent by hand takes that way, in the
order in which it was sent, as there is one processor.

    node 10.0.1.2 to .40 ---- in  nat  out 192.0.2.1 ---- far 192.0.2.2, 192.0.2.3
"""
import itertools
import select
import struct

from rawesp import SLOW, icmp, ipv4, raw, receive, sh

GLOBAL, FAR = "192.0.2.1", "192.0.2.2"


class Path:
    """its ends: raw sockets for ESP and for ICMP"""

    def __init__(self):
        sh("""
set -e
modprobe ipsec_qos
for n in node nat far; do ip netns add $n; ip -n $n link set lo up; done
ip -n node link add n0 type veth peer name in netns nat
ip -n far link add f0 type veth peer name out netns nat
for i in $(seq 2 40); do echo "addr add 10.0.1.$i/24 dev n0"; done | ip -n node -b -
ip -n nat addr add 10.0.1.1/24 dev in
ip -n nat addr add 192.0.2.1/24 dev out
ip -n far addr add 192.0.2.2/24 dev f0
ip -n far addr add 192.0.2.3/24 dev f0
for x in node:n0 far:f0 nat:in nat:out; do ip -n ${x%:*} link set ${x#*:} up; done
ip -n node route add default via 10.0.1.1
ip -n far route add 10.0.1.0/24 via 192.0.2.1
ip netns exec nat sysctl -qw net.ipv4.ip_forward=1
ip netns exec node ping -qc 1 -W 9 192.0.2.2 >/dev/null
ip netns exec nat ping -qc 1 -W 9 192.0.2.3 >/dev/null
""")
        self.node, self.far = raw("node"), raw("far")
        self.node_icmp, self.far_icmp = raw("node", 1), raw("far", 1)
        self.fences = itertools.count()

    def all_of(self, sock):
        """all that comes to this end of what was sent before: behind it goes an answer
        to no ping, which nobody translates, and when that is there, nothing is under
        way any more"""
        if sock is self.far:
            sender, receiver, src, dst = self.node_icmp, self.far_icmp, "10.0.1.2", FAR
        else:
            sender, receiver, src, dst = self.far_icmp, self.node_icmp, FAR, "10.0.1.2"
        fence = icmp(0, 0, struct.pack("!I", next(self.fences)))
        sender.sendto(ipv4(1, src, dst, fence), (dst, 0))
        while True:
            assert select.select([receiver], [], [], 10 * SLOW)[0], "no ICMP comes through"
            if receiver.recv(65536)[20:] == fence:
                return list(iter(lambda: receive(sock, 0), None))

    def nothing(self, sock):
        """of what was sent before"""
        packets = self.all_of(sock)
        assert not packets, packets
