#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Beside a rule of translation other NAT of ESP goes on: port forwardings to a server
among the rule's nodes and to one elsewhere, and who masquerade serves. What nobody wants
is discarded.

    node  10.0.1.0/24, server .50  ---- in  nat  out 192.0.2.1 ---- far 192.0.2.2 to .9
    guest 10.0.6.0/24, server .9   ---- dmz
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from rawesp import Command, answer, came, drain, raw, send, sh, steps, until   # noqa: E402

GLOBAL, PEER = "192.0.2.1", "192.0.2.2"
SERVER, CLIENT, CLIENT_TOO = "10.0.1.50", "192.0.2.3", "192.0.2.5"
ELSEWHERE, ITS_CLIENT = "10.0.6.9", "192.0.2.4"
GUEST, ITS_PEER = "10.0.6.20", "192.0.2.6"
STALE, STALE_PEER = "10.0.1.30", "192.0.2.7"
RULES = {
    "by interface": ["id", "5", "inside-dev", "in", "outside-dev", "out"],
    "by prefix, of an address": ["id", "5", "inside", "10.0.1.0/24", "outside-dev", "out",
                                 "global", GLOBAL],
}

sh("""
set -e
modprobe ipsec_qos
for n in node guest nat far; do ip netns add $n; ip -n $n link set lo up; done
ip -n node link add n0 type veth peer name in netns nat
ip -n guest link add g0 type veth peer name dmz netns nat
ip -n far link add f0 type veth peer name out netns nat
for i in 12 13 30 50; do ip -n node addr add 10.0.1.$i/24 dev n0; done
for i in 9 20; do ip -n guest addr add 10.0.6.$i/24 dev g0; done
for i in $(seq 2 9); do ip -n far addr add 192.0.2.$i/24 dev f0; done
ip -n nat addr add 10.0.1.1/24 dev in
ip -n nat addr add 10.0.6.1/24 dev dmz
ip -n nat addr add 192.0.2.1/24 dev out
for x in node:n0 guest:g0 far:f0 nat:in nat:dmz nat:out; do
	ip -n ${x%:*} link set ${x#*:} up
done
ip -n node route add default via 10.0.1.1
ip -n guest route add default via 10.0.6.1
ip netns exec nat sysctl -qw net.ipv4.ip_forward=1
ip netns exec nat nft -f - <<END
table ip t {
	chain pre {
		type nat hook prerouting priority dstnat
		iifname out ip protocol esp ip saddr { 192.0.2.3, 192.0.2.5 } dnat to 10.0.1.50
		iifname out ip protocol esp ip saddr 192.0.2.4 dnat to 10.0.6.9
	}
	chain post {
		type nat hook postrouting priority srcnat
		oifname out masquerade
	}
}
END
ip netns exec node ping -qc 1 -W 9 192.0.2.2 >/dev/null
ip netns exec guest ping -qc 1 -W 9 192.0.2.2 >/dev/null
""")
node, guest, far = raw("node"), raw("guest"), raw("far")
qos = Command("nat")
spi = 0xb0000000


def new_spi():
    global spi
    spi += 0x10001
    return spi


def comes_in(sock, inside, src, number):
    drain(sock)
    send(far, src, GLOBAL, number)
    assert came(sock, (src, inside, number)), "%s does not reach %s" % (src, inside)


def goes_out(sock, inside, dst, number):
    drain(far)
    send(sock, inside, dst, number)
    assert came(far, (GLOBAL, dst, number)), "%s does not reach %s" % (inside, dst)


def both_ways(sock, inside, client):
    """several SAs, as IKE makes them anew"""
    for _ in range(3):
        comes_in(sock, inside, client, new_spi())
        goes_out(sock, inside, client, new_spi())


def of_a_node(inside, peer):
    number = new_spi()
    goes_out(node, inside, peer, number)
    comes_in(node, inside, peer, answer(number))
    goes_out(node, inside, peer, number)
    assert qos.table()[number]["state"] == "confirmed"


def tracked(line):
    return sum(x.split()[3:4] == ["50"] and line in x for x in
               sh("ip netns exec nat cat /proc/net/nf_conntrack").split("\n"))


def without_a_rule():
    """without a rule: what is there already"""
    both_ways(node, SERVER, CLIENT)
    both_ways(guest, ELSEWHERE, ITS_CLIENT)
    goes_out(guest, GUEST, ITS_PEER, new_spi())
    comes_in(guest, GUEST, ITS_PEER, new_spi())
    goes_out(node, STALE, STALE_PEER, new_spi())
    comes_in(node, STALE, STALE_PEER, new_spi())
    for words in RULES.values():
        qos("nat", "rule", "replace", *words)


def beside(how):
    qos("nat", "rule", "replace", *RULES[how])


def forwarded_to_a_node():
    """to a server among the nodes: connections that were there, and new ones"""
    for how in RULES:
        beside(how)
        both_ways(node, SERVER, CLIENT)
        both_ways(node, SERVER, CLIENT_TOO)
        assert not any(n["inside_local"] == SERVER for n in qos.table().values())
        assert tracked("src=%s dst=%s" % (SERVER, CLIENT_TOO)) == 1


def forwarded_elsewhere():
    """to a server elsewhere"""
    for how in RULES:
        beside(how)
        both_ways(guest, ELSEWHERE, ITS_CLIENT)


def masqueraded_elsewhere():
    """who is no node, and has its ESP masqueraded"""
    for how in RULES:
        beside(how)
        goes_out(guest, GUEST, ITS_PEER, new_spi())
        comes_in(guest, GUEST, ITS_PEER, new_spi())


def nodes():
    """nodes beside them, one with a client of the server's"""
    for how in RULES:
        beside(how)
        qos("nat", "flush")
        for inside in "10.0.1.12", "10.0.1.13":
            of_a_node(inside, PEER)
        of_a_node("10.0.1.12", CLIENT)
        both_ways(node, SERVER, CLIENT)
        of_a_node("10.0.1.13", CLIENT)


def server_begins():
    """the server as a node, with a peer that nothing is forwarded from"""
    of_a_node(SERVER, PEER)


def nobodys():
    """what nobody wants is discarded, and known to conntrack no more than before"""
    for how in RULES:
        beside(how)
        for src in PEER, "192.0.2.8", STALE_PEER:
            before, number = qos.count("unmatched"), new_spi()
            drain(node)
            send(far, src, GLOBAL, number)
            until("not discarded: " + src,
                  lambda seen=before + 1: qos.count("unmatched") == seen)
            assert not came(node, (src, STALE, number), 0)
        assert not tracked("src=192.0.2.8")


sys.exit(steps(without_a_rule, forwarded_to_a_node, forwarded_elsewhere,
               masqueraded_elsewhere, nodes, server_begins, nobodys))
