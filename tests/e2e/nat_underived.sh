#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Peers that derive no SPI, behind one address: what each of the rules for them
# does. The topology is drawn in tests/lib/nodes.sh.
#
# vm: -m 1536 -t 900
# charons: how charon chooses SPIs, and when it uses them
# once: the module's part of it is in nat.py
# ci-once: spi_derive has its SPIs there
NODES=3
SPI_DERIVE=no
. tests/lib/lib.sh
. tests/lib/nodes.sh

# counted COUNTER: packets of the rule's
counted()
{
	qos nat -j nat rule show | jq ".[0].counters.$1.packets"
}

# down: end all tunnels, and forget them
down()
{
	local name

	for name in $(nodes); do
		swan "$name" --terminate --ike gw >>"$W/$name/swan.log" 2>&1 || true
	done
	qos nat nat flush >/dev/null
}

# rule WHAT: the same rule, with another fall-back
rule()
{
	qos nat nat rule replace id 1 inside-dev in outside-dev out wait 5 underived "$1"
}

step "discard: nobody gets an answer"
nodes_topology
nodes_conf
nodes_start
module_load
rule discard
nodes_up
nodes_ping out -w 3
nodes_pinged
expect "who got answers" 0 "$answered"
((sent > 0 && $(counted unmatched) == sent)) ||
	fail "$sent sent, $(counted unmatched) answers unmatched"
down

step "serialize: one after the other, all at once as they come up"
rule serialize
nodes_up
before=$(counted serialized)
nodes_ping out -w 10
nodes_pinged
expect "who got answers" "$NODES" "$answered"
echo "           $lost of $sent lost, $(($(counted serialized) - before)) as another node waited"
nodes_lose_nothing out
expect "packets at a node that are not its own" 0 "$(nodes_strays)"
down

step "last: each who comes when nobody else does"
rule last
for name in $(nodes); do
	swan_up "$name" net
	pings "$name" 10.2.1.1 -I "10.1.${name#node-}.1"
done
nodes_lose_nothing out+in
expect "packets at a node that are not its own" 0 "$(nodes_strays)"
qos nat nat show
