#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Path MTU discovery past the router in front, which no end knows of: 1,400 bytes on the way
# to an element, with IP in IP in between, and WireGuard's 1,420; and 1,300 bytes on the way
# to peers. Large transfers in tunnels complete either way, with no ESP in fragments. The
# errors that the router sends arrive; those about what elements send come to the one that
# an entry names, and otherwise to all of the pool, also where just eight bytes are quoted,
# which of ESP in UDP do not tell the SA. The topology is drawn in tests/lib/ways.sh.
#
# vm: -m 1536 -t 900
# once: of path MTU no kernel thinks otherwise
PEERS=8 PEERS6=8
. tests/lib/lib.sh
. tests/lib/elements.sh
. tests/lib/ways.sh

BYTES=1000000

# transfers FROM ADDRESS TO ADDRESS: all bytes arrive, with no ESP in fragments at isp
transfers()
{
	local n

	capture_start isp front fragments -s 64 \
		'ip[6:2] & 0x3fff != 0 or (ip6 and ip6[6] == 44)'
	counts_keep
	tests/lib/transfer.py "$@" $BYTES
	capture_stop fragments
	n=$(captured fragments)
	echo "           $1 to $3: $(counts_since)"
	expect "fragments" 0 "$n"
}

# mtu PEER: to the VPN's address, as it has learnt
mtu()
{
	local vpn=$VPN

	! peer_is6 "$1" || vpn=$VPN6
	ip -n "$1" route get $vpn | sed -n 's/.* mtu \([0-9]*\).*/\1/p'
}

# up PEER MTU: what it sends
up()
{
	local e=${at_of[$1]}

	expect "$1: the MTU that it knows of" "" "$(mtu "$1")"
	transfers "$1" "10.9.${e#e}.${nth[$1]}" srv $SERVER
	expect "$1: the MTU that it knows of" "$2" "$(mtu "$1")"
	[[ " $(counts_since) " = *" $e.too_big+"* ]] || fail "$e counted nothing too big"
}

# down PEER ELEMENT…: what it is sent; each of these elements is told, and none of the others
down()
{
	local e=${at_of[$1]} told

	transfers srv $SERVER "$1" "10.9.${e#e}.${nth[$1]}"
	told=$(counts_since | tr ' ' '\n' | sed -n 's/\.icmp+.*//p' | xargs)
	expect "who was told of what was sent to $1" "${*:2}" "$told"
}

# entry PEER: the SA by which its element sends to it
entry()
{
	local e=${at_of[$1]} dst spi

	spi=$(ip -n "$1" xfrm state | awk -v vpn=$VPN '
		$1 == "src" { its = $2 == vpn }
		$1 == "proto" && its { print substr($4, 1, 10) }')
	dst=$(ip -n "$e" xfrm state | awk -v spi="$spi" '
		$1 == "src" { dst = $4 }
		$1 == "proto" && substr($4, 1, 10) == spi { print dst }')
	qos front sa add dst "$dst" spi "$spi" element "$e"
}

# who is how many by the addresses that an element gives
declare -A nth=([peer-1]=1 [peer-2]=1 [peer-3]=1 [peer-4]=1 [peer-5]=2 [peer-8]=2)
all=(peer-1 peer-2 peer-3 peer-4 peer-8 peer-5)
step "six peers, four elements"
ways_topology "${all[@]}"
module_load
ways_pool
for name in $(elements); do
	element_conf "$name"
	element_start "$name"
done
for name in "${all[@]}"; do
	peer_conf "$name"
	peer_start "$name"
	at "$name" sysctl -qw net.ipv4.tcp_mtu_probing=0
	ways_up net "$name"
	expect "$name's address inside" "10.9.${at_of[$name]#e}.${nth[$name]}" \
		"$(ip -n "$name" -j addr show | jq -r '.[].addr_info[].local |
			select(startswith("10.9."))')"
done
at srv sysctl -qw net.ipv4.tcp_mtu_probing=0

step "to elements: 1,400 bytes and IP in IP, plain and in UDP behind a translator"
ip -n core link set e3 mtu 1400
ip -n e3 link set seg mtu 1400
up peer-3 1380
up peer-5 1380
step "to elements: WireGuard, of both families"
up peer-4 1420
up peer-8 1420

step "to peers: 1,300 bytes, and no entry: all elements are told"
for name in peer-1 peer-2 peer-3 peer-4 peer-8 nat; do
	ip -n isp link set $name mtu 1300
done
down peer-1 e1 e2 e3 e4
down peer-8 e1 e2 e3 e4
step "by an entry: its element is told"
for name in peer-2 peer-3 peer-4; do
	entry "$name"
	down "$name" "${at_of[$name]}"
done
entry peer-5
down peer-5 e3

step "a quote of eight bytes of UDP: all are told"
ip -n e3 route flush cache
ip -n srv route flush cache
coproc at isp tests/lib/nfqueue.py 8
read -r _ <&"${COPROC[0]}"
at isp nft -f - <<-END
table ip short {
	chain out {
		type filter hook output priority 0
		icmp type destination-unreachable queue num 1
	}
}
END
capture_start front p1 quotes -s 128 'icmp[0] == 3 and icmp[1] == 4'
down peer-5 e1 e2 e3 e4
capture_stop quotes
n=$(captured quotes)
((n > 0)) || fail "there was no error"
expect "errors of eight bytes" "$n" "$(captured quotes 'ip[2:2] == 20 + 8 + 20 + 8')"
