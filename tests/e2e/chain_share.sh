#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -s 1 -m 1536 -t 900
# needs: scripts/suricata
#
# Document 003's figure 11: one IDS for three services, Suricata as it comes. It sees what is
# of these services and nothing else. A request that its rule forbids ends in its resets, which
# go on from its place in that service's chain, to the client by the firewall and to the
# server; the other services' connections stay.
#
#    client -- router -- i0 engine --- i1: fw (fw0)
#                               '----- i2: fw (fw1)
#                               '----- i3: s1: W1, W2   s2: W3
#                               '----- i4: ids
. tests/lib/lib.sh
. tests/lib/chains.sh
. tests/lib/appliances.sh

both()
{
	local name

	for name in 4 6; do
		families $name
		"$@"
	done
}

step "client, router, engine, firewall, two servers, an IDS"
chain_world
service_address W1 W2 W3 W4
segment 1 2 3 4
firewall fw 1 2 5
tap ids 4 7
server s1 3 1 loopback W1 W2 W4
server s2 3 2 loopback W3
hops_engine engine
nginx_start s1
nginx_start s2
suricata_start ids <<'END'
rejectboth http any any -> any any (msg:"forbidden"; http.uri; content:"forbidden"; sid:1; rev:1;)
alert http any any -> any any (msg:"seen"; http.uri; content:"/"; sid:2; rev:1;)
END
module_load
device fw outer dev i1 mac %FW0_M inner dev i2 mac %FW1_M
device ids kind tap dev i4 mac %IDS_M
device s1 dev i3 mac %S1_M
device s2 dev i3 mac %S2_M
chain watched ids s1
chain guarded fw ids s1
chain other ids s2
chain unseen s1
service w1 address @W1 port tcp/80 chain watched
service w2 address @W2 port tcp/80 chain guarded
service w3 address @W3 port tcp/80 chain other
service w4 address @W4 port tcp/80 chain unseen
hops_name P tcp/80

# alerts MESSAGE: how many so far
alerts()
{
	grep -cF -- "] $1 [" "$W/ids/fast.log" || true
}

alerts_are()
{
	[ "$(alerts "$1")" = "$2" ]
}

step "it sees each of the three services, and not the fourth"
each_is_seen()
{
	local name before

	before=$(alerts seen)
	for name in W1 W2 W3 W4; do
		expect "of $name" 200 "$(fetch client "$(address_of $name)" /)"
	done
	wait_for 20 alerts_are seen $((before + 3))
}
both each_is_seen

step "a forbidden request to one service ends in its resets; another's download goes on"
forbidden()
{
	local download before

	before=$(alerts forbidden)
	exec_at client curl -sS -g -m 60 -o "$W/client/download" \
		"http://$([ "$family" = 4 ] && echo "${name4[W1]}" || echo "[${name6[W1]}]")/slow/allowed" \
		2>"$W/client/download.log" &
	download=$!
	wait_for 20 test -s "$W/client/download"
	hops_begin
	expect "what the client was told" "Recv failure: Connection reset by peer" \
		"$(fetch client "$(address_of W2)" /slow/forbidden)"
	hops_are "resets" <<-END
	aside *:*>W1:*
	aside W1:*>*:*
	i0  ROUTER  U1:p>W2:P    i1  FW0_M   =
	i2  FW1_M   U1:p>W2:P    i3  S1_M    =
	"                        i4  IDS_M   =
	i3  S1_M    W2:P>U1:p    i2  FW1_M   =
	"                        i4  IDS_M   =
	i1  FW0_M   W2:P>U1:p    i0  ROUTER  =
	i4  IDS_M   W2:P>U1:p    i2  FW1_M   =
	i4  IDS_M   U1:p>W2:P    i3  S1_M    =
	END
	expect "requests that were reset" $((before + 1)) "$(alerts forbidden)"
	wait $download || fail "the other one's download: $(cat "$W/client/download.log")"
	expect "what was downloaded" 2048 "$(stat -c %s "$W/client/download")"
}
both forbidden
expect "strays of the IDS" 0 "$(device_count ids stray)"
