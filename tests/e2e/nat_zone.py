#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A rule of translation where others tell conntrack what to do with ESP, in a chain of
priority raw: a zone of its own, or to leave it alone. Nodes have their ESP all the same,
a port forwarding of that zone goes on, and what nobody wants is discarded.

    nodes 172.20.4.21 to .23, server .80 ---- lan  nat  wan 203.0.113.1 ---- far .10 to .13
"""
# ci-once: what compat.h has is not in it
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from rawesp import Command, answer, came, drain, raw, send, sh, steps   # noqa: E402

GLOBAL, ROUTED = "203.0.113.1", "198.51.100.7"
PEER, CLIENT, STRANGER = "203.0.113.10", "203.0.113.11", "203.0.113.13"
NODES, SERVER = ["172.20.4.%d" % i for i in (21, 22, 23)], "172.20.4.80"

sh("""
set -e
modprobe ipsec_qos
for n in node nat far; do ip netns add $n; ip -n $n link set lo up; done
ip -n node link add n0 type veth peer name lan netns nat
ip -n far link add f0 type veth peer name wan netns nat
for i in 21 22 23 80; do ip -n node addr add 172.20.4.$i/24 dev n0; done
for i in $(seq 10 13); do ip -n far addr add 203.0.113.$i/24 dev f0; done
ip -n nat addr add 172.20.4.1/24 dev lan
ip -n nat addr add 203.0.113.1/24 dev wan
for x in node:n0 far:f0 nat:lan nat:wan; do ip -n ${x%:*} link set ${x#*:} up; done
ip -n node route add default via 172.20.4.1
ip -n far route add 198.51.100.7 via 203.0.113.1
ip -n nat route add default via 203.0.113.12
ip netns exec nat sysctl -qw net.ipv4.ip_forward=1
ip netns exec nat nft -f - <<END
table ip t {
	chain raw {
		type filter hook prerouting priority raw
	}
	chain pre {
		type nat hook prerouting priority dstnat
		iifname wan ip protocol esp ip saddr 203.0.113.11 dnat to 172.20.4.80
	}
	chain forward {
		type filter hook forward priority filter; policy drop
		ip protocol icmp accept
		ct state established,related,untracked accept
		ct status dnat accept
	}
	chain post {
		type nat hook postrouting priority srcnat
		oifname wan masquerade
	}
}
END
ip netns exec node ping -qc 1 -W 9 203.0.113.10 >/dev/null
""")
node, far = raw("node"), raw("far")
qos = Command("nat")
spi = 0xc1000000


def new_spi():
    global spi
    spi += 0x10003
    return spi


def told(what):
    """what conntrack is told of ESP, with a rule that knows nothing yet"""
    sh("ip netns exec nat nft 'flush chain ip t raw; "
       "add rule ip t raw ip protocol esp %s'" % what)
    qos.rule("id", "3", "inside-dev", "lan", "outside-dev", "wan")


def comes_in(inside, src, number):
    drain(node)
    send(far, src, GLOBAL, number)
    assert came(node, (src, inside, number)), "%s does not reach %s" % (src, inside)


def goes_out(inside, dst, number):
    drain(far)
    send(node, inside, dst, number)
    assert came(far, (GLOBAL, dst, number)), "%s does not reach %s" % (inside, dst)


def nodes():
    """all of one peer: those that wait, and those that are confirmed"""
    for _ in range(2):
        spis = {inside: new_spi() for inside in NODES}
        for inside, number in spis.items():
            goes_out(inside, PEER, number)
            goes_out(inside, PEER, number)
        for inside, number in spis.items():
            comes_in(inside, PEER, answer(number))
        for inside, number in spis.items():
            goes_out(inside, PEER, number)
            comes_in(inside, PEER, answer(number))
            assert qos.table()[number]["state"] == "confirmed"
    seen = sh("ip netns exec nat cat /proc/net/nf_conntrack")
    assert "dst=%s " % PEER not in "".join(
        x for x in seen.splitlines(True) if x.split()[3] == "50"), seen


def nobodys():
    before, number = qos.count("unmatched"), new_spi()
    drain(node)
    send(far, STRANGER, GLOBAL, number)
    assert not any(came(node, (STRANGER, inside, number), 0.2) for inside in NODES)
    assert qos.count("unmatched") == before + 1


def nodes_in_a_zone():
    """nodes, where ESP is in a zone"""
    told("ct zone set 23")
    nodes()


def forwarded_in_a_zone():
    """a port forwarding in it, to a host that might be a node"""
    for _ in range(3):
        comes_in(SERVER, CLIENT, new_spi())
        goes_out(SERVER, CLIENT, new_spi())
    assert not any(n["inside_local"] == SERVER for n in qos.table().values())
    assert "zone=23" in sh("ip netns exec nat cat /proc/net/nf_conntrack")


def nobodys_in_a_zone():
    """what nobody wants, in it"""
    nobodys()


def nodes_not_tracked():
    """nodes, where conntrack is to leave ESP alone"""
    told("notrack")
    nodes()


def nobodys_not_tracked():
    """what nobody wants, to this router's address and to one that is only routed here"""
    nobodys()
    qos("nat", "rule", "replace", "id", "3", "inside-dev", "lan", "outside-dev", "wan",
        "global", ROUTED)
    before = qos.count("unmatched")
    send(far, STRANGER, ROUTED, new_spi())
    send(far, STRANGER, ROUTED, new_spi())
    assert qos.count("unmatched") == before + 2


sys.exit(steps(nodes_in_a_zone, forwarded_in_a_zone, nobodys_in_a_zone, nodes_not_tracked,
               nobodys_not_tracked))
