#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -s 1 -m 1024 -t 900
# newest: VLAN devices, bridges and netfilter's part in them
#
# What an engine's interfaces may be: a VLAN for each side of each device on one trunk, on which
# each frame has the tag of the table's row; a bridge that devices are ports of, with
# netfilter's hooks for bridged frames, which are to be left alone, as are frames for others.
#
#    client -- router -- i0 engine -- trunk === switch --- VLAN 11: ids  12: fw  13: fw
#                                                              14: s1
#    client -- router -- i0 engine -- br0 --- p1: fw (fw0)  p2: fw (fw1)  p3: s1  p4: other
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

step "client, router, engine, a trunk"
chain_world
service_address W1
link engine:trunk switch:trunk
ip -n switch link add vlans type bridge vlan_filtering 1 mcast_snooping 0
ip -n switch link set vlans up
ip -n switch link set trunk master vlans
for n in 11 12 13 14; do
	ip -n engine link add link trunk name v$n type vlan id $n
	ip -n engine link set v$n up
	addr engine v$n 10.$n.0.254/24 fd00:$n::fe/64
	at switch bridge vlan add dev trunk vid $n
done

# plug HOST DEVICE N X [NAME]: into an access port of VLAN N
plug()
{
	local name=${5:-${1^^}}

	link "$1:$2" "switch:$1-$2"
	ip -n switch link set "$1-$2" master vlans
	at switch bridge vlan del dev "$1-$2" vid 1
	at switch bridge vlan add dev "$1-$2" vid "$3" pvid untagged
	addr "$1" "$2" "10.$3.0.$4/24" "fd00:$3::$4/64"
	hops_mac "${name}_M" "$1" "$2"
	hops_name "$name" "10.$3.0.$4" "fd00:$3::$4"
}
tap ids 11 7
firewall fw 12 13 5
server s1 14 1 loopback W1
hops_engine engine
listens s1 tcp/80
module_load
device fw outer dev v12 mac %FW0_M inner dev v13 mac %FW1_M
device ids kind tap dev v11 mac %IDS_M
device s1 dev v14 mac %S1_M
chain guarded fw ids s1
service w1 address @W1 port tcp/80 chain guarded
hops_name P tcp/80

step "a VLAN for each side of each device"
vlans()
{
	capture_start engine trunk trunk vlan
	hops_begin
	talks "s1 *hello" client tcp "$(address_of W1)" 80 hello
	hops_are "VLANs" <<-END
	i0   ROUTER  U1:p>W1:P    v12  FW0_M   =
	v13  FW1_M   U1:p>W1:P    v14  S1_M    =
	"                         v11  IDS_M   =
	v14  S1_M    W1:P>U1:p    v13  FW1_M   =
	"                         v11  IDS_M   =
	v12  FW0_M   W1:P>U1:p    i0   ROUTER  =
	END
	capture_stop trunk
	# the tag is that of the port that it is for, or comes from
	for pair in 11:IDS_M 12:FW0_M 13:FW1_M 14:S1_M; do
		(($(captured trunk "vlan ${pair%:*} and tcp")  > 0)) ||
			fail "nothing has the tag ${pair%:*}"
		expect "frames for ${pair#*:} with another tag" 0 "$(captured trunk \
			"ether host ${macs[${pair#*:}]} and not (vlan ${pair%:*})")"
	done
}
both vlans

step "a device twice in one chain is refused, and says that another VLAN would do"
expect_refused 'fw.*' qos engine chain add twice id 9 through fw through s1 through fw
qos engine service del w1-4
qos engine service del w1-6
qos engine chain del guarded
for name in fw ids s1; do
	qos engine device del $name
	host_del $name
done

step "a bridge that devices are ports of, br_netfilter"
modprobe br_netfilter
# with a MAC of its own, whatever ports it gets
ip -n engine link add br0 address 02:00:00:00:20:fe type bridge mcast_snooping 0
ip -n engine link set br0 up
addr engine br0 10.20.0.254/24 fd00:20::fe/64
plug()
{
	local name=${5:-${1^^}}

	link "$1:$2" "engine:$1-$2"
	ip -n engine link set "$1-$2" master br0
	addr "$1" "$2" "10.20.0.$4/24" "fd00:20::$4/64"
	hops_mac "${name}_M" "$1" "$2"
	hops_name "$name" "10.20.0.$4" "fd00:20::$4"
}
host fw other
plug fw eth0 20 5
plug other eth0 20 6
to_engine fw 20
to_engine other 20
forward fw
at fw sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0
server s1 20 1 loopback W1
hops_host fw other
hops_engine engine
listens s1 tcp/80
device fw dev br0 mac %FW_M
device s1 dev br0 mac %S1_M
chain guarded fw s1
service w1 address @W1 port tcp/80 chain guarded
bridged()
{
	hops_begin
	talks "s1 *hello" client tcp "$(address_of W1)" 80 hello
	hops_are "$1" <<-END
	only i0 br0
	ports br0 fw-eth0 s1-eth0
	i0   ROUTER  U1:p>W1:P    br0  FW_M    =
	br0  FW_M    U1:p>W1:P    br0  S1_M    =
	br0  S1_M    W1:P>U1:p    br0  FW_M    =
	br0  FW_M    W1:P>U1:p    i0   ROUTER  =
	END
}
for on in 0 1; do
	at engine sysctl -qw net.bridge.bridge-nf-call-iptables=$on \
		net.bridge.bridge-nf-call-ip6tables=$on
	both bridged "bridge-nf-call-iptables=$on"
done

step "frames that are only bridged are let be, though they have the service's address"
# straight from one port to another, as a router beside the engine would send them
merely_bridged()
{
	local before

	before=$(device_count s1 outer_sent)
	ip -n other route replace "$1" via "$2"
	talks "s1 *hello" other tcp "${name4[W1]}" 80 hello
	ip -n other route del "$1"
	expect "packets of the chain" "$before" "$(device_count s1 outer_sent)"
}
merely_bridged "${name4[W1]}/32" "${name4[S1]}"
