# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A provider's gateway and its customers, who all chose the same addresses
# ("overlapping customers" in CONTRIBUTING.md's glossary). Two have a contract and a
# group each, a stranger has none. Needs lib.sh.
#
#    at home                                             at the remote sites
#    .--------. lan-a                               net  .--------. 192.168.1.2
#    | home-a |-------.                            .-----| site-a | is on lo
#    '--------'       |   .----------------.       |     '--------' 203.0.113.11
#     10.1.1.2    lan-a'--| gw             |       |
#    .--------.           | 203.0.113.1    |  .---------..--------. 192.168.1.2
#    | home-b |-------lan-b            wan |--| net     || site-b | is on lo
#    '--------'           | charon, plugin |  | (bridge)|'--------' 203.0.113.12
#     10.1.1.2        .---| ipsec-qosd     |  '---------'
#    .--------.       |   '----------------'       |     .--------. 192.168.9.2
#    | home-c |-------'lan-c                       '-----| site-c | is on lo
#    '--------' 10.3.3.2                                 '--------' 203.0.113.13
#
# Both 10.1.1.0/24 and both 192.168.1.0/24 are told apart by the mark alone:
# what comes out of an SA is routed by its group's mark, and what comes from a
# customer's LAN is given that customer's mark, by which the SA is chosen.

GOLD=0x10/0xff0
SILVER=0x20/0xff0

customers_topology()
{
	local c i=0

	host gw net
	ip -n net link add name br0 type bridge
	ip -n net link set br0 up
	link gw:wan net:gw
	ip -n net link set gw master br0
	addr gw wan 203.0.113.1/24
	forward gw
	at gw sysctl -qw net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.conf.default.rp_filter=0

	for c in a b c; do
		i=$((i + 1))
		host "home-$c" "site-$c"
		link "gw:lan-$c" "home-$c:eth0"
		link "site-$c:eth0" "net:site-$c"
		ip -n net link set "site-$c" master br0
		addr "site-$c" eth0 "203.0.113.1$i/24"
	done
	for c in a b; do
		addr gw "lan-$c" 10.1.1.1/24
		addr "home-$c" eth0 10.1.1.2/24
		addr "site-$c" lo 192.168.1.2/32
		route "home-$c" default via 10.1.1.1
		route "site-$c" 10.1.1.0/24 dev eth0 src 192.168.1.2
	done
	addr gw lan-c 10.3.3.1/24
	addr home-c eth0 10.3.3.2/24
	addr site-c lo 192.168.9.2/32
	route home-c default via 10.3.3.1
	route site-c 10.3.3.0/24 dev eth0 src 192.168.9.2

	# A table for each customer, chosen by the mark.
	ip -n gw rule add fwmark $GOLD lookup 101
	ip -n gw rule add fwmark $SILVER lookup 102
	ip -n gw route add 10.1.1.0/24 dev lan-a table 101
	ip -n gw route add 10.1.1.0/24 dev lan-b table 102
	# The way to the remote networks: charon's policies take what is on it.
	ip -n gw route add 192.168.0.0/16 dev wan
	at gw nft -f - <<-END
	table inet customers {
		chain from_lan {
			type filter hook prerouting priority mangle
			iifname lan-a meta mark set meta mark & 0xfffff00f | 0x10
			iifname lan-b meta mark set meta mark & 0xfffff00f | 0x20
		}
	}
	END
}

# _customer NAME ADDRESS IDENTITY HOME_NET REMOTE_NET [MARK]
_customer()
{
	swan_psk "$1" gw "$3" gw.provider.example "secret of $1" <<-END
	local_addrs = $2
	remote_addrs = 203.0.113.1
	children {
		net {
			local_ts = $5
			remote_ts = $4
			esp_proposals = $ESP_PROPOSAL
		}
	}
	END
	swan_psk gw "$1" gw.provider.example "$3" "secret of $1" <<-END
	local_addrs = 203.0.113.1
	remote_addrs = $2
	children {
		net-$1 {
			local_ts = $4
			remote_ts = $5
			esp_proposals = $ESP_PROPOSAL
			${6:+mark_in = $6
			mark_out = $6}
		}
	}
	END
}

# Connections of all charons, and the daemon's configuration but for policies.
customers_conf()
{
	_customer site-a 203.0.113.11 router7.customer-a.example \
		10.1.1.0/24 192.168.1.0/24 $GOLD
	_customer site-b 203.0.113.12 ops@customer-b.example \
		10.1.1.0/24 192.168.1.0/24 $SILVER
	_customer site-c 203.0.113.13 who.knows.example \
		10.3.3.0/24 192.168.9.0/24
	qosd_conf gw <<-END
	group gold { id = 1  mark = $GOLD }
	group silver { id = 2  mark = $SILVER }
	profile customer-a { identity = "*.customer-a.example"  group = gold }
	profile customer-b { identity = "*@customer-b.example"  group = silver }
	$(cat)
	END
}

# Everything but the module: daemon, charons, tunnels.
customers_up()
{
	local c

	qosd_start gw
	charon_start gw plugin
	for c in a b c; do
		charon_start "site-$c"
	done
	wait_for 10 json_is '.charon.synced' qos gw -j daemon status
	for c in a b c; do
		swan_up "site-$c" net
	done
}
