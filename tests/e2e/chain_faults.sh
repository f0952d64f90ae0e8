#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -s 1 -m 1024 -t 900
#
# What goes wrong around a chain: link addresses that are forged, devices that send what they
# cannot have, fragments in any order, an IDS that takes nothing or forwards its copies, a
# loop, and what the engine's own settings do to what leaves a chain: rp_filter, a flowtable,
# masquerade, rules that ask for a connection's state. Each works, or is counted and said.
#
#    client -- router -- i0 engine --- i1: fw (fw0), other
#                               '----- i2: fw (fw1)
#                               '----- i3: s1
#                               '----- i4: ids
. tests/lib/lib.sh
. tests/lib/chains.sh

# works: a connection to the service
works()
{
	talks "s1 *hello" client tcp "${name4[W1]}" 80 hello
}

# half_open_none HOST: it waits for nobody's third packet
half_open_none()
{
	[ -z "$(at "$1" ss -Htn state syn-recv)" ]
}

# problems: what status says is wrong
problems()
{
	qos engine -j status | jq -r '.chains.problems | map("\(.what): \(.why)") | sort | .[]'
}

step "client, router, engine, firewall, IDS, server, and somebody else on a segment"
chain_world
service_address W1
segment 1 2 3 4
firewall fw 1 2 5
tap ids 4 7
server s1 3 1 loopback W1
host other
plug other eth0 1 9
to_engine other 1
hops_host other
hops_engine engine
listens s1 tcp/80 udp/53
module_load
device fw outer dev i1 mac %FW0_M inner dev i2 mac %FW1_M
device ids kind tap dev i4 mac %IDS_M
device s1 dev i3 mac %S1_M
chain guarded fw ids s1
service w1 address @W1 port tcp/80 port udp/53 port icmp chain guarded
hops_name P tcp/80
works

step "an unknown link address with the service's address: dropped and counted"
before=$(service_count w1-4 forged)
hops_begin
forge other eth0 "${macs[OTHER_M]}" i1 tcp "${name4[W1]}" 80 "${name4[U1]}" 4000
hops_are "forged" <<-END
i1  OTHER_M  W1:P>U1:*  -
END
expect "forged" $((before + 1)) "$(service_count w1-4 forged)"

step "a device at the side that it cannot have come out of: dropped and counted"
before=$(device_count fw stray)
hops_begin
forge fw fw0 "${macs[FW0_M]}" i1 tcp "${name4[U1]}" 4000 "${name4[W1]}" 80
forge fw fw1 "${macs[FW1_M]}" i2 tcp "${name4[W1]}" 80 "${name4[U1]}" 4000
hops_are "strays" <<-END
i1  FW0_M  U1:*>W1:P  -
i2  FW1_M  W1:P>U1:*  -
END
expect "strays" $((before + 2)) "$(device_count fw stray)"

step "fragments, in each order"
# pieces_sent: how many pieces s1 was sent
pieces_sent()
{
	device_count s1 outer_sent
}

# fragments ORDER…: of a datagram of 3000 bytes, from the client; the server answers
fragments()
{
	local before

	before=$(pieces_sent)
	at client tests/lib/forge.py pieces "$(address_of U1)" "$(address_of W1)" 53 "$@" ||
		fail "fragments in the order $*: no answer"
	(($(pieces_sent) >= before + 3)) || fail "fragments did not go to s1"
}
fragments 0 1 2 3
fragments 3 2 1 0
fragments 1 3 0 2
families 6
fragments 3 1 0 2
families 4

step "an IDS that forwards: each copy comes back, is counted, and goes on; status says so"
expect "what status says" "" "$(problems)"
forward ids
before=$(device_count ids outer_returned)
works
(($(device_count ids outer_returned) > before)) || fail "nothing came back from the IDS"
at client ping -q -f -c 100 -w 60 "${name4[W1]}" > "$W/client/ping.log"
grep -q ' 100 received' "$W/client/ping.log" || fail "$(cat "$W/client/ping.log")"
[[ $(problems) = "device ids: it has returned "* ]] || fail "status says: $(problems)"
at ids sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0

step "an IDS that takes nothing: its interface's queue is full; the service loses nothing"
tc -n engine qdisc add dev i4 root tbf rate 8kbit burst 1600 limit 3000
answers=$(at client ping -q -f -c 300 -w 60 "${name4[W1]}" | sed -nE 's/.* ([0-9]+) received.*/\1/p')
expect "answers" 300 "$answers"
works
lost=$(tc -n engine -j -s qdisc show dev i4 | jq '.[0].drops')
((lost > 100)) || fail "the queue took nearly all: $lost were lost"
tc -n engine qdisc del dev i4 root

step "an IDS with a rate: what is above it is counted"
qos engine device change ids rate 10
before=$(device_count ids rate)
at client ping -q -f -c 300 -w 60 "${name4[W1]}" > "$W/client/ping.log"
grep -q ' 300 received' "$W/client/ping.log" || fail "$(cat "$W/client/ping.log")"
(($(device_count ids rate) - before > 200)) || fail "copies beyond the rate: $(device_count ids rate)"
qos engine device change ids rate 10000

step "a loop: the server forwards, and the service's address leads back; it ends"
serves s1 nat
forward s1
ip -n engine route replace 198.51.100.1/32 via 192.0.2.1
hops_begin
not at client ping -q -c 1 -W 3 "${name4[W1]}" > "$W/client/ping.log"
hops_seen > "$W/loop.log"
passes=$(grep -c "engine:i0 *out" "$W/loop.log" || true)
((passes > 3 && passes < 32)) || fail "passes: $passes"
echo "           ended at the $passes. pass"
ip -n engine route del 198.51.100.1/32
at s1 sysctl -qw net.ipv4.ip_forward=0
serves s1 loopback W1
works

step "rp_filter=1: status says what it drops, and its remedy is one"
expect "what status says" "" "$(problems)"
at engine sysctl -qw net.ipv4.conf.all.rp_filter=1
talks_not client tcp "${name4[W1]}" 80
[[ $(problems) = *"rp_filter is 1"* ]] || fail "status says: $(problems)"
qos engine -j status | jq -r '.chains.problems[].remedy' | while read -r line; do
	[[ $line = "sysctl "* ]] || fail "it is no command: $line"
	# shellcheck disable=SC2086 # words
	at engine sysctl -qw ${line#sysctl }
done
expect "what status says" "" "$(problems)"
works
at engine sysctl -qw net.ipv4.conf.all.rp_filter=0
# what the server still answers of what was dropped would be among the next one's hops
wait_for 70 half_open_none s1

step "a masquerade behind the last hop: it lets be what left a chain"
at engine nft -f - <<END
table ip behind {
	chain out {
		type nat hook postrouting priority srcnat
		masquerade
	}
}
END
hops_begin
works
hops_are "masquerade" <<-END
i0  ROUTER  U1:p>W1:P    i1  FW0_M   =
i2  FW1_M   U1:p>W1:P    i3  S1_M    =
"                        i4  IDS_M   =
i3  S1_M    W1:P>U1:p    i2  FW1_M   =
"                        i4  IDS_M   =
i1  FW0_M   W1:P>U1:p    i0  ROUTER  =
END
expect "what status says" "" "$(problems)"
FAMILIES=4
service customers address 10.77.0.0/24 mode client chain guarded
[[ $(problems) = "nftables ip behind out: it translates no client's packet"* ]] ||
	fail "status says: $(problems)"
service_del customers
unset FAMILIES

step "rules by a connection's state: invalid is dropped, and nothing of a chain is that"
at engine nft -f - <<END
table ip behind {
	chain forward {
		type filter hook forward priority filter
		ct state invalid drop
	}
}
END
works
at engine nft -f - <<END
table ip behind {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
	}
}
END
talks_not client tcp "${name4[W1]}" 80
[[ $(problems) = "nftables ip behind forward: it drops what leaves a chain"* ]] ||
	fail "status says: $(problems)"
# shellcheck disable=SC2046 # words
at engine $(json '.chains.problems[0].remedy' qos engine -j status)
expect "what status says" "" "$(problems)"
works
at engine nft delete table ip behind

step "a flowtable: what goes through a chain gets into none; status says what of before does"
at engine nft -f - <<END
table inet fast {
	flowtable flows {
		hook ingress priority filter
		devices = { i0, i1, i2, i3 }
	}
	chain forward {
		type filter hook forward priority filter
		meta l4proto tcp flow add @flows
	}
}
END
# the flow would be in it from the answer on
hops_begin
works
works
hops_are "flowtable" <<-END
i0  ROUTER  U1:*>W1:P    i1  FW0_M   =
i2  FW1_M   U1:*>W1:P    i3  S1_M    =
"                        i4  IDS_M   =
i3  S1_M    W1:P>U1:*    i2  FW1_M   =
"                        i4  IDS_M   =
i1  FW0_M   W1:P>U1:*    i0  ROUTER  =
END
qos engine status > "$W/engine/status.log"
grep -qE '^flowtable +inet fast flows .*passes by the chain' "$W/engine/status.log" ||
	fail "status says: $(cat "$W/engine/status.log")"
at engine nft delete table inet fast

step "forwarding off: status says so"
at engine sysctl -qw net.ipv4.ip_forward=0
talks_not client tcp "${name4[W1]}" 80
[[ $(problems) = *"chain"* ]] || fail "status says: $(problems)"
at engine sysctl -qw net.ipv4.ip_forward=1
works
