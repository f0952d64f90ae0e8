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
# charons: how charon rekeys, and the SAs that it installs
CHILDREN=5
. tests/lib/lib.sh
. tests/lib/exact.sh
. tests/lib/peer.sh

ROUNDS=40	# of five rekeys each; every other time of the IKE SA's, too

# look HOST: $spis are those of the IKE SAs and, inbound, of the CHILD SAs that
# are up, $installed the ids of these CHILD SAs
look()
{
	local sa kind state id spi

	spis=() installed=()
	ask "$1" sas
	for sa in $answer; do
		IFS=: read -r kind state id spi <<<"$sa"
		case $kind:$state in
		ike:ESTABLISHED) spis+=("$spi") ;;
		child:INSTALLED) spis+=("$spi") installed+=("$id") ;;
		esac
	done
}

# renewed HOST KEPT: it has one IKE SA and all CHILD SAs; KEPT of them are the
# same as before
declare -A before
renewed()
{
	local spi kept=0

	look "$1"
	for spi in "${spis[@]}"; do
		[[ " ${before[$1]} " != *" $spi "* ]] || kept=$((kept + 1))
	done
	echo "before: ${before[$1]}; now: ${spis[*]}"
	[ ${#installed[@]} = "$CHILDREN" ] &&
		[ ${#spis[@]} = $((CHILDREN + 1)) ] && [ $kept = "$2" ]
}

# renews KEPT COMMAND…: when it is done all SAs but KEPT are others
renews()
{
	local side

	"${@:2}"
	for side in gw peer; do
		wait_for 30 renewed "$side" "$1"
		before[$side]=${spis[*]}
	done
}

# rekey HOST [OTHER]: all CHILD SAs at once, and the IKE SA amid them
rekey()
{
	local id

	look "$1"
	for id in "${installed[@]}"; do
		wait_for 10 asked "$1" rekey "child-id=$id"
	done
	[ $# = 1 ] || wait_for 10 asked "$1" rekey "ike=$2"
}

# reauthenticate HOST OTHER
reauthenticate()
{
	wait_for 10 asked "$1" rekey "ike=$2" reauth=yes
}

# gone FORGOTTEN: but for so many CHILD SAs at most there are only those that are up
gone()
{
	(($(module_sas gw | wc -l) <= 2 * (CHILDREN + $1)))
}

# down: no tunnel, no traffic, and nothing is left of them
down()
{
	peer_flows_end
	swan peer --terminate --ike gw >>"$W/peer/swan.log"
	wait_for 10 json_is "length == 0" qos gw -j sa show
	wait_for 10 json_is "length == 0" qos gw -j ike show
}

# complete HOST: it has one IKE SA and all CHILD SAs
complete()
{
	look "$1"
	[ ${#spis[@]} = $((CHILDREN + 1)) ]
}

# up: all tunnels, while traffic waits for them
up()
{
	local side

	peer_up
	for side in gw peer; do
		wait_for 10 complete "$side"
		before[$side]=${spis[*]}
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
vici_start gw peer

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

# Where the moment to delete what was rekeyed comes while its IKE SA hands it over
# to its successor, charon does not find it ("CHILD_SA {1} not found for delete"),
# and has it for as long as the IKE SA lives; and no IKE SA with such a one is
# reauthenticated. So that begins with other tunnels.
step "what was rekeyed is gone, but what charon forgot"
forgotten=$(cat "$W"/{gw,peer}/charon.log | grep -c 'not found for delete' || true)
echo "deletions that charon lost: $forgotten"
wait_for 10 gone "$forgotten"
tables_exact gw 5
down

step "reauthentication"
peer_flows
up
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
down
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
qosd_stop gw	# or it would put back what goes
qos gw sa flush >/dev/null
pings peer 10.1.1.1 -I 10.2.1.1
capture_stop more
expect "untagged packets without entries" $((untagged + 2)) "$(untagged gw)"
expect "ESP packets without the mark" $((forgiven[gw] + 2)) "$(witnessed gw unmarked)"
expect "ESP packets on the wire" 2 "$(captured more)"
not sas_exact gw >/dev/null || fail "tables without entries count as exact"
