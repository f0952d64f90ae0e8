# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Four elements, each of which the router in front reaches by another way. Needs elements.sh,
# whose connections and questions are used, with ELEMENTS=4.
#
#   peer-1 … -4, -9   203.0.113.(8 N + 2)   .-----.         .--------.
#   peer-7, peer-8    2001:db8:N::2     ----+ isp |    .----+ e9     |  a gateway of its own,
#                                           |     |    |    '--------'  which has the VPN's
#   peer-5, peer-6   10.1.0.N               |     |    |                address, too
#   twin             fd01::a   --- nat -----+     |    | p2
#                                           '--+--' .--+--------------------------.
#                                   192.0.2.1  '----+ bridge out  192.0.2.254     |
#                                                p1 | front                       |
#                                                   '-+------+--------+--------+--'
#                                                  in |   v2 |     t3 |     w4 |
#                                                     |    (in    IP in IP  WireGuard
#                                                     |  VRF red)     |        |
#                                                     |      |        '- core -'
#                                                    e1     e2         e3   e4
#                                          10.0.1.1, 10.0.2.2, 10.0.3.3, 10.0.4.4
#
# In front of the servers all are on one segment, as in elements.sh: 10.3.0.0/24, and
# 10.3.1.0/24 and 10.3.2.0/24 behind srv. What elements send takes the same way back.

ELEMENTS=4

# shellcheck disable=SC2034 # for scenarios
declare -A way_of=([e1]="a link" [e2]="in a VRF" [e3]="IP in IP" [e4]=WireGuard)
declare -A dev_of=([e1]=seg [e2]=seg [e3]=t3 [e4]=w4)	# by which packets come to it
# whose SAs are with whom
declare -A at_of=([peer-1]=e1 [peer-2]=e2 [peer-3]=e3 [peer-4]=e4
	[peer-5]=e3 [peer-6]=e4 [peer-7]=e2 [peer-8]=e4)

# _ways_peer NAME: its link
_ways_peer()
{
	local n=${1#peer-}

	case $1 in
	peer-5 | peer-6 | twin)
		[ "$1" != twin ] || n=10
		_cable "$1" eth0 nat "$1" in
		_ip "$1" "addr add 10.1.0.$((10 + n))/24 dev eth0" \
			"addr add fd01::$n/64 dev eth0" \
			"route add default via 10.1.0.1" "route add ::/0 via fd01::1"
		return
		;;
	nat)
		n=0
		;;
	esac
	link "isp:$1" "$1:eth0"
	_ip isp "addr add 203.0.113.$((8 * n + 1))/29 dev $1" \
		"addr add 2001:db8:$n::1/64 dev $1"
	_ip "$1" "addr add 203.0.113.$((8 * n + 2))/29 dev eth0" \
		"addr add 2001:db8:$n::2/64 dev eth0" \
		"route add default via 203.0.113.$((8 * n + 1))" \
		"route add ::/0 via 2001:db8:$n::1"
}

# _ways_outside: isp, and front's bridge
_ways_outside()
{
	link isp:front front:p1
	_ip front "link add name out type bridge mcast_snooping 0" "link set out up" \
		"link set p1 master out" \
		"addr add 192.0.2.254/24 dev out" "addr add 2001:db8:ffff::fe/64 dev out" \
		"route add default via 192.0.2.1" "route add ::/0 via 2001:db8:ffff::1"
	_ip isp "addr add 192.0.2.1/24 dev front" "addr add 2001:db8:ffff::1/64 dev front" \
		"route add $VPN via 192.0.2.254" "route add $VPN6 via 2001:db8:ffff::fe"
}

# _ways_core: what tunnels go over, and the tunnels
_ways_core()
{
	link front:core core:front
	link core:e3 e3:seg
	link core:e4 e4:seg
	_ip core "addr add 10.7.0.1/24 dev front" "addr add 10.7.3.1/24 dev e3" \
		"addr add 10.7.4.1/24 dev e4"
	_ip front "addr add 10.7.0.254/24 dev core" "route add 10.7.0.0/16 via 10.7.0.1" \
		"link add t3 type ipip local 10.7.0.254 remote 10.7.3.3" \
		"link set t3 up" "addr add 10.0.3.254/24 dev t3"
	_ip e3 "addr add 10.7.3.3/24 dev seg" "route add 10.7.0.0/16 via 10.7.3.1" \
		"link add t3 type ipip local 10.7.3.3 remote 10.7.0.254" \
		"link set t3 up" "addr add 10.0.3.3/24 dev t3" "route add default dev t3"
	_ip front "link add w4 type wireguard" "link set w4 up" \
		"addr add 10.0.4.254/24 dev w4" "addr add fd00:4::fe/64 dev w4"
	_ip e4 "addr add 10.7.4.4/24 dev seg" "route add 10.7.0.0/16 via 10.7.4.1" \
		"link add w4 type wireguard" "link set w4 up" \
		"addr add 10.0.4.4/24 dev w4" "addr add fd00:4::4/64 dev w4" \
		"route add default dev w4" "route add ::/0 dev w4"
}

# _ways_wireguard: front's peer has the VPN's addresses, as they come from there, too
_ways_wireguard()
{
	local name

	modprobe wireguard
	for name in front e4; do
		(umask 077 && wg genkey > "$W/$name/wg.key")
		at $name wg set w4 private-key "$W/$name/wg.key" listen-port 51820
	done
	at front wg set w4 peer "$(wg pubkey < "$W/e4/wg.key")" endpoint 10.7.4.4:51820 \
		allowed-ips "$VPN/32,$VPN6/128,10.0.4.4/32,fd00:4::4/128"
	at e4 wg set w4 peer "$(wg pubkey < "$W/front/wg.key")" endpoint 10.7.0.254:51820 \
		allowed-ips 0.0.0.0/0,::/0
}

# _ways_links: to e1, and to e2 in the VRF, which knows the way to isp as well
_ways_links()
{
	local i

	link front:in e1:seg
	link front:v2 e2:seg
	_ip front "link add red type vrf table 100" "link set red up" \
		"link set v2 master red" \
		"route add default via 192.0.2.1 dev out table 100" \
		"route add ::/0 via 2001:db8:ffff::1 dev out table 100"
	for i in 1 2; do
		_ip front "addr add 10.0.$i.254/24 dev $([ $i = 1 ] && echo in || echo v2)" \
			"addr add fd00:$i::fe/64 dev $([ $i = 1 ] && echo in || echo v2)"
		_ip "e$i" "addr add 10.0.$i.$i/24 dev seg" "addr add fd00:$i::$i/64 dev seg" \
			"route add default via 10.0.$i.254" "route add ::/0 via fd00:$i::fe"
	done
}

# _ways_servers
_ways_servers()
{
	local i

	_ip srv "link add name lan type bridge" "link set lan up" \
		"addr add $SERVER/24 dev lan" "addr add 10.3.1.80/32 dev lo" \
		"addr add 10.3.2.80/32 dev lo"
	for ((i = 1; i <= ELEMENTS; i++)); do
		_cable "e$i" srv srv "e$i" lan
		_ip "e$i" "addr add 10.3.0.$i/24 dev srv" "route add 10.3.1.0/24 via $SERVER" \
			"route add 10.3.2.0/24 via $SERVER" "addr add $VPN/32 dev lo" \
			"addr add $VPN6/128 dev lo"
		_ip srv "route add 10.9.$i.0/24 via 10.3.0.$i"
	done
}

# _ways_other: e9, whose packets front's bridge hands on
_ways_other()
{
	host e9
	link front:p2 e9:eth0
	_ip front "link set p2 master out"
	_ip e9 "addr add 192.0.2.253/24 dev eth0" "addr add $VPN/32 dev lo" \
		"addr add $SERVER/32 dev lo" "route add default via 192.0.2.1"
	_ip isp "rule add from 203.0.113.74 lookup 9" "route add $VPN via 192.0.2.253 table 9"
}

# ways_topology PEER…: these peers, twin, or peer-9, which has e9
ways_topology()
{
	local name

	# shellcheck disable=SC2046 # names
	host isp nat core front srv $(elements) "$@"
	_ip nat "link add name in type bridge" "link set in up" \
		"addr add 10.1.0.1/24 dev in" "addr add fd01::1/64 dev in"
	for name in nat "$@"; do
		_ways_peer "$name"
	done
	_ways_outside
	_ways_links
	_ways_core
	_ways_servers
	[[ " $* " != *" peer-9 "* ]] || _ways_other
	_made
	_ways_wireguard
	# shellcheck disable=SC2046 # names
	forward isp nat core front $(elements)
	at nat nft -f - <<-END
	table inet nat {
		chain out {
			type nat hook postrouting priority srcnat
			oifname "eth0" masquerade
		}
	}
	END
	load_algorithms
}

# ways_pool: the elements, a pool of them, and what comes to the VPN's addresses goes there
ways_pool()
{
	qos front element add e1 id 1 dev in via 10.0.1.1 via6 fd00:1::1
	qos front element add e2 id 2 dev v2 via 10.0.2.2 via6 fd00:2::2
	qos front element add e3 id 3 dev t3
	qos front element add e4 id 4 dev w4
	qos front pool add vpn id 1 member e1 member e2 member e3 member e4
	elements_spis
	elements_steer
}

# ways_up CHILD PEER…: the CHILD SAs of each come up where it is said to be: IKE begins
# there, and goes on by the SPIs that the element has chosen
ways_up()
{
	local e vpn name
	local -a its

	for e in $(elements); do
		its=()
		for name in "${@:2}"; do
			[ "${at_of[$name]}" != "$e" ] || its+=("$name")
		done
		[ ${#its[@]} != 0 ] || continue
		for vpn in $VPN $VPN6; do
			qos front steer change "$vpn" ike element "$e"
		done
		CHILD=$1 peers_up "${its[@]}"
	done
	for vpn in $VPN $VPN6; do
		qos front steer change "$vpn" ike pool
	done
}

# counts_keep: for counts_since
counts_keep()
{
	qos front -j element show > "$W/counts.json"
}

# counts_since: what elements counted since, such as "e1.sent+5 e2.too_big+1"
counts_since()
{
	qos front -j element show | jq -r --slurpfile kept "$W/counts.json" '
		[ .[] | .name as $name | .counters | to_entries[] | .key as $key |
		  (.value.packets - ($kept[0][] | select(.name == $name) |
			.counters[$key].packets)) as $more |
		  select($more != 0) | "\($name).\($key)+\($more)" ] | sort | join(" ")'
}

# came_by ELEMENT: packets that have come by its device
came_by()
{
	ip -n "$1" -j -s link show "${dev_of[$1]}" | jq '.[0].stats64.rx.packets'
}

# through PEER ELEMENT PACKETS ADDRESS [PING_OPTION…]: five pings are answered, each is so
# many packets to that element, by its device, and none to another; ELEMENT -: to nobody
through()
{
	local n=5 by=0 expected=''

	if [ "$2" != - ]; then
		expected="$2.sent+$((n * $3))"
		by=$(came_by "$2")
	fi
	counts_keep
	at "$1" ping -n -q -c $n -i 0.1 -W 10 "${@:5}" "$4" > "$W/$1/ping.log" ||
		fail "$1 to $4: $(tail -n 2 "$W/$1/ping.log")"
	grep -q ' 0% packet loss' "$W/$1/ping.log" ||
		fail "$1 to $4: $(tail -n 2 "$W/$1/ping.log")"
	expect "what elements counted of $1" "$expected" "$(counts_since)"
	[ "$2" = - ] || (($(came_by "$2") - by >= n * $3)) ||
		fail "$2: not by its device ${dev_of[$2]}"
}
