#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clear packets out of a device that hides which SA they came from: a VTI, and one
# or an XFRM interface in another network namespace. They are counted as their
# group's, and its mark, which was the ESP packet's, is off them again: a rule that
# sends what has the mark into the device would send them back.
#
#   .------------------.                .----------------------.     .------------.
#   | peer             |                | gw                   |     | lan        |
#   | 10.7.0.1 (lo)    |                |  rule: mark of the   |     |            |
#   | fd00:7::1        |                |  group: into road    |     |            |
#   |   eth0 .2  ------+ 203.0.113.0/24 +- .1 eth0, eth1 ------+-----+ 10.8.0.2   |
#   |       ::2        |2001:db8:5::/64 |  ::1        10.8.0.1 |     | fd00:8::2  |
#   |        road    ==+= ESP ==========+= road     fd00:8::1  |     '------------'
#   '------------------'                '---------- + ---------'
#                                       .---------- + ---------.
#                                       | vault: road, later   |
#                                       | 10.9.0.1 (lo)        |
#                                       '----------------------'
. tests/lib/lib.sh

peer=203.0.113.2 gw=203.0.113.1
peer6=2001:db8:5::2 gw6=2001:db8:5::1
enc=0x0f0e0d0c0b0a09080706050403020100f1f2f3f4
auth=0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
MARK=0x500/0xf00
n=7

host peer gw lan vault
link peer:eth0 gw:eth0
link gw:eth1 lan:eth0
addr peer eth0 $peer/24 $peer6/64
addr peer lo 10.7.0.1/32 fd00:7::1/128
addr gw eth0 $gw/24 $gw6/64
addr gw eth1 10.8.0.1/24 fd00:8::1/64
addr lan eth0 10.8.0.2/24 fd00:8::2/64
addr vault lo 10.9.0.1/32
forward gw
route lan default via 10.8.0.1
route lan default via fd00:8::1
for h in peer gw vault; do
	at $h sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
done

# sas HOST SRC DST SPI KEY: an SA of ESP each way, SPI and the one after that, with
# KEY as mark
sas()
{
	ip -n "$1" xfrm state add src "$2" dst "$3" proto esp spi "$4" mode tunnel \
		aead 'rfc4106(gcm(aes))' $enc 128 mark "$5" flag af-unspec
	ip -n "$1" xfrm state add src "$3" dst "$2" proto esp spi $(($4 + 1)) \
		mode tunnel aead 'rfc4106(gcm(aes))' $enc 128 mark "$5" flag af-unspec
}

# policies HOST OWN OTHER KEY: all of both families
policies()
{
	local any

	for any in 0.0.0.0/0 ::/0; do
		ip -n "$1" xfrm policy add dir out src $any dst $any mark "$4" \
			tmpl src "$2" dst "$3" proto esp mode tunnel
		ip -n "$1" xfrm policy add dir in src $any dst $any mark "$4" \
			tmpl src "$3" dst "$2" proto esp mode tunnel
	done
}

# up HOST: the device, with routes to the other end's networks
up()
{
	ip -n "$1" link set road up
	case $1 in
	peer)
		ip -n peer route replace 10.8.0.0/15 dev road src 10.7.0.1
		ip -n peer -6 route replace fd00:8::/64 dev road src fd00:7::1
		;;
	gw)	# by the mark alone: what comes from lan gets it
		ip -n gw route replace 10.7.0.0/24 dev road table 55
		ip -n gw route replace 10.8.0.0/24 dev road table 55
		ip -n gw -6 route replace fd00:7::/64 dev road table 55
		ip -n gw -6 route replace fd00:8::/64 dev road table 55
		;;
	vault)
		ip -n vault route replace 10.7.0.0/24 dev road src 10.9.0.1
		;;
	esac
}

# both KIND OWN OTHER KEY: the device at gw and at peer
both()
{
	ip -n gw link del road 2>/dev/null || ip -n vault link del road 2>/dev/null || true
	ip -n peer link del road 2>/dev/null || true
	ip -n peer link add road type "$1" local "$3" remote "$2" key "$4"
	ip -n gw link add road type "$1" local "$2" remote "$3" key "$4"
	# or neighbour discovery would send something now and then
	ip -n gw link set road addrgenmode none
	ip -n peer link set road addrgenmode none
	up peer
}

# asks WHAT HOST ADDRESS COUNTED [OPTION…]: all pings come back, and are counted
asks()
{
	local got

	step "$1: $2 asks $3"
	counters_keep gw
	nft_counted gw >/dev/null
	got=$({ at "$2" ping -q -c $n -i 0.05 -W 5 "${@:5}" "$3" || true; } |
		sed -n 's/.* \([0-9]*\) received.*/\1/p')
	expect "$1: pings of $2 that came back" $n "$got"
	expect "$1: counted" "$4" "$(counters_since gw)"
}

once="metro.clear_in+$n metro.clear_out+$n metro.esp_in+$n metro.esp_out+$n"

# one_for_one: since counters_keep each ESP packet was one clear packet
one_for_one()
{
	# shellcheck disable=SC2016 # jq's
	counters gw | jq -e --slurpfile kept "$W/gw/counters.json" '
		(.metro.esp_in - $kept[0].metro.esp_in) as $in |
		(.metro.esp_out - $kept[0].metro.esp_out) as $out |
		$in > 10 and $out > 10 and
		.metro.clear_in - $kept[0].metro.clear_in == $in and
		.metro.clear_out - $kept[0].metro.clear_out == $out'
}

# transfers WHAT ADDRESS: TCP both ways
transfers()
{
	local way

	flow_server lan "$2" 5300
	for way in "" -R; do
		step "$1: TCP to $2 $way"
		counters_keep gw
		# shellcheck disable=SC2086 # nothing, or one
		flow_start peer "$2" tcp -p 5300 -n 200K $way
		flow_wait tcp
		# the last of it may be under way
		wait_for 10 one_for_one
	done
}

at gw nft -f - <<'END'
table inet t {
	counter esp_marked { }
	counter clear_marked { }
	counter clear_others { }
	chain prerouting {
		type filter hook prerouting priority mangle
		iifname "eth1" meta mark set meta mark & 0xfffff0ff | 0x500
		# not the group's bits
		iifname "eth0" ip protocol esp meta mark set meta mark | 0x20000
		iifname "eth0" ip6 nexthdr esp meta mark set meta mark | 0x20000
		iifname "eth0" meta l4proto esp meta mark & 0xf00 == 0x500 counter name esp_marked
		iifname "road" meta mark & 0xf00 != 0 counter name clear_marked
		iifname "road" meta mark & 0x20000 == 0x20000 counter name clear_others
	}
}
table inet bits { }
END
at vault nft -f - <<'END'
table inet t {
	counter came { }
	counter marked { }
	chain prerouting {
		type filter hook prerouting priority mangle
		iifname "road" counter name came
		iifname "road" meta mark & 0xf00 != 0 counter name marked
	}
}
END
ip -n gw rule add fwmark $MARK lookup 55
ip -n gw -6 rule add fwmark $MARK lookup 55

module_load
for h in peer gw; do
	sas $h $peer $gw 0x3001 9
	sas $h $peer6 $gw6 0x3101 9
done
policies peer $peer $gw 9
policies gw $gw $peer 9

# the wire is known: no ESP is lost for want of a neighbour
pings peer $gw
pings peer $gw6

step "VTI, no group"
both vti $gw $peer 9
up gw
at peer ping -q -c 3 -i 0.05 -W 5 -I 10.7.0.1 10.8.0.2 >/dev/null

step "VTI, with a group"
qos gw group add metro id 7 mark $MARK
for spi in 0x3001 0x3101; do
	[ $spi = 0x3001 ] && there=$gw back=$peer || there=$gw6 back=$peer6
	qos gw sa add dst "$there" spi $spi group metro
	qos gw sa add dst "$back" spi $((spi + 1)) group metro
done
asks "VTI" peer 10.8.0.2 "$once" -I 10.7.0.1
expect "VTI: marks" "clear_others+$n esp_marked+$n" "$(nft_counted gw)"
asks "VTI" lan 10.7.0.1 "$once"
expect "VTI: marks" "clear_others+$n esp_marked+$n" "$(nft_counted gw)"
asks "IPv6 in VTI" peer fd00:8::2 "$once" -I fd00:7::1
transfers "VTI" 10.8.0.2

# its policies let in what has that mark only if it came out of an SA, and the VTI
# asks them about ESP
step "a group whose mark is the VTI's key"
qos gw group change metro mark 9/0xffffffff
asks "the key as mark" peer 10.8.0.2 "$once" -I 10.7.0.1
asks "the key as mark" lan 10.7.0.1 "$once"
qos gw group change metro mark $MARK
nft_counted gw >/dev/null

step "what others put into the group's bits of ESP stays"
at gw nft add chain inet bits p '{ type filter hook prerouting priority -200 ; }'
at gw nft add rule inet bits p iifname eth0 meta l4proto esp meta mark set 0x300
asks "others' bits" peer 10.8.0.2 "$once" -I 10.7.0.1
expect "others' bits: marks" "clear_marked+$n clear_others+$n" "$(nft_counted gw)"
at gw nft flush chain inet bits p

step "the mark that an SA sets stays, be it the group's"
ip -n gw xfrm state delete src $peer dst $gw proto esp spi 0x3001 mark 9
ip -n gw rule del fwmark $MARK lookup 55
ip -n gw xfrm state add src $peer dst $gw proto esp spi 0x3001 mode tunnel \
	aead 'rfc4106(gcm(aes))' $enc 128 mark 9 output-mark 0x500 mask 0xf00
qos gw sa add dst $gw spi 0x3001 group metro
ip -n gw route replace 10.7.0.0/24 dev road
asks "an SA's mark" peer 10.8.0.2 "$once" -I 10.7.0.1
expect "an SA's mark: marks" "clear_marked+$n clear_others+$n esp_marked+$n" "$(nft_counted gw)"
ip -n gw xfrm state delete src $peer dst $gw proto esp spi 0x3001 mark 9
ip -n gw rule add fwmark $MARK lookup 55
ip -n gw route del 10.7.0.0/24 dev road
ip -n gw xfrm state add src $peer dst $gw proto esp spi 0x3001 mode tunnel \
	aead 'rfc4106(gcm(aes))' $enc 128 mark 9
qos gw sa add dst $gw spi 0x3001 group metro

step "VTI in another network namespace"
ip -n gw link set road netns vault
up vault
nft_counted vault >/dev/null
asks "VTI of vault" peer 10.9.0.1 "$once" -I 10.7.0.1
expect "VTI of vault: marks" "came+$n" "$(nft_counted vault)"
expect "VTI of vault: marks at gw" "esp_marked+$n" "$(nft_counted gw)"

step "ESP over IPv6, no tunnel but VTI6"
for h in peer gw; do
	ip -n $h xfrm policy flush
done
policies peer $peer6 $gw6 9
policies gw $gw6 $peer6 9
both vti6 $gw6 $peer6 9
up gw
asks "VTI6" peer fd00:8::2 "$once" -I fd00:7::1
expect "VTI6: marks" "clear_others+$n esp_marked+$n" "$(nft_counted gw)"
asks "VTI6" lan fd00:7::1 "$once"
asks "IPv4 in VTI6" peer 10.8.0.2 "$once" -I 10.7.0.1
transfers "VTI6" fd00:8::2
ip -n gw link set road netns vault
up vault
asks "VTI6 of vault" peer 10.9.0.1 "$once" -I 10.7.0.1

step "AH"
for h in peer gw; do
	ip -n $h xfrm policy flush
	ip -n $h xfrm state add src $peer dst $gw proto ah spi 0x3201 mode tunnel \
		auth-trunc 'hmac(sha256)' $auth 128 mark 9
	ip -n $h xfrm state add src $gw dst $peer proto ah spi 0x3202 mode tunnel \
		auth-trunc 'hmac(sha256)' $auth 128 mark 9
done
for way in "peer $peer $gw" "gw $gw $peer"; do
	read -r h own other <<<"$way"
	for dir in "out $own $other" "in $other $own"; do
		read -r dir from to <<<"$dir"
		ip -n "$h" xfrm policy add dir "$dir" src 0.0.0.0/0 dst 0.0.0.0/0 mark 9 \
			tmpl src "$from" dst "$to" proto ah mode tunnel
	done
done
qos gw sa add dst $gw spi 0x3201 proto ah group metro
qos gw sa add dst $peer spi 0x3202 proto ah group metro
both vti $gw $peer 9
up gw
asks "AH" peer 10.8.0.2 "$once" -I 10.7.0.1
expect "AH: marks" "" "$(nft_counted gw)"

step "XFRM interface in another network namespace"
ip -n gw link del road
ip -n peer link del road
for h in peer gw; do
	ip -n $h xfrm policy flush
	[ $h = gw ] && if_id=(if_id 11) || if_id=()
	for sa in "$peer $gw 0x3301" "$gw $peer 0x3302"; do
		read -r from to spi <<<"$sa"
		ip -n $h xfrm state add src "$from" dst "$to" proto esp spi "$spi" \
			mode tunnel aead 'rfc4106(gcm(aes))' $enc 128 "${if_id[@]}"
	done
done
ip -n peer xfrm policy add dir out src 10.7.0.0/24 dst 10.9.0.0/24 \
	tmpl src $peer dst $gw proto esp mode tunnel
ip -n peer xfrm policy add dir in src 10.9.0.0/24 dst 10.7.0.0/24 \
	tmpl src $gw dst $peer proto esp mode tunnel
ip -n gw xfrm policy add dir out src 10.9.0.0/24 dst 10.7.0.0/24 if_id 11 \
	tmpl src $gw dst $peer proto esp mode tunnel
ip -n gw xfrm policy add dir in src 10.7.0.0/24 dst 10.9.0.0/24 if_id 11 \
	tmpl src $peer dst $gw proto esp mode tunnel
route peer 10.9.0.0/24 via $gw src 10.7.0.1
qos gw sa add dst $gw spi 0x3301 group metro
qos gw sa add dst $peer spi 0x3302 group metro
ip -n gw link add road type xfrm dev eth0 if_id 11
ip -n gw link set road addrgenmode none
ip -n gw link set road up
# at home: it is the SA that tells, and the mark is there
addr gw road 10.9.0.1/32
ip -n gw route add 10.7.0.0/24 dev road src 10.9.0.1
asks "XFRM interface" peer 10.9.0.1 "$once" -I 10.7.0.1
expect "XFRM interface: marks" "clear_marked+$n clear_others+$n esp_marked+$n" \
	"$(nft_counted gw)"
ip -n gw link set road netns vault
up vault
nft_counted vault >/dev/null
asks "XFRM interface of vault" peer 10.9.0.1 "$once" -I 10.7.0.1
expect "XFRM interface of vault: marks" "came+$n" "$(nft_counted vault)"
ip -n vault link set road netns "${host_pid[gw]}"
up gw
addr gw road 10.9.0.1/32
ip -n gw route add 10.7.0.0/24 dev road src 10.9.0.1
asks "XFRM interface at home again" peer 10.9.0.1 "$once" -I 10.7.0.1
ip -n gw link del road

step "no group again"
qos gw sa flush
qos gw group flush
for h in peer gw; do
	ip -n $h xfrm policy flush
done
policies peer $peer $gw 9
policies gw $gw $peer 9
both vti $gw $peer 9
up gw
asks "no group" peer 10.8.0.2 "" -I 10.7.0.1
asks "no group" lan 10.7.0.1 ""
module_unload
at peer ping -q -c 3 -i 0.05 -W 5 -I 10.7.0.1 10.8.0.2 >/dev/null
