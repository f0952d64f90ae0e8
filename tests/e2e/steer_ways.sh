#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Elements with charons of their own behind a link, in a VRF, and at the end of IP in IP and
# of WireGuard: peers ping through SAs of each, plain, in UDP and over IPv6, and AH, in
# tunnel and in transport mode; each packet is counted at the element that has the SA, comes
# by its device, and is counted nowhere else. The same where the VPN's address is the
# router's own, too, and behind MOBIKE. The topology is drawn in
# tests/lib/ways.sh.
#
# vm: -m 1536 -t 900
# once: steer_packets has these ways on all kernels
PEERS=8 PEERS6="7 8"
. tests/lib/lib.sh
. tests/lib/elements.sh
. tests/lib/ways.sh

# others_at ELEMENT: what it has beside net
others_at()
{
	others_of "$1" more '*' "local_addrs = $VPN, $VPN6" "pools = inside" <<-END
	second {
		local_ts = 10.3.1.0/24
		esp_proposals = $ESP_PROPOSAL
	}
	ah {
		local_ts = 10.3.2.0/24
		ah_proposals = sha256
	}
	END
	others_of "$1" own '*' "local_addrs = $VPN, $VPN6" <<-END
	own {
		mode = transport
		ah_proposals = sha256
	}
	END
}

# ah_of PEER: both kinds of AH
ah_of()
{
	local vpn=$VPN

	! peer_is6 "$1" || vpn=$VPN6
	others_of "$1" "$1" more "remote_addrs = $vpn" "vips = 0.0.0.0" <<-END
	ah {
		remote_ts = 10.3.2.0/24
		ah_proposals = sha256
	}
	END
	others_of "$1" "$1" own "remote_addrs = $vpn" <<-END
	own {
		mode = transport
		ah_proposals = sha256
	}
	END
}

# all_through: of each peer, what it has
all_through()
{
	local name

	for name in "${own[@]}" "${behind[@]}"; do
		through "$name" "${at_of[$name]}" 1 $SERVER
	done
}

# moved ELEMENT ADDRESS: it sends there now
moved()
{
	ip -n "$1" xfrm state list dst "$2" | grep -F "dst $2"
}

# problems: what status says is wrong, by device, such as "in: accept_local is 0"
problems()
{
	qos front -j status | jq -r '.steering.problems | map("\(.what | sub("interface "; "")): " +
		(.why | sub(".*: "; ""))) | sort | .[]'
}

# remedy: do what status says
remedy()
{
	local line

	while read -r line; do
		[[ $line = "sysctl "* ]] || fail "it is no command: $line"
		# shellcheck disable=SC2086 # words
		at front sysctl -qw ${line#sysctl }
	done < <(qos front -j status | jq -r '.steering.problems[].remedy')
	expect "what is wrong still" "" "$(problems)"
}

own=(peer-1 peer-2 peer-3 peer-4 peer-7 peer-8)
behind=(peer-5 peer-6)
step "four elements, each behind another kind of way"
ways_topology "${own[@]}" "${behind[@]}"
module_load
ways_pool
for name in $(elements); do
	element_conf "$name"
	others_at "$name"
	element_start "$name"
done
for name in "${own[@]}" "${behind[@]}"; do
	peer_conf "$name"
	[[ " ${behind[*]} " = *" $name "* ]] || ah_of "$name"
	peer_start "$name"
done
ways_up net "${own[@]}" "${behind[@]}"
look
for name in "${own[@]}" "${behind[@]}"; do
	echo "           $name ${spi_of[$name]} ${way_of[${at_of[$name]}]}"
done

step "ESP: plain, of two families, and in UDP"
all_through
expect "SAs in UDP" 4 "$(for e in $(elements); do ip -n "$e" xfrm state; done | grep -c espinudp)"
look
for name in "${own[@]}" "${behind[@]}"; do
	expect "$name is decrypted by" "${at_of[$name]}" "${home[$name]}"
done

step "the same in fragments"
# IPv6's are not fragmented on their way to WireGuard: its sender is told, once
counts_keep
at peer-8 ping -n -q -c 1 -W 2 -s 3000 -M dont $SERVER > "$W/peer-8/ping.log" || true
expect "what elements counted" "e4.sent+1 e4.too_big+2" "$(counts_since)"
for name in "${own[@]}" "${behind[@]}"; do
	through "$name" "${at_of[$name]}" 3 $SERVER -s 3000 -M dont
done

step "AH, in tunnel mode"
ways_up ah "${own[@]}"
for name in "${own[@]}"; do
	through "$name" "${at_of[$name]}" 1 10.3.2.80
done
step "AH, in transport mode"
ways_up own "${own[@]}"
for name in "${own[@]}"; do
	! peer_is6 "$name" || continue
	through "$name" "${at_of[$name]}" 1 $VPN
done
for name in peer-7 peer-8; do
	through $name "${at_of[$name]}" 1 $VPN6
done
expect "SAs of AH" $((4 * 6)) \
	"$(for e in $(elements); do ip -n "$e" xfrm state; done | grep -c 'proto ah')"

step "the VPN's address is the router's own, too: without accept_local nothing comes back"
addr front lo $VPN/32 $VPN6/128
expect "what status says" "$(printf '%s: accept_local is 0\n' in t3 v2 w4)" "$(problems)"
for name in peer-1 peer-2 peer-3 peer-4; do
	pings_not "$name" $SERVER
done
remedy
all_through
step "likewise with rp_filter"
at front sysctl -qw net.ipv4.conf.all.rp_filter=1
expect "what status says" "$(printf '%s: rp_filter is 1\n' in t3 v2 w4)" "$(problems)"
for name in peer-1 peer-2 peer-3 peer-4; do
	pings_not "$name" $SERVER
done
remedy
all_through
ip -n front addr del 10.0.4.254/24 dev w4
expect "what status says" "w4: rp_filter is not 0, and the interface has no IPv4 address" \
	"$(problems)"
pings_not peer-4 $SERVER
addr front w4 10.0.4.254/24
expect "what status says" "" "$(problems)"
through peer-4 e4 1 $SERVER

step "MOBIKE: to the same elements"
for name in peer-2 peer-3 peer-4; do
	n=$((8 * ${name#peer-} + 3))
	at $name sysctl -qw net.ipv4.conf.all.promote_secondaries=1
	addr $name eth0 203.0.113.$n/29
	ip -n $name addr del 203.0.113.$((n - 1))/29 dev eth0
	wait_for 60 moved "${at_of[$name]}" 203.0.113.$n
	wait_for 60 at $name ping -n -q -c 1 -W 2 $SERVER
done
look
for name in peer-2 peer-3 peer-4; do
	expect "$name is decrypted by" "${at_of[$name]}" "${home[$name]}"
done

expect "packets at an element without the SA" 0 "$(no_states)"
