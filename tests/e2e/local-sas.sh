#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A host's own SAs, made by ip xfrm, with entries by command; nothing of this
# project runs in user space. The clear packets carry the mark too, and an entry
# goes with the kernel's SA, however that ends.
#
#   .------------------.                .------------------.
#   | peer             |                | gw               |
#   | 10.1.0.1 (lo)    |                | 10.2.0.1 (lo)    |
#   |        eth0 .2 --+- 192.0.2.0/24 -+- .1 eth0         |
#   |             ::2 -+ 2001:db8::/64 -+- ::1             |
#   '------------------'   ESP, AH      '------------------'
. tests/lib/lib.sh

peer=192.0.2.2 gw=192.0.2.1
peer6=2001:db8::2 gw6=2001:db8::1
key=0x000102030405060708090a0b0c0d0e0f10111213

host peer gw
link peer:eth0 gw:eth0
addr peer eth0 $peer/24 $peer6/64
addr peer lo 10.1.0.1/32
addr gw eth0 $gw/24 $gw6/64
addr gw lo 10.2.0.1/32
route peer 10.2.0.0/24 via $gw src 10.1.0.1
route gw 10.1.0.0/24 via $peer src 10.2.0.1

# esp HOST SRC DST SPI [ARGUMENT…]: an SA in tunnel mode
esp()
{
	ip -n "$1" xfrm state add src "$2" dst "$3" proto esp spi "$4" \
		mode tunnel aead 'rfc4106(gcm(aes))' $key 128 "${@:5}"
}

# ah HOST SRC DST SPI: an SA in transport mode
ah()
{
	ip -n "$1" xfrm state add src "$2" dst "$3" proto ah spi "$4" \
		mode transport auth-trunc 'hmac(sha256)' ${key}000000000000000000000000 128
}

# tunnel HOST OTHER SRC DST SRC_NET DST_NET: its policies
tunnel()
{
	ip -n "$1" xfrm policy add dir out src "$5" dst "$6" \
		tmpl src "$3" dst "$4" proto esp mode tunnel
	ip -n "$1" xfrm policy add dir in src "$6" dst "$5" \
		tmpl src "$4" dst "$3" proto esp mode tunnel
}

# pair [ARGUMENT…]: SAs 0x1001 to the gateway and 0x1002 from it, both ends;
# ARGUMENTs are for the gateway's
pair()
{
	esp peer $peer $gw 0x1001
	esp gw $peer $gw 0x1001 "$@"
	esp peer $gw $peer 0x1002
	esp gw $gw $peer 0x1002 "$@"
}

# unpair: on the peer only
unpair()
{
	ip -n peer xfrm state flush proto esp
}

# entries: of the SA table, in short
entries()
{
	qos gw -j sa show | jq -r '[ sort_by(.proto, .spi)[] |
		"\(.proto) \(.dst) \(.spi) \(.group)\(if .local then " local" else "" end)" ] |
		join(", ")'
}

entries_are()
{
	[ "$(entries)" = "$1" ]
}

# said EVENT SPI: the monitor did, of an SA
said()
{
	jq -es --arg event "$1" --argjson spi $(($2)) 'any(
		.event == $event and .object == "sa" and .spi == $spi)' \
		"$W/monitor.json"
}

# add_both: entries of a pair
add_both()
{
	: > "$W/monitor.json"
	qos gw sa add dst $gw spi 0x1001 group gold
	qos gw sa add dst $peer spi 0x1002 group gold
	expect "both entries are known to be of the kernel's SAs" \
		"esp $gw 4097 gold local, esp $peer 4098 gold local, $other" \
		"$(entries)"
}

module_load
at gw nft -f - <<'END'
table inet marks {
	counter clear_in { }
	counter clear_out { }
	counter esp_in { }
	counter esp_out { }
	counter unmarked { }
	# AH is an extension header to nft
	chain prerouting {
		type filter hook prerouting priority 0
		ip6 nexthdr ah meta mark 0x10 counter name esp_in accept
		meta l4proto esp meta mark 0x10 counter name esp_in
		ip saddr 10.1.0.1 meta mark 0x10 counter name clear_in
		ip6 saddr 2001:db8::2 meta l4proto icmpv6 icmpv6 type echo-request meta mark 0x10 counter name clear_in
		meta l4proto { esp, icmp } meta mark 0 counter name unmarked
	}
	chain postrouting {
		type filter hook postrouting priority 0
		ip6 nexthdr ah meta mark 0x10 counter name esp_out accept
		meta l4proto esp meta mark 0x10 counter name esp_out
		ip daddr 10.1.0.1 meta mark 0x10 counter name clear_out
		ip6 daddr 2001:db8::2 meta l4proto icmpv6 icmpv6 type echo-reply meta mark 0x10 counter name clear_out
		meta l4proto { esp, icmp } meta mark 0 counter name unmarked
	}
}
END
tunnel peer gw $peer $gw 10.1.0.0/24 10.2.0.0/24
tunnel gw peer $gw $peer 10.2.0.0/24 10.1.0.0/24
qos gw group add gold id 1 mark 0x10/0xff0
# what no SA of this host's ends with: it is somebody else's
qos gw sa add dst 198.51.100.9 spi 0x9999 group gold
other="esp 198.51.100.9 39321 gold"
exec_at gw ipsec-qos -j monitor sa >> "$W/monitor.json" &
monitor=$!

step "with no entry: counted as untagged, not marked"
pair
nft_counted gw >/dev/null
counters_keep gw
pings peer 10.2.0.1 -c 2 -i 0.2
expect "counted" "-.untagged+4" "$(counters_since gw)"
expect "marked" "unmarked+8" "$(nft_counted gw)"

step "with entries: counted and marked, clear and encrypted"
# the monitor is there when it has seen something
wait_for 10 eval 'qos gw sa replace dst 198.51.100.9 spi 0x9999 group gold lifetime 99;
	qos gw sa replace dst 198.51.100.9 spi 0x9999 group gold; said change 0x9999'
add_both
counters_keep gw
pings peer 10.2.0.1 -c 2 -i 0.2
all="gold.clear_in+2 gold.clear_out+2 gold.esp_in+2 gold.esp_out+2"
marked="clear_in+2 clear_out+2 esp_in+2 esp_out+2"
expect "counted" "$all" "$(counters_since gw)"
expect "marked" "$marked" "$(nft_counted gw)"

step "ip xfrm state delete"
ip -n gw xfrm state delete src $peer dst $gw proto esp spi 0x1001
expect "entries" "esp $peer 4098 gold local, $other" "$(entries)"
wait_for 5 said del 0x1001
ip -n gw xfrm state delete src $gw dst $peer proto esp spi 0x1002
expect "entries" "$other" "$(entries)"
wait_for 5 said del 0x1002
unpair

step "ip xfrm state flush"
pair
add_both
ip -n gw xfrm state flush
wait_for 5 entries_are "$other"
wait_for 5 said del 0x1001
wait_for 5 said del 0x1002
unpair

step "the hard limit of packets"
pair limit packet-hard 3
add_both
# the fourth is one too many, each way
pings peer 10.2.0.1 -c 3 -i 0.2
pings_not peer 10.2.0.1
wait_for 5 entries_are "esp $peer 4098 gold local, $other"
wait_for 5 said del 0x1001
pings_not gw 10.1.0.1 -c 1
wait_for 5 entries_are "$other"
wait_for 5 said del 0x1002
unpair

step "the hard limit of time"
# the entries first: this machine may be slower than the limit
: > "$W/monitor.json"
qos gw sa add dst $gw spi 0x1001 group gold
qos gw sa add dst $peer spi 0x1002 group gold
expect "entries" "esp $gw 4097 gold, esp $peer 4098 gold, $other" "$(entries)"
pair limit time-hard 4
wait_for 5 said change 0x1001
wait_for 5 said change 0x1002
wait_for 20 entries_are "$other"
wait_for 5 said del 0x1001
wait_for 5 said del 0x1002
ip -n gw xfrm state flush
unpair

step "an entry that was there before the SA"
: > "$W/monitor.json"
qos gw sa add dst $gw spi 0x1001 group gold
expect "entries" "esp $gw 4097 gold, $other" "$(entries)"
pair
expect "entries" "esp $gw 4097 gold local, $other" "$(entries)"
wait_for 5 said change 0x1001
ip -n gw xfrm state flush
wait_for 5 entries_are "$other"
unpair

step "ESP over IPv6, AH"
ip -n peer xfrm policy flush
ip -n gw xfrm policy flush
ip -n peer xfrm policy add dir out src $peer6 dst $gw6 proto ipv6-icmp type 128 \
	tmpl proto ah mode transport
ip -n gw xfrm policy add dir out src $gw6 dst $peer6 proto ipv6-icmp type 129 \
	tmpl proto ah mode transport
for name in peer gw; do
	ah $name $peer6 $gw6 0x2001
	ah $name $gw6 $peer6 0x2002
done
tunnel peer gw $peer6 $gw6 10.1.0.0/24 10.2.0.0/24
tunnel gw peer $gw6 $peer6 10.2.0.0/24 10.1.0.0/24
for name in peer gw; do
	esp $name $peer6 $gw6 0x2001 sel src 0.0.0.0/0 dst 0.0.0.0/0
	esp $name $gw6 $peer6 0x2002 sel src 0.0.0.0/0 dst 0.0.0.0/0
done
for proto in esp ah; do
	qos gw sa add dst $gw6 spi 0x2001 proto $proto group gold
	qos gw sa add dst $peer6 spi 0x2002 proto $proto group gold
done
nft_counted gw >/dev/null
counters_keep gw
pings peer 10.2.0.1 -c 2 -i 0.2
expect "counted" "$all" "$(counters_since gw)"
expect "marked" "$marked" "$(nft_counted gw)"
counters_keep gw
pings peer $gw6 -c 2 -i 0.2
expect "counted" "$all" "$(counters_since gw)"
expect "marked" "$marked" "$(nft_counted gw)"
# the same SPI and address: only the one of that protocol goes
ip -n gw xfrm state delete src $peer6 dst $gw6 proto ah spi 0x2001
wait_for 5 said del 0x2001
expect "entries" "ah $peer6 8194 gold local, $other, esp $gw6 8193 gold local, esp $peer6 8194 gold local" \
	"$(qos gw -j sa show | jq -r '[ sort_by(.proto, .dst)[] |
		"\(.proto) \(.dst) \(.spi) \(.group)\(if .local then " local" else "" end)" ] |
		join(", ")')"
ip -n gw xfrm state flush proto ah
# shellcheck disable=SC2016 # for eval
wait_for 5 eval '[ "$(qos gw -j sa show proto ah)" = "[]" ]'
ip -n gw xfrm state flush
wait_for 5 entries_are "$other"
ip -n peer xfrm state flush
nft_counted gw >/dev/null

step "IPComp: what it leaves uncompressed is counted once, too"
for name in peer gw; do
	ip -n $name xfrm policy flush
	for ends in "$peer $gw 0x4001" "$gw $peer 0x4002"; do
		read -r src dst spi <<<"$ends"
		ip -n $name xfrm state add src "$src" dst "$dst" proto comp spi "$spi" \
			mode tunnel comp deflate
		ip -n $name xfrm state add src "$src" dst "$dst" proto esp spi "$spi" \
			mode transport aead 'rfc4106(gcm(aes))' $key 128
	done
done
# bundle HOST DIRECTION SRC DST SRC_NET DST_NET LEVEL: compressed, then encrypted
bundle()
{
	ip -n "$1" xfrm policy add dir "$2" src "$5" dst "$6" \
		tmpl src "$3" dst "$4" proto comp mode tunnel level "$7" \
		tmpl src "$3" dst "$4" proto esp mode transport
}
bundle peer out $peer $gw 10.1.0.0/24 10.2.0.0/24 required
bundle peer in $gw $peer 10.2.0.0/24 10.1.0.0/24 use
bundle gw out $gw $peer 10.2.0.0/24 10.1.0.0/24 required
bundle gw in $peer $gw 10.1.0.0/24 10.2.0.0/24 use
qos gw sa add dst $gw spi 0x4001 group gold
qos gw sa add dst $peer spi 0x4002 group gold
counters_keep gw
pings peer 10.2.0.1 -c 3 -i 0.2
expect "small" "gold.clear_in+3 gold.clear_out+3 gold.esp_in+3 gold.esp_out+3" \
	"$(counters_since gw)"
counters_keep gw
pings peer 10.2.0.1 -c 2 -i 0.2 -s 1100 -p 00
expect "compressed" "$all" "$(counters_since gw)"
expect "clear ones with the mark" "clear_in+5 clear_out+5" \
	"$(nft_counted gw | grep -o 'clear_[a-z]*+[0-9]*' | tr '\n' ' ' | sed 's/ $//')"
ip -n gw xfrm state flush
wait_for 5 entries_are "$other"

end $monitor
module_unload
