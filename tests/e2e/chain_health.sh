#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# once: the daemon looks and decides, on whatever kernel
# vm: -s 2 -m 1024 -t 900
#
# Devices that fail, while clients ask through them: a firewall that is killed, one that answers
# and forwards nothing, one that comes and goes; who takes their place, and what becomes of
# packets where nobody does. A reload or a restart while one is down, packets that are lost, and
# a firewall that drops what clients ask for by its policy, change nothing of that.
#
#    client -- router -- i0 engine --- i1: fw1, fw2, fw3 (fw0), twin
#                               '----- i2: fw1, fw2, fw3 (fw1)
#                               '----- i3: s1
#                               '----- i4: ids
. tests/lib/lib.sh
. tests/lib/chains.sh

# check_routes HOST: the servers' half of the ranges that are for checks is behind the inner
# side, the clients' half is where the default route leads
check_routes()
{
	to_engine "$1" 2 198.18.255.128/25 fd00:18:255:0:8000::/65
}

# conf [DEVICE_KEYS [SETTINGS]]: of the firewalls
conf()
{
	qosd_conf engine <<-END
	settings { ${2-check-ipv4 = 198.18.255.0/24} }
	function firewall { check = through  ${1:-} }
	device fw1 { id = 1  function = firewall  pool = { fw2, fw3 }
		interface = i1  address = { 10.1.0.5, "fd00:1::5" }
		inner-interface = i2  inner-address = { 10.2.0.5, "fd00:2::5" } }
	device fw2 { id = 2  function = firewall
		interface = i1  address = { 10.1.0.6, "fd00:1::6" }
		inner-interface = i2  inner-address = { 10.2.0.6, "fd00:2::6" } }
	device fw3 { id = 3  function = firewall
		interface = i1  address = { 10.1.0.7, "fd00:1::7" }
		inner-interface = i2  inner-address = { 10.2.0.7, "fd00:2::7" } }
	device s1 { id = 4  interface = i3  address = 10.3.0.1  check = connect  port = 80 }
	device ids { id = 5  interface = i4  address = 10.4.0.7  kind = tap }
	chain guarded { id = 1  devices = { fw1, ids, s1 } }
	service w1 { id = 1  address = 198.51.100.1  ports = { tcp/80, icmp }  chain = guarded
		mode = loopback }
	END
}

# reload: it is taken, and done
reload()
{
	qos engine daemon reload > "$W/reload.log" 2>&1 || fail "$(cat "$W/reload.log")"
}

# device_is DEVICE FILTER: of what the daemon says of it
device_is()
{
	json_is ".chains.devices | map(select(.name == \"$1\"))[0] | $2" qos engine -j daemon status
}

# now DEVICE: who has its packets
now()
{
	json "map(select(.name == \"$1\"))[0].now" qos engine -j device show
}

# is_now DEVICE OTHER
is_now()
{
	[ "$(now "$1")" = "$2" ]
}

# errors PATTERN: one of what is wrong with chains is of that pattern
errors()
{
	qos engine -j daemon status | jq -r '.chains.errors[]' | grep -qE "$1"
}

# clients_ask: ten clients that connect again and again, which is load enough to be a sign; when
# one of them was answered is in $W/load.log
clients_ask()
{
	: > "$W/load.log"
	exec_at client /usr/bin/python3 -uc '
import os, socket, sys, threading, time

def ask():
    while True:
        try:
            s = socket.create_connection((sys.argv[1], 80), timeout=0.25)
            s.sendall(b"hello\n")
            if s.recv(100):
                os.write(1, b"%d\n" % (time.time() * 1000))
            s.close()
            time.sleep(0.1)
        except OSError:
            pass

for _ in range(10):
    threading.Thread(target=ask).start()' "${name4[W1]}" >>"$W/load.log" 2>/dev/null </dev/null &
	load=$!
	disown $!
	served_since 5
}

# served N: so many connections came about since the log began
served()
{
	[ "$(wc -l < "$W/load.log")" -ge "$1" ]
}

# served_since N: so many more than by now
served_since()
{
	wait_for 60 served $(($(wc -l < "$W/load.log") + $1))
}

# kill_firewall HOST, revive_firewall HOST: both its cables
kill_firewall()
{
	ip -n switch link set "$1-fw0" down
	ip -n switch link set "$1-fw1" down
}

revive_firewall()
{
	ip -n switch link set "$1-fw0" up
	ip -n switch link set "$1-fw1" up
}

# served_again: some more come about
served_again()
{
	: > "$W/load.log"
	wait_for 30 served 5
}

# gap: the longest time between two connections, in ms; fails where it is more than the argument
gap()
{
	local longest

	longest=$(awk 'NR > 1 && $1 - last > max { max = $1 - last } { last = $1 } END { print max + 0 }' \
		"$W/load.log")
	echo "           $2: ${longest} ms without a connection"
	((longest < $1 * ${SLOW:-1})) || fail "$2: $longest ms"
}

step "client, router, engine, three firewalls, an IDS, a server; the daemon checks them"
chain_world
service_address W1
segment 1 2 3 4
for n in 1 2 3; do
	firewall fw$n 1 2 $((n + 4))
	check_routes fw$n
done
tap ids 4 7
server s1 3 1 loopback W1
listens s1 tcp/80
module_load
conf
qosd_start engine
for n in 1 2 3; do
	wait_for 20 device_is fw$n '.check == "through" and .ok and .passed >= 1'
done
wait_for 20 device_is s1 .ok
wait_for 20 is_now fw1 fw1
wait_for 20 json_is 'length == 1' qos engine -j service show
expect "what came out of the firewall ended here" true \
	"$( (($(device_count fw1 checked) > 0)) && echo true)"
expect "and is not what services' packets are" "0 0" \
	"$(device_count fw1 outer_returned) $(device_count fw1 inner_returned)"
expect_json '.chains.errors == []' qos engine -j daemon status
talks "s1 *hello" client tcp "${name4[W1]}" 80 hello

step "a firewall that is killed under load: its alternate serves within three seconds"
clients_ask
served_since 20
kill_firewall fw1
wait_for 10 is_now fw1 fw2
served_since 5
gap 3000 "fw1 was killed"
expect_json '.chains.devices[0] | .failed and .state == "down"' qos engine -j daemon status
grep -q 'device fw1 has failed, by its checks: a SYN sent to i1 does not come out at i2' \
	"$W/engine/ipsec-qosd.log"

step "one that answers for itself and forwards nothing: likewise"
# what asks it itself is answered
at engine ping -q -c 1 -W 5 10.1.0.6 > "$W/ping.log"
: > "$W/load.log"
served_since 20
at fw2 sysctl -qw net.ipv4.ip_forward=0
wait_for 10 is_now fw1 fw3
served_since 5
gap 3000 "fw2 forwards nothing"
at engine ping -q -c 1 -W 5 10.1.0.6 > "$W/ping.log"
expect "its neighbour answers" REACHABLE \
	"$(ip -n engine -j neigh show 10.1.0.6 | jq -r '.[0].state[0]')"
wait_for 10 device_is fw2 '.failed and (.why | contains("does not come out"))'

step "one that says no: why it has failed is told"
at fw2 sysctl -qw net.ipv4.ip_forward=1
wait_for 20 device_is fw2 '.failed and .ok and .passed >= 1'
at fw2 nft insert rule inet firewall forward tcp dport 80 reject with tcp reset
wait_for 20 device_is fw2 '.failed and (.ok | not) and
	(.why | contains("refuses a connection through it to port 80"))'
at fw2 nft flush chain inet firewall forward
at fw2 nft add rule inet firewall forward accept

step "one that comes and goes: it stays down, and its alternate serves all the time"
monitor=$W/monitor.json
exec_at engine ipsec-qos -j monitor device > "$monitor" 2>&1 </dev/null &
monitor_pid=$!
disown $!
# what is told of these has been told
qos engine device change ids rate 6
wait_for 10 grep -q '"ids"' "$monitor"
: > "$W/load.log"
for n in 1 2 3; do
	revive_firewall fw1
	wait_for 20 device_is fw1 '.failed and .ok and .passed >= 1'
	kill_firewall fw1
	wait_for 20 device_is fw1 '.failed and (.ok | not)'
done
not grep -q '"fw[13]"' "$monitor"
kill $monitor_pid
served_since 5
gap 1000 "fw1 came and went"

step "a reload and a restart while one is down: it stays so"
conf "on-failure = drop"
reload
device_is fw1 '.failed and .state == "down"' || fail "fw1 is up behind a reload"
expect "in its place" fw3 "$(now fw1)"
qosd_stop engine KILL
qosd_start engine
wait_for 10 device_is fw1 '.failed and .state == "down"'
device_is fw2 .failed || fail "fw2 is up behind a restart"
expect "in its place" fw3 "$(now fw1)"
served_since 5
gap 1000 "a reload and a restart"

step "it comes back by admission, and serves again"
revive_firewall fw1
wait_for 20 device_is fw1 '.ok and .passed >= 2'
qos engine device admit fw1 > "$W/admit.log"
wait_for 10 is_now fw1 fw1
wait_for 20 device_is fw2 '.ok and .passed >= 1'
qos engine device admit fw2 > "$W/admit.log"
served_since 5
gap 1000 "it was admitted"

step "one packet of ten is lost, each way: nobody fails by that"
# each try asks for three packets: ten in turn that fail are one in half a million checks
conf "interval = 1s  tries = 10"
reload
for n in 1 2 3; do
	tc -n engine qdisc add dev i$n root netem loss 10%
	tc -n switch qdisc add dev engine-$n root netem loss 10%
done
: > "$W/load.log"
served_since 100
for n in 1 2 3; do
	device_is fw$n '.failed | not' || fail "fw$n has failed"
done
device_is s1 '.failed | not' || fail "s1 has failed"
expect "in its place" fw1 "$(now fw1)"
for n in 1 2 3; do
	tc -n engine qdisc del dev i$n root
	tc -n switch qdisc del dev engine-$n root
done
conf
reload

step "a firewall that drops what clients ask for, by its policy: suspected, and never failed"
conf "port = 8080"
reload
at fw1 nft insert rule inet firewall forward tcp dport 80 drop
wait_for 30 device_is fw1 '.suspected and (.failed | not)'
wait_for 30 device_is fw1 '.suspected and .ok and .passed >= 3'
expect "in its place" fw1 "$(now fw1)"
at fw1 nft flush chain inet firewall forward
at fw1 nft add rule inet firewall forward accept
served_again
conf
reload

step "all of a pool are down: dropped"
for n in 1 2 3; do
	at fw$n sysctl -qw net.ipv4.ip_forward=0
done
wait_for 20 is_now fw1 null
talks_not client tcp "${name4[W1]}" 80
(($(device_count fw1 down) > 0)) || fail "nothing was counted as dropped"

step "… or skipped"
conf "on-failure = skip"
reload
talks "s1 *hello" client tcp "${name4[W1]}" 80 hello
(($(device_count fw1 skipped) > 0)) || fail "nothing was counted as skipped"
conf
for n in 1 2 3; do
	at fw$n sysctl -qw net.ipv4.ip_forward=1
done
reload
for n in 1 2 3; do
	wait_for 20 device_is fw$n '.ok'
	qos engine device admit fw$n > "$W/admit.log"
done
served_again
kill $load

step "by IPv6, and with the address ranges of both"
conf "" "check-ipv6 = \"fd00:18:255::/64\""
reload
for n in 1 2 3; do
	wait_for 20 device_is fw$n '.ok and .passed >= 1'
done
at fw1 sysctl -qw net.ipv6.conf.all.forwarding=0
wait_for 20 is_now fw1 fw2
at fw1 sysctl -qw net.ipv6.conf.all.forwarding=1
wait_for 20 device_is fw1 .ok
qos engine device admit fw1 > "$W/admit.log"

step "two that answer for one address are told of"
host twin
plug twin eth0 1 99
at twin ip addr add 10.1.0.6/24 dev eth0
wait_for 30 errors 'device fw2: both .* answer for 10.1.0.6 at i1'
at twin ip addr del 10.1.0.6/24 dev eth0
wait_for 30 not errors 'answer for'
at twin ip addr add fd00:1::6/64 dev eth0
wait_for 30 errors 'device fw2: both .* answer for fd00:1::6 at i1'
at twin ip addr del fd00:1::6/64 dev eth0
wait_for 30 not errors 'answer for'

step "a tap that forwards is told of"
forward ids
clients_ask
wait_for 30 errors 'device ids sends the copies back'
at ids sysctl -qw net.ipv4.ip_forward=0
wait_for 30 not errors 'sends the copies back'

step "rules that ask for a connection's state, masquerades and flowtables are told of"
at engine nft -f - <<END
table inet behind {
	flowtable fast { hook ingress priority 0; devices = { i1, i3 }; }
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "lo" accept
	}
}
END
wait_for 30 errors 'chain forward of table inet behind .* nft insert rule inet behind forward ct state untracked accept'
wait_for 10 errors 'flowtable fast of table inet behind has interface i1 of device fw1'
# what is said mends it
: > "$W/load.log"
at engine nft insert rule inet behind forward ct state untracked accept
served_since 5
wait_for 30 not errors 'chain forward of table'
at engine nft delete table inet behind
wait_for 30 not errors 'flowtable'
at engine nft -f - <<END
table ip behind {
	chain out {
		type nat hook postrouting priority srcnat;
		oifname "i0" masquerade
	}
}
END
# a server is the last of the chain: nothing goes on behind it
qos engine daemon reload > "$W/reload.log" 2>&1
wait_for 30 json_is '.chains.errors == []' qos engine -j daemon status
{
	cat "$W/engine/ipsec-qos/ipsec-qosd.conf"
	echo "chain out { id = 2  devices = fw1 }"
	echo "service cust { id = 2  address = 10.9.0.0/24  mode = client  chain = out }"
} > "$W/more.conf"
qosd_conf engine < "$W/more.conf"
reload
wait_for 30 errors 'chain out of table ip behind gives packets another source'
at engine nft delete table ip behind
wait_for 30 json_is '.chains.errors == []' qos engine -j daemon status
kill $load
