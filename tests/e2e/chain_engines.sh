#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -s 1 -m 1024 -t 900
#
# Document 003's figure 15A: two engines with the same tables. One gets what clients send, as
# the router's routes lead there; the other one what devices send, as their routes do. Neither
# knows a flow, and a connection needs both. Then either does all of it.
#
#    client -- router --- hub (i0) --- engine  --- i1, i2, i3: fw, ids, s1
#                            '-------- engine2 ---'
. tests/lib/lib.sh
. tests/lib/chains.sh

both()
{
	local name

	for name in 4 6; do
		families $name
		"$@"
	done
}

# both_engines ARGUMENT…: the same of each
both_engines()
{
	qos engine "$@"
	qos engine2 "$@"
}

step "client, router, two engines, firewall, IDS, server"
chain_world
service_address W1
segment 1 2 3
# a hub outside: the router's link to the engine becomes one of it
host engine2
ip -n router link add hub type bridge mcast_snooping 0
ip -n router addr flush dev e
ip -n router link set hub up
ip -n router link set e master hub
addr router hub 192.0.2.1/24 2001:db8:2::1/64
link router:e2 engine2:i0
ip -n router link set e2 master hub
hops_mac ROUTER router hub
for what in 198.51.100.0/24 10.0.0.0/8; do
	ip -n router route replace $what via 192.0.2.254
done
for what in 2001:db8:100::/64 fd00::/16; do
	ip -n router -6 route replace $what via 2001:db8:2::fe
done
addr engine2 i0 192.0.2.253/24 2001:db8:2::fd/64
for n in 1 2 3; do
	link engine2:i$n switch:engine2-$n
	ip -n switch link set engine2-$n master i$n
	addr engine2 i$n 10.$n.0.253/24 fd00:$n::fd/64
done
route engine2 default via 192.0.2.1
route engine2 ::/0 via 2001:db8:2::1
services_end engine2
forward engine2
firewall fw 1 2 5
tap ids 1 7
server s1 3 1 loopback W1
hops_engine engine engine2
listens s1 tcp/80 udp/53
module_load
# one configuration for both
cat > "$W/tables" <<END
device add fw id 1 outer dev i1 mac ${macs[FW0_M]} inner dev i2 mac ${macs[FW1_M]}
device add ids id 2 kind tap dev i1 mac ${macs[IDS_M]}
device add s1 id 3 dev i3 mac ${macs[S1_M]}
chain add guarded id 1 through fw through ids through s1
service add w1-4 id 1 address ${name4[W1]} port tcp/80 port udp/53 chain guarded
service add w1-6 id 2 address ${name6[W1]} port tcp/80 port udp/53 chain guarded
END
both_engines -b "$W/tables"
hops_name P tcp/80

# devices_to N X: what devices send goes to 10.N.0.X
devices_to()
{
	local four six

	for name in ids:1 fw:1 s1:3; do
		four=10.${name#*:}.0.$1 six=fd00:${name#*:}::$2
		ip -n "${name%:*}" route replace default via "$four"
		ip -n "${name%:*}" -6 route replace ::/0 via "$six"
	done
	ip -n fw route replace 198.51.100.0/24 via "10.2.0.$1"
	ip -n fw -6 route replace 2001:db8:100::/64 via "fd00:2::$2"
}

# clients_to X Y: the router sends what is for services there
clients_to()
{
	ip -n router route replace 198.51.100.0/24 via "192.0.2.$1"
	ip -n router -6 route replace 2001:db8:100::/64 via "2001:db8:2::$2"
}

# table TITLE FROM_CLIENTS FROM_DEVICES: which engine has which packets
table()
{
	hops_begin
	talks "s1 *hello" client tcp "$(address_of W1)" 80 hello
	hops_are "15A, $1" <<-END
	$2:i0  ROUTER  U1:p>W1:P    $2:i1  FW0_M   =
	$3:i2  FW1_M   U1:p>W1:P    $3:i3  S1_M    =
	"                           $3:i1  IDS_M   =
	$3:i3  S1_M    W1:P>U1:p    $3:i2  FW1_M   =
	"                           $3:i1  IDS_M   =
	$3:i1  FW0_M   W1:P>U1:p    $3:i0  ROUTER  =
	END
}

step "15A: one has what clients send, the other one what devices do"
devices_to 253 fd
both table "each a direction" engine engine2

step "one has all"
devices_to 254 fe
both table "the first has all" engine engine

step "it fails: the other one has all, connections go on"
exec_at client python3 -uc '
import socket, sys
s = socket.create_connection((sys.argv[1], 80), 20)
for line in sys.stdin:
    s.sendall(line.encode())
    print(s.recv(1000).decode(), end="")' "${name4[W1]}" \
	< <(echo before; while [ ! -e "$W/moved" ]; do read -rt 0.1 <> <(:) || true; done; echo behind) \
	> "$W/client/connection.log" 2>&1 &
connection=$!
wait_for 30 grep -q before "$W/client/connection.log"
ip -n engine link set i0 down
devices_to 253 fd
clients_to 253 fd
both table "the second has all" engine2 engine2
: > "$W/moved"
wait_for 30 grep -q behind "$W/client/connection.log"
end $connection
for name in engine engine2; do
	for device in fw s1; do
		expect "strays of $device at $name" 0 "$(qos $name -j device show |
			jq "map(select(.name == \"$device\"))[0].counters.stray.packets")"
	done
done
