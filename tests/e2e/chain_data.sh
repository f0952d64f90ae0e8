#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -s 1 -m 1024 -t 900
#
# Document 003's figure 14: two customers' services, one application server that each of them
# goes to, and their databases, which it asks for by service addresses that stand for one
# database server (tables 14A to 14D): translated to two ports of it, as its address and one
# port would not tell whose an answer is, and as aliases. Then that server fails, and another
# one has the same data.
#
#    client, client5 -- router -- i0 engine --- i1: ids, f5 (fw0)
#                                        '----- i2: f5 (fw1)
#                                        '----- i3: a4
#                                        '----- i4: db1, db2
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

# asks_for WANTED CLIENT SERVICE DATABASE: the application asks that for it
asks_for()
{
	talks "$1" "$2" tcp "$(address_of "$3")" 80 from "$(address_of A4)" ask \
		"$(address_of "$4")" 5432 rows
}

step "two clients, router, engine, IDS, firewall, application, databases"
chain_world
client_more U5 client5 5
hops_name W1 198.51.100.1 2001:db8:100::1
hops_name W5 198.51.100.5 2001:db8:100::5
hops_name W1D 198.51.100.101 2001:db8:100::101
hops_name W5D 198.51.100.105 2001:db8:100::105
segment 1 2 3 4
tap ids 1 7
firewall f5 1 2 5
server a4 3 4 loopback W1 W5
server db1 4 1
server db2 4 2
hops_engine engine
listens a4 tcp/80
listens db1 tcp/5432 tcp/15432
listens db2 tcp/5432 tcp/15432
module_load
device ids kind tap dev i1 mac %IDS_M
device f5 outer dev i1 mac %F50_M inner dev i2 mac %F51_M
device a4 dev i3 mac %A4_M
device db2 dev i4 mac %DB2_M
device db1 dev i4 mac %DB1_M
chain watched ids f5 a4
chain guarded f5 a4
chain data db1
hops_name P tcp/80
hops_name DB tcp/5432
hops_name TDB tcp/15432

step "two services translated to one port of one server are refused, with the ways out"
service w1 address @W1 port tcp/80 chain watched
service w5 address @W5 port tcp/80 chain guarded
service w1d address @W1D port tcp/5432 chain data segment db1 to @DB1
FAMILIES=4
expect_refused 'w1d-4.*(alias|port)' service w5d address @W5D port tcp/5432 chain data \
	segment db1 to @DB1
expect_json 'map(select(.name == "w5d-4")) == []' qos engine -j service show
unset FAMILIES

step "14A to 14D: another translated port"
service w5d address @W5D port tcp/5432 chain data segment db1 to @DB1 to-port 15432
tables_14()
{
	hops_begin
	asks_for "db1 $(address_of A4) * $(address_of DB1) 5432 rows" client W1 W1D
	hops_are "14A, 14C" <<-END
	i0  ROUTER  U1:p>W1:P      i1  F50_M   =
	"                          i1  IDS_M   =
	i2  F51_M   U1:p>W1:P      i3  A4_M    =
	i3  A4_M    W1:P>U1:p      i2  F51_M   =
	i1  F50_M   W1:P>U1:p      i0  ROUTER  =
	"                          i1  IDS_M   =
	i3  A4_M    A4:q>W1D:DB    i4  DB1_M   A4:q>DB1:DB
	i4  DB1_M   DB1:DB>A4:q    i3  A4_M    W1D:DB>A4:q
	END
	hops_begin
	asks_for "db1 $(address_of A4) * $(address_of DB1) 15432 rows" client5 W5 W5D
	hops_are "14B, 14D" <<-END
	i0  ROUTER  U5:p>W5:P      i1  F50_M   =
	i2  F51_M   U5:p>W5:P      i3  A4_M    =
	i3  A4_M    W5:P>U5:p      i2  F51_M   =
	i1  F50_M   W5:P>U5:p      i0  ROUTER  =
	i3  A4_M    A4:q>W5D:DB    i4  DB1_M   A4:q>DB1:TDB
	i4  DB1_M   DB1:TDB>A4:q   i3  A4_M    W5D:DB>A4:q
	END
}
both tables_14

step "14C, 14D: aliases, as many as one likes on one port"
service_del w1d w5d
serves db1 alias W1D W5D
service w1d address @W1D port tcp/5432 chain data
service w5d address @W5D port tcp/5432 chain data
aliases()
{
	hops_begin
	asks_for "$1 $(address_of A4) * $(address_of W1D) 5432 rows" client W1 W1D
	asks_for "$1 $(address_of A4) * $(address_of W5D) 5432 rows" client5 W5 W5D
	hops_are "14C, 14D, aliases of $1" <<-END
	aside U1:*>W1:*
	aside W1:*>U1:*
	aside U5:*>W5:*
	aside W5:*>U5:*
	i3  A4_M       A4:q>W1D:DB    i4  ${1^^}_M   =
	i4  ${1^^}_M   W1D:DB>A4:q    i3  A4_M    =
	i3  A4_M       A4:r>W5D:DB    i4  ${1^^}_M   =
	i4  ${1^^}_M   W5D:DB>A4:r    i3  A4_M    =
	END
}
both aliases db1

step "the first server fails: one word, and both services are at the other one"
serves db2 alias W1D W5D
qos engine device change db1 alternate db2
qos engine device change db1 state down
ip -n switch link set db1-eth0 down
both aliases db2
expect_json 'map(select(.name == "db1"))[0].now == "db2"' qos engine -j device show

step "it is back"
ip -n switch link set db1-eth0 up
qos engine device change db1 state up
both aliases db1
for name in f5 a4 db1; do
	expect "strays of $name" 0 "$(device_count $name stray)"
done
