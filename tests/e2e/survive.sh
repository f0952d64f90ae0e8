#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Daemon, charon and module end, hang and come back under traffic, alone and
# together: nothing is untagged that was tagged (but while the module is away),
# and the tables are exactly right afterwards.
#
#   gw ---- peer		(tests/lib/peer.sh draws it)
#
# vm: -t 900
# ci-once: what compat.h has is not in it
CHILDREN=3
. tests/lib/lib.sh
. tests/lib/exact.sh
. tests/lib/peer.sh

# exact TIME WHAT: tables as they should be, within a second of that, and all that
# flows is tagged from now on
exact()
{
	tables_exact_since gw "$@"
	witness_forgive gw
	flows_on gw
	all_marked gw
}

# some_unmarked: some ESP packets were not tagged
some_unmarked()
{
	(($(witnessed gw unmarked) > ${forgiven[gw]:-0}))
}

# sas_in_kernel NUMBER
sas_in_kernel()
{
	[ "$(kernel_sas gw | wc -l)" = "$1" ]
}

# peer_again: whatever the peer believes to have, and a charon that was killed
# has left in the kernel. The peer first: what it sends to an SA that is gone is
# nobody's.
peer_again()
{
	swan peer --terminate --ike gw --force >>"$W/peer/swan.log" 2>&1 || true
	# policies without SAs would have the kernel ask for SAs
	ip -n gw xfrm policy flush
	ip -n gw xfrm state flush
	wait_for 2 sas_exact gw
	expect "SAs" 0 "$(module_sas gw | wc -l)"
	peer_up
}

daemon_kill()
{
	qosd_stop gw KILL
}

daemon_term()
{
	qosd_stop gw TERM
}

charon_kill()
{
	charon_stop gw KILL
}

charon_term()
{
	charon_stop gw TERM
}

unload()
{
	changes_pause gw
	module_unload
}

load()
{
	module_load
	changes_go_on gw
}

step "topology, module, daemon, charons, traffic"
peer_topology
module_load
changes_watch gw
peer_conf 2
witness gw $GOLD
qosd_start gw
charon_start gw plugin </dev/null
charon_start peer </dev/null
peer_flows
peer_up
tables_exact_since gw "$(now_ms)" "the last CHILD SA"
flows_on gw
all_marked gw
expect "SAs" $((2 * CHILDREN)) "$(module_sas gw | wc -l)"

step "the daemon is killed: what is tagged stays tagged"
daemon_kill
flows_on gw
all_marked gw
tables_exact gw

step "an SA that the kernel deletes has no entry any more"
swan peer --terminate --child net3 >>"$W/peer/swan.log"
wait_for 20 sas_in_kernel $((2 * (CHILDREN - 1)))
tables_exact_since gw "$(now_ms)" "the kernel's deletion"
# the peer may have sent to it until it knew that it is gone
witness_forgive gw
flows_on gw
all_marked gw

step "a new CHILD SA without a daemon, which has no entry"
swan_up peer net3 --timeout 15
not sas_exact gw >/dev/null || fail "an SA has an entry that nobody made"
expect "SAs" $((2 * (CHILDREN - 1))) "$(module_sas gw | wc -l)"
wait_for 20 some_unmarked

step "the daemon is back"
qosd_start gw
exact "$came_back" "the daemon's start"

# children_again: each CHILD SA goes and is negotiated anew; says how long that
# took, in ms
children_again()
{
	local child begin

	begin=$(date +%s%3N)
	for child in net1 net2 net3; do
		swan peer --terminate --child $child >>"$W/peer/swan.log"
		swan_up peer $child
	done
	echo $(($(date +%s%3N) - begin))
}

# late: how often charon has waited in vain for an answer
late()
{
	grep -c "did not answer within $PATIENCE ms" "$W/gw/charon.log" || true
}

# Did IKE wait each time that it asks, three times for a CHILD SA, it would be
# nine times PATIENCE. After five answers in a row that are late it goes on at once;
# tests/unit/charon_feed_test.c shows that with the default.
step "the daemon hangs: IKE waits for five answers, and goes on"
passed_over=$(json .charon.passed_over qos gw -j daemon status)
usual=$(children_again)
before=$(late)
kill -STOP "${qosd_pid[gw]}"
hung=$(children_again)
echo "three CHILD SAs: $usual ms, while the daemon hangs $hung ms"
expect "late answers" $((before + 5)) "$(late)"
((hung < 2 * usual + 8 * PATIENCE)) || fail "IKE was held up otherwise"
wait_for 20 some_unmarked
kill -CONT "${qosd_pid[gw]}"
# charon tries again less often where the daemon is there but does not answer
wait_for 30 json_is '.charon.synced' qos gw -j daemon status
exact "$(now_ms)" "charon's return to the daemon"
expect "SAs passed over" $((passed_over + 2 * CHILDREN)) \
	"$(json .charon.passed_over qos gw -j daemon status)"

for signal in TERM KILL; do
	step "charon ends by SIG$signal"
	charon_stop gw $signal
	wait_for 20 json_is '.charon.connected | not' qos gw -j daemon status
	wait_for 3 sas_exact gw
	if [ $signal = KILL ]; then
		expect "SAs" $((2 * CHILDREN)) "$(module_sas gw | wc -l)"
		flows_on gw
		all_marked gw
	else
		# it deletes its SAs, and the peer may not yet know
		expect "SAs" 0 "$(module_sas gw | wc -l)"
		witness_forgive gw
	fi
	charon_run gw
	tables_exact_since gw "$came_back" "charon's start"
	wait_for 20 json_is '.charon.synced' qos gw -j daemon status
	all_marked gw
	peer_again
	tables_exact_since gw "$(now_ms)" "the last CHILD SA"
	all_marked gw
	witness_forgive gw
	flows_on gw
	all_marked gw
done

step "the module is unloaded and loaded again"
unload
# shellcheck disable=SC2119 # they are its own
load
exact "$came_back" "the module's load"

# shuffled WORD…: into the array of that name. RANDOM repeats in this shell only.
shuffled()
{
	local i j word

	shuffled=("$@")
	for ((i = $# - 1; i > 0; i--)); do
		j=$((RANDOM % (i + 1)))
		word=${shuffled[i]}
		shuffled[i]=${shuffled[j]}
		shuffled[j]=$word
	done
}

RANDOM=2409
for round in 1 2 3 4; do
	signals=(kill term)
	shuffled "daemon_${signals[RANDOM % 2]}" "charon_${signals[RANDOM % 2]}" module
	acts=("${shuffled[@]:0:2 + RANDOM % 2}")
	step "together, round $round: ${acts[*]}"
	for act in "${acts[@]}"; do
		case $act in
		module) unload ;;
		*) "$act" ;;
		esac
	done
	shuffled "${acts[@]%_*}"
	step "          back: ${shuffled[*]}"
	for back in "${shuffled[@]}"; do
		case $back in
		daemon) qosd_start gw ;;
		charon) charon_run gw ;;
		module)
			# shellcheck disable=SC2119 # they are its own
			load
			;;
		esac
	done
	tables_exact_since gw "$came_back" "the last one's start"
	wait_for 20 json_is '.charon.synced and .kernel.connected' qos gw -j daemon status
	if [[ ${acts[*]} = *charon* ]]; then
		peer_again
	fi
	[[ ${acts[*]} =~ module|charon_term ]] || all_marked gw
	exact "$(now_ms)" "that"
done

# Entries by hand, so that there are some for as long as the namespace is there.
qos peer group add other id 7 mark 0x70/0xff0
qos peer sa add dst 192.0.2.77 spi 0x7777 proto esp group other
others=$(qos peer -j sa show)
expect "SAs of another namespace" 1 "$(jq length <<<"$others")"

step "the namespace goes, with all that is in it; what another has stays"
flows_on gw
host_del gw
wait_for 30 not ip -n peer link show eth0
expect "SAs of another namespace" "$others" "$(qos peer -j sa show)"
expect "group" 192.0.2.77,other "$(json '.[] | "\(.dst),\(.group)"' qos peer -j sa show)"
module_unload
module_load
expect "SAs after the module's load" 0 "$(json length qos peer -j sa show)"
