#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A router whose outer side is a bridge that has netfilter called (br_netfilter): what is for
# the router is steered, once, and what it hands on to somebody else who has the VPN's
# address is not. And bursts of two elements' SAs, of one port behind a translator, which UDP's
# GRO takes together: each datagram goes to its own. The topology is drawn in
# tests/lib/ways.sh.
#
# once: netfilter of bridges is asked alike by all kernels
# vm: -m 1536 -t 900
PEERS=9 PEERS6=7
. tests/lib/lib.sh
. tests/lib/elements.sh
. tests/lib/ways.sh

all=(peer-1 peer-2 peer-4 peer-5 peer-7)
step "five peers, four elements"
ways_topology "${all[@]}" twin peer-9
module_load
ways_pool
for name in $(elements); do
	element_conf "$name"
	others_of "$name" more '*' "local_addrs = $VPN, $VPN6" "pools = inside" <<-END
	second {
		local_ts = 10.3.1.0/24
		esp_proposals = $ESP_PROPOSAL
	}
	END
	element_start "$name"
done
for name in "${all[@]}"; do
	peer_conf "$name"
	peer_start "$name"
done
ways_up net "${all[@]}"

step "a bridge that has netfilter called"
modprobe br_netfilter
for name in nat srv; do
	at $name sysctl -qw net.bridge.bridge-nf-call-iptables=0 \
		net.bridge.bridge-nf-call-ip6tables=0
done
at front sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
at front nft -f - <<-END
table ip bridged {
	counter seen { }
	chain in {
		type filter hook prerouting priority -500
		iifname "out" ip daddr $VPN meta l4proto esp counter name seen
	}
}
END
for name in "${all[@]}"; do
	through "$name" "${at_of[$name]}" 1 $SERVER
	through "$name" "${at_of[$name]}" 3 $SERVER -s 3000 -M dont
done

step "what it hands on to another who has the address is not steered"
element_conf e9
element_start e9
peer_conf peer-9
peer_start peer-9
peers_up peer-9
nft_counted front >/dev/null
through peer-9 - 1 $SERVER
through peer-9 - 3 $SERVER -s 3000 -M dont
expect "ESP that passed PREROUTING" "seen+20" "$(nft_counted front)"
at front nft delete table ip bridged

step "two elements' SAs of one port behind the translator, in UDP over IPv6"
peer_conf twin
for child in left:vpn:0 right:more:1; do
	IFS=: read -r name remote net <<<"$child"
	others_of twin twin "$remote" "remote_addrs = $VPN6" "vips = 0.0.0.0" <<-END
	$name {
		remote_ts = 10.3.$net.0/24
		esp_proposals = $ESP_PROPOSAL
	}
	END
done
peer_start twin
at_of[twin]=e1
ways_up left twin
at_of[twin]=e4
ways_up right twin
through twin e1 1 $SERVER
through twin e4 1 10.3.1.80
ports=$(for e in e1 e4; do
	ip -n $e xfrm state | grep -A 9 'src 2001:db8::2 ' | sed -n 's/.*espinudp sport \([0-9]*\) .*/\1/p'
done | sort -u)
[[ $ports =~ ^[0-9]+$ ]] || fail "not of one port: $ports"

at isp ethtool -K front tso off
at front ethtool -K p1 gro on rx-udp-gro-forwarding on
# what comes within 40 ms goes on at once
at isp tc qdisc add dev front root netem slot 40ms 40ms
for on in 1 0; do
	step "their bursts, taken together as UDP's GRO does; bridge-nf-call-ip6tables=$on"
	at front sysctl -qw net.bridge.bridge-nf-call-ip6tables=$on
	capture_start front p1 bursts -s 128 "ip6 and udp port 4500 and greater 1000"
	counts_keep
	pings=()
	for to in $SERVER 10.3.1.80; do
		at twin ping -n -q -i 0.004 -c 250 -s 200 -W 10 "$to" > "$W/twin/ping-$to.log" &
		pings+=($!)
	done
	wait "${pings[0]}"
	wait "${pings[1]}"
	capture_stop bursts
	[ "$(cat "$W/twin"/ping-*.log | grep -c ' 0% packet loss')" = 2 ] ||
		fail "lost: $(grep -h loss "$W/twin"/ping-*.log)"
	expect "what elements counted" "e1.sent+250 e4.sent+250" "$(counts_since)"
	n=$(captured bursts)
	echo "           $n packets of several datagrams"
	((n >= 20)) || fail "hardly any was taken together"
done
at isp tc qdisc del dev front root

expect "packets at an element without the SA" 0 "$(no_states)"
