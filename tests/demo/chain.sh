#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What make demo-chain runs in the virtual machine. The topology is drawn in
# tests/lib/chains.sh; below is what is plugged in where.
. tests/lib/lib.sh
. tests/lib/chains.sh
. tests/lib/appliances.sh
. tests/demo/say.sh

# run WORD…: a command of ipsec-qos on the engine, shown
run()
{
	say "# ipsec-qos $*"
	qos engine "$@" | sed 's/^/  /'
	echo
}

# passes: what the engine got and sent since hops_begin
passes()
{
	printf '  %-4s %-7s %-5s %-24s %7s   %-4s %-7s %s\n' in from "" "source > destination" \
		packets out to "changed to"
	hops_passes | sed 's/^/  /'
	echo
}

# is WANTED COMMAND…: COMMAND says that
is()
{
	local said

	said=$("${@:2}")
	[ "$said" = "$1" ]
}

# by_proxy: the client asks H by the proxy's service
by_proxy()
{
	fetch client "${name4[H]}" / -x "http://${name4[W4]}:8080"
}

# conf CHAIN: the configuration, where the shop's chain is that
conf()
{
	qosd_conf engine <<-END
	function firewall { check = neigh  interval = 1s }
	function sensor   { kind = tap  on-failure = skip }

	device fw    { id = 1  function = firewall  interface = i1  address = 10.1.0.5
	               inner-interface = i2  inner-address = 10.2.0.5  alternate = fw2 }
	device fw2   { id = 2  function = firewall  interface = i1  address = 10.1.0.6
	               inner-interface = i2  inner-address = 10.2.0.6 }
	device vpn   { id = 3  interface = i2  address = 10.2.0.8  check = ike }
	device ids   { id = 4  function = sensor  interface = i1  address = 10.1.0.7 }
	device web   { id = 5  interface = i3  address = 10.3.0.1  check = connect  port = 80 }
	device proxy { id = 6  interface = i3  address = 10.3.0.2  check = connect  port = 8080 }

	chain shop   { id = 1  devices = { $1 } }
	chain office { id = 2  devices = { fw, vpn, ids, web } }
	chain news   { id = 3  devices = { fw, web } }
	chain proxy  { id = 4  devices = { proxy } }
	chain out    { id = 5  devices = { fw } }

	service shop   { id = 1  address = ${name4[W1]}  ports = { "tcp/80", "icmp" }  mode = loopback
	                 chain = shop  acl = { "deny ${name4[U2]}", "allow any" } }
	service office { id = 2  address = ${name4[W2]}  ports = { "udp/500", "udp/4500" }  mode = loopback
	                 chain = office
	                 segment vpn { to = 10.2.0.8  from = ${name4[W2]}  from-ports = { "tcp/80" } } }
	service news   { id = 3  address = ${name4[W3]}  ports = { "tcp/80" }  mode = loopback
	                 chain = news  acl = { "allow ${name4[U2]}" } }
	service proxy  { id = 4  address = ${name4[W4]}  ports = { "tcp/8080" }  mode = loopback
	                 chain = proxy }
	service asks   { id = 5  address = 10.3.0.2  ports = { "tcp/80" }  mode = client  chain = out }

	group site     { id = 1  mark = 0x10/0xff0 }
	service site   { id = 6  address = 10.51.0.0/24  mode = client  chain = out  from-group = site }
	END
}

# ready: what the daemon has to find out it has
ready()
{
	qos engine -j device show | jq -e 'length == 6 and all(.[]; .outer.mac != null)' &&
		qos engine -j service show | jq -e 'length == 6'
}

echo
say "A client, a router, an engine; behind it, each a network namespace which knows nothing of"
say "it: two nftables firewalls with two arms, a strongSwan gateway with one, Suricata, nginx with"
say "the services' addresses on lo, squid."
chain_world
client_more U2 client2 12
client_more H far 80
client_more O1 site 11
service_address W1 W2 W3 W4
hops_name C1 10.51.0.1
hops_name E 192.0.2.254
segment 1 2 3
firewall fw 1 2 5
firewall fw2 1 2 6
for name in fw fw2; do
	# towards the proxy and the site by the outer side, to all else outside by the inner one
	to_engine $name 1 "${name4[U1]}/32" "${name4[U2]}/32" 10.51.0.0/24 10.3.0.2/32
	ip -n $name route replace default via 10.2.0.254
done
tap ids 1 7
server web 3 1 loopback W1 W2 W3
server proxy 3 2 loopback W4
host vpn
plug vpn eth0 2 8
to_engine vpn 2
forward vpn
at vpn sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0
hops_host vpn
hops_engine engine
nginx_start web
nginx_start far
squid_start proxy 10.3.0.2 "${name6[PROXY]}"
suricata_start ids <<'END'
rejectboth http any any -> any any (msg:"forbidden"; http.uri; content:"forbidden"; sid:1; rev:1;)
alert http any any -> any any (msg:"seen"; http.uri; content:"/"; sid:2; rev:1;)
END
module_load
conf "fw, ids, web"
qosd_start engine
wait_for 30 ready
title "The engine's ipsec-qosd.conf"
sed 's/^\t*/  /' "$W/engine/ipsec-qos/ipsec-qosd.conf"
echo
run device show
run chain show
hops_name P tcp/80

title "A request to the shop, ${name4[W1]}:80: firewall, copies to the IDS, nginx"
say "# ipsec-qos service trace shop client ${name4[U1]} packets 6"
exec_at engine ipsec-qos service trace shop client "${name4[U1]}" packets 6 \
	> "$W/trace" 2>&1 </dev/null &
trace=$!
tracing()
{
	[ -s "$W/trace" ] || fetch client "${name4[W1]}" / >/dev/null
	[ -s "$W/trace" ]
}
wait_for 20 tracing
hops_begin
says "the client gets nginx's page" is 200 fetch client "${name4[W1]}" /
wait $trace || true
sed 's/^/  /' "$W/trace"
echo
passes
says "each packet on every wire is as the chain has it" hops_match <<END
i0  ROUTER  U1:p>W1:P    i1  FW0_M   =
i2  FW1_M   U1:p>W1:P    i3  WEB_M   =
"                        i1  IDS_M   =
i3  WEB_M   W1:P>U1:p    i2  FW1_M   =
"                        i1  IDS_M   =
i1  FW0_M   W1:P>U1:p    i0  ROUTER  =
END

title "ESP to ${name4[W2]}:4500 goes in; clear ${name4[W2]}:80 comes to the IDS and to nginx"
# side HOST ID OTHER_ID LOCAL REMOTE LOCAL_NET REMOTE_NET
side()
{
	swan_psk "$1" office "$2" "$3" <<-END
	local_addrs = $4
	$([ -z "$5" ] || echo "remote_addrs = $5")
	children {
		office {
			local_ts = $6
			remote_ts = $7
			esp_proposals = $ESP_PROPOSAL
		}
	}
	END
	charon_start "$1" <<-END
	install_routes = no
	END
}
side client client.example vpn.example "${name4[U1]}" "${name4[W2]}" "${name4[U1]}/32" \
	"${name4[W2]}/32[tcp/80]"
side vpn vpn.example client.example "${name4[VPN]}" "" "${name4[W2]}/32[tcp/80]" \
	"${name4[U1]}/32"
swan_up client office
hops_begin
says "the client gets nginx's page by the tunnel" is 200 fetch client "${name4[W2]}" /
passes
hops_name ESP udp/4500
says "each packet on every wire is as the chain has it" hops_match <<END
i0  ROUTER  U1:ESP>W2:ESP     i1  FW0_M   =
i2  FW1_M   U1:ESP>W2:ESP     i2  VPN_M   U1:ESP>VPN:ESP
i2  VPN_M   U1:q>W2:P         i3  WEB_M   =
"                             i1  IDS_M   =
i3  WEB_M   W2:P>U1:q         i2  VPN_M   =
"                             i1  IDS_M   =
i2  VPN_M   VPN:ESP>U1:ESP    i2  FW1_M   W2:ESP>U1:ESP
i1  FW0_M   W2:ESP>U1:ESP     i0  ROUTER  =
END

title "A request that a rule of Suricata's forbids"
hops_begin
says "the client is told: Connection reset by peer" \
	is "Recv failure: Connection reset by peer" fetch client "${name4[W1]}" /slow/forbidden
passes
sed 's/^/  /; s/\[Classification.*{/{/' "$W/ids/fast.log" | grep forbidden | tail -n 1

title "The proxy, and what it asks for, which goes out by the firewall"
hops_begin
says "the client gets the page of ${name4[H]}" is 200 by_proxy
passes

title "Two customers with rules of their own, and one firewall"
for service in shop:W1 news:W3; do
	for from in client:U1 client2:U2; do
		hops_begin
		answer=$(fetch "${from%:*}" "${name4[${service#*:}]}" / -m 2)
		[ "$answer" = 200 ] || answer=nothing
		say "${name4[${from#*:}]} asks ${service%:*}, ${name4[${service#*:}]}: $answer"
		answers+=("$answer")
	done
done
says "each customer's rules count for that customer's service" \
	[ "${answers[*]}" = "200 nothing nothing 200" ]

title "A site's tunnel, which the engine decrypts: through the chain of its group"
tunnel site "${name4[O1]}" 10.51.0.0/24 0x1010
qos engine sa add dst 192.0.2.254 spi 0x1010 group site
route site "${name4[H]}/32" dev eth0 src 10.51.0.1
hops_begin
says "the site gets the page of ${name4[H]}" is 200 fetch site "${name4[H]}" /
passes
hops_name PROTECTED esp/0
says "each packet on every wire is as the chain has it" hops_match <<END
i0  ROUTER  O1:PROTECTED>E:PROTECTED    -
i0  ROUTER  C1:p>H:P                    i1  FW0_M   =
i2  FW1_M   C1:p>H:P                    i0  ROUTER  =
i0  ROUTER  H:P>C1:p                    i2  FW1_M   =
i1  FW0_M   H:P>C1:p                    -
-                                       i0  ROUTER  E:PROTECTED>O1:PROTECTED
END

title "The shop's chain is exchanged ten times under load"
exec_at client ping -n -i 0.005 "${name4[W1]}" >"$W/load" 2>&1 </dev/null &
load=$!
for ((i = 0; i < 10; i++)); do
	conf "$( ((i % 2)) && echo "fw, ids, web" || echo "fw, web")"
	qos engine daemon reload >/dev/null
done
end $load INT
read -r _ answered missing <<<"$(ping_counted "$W/load")"
# nothing_lost: of what was sent ahead of the last that was answered
nothing_lost()
{
	((answered > 100 && missing == 0))
}
says "$answered of $answered requests were answered" nothing_lost

title "The firewall dies under load"
exec_at client ping -D -n -i 0.05 "${name4[W1]}" >"$W/load" 2>&1 </dev/null &
load=$!
answers()
{
	(($(grep -c 'bytes from' "$W/load" || true) > $1))
}
wait_for 20 answers 20
before=$(grep -c 'bytes from' "$W/load")
ip -n fw link set fw0 down
ip -n fw link set fw1 down
wait_for 30 answers $((before + 20))
end $load INT
gap=$(sed -nE 's/^\[([0-9.]+)\].*bytes from.*/\1/p' "$W/load" |
	awk 'NR > 1 && $1 - last > gap { gap = $1 - last } { last = $1 } END { printf "%.1f", gap }')
run device show
says "its alternate serves, and for $gap s nothing came" \
	awk -v gap="$gap" -v slow="${SLOW:-1}" 'BEGIN { exit !(gap <= 3 * slow) }'

title "What the engine counted"
run service show
says_end
