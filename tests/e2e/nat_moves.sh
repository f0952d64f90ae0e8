#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Plain ESP through a translator whose world changes: two gateways by two global
# addresses, a node that moves, a translator that starts again. Everybody's packets go on
# reaching him. The topology is drawn in tests/lib/nodes.sh.
#
# vm: -m 1536 -t 900
# charons: what charon does with a peer that moves
# once: the module's part of it is in nat.py and survive.sh
# ci-once: spi_derive has its SPIs there
NODES=3
GATEWAYS="gw gw2"
MOBIKE=yes
. tests/lib/lib.sh
. tests/lib/nodes.sh

# all_answered: every ping of a few, of everybody, both ways
all_answered()
{
	nodes_ping out+in -c 2 -W 1
	nodes_pinged
	echo "$lost of $sent lost"
	[ "$lost" = 0 ]
}

# expect_entries NUMBER FILTER: of nat's table
expect_entries()
{
	expect "entries with $2" "$1" "$(qos nat -j nat show | jq "map(select($2)) | length")"
}

# rules GLOBAL: that of gw2's ESP, and of IKE with it
rules()
{
	at nat nft -f - <<-END
	flush chain ip nat out
	add rule ip nat out ip daddr ${outside[gw2]} oifname "out" snat to $1
	add rule ip nat out ip saddr 10.0.1.0/24 oifname "out" masquerade
	END
	qos nat -b - <<-END
	nat rule add id 1 inside-dev in outside-dev out responder ${outside[gw]}
	nat rule add id 2 inside-dev in outside-dev out responder ${outside[gw2]} global $1
	END
}

step "two gateways, two global addresses"
nodes_topology
addr nat out 192.0.2.9/24
nodes_conf
nodes_start
module_load
rules 192.0.2.9
nodes_up
wait_for 60 all_answered
expect_entries "$NODES" ".outside == \"${outside[gw]}\" and .inside_global == \"192.0.2.1\""
expect_entries "$NODES" ".outside == \"${outside[gw2]}\" and .inside_global == \"192.0.2.9\""
qos nat nat show

step "the translator starts again: from traffic it finds who is who"
module_unload
module_load
rules 192.0.2.9
wait_for 60 all_answered
expect_entries $((2 * NODES)) '.state == "confirmed"'

step "its table is flushed"
qos nat nat flush
wait_for 60 all_answered
expect_entries $((2 * NODES)) '.state == "confirmed"'

step "a node moves"
at node-1 sysctl -qw net.ipv4.conf.all.promote_secondaries=1
addr node-1 eth0 10.0.1.99/24
ip -n node-1 addr del 10.0.1.11/24 dev eth0
wait_for 60 all_answered
expect_entries 0 '.inside_local == "10.0.1.11" and .idle < 2'
expect_entries 2 '.inside_local == "10.0.1.99"'
expect "SAs in UDP" "" "$(ip -n gw xfrm state | grep espinudp || true)"
qos nat nat show
