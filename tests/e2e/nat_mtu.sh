#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Path MTU discovery through the translator: links of 1,400 bytes that neither end
# knows of, beyond the translator and before it; large transfers within the tunnel
# complete, either way. The topology is drawn in tests/lib/nodes.sh.
#
# vm: -m 1536 -t 900
# charons: the SAs that charon installs, and their kernel's path MTU
# ci-once: steer_packets has its routes there
NODES=2
. tests/lib/lib.sh
. tests/lib/nodes.sh

BYTES=2000000

# icmp: errors that were translated
icmp()
{
	qos nat -j nat rule show | jq '.[0].counters.icmp.packets'
}

# transfers FROM ADDRESS TO ADDRESS DEVICE: all bytes arrive, with no ESP in fragments at
# that device of nat
transfers()
{
	local fragments before

	before=$(icmp)
	capture_start nat "$5" fragments -s 64 'ip[6:2] & 0x3fff != 0'
	tests/lib/transfer.py "${@:1:4}" $BYTES
	capture_stop fragments
	fragments=$(captured fragments)
	echo "           $(($(icmp) - before)) errors translated, $fragments fragments"
	(($(icmp) > before)) || fail "no ICMP error passed"
	expect "fragments" 0 "$fragments"
}

nodes_topology
nodes_conf
nodes_start
module_load
qos nat nat rule add id 1 inside-dev in outside-dev out
nodes_up
for name in gw node-1; do
	at $name sysctl -qw net.ipv4.tcp_mtu_probing=0
done
pings node-1 10.2.1.1 -I 10.1.1.1

step "beyond the translator: what a node sends"
ip -n isp link set gw mtu 1400
transfers node-1 10.1.1.1 gw 10.2.1.1 out

step "before the translator: what the gateway sends"
ip -n isp link set gw mtu 1500
ip -n nat link set in mtu 1400
transfers gw 10.2.1.1 node-1 10.1.1.1 in
