#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -s 1 -m 1024 -t 900
# alone: it measures how long nothing is answered
# once: the daemon looks and decides, on whatever kernel
#
# How the daemon tells a device that has failed from one that only seems so, under load: a
# firewall that answers its checks and lets nothing through is suspected, and no more; nor is
# one that loses a tenth of all packets. One whose link is gone has failed within three
# seconds, and its alternate serves. It stays so over a reload, and however often its link
# comes and goes, until somebody admits it.
#
#    client -- router -- i0 engine ------ i1: fw, fw2 (fw0)
#                           ipsec-qosd '- i2: fw, fw2 (fw1)
#                                      '- i3: s1
. tests/lib/lib.sh
. tests/lib/chains.sh

# says FILTER: of the daemon's own words about fw
says()
{
	json_is ".chains.devices | map(select(.name == \"fw\"))[0] | $1" qos engine daemon status
}

# passed: checks of fw that did, in a row
passed()
{
	json '.chains.devices | map(select(.name == "fw"))[0].passed' qos engine daemon status
}

# unfailed: it is up, and what it is sent it has itself
unfailed()
{
	expect_json 'map(select(.name == "fw"))[0] | .state == "up" and .now == "fw"' \
		qos engine -j device show
	says '.failed == false' >/dev/null || fail "the daemon says that fw has failed"
}

# load INTERVAL: pings, from now on; what they say is in $W/load.log
load()
{
	exec_at client ping -D -n -i "$1" "${name4[W1]}" > "$W/load.log" 2>&1 </dev/null &
	load=$!
}

# answers N: there are more than these
answers()
{
	(($(grep -c 'bytes from' "$W/load.log" || true) > $1))
}

# more_answers: from now on
more_answers()
{
	wait_for 20 answers $(($(grep -c 'bytes from' "$W/load.log" || true) + 10))
}

# rule TEXT: ahead of fw's others; rule_del: it goes
rule()
{
	handle=$(at fw nft -ea insert rule inet firewall forward "$1" |
		sed -nE 's/.*# handle ([0-9]+)$/\1/p')
}

rule_del()
{
	at fw nft delete rule inet firewall forward handle "$handle"
}

# changed STATES: fw's state was told of as these, one behind the other
changed()
{
	is=$(jq -rs '[.[] | select(.object == "device" and .name == "fw").state] |
		reduce .[] as $s ([]; if .[-1] == $s then . else . + [$s] end) | join(" ")' \
		"$W/monitor.json")
	[ "$is" = "$1" ]
}

step "client, router, engine, two firewalls, a server"
chain_world
service_address W1
segment 1 2 3
firewall fw 1 2 5
firewall fw2 1 2 6
server s1 3 1 loopback W1
listens s1 tcp/80
module_load
qosd_conf engine <<END
function firewall { check = neigh  interval = 1s }
device fw  { id = 1  function = firewall  interface = i1  address = 10.1.0.5
             inner-interface = i2  inner-address = 10.2.0.5  alternate = fw2 }
device fw2 { id = 2  function = firewall  interface = i1  address = 10.1.0.6
             inner-interface = i2  inner-address = 10.2.0.6 }
device s1  { id = 3  interface = i3  address = 10.3.0.1  check = connect  port = 80
             interval = 1s }
chain guarded { id = 1  devices = { fw, s1 } }
service w1 { id = 1  address = ${name4[W1]}  ports = { "tcp/80", "icmp" }  mode = loopback
             chain = guarded }
END
qosd_start engine
wait_for 30 json_is 'length == 3 and all(.[]; .outer.mac != null)' qos engine -j device show
wait_for 30 says '.ok and .passed >= 2'
exec_at engine ipsec-qos -j monitor device > "$W/monitor.json" 2>&1 </dev/null &
monitor=$!
load 0.02
more_answers

step "it answers its checks and lets nothing through: suspected, and up"
rule drop
wait_for 20 says '.suspected'
before=$(passed)
wait_for 20 says ".passed >= $before + 3"
unfailed
says '.suspected' >/dev/null || fail "nobody suspects it any more"
rule_del
more_answers
wait_for 20 says '.suspected == false'
end $load INT

step "it loses a tenth: nobody suspects it"
load 0.02
rule "numgen random mod 10 == 0 drop"
before=$(passed)
wait_for 20 says ".passed >= $before + 4"
unfailed
says '.suspected == false' >/dev/null || fail "it is suspected"
rule_del
more_answers
end $load INT
missing=$(pings_missing "$W/load.log")
(($(wc -w <<<"$missing") > 10)) || fail "hardly anything was lost: $missing"

step "its link is gone: within three seconds its alternate serves"
load 0.05
more_answers
ip -n switch link set fw-fw0 down
ip -n switch link set fw-fw1 down
more_answers
gap=$(sed -nE 's/^\[([0-9.]+)\].*bytes from.*/\1/p' "$W/load.log" |
	awk 'NR > 1 && $1 - last > gap { gap = $1 - last } { last = $1 } END { printf "%.1f", gap }')
echo "           nothing came for $gap s"
awk -v gap="$gap" -v slow="${SLOW:-1}" 'BEGIN { exit !(gap <= 3 * slow) }' ||
	fail "nothing came for $gap s"
expect_json 'map(select(.name == "fw"))[0] | .state == "down" and .now == "fw2"' \
	qos engine -j device show
says '.failed and (.by_hand | not)' >/dev/null || fail "the daemon does not say that it failed"

step "a reload while it is down changes nothing"
qos engine daemon reload >/dev/null
more_answers
says '.failed' >/dev/null || fail "it is up again"

step "its link comes and goes: it stays down"
for n in 1 2 3; do
	ip -n switch link set fw-fw0 up
	ip -n switch link set fw-fw1 up
	wait_for 20 says '.ok and .passed >= 2'
	says '.failed' >/dev/null || fail "it is up again"
	[ $n = 3 ] && continue
	ip -n switch link set fw-fw0 down
	ip -n switch link set fw-fw1 down
	wait_for 20 says '.ok == false'
done
more_answers
expect_json 'map(select(.name == "fw"))[0] | .state == "down" and .now == "fw2"' \
	qos engine -j device show

step "somebody admits it: it serves again"
before=$(device_count fw outer_sent)
qos engine device admit fw > "$W/admit.log"
grep -qE 'device fw is up; [0-9]+ checks in a row passed' "$W/admit.log" ||
	fail "admit says: $(cat "$W/admit.log")"
more_answers
unfailed
(($(device_count fw outer_sent) > before)) || fail "fw is sent nothing"
end $load INT
wait_for 10 changed "down up"
end $monitor
