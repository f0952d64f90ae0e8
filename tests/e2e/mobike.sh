#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A peer moves, under traffic: to another address, to one behind a translator,
# whose mapping changes, and back. It keeps its group and no ESP packet is
# untagged; entries of where it was are gone.
#
#   .-----------------.                                     .---------------.
#   | gw              |                                     | peer          |
#   |       wan .1 ---+------------- 192.0.2.0/24 ----------+- .2 eth0      |
#   |                 |              .---------.            |  then .77     |
#   |       wan2 .1 --+- 203.0.113 --| nat .9  |--- 10.9.0 -+- .2 eth1      |
#   '-----------------'              '---------'            '---------------'
#
# The rest is tests/lib/peer.sh's.
#
# vm: -t 600
# once: it is charon's doing, whatever the kernel is
CHILDREN=3
. tests/lib/lib.sh
. tests/lib/exact.sh
. tests/lib/peer.sh

# nat_mapping ADDRESS PORT: the translator maps the peer's port 4500 to these.
# With its address it forgets its mappings.
nat_mapping()
{
	at nat nft -f - <<-END
	table ip translator
	delete table ip translator
	table ip translator {
		chain out {
			type nat hook postrouting priority srcnat
			oifname wan udp sport 4500 masquerade to :$2
			oifname wan masquerade
		}
	}
	END
	ip -n nat addr flush dev wan
	addr nat wan "$1/24"
	route nat 192.0.2.0/24 via 203.0.113.1
}

# moved_to ADDRESS PORT: gateway's SAs, charon and daemon know
moved_to()
{
	[ "$(kernel_sas gw | grep -c "^$1 ")" = "$CHILDREN" ] &&
		[ "$(kernel_sas gw | wc -l)" = $((2 * CHILDREN)) ] &&
		qos gw -j daemon status | jq -e --arg address "$1" --argjson port "$2" '
			[.peers[] | select(.remote == $address and .remote_port == $port and
				.group == "gold")] | length == 1'
}

# expect_moved ADDRESS PORT
expect_moved()
{
	wait_for 30 moved_to "$1" "$2"
	tables_exact gw 3
	expect "SAs to the peer in its group" "$CHILDREN" \
		"$(qos gw -j sa show | jq --arg dst "$1" \
			'map(select(.dst == $dst and .group == "gold")) | length')"
	flows_on gw
	all_marked gw
	expect "its IKE SA" "$ike" "$(module_ikes gw)"
}

step "topology, module, daemon, charons, traffic"
host nat
peer_topology
link gw:wan2 nat:wan
link nat:lan peer:eth1
addr gw wan2 203.0.113.1/24
addr nat lan 10.9.0.1/24
addr peer eth1 10.9.0.2/24
forward nat
nat_mapping 203.0.113.9 6001
for name in gw peer nat; do
	at $name sysctl -qw net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.conf.default.rp_filter=0
done
at peer sysctl -qw net.ipv4.conf.all.promote_secondaries=1

module_load
peer_conf 2
esp='esp or (udp port 4500 and udp[4:2] > 12 and udp[8:4] != 0)'
capture_start gw wan direct -s 64 "$esp"
capture_start gw wan2 translated -s 64 "$esp"
witness gw $GOLD
qosd_start gw
charon_start gw plugin </dev/null
charon_start peer </dev/null
peer_flows
peer_up
ike=$(module_ikes gw)
expect_moved 192.0.2.2 4500

step "to another address, which it has before it leaves the first"
addr peer eth0 192.0.2.77/24
ip -n peer addr del 192.0.2.2/24 dev eth0
expect_moved 192.0.2.77 4500

step "to another address, after a moment without any"
ip -n peer addr del 192.0.2.77/24 dev eth0
addr peer eth0 192.0.2.2/24
expect_moved 192.0.2.2 4500

step "behind a translator"
ip -n peer addr del 192.0.2.2/24 dev eth0
route peer 192.0.2.1 via 10.9.0.1
expect_moved 203.0.113.9 6001
expect "SAs with UDP encapsulation" $((2 * CHILDREN)) \
	"$(ip -n gw xfrm state | grep -c 'encap type espinudp')"

step "the translator's mapping changes"
nat_mapping 203.0.113.10 6002
expect_moved 203.0.113.10 6002

step "back"
ip -n peer route del 192.0.2.1
addr peer eth0 192.0.2.2/24
ip -n peer addr del 10.9.0.2/24 dev eth1
expect_moved 192.0.2.2 4500

step "the counts"
peer_flows_end
capture_stop direct
capture_stop translated
esp=$(($(counter gw gold esp_in) + $(counter gw gold esp_out)))
echo "$esp ESP packets"
expect "ESP packets on the wires" "$esp" \
	$(($(captured direct) + $(captured translated)))
expect "ESP packets that nftables saw" "$esp" "$(witnessed gw seen)"
all_marked gw
