#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -s 1 -m 1024 -t 900
#
# Document 003's table 7B: a firewall, a VPN gateway, an IDS and a server behind one service
# address. What goes to W1:4500 is ESP up to the gateway, and behind it W1:80 in the clear,
# which the IDS gets copies of; on the way back it is the other way round. Each packet on
# every wire is compared with the table. What the IDS sends (a reset) goes on from its place,
# either way.
#
#    client -- router -- i0 engine --- i1: ids, fw (fw0)
#    strongSwan                 '----- i2: fw (fw1), vpn: strongSwan, one-armed
#                               '----- i3: s1
#
# The gateway swallows what is for an address of its own: that of the service is not, and
# the engine translates W1:4500 to the gateway's, V1.
. tests/lib/lib.sh
. tests/lib/chains.sh

step "client, router, engine, firewall, VPN gateway, IDS, server"
chain_world
service_address W1
segment 1 2 3
firewall fw 1 2 5
tap ids 1 7
server s1 3 1 loopback W1
host vpn
plug vpn eth0 2 8 V1
to_engine vpn 2
forward vpn
# one-armed: it would tell the engine of a shorter way
at vpn sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0
hops_host vpn
hops_engine engine
module_load
device fw outer dev i1 mac %FW0_M inner dev i2 mac %FW1_M
device vpn dev i2 mac %V1_M
device ids kind tap dev i1 mac %IDS_M
device s1 dev i3 mac %S1_M
chain protected fw vpn ids s1
FAMILIES=4
service w1 address @W1 port udp/500 port udp/4500 chain protected \
	segment vpn to @V1 from @W1 from-port tcp/80
listens s1 tcp/80

# side HOST NAME OTHER SETTING…
side()
{
	swan_psk "$1" vpn "$2" "$3" <<-END
	local_addrs = $4
	$([ -z "$5" ] || echo "remote_addrs = $5")
	children {
		web {
			local_ts = $6
			remote_ts = $7
			esp_proposals = $ESP_PROPOSAL
		}
	}
	END
	# nothing is to be sent that no row has
	charon_start "$1" <<-END
	install_routes = no
	keep_alive = 0
	END
}
side client client.example vpn.example "${name4[U1]}" "${name4[W1]}" \
	"${name4[U1]}/32" "${name4[W1]}/32[tcp/80]"
side vpn vpn.example client.example "${name4[V1]}" "" \
	"${name4[W1]}/32[tcp/80]" "${name4[U1]}/32"

step "IKE goes through the firewall to the gateway; nothing of it comes to IDS and server"
hops_name IKE udp/500
hops_name P1 udp/4500
hops_name P2 tcp/80
hops_begin
swan_up client web
hops_are "IKE" <<-END
i0  ROUTER  U1:IKE>W1:IKE    i1  FW0_M   =
i2  FW1_M   U1:IKE>W1:IKE    i2  V1_M    U1:IKE>V1:IKE
i2  V1_M    V1:IKE>U1:IKE    i2  FW1_M   W1:IKE>U1:IKE
i1  FW0_M   W1:IKE>U1:IKE    i0  ROUTER  =
i0  ROUTER  U1:P1>W1:P1      i1  FW0_M   =
i2  FW1_M   U1:P1>W1:P1      i2  V1_M    U1:P1>V1:P1
i2  V1_M    V1:P1>U1:P1      i2  FW1_M   W1:P1>U1:P1
i1  FW0_M   W1:P1>U1:P1      i0  ROUTER  =
END

step "7B"
asked_in_tunnel()
{
	hops_begin
	talks "s1 ${name4[U1]} * $1 80 hello" client tcp "${name4[W1]}" 80 hello
}
asked_in_tunnel "${name4[W1]}"
hops_are "7B" <<-END
i0  ROUTER  U1:P1>W1:P1    i1  FW0_M   =
i2  FW1_M   U1:P1>W1:P1    i2  V1_M    U1:P1>V1:P1
i2  V1_M    U1:q>W1:P2     i3  S1_M    =
"                          i1  IDS_M   =
i3  S1_M    W1:P2>U1:q     i2  V1_M    =
"                          i1  IDS_M   =
i2  V1_M    V1:P1>U1:P1    i2  FW1_M   W1:P1>U1:P1
i1  FW0_M   W1:P1>U1:P1    i0  ROUTER  =
END

step "the same, and the server is translated: the IDS still sees the service's address"
serves s1 nat
qos engine service replace w1-4 id 1 address "${name4[W1]}" port udp/500 port udp/4500 \
	chain protected segment vpn to "${name4[V1]}" from "${name4[W1]}" from-port tcp/80 \
	segment s1 to "${name4[S1]}"
asked_in_tunnel "${name4[S1]}"
hops_are "7B, NAT" <<-END
i0  ROUTER  U1:P1>W1:P1    i1  FW0_M   =
i2  FW1_M   U1:P1>W1:P1    i2  V1_M    U1:P1>V1:P1
i2  V1_M    U1:q>W1:P2     i3  S1_M    U1:q>S1:P2
"                          i1  IDS_M   =
i3  S1_M    S1:P2>U1:q     i2  V1_M    W1:P2>U1:q
"                          i1  IDS_M   W1:P2>U1:q
i2  V1_M    V1:P1>U1:P1    i2  FW1_M   W1:P1>U1:P1
i1  FW0_M   W1:P1>U1:P1    i0  ROUTER  =
END

step "a reset of the IDS, either way, goes on from its place"
hops_begin
forge ids eth0 "${macs[IDS_M]}" i1 tcp "${name4[U1]}" 4000 "${name4[W1]}" 80 4
forge ids eth0 "${macs[IDS_M]}" i1 tcp "${name4[W1]}" 80 "${name4[U1]}" 4000 4
hops_are "resets" <<-END
i1  IDS_M   U1:4000>W1:P2    i3  S1_M    U1:4000>S1:P2
i1  IDS_M   W1:P2>U1:4000    i2  V1_M    =
i2  V1_M    V1:P1>U1:P1      i2  FW1_M   W1:P1>U1:P1
i1  FW0_M   W1:P1>U1:P1      i0  ROUTER  =
END

step "clear W1:80 from outside is what only the gateway may send: dropped and counted"
before=$(service_count w1-4 forged)
at client ip xfrm policy flush
hops_begin
talks_not client tcp "${name4[W1]}" 80
hops_are "clear text" <<-END
i0  ROUTER  U1:p>W1:P2    -
END
(($(service_count w1-4 forged) > before)) || fail "not counted as forged"

step "W1:4500, which is towards the gateway, does not come out of the server: likewise"
before=$(device_count s1 stray)
hops_begin
forge s1 eth0 "${macs[S1_M]}" i3 udp "${name4[W1]}" 4500 "${name4[U1]}" 4500
hops_are "out of the server" <<-END
i3  S1_M  W1:P1>U1:P1    -
END
expect "strays" $((before + 1)) "$(device_count s1 stray)"
