#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packets that somebody in user space looks at before the module does: they come
# back from nftables' queue in process context. Each is tagged and counted, as ESP
# and once it is out of its SA.
#
#   peer 192.0.2.2, 2001:db8::2 ---- 192.0.2.1, 2001:db8::1 gw
#
# ci-once: what compat.h has is not in it
. tests/lib/lib.sh

peer=192.0.2.2 gw=192.0.2.1
peer6=2001:db8::2 gw6=2001:db8::1
key=0x000102030405060708090a0b0c0d0e0f10111213
n=20

# esp HOST SRC DST SPI DIR: an SA, and a policy in or out
esp()
{
	ip -n "$1" xfrm state add src "$2" dst "$3" proto esp spi "$4" \
		mode transport aead 'rfc4106(gcm(aes))' $key 128
	ip -n "$1" xfrm policy add dir "$5" src "$2" dst "$3" \
		tmpl src "$2" dst "$3" proto esp mode transport
}

host peer gw
link peer:eth0 gw:eth0
addr peer eth0 $peer/24 $peer6/64
addr gw eth0 $gw/24 $gw6/64
ip -n gw neigh replace $peer6 lladdr "$(at peer cat /sys/class/net/eth0/address)" dev eth0
ip -n peer neigh replace $gw6 lladdr "$(at gw cat /sys/class/net/eth0/address)" dev eth0

module_load
qos gw group add gold id 1 mark 0x10/0xff0
esp peer $peer $gw 0x1001 out
esp peer $gw $peer 0x1002 in
esp peer $peer6 $gw6 0x2001 out
esp peer $gw6 $peer6 0x2002 in
esp gw $peer $gw 0x1001 in
esp gw $gw $peer 0x1002 out
esp gw $peer6 $gw6 0x2001 in
esp gw $gw6 $peer6 0x2002 out
for sa in "$gw 0x1001" "$peer 0x1002" "$gw6 0x2001" "$peer6 0x2002"; do
	qos gw sa add dst "${sa% *}" spi "${sa#* }" group gold
done
at gw nft -f - <<'END'
table inet t {
	counter marked { }
	chain ahead {
		type filter hook prerouting priority -500
		meta l4proto { esp, icmp } queue num 1
		meta l4proto icmpv6 icmpv6 type echo-request queue num 1
	}
	chain behind {
		type filter hook prerouting priority filter
		meta mark & 0xff0 == 0x10 counter name marked
	}
}
END
coproc at gw tests/lib/nfqueue.py
read -rt 20 said <&"${COPROC[0]}"
expect "the queue" ready "$said"

for way in "$gw" "$gw6"; do
	step "through the queue to $way"
	counters_keep gw
	at peer ping -q -c $n -i 0.05 -W 5 $way
	expect "counted" "gold.clear_in+$n gold.clear_out+$n gold.esp_in+$n gold.esp_out+$n" \
		"$(counters_since gw)"
done
step "all passed the queue, and had the mark behind it"
echo >&"${COPROC[1]}"
read -rt 20 said <&"${COPROC[0]}"
expect "packets in the queue" $((4 * n)) "$said"
expect "packets with the mark" $((4 * n)) \
	"$(at gw nft -j list counter inet t marked | jq '[.nftables[].counter.packets // empty][0]')"
expect_json '.untagged.packets == 0' qos gw -j status
