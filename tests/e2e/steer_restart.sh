#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whatever is restarted under traffic, no packet goes to an element that has not its SA:
# the router's daemon, an element's daemon, the module, the device that leads to an element.
# Elements are as docs/STEERING.md has them: the same configuration on all hosts, and the
# plugin chooses SPIs of the element's own buckets. The topology is drawn in
# tests/lib/elements.sh, but for a link of its own that the router has to e3.
#
# vm: -s 2 -m 1536 -t 900
# ci-once: steer_packets and steer_bucket have its parts there
PEERS=6 BEHIND=3 PEERS6=6
. tests/lib/lib.sh
. tests/lib/elements.sh

# steering_conf [LINE…]: what all hosts have of it
steering_conf()
{
	cat <<-END
	element e1 { id = 1  via = "10.0.0.1"  via6 = "fd00::1"  device = "in"  check = none }
	element e2 { id = 2  via = "10.0.0.2"  via6 = "fd00::2"  device = "in"  check = none }
	element e3 { id = 3  via = "10.0.30.3"  via6 = "fd00:30::3"  device = "to_e3"  check = none }
	pool vpn { id = 1  members = { e1, e2, e3 }  secret = "000102030405060708090a0b0c0d0e0f" }
	END
	printf '%s\n' "$@"
}

# cable_e3: the link between front and e3; what goes out goes on over the segment
cable_e3()
{
	link front:to_e3 e3:front
	addr front to_e3 10.0.30.254/24 fd00:30::fe/64
	addr e3 front 10.0.30.3/24 fd00:30::3/64
}

# more_answers PEER…: each gets three more
more_answers()
{
	local name
	local -A had=()

	for name; do
		had[$name]=$(peer_answers "$name")
	done
	for name; do
		wait_for 60 peer_answered "$name" $((had[$name] + 2))
	done
}

# at_home: each peer is decrypted where it was, and each of its SPIs is of a bucket of that
# element; which buckets these are is in $buckets
at_home()
{
	local name spi

	look
	buckets=''
	for name in $(peers); do
		expect "$name is decrypted by" "${was[$name]}" "${home[$name]}"
		for spi in ${spi_of[$name]}; do
			expect "the home of $spi" "${was[$name]}" \
				"$(jq -r "map(select(.bucket == $((spi >> 16 & 4095))))[0].home" \
					<"$W/buckets.json")"
			buckets+="$((spi >> 16 & 4095)) "
		done
	done
}

# rekeyed PEER…: their CHILD SAs are others
rekeyed()
{
	local name

	for name; do
		swan "$name" --rekey --child net >>"$W/$name/swan.log"
	done
	for name; do
		wait_for 30 not grep -qF -- "${spi_of[$name]}" <(peer_spis "$name")
		wait_for 30 one_spi "$name"
	done
}

one_spi()
{
	[ "$(peer_spis "$1" | wc -l)" = 1 ]
}

step "six peers, three elements, a daemon on each host"
elements_topology
cable_e3
for family in -4 -6; do
	ip -n e3 $family route del default
done
route e3 default via 10.0.30.254
route e3 ::/0 via fd00:30::fe
module_load
steering_conf "steer $VPN { pool = vpn  ike = pool }" "steer $VPN6 { pool = vpn  ike = pool }" |
	qosd_conf front
qosd_start front
for name in $(elements); do
	steering_conf "settings { self = $name }" | qosd_conf "$name"
	qosd_start "$name"
	echo "spi_bucket = yes" > "$W/$name/plugin.conf"
	element_conf "$name"
	element_start "$name" plugin
done
for name in $(peers); do
	peer_conf "$name"
	peer_start "$name"
done
wait_for 30 json_is 'length == 2' qos front -j steer show
mapfile -t all < <(peers)
peers_up "${all[@]}"
peers_ping
more_answers "${all[@]}"
look
# Who begins where is chance: one of them begins anew until e3 has somebody.
for ((i = 0; i < 30; i++)); do
	[[ " ${home[*]} " != *" e3 "* ]] || break
	peers_down peer-4
	peers_up peer-4
	more_answers peer-4
	look
done
peers_pinged
qos front -j pool buckets vpn > "$W/buckets.json"
declare -A was
for name in "${all[@]}"; do
	[[ ${home[$name]} = e[123] ]] || fail "$name is decrypted by ${home[$name]}"
	was[$name]=${home[$name]}
done
at_home
echo "           $(homes "${all[@]}"); buckets $buckets"
(($(tr ' ' '\n' <<<"$buckets" | sort -u | grep -c .) > ELEMENTS)) ||
	fail "an element chooses of one bucket alone"

step "the router's daemon is killed, and comes again"
peers_ping
more_answers "${all[@]}"
qosd_stop front KILL
more_answers "${all[@]}"
qosd_start front
wait_for 30 json_is '.steering.elements | length == 3' qos front -j daemon status
more_answers "${all[@]}"
at_home

step "the elements' daemons are killed; SPIs are of their buckets still, then and later"
for name in $(elements); do
	qosd_stop "$name" KILL
done
rekeyed "${all[@]}"
more_answers "${all[@]}"
at_home
for name in $(elements); do
	qosd_start "$name"
done
rekeyed "${all[@]}"
more_answers "${all[@]}"
at_home
peers_pinged
echo "           $lost of $sent packets lost, $(no_states) at an element without the SA"
none_lost $((2 * PEERS))
expect "what the router dropped" 0 "$(refused)"

step "the module goes and comes under traffic"
peers_ping
more_answers "${all[@]}"
module_unload
module_load
wait_for 30 json_is 'length == 2' qos front -j steer show
more_answers "${all[@]}"
at_home
qos front -j pool buckets vpn | diff - "$W/buckets.json" || fail "buckets are others"
expect "at an element without the SA" 0 "$(no_states)"

step "the device that leads to an element goes, and comes again"
its=() others=()
for name in $(peers); do
	if [ "${was[$name]}" = e3 ]; then
		its+=("$name")
	else
		others+=("$name")
	fi
done
peers_pinged
peers_ping
more_answers "${all[@]}"
ip -n front link del to_e3
dropped()
{
	json_is 'map(select(.name == "e3"))[0] | .problem == "no-device" and
		.counters.no_route.packets >= 3' qos front -j element show
}
wait_for 30 dropped
more_answers "${others[@]}"
expect "at an element without the SA" 0 "$(no_states)"
cable_e3
route e3 default via 10.0.30.254
route e3 ::/0 via fd00:30::fe
more_answers "${all[@]}"
peers_pinged
at_home
n=0
for name in "${others[@]}"; do
	n=$((n + lost_of[$name]))
done
echo "           $((lost - n)) packets of the ${#its[@]} of e3 were lost, $n of the others"
expect "of the others were lost" 0 "$n"
expect "at an element without the SA" 0 "$(no_states)"
