#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ipsec-qos follow: the kernel's SAs into the groups of their reqids, those that are
# there and those that come; where news are lost, too. No topology: one host, whose
# SAs are made by ip.
#
# ci-once: no packet in it
. tests/lib/lib.sh

host gw
module_load
qos gw group add gold id 1 mark 0x10/0xff0
qos gw group add silver id 2 mark 0x20/0xff0
gold=4026531841 silver=77	# reqids

# sa ADDRESS SPI REQID [PROTO]: the words of an SA for ip
sa()
{
	local keys="enc ecb(cipher_null) ''"

	[ "${4:-esp}" = esp ] || keys="auth hmac(sha1) 0x0102030405060708090a0b0c0d0e0f1011121314"
	case $1 in
	*:*) echo "src 2001:db8::9 dst $1 proto ${4:-esp} spi $2 reqid $3 mode tunnel $keys" ;;
	*) echo "src 192.0.2.9 dst $1 proto ${4:-esp} spi $2 reqid $3 mode tunnel $keys" ;;
	esac
}

# xfrm VERB WORD…
xfrm()
{
	echo "xfrm state $*" | at gw ip -batch -
}

# entry DST SPI: its group and state, where it has one
entry()
{
	qos gw -j sa show dst "$1" spi "$2" |
		jq -r '.[] | "\(.group) \(if .local then "local" else "-" end)"'
}

# entry_is DST SPI WANTED: for wait_for
entry_is()
{
	[ "$(entry "$1" "$2")" = "$3" ]
}

step "refused: no such group, one twice"
expect_refused "no such group" qos gw follow reqid 5 group id 7
expect_refused "reqid 5 is there twice" qos gw follow reqid 5 group gold reqid 5 group silver

step "what is there: entries at once, one by hand moves"
xfrm add "$(sa 192.0.2.1 0x1001 $gold)"
xfrm add "$(sa 192.0.2.1 0x1002 $silver)"
xfrm add "$(sa 192.0.2.1 0x1003 9)"
qos gw sa add dst 192.0.2.1 spi 0x1002 group gold
exec_at gw ipsec-qos follow reqid $gold group gold reqid $silver group name silver \
	>"$W/follow.log" 2>&1 </dev/null &
follow=$!
disown $follow
wait_for 10 entry_is 192.0.2.1 0x1002 "silver local"
expect "an entry" "gold local" "$(entry 192.0.2.1 0x1001)"

step "what comes: IPv6, AH; and goes with its SA"
xfrm add "$(sa 2001:db8::1 0x2001 $silver)"
wait_for 10 entry_is 2001:db8::1 0x2001 "silver local"
xfrm add "$(sa 192.0.2.2 0x2002 $gold ah)"
wait_for 10 entry_is 192.0.2.2 0x2002 "gold local"
xfrm del dst 2001:db8::1 proto esp spi 0x2001
expect "of an SA that is gone" "" "$(entry 2001:db8::1 0x2001)"
expect "of a reqid that is not followed" "" "$(entry 192.0.2.1 0x1003)"

step "held up: an SA that came and went leaves nothing"
kill -STOP $follow
xfrm add "$(sa 192.0.2.3 0x3001 $gold)"
xfrm del dst 192.0.2.3 proto esp spi 0x3001
xfrm add "$(sa 192.0.2.3 0x3002 $gold)"
kill -CONT $follow
wait_for 10 entry_is 192.0.2.3 0x3002 "gold local"
expect "of an SA that is gone" "" "$(entry 192.0.2.3 0x3001)"

step "news are lost: all have entries all the same"
kill -STOP $follow
lost()
{
	# shellcheck disable=SC2016 # for awk
	at gw awk '$2 == 6 { n += $9 } END { print n + 0 }' /proc/net/netlink
}
n=9000
each=$(sa 192.0.2.4 @ $silver)
for ((i = 0; i < n; i++)); do
	echo "xfrm state add ${each/@/$((0x10000 + i))}"
done > "$W/batch"
at gw ip -batch "$W/batch"
[ "$(lost)" -gt 0 ] || fail "no news were lost"
kill -CONT $follow
wait_for 60 json_is ".sas == $((n + 4))" qos gw -j status
expect "the last one" "silver local" "$(entry 192.0.2.4 $((0x10000 + n - 1)))"
xfrm add "$(sa 192.0.2.5 0x5001 $gold)"
wait_for 10 entry_is 192.0.2.5 0x5001 "gold local"

step "it ends: entries stay, and go with their SAs"
kill $follow
wait_for 10 not kill -0 $follow
expect "an entry" "gold local" "$(entry 192.0.2.5 0x5001)"
at gw ip xfrm state flush
wait_for 20 json_is ".sas == 0" qos gw -j status
expect "what it said" "" "$(cat "$W/follow.log")"

step "the module goes: it ends and says so"
exec_at gw ipsec-qos follow reqid $gold group gold >"$W/follow.log" 2>&1 </dev/null &
follow=$!
xfrm add "$(sa 192.0.2.1 0x6001 $gold)"
wait_for 10 entry_is 192.0.2.1 0x6001 "gold local"
at gw ip xfrm state flush
module_unload
status=0
wait $follow || status=$?
expect status 2 $status
grep -q "the module was unloaded" "$W/follow.log"
