#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The fall-back's mark is the ESP packet's alone: what this host decrypts of a peer
# of no group carries what it would without it. Here a group has the same mark, and a
# rule routes that into a black hole.
#
#   .------------------.                   .-----------------------.     .----------.
#   | peer             |                   | gw                    |     | lan      |
#   | 10.21.0.1 (lo)   |                   |  rule: mark of both:  |     |          |
#   | fd00:21::1       |                   |  black hole           |     |          |
#   |   eth0 .2     ---+ 198.51.100.0/24   +--- .1 eth0, eth1   ---+-----+ .2, ::2  |
#   |       ::2        | 2001:db8:7::/64   |  ::1   10.22.0.1/24   |     '----------'
#   '------------------' ESP with EF or AH '-------- fd00:22::1/64 '
#
# ci-once: what compat.h has is not in it
. tests/lib/lib.sh

peer=198.51.100.2 gw=198.51.100.1
peer6=2001:db8:7::2 gw6=2001:db8:7::1
enc=0x1111111122222222333333334444444455555555
auth=0x202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f
MARK=0x700/0xf00
n=6

host peer gw lan
link peer:eth0 gw:eth0
link gw:eth1 lan:eth0
addr peer eth0 $peer/24 $peer6/64
addr peer lo 10.21.0.1/32 fd00:21::1/128
addr gw eth0 $gw/24 $gw6/64
addr gw eth1 10.22.0.1/24 fd00:22::1/64
addr lan eth0 10.22.0.2/24 fd00:22::2/64
forward gw
route lan default via 10.22.0.1
route lan default via fd00:22::1
route peer 10.22.0.0/24 via $gw src 10.21.0.1
route gw 10.21.0.0/24 via $peer
route peer fd00:22::/64 via $gw6 src fd00:21::1
route gw fd00:21::/64 via $peer6
ip -n gw rule add fwmark $MARK blackhole
ip -n gw -6 rule add fwmark $MARK blackhole

# sas PROTO FAMILY SPI MODE [ARGUMENT…]: one each way, SPI and the one after it; the
# ARGUMENTs are for gw's
sas()
{
	local h from to spi alg

	[ "$2" = 4 ] && from=$peer to=$gw || from=$peer6 to=$gw6
	alg=(aead 'rfc4106(gcm(aes))' "$enc" 128)
	[ "$1" = esp ] || alg=(auth-trunc 'hmac(sha256)' "$auth" 128)
	for h in gw peer; do
		spi=$3
		[ $h = gw ] || set -- "${@:1:4}"
		ip -n $h xfrm state add src $from dst $to proto "$1" spi "$spi" \
			mode "$4" "${alg[@]}" "${@:5}"
		ip -n $h xfrm state add src $to dst $from proto "$1" spi $((spi + 1)) \
			mode "$4" "${alg[@]}" "${@:5}"
	done
}

# policies HOST PROTO FAMILY MODE OWN_NET OTHER_NET [ARGUMENT…]
policies()
{
	local own=$peer other=$gw

	[ "$3" = 4 ] || own=$peer6 other=$gw6
	[ "$1" = peer ] || { local x=$own; own=$other other=$x; }
	ip -n "$1" xfrm policy add dir out src "$5" dst "$6" "${@:7}" \
		tmpl src $own dst $other proto "$2" mode "$4"
	for dir in in fwd; do
		ip -n "$1" xfrm policy add dir $dir src "$6" dst "$5" "${@:7}" \
			tmpl src $other dst $own proto "$2" mode "$4"
	done
}

# form PROTO FAMILY SPI MODE NET OTHER_NET
form()
{
	sas "$1" "$2" "$3" "$4"
	policies peer "$1" "$2" "$4" "$5" "$6"
	policies gw "$1" "$2" "$4" "$6" "$5"
}

anew()
{
	local h

	for h in peer gw; do
		ip -n $h xfrm policy flush
		ip -n $h xfrm state flush
	done
}

# asks WHAT HOST ADDRESS MARKS [OPTION…]: pings with EF come back, each with what
# nft is to have counted of marks
asks()
{
	local got

	step "$1"
	nft_counted gw >/dev/null
	got=$({ at "$2" ping -q -c $n -i 0.05 -W 5 -Q 0xb8 "${@:5}" "$3" || true; } |
		sed -n 's/.* \([0-9]*\) received.*/\1/p')
	expect "$1: pings that came back" $n "$got"
	expect "$1: marks" "$4" "$(nft_counted gw)"
}

at gw nft -f - <<'END'
table inet t {
	counter outlived { }
	counter forwarded { }
	counter sent { }
	counter others { }
	chain prerouting {
		type filter hook prerouting priority filter
		iifname { "eth0", "road" } meta l4proto { icmp, icmpv6, tcp } meta mark & 0xf00 == 0x700 counter name outlived
		iifname "eth0" meta l4proto { icmp, icmpv6 } meta mark & 0xf00 == 0x300 counter name others
		iifname "eth1" meta l4proto esp meta mark & 0xf00 == 0x700 counter name forwarded
	}
	chain output {
		type filter hook output priority filter
		# AH is an extension header to nft, where it can be one
		ip6 nexthdr ah meta mark & 0xf00 == 0x700 counter name sent accept
		meta l4proto { esp, ah } meta mark & 0xf00 == 0x700 counter name sent
	}
}
END

module_load
qos gw group add metro id 7 mark $MARK
qos gw fallback add dscp ef mark $MARK

# What gw sends has the mark, as it ever had: but its own rule comes before that.
sent="sent+$n"
form esp 4 0x5001 tunnel 10.21.0.0/24 10.22.0.0/24
form esp 6 0x5101 tunnel fd00:21::/64 fd00:22::/64
asks "tunnel mode over IPv4" peer 10.22.0.2 "$sent" -I 10.21.0.1
asks "tunnel mode over IPv6" peer fd00:22::2 "$sent" -I fd00:21::1
asks "tunnel mode over IPv4, from inside" lan 10.21.0.1 "$sent"
# what fits is found out by the first of them
pings peer 10.22.0.2 -I 10.21.0.1 -s 3000
pings peer fd00:22::2 -I fd00:21::1 -s 3000
asks "fragments over IPv4" peer 10.22.0.2 "sent+$((3 * n))" -I 10.21.0.1 -s 3000
asks "fragments over IPv6" peer fd00:22::2 "sent+$((3 * n))" -I fd00:21::1 -s 3000
modprobe -a esp4_offload esp6_offload
at gw ethtool -K eth0 gro on
asks "decrypted ahead of routing" peer 10.22.0.2 "$sent" -I 10.21.0.1
at gw ethtool -K eth0 gro off

anew
form esp 4 0x5201 transport $peer/32 $gw/32
asks "transport mode" peer $gw "$sent"
anew
form ah 4 0x5301 tunnel 10.21.0.0/24 10.22.0.0/24
asks "AH" peer 10.22.0.2 "$sent" -I 10.21.0.1
anew
form ah 6 0x5401 transport $peer6/128 $gw6/128
asks "AH over IPv6" peer $gw6 "$sent"

step "ESP in UDP"
udp_encap peer
udp_encap gw
anew
for h in peer gw; do
	for sa in "$peer $gw 0x5501" "$gw $peer 0x5502"; do
		read -r from to spi <<<"$sa"
		ip -n $h xfrm state add src "$from" dst "$to" proto esp spi "$spi" \
			mode tunnel aead 'rfc4106(gcm(aes))' $enc 128 \
			encap espinudp 4500 4500 0.0.0.0
	done
done
policies peer esp 4 tunnel 10.21.0.0/24 10.22.0.0/24
policies gw esp 4 tunnel 10.22.0.0/24 10.21.0.0/24
at gw nft add rule inet t output udp sport 4500 meta mark '&' 0xf00 == 0x700 counter name sent
asks "ESP in UDP" peer 10.22.0.2 "$sent" -I 10.21.0.1

step "what others have put into the same bits"
anew
form esp 4 0x5601 tunnel 10.21.0.0/24 10.22.0.0/24
at gw nft -f - <<'END'
table netdev first {
	chain ingress {
		type filter hook ingress device eth0 priority 0
		meta l4proto esp meta mark set 0x300
	}
}
END
asks "marked at ingress" peer 10.22.0.2 "others+$n $sent" -I 10.21.0.1
at gw nft delete table netdev first
at gw nft add chain inet t later '{ type filter hook prerouting priority mangle ; }'
at gw nft add rule inet t later meta l4proto esp meta mark set 0x300
asks "marked behind the module" peer 10.22.0.2 "others+$n $sent" -I 10.21.0.1
at gw nft flush chain inet t later

step "SAs with a mark of their own"
anew
sas esp 4 0x5701 tunnel mark 0x20000 mask 0xff0f00
policies peer esp 4 tunnel 10.21.0.0/24 10.22.0.0/24
policies gw esp 4 tunnel 10.22.0.0/24 10.21.0.0/24 mark 0x20000 mask 0xff0f00
at gw nft add rule inet t later iifname eth0 meta l4proto esp meta mark set mark or 0x20000
at gw nft add rule inet t later iifname eth1 meta mark set 0x20000
asks "a mark that comes later" peer 10.22.0.2 "$sent" -I 10.21.0.1
at gw nft flush chain inet t later

anew
sas esp 4 0x5801 tunnel mark 33
policies peer esp 4 tunnel 10.21.0.0/24 10.22.0.0/24
policies gw esp 4 tunnel 0.0.0.0/0 0.0.0.0/0 mark 33
ip -n gw link add road type vti local $gw remote $peer key 33
ip -n gw link set road up
at gw sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.road.rp_filter=0
ip -n gw route replace 10.21.0.0/24 dev road
asks "VTI" peer 10.22.0.2 "$sent" -I 10.21.0.1
ip -n gw link del road
route gw 10.21.0.0/24 via $peer

step "ESP that passes by has the mark"
anew
form esp 4 0x5901 tunnel 10.21.0.0/24 10.22.0.0/24
ip -n gw rule del fwmark $MARK blackhole
at lan python3 -c '
from scapy.all import *
sendp([Ether(dst="'"$(at gw cat /sys/class/net/eth1/address)"'") /
       IP(src="10.22.0.2", dst="198.51.100.2", tos=46 << 2, proto=50) /
       (b"\0\0\x77\x77" + bytes(60))] * 5, iface="eth0", verbose=False)'
wait_for 20 json_is '[.nftables[].counter.packets // empty] == [5]' \
	at gw nft -j list counter inet t forwarded

step "a group's own packets"
qos gw sa add dst $gw spi 0x5901 group metro
asks "of a group" peer 10.22.0.2 "outlived+$n $sent" -I 10.21.0.1
module_unload
