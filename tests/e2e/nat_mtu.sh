#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Path MTU discovery through the translator: links of 1,400 bytes that neither end
# knows of, beyond the translator and before it; large transfers within the tunnel
# complete, either way. The topology is drawn in tests/lib/nodes.sh.
#
# vm: -s 2 -m 1536 -t 900
NODES=2
. tests/lib/lib.sh
. tests/lib/nodes.sh

BYTES=2000000

# icmp: errors that were translated
icmp()
{
	qos nat -j nat rule show | jq '.[0].counters.icmp.packets'
}

# transfers WHAT HOST ADDRESS LOCAL DEVICE: all bytes arrive, without ESP in fragments
transfers()
{
	local fragments before

	before=$(icmp)
	capture_start nat "$5" "$1" -s 64 'ip[6:2] & 0x3fff != 0'
	flow_start "$2" "$3" "$1" -B "$4" -n $BYTES
	flow_wait "$1"
	capture_stop "$1"
	jq -e ".end.sum_received.bytes >= $BYTES" "$W/$1.json" >/dev/null ||
		fail "not all arrived: $(jq .end "$W/$1.json")"
	fragments=$(captured "$1")
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
flow_server gw 10.2.1.1
flow_server node-1 10.1.1.1
for name in gw node-1; do
	at $name sysctl -qw net.ipv4.tcp_mtu_probing=0
done
pings node-1 10.2.1.1 -I 10.1.1.1

step "beyond the translator: what a node sends"
ip -n isp link set gw mtu 1400
transfers out node-1 10.2.1.1 10.1.1.1 out

step "before the translator: what the gateway sends"
ip -n isp link set gw mtu 1500
ip -n nat link set in mtu 1400
transfers in gw 10.1.1.1 10.2.1.1 in
