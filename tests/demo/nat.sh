#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What make demo-nat runs in the virtual machine. The topology is drawn in
# tests/lib/nodes.sh.
. tests/lib/lib.sh
. tests/lib/nodes.sh
. tests/demo/say.sh

# answers NAME: packets that came back of those that were sent; -: none were
answers()
{
	if [ -e "$W/ping-$1.log" ]; then
		awk '/packets transmitted/ { print $4 "/" $1 }' "$W/ping-$1.log"
	else
		echo -
	fi
}

# who_answers: a table of what nodes_pinged has left; $got nodes have answers
who_answers()
{
	local i out

	got=0
	printf '  %-7s  %-10s  %15s  %15s\n' node inside "asks gw" "is asked by gw" \
		------- ---------- --------------- ---------------
	for ((i = 1; i <= NODES; i++)); do
		out=$(answers "node-$i:gw")
		[ "${out%/*}" = 0 ] || got=$((got + 1))
		printf '  %-7s  %-10s  %15s  %15s\n' "node-$i" "10.0.1.$((10 + i))" \
			"$out" "$(answers "gw:$i")"
	done
	printf '\n'
}

echo
say "$NODES nodes behind one address, $GLOBAL, and a gateway, $GW: each a network"
say "namespace, with a charon that keeps ESP plain (esp_through_nat)"
nodes_topology
nodes_conf
nodes_start

title "Linux's masquerade: whose answers are these?"
nodes_up
nodes_ping out -c 8 -W 1
nodes_pinged
who_answers
says "$got of $NODES nodes get answers; more than one cannot" [ $got -le 1 ]

title "ipsec-qos nat: the same nodes, all at once"
for name in $(nodes); do
	swan "$name" --terminate --ike gw >>"$W/$name/swan.log" 2>&1
done
module_load
say "# ipsec-qos nat rule add id 1 inside-dev in outside-dev out"
qos nat nat rule add id 1 inside-dev in outside-dev out
echo
exec_at nat ipsec-qos monitor nat >"$W/monitor.log" </dev/null &
monitor=$!
capture_start nat out wire -s 64
nodes_up
nodes_ping out+in -c 8 -W 1
nodes_pinged
capture_stop wire
end $monitor
who_answers
says "$got of $NODES nodes get answers" [ $got = "$NODES" ]

title "The translation table, as it filled"
sed -n '1,12p' "$W/monitor.log" | sed 's/^/  /'
say "…"
title "The translation table"
qos nat nat show | sed 's/^/  /'

title "The wire: one address, protocol 50, no UDP"
tcpdump -n -t -r "$W/wire.pcap" -c 8 esp 2>/dev/null | sed 's/^/  /'
say "…"
echo
esp=$(captured wire esp) ike=$(captured wire udp port 500)
rest=$(captured wire ip and not esp and not udp port 500)
hosts=$(tcpdump -n -t -r "$W/wire.pcap" esp 2>/dev/null | awk '{ print $2 }' | sort -u |
	grep -cv "^$GW$")
says "$esp packets of ESP, $ike of IKE, $rest others; $hosts address for all nodes" \
	[ "$rest:$hosts" = 0:1 ]
says_end
