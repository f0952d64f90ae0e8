#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Eight strongSwan clients behind one address, all to one gateway, with plain ESP:
# with masquerade alone not more than one gets through; with the module all do, both
# ways at once, and through rekeys by either side. The topology is drawn in
# tests/lib/nodes.sh.
#
# vm: -m 1536 -t 900
# charons: how the plugin derives SPIs, and keeps ESP plain
# ci-once: spi_derive has its SPIs there, nat_forward its packets
. tests/lib/lib.sh
. tests/lib/nodes.sh

GOLD=0x10/0xff0

# look HOST: $installed are ID:SPI of the CHILD SAs that are up
look()
{
	local sa kind state id spi

	installed=()
	ask "$1" sas
	for sa in $answer; do
		IFS=: read -r kind state id spi <<<"$sa"
		[ "$kind:$state" != child:INSTALLED ] || installed+=("$id:$spi")
	done
}

# rekey HOST: every CHILD SA there
rekey()
{
	local sa

	look "$1"
	for sa in "${installed[@]}"; do
		wait_for 10 asked "$1" rekey "child-id=${sa%:*}"
	done
}

# renewed: gw has a CHILD SA with each node, and none is of those before
renewed()
{
	local sa

	look gw
	[ ${#installed[@]} = "$NODES" ] || return
	for sa in "${installed[@]}"; do
		[[ " $before " != *" ${sa#*:} "* ]] || return
	done
}

# table FILTER: of nat's translation table, as a number
table()
{
	qos nat -j nat show | jq "map(select($1)) | length"
}

# strays: which packets came to nodes that never chose their SPI (tests/lib/strays.py). Each
# such SPI may have fitted another node's, of the last seconds, by chance: of some
# thousands one does, until its own node has sent on it.
strays()
{
	local said

	said=$(tcpdump -n -r "$W/nodes.pcap" 2>/dev/null |
		tests/lib/strays.py "$W/gw/charon.log")
	echo "           strays (SPI, node, packets): ${said//$'\n'/; }"
	awk '
		$1 == "right" { right = $2; next }
		$NF != "fits" { wrong++ }
		!known[$1]++ { misled++ }
		END { exit !(right > 0 && !wrong && misled <= 2) }' <<<"$said"
}

# counted: of ESP that came from outside, what was delivered, and what was discarded as no
# node had sent on its SA yet
counted()
{
	json '.[0].counters | "\(.in.packets) \(.unmatched.packets)"' qos nat -j nat rule show
}

# accounted: $delivered and $discarded, since $counted, are all that gw sent
accounted()
{
	local in out sent

	sent=$(at gw nft -j list counters | jq '[.nftables[].counter.packets // 0] | add')
	read -r in out < <(counted)
	delivered=$((in - ${counted% *})) discarded=$((out - ${counted#* }))
	echo "$sent ESP sent, $delivered delivered, $discarded discarded"
	[ "$sent" = $((delivered + discarded)) ]
}

# tracked: how many flows of ESP connection tracking knows
tracked()
{
	at nat cut -d ' ' -f 8 /proc/net/nf_conntrack | grep -cx 50 || true
}

step "eight nodes behind one address"
nodes_topology
nodes_conf
# one of both hosts is enough
for name in node-2 node-7; do
	sed -i /esp_through_nat/d "$W/$name/plugin.conf"
done
nodes_start

step "masquerade alone: one gets answers at most"
nodes_up
nodes_ping out -w 5
nodes_pinged
echo "           $answered of $NODES nodes got answers"
((answered <= 1)) || fail "more than one node got through without the module"
expect "SAs in UDP" "" "$(ip -n gw xfrm state | grep espinudp || true)"
for said in "gw ignoring" "node-1 not announcing" "node-8 not announcing"; do
	grep -q "${said#* } NAT detection, ESP stays" "$W/${said%% *}/charon.log" ||
		fail "the log does not say: $said"
done

step "with the module all do, both ways at once"
for name in $(nodes); do
	swan "$name" --terminate --ike gw >>"$W/$name/swan.log" 2>&1
done
before=$(tracked)
module_load
qos nat nat rule add id 1 inside-dev in outside-dev out
nodes_up
capture_start nat out wire -s 64
nodes_ping out+in -w 5
nodes_pinged
capture_stop wire
expect "who got answers" $((2 * NODES)) "$answered"
echo "           $lost of $sent packets lost"
expect "confirmed" "$NODES" "$(table '.state == "confirmed"')"
qos nat nat show

step "the wire: protocol 50, one address, no port 4500"
expect "from other addresses" 0 \
	"$(captured wire "ip and not host $GLOBAL")"
expect "IP without ESP or IKE" 0 \
	"$(captured wire "ip and not esp and not udp port 500")"
expect "ESP on the wire and translated" "$(captured wire "esp and src $GLOBAL")" \
	"$(qos nat -j nat show | jq 'map(.out.packets) | add')"
expect "flows of ESP that connection tracking knows" "$before" "$(tracked)"

step "marks of groups apply"
read -r spi_out spi_in < <(qos nat -j nat show |
	jq -r 'map(select(.inside_local == "10.0.1.12"))[0] | "\(.spi_out) \(.spi_in)"')
qos nat group add gold id 1 mark $GOLD
qos nat sa add dst $GW spi "$spi_out" group gold
qos nat sa add dst $GLOBAL spi "$spi_in" group gold
at nat nft -f - <<END
table ip seen {
	counter marked { }
	chain out {
		type filter hook postrouting priority srcnat + 10
		meta mark & 0xff0 == 0x10 counter name marked
	}
}
END
pings node-2 10.2.1.1 -I 10.1.2.1 -c 3 -i 0.2
expect "marked" "marked+6" "$(nft_counted nat)"
qos nat sa flush >/dev/null
qos nat group del gold

step "through rekeys by either side, 20 each"
# shellcheck disable=SC2046 # names
vici_start gw $(nodes)
rekeys=20
at gw nft -f - <<END
table ip sent {
	counter protected { }
	chain out {
		type filter hook postrouting priority 0
		meta l4proto esp counter name protected
	}
}
END
counted=$(counted)
capture_start nat in nodes -s 64 esp and dst net 10.0.1.0/24
nodes_ping out+in
for ((i = 1; i <= rekeys; i++)); do
	for side in gw nodes; do
		look gw
		before=${installed[*]#*:}
		if [ $side = gw ]; then
			rekey gw
		else
			for name in $(nodes); do
				rekey "$name"
			done
		fi
		wait_for 30 renewed
	done
done
# Until then gw may be ahead of a node with what is counted in the end, too.
wait_for 60 nodes_answered_since "$(nodes_answers)" 4
nodes_pinged INT
echo "           $lost of $sent packets lost in $((2 * rekeys * NODES)) rekeys"
# What gw sends on a new SA ahead of its node is nobody's. All else has been delivered.
wait_for 30 accounted
echo "           of gw's ESP $delivered delivered, $discarded discarded ahead of its node's;" \
	"$(nodes_strays) for SAs that were no more"
expect "who got answers" $((2 * NODES)) "$answered"
capture_stop nodes
strays || fail "packets came to nodes that are not theirs"
expect "collisions" 0 "$(qos nat -j nat rule show | jq '.[0].counters.collision.packets')"
nodes_lose_nothing out+in
