#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# VTIs come and go, and the module follows: with the first one it watches what is
# decrypted, and some time after the last one no longer. That takes grace periods, two
# for each protocol; who adds a device does not wait for those.
#
# Two processors: with one, a grace period is over before it began.
#
# vm: -s 2
# once: it looks at the kernel's functions, which a debug kernel does not show
. tests/lib/lib.sh

trace=/sys/kernel/tracing

# traced EVENT: how often since the trace was emptied
traced()
{
	grep -c " $1: " $trace/trace || true
}

traced_are() { [ "$(traced "$1")" = "$2" ]; }
as_many() { [ "$(traced gone)" = "$(traced back)" ]; }

# vti NAME KEY: what adds one, each to another end, for ip -batch
vti()
{
	echo "link add $1 type vti local 203.0.113.1 remote 203.0.113.$2 key $2"
}

host gw
mountpoint -q $trace || mount -t tracefs tracefs $trace
# a protocol is not watched any more, or again
cat > $trace/kprobe_events <<'END'
p:ipsec_qos/gone xfrm4_protocol_deregister
p:ipsec_qos/back xfrm4_protocol_register
END
# no device but those that are made here
sysctl -qw net.core.fb_tunnels_only_for_init_net=2
modprobe ip_vti
module_load
qos gw group add gold id 1 mark 0x100/0xf00
echo 1 > $trace/events/ipsec_qos/enable

step "one of two goes: what is decrypted is watched"
{ vti one 5; vti other 6; } | ip -n gw -batch -
wait_for 5 traced_are back 3
ip -n gw link del one
# longer than it would take until that ends
read -rt 8 <> <(:) || true
expect "protocols" 0 "$(traced gone)"

step "who adds a device does not wait until the watching has ended"
# ip runs already, so that it does at once what it is told
mkfifo "$W/lines"
ip -n gw -batch "$W/lines" &
adding=$!
exec 5> "$W/lines"
start=$(now_ms)
ip -n gw link del other
echo > $trace/trace
until [[ $(<$trace/trace) = *" gone: "* ]]; do
	[ "$(now_ms)" -lt $((start + 30000)) ] || fail "the watching does not end"
done
vti next 7 >&5
exec 5>&-
wait $adding
gone=$(traced gone)
[ "$gone" -lt 3 ] || fail "the device came when all $gone protocols were gone"

step "what had ended begins again: it ends for all three when that device goes"
wait_for 5 as_many
echo > $trace/trace
ip -n gw link del next
wait_for 20 traced_are gone 3
module_unload
