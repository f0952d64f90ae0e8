#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -s 1 -m 1024 -t 900
# once: the daemon looks and decides, on whatever kernel
#
# How a server has a service's address the daemon finds out by itself: on lo and without
# answering for it (loopback), with an answer (alias), or not at all (it is translated). It is
# shown, and the services work so, of both families. One that is not there yet is found when
# it comes, and what was found outlives the daemon.
#
#    client -- router -- i0 engine --- i3: s1: W1 on lo   s2: W2 on eth0   s3: neither
#                        ipsec-qosd
. tests/lib/lib.sh
. tests/lib/chains.sh

# found NAME=MODE…: the daemon has found these; those that it has not are null
found()
{
	is=$(json '.chains.services | map("\(.name)=\(.found)") | sort | join(" ")' \
		qos engine -j daemon status)
	[ "$is" = "$*" ]
}

# serves_each: each server answers at the address that it has
serves_each()
{
	local name

	for name in 4 6; do
		families $name
		talks "s1 * $(address_of W1) 80 hello" client tcp "$(address_of W1)" 80 hello
		talks "s2 * $(address_of W2) 80 hello" client tcp "$(address_of W2)" 80 hello
		talks "s3 * $(address_of S3) 80 hello" client tcp "$(address_of W3)" 80 hello
	done
}

step "client, router, engine, three servers"
chain_world
service_address W1 W2 W3
segment 3
server s1 3 1 loopback W1
server s2 3 2 alias W2
server s3 3 3
for name in s1 s2 s3; do
	listens $name tcp/80
done
module_load
for n in 1 2 3; do
	cat <<-END
	device s$n { id = $n  interface = i3  address = { 10.3.0.$n, "fd00:3::$n" } }
	chain c$n { id = $n  devices = { s$n } }
	service w$n-4 { id = $n  address = ${name4[W$n]}  ports = { "tcp/80" }  chain = c$n }
	service w$n-6 { id = 1$n  address = "${name6[W$n]}"  ports = { "tcp/80" }  chain = c$n }
	END
done | qosd_conf engine

step "each is found out, and serves"
qosd_start engine
wait_for 60 found w1-4=loopback w1-6=loopback w2-4=alias w2-6=alias w3-4=nat w3-6=nat
wait_for 20 json_is 'length == 6' qos engine -j service show
expect "what is translated" "w3-4 10.3.0.3 w3-6 fd00:3::3" "$(json 'map(select(.segments != []) |
	.name, .segments[0].to) | join(" ")' qos engine -j service show)"
serves_each

step "another daemon asks again; what the kernel has stays, of one that does not answer, too"
ip -n switch link set s1-eth0 down
qosd_stop engine KILL
qosd_start engine
wait_for 60 found w1-4=null w1-6=null w2-4=alias w2-6=alias w3-4=nat w3-6=nat
expect_json 'length == 6' qos engine -j service show
ip -n switch link set s1-eth0 up
serves_each
wait_for 60 found w1-4=loopback w1-6=loopback w2-4=alias w2-6=alias w3-4=nat w3-6=nat

step "one that serves nowhere yet is found when it does"
ip -n switch link set s1-eth0 down
qosd_stop engine
qos engine service del w1-4
qos engine service del w1-6
qosd_start engine
wait_for 20 found w1-4=null w1-6=null w2-4=alias w2-6=alias w3-4=nat w3-6=nat
not json_is 'map(.name) | index("w1-4")' qos engine -j service show >/dev/null ||
	fail "service w1-4 is there, and nobody knows how"
ip -n switch link set s1-eth0 up
wait_for 60 found w1-4=loopback w1-6=loopback w2-4=alias w2-6=alias w3-4=nat w3-6=nat
serves_each
