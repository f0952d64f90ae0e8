#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A gateway whose outer device is in a VRF: the kernel has its packets pass the
# hooks twice. Each is tagged, and counted once; with a qdisc on the VRF too,
# which has them take another way out.
#
#   .------------------.                .------------------------.
#   | peer             |                | gw                     |
#   | 10.1.0.1 (lo)    |                | 10.2.0.1 (vrf-a)       |
#   | fd00:1::1        |                | fd00:2::1              |
#   |        eth0 .2 --+- 192.0.2.0/24 -+- .1 eth0, in vrf-a     |
#   |             ::2 -+ 2001:db8::/64 -+- ::1                   |
#   '------------------'      ESP       '------------------------'
. tests/lib/lib.sh

peer=192.0.2.2 gw=192.0.2.1
peer6=2001:db8::2 gw6=2001:db8::1
key=0x000102030405060708090a0b0c0d0e0f10111213
n=5

host peer gw
link peer:eth0 gw:eth0
ip -n gw link add vrf-a type vrf table 10
ip -n gw link set vrf-a up
ip -n gw link set eth0 master vrf-a
addr peer eth0 $peer/24 $peer6/64
addr peer lo 10.1.0.1/32 fd00:1::1/128
addr gw eth0 $gw/24 $gw6/64
addr gw vrf-a 10.2.0.1/32 fd00:2::1/128
route peer 10.2.0.0/24 via $gw src 10.1.0.1
route gw 10.1.0.0/24 via $peer src 10.2.0.1 vrf vrf-a
route peer fd00:2::/64 via $gw6 src fd00:1::1
route gw fd00:1::/64 via $peer6 src fd00:2::1 vrf vrf-a

# esp HOST SRC DST SPI MODE: an SA
esp()
{
	ip -n "$1" xfrm state add src "$2" dst "$3" proto esp spi "$4" \
		mode "$5" aead 'rfc4106(gcm(aes))' $key 128
}

# policies HOST OTHER_NET OWN_NET OWN OTHER MODE
policies()
{
	ip -n "$1" xfrm policy add dir out src "$3" dst "$2" \
		tmpl src "$4" dst "$5" proto esp mode "$6"
	ip -n "$1" xfrm policy add dir in src "$2" dst "$3" \
		tmpl src "$5" dst "$4" proto esp mode "$6"
}

# each_once WHAT ADDRESS [PING_OPTION…]: pings there and back count each once
each_once()
{
	counters_keep gw
	at peer ping -q -c $n -i 0.05 -W 5 "${@:3}" "$2"
	expect "$1" "gold.clear_in+$n gold.clear_out+$n gold.esp_in+$n gold.esp_out+$n" \
		"$(counters_since gw)"
}

module_load
qos gw group add gold id 1 mark 0x10/0xff0
for h in peer gw; do
	esp $h $peer $gw 0x1001 tunnel
	esp $h $gw $peer 0x1002 tunnel
	esp $h $peer $gw 0x1003 transport
	esp $h $gw $peer 0x1004 transport
	esp $h $peer6 $gw6 0x2001 tunnel
	esp $h $gw6 $peer6 0x2002 tunnel
done
policies peer 10.2.0.0/24 10.1.0.0/24 $peer $gw tunnel
policies gw 10.1.0.0/24 10.2.0.0/24 $gw $peer tunnel
policies peer $gw/32 $peer/32 $peer $gw transport
policies gw $peer/32 $gw/32 $gw $peer transport
policies peer fd00:2::/64 fd00:1::/64 $peer6 $gw6 tunnel
policies gw fd00:1::/64 fd00:2::/64 $gw6 $peer6 tunnel
qos gw sa add dst $gw spi 0x1001 group gold
qos gw sa add dst $peer spi 0x1002 group gold
qos gw sa add dst $gw spi 0x1003 group gold
qos gw sa add dst $peer spi 0x1004 group gold
qos gw sa add dst $gw6 spi 0x2001 group gold
qos gw sa add dst $peer6 spi 0x2002 group gold

# ESP that leaves carries the mark, by whichever way
at gw nft -f - <<'EOF'
table inet t {
	chain out {
		type filter hook postrouting priority 0
		oifname "eth0" meta l4proto esp mark and 0xff0 == 0x10 counter comment "tagged"
		oifname "eth0" meta l4proto esp mark and 0xff0 != 0x10 counter comment "bare"
	}
}
EOF

for qdisc in none fq_codel; do
	[ $qdisc = none ] || at gw tc qdisc add dev vrf-a root $qdisc
	step "qdisc of the VRF: $qdisc"
	step "tunnel mode over IPv4"
	each_once "tunnel" 10.2.0.1 -I 10.1.0.1
	step "transport mode over IPv4"
	each_once "transport" $gw
	step "tunnel mode over IPv6"
	each_once "IPv6" fd00:2::1 -I fd00:1::1
done
counted=$(at gw nft -j list chain inet t out | jq -r '[ .nftables[].rule // empty |
	"\(.comment) \([ .expr[].counter // empty | .packets ] | add)" ] | join(", ")')
expect "ESP that left by eth0" "tagged $((6 * n)), bare 0" "$counted"
expect_json '.untagged.packets == 0' qos gw -j status
