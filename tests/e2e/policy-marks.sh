#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Marks that SAs and policies of this host have of their own, made by ip xfrm, and
# a group that wants the same bits: theirs stay. No packet is dropped, none leaves
# in clear, and who has no such mark has the group's whole one.
#
#   .--------.               .--------------.             .--------.
#   | a      | 192.0.2.0/24  | gw           | 10.3.0.0/24 | lan    |
#   |   eth0 +-- .11    .1 --+ wan-a  lan   +-- .1   .2 --+ eth0   |
#   '--------'               |              |             '--------'
#   .--------.               |              |
#   | b      | 198.51.100.0/24              |
#   |   eth0 +-- .12    .1 --+ wan-b        |
#   '--------'    ESP        '--------------'
#
# a is 10.1.0.1, b is 10.1.0.1 as well and 10.4.0.1; gw is 10.2.0.1.
. tests/lib/lib.sh

a=192.0.2.11 b=198.51.100.12
gw_a=192.0.2.1 gw_b=198.51.100.1
key=0x000102030405060708090a0b0c0d0e0f10111213
n=3

host a b gw lan
link a:eth0 gw:wan-a
link b:eth0 gw:wan-b
link gw:lan lan:eth0
addr a eth0 $a/24
addr a lo 10.1.0.1/32
addr b eth0 $b/24
addr b lo 10.1.0.1/32 10.4.0.1/32
addr gw wan-a $gw_a/24
addr gw wan-b $gw_b/24
addr gw lan 10.3.0.1/24
addr gw lo 10.2.0.1/32
addr lan eth0 10.3.0.2/24
forward gw
at gw sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
	net.ipv4.conf.wan-a.rp_filter=0 net.ipv4.conf.wan-b.rp_filter=0
route lan default via 10.3.0.1
route a 10.0.0.0/8 via $gw_a src 10.1.0.1
route b 10.0.0.0/8 via $gw_b src 10.1.0.1
route gw 10.1.0.0/24 via $a src 10.2.0.1
route gw 10.4.0.0/24 via $b src 10.2.0.1

# sa HOST SRC DST SPI REQID [ARGUMENT…]
sa()
{
	ip -n "$1" xfrm state add src "$2" dst "$3" proto esp spi "$4" reqid "$5" \
		mode tunnel aead 'rfc4106(gcm(aes))' $key 128 "${@:6}"
}

# policy HOST DIR SRC DST FROM TO REQID [ARGUMENT…]
policy()
{
	ip -n "$1" xfrm policy add dir "$2" src "$3" dst "$4" "${@:8}" \
		tmpl src "$5" dst "$6" proto esp mode tunnel reqid "$7"
}

# site HOST ADDRESS GW NET SPI REQID: what a site has; SPI to gw, SPI + 1 from it
site()
{
	sa "$1" "$2" "$3" "$5" "$6"
	sa "$1" "$3" "$2" $(($5 + 1)) "$6"
	policy "$1" out "$4" 10.0.0.0/8 "$2" "$3" "$6"
	policy "$1" in 10.0.0.0/8 "$4" "$3" "$2" "$6"
}

# forget: gw's SAs, policies and rules
forget()
{
	ip -n gw xfrm state flush
	ip -n gw xfrm policy flush
	at gw nft flush ruleset
	qos gw sa flush >/dev/null
}

# xfrm_stat NAME: a counter of gw's
xfrm_stat()
{
	# shellcheck disable=SC2016 # for awk
	at gw awk -v name="$1" '$1 == name { print $2 }' /proc/net/xfrm_stat
}

# dropped: what gw drops where a mark is not as it should be
dropped()
{
	echo "$(xfrm_stat XfrmInNoPols) $(xfrm_stat XfrmInNoStates) $(xfrm_stat XfrmInTmplMismatch)"
}

# come_back WHAT HOST ADDRESS [PING_OPTION…]: all pings do, and gw drops nothing
come_back()
{
	local before said

	before=$(dropped)
	said=$(at "$2" ping -q -c $n -i 0.05 -W 5 "${@:4}" "$3" || true)
	expect "$1: packets" "$n received" "$(grep -o '[0-9]* received' <<<"$said")"
	expect "$1: dropped" "$before" "$(dropped)"
}

# left: how often status says that bits were left to others, and of which group
left()
{
	json '"\(.left.packets) \(.left.group)"' qos gw -j status
}

# marking RULE…: what gw marks, behind the hooks of the module and ahead of them
marking()
{
	at gw nft -f - <<-END
	table inet marking {
		chain pre {
			type filter hook prerouting priority mangle
			$1
		}
	}
	END
}

marking_ahead()
{
	at gw nft -f - <<-END
	table netdev ahead {
		chain a {
			type filter hook ingress device wan-a priority 0
			$1
		}
	}
	END
}

# seen: clear packets that carry the group's mark where one would ask for it
seen()
{
	at gw nft -f - <<-END
	table inet seen {
		counter clear_in { }
		counter clear_out { }
		counter esp_in { }
		counter esp_out { }
		chain pre {
			type filter hook prerouting priority 0
			meta l4proto esp meta mark & $2 == $1 counter name esp_in
			meta l4proto icmp meta ipsec exists meta mark & $2 == $1 counter name clear_in
		}
		chain post {
			type filter hook postrouting priority 0
			meta l4proto esp meta mark & $2 == $1 counter name esp_out
			meta l4proto icmp rt ipsec exists meta mark & $2 == $1 counter name clear_out
		}
	}
	END
}
all_seen="clear_in+$n clear_out+$n esp_in+$n esp_out+$n"

# sas_a [ARGUMENT…]: gw's SAs with a; the ARGUMENTs are for the inbound one
sas_a()
{
	sa gw $a $gw_a 0xa01 7 "$@"
	sa gw $gw_a $a 0xa02 7
	qos gw sa replace dst $gw_a spi 0xa01 group gold
	qos gw sa replace dst $a spi 0xa02 group gold
}

sas_b()
{
	sa gw $b $gw_b 0xb01 8
	sa gw $gw_b $b 0xb02 8
	qos gw sa replace dst $gw_b spi 0xb01 group silver
	qos gw sa replace dst $b spi 0xb02 group silver
}

# open_a [MARK…]: gw's policies with a: those that look at what comes in, with it
open_a()
{
	policy gw in 10.1.0.0/24 10.0.0.0/8 $a $gw_a 7 "$@"
	policy gw fwd 10.1.0.0/24 10.0.0.0/8 $a $gw_a 7 "$@"
	policy gw out 10.0.0.0/8 10.1.0.0/24 $gw_a $a 7
}

module_load
site a $a $gw_a 10.1.0.0/24 0xa01 7
site b $b $gw_b 10.4.0.0/24 0xb01 8
qos gw group add gold id 1 mark 0x100/0x700
qos gw group add silver id 2 mark 0x200/0x700

step "policies with a whole mark, which nft gives to ESP"
open_a mark 0x5a
sas_a
marking 'meta l4proto esp ip saddr 192.0.2.11 meta mark set 0x5a'
come_back "to gw" a 10.2.0.1
come_back "through gw" a 10.3.0.2
# ESP, and what comes out of it
expect "left to others" "$((4 * n)) gold" "$(left)"
for mask in 0x1/0x1 0x80000000/0xc0000000 0xffffffff/0xffffffff; do
	qos gw group replace gold id 1 mark $mask
	come_back "group $mask" a 10.2.0.1
	come_back "group $mask, through gw" a 10.3.0.2
done
qos gw group replace gold id 1 mark 0x100/0x700

step "the same, given ahead of the module"
at gw nft flush ruleset
marking_ahead 'ip protocol esp meta mark set 0x5a'
come_back "to gw" a 10.2.0.1
come_back "through gw" a 10.3.0.2

step "one who has no such mark has the group's whole one"
policy gw in 10.4.0.0/24 10.0.0.0/8 $b $gw_b 8
policy gw fwd 10.4.0.0/24 10.0.0.0/8 $b $gw_b 8
policy gw out 10.0.0.0/8 10.4.0.0/24 $gw_b $b 8
sas_b
seen 0x200 0x700
nft_counted gw >/dev/null
before=$(left)
come_back "to gw" b 10.2.0.1 -I 10.4.0.1
come_back "through gw" b 10.3.0.2 -I 10.4.0.1
expect "marked" "${all_seen//+$n/+$((2 * n))}" "$(nft_counted gw)"
expect "left to others" "$before" "$(left)"
forget

step "a mask that shares some bits with the group's, and one that shares none"
open_a mark 0x50 mask 0x1f0
sas_a
marking 'meta l4proto esp meta mark set meta mark & 0xfffffe0f | 0x50'
come_back "some" a 10.3.0.2
before=$(left)
qos gw group replace gold id 1 mark 0x600/0xe00
seen 0x600 0xe00
nft_counted gw >/dev/null
come_back "none" a 10.3.0.2
expect "marked" "$all_seen" "$(nft_counted gw)"
expect "left to others" "$before" "$(left)"
forget

step "policies that ask for the group's own mark"
qos gw group replace gold id 1 mark 0x100/0x700
open_a mark 0x100 mask 0x700
sas_a
seen 0x100 0x700
nft_counted gw >/dev/null
before=$(left)
come_back "group's" a 10.3.0.2
expect "marked" "$all_seen" "$(nft_counted gw)"
expect "left to others" "$before" "$(left)"

step "and the mark of the policies changes while the tunnel is there"
ip -n gw xfrm policy flush
open_a mark 0x400 mask 0x500
marking 'meta l4proto esp meta mark set meta mark & 0xfffffaff | 0x400'
come_back "changed" a 10.3.0.2
ip -n gw xfrm policy flush
at gw nft delete table inet marking
open_a
whole()
{
	nft_counted gw >/dev/null
	come_back "no mark" a 10.3.0.2
	[ "$(nft_counted gw)" = "$all_seen" ]
}
# that all policies are flushed an audit sees
wait_for 20 whole
forget

# others LOW HIGH VERB: policies of another site, with a mask each and a bit that no
# packet has
others()
{
	local i
	local -a tmpl=()

	for ((i = $1; i <= $2; i++)); do
		[ "$3" = delete ] || tmpl=(tmpl src "$b" dst "$gw_b" proto esp mode tunnel reqid 8)
		ip -n gw xfrm policy "$3" dir in src 10.77.$i.0/24 dst 10.0.0.0/8 \
			mark 0x10000 mask $((0x10700 + (i << 20))) "${tmpl[@]}"
	done
}

step "more masks than can be told apart: all their bits are left, until some go"
open_a
sas_a
seen 0x100 0x700
others 1 18 add
nft_counted gw >/dev/null
come_back "18 masks" a 10.3.0.2
# what is sent gets the mark behind source NAT: its policy is not looked for any more
expect "marked" "esp_out+$n" "$(nft_counted gw)"
others 1 2 delete
wait_for 5 whole
forget

step "a policy out with a mark, and source NAT behind it"
policy gw in 10.1.0.0/24 10.2.0.1/32 $a $gw_a 7
policy gw fwd 10.1.0.0/24 10.0.0.0/8 $a $gw_a 7
policy gw out 0.0.0.0/0 10.1.0.0/24 $gw_a $a 7 mark 0x5a
sas_a
marking 'iifname lan meta mark set 0x5a'
at gw nft -f - <<-END
table ip t {
	chain nat {
		type nat hook postrouting priority srcnat
		ip saddr 10.3.0.0/24 snat to 10.2.0.1
	}
}
END
# what comes out of the tunnel is seen on wan-a too: replies alone
capture_start gw wan-a clear "icmp[icmptype] == icmp-echo"
counters_keep gw
come_back "from the LAN" lan 10.1.0.1
capture_stop clear
expect "sent in clear" 0 "$(captured clear)"
expect "counted" "gold.clear_in+$n gold.clear_out+$n gold.esp_in+$n gold.esp_out+$n" \
	"$(counters_since gw)"
forget

step "own IKE in a tunnel: its policy has a mark, and source NAT is behind it"
policy gw out 0.0.0.0/0 10.1.0.0/24 $gw_a $a 7 mark 0x5a
sas_a
qos gw ike add spi-i 0x7711 spi-r 0x7722 group gold
at gw nft -f - <<-END
table ip t {
	chain nat {
		type nat hook postrouting priority srcnat
		ip saddr 10.3.0.1 udp sport 500 snat to 10.2.0.1
	}
}
END
# it answers nothing, and says how many came
exec_at a python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.1.0.1", 500))
s.settimeout(60)
print("listens", flush=True)
for i in range('$n'):
	print("from", s.recvfrom(999)[1][0], flush=True)' >"$W/sink.log" &
wait_for 20 grep -q listens "$W/sink.log"
capture_start gw wan-a clear "udp port 500"
counters_keep gw
at gw python3 -c '
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0x5a)
s.bind(("10.3.0.1", 500))
for i in range('$n'):
	s.sendto(struct.pack("!QQBBBBII", 0x7711, 0x7722, 46, 0x20, 37, 8, i, 28),
		 ("10.1.0.1", 500))'
arrived() { [ "$(grep -cx 'from 10.2.0.1' "$W/sink.log")" = $n ]; }
wait_for 10 arrived
capture_stop clear
expect "sent in clear" 0 "$(captured clear)"
expect "counted" "gold.clear_out+$n gold.esp_out+$n gold.ike_out+$n" "$(counters_since gw)"
qos gw ike flush >/dev/null
forget

step "two connections with the same addresses, told apart by a mark"
ip -n b xfrm policy flush
ip -n b xfrm state flush
site b $b $gw_b 10.1.0.0/24 0xb01 8
for dir in in fwd; do
	policy gw $dir 10.1.0.0/24 10.0.0.0/8 $a $gw_a 7 mark 0x51
	policy gw $dir 10.1.0.0/24 10.0.0.0/8 $b $gw_b 8 mark 0x52
done
policy gw out 10.0.0.0/8 10.1.0.0/24 $gw_a $a 7 mark 0x51
policy gw out 10.0.0.0/8 10.1.0.0/24 $gw_b $b 8 mark 0x52
sas_a
sas_b
marking "ip saddr $a meta mark set 0x51; ip saddr $b meta mark set 0x52"
counters_keep gw
come_back "the first" gw 10.1.0.1 -m 81
expect "counted" "gold.clear_in+$n gold.clear_out+$n gold.esp_in+$n gold.esp_out+$n" \
	"$(counters_since gw)"
counters_keep gw
come_back "the second" gw 10.1.0.1 -m 82
expect "counted" "silver.clear_in+$n silver.clear_out+$n silver.esp_in+$n silver.esp_out+$n" \
	"$(counters_since gw)"
forget

step "one without a mark, beside one with the group's and the same addresses"
# its packets must not be taken for the other's
policy gw in 10.1.0.0/24 10.0.0.0/8 $b $gw_b 8 mark 0x100 mask 0x700 priority 1
policy gw fwd 10.1.0.0/24 10.0.0.0/8 $b $gw_b 8 mark 0x100 mask 0x700 priority 1
open_a priority 2
sas_a
come_back "to gw" a 10.2.0.1
come_back "through gw" a 10.3.0.2
forget

step "an SA that has a mark, which its ESP has already"
open_a
sas_a mark 0x5a mask 0xffffffff
marking_ahead 'ip protocol esp meta mark set 0x5a'
come_back "with a group" a 10.2.0.1
qos gw sa flush >/dev/null
qos gw fallback add dscp 0 mark 0x700/0xf00
come_back "with a fall-back" a 10.2.0.1
qos gw fallback flush
forget

step "the same, with a mask; nft gives the mark behind the module"
open_a
sas_a mark 0x300 mask 0x300
marking_ahead 'ip protocol esp meta mark set 0x100'
marking 'meta l4proto esp meta mark set meta mark | 0x200'
qos gw group replace gold id 1 mark 0x400/0x700
seen 0x700 0x700
nft_counted gw >/dev/null
come_back "with a mask" a 10.2.0.1
expect "the rest is the group's" "esp_in+$n" "$(nft_counted gw)"
forget
qos gw group replace gold id 1 mark 0x100/0x700

step "an SA that gives a mark to what comes out of it (set_mark_in)"
policy gw in 10.1.0.0/24 10.0.0.0/8 $a $gw_a 7
policy gw fwd 10.1.0.0/24 10.0.0.0/8 $a $gw_a 7
policy gw out 10.0.0.0/8 10.1.0.0/24 $gw_a $a 7
sas_a output-mark 0x277 mask 0x3ff
seen 0x277 0x3ff
nft_counted gw >/dev/null
come_back "set" a 10.2.0.1
expect "its mark" "clear_in+$n" "$(nft_counted gw)"
forget

step "an SA that gives a mark to its ESP (set_mark_out)"
open_a
sa gw $a $gw_a 0xa01 7
sa gw $gw_a $a 0xa02 7 output-mark 0x277 mask 0x3ff
qos gw sa add dst $a spi 0xa02 group gold
seen 0x277 0x3ff
nft_counted gw >/dev/null
come_back "set" a 10.2.0.1
expect "its mark" "esp_out+$n" "$(nft_counted gw)"
forget

step "a VTI device, whose key is the mark: it looks at no packet's"
for dir in in fwd out; do
	ends=("$gw_a" "$a")
	[ $dir = out ] || ends=("$a" "$gw_a")
	policy gw $dir 0.0.0.0/0 0.0.0.0/0 "${ends[@]}" 7 mark 0x5a
done
sas_a mark 0x5a mask 0xffffffff
ip -n gw link add vti1 type vti local $gw_a remote $a ikey 0x5a okey 0x5a
ip -n gw link set vti1 up
ip -n gw route replace 10.1.0.0/24 dev vti1 src 10.2.0.1
seen 0x100 0x700
esp_marked()
{
	nft_counted gw >/dev/null
	come_back "VTI" a 10.2.0.1
	[[ $(nft_counted gw) = *"esp_in+$n esp_out+$n" ]]
}
# which policies are a device's an audit sees
wait_for 20 esp_marked
ip -n gw link del vti1
route gw 10.1.0.0/24 via $a src 10.2.0.1
forget

# entries: of the SA table with SPI 0xd01
entries()
{
	json '[ .[] | .group + if .local then " local" else "" end ] | join(", ")' \
		qos gw -j sa show spi 0xd01
}

entries_are() { [ "$(entries)" = "$1" ]; }

# twin MARK: an SA, of the same address and SPI as its twins
twin()
{
	sa gw $a $gw_a 0xd01 9 ${1:+mark "$1" mask 0xff}
}

# untwin MARK
untwin()
{
	ip -n gw xfrm state delete src $a dst $gw_a proto esp spi 0xd01 \
		${1:+mark "$1" mask 0xff}
}

step "SAs that differ in their mark alone: the last one takes the entry"
twin 0x31
twin 0x32
qos gw sa add dst $gw_a spi 0xd01 group gold
expect "entry" "gold local" "$(entries)"
untwin 0x31
expect "one is gone" "gold local" "$(entries)"
# an audit, too, sees the other
ip -n gw xfrm state flush proto ah
twin 0x33
qos gw sa add dst $gw_a spi 0xd02 group gold
sa gw $a $gw_a 0xd02 9
ip -n gw xfrm state delete src $a dst $gw_a proto esp spi 0xd02
expect "after an audit" "gold local" "$(entries)"
untwin 0x32
expect "another is gone" "gold local" "$(entries)"
# the one without a mark is added, and found, by every mark
twin ""
untwin 0x33
expect "one of the last two is gone" "gold local" "$(entries)"
untwin 0x33
expect "all are gone" "" "$(entries)"

step "and where one expires, or all are flushed"
sa gw $a $gw_a 0xd01 9 mark 0x31 mask 0xff limit time-hard 2
twin ""
qos gw sa add dst $gw_a spi 0xd01 group gold
expired() { not grep -q 'mark 0x31/' <<<"$(ip -n gw xfrm state)"; }
wait_for 20 expired
expect "one has expired" "gold local" "$(entries)"
ip -n gw xfrm state flush
wait_for 20 entries_are ""

module_unload
