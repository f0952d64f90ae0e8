#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -s 1 -m 1024 -t 1800
# ci-once: it is about many packets
#
# A chain's devices are exchanged for others under load, again and again, and then a
# service's chain: no packet is lost, and none goes through half of either. Each device keeps
# packets for a while, so that at any time many are on their way. The first of either chain
# writes a DSCP, the second one looks whether it is there.
#
#    client -- router -- i0 engine --- i1: f1, f2: DSCP 1   f3, f4: DSCP 3
#                               '----- i3: s1
#
# PACKETS: so many in each of the two parts; within the machine (-- env PACKETS=500000 …).
. tests/lib/lib.sh
. tests/lib/chains.sh

packets=${PACKETS:-30000}

# forwarder HOST X < RULES: one-armed on segment 1, with these in its chain forward
forwarder()
{
	host "$1"
	plug "$1" eth0 1 "$2"
	to_engine "$1" 1
	forward "$1"
	at "$1" sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0
	at "$1" nft -f - <<-END
	table ip half {
		counter wrong { }
		counter passed { }
		chain forward {
			type filter hook forward priority filter
			$(cat)
			counter name passed
		}
	}
	END
	tc -n "$1" qdisc add dev eth0 root netem delay 5ms limit 100000
	# who waits for a neighbour is not to lose what comes meanwhile
	pings "$1" 10.1.0.254
}

# counted HOST NAME
counted()
{
	at "$1" nft -j list counters | jq --arg name "$2" \
		'[.nftables[].counter | select(. != null and .name == $name).packets] | add'
}

arrived()
{
	[ "$(counted s1 "$2")" = "$1" ]
}

# exchanged_under_load TITLE LINE LINE: the two, in turn, while packets flow
exchanged_under_load()
{
	local load exchanged=0 turn=0 n name
	local -A passed

	# What comes last is there until the next command runs: each in turn.
	for ((n = 0; n < 10; n++)); do
		printf '%s\n%s\n' "$2" "$3"
	done > "$W/exchanges0"
	{ cat "$W/exchanges0"; echo "$2"; } > "$W/exchanges1"
	for name in f1 f2 f3 f4 s1; do
		at "$name" nft reset counters >/dev/null
	done
	exec_at client /usr/bin/python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 9))
for _ in range(int(sys.argv[2])):
    s.send(b"x")' "${name4[W1]}" "$packets" </dev/null &
	load=$!
	while kill -0 $load 2>/dev/null; do
		qos engine -b "$W/exchanges$turn"
		exchanged=$((exchanged + 20 + turn))
		turn=$((!turn))
	done
	wait $load
	wait_for 20 arrived "$packets" every
	for name in f1 f2 f3 f4; do
		passed[$name]=$(counted $name passed)
		expect "$1: in half of a chain at $name" 0 "$(counted $name wrong)"
	done
	expect "$1: by f1 and f2" "${passed[f1]}" "${passed[f2]}"
	expect "$1: by f3 and f4" "${passed[f3]}" "${passed[f4]}"
	expect "$1: in all" "$packets" $((passed[f2] + passed[f4]))
	expect "$1: with the first chain's DSCP" "${passed[f2]}" "$(counted s1 first)"
	((passed[f2] > packets / 20 && passed[f4] > packets / 20)) ||
		fail "$1: not under load: ${passed[f2]} and ${passed[f4]}"
	echo "           exchanged $exchanged times, $packets packets: ${passed[f2]} and ${passed[f4]}"
}

step "client, router, engine, four devices, a server"
chain_world
service_address W1
segment 1 3
# what a delay lets go comes all at once
sysctl -qw net.core.netdev_max_backlog=100000
forwarder f1 1 <<<'ip dscp set 1'
forwarder f2 2 <<<'ip dscp != 1 counter name wrong'
forwarder f3 3 <<<'ip dscp set 3'
forwarder f4 4 <<<'ip dscp != 3 counter name wrong'
server s1 3 1 loopback W1
at s1 nft -f - <<END
table ip sink {
	counter every { }
	counter first { }
	chain input {
		type filter hook input priority filter
		udp dport 9 counter name every
		udp dport 9 ip dscp 1 counter name first
		udp dport 9 drop
	}
}
END
pings client 192.0.2.254
module_load
for n in 1 2 3 4; do
	device f$n dev i1 mac "%F${n}_M"
done
device s1 dev i3 mac %S1_M
chain path f1 f2 s1
chain other f3 f4 s1
FAMILIES=4
service w1 address @W1 port udp/9 chain path

step "a chain's devices"
exchanged_under_load "a chain" "chain change path through f3,f4,s1" \
	"chain change path through f1,f2,s1"

step "a service's chain"
qos engine chain change path through f1,f2,s1
exchanged_under_load "a service" "service change w1-4 chain other" \
	"service change w1-4 chain path"
for n in 1 2 3 4; do
	expect "strays of f$n" 0 "$(device_count f$n stray)"
done
expect "forged" 0 "$(service_count w1-4 forged)"
