#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -s 1 -m 1280 -t 900
#
# Document 003's figure 12: a proxy behind a service address, squid as it comes, and a firewall
# behind the proxy. Of the proxy's two sockets one answers clients from the service's address;
# the other asks hosts outside from the proxy's own, which is a service of mode client: its
# packets go through the firewall, which puts an address of its own in, so that the answers
# come back to it. Each of the twelve steps is compared with what is on the wires.
#
#    client, web -- router -- i0 engine --- i1: proxy, pf: an nft firewall, one-armed
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

step "a client, a web server far away, router, engine, proxy, firewall"
chain_world
client_more H web 80
service_address W1 W2
segment 1
server proxy 1 1 loopback W1 W2
host pf
plug pf eth0 1 9
to_engine pf 1
# what it does not send itself it gets from the engine, neighbours on its segment too
to_engine pf 1 "${name4[PROXY]}/32" "${name6[PROXY]}/128"
forward pf
at pf sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0
at pf nft -f - <<END
table inet pf {
	chain out {
		type nat hook postrouting priority srcnat
		ip saddr ${name4[PROXY]} snat ip to ${name4[PF]}
		ip6 saddr ${name6[PROXY]} snat ip6 to ${name6[PF]}
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		ct state new ip saddr ${name4[PROXY]} tcp dport 80 accept
		ct state new ip6 saddr ${name6[PROXY]} tcp dport 80 accept
	}
}
END
hops_host pf
hops_engine engine
nginx_start web
squid_start proxy "${name4[PROXY]}" "${name6[PROXY]}"
module_load
device proxy dev i1 mac %PROXY_M
device pf dev i1 mac %PF_M
chain proxy proxy
chain out pf
service w1 address @W1 port tcp/8080 chain proxy
service out address @PROXY mode client port tcp/80 chain out
hops_name P tcp/8080
hops_name WEB tcp/80

# by_proxy STATUS PATH: the client fetches it from H by W1
by_proxy()
{
	local proxy

	proxy=$(address_of W1)
	[[ $proxy != *:* ]] || proxy="[$proxy]"
	hops_begin
	expect "what the client got" "$1" \
		"$(fetch client "$(address_of H)" "$2" -x "http://$proxy:8080")"
}

step "figure 12, steps 1 to 12"
allowed()
{
	by_proxy 200 /
	expect "the page" web "$(cat "$W/client/fetched")"
	# the web server was asked by the firewall's address
	wait_for 10 grep -qF -- "$(address_of PF) - - " "$W/web/access.log"
	hops_are "figure 12" <<-END
	i0  ROUTER   U1:p>W1:P        i1  PROXY_M  =
	i1  PROXY_M  W1:P>U1:p        i0  ROUTER   =
	i1  PROXY_M  PROXY:q>H:WEB    i1  PF_M     =
	i1  PF_M     PF:r>H:WEB       i0  ROUTER   =
	i0  ROUTER   H:WEB>PF:r       i1  PF_M     =
	i1  PF_M     H:WEB>PROXY:q    i1  PROXY_M  =
	END
}
both allowed

step "what the proxy refuses goes no further"
refused()
{
	by_proxy 403 /forbidden
	hops_are "refused by the proxy" <<-END
	i0  ROUTER   U1:p>W1:P        i1  PROXY_M  =
	i1  PROXY_M  W1:P>U1:p        i0  ROUTER   =
	END
}
both refused

step "another service with the same proxy and its firewall"
service w2 address @W2 port tcp/8080 chain proxy
shared()
{
	local proxy

	proxy=$(address_of W2)
	[[ $proxy != *:* ]] || proxy="[$proxy]"
	hops_begin
	expect "what the client got" 200 \
		"$(fetch client "$(address_of H)" / -x "http://$proxy:8080")"
	hops_are "another service" <<-END
	i0  ROUTER   U1:p>W2:P        i1  PROXY_M  =
	i1  PROXY_M  W2:P>U1:p        i0  ROUTER   =
	i1  PROXY_M  PROXY:q>H:WEB    i1  PF_M     =
	i1  PF_M     PF:r>H:WEB       i0  ROUTER   =
	i0  ROUTER   H:WEB>PF:r       i1  PF_M     =
	i1  PF_M     H:WEB>PROXY:q    i1  PROXY_M  =
	END
}
both shared

step "what the proxy asks of other ports is no service's"
other_port()
{
	hops_begin
	talks_not proxy tcp "$(address_of H)" 81
	hops_are "another port" <<-END
	aside H:*>PROXY:*
	i1  PROXY_M  PROXY:q>H:tcp/81    i0  ROUTER   =
	END
}
both other_port
