#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -s 1 -m 1024 -t 900
#
# Document 003's table 15C: a pool of like firewalls, each of which is another's alternate. One
# word takes one out of all services at once. What becomes of packets where all are down is
# as configured: dropped, or on to the next step.
#
#    client -- router -- i0 engine --- i1: fw1, fw2, fw3 (fw0)
#                               '----- i2: fw1, fw2, fw3 (fw1)
#                               '----- i3: s1
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

step "client, router, engine, three firewalls, a server with two services"
chain_world
service_address W1 W2
segment 1 2 3
for n in 1 2 3; do
	firewall fw$n 1 2 $n
done
server s1 3 1 loopback W1 W2
hops_engine engine
listens s1 tcp/80
module_load
for n in 3 2 1; do
	device fw$n outer dev i1 mac %FW${n}0_M inner dev i2 mac %FW${n}1_M
done
qos engine device change fw1 alternate fw2
qos engine device change fw2 alternate fw3
device s1 dev i3 mac %S1_M
chain guarded fw1 s1
chain other fw1 s1
service w1 address @W1 port tcp/80 chain guarded
service w2 address @W2 port tcp/80 chain other
hops_name P tcp/80

# through FIREWALL: both services
through()
{
	local service firewall=${1^^}

	for service in W1 W2; do
		hops_begin
		talks "s1 *" client tcp "$(address_of $service)" 80 hello
		hops_are "15C, $service by $1" <<-END
		i0  ROUTER         U1:p>$service:P    i1  ${firewall}0_M  =
		i2  ${firewall}1_M U1:p>$service:P    i3  S1_M            =
		i3  S1_M           $service:P>U1:p    i2  ${firewall}1_M  =
		i1  ${firewall}0_M $service:P>U1:p    i0  ROUTER          =
		END
	done
}

# now DEVICE: who has its packets
now()
{
	json "map(select(.name == \"$1\"))[0].now" qos engine -j device show
}

step "15C: the first one"
both through fw1

step "… fails: its alternate has its place in every service"
qos engine device change fw1 state down
expect "in its place" fw2 "$(now fw1)"
both through fw2

step "… and the alternate of that"
qos engine device change fw2 state down
expect "in its place" fw3 "$(now fw1)"
both through fw3

step "all are down: dropped"
qos engine device change fw3 state down
expect "in its place" null "$(now fw1)"
families 4
down=$(device_count fw1 down)
hops_begin
talks_not client tcp "${name4[W1]}" 80
hops_are "all down, drop" <<-END
i0  ROUTER  U1:p>W1:P    -
END
(($(device_count fw1 down) > down)) || fail "nothing was counted as dropped"

step "… or skipped"
qos engine device change fw1 on-failure skip
skipped()
{
	hops_begin
	talks "s1 *" client tcp "$(address_of W1)" 80 hello
	hops_are "all down, skip" <<-END
	i0  ROUTER  U1:p>W1:P    i3  S1_M    =
	i3  S1_M    W1:P>U1:p    i0  ROUTER  =
	END
}
both skipped
(($(device_count fw1 skipped) > 0)) || fail "nothing was counted as skipped"

step "the first one is back"
qos engine device change fw1 state up on-failure drop
both through fw1

step "a cycle of alternates is refused"
expect_refused 'cycle|alternate' qos engine device change fw3 alternate fw1
expect_json 'map(select(.name == "fw3"))[0] | .alternate == null or .alternate == ""' \
	qos engine -j device show

step "chains with one device twice, or with one that may come to stand for another: refused"
expect_refused 'fw1' qos engine chain add twice id 20 through fw1 through s1 through fw1
expect_refused 'fw[12]' qos engine chain add stand id 20 through fw1 through fw2
