#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A group whose clear packets carry another mark than its ESP (mark-clear): each way has a
# mark of its own, on one device too; a rule by it routes what has come out of an SA and
# no ESP; and policies may ask for either of the two.
#
#   .-------.               .-------------.              .-------.
#   | a     | 192.0.2.0/24  | gw          | 10.3.0.0/24  | lan   |
#   |  eth0 +-- .11    .1 --+ wan    lan  +-- .1    .2 --+ eth0  |
#   '-------'               |             |              '-------'
#   .-------.               |             |              .-------.
#   | b     | 198.51.100.0/24             | 10.5.0.0/24  | other |
#   |  eth0 +-- .12    .1 --+ far  other  +-- .1    .2 --+ eth0  |
#   '-------'               '-------------'              '-------'
#
# a is 10.1.0.1 behind an SA with gw, which is 10.2.0.1; lan is 10.9.0.1, and so is other,
# to which gw routes what a rule of its says.
#
# ci-once: what compat.h has is not in it
. tests/lib/lib.sh

a=192.0.2.11 b=198.51.100.12 gw=192.0.2.1
key=0x000102030405060708090a0b0c0d0e0f10111213
n=3

host a b gw lan other
link a:eth0 gw:wan
link b:eth0 gw:far
link gw:lan lan:eth0
link gw:other other:eth0
addr a eth0 $a/24
addr a lo 10.1.0.1/32
addr b eth0 $b/24
addr gw wan $gw/24
addr gw far 198.51.100.1/24
addr gw lan 10.3.0.1/24
addr gw other 10.5.0.1/24
addr gw lo 10.2.0.1/32
addr lan eth0 10.3.0.2/24
addr lan lo 10.9.0.1/32
addr other eth0 10.5.0.2/24
addr other lo 10.9.0.1/32
forward gw
at gw sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
	net.ipv4.conf.wan.rp_filter=0 net.ipv4.conf.far.rp_filter=0 \
	net.ipv4.conf.lan.rp_filter=0 net.ipv4.conf.other.rp_filter=0
route a default via $gw
route a 10.0.0.0/8 via $gw src 10.1.0.1
route lan default via 10.3.0.1
route other default via 10.5.0.1
route gw 10.1.0.0/24 via $a src 10.2.0.1
route gw 10.9.0.0/24 via 10.3.0.2
ip -n gw route add default via 10.5.0.2 table 77

# sa HOST SRC DST SPI
sa()
{
	ip -n "$1" xfrm state add src "$2" dst "$3" proto esp spi "$4" reqid 7 \
		mode tunnel aead 'rfc4106(gcm(aes))' $key 128
}

# policy HOST DIR SRC DST FROM TO [MARK…]
policy()
{
	ip -n "$1" xfrm policy add dir "$2" src "$3" dst "$4" "${@:7}" \
		tmpl src "$5" dst "$6" proto esp mode tunnel reqid 7
}

# policies [MARK…]: gw's
policies()
{
	ip -n gw xfrm policy flush
	policy gw in 10.1.0.0/24 10.0.0.0/8 $a $gw "$@"
	policy gw fwd 10.1.0.0/24 10.0.0.0/8 $a $gw "$@"
	policy gw out 10.0.0.0/8 10.1.0.0/24 $gw $a "$@"
}

# come_back WHAT HOST ADDRESS [PING_OPTION…]: all pings do
come_back()
{
	local said

	said=$(at "$2" ping -q -c $n -i 0.05 -W 5 "${@:4}" "$3" || true)
	expect "$1: packets" "$n received" "$(grep -o '[0-9]* received' <<<"$said")"
}

# left: how often status says that bits were left to others, and of which group
left()
{
	json '"\(.left.packets) \(.left.group)"' qos gw -j status
}

# dropped: what gw drops where a mark is not as it should be
dropped()
{
	# shellcheck disable=SC2016 # for awk
	at gw awk '/XfrmInNoPols|XfrmInTmplMismatch|XfrmOutPolBlock/ { n += $2 }
		END { print n + 0 }' /proc/net/xfrm_stat
}

# rules NAME MATCH…: count what has either mark, and what has neither
rules()
{
	echo "${*:2} meta mark & 0x700 == 0x100 counter name $1_1"
	echo "${*:2} meta mark & 0x700 == 0x200 counter name $1_2"
	echo "${*:2} meta mark & 0x700 != { 0x100, 0x200 } counter name $1_other"
}

at gw nft -f - <<-END
	table inet seen {
		$(printf 'counter %s { }\n' {esp_in,esp_out,ike_in,out_of,forwarded,into}_{1,2,other})
		chain pre {
			type filter hook prerouting priority 0
			$(rules esp_in meta l4proto esp)
			$(rules ike_in udp dport 500)
			$(rules out_of meta l4proto icmp meta ipsec exists)
		}
		chain way {
			type filter hook forward priority 0
			$(rules forwarded meta l4proto icmp meta ipsec exists)
		}
		chain post {
			type filter hook postrouting priority 0
			$(rules esp_out meta l4proto esp)
			$(rules into meta l4proto icmp rt ipsec exists)
		}
	}
	table inet marking {
		chain pre {
			type filter hook prerouting priority mangle
		}
	}
END

module_load
qos gw group add gold id 1 mark 0x100/0x700 mark-clear 0x200
for host in a gw; do
	sa $host $a $gw 0xa01
	sa $host $gw $a 0xa02
done
policy a out 10.1.0.0/24 10.0.0.0/8 $a $gw
policy a in 10.0.0.0/8 10.1.0.0/24 $gw $a
policies
qos gw sa replace dst $gw spi 0xa01 group gold
qos gw sa replace dst $a spi 0xa02 group gold
qos gw ike add spi-i 0x7711 spi-r 0x7722 group gold

step "ESP, IKE and what is on its way into an SA have the mark; what is out of one the other"
come_back "through gw" a 10.9.0.1
expect "marks" "esp_in_1+$n esp_out_1+$n forwarded_2+$n into_1+$n out_of_2+$n" \
	"$(nft_counted gw)"
come_back "to gw" a 10.2.0.1
expect "marks" "esp_in_1+$n esp_out_1+$n into_1+$n out_of_2+$n" "$(nft_counted gw)"
at a python3 -c '
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("'$a'", 500))
for i in range('$n'):
	s.sendto(struct.pack("!QQBBBBII", 0x7711, 0x7722, 46, 0x20, 37, 8, i, 28), ("'$gw'", 500))'
wait_for 5 json_is ".[0].counters.ike_in.packets == $n" qos gw -j group show gold
expect "marks" "ike_in_1+$n" "$(nft_counted gw)"
expect "left to others" "0 null" "$(left)"

step "without it, all have the mark, at once"
qos gw group change gold mark-clear none
come_back "through gw" a 10.9.0.1
expect "marks" "esp_in_1+$n esp_out_1+$n forwarded_1+$n into_1+$n out_of_1+$n" \
	"$(nft_counted gw)"
qos gw group change gold mark-clear 0
come_back "through gw" a 10.9.0.1
expect "cleared" "esp_in_1+$n esp_out_1+$n forwarded_other+$n into_1+$n out_of_other+$n" \
	"$(nft_counted gw)"

# transit: a sends b ESP through gw, whose SA is in the group; prints who had it
transit()
{
	local who

	for who in b other; do
		capture_start $who eth0 $who "ip proto 50 and dst host $b"
	done
	at a python3 -c '
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ESP)
for i in range('$n'):
	s.sendto(struct.pack("!II", 0xb01, 1 + i) + bytes(56), ("'$b'", 0))'
	wait_for 5 json_is ".[0].packets == $n" qos gw -j sa show spi 0xb01
	for who in b other; do
		capture_stop $who
	done
	echo "b $(captured b) other $(captured other)"
	qos gw sa del dst $b spi 0xb01
	qos gw sa add dst $b spi 0xb01 group gold
}

# heard HOST ADDRESS: which of lan and other a's pings come to
heard()
{
	local who

	for who in lan other; do
		capture_start $who eth0 $who "icmp[icmptype] == icmp-echo and dst host 10.9.0.1"
	done
	come_back "pings" a 10.9.0.1
	for who in lan other; do
		capture_stop $who
	done
	echo "lan $(captured lan) other $(captured other)"
}

step "a rule by the mark meets a customer's ESP"
qos gw group change gold mark-clear none
qos gw sa add dst $b spi 0xb01 group gold
expect "no rule" "b $n other 0" "$(transit)"
ip -n gw rule add fwmark 0x100/0x700 lookup 77
expect "clear packets" "lan 0 other $n" "$(heard)"
expect "ESP on its way to b" "b 0 other $n" "$(transit)"
ip -n gw rule del fwmark 0x100/0x700 lookup 77

step "one by the mark of clear packets does not"
qos gw group change gold mark-clear 0x200
expect "no rule" "lan $n other 0" "$(heard)"
ip -n gw rule add fwmark 0x200/0x700 lookup 77
expect "clear packets" "lan 0 other $n" "$(heard)"
expect "ESP on its way to b" "b $n other 0" "$(transit)"
ip -n gw rule del fwmark 0x200/0x700 lookup 77

step "policies that ask for the mark of clear packets: ESP has its own all the same"
policies mark 0x200 mask 0x700
at gw nft add rule inet marking pre iifname lan meta mark set 0x200
nft_counted gw >/dev/null
before=$(left) lost=$(dropped)
come_back "through gw" a 10.9.0.1
expect "marks" "esp_in_1+$n esp_out_1+$n forwarded_2+$n into_2+$n out_of_2+$n" \
	"$(nft_counted gw)"
come_back "from gw" gw 10.1.0.1 -m 512
expect "marks" "esp_in_1+$n esp_out_1+$n into_2+$n out_of_2+$n" "$(nft_counted gw)"
expect "left to others" "$before" "$(left)"
expect "dropped" "$lost" "$(dropped)"

step "policies that ask for the mark: clear packets keep that, and it is said"
policies mark 0x100 mask 0x700
at gw nft flush chain inet marking pre
at gw nft add rule inet marking pre iifname lan meta mark set 0x100
come_back "through gw" a 10.9.0.1
expect "marks" "esp_in_1+$n esp_out_1+$n forwarded_1+$n into_1+$n out_of_1+$n" \
	"$(nft_counted gw)"
expect "left to others" "$((${before%% *} + n)) gold" "$(left)"
expect "dropped" "$lost" "$(dropped)"

step "policies that ask for a third: neither is written where they look"
policies mark 0x400 mask 0x700
at gw nft flush chain inet marking pre
at gw nft add rule inet marking pre iifname lan meta mark set 0x400
at gw nft add rule inet marking pre ip protocol esp meta mark set 0x400
come_back "through gw" a 10.9.0.1
expect "marks" "esp_in_other+$n esp_out_1+$n forwarded_other+$n into_other+$n out_of_other+$n" \
	"$(nft_counted gw)"
expect "dropped" "$lost" "$(dropped)"

step "policies that ask for the one inwards, and for the other, and all bits, outwards"
ip -n gw xfrm policy flush
for dir in in fwd; do
	policy gw $dir 10.1.0.0/24 10.0.0.0/8 $a $gw mark 0x200 mask 0x700
done
policy gw out 10.0.0.0/8 10.1.0.0/24 $gw $a mark 0x100
at gw nft flush chain inet marking pre
at gw nft add rule inet marking pre iifname lan meta mark set 0x100
# who asks for it sets it where it comes in, ahead of the module
at gw nft -f - <<-END
	table netdev early {
		chain wan {
			type filter hook ingress device wan priority 0
			ip protocol esp meta mark set 0x200
		}
	}
END
nft_counted gw >/dev/null
come_back "through gw" a 10.9.0.1
expect "dropped" "$lost" "$(dropped)"
at gw nft delete table netdev early
nft_counted gw >/dev/null

step "policies of others do not let its clear packets in by their mark"
# a's have no mark; those of another peer, with the same addresses, have mark-clear's
policies priority 2
for dir in in fwd; do
	ip -n gw xfrm policy add dir $dir src 10.1.0.0/24 dst 10.0.0.0/8 mark 0x200 mask 0x700 \
		priority 1 tmpl src $b dst 198.51.100.1 proto esp mode tunnel reqid 8
done
at gw nft flush chain inet marking pre
come_back "through gw" a 10.9.0.1
expect "marks" "esp_in_1+$n esp_out_1+$n forwarded_1+$n into_1+$n out_of_1+$n" \
	"$(nft_counted gw)"
expect "dropped" "$lost" "$(dropped)"

module_unload
