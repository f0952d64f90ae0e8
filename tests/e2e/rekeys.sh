#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# First packets and rekeys: while traffic goes both ways, 200 CHILD SA rekeys
# and 20 IKE SA rekeys by either side, then reauthentications, then IKEv1; and
# no ESP packet of the peer is untagged. Three count, who do not know of each
# other: the module, tcpdump on the wire, nftables after the module.
#
#   gw ---- peer		(tests/lib/peer.sh draws it)
#
# vm: -t 900
CHILDREN=5
. tests/lib/lib.sh
. tests/lib/exact.sh
. tests/lib/peer.sh

ROUNDS=40	# of five rekeys each; every other time of the IKE SA's, too

# now HOST: SPIs of the IKE SAs and, inbound, of the CHILD SAs that are up
now()
{
	swan "$1" --list-sas --raw | awk -v RS='[{}]' '
		match($0, /state=ESTABLISHED .*initiator-spi=[0-9a-f]+/) ||
		match($0, /state=INSTALLED .*spi-in=[0-9a-f]+/) {
			$0 = substr($0, RSTART, RLENGTH)
			sub(/.*=/, "")
			print
		}' | sort
}

# renewed HOST KEPT: it has one IKE SA and all CHILD SAs; KEPT of them are the
# same as before
renewed()
{
	now "$1" > "$W/now"
	[ "$(wc -l < "$W/now")" = $((CHILDREN + 1)) ] &&
		[ "$(comm -12 "$W/before-$1" "$W/now" | wc -l)" = "$2" ] || return 1
	mv "$W/now" "$W/renewed-$1"
}

# renews KEPT COMMAND…: when it is done all SAs but KEPT are others
renews()
{
	local side

	"${@:2}"
	for side in gw peer; do
		wait_for 30 renewed "$side" "$1"
		mv "$W/renewed-$side" "$W/before-$side"
	done
}

# rekey HOST [OTHER]: all CHILD SAs at once, and the IKE SA amid them. While that
# hands its CHILD SAs over to its successor they are nowhere to be found.
rekey()
{
	local i pids=()

	for ((i = 1; i <= CHILDREN; i++)); do
		wait_for 10 swan "$1" --rekey --child "net$i" &
		pids+=($!)
	done
	[ $# = 1 ] || wait_for 10 swan "$1" --rekey --ike "$2"
	wait "${pids[@]}"
}

# reauthenticate HOST OTHER
reauthenticate()
{
	wait_for 10 swan "$1" --rekey --reauth --ike "$2"
}

# up: all tunnels, while traffic waits for them
up()
{
	local side

	peer_up
	for side in gw peer; do
		now "$side" > "$W/before-$side"
		expect "SAs of $side" $((CHILDREN + 1)) "$(wc -l < "$W/before-$side")"
	done
	tables_exact gw
	all_marked gw
}

step "topology, module, daemon, charons"
peer_topology
module_load
peer_conf 2
capture_start gw wan wire -s 64 esp
witness gw $GOLD
qosd_start gw
# What is rekeyed goes soon, and reauthentication leaves no gap: what the peer
# sends to an SA that is gone is nobody's.
settings="delete_rekeyed_delay = 1
make_before_break = yes"
charon_start gw plugin <<<"$settings"
charon_start peer <<<"$settings"

step "traffic, then tunnels"
peer_flows
up
untagged=$(untagged gw)
echo "untagged IKE packets, before it was known whose they are: $untagged"

for ((round = 1; round <= ROUNDS; round++)); do
	step "rekeying, round $round"
	case $((round % 4)) in
	0) renews 1 rekey gw ;;
	1) renews 0 rekey peer gw ;;
	2) renews 1 rekey peer ;;
	3) renews 0 rekey gw peer ;;
	esac
	all_marked gw
done
expect "untagged packets after rekeying" "$untagged" "$(untagged gw)"
tables_exact gw 5

step "reauthentication"
renews 0 reauthenticate peer gw
tables_exact gw 5
all_marked gw
# The peer may use the first CHILD SA at once, as it answers: before the gateway,
# who began, has heard who it is.
renews 0 reauthenticate gw peer
witness_forgive gw
echo "untagged ESP packets, before it was known whose they are: ${forgiven[gw]}"
tables_exact gw 5

step "IKEv1"
peer_flows_end
swan peer --terminate --ike gw >>"$W/peer/swan.log"
wait_for 10 json_is "length == 0" qos gw -j sa show
peer_conf 1
swan gw --load-all >/dev/null
swan peer --load-all >/dev/null
peer_flows
up
renews 1 rekey peer
renews 1 rekey gw
renews "$CHILDREN" reauthenticate peer gw
renews "$CHILDREN" reauthenticate gw peer
tables_exact gw 5
all_marked gw

step "the counts"
peer_flows_end
capture_stop wire
esp=$(($(counter gw gold esp_in) + $(counter gw gold esp_out)))
echo "$esp ESP packets"
expect "ESP packets on the wire" $((esp + forgiven[gw])) "$(captured wire)"
expect "ESP packets that nftables saw" $((esp + forgiven[gw])) "$(witnessed gw seen)"
all_marked gw

step "each of the three would have noticed"
untagged=$(untagged gw)
capture_start gw wan more -s 64 esp
qos gw sa flush >/dev/null
pings peer 10.1.1.1 -I 10.2.1.1
capture_stop more
expect "untagged packets without entries" $((untagged + 2)) "$(untagged gw)"
expect "ESP packets without the mark" $((forgiven[gw] + 2)) "$(witnessed gw unmarked)"
expect "ESP packets on the wire" 2 "$(captured more)"
not sas_exact gw >/dev/null || fail "tables without entries count as exact"
