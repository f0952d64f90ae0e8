#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clear packets to networks behind elements: by routes in tables of the daemon's own, by the
# first element that is up, nowhere while none is; customers with the same networks by their
# mark; others' routes and rules stay.
#
#   .-----------------.     .------------.     .----------.    behind both: 10.1.0.1,
#   | client          |     | gw         |-----| e1       |    2001:db8:9::1;
#   | 10.2.0.9        |-----| ipsec-qosd |     '----------'    behind e3: 10.1.0.1 of
#   | 10.2.0.10       |     |            |-----| e2       |    another customer
#   '-----------------'     |            |     '----------'
#                           |            |-----| e3       |
#                           '------------'     '----------'
#
# ci-once: what compat.h has is not in it
. tests/lib/lib.sh

host client gw e1 e2 e3
link client:eth0 gw:eth0
addr client eth0 10.2.0.9/24 10.2.0.10/24 2001:db8:c::9/64
addr gw eth0 10.2.0.1/24 2001:db8:c::1/64
route client default via 10.2.0.1
route client default via 2001:db8:c::1
for n in 1 2 3; do
	link gw:to_e$n e$n:eth0
	addr gw to_e$n 10.0.$n.1/24 2001:db8:$n::1/64
	addr e$n eth0 10.0.$n.2/24 2001:db8:$n::2/64
	addr e$n lo 10.1.0.1/32 2001:db8:9::1/128
	route e$n 10.2.0.0/24 via 10.0.$n.1
	route e$n 2001:db8:c::/64 via 2001:db8:$n::1
	at e$n nft -f - <<-END
	table inet seen {
		counter seen_e$n { }
		chain input {
			type filter hook input priority 0
			icmp type echo-request ip daddr 10.1.0.1 counter name seen_e$n
			icmpv6 type echo-request ip6 daddr 2001:db8:9::1 counter name seen_e$n
		}
	}
	END
done
forward gw
# what gets by it is seen: nothing of it may go there
host world
link gw:world world:eth0
addr gw world 203.0.113.1/24 2001:db8:113::1/64
addr world eth0 203.0.113.2/24 2001:db8:113::2/64
addr world lo 10.1.0.1/32 2001:db8:9::1/128
route gw default via 203.0.113.2
route gw default via 2001:db8:113::2
route world 10.2.0.0/24 via 203.0.113.1
route world 2001:db8:c::/64 via 2001:db8:113::1
# the second customer's
at gw nft -f - <<END
table ip customers {
	chain prerouting {
		type filter hook prerouting priority mangle
		ip saddr 10.2.0.10 meta mark set 0x10
	}
}
END

elements()
{
	local n

	for n in 1 2 3; do
		echo "element e$n { id = $n via = 10.0.$n.2 via6 = \"2001:db8:$n::2\" check = ping
			interval = 200ms fails = 3 passes = 2 }"
	done
}

conf()
{
	{ elements; cat; } | qosd_conf gw
}

# reaches SOURCE DESTINATION WHO: a ping, and who has seen it
reaches()
{
	local name seen=()

	for name in e1 e2 e3; do
		nft_counted $name >/dev/null
	done
	at client ping -q -n -c1 -W2 -I "$1" "$2" >/dev/null || return
	for name in e1 e2 e3; do
		seen+=("$(nft_counted $name)")
	done
	[[ "${seen[*]}" =~ ^\ *seen_$3\+1\ *$ ]]
}

# unreachable SOURCE DESTINATION: gw says so; it did not go into the world either
unreachable()
{
	local said

	said=$(at client ping -n -c1 -W2 -I "$1" "$2" || true)
	[[ "$said" =~ (nreachable|No route) ]]
}

# rules: those of the daemon
rules()
{
	at gw ip -j rule show | jq -c 'map(select(.protocol == "217") | [.priority, .table, .fwmark // ""])'
}

# errors are counted on: each is sent, however many there were, here and by ip_error()
at gw sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
sysctl -qw net.ipv4.route.error_cost=0
module_load
conf <<END
behind a { networks = { 10.1.0.0/16, "2001:db8:9::/48" } elements = { e1, e2 } }
behind b { networks = 10.1.0.0/16 elements = e3 mark = 0x10/0xf0 }
END
# others', which look like ours: in a table of ours, by a rule beside ours
at gw ip route add 10.77.0.0/16 via 203.0.113.2 table 21000
at gw ip rule add to 10.77.0.0/16 lookup 21000 priority 210
qosd_start gw

step "by the first element; a customer's marked packets by another"
wait_for 10 reaches 10.2.0.9 10.1.0.1 e1
wait_for 10 reaches 2001:db8:c::9 2001:db8:9::1 e1
reaches 10.2.0.10 10.1.0.1 e3
expect "rules" '[[210,"21001","0x10"],[211,"21000",""]]' "$(rules)"

step "one that goes down hands over to the next, and has them again"
at e1 sysctl -qw net.ipv4.icmp_echo_ignore_all=1
wait_for 10 json_is '.steering.elements[0].state == "down"' qos gw -j daemon status
wait_for 10 reaches 10.2.0.9 10.1.0.1 e2
reaches 2001:db8:c::9 2001:db8:9::1 e2
at e1 sysctl -qw net.ipv4.icmp_echo_ignore_all=0
wait_for 20 reaches 10.2.0.9 10.1.0.1 e1

step "while none is up they are unreachable, and nothing goes into the world"
at e1 sysctl -qw net.ipv4.icmp_echo_ignore_all=1
at e2 sysctl -qw net.ipv4.icmp_echo_ignore_all=1
wait_for 20 unreachable 10.2.0.9 10.1.0.1
unreachable 2001:db8:c::9 2001:db8:9::1
reaches 10.2.0.10 10.1.0.1 e3
at e1 sysctl -qw net.ipv4.icmp_echo_ignore_all=0
at e2 sysctl -qw net.ipv4.icmp_echo_ignore_all=0
wait_for 100 reaches 10.2.0.9 10.1.0.1 e1

step "a device that goes takes its route, and leaves what is unreachable"
qosd_stop gw
ip -n gw link set to_e1 down
unreachable 10.2.0.9 10.1.0.1
unreachable 2001:db8:c::9 2001:db8:9::1
ip -n gw link set to_e1 up
addr gw to_e1 2001:db8:1::1/64
unreachable 10.2.0.9 10.1.0.1
qosd_start gw
wait_for 10 reaches 10.2.0.9 10.1.0.1 e1
wait_for 10 reaches 2001:db8:c::9 2001:db8:9::1 e1

step "what somebody takes away is put back"
at gw ip route flush table 21001
at gw ip rule del priority 211
wait_for 10 reaches 10.2.0.9 10.1.0.1 e1
wait_for 10 reaches 10.2.0.10 10.1.0.1 e3

step "a nexthop object that goes takes its route, and what comes in its place has one again"
at gw ip nexthop add id 44 via 10.0.2.2 dev to_e2
conf <<END
element e4 { id = 4 nexthop = 44 check = none }
behind a { networks = 10.1.0.0/16 elements = e4 }
END
qos gw daemon reload
wait_for 10 reaches 10.2.0.9 10.1.0.1 e2
at gw ip nexthop del id 44
unreachable 10.2.0.9 10.1.0.1
at gw ip nexthop add id 44 via 10.0.1.2 dev to_e1
wait_for 10 reaches 10.2.0.9 10.1.0.1 e1

step "a reload changes what changed; what is gone goes, and others' stay"
conf <<END
behind b { networks = 10.1.0.0/16 elements = e2 mark = 0x10/0xf0 }
routes { priority = 100 }
END
qos gw daemon reload
expect "rules" '[[100,"21001","0x10"]]' "$(rules)"
wait_for 10 reaches 10.2.0.10 10.1.0.1 e2
expect "others' route" "10.77.0.0/16" \
	"$(at gw ip -j route show table 21000 | jq -r 'map(.dst) | join(" ")')"
conf <<<""
qos gw daemon reload
expect "rules" "[]" "$(rules)"
expect "routes" "" "$(at gw ip route show table all proto 217; at gw ip -6 route show table all proto 217)"
expect_json 'map(select(.priority == 210)) | length == 1' at gw ip -j rule show
at gw ip route show table 21000 | wc -l | { read -r n; expect "others' routes" 1 "$n"; }
