#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Packets that do not pass the hooks in the usual order: ESP that is decrypted
# ahead of routing, and clear packets that source NAT sends into a tunnel.
#
#   .------------------.                .------------------.     .------------.
#   | peer             |                | gw               |     | lan        |
#   | 10.1.0.1 (lo)    |                | 10.2.0.1 (lo)    |     |            |
#   |        eth0 .2 --+- 192.0.2.0/24 -+- .1 eth0, eth1 --+-----+-- .2       |
#   '------------------'      ESP       '------------------' 10.3.0.0/24 -----'
#
# ci-once: vti has its way there
. tests/lib/lib.sh

peer=192.0.2.2 gw=192.0.2.1
key=0x000102030405060708090a0b0c0d0e0f10111213
n=5

host peer gw lan
link peer:eth0 gw:eth0
link gw:eth1 lan:eth0
addr peer eth0 $peer/24
addr peer lo 10.1.0.1/32
addr gw eth0 $gw/24
addr gw eth1 10.3.0.1/24
addr gw lo 10.2.0.1/32
addr lan eth0 10.3.0.2/24
forward gw
route peer 10.2.0.0/24 via $gw src 10.1.0.1
route gw 10.1.0.0/24 via $peer src 10.2.0.1
route lan default via 10.3.0.1
for h in peer gw; do
	for sa in "$peer $gw 0x1001" "$gw $peer 0x1002"; do
		read -r src dst spi <<< "$sa"
		ip -n $h xfrm state add src "$src" dst "$dst" proto esp spi "$spi" \
			mode tunnel aead 'rfc4106(gcm(aes))' $key 128
	done
done
# tunnel HOST OWN OTHER OWN_NET OTHER_NET
tunnel()
{
	ip -n "$1" xfrm policy add dir out src "$4" dst "$5" \
		tmpl src "$2" dst "$3" proto esp mode tunnel
	for dir in in fwd; do
		ip -n "$1" xfrm policy add dir $dir src "$5" dst "$4" \
			tmpl src "$3" dst "$2" proto esp mode tunnel
	done
}
tunnel peer $peer $gw 10.1.0.0/24 10.2.0.0/24
tunnel gw $gw $peer 10.2.0.0/24 10.1.0.0/24

module_load
qos gw group add gold id 1 mark 0x10/0xff0
qos gw sa add dst $gw spi 0x1001 group gold
qos gw sa add dst $peer spi 0x1002 group gold

# each_once WHAT HOST ADDRESS [PING_OPTION…]: pings there and back count each once
each_once()
{
	step "$1"
	counters_keep gw
	at "$2" ping -q -c $n -i 0.05 -W 5 "${@:4}" "$3" >/dev/null
	expect "$1" "gold.clear_in+$n gold.clear_out+$n gold.esp_in+$n gold.esp_out+$n" \
		"$(counters_since gw)"
}

each_once "as usual" peer 10.2.0.1 -I 10.1.0.1

# marked: clear packets with the mark that left for the tunnel, by nft
at gw nft -f - <<'EOF'
table ip t {
	chain nat {
		type nat hook postrouting priority srcnat
		oifname "eth0" ip saddr 10.3.0.0/24 snat to 10.2.0.1
	}
	chain last {
		type filter hook postrouting priority 300
		ip daddr 10.1.0.1 ip protocol icmp mark and 0xff0 == 0x10 counter
	}
}
EOF
each_once "source NAT into the tunnel" lan 10.1.0.1
expect "clear packets with the mark" $n "$(at gw nft -j list chain ip t last |
	jq '[ .nftables[].rule // empty | .expr[].counter // empty | .packets ] | add')"

modprobe esp4_offload
at gw ethtool -K eth0 gro on
at peer ethtool -K eth0 tso off gso off >/dev/null
bytes=$(json '.[0].bytes' qos gw -j sa show dst $gw spi 0x1001)
each_once "decrypted ahead of routing" peer 10.2.0.1 -I 10.1.0.1
# 20 + 8 + 56 bytes clear; outer header, ESP's, vector. The trailer is gone.
expect "bytes of the SA" $((n * (84 + 20 + 8 + 8))) \
	$(($(json '.[0].bytes' qos gw -j sa show dst $gw spi 0x1001) - bytes))
qos gw sa flush
counters_keep gw
at peer ping -q -c $n -i 0.05 -W 5 -I 10.1.0.1 10.2.0.1 >/dev/null
expect "ESP of nobody, there and back" "-.untagged+$((2 * n))" "$(counters_since gw)"
expect "there, decrypted ahead of routing" $n \
	"$(json .untagged.reasons.decrypted.packets qos gw -j status)"
