#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -s 1 -m 1024 -t 900
#
# Document 003's sequence tables, each as it stands: one server in loopback mode (5D), in
# alias mode (5G) and translated (5J); two behind one service address, by their ports (6B);
# a translated port (8C); negotiated ports (9B), and a negotiated address (9E). A connection
# of each family goes both ways, and every packet on every wire is compared with the table:
# interface, MAC of who sent it and of whom it is for, addresses, ports, hops left, checksums.
#
#    client -- router -- i0 engine --- i1: ids, fw (fw0), fw6 (fw60)
#                               '----- i2: fw (fw1), fw6 (fw61)
#                               '----- i3: s1, s2
#
# The document's server is at i1 in figures 5 and 6; here it is at i3 throughout.
. tests/lib/lib.sh
. tests/lib/chains.sh

# both COMMAND…: with each family
both()
{
	local name

	for name in 4 6; do
		families $name
		"$@"
	done
}

# asks WANTED PORT WORD…: the client asks W1, and the answer is as wanted
asks()
{
	talks "$1" client tcp "$(address_of W1)" "${@:2}"
}

step "client, router, engine, two firewalls, an IDS, two servers"
chain_world
service_address W1
segment 1 2 3
firewall fw 1 2 5
firewall fw6 1 2 6
to_engine fw6 2 10.3.0.0/24 fd00:3::/64
tap ids 1 7
server s1 3 1
server s2 3 2
hops_engine engine
listens s1 tcp/80 tcp/2020 tcp/21
listens s2 tcp/443 tcp/22
module_load
device fw outer dev i1 mac %FW0_M inner dev i2 mac %FW1_M
device fw6 outer dev i1 mac %FW60_M inner dev i2 mac %FW61_M
device ids kind tap dev i1 mac %IDS_M
device s1 dev i3 mac %S1_M
device s2 dev i3 mac %S2_M
chain one s1
chain two s2

hops_name P1 tcp/80
step "5D: a server with the service address on lo"
serves s1 loopback W1
service w1 address @W1 port tcp/80 chain one
unmodified()
{
	hops_begin
	asks "s1 $(address_of U1) * $(address_of W1) 80 hello" 80 hello
	hops_are "$1" <<-END
	i0  ROUTER  U1:p>W1:P1    i3  S1_M    =
	i3  S1_M    W1:P1>U1:p    i0  ROUTER  =
	END
}
both unmodified 5D

step "5G: as an alias"
serves s1 alias W1
both unmodified 5G
service_del w1

step "5J: NAT"
serves s1 nat
service w1 address @W1 port tcp/80 chain one segment s1 to @S1
table_5j()
{
	hops_begin
	asks "s1 $(address_of U1) * $(address_of S1) 80 hello" 80 hello
	hops_are 5J <<-END
	i0  ROUTER  U1:p>W1:P1    i3  S1_M    U1:p>S1:P1
	i3  S1_M    S1:P1>U1:p    i0  ROUTER  W1:P1>U1:p
	END
}
both table_5j
service_del w1

step "6B: two ports, two servers, each of the three modes"
hops_name P2 tcp/443
service p1 address @W1 port tcp/80 chain one
service p2 address @W1 port tcp/443 chain two
two_servers()
{
	hops_begin
	asks "s1 $(address_of U1) * $(address_of W1) 80 hello" 80 hello
	asks "s2 $(address_of U1) * $(address_of W1) 443 hello" 443 hello
	hops_are "6B, $1" <<-END
	i0  ROUTER  U1:p>W1:P1    i3  S1_M    =
	i3  S1_M    W1:P1>U1:p    i0  ROUTER  =
	i0  ROUTER  U1:q>W1:P2    i3  S2_M    =
	i3  S2_M    W1:P2>U1:q    i0  ROUTER  =
	END
}
serves s1 loopback W1
serves s2 loopback W1
both two_servers loopback
serves s1 alias W1
serves s2 alias W1
both two_servers alias
service_del p1 p2
service p1 address @W1 port tcp/80 chain one segment s1 to @S1
service p2 address @W1 port tcp/443 chain two segment s2 to @S2
serves s1 nat
serves s2 nat
two_translated()
{
	hops_begin
	asks "s1 $(address_of U1) * $(address_of S1) 80 hello" 80 hello
	asks "s2 $(address_of U1) * $(address_of S2) 443 hello" 443 hello
	hops_are "6B, NAT" <<-END
	i0  ROUTER  U1:p>W1:P1    i3  S1_M    U1:p>S1:P1
	i3  S1_M    S1:P1>U1:p    i0  ROUTER  W1:P1>U1:p
	i0  ROUTER  U1:q>W1:P2    i3  S2_M    U1:q>S2:P2
	i3  S2_M    S2:P2>U1:q    i0  ROUTER  W1:P2>U1:q
	END
}
both two_translated
service_del p1 p2

step "8C: the server has another port than the service; a firewall, copies to an IDS"
hops_name P1 tcp/20
hops_name TP1 tcp/2020
serves s1 loopback W1
chain guarded fw ids s1
service ftp address @W1 port tcp/20 chain guarded segment s1 to-port 2020
table_8c()
{
	hops_begin
	asks "s1 $(address_of U1) * $(address_of W1) 2020 hello" 20 hello
	hops_are 8C <<-END
	i0  ROUTER  U1:p>W1:P1     i1  FW0_M   =
	i2  FW1_M   U1:p>W1:P1     i3  S1_M    U1:p>W1:TP1
	"                          i1  IDS_M   =
	i3  S1_M    W1:TP1>U1:p    i2  FW1_M   W1:P1>U1:p
	"                          i1  IDS_M   W1:P1>U1:p
	i1  FW0_M   W1:P1>U1:p     i0  ROUTER  =
	END
}
both table_8c
service_del ftp

step "9B: ports that the server negotiates, 1025 to 1125"
hops_name P1 tcp/21
hops_name D1 tcp/1050
service ftp address @W1 port tcp/21 port tcp/1025-1125 chain guarded
table_9b()
{
	hops_begin
	asks "dialled $(address_of W1) 1050" 21 dial 1050
	asks "s1 $(address_of U1) * $(address_of W1) 1050 hello" 1050 hello
	hops_are 9B <<-END
	i0  ROUTER  U1:p>W1:P1     i1  FW0_M   =
	i2  FW1_M   U1:p>W1:P1     i3  S1_M    =
	"                          i1  IDS_M   =
	i3  S1_M    W1:P1>U1:p     i2  FW1_M   =
	"                          i1  IDS_M   =
	i1  FW0_M   W1:P1>U1:p     i0  ROUTER  =
	i0  ROUTER  U1:q>W1:D1     i1  FW0_M   =
	i2  FW1_M   U1:q>W1:D1     i3  S1_M    =
	"                          i1  IDS_M   =
	i3  S1_M    W1:D1>U1:q     i2  FW1_M   =
	"                          i1  IDS_M   =
	i1  FW0_M   W1:D1>U1:q     i0  ROUTER  =
	END
}
both table_9b
# a port that is in nobody's range
talks_not client tcp "$(address_of W1)" 1126

step "… and another port of that address has 1126 to 1300, which may not be 1125"
serves s2 loopback W1
FAMILIES=4
expect_refused 'ftp-4' service ssh address @W1 port tcp/22 port tcp/1125-1300 chain two
unset FAMILIES
service ssh address @W1 port tcp/22 port tcp/1126-1300 chain two
hops_name P2 tcp/22
hops_name D2 tcp/1200
another_range()
{
	hops_begin
	asks "dialled $(address_of W1) 1200" 22 dial 1200
	asks "s2 $(address_of U1) * $(address_of W1) 1200 hello" 1200 hello
	hops_are "9B, the other range" <<-END
	i0  ROUTER  U1:p>W1:P2    i3  S2_M    =
	i3  S2_M    W1:P2>U1:p    i0  ROUTER  =
	i0  ROUTER  U1:q>W1:D2    i3  S2_M    =
	i3  S2_M    W1:D2>U1:q    i0  ROUTER  =
	END
}
both another_range
service_del ssh ftp

step "9E: the server negotiates its own address as well, which is through another firewall"
chain initial fw s1
chain negotiated fw6 s1
service ftp address @W1 port tcp/21 chain initial
service app address @S1 port tcp/1025-65535 chain negotiated
hops_name D1 tcp/5000
table_9e()
{
	hops_begin
	asks "dialled $(address_of S1) 5000" 21 dial 5000 "$(address_of S1)"
	talks "s1 $(address_of U1) * $(address_of S1) 5000 hello" \
		client tcp "$(address_of S1)" 5000 hello
	hops_are 9E <<-END
	i0  ROUTER  U1:p>W1:P1     i1  FW0_M   =
	i2  FW1_M   U1:p>W1:P1     i3  S1_M    =
	i3  S1_M    W1:P1>U1:p     i2  FW1_M   =
	i1  FW0_M   W1:P1>U1:p     i0  ROUTER  =
	i0  ROUTER  U1:q>S1:D1     i1  FW60_M  =
	i2  FW61_M  U1:q>S1:D1     i3  S1_M    =
	i3  S1_M    S1:D1>U1:q     i2  FW61_M  =
	i1  FW60_M  S1:D1>U1:q     i0  ROUTER  =
	END
}
both table_9e

step "what was counted"
for name in fw fw6; do
	expect "of $name: what it got and let through" \
		"$(device_count $name outer_sent) $(device_count $name inner_sent)" \
		"$(device_count $name inner_returned) $(device_count $name outer_returned)"
	expect "strays of $name" 0 "$(device_count $name stray)"
done
(($(device_count ids outer_sent) > 20)) || fail "few copies: $(device_count ids outer_sent)"
expect "what the IDS sent" 0 "$(device_count ids outer_returned)"
expect "what was refused by firewalls" "" "$(nft_counted fw)$(nft_counted fw6)"
