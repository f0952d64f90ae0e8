# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Services' chains: an engine, devices that know nothing of it, and tables of what has to be
# seen on its wires (hops.py says how one is read). Needs lib.sh.
#
#   .-------------------.    .----------.    .-----------------------.
#   | client            +----+ router   +----+ engine                |
#   | U1 203.0.113.2    | .1 |          | .1 | i0 192.0.2.254        |
#   | 2001:db8:3::2     |    |          |    | services: 198.51.100.0/24, 2001:db8:100::/64
#   '-------------------'    '----------'    '--+-----+-----+--------'
#                                            i1 |  i2 |  iN |  10.N.0.254, fd00:N::fe
#                                   a segment each, a bridge of the host switch: what is
#                                   plugged in there sees the engine alone
#
# A device is a host; plug has it on a segment. Service addresses are W1, W2, …: on the engine
# they lead to a dummy, which is where what no chain takes ends.

declare -A name4 name6 macs _ids

# chain_world: client, router, engine, switch
chain_world()
{
	host client router engine switch
	link client:eth0 router:c
	link router:e engine:i0
	addr client eth0 203.0.113.2/24 2001:db8:3::2/64
	addr router c 203.0.113.1/24 2001:db8:3::1/64
	addr router e 192.0.2.1/24 2001:db8:2::1/64
	addr engine i0 192.0.2.254/24 2001:db8:2::fe/64
	route client default via 203.0.113.1
	route client ::/0 via 2001:db8:3::1
	route router 198.51.100.0/24 via 192.0.2.254
	route router 2001:db8:100::/64 via 2001:db8:2::fe
	route router 10.0.0.0/8 via 192.0.2.254
	route router fd00::/16 via 2001:db8:2::fe
	route engine default via 192.0.2.1
	route engine ::/0 via 2001:db8:2::1
	services_end engine
	forward router engine
	hops_start
	hops_name U1 203.0.113.2 2001:db8:3::2
	hops_mac ROUTER router e
}

# services_end ENGINE: what no chain takes of the services' addresses ends there
services_end()
{
	ip -n "$1" link add services type dummy
	ip -n "$1" link set services up
	route "$1" 198.51.100.0/24 dev services
	route "$1" 2001:db8:100::/64 dev services
}

# client_more NAME HOST N: another client, 203.0.113.N, with a link of its own to the router
client_more()
{
	host "$2"
	link "$2:eth0" "router:$2"
	addr "$2" eth0 "203.0.113.$3/32" "2001:db8:3::$3/128"
	route "$2" default dev eth0
	route router "203.0.113.$3/32" dev "$2"
	route router "2001:db8:3::$3/128" dev "$2"
	at router sysctl -qw "net.ipv4.conf.$2.proxy_arp=1" "net.ipv4.neigh.$2.proxy_delay=0"
	# proxy_ndp answers for addresses alone that it is told one by one
	addr router "$2" fe80::1/64
	route "$2" ::/0 via fe80::1 dev eth0
	hops_name "$1" "203.0.113.$3" "2001:db8:3::$3"
}

# segment N…: iN of the engine, and what it is plugged into
segment()
{
	local n

	for n; do
		ip -n switch link add "i$n" type bridge mcast_snooping 0
		ip -n switch link set "i$n" up
		link "engine:i$n" "switch:engine-$n"
		ip -n switch link set "engine-$n" master "i$n"
		addr engine "i$n" "10.$n.0.254/24" "fd00:$n::fe/64"
	done
}

# plug HOST DEVICE N X [NAME]: on segment N as 10.N.0.X and fd00:N::X, isolated from others
# there; NAME_M, or the host's name and _M in capital letters, is its MAC
plug()
{
	local name=${5:-${1^^}}

	link "$1:$2" "switch:$1-$2"
	ip -n switch link set "$1-$2" master "i$3"
	ip -n switch link set dev "$1-$2" type bridge_slave isolated on
	addr "$1" "$2" "10.$3.0.$4/24" "fd00:$3::$4/64"
	hops_mac "${name}_M" "$1" "$2"
	hops_name "$name" "10.$3.0.$4" "fd00:$3::$4"
}

# to_engine HOST N [WHAT…]: what it sends there it sends to the engine on segment N; all,
# unless said otherwise
to_engine()
{
	local what

	[ $# -gt 2 ] || set -- "$@" default ::/0
	for what in "${@:3}"; do
		case $what in
		*:*) route "$1" "$what" via "fd00:$2::fe" ;;
		*) route "$1" "$what" via "10.$2.0.254" ;;
		esac
	done
}

# firewall HOST OUTER INNER X: two-armed, on these segments as X; what an nft rule set lets
# through: what belongs to a connection that came in by the outer side
firewall()
{
	host "$1"
	plug "$1" fw0 "$2" "$4" "${1^^}0"
	plug "$1" fw1 "$3" "$4" "${1^^}1"
	to_engine "$1" "$2"
	to_engine "$1" "$3" 198.51.100.0/24 2001:db8:100::/64
	forward "$1"
	at "$1" nft -f - <<-END
	table inet firewall {
		counter refused { }
		chain forward {
			type filter hook forward priority filter; policy drop;
			ct state established,related accept
			ct state new iifname "fw0" tcp flags & (syn | ack) == syn accept
			ct state new iifname "fw0" meta l4proto { udp, icmp, ipv6-icmp, esp } accept
			counter name refused
		}
	}
	END
	hops_host "$1"
}

# tap HOST N X: an IDS, which sees copies and sends nothing
tap()
{
	host "$1"
	plug "$1" eth0 "$2" "$3"
	to_engine "$1" "$2"
	hops_host "$1"
}

# server HOST N X [MODE ADDRESS…]: it answers from service addresses that it has on lo
# (loopback) or on its interface (alias), or from its own (nat)
server()
{
	host "$1"
	plug "$1" eth0 "$2" "$3"
	to_engine "$1" "$2"
	at "$1" sysctl -qw net.ipv4.conf.eth0.arp_ignore=1 net.ipv4.conf.eth0.arp_announce=2
	serves "$1" "${4:-nat}" "${@:5}"
	hops_host "$1"
}

# serves HOST MODE [ADDRESS…]: from now on it has these so
serves()
{
	local address dev=lo

	[ "$2" != alias ] || dev=eth0
	for address in lo eth0; do
		ip -n "$1" addr flush dev $address to 198.51.100.0/24
		ip -n "$1" -6 addr flush dev $address to 2001:db8:100::/64
	done
	for address in "${@:3}"; do
		addr "$1" "$dev" "${name4[$address]}/32" "${name6[$address]}/128"
	done
}

# tunnel HOST OUTER NET SPI: between HOST, which has OUTER outside, and the engine, for a
# network of HOST's; SPI is of what goes to the engine, SPI + 1 of what comes back
tunnel()
{
	local own=192.0.2.254 net=$3 name
	local -a aead=(aead "rfc4106(gcm(aes))" "0x$(printf '%040x' "$4")" 128)

	for name in "$1" engine; do
		ip -n "$name" xfrm state add src "$2" dst $own proto esp spi "$4" \
			reqid "$(($4))" mode tunnel "${aead[@]}"
		ip -n "$name" xfrm state add src $own dst "$2" proto esp spi $(($4 + 1)) \
			reqid "$(($4))" mode tunnel "${aead[@]}"
	done
	_policy "$1" out "$net" 0.0.0.0/0 "$2" $own "$4"
	_policy "$1" in 0.0.0.0/0 "$net" $own "$2" "$4"
	_policy engine fwd "$net" 0.0.0.0/0 "$2" $own "$4"
	_policy engine out 0.0.0.0/0 "$net" $own "$2" "$4"
	addr "$1" lo "${net%0/24}1/32"
}

# _policy HOST DIRECTION FROM TO TUNNEL_FROM TUNNEL_TO REQID
_policy()
{
	ip -n "$1" xfrm policy add src "$3" dst "$4" dir "$2" \
		tmpl src "$5" dst "$6" proto esp reqid "$(($7))" mode tunnel
}

# service_address W… : W1 is 198.51.100.1, and so on
service_address()
{
	local name

	for name; do
		hops_name "$name" "198.51.100.${name//[!0-9]/}" "2001:db8:100::${name//[!0-9]/}"
	done
}

# address_of NAME: of $family
address_of()
{
	case $family in
	4) echo "${name4[$1]}" ;;
	6) echo "${name6[$1]}" ;;
	esac
}

# mac_of HOST DEVICE
mac_of()
{
	ip -n "$1" -o link show dev "$2" | sed -E 's|.*link/ether ([0-9a-f:]+).*|\1|'
}

# named WORD…: @NAME is its address of $family, %NAME its MAC; into $named
named()
{
	local word

	named=()
	for word; do
		case $word in
		@*) named+=("$(address_of "${word#@}")") ;;
		%*) named+=("${macs[${word#%}]}") ;;
		*) named+=("$word") ;;
		esac
	done
}

# device NAME WORD…: it is added, as ipsec-qos device add has it, with the next id
device()
{
	named "${@:2}"
	_ids[device]=$((${_ids[device]:-0} + 1))
	qos engine device add "$1" id "${_ids[device]}" "${named[@]}"
}

# chain NAME DEVICE…
chain()
{
	_ids[chain]=$((${_ids[chain]:-0} + 1))
	# shellcheck disable=SC2046 # words
	qos engine chain add "$1" id "${_ids[chain]}" $(printf 'through %s ' "${@:2}")
}

# service NAME WORD…: of both families, NAME-4 and NAME-6; with FAMILIES=4 of one
service()
{
	local family

	for family in ${FAMILIES:-4 6}; do
		named "${@:2}"
		_ids[service]=$((${_ids[service]:-0} + 1))
		qos engine service add "$1-$family" id "${_ids[service]}" "${named[@]}"
	done
}

# service_del NAME…
service_del()
{
	local name family

	for name; do
		for family in ${FAMILIES:-4 6}; do
			qos engine service del "$name-$family"
		done
	done
}

# device_count DEVICE COUNTER: packets
device_count()
{
	qos engine -j device show | jq --arg name "$1" --arg counter "$2" \
		'map(select(.name == $name))[0].counters[$counter].packets'
}

# service_count SERVICE COUNTER: packets that were dropped
service_count()
{
	qos engine -j service show | jq --arg name "$1" --arg counter "$2" \
		'map(select(.name == $name))[0].counters[$counter].packets'
}

# listens HOST LISTEN…: a server that tells what it sees (talk.py)
listens()
{
	: > "$W/$1/talk.log"
	exec_at "$1" tests/lib/talk.py "$@" >>"$W/$1/talk.log" 2>&1 </dev/null &
	disown $!
	wait_for 30 grep -q ready "$W/$1/talk.log"
}

# talk HOST PROTOCOL ADDRESS PORT WORD…: what is answered to that, within a while
talk()
{
	# shellcheck disable=SC2016 # for the inner shell
	at "$1" timeout $((20 * ${SLOW:-1})) bash -c '
		exec 3<>"/dev/$1/$2/$3"
		printf "%s\n" "${*:4}" >&3
		if [ $1 = udp ]; then
			# one that waits for a neighbour may be lost
			timeout 10 head -n 1 <&3 || true
		else
			read -r answer <&3
			echo "$answer"
		fi' talk "${@:2}" 2>&1
}

# talks WANTED HOST PROTOCOL ADDRESS PORT WORD…: the answer is of that pattern of bash
talks()
{
	local said

	said=$(talk "${@:2}") || fail "${*:2}: no answer: $said"
	# shellcheck disable=SC2053 # a pattern
	[[ $said = $1 ]] || fail "${*:2}: expected '$1', got '$said'"
}

# talks_not HOST PROTOCOL ADDRESS PORT: no connection comes about within two seconds
talks_not()
{
	# shellcheck disable=SC2016 # for the inner shell
	not at "$1" timeout $((2 * ${SLOW:-1})) bash -c ': <>"/dev/$0/$1/$2"' "${@:2}" \
		2>/dev/null || fail "$1 has a connection to ${*:3}"
}

# forge HOST DEVICE ETHER_SOURCE INTERFACE PROTOCOL SRC SPORT DST DPORT [FLAGS]: one frame from
# that link address to the engine's interface (forge.py)
forge()
{
	at "$1" tests/lib/forge.py frame "$2" "$(mac_of engine "$4")" "$3" "${@:5}"
}

# hops_start: tests/lib/hops.py, which looks at the engine
hops_start()
{
	coproc HOPS { exec tests/lib/hops.py; }
	hops=("${HOPS[@]}")
}

# _hops LINE…: tell it; fails where it says no
_hops()
{
	local line
	local -a said=()

	printf '%s\n' "$@" >&"${hops[1]}"
	while read -rt 300 line <&"${hops[0]}"; do
		case $line in
		ok)
			[ ${#said[@]} = 0 ] || printf '%s\n' "${said[@]}"
			return
			;;
		no)
			printf '%s\n' "${said[@]}" >&9
			return 1
			;;
		esac
		said+=("$line")
	done
	fail "tests/lib/hops.py ended, or says nothing"
}

# hops_host HOST…, hops_engine HOST…: look at what gets there, too, as its interfaces are now
hops_host()
{
	local name

	for name; do
		_hops "host $name"
	done
}

hops_engine()
{
	local name

	for name; do
		_hops "engine $name"
	done
}

# hops_name NAME VALUE [IPV6_VALUE]: what tables call it
hops_name()
{
	name4[$1]=$2
	name6[$1]=${3:-$2}
	_hops "name $1 $2"
}

# hops_mac NAME HOST DEVICE
hops_mac()
{
	macs[$1]=$(mac_of "$2" "$3")
	_hops "name $1 ${macs[$1]}"
}

# families FAMILY: from now on names stand for its addresses
families()
{
	local name

	family=$1
	for name in "${!name4[@]}"; do
		if [ "$family" = 4 ]; then
			_hops "name $name ${name4[$name]}"
		else
			_hops "name $name ${name6[$name]}"
		fi
	done
}
family=4

# hops_begin: what counts is what comes from now on
hops_begin()
{
	_hops begin
}

# hops_match < TABLE: what was on the wires since is what the table says
hops_match()
{
	local rows

	rows=$(cat)
	_hops "table 20" "$rows" end
}

# hops_are TITLE < TABLE: likewise, or fail
hops_are()
{
	hops_match || fail "$1: not as the table has it"
}

# hops_seen: it, in words
hops_seen()
{
	_hops seen
}

# hops_passes: likewise, a line for all packets that went the same way
hops_passes()
{
	_hops passes
}
