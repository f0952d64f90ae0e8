#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A limit for each user, up and down, on a gateway with one network card. The topology
# is drawn in tests/lib/users.sh. Rates are low: the machine is an emulated one.
#
# vm: -t 900 -s 2
# once: classes on every kernel are in overlap.sh
USERS="ada bob cid dee eli fay bob2 mal"
. tests/lib/lib.sh
. tests/lib/users.sh

DOWN=$((160 / ${SLOW:-1}))	# kilobits a second, of each user
UP=$((80 / ${SLOW:-1}))
FLOOD=$(jq -n "3 * $DOWN / 1000")	# megabits a second, of each flow
WINDOW=$((6 * ${SLOW:-1}))	# seconds
SIZE=400			# bytes of UDP payload
SIX="ada bob cid dee eli fay"

# flows USER…: one each way
flows()
{
	local user

	flow=() what=()
	for user; do
		flow+=("srv,$user,${user_inside[$user]},5000,$SIZE,$(wire_esp $SIZE)")
		what+=("down to $user")
		flow+=("$user,srv,10.1.1.80,6${user_inside[$user]##*.},$SIZE,$(wire_clear $SIZE)")
		what+=("up from $user")
	done
}

step "networks"
module_load
users_topology
users_gateway
for user in $SIX bob2 mal; do
	user_conf "$user"
done
user_conf bob2 bob
user_conf mal mal ada@corp.example

# Three lines say it: who, how much towards them, how much from them.
qosd_conf gw <<-END
	profile staff {
		eap-identity = "*@corp.example"
		each { marks = 0x100000/0x1f000f0  clear = 0x80000000  linger = 2 }
	}
	policy nic {
		device = nic
		rate = 20mbit
		each staff { bandwidth = 10kbit  ceil = ${DOWN}kbit }
		each-clear staff { bandwidth = 10kbit  ceil = ${UP}kbit }
	}
END
qosd_start gw
exec_at gw ipsec-qos -j monitor peer > "$W/peers.json" &
monitor=$!
charon_start gw plugin
for user in $SIX; do
	charon_start "$user"
	user_up "$user"
done
expect "groups of six users" 6 \
	"$(qos gw -j daemon status | jq '[.peers[].group] | unique | length')"
expect_json '.ranges[0].used == 6' qos gw -j daemon status
qos gw daemon status
qos gw class show

step "whose each is"
# shellcheck disable=SC2086
six=$(jq -cn '$ARGS.positional | map("eap:\(.)@corp.example")' --args $SIX)
expect_json "[.[].identity] | unique == $six" qos gw -j sa show
expect_json "length == 12 and ([.[].identity] | unique == $six)" \
	qos gw -j class show match '*@corp.example'
expect_json '[.[].identity] == ["eap:cid@corp.example"]' \
	qos gw -j group show match 'eap:cid@*'
grep -E 'nic .* eap:dee@corp.example$' <<<"$(qos gw class show)"
expect_json '[.peers[].eap] == ["eli@corp.example"]' \
	qos gw -j daemon status identity 'eap:ELI@*'

step "six users at once, each way"
# shellcheck disable=SC2086
flows $SIX
load gw "$FLOOD" $WINDOW "${flow[@]}"
for i in "${!flow[@]}"; do
	rate_is "${what[i]}" "$(rate "$i")" $((i % 2 ? UP : DOWN))
done

step "a second device of one user: one limit for both"
charon_start bob2
user_up bob2
expect "bob's groups" 1 "$(user_group bob 'map(.group) | unique | length')"
flows bob bob2 cid
load gw "$FLOOD" $WINDOW "${flow[@]}"
rate_is "down to both of bob's" "$(jq '.rates[0] + .rates[2]' <<<"$loaded")" $DOWN
rate_is "up from both of bob's" "$(jq '.rates[1] + .rates[3]' <<<"$loaded")" $UP
rate_is "down to cid" "$(rate 4)" $DOWN
rate_is "up from cid" "$(rate 5)" $UP

step "one who claims to be another has his own limit, and the other hers"
charon_start mal
user_up mal
not [ "$(user_group mal)" = "$(user_group ada)" ]
flows ada mal
load gw "$FLOOD" $WINDOW "${flow[@]}"
rate_is "down to ada" "$(rate 0)" $DOWN
rate_is "down to mal" "$(rate 2)" $DOWN

# told USER: the events of one, in a line
told()
{
	jq -rs --arg who "eap:$1@corp.example" \
		'map(select(.identity == $who) | .event) | join(" ")' "$W/peers.json"
}

has_told()
{
	[ "$(told "$1")" = "$2" ]
}

step "that they came is told, and went, with what was counted meanwhile"
expect "ada" connect "$(told ada)"
expect "bob, with two devices" connect "$(told bob)"
expect "mal" connect "$(told mal)"
swan bob2 --rekey --ike gw
swan cid --rekey --ike gw --reauth
counted=$(qos gw -j group show "$(user_group fay)")
user_down fay
wait_for 10 has_told fay "connect disconnect"
expect "what fay's group had" "$(jq -c '.[0].counters | .esp_in, .esp_out' <<<"$counted")" \
	"$(jq -c 'select(.event == "disconnect").counters | .esp_in, .esp_out' "$W/peers.json")"
jq -e 'select(.event == "disconnect") | .counters.esp_out.bytes > 10000 and
	.duration > 2 and .from == "connect" and .own' "$W/peers.json"
user_down bob2
expect "bob, with one device, after a rekey" connect "$(told bob)"
expect "cid, authenticated anew" connect "$(told cid)"
user_up fay
wait_for 10 has_told fay "connect disconnect connect"

step "who comes back finds his own mark, though the daemon died meanwhile"
fay=$(user_group fay)
eli=$(user_group eli)
user_down fay
user_down eli
wait_for 30 json_is '.ranges[0].lingering == 0 and .ranges[0].used == 5' \
	qos gw -j daemon status
qosd_stop gw KILL
status=0; wait "$monitor" || status=$?
expect "status of the monitor" 2 $status
user_up eli &
came=$!
qosd_start gw
wait "$came"
user_up fay
wait_for 30 json_is ".ranges[0].used == 7" qos gw -j daemon status
expect "fay's group" "$fay" "$(user_group fay)"
expect "eli's group" "$eli" "$(user_group eli)"
flows fay
load gw "$FLOOD" $WINDOW "${flow[@]}"
rate_is "down to fay" "$(rate 0)" $DOWN
rate_is "up from fay" "$(rate 1)" $UP

rates_are_right
step "all as configured"
