#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Plain ESP through the translator beside ESP in UDP through masquerade: bytes on the
# wire, exactly, and packets that get through a second, for small and large packets,
# both ways, in turns. One node has both: plain to gw, in UDP to gw2, told by
# connection. The topology is drawn in tests/lib/nodes.sh.
#
# vm: -s 2 -m 1536 -t 900
# alone: it measures what gets through
# once: it measures what gets through
NODES=1
GATEWAYS="gw gw2"
ROUNDS=${CI:+1}	# where nobody reads the rates
ROUNDS=${ROUNDS:-3}
. tests/lib/lib.sh
. tests/lib/nodes.sh

declare -A bytes rates

# weigh GATEWAY SIZE: IP bytes of a packet with that much in UDP, or after ICMP's
# header, which is as long, on the wire
weigh()
{
	local way packets total

	at nat nft reset counters >/dev/null
	pings node-1 "${inner[$1]}" -I 10.1.1.1 -c 5 -i 0.2 -s "$2"
	for way in out in; do
		read -r packets total < <(at nat nft -j list counter netdev wire "$way" |
			jq -r '.nftables[].counter | select(. != null) | "\(.packets) \(.bytes)"')
		expect "packets $way" 5 "$packets"
		# on its way out the Ethernet header counts too
		[ $way = in ] || total=$((total - 14 * packets))
		bytes[$1:$2:$way]=$((total / packets))
	done
}

# measure GATEWAY SIZE WAY: how many pass in two seconds, as many as can
measure()
{
	local -a reverse=()

	[ "$3" = out ] || reverse=(-R)
	flow_start node-1 "${inner[$1]}" flow -B 10.1.1.1 -u -b 0 -l "$2" -t 2 "${reverse[@]}"
	flow_wait flow
	# before its report it warns of datagrams that are larger than TCP's segments
	rates[$1:$2:$3]+=" $(sed -n '/^{/,$p' "$W/flow.json" |
		jq '.end.sum | (.packets - .lost_packets) / .seconds | round')"
}

# median NUMBER…
median()
{
	# shellcheck disable=SC2048,SC2086 # numbers
	printf '%s\n' $* | sort -n | sed -n "$((($# + 1) / 2))p"
}

step "one node, two gateways: plain ESP to one, ESP in UDP to the other"
nodes_topology
nodes_conf
cat > "$W/node-1/plugin.conf" <<END
spi_derive = md5-low16
connections {
	gw { esp_through_nat = yes }
}
END
: > "$W/gw2/plugin.conf"
nodes_start
module_load
qos nat nat rule add id 1 inside-dev in outside-dev out
nodes_up
expect "SAs in UDP at gw" 0 "$(ip -n gw xfrm state | grep -c espinudp || true)"
expect "SAs in UDP at gw2" 2 "$(ip -n gw2 xfrm state | grep -c espinudp || true)"
at nat nft -f - <<END
table netdev wire {
	counter out { }
	counter in { }
	chain out {
		type filter hook egress device out priority 0
		ip protocol esp counter name out
		udp dport 4500 udp length > 9 counter name out
	}
	chain in {
		type filter hook ingress device out priority 0
		ip protocol esp counter name in
		udp sport 4500 udp length > 9 counter name in
	}
}
END
flow_server gw 10.2.1.1
flow_server gw2 10.2.2.1

step "in turns"
for size in 64 512 1400; do
	weigh gw $size
	weigh gw2 $size
	for ((round = 0; round < ROUNDS; round++)); do
		for way in out in; do
			measure gw $size $way
			measure gw2 $size $way
		done
	done
done

printf '\n%7s  %-3s  %11s  %11s  %5s  %12s  %12s  %5s\n' payload way "bytes, ESP" \
	"ESP in UDP" ratio "packets/s" "ESP in UDP" ratio
for size in 64 512 1400; do
	for way in out in; do
		plain=$(median "${rates[gw:$size:$way]}")
		udp=$(median "${rates[gw2:$size:$way]}")
		printf '%7d  %-3s  %11d  %11d  %5.3f  %12d  %12d  %5.2f\n' $size $way \
			"${bytes[gw:$size:$way]}" "${bytes[gw2:$size:$way]}" \
			"$(jq -n "${bytes[gw:$size:$way]} / ${bytes[gw2:$size:$way]}")" \
			"$plain" "$udp" "$(jq -n "$plain / $udp")"
		# RFC 3948: a UDP header more
		expect "bytes with UDP" $((${bytes[gw:$size:$way]} + 8)) \
			"${bytes[gw2:$size:$way]}"
	done
done
