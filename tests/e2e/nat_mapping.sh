#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The mapping that masquerade has for IKE, beside plain ESP that always flows, so that
# DPD has no reason to ask: it outlives its time-out many times, and where it is lost,
# and comes back with another port or another address, gw asks there. It is gw that
# rekeys. node-1 is without MOBIKE, node-2 with it, the others speak IKEv1. The topology
# is drawn in tests/lib/nodes.sh.
#
# vm: -m 1536 -t 900
# charons: what charon does with a peer that has moved
# once: it is charon's doing, whatever the kernel is
# ci-once: spi_derive has its SPIs there, nat_forward its packets
NODES=4
. tests/lib/lib.sh
. tests/lib/nodes.sh

MAPPED=$((9 * ${SLOW:-1}))	# seconds
OTHER=192.0.2.7

# mapping N: the port that node N's port 500 has outside, nothing where there is none
mapping()
{
	at nat sed -nE "s/.* udp .* src=10\.0\.1\.$((10 + $1)) .* dport=500 .* dport=([0-9]+) .*/\1/p" \
		/proc/net/nf_conntrack
}

# mappings: of all nodes
mappings()
{
	local i

	for ((i = 1; i <= NODES; i++)); do
		mapping "$i"
	done | xargs
}

# unmapped: nobody has one
unmapped()
{
	[ -z "$(mappings)" ]
}

# esp: packets that node-1 has sent
esp()
{
	at nat nft -j list counter ip watch sent | jq '.nftables[] | .counter? // empty | .packets'
}

# flowed NUMBER: that many more than $before
flowed()
{
	(($(esp) - before >= $1))
}

# ike_is N: of node N gw has one IKE SA, with $port and $spi
ike_is()
{
	read -r port spi < <(swan gw --list-sas --ike "node-$1" --raw | sed -nE \
	     's/.* state=ESTABLISHED .* remote-port=([0-9]+) .* initiator-spi=([0-9a-f]+) .*/\1 \2/p')
}

# child_is N: of node N gw has one CHILD SA, with $id and $child, its SPI
child_is()
{
	local found

	found=$(swan gw --list-sas --ike "node-$1" --raw | grep -o "net-$1-[0-9]* {[^{}]*" |
		sed -nE 's/.* uniqueid=([0-9]+) .* state=INSTALLED .* spi-in=([0-9a-f]+) .*/\1 \2/p')
	[ "$(wc -w <<<"$found")" = 2 ] && read -r id child <<<"$found"
}

# child_renewed N: and it is not what it was
child_renewed()
{
	child_is "$1" && [ "$child" != "${children[$1]}" ]
}

# ike_renewed N
ike_renewed()
{
	ike_is "$1" && [ "$spi" != "${ikes[$1]}" ]
}

# followed N: gw asks where node N is now
followed()
{
	ike_is "$1" && [ "$port" = "$(mapping "$1")" ]
}

# note N: what is there of node N
declare -A children ikes
note()
{
	ike_is "$1"
	child_is "$1"
	ikes[$1]=$spi children[$1]=$child
}

# rekey_children: gw does, and it succeeds
rekeyed=0
rekey_children()
{
	local i

	for ((i = 1; i <= NODES; i++)); do
		note $i
		swan gw --rekey --child-id "$id" >/dev/null
	done
	for ((i = 1; i <= NODES; i++)); do
		wait_for 60 child_renewed $i
		rekeyed=$((rekeyed + 1))
	done
}

# since N: when each of gw's SAs with node N was made
since()
{
	local spis

	spis=$(swan gw --list-sas --ike "node-$1" --raw | grep -oE 'spi-(in|out)=[0-9a-f]+' |
		cut -d = -f 2 | paste -sd '|')
	ip -n gw -s xfrm state | awk '$2 == "esp" { spi = $4 } $1 == "add" { print spi, $2, $3 }' |
		grep -E "^0x0*($spis)" | sort
}

step "four nodes, and traffic both ways"
nodes_topology
nodes_conf
sed -i 's/mobike = no/mobike = yes/' "$W"/{node-2/swanctl/conf.d/gw,gw/swanctl/conf.d/node-2}.conf
for name in $(nodes); do
	sed -i 's/keyingtries = 0/&\n\t\tdpd_delay = 2s/' "$W/$name/swanctl/conf.d/gw.conf"
	echo "keep_alive = $((MAPPED / 3))" >>"$W/$name/plugin.conf"
done
at nat sysctl -qw net.netfilter.nf_conntrack_udp_timeout=$MAPPED \
	net.netfilter.nf_conntrack_udp_timeout_stream=$MAPPED
at nat nft -f - <<END
flush chain ip nat out
table ip nat {
	chain out {
		ip saddr 10.0.1.0/24 oifname "out" masquerade fully-random
	}
}
table ip watch {
	counter sent { }
	counter mapped { }
	chain in {
		type filter hook forward priority 0
		ip saddr 10.0.1.11 ip protocol 50 counter name sent
		udp dport 500 ct state new counter name mapped
	}
	chain early {
		type filter hook prerouting priority -400
	}
}
END
nodes_start
module_load
qos nat nat rule add id 1 inside-dev in outside-dev out
nodes_up
nodes_ping out+in
before=$(mappings)
echo "           ports $before"

step "for five times as long as a mapping lasts"
mapped=$before
before=$(esp)
# 8 a second: its own pings, and its answers to gw's
wait_for $((MAPPED * 20)) flowed $((MAPPED * 5 * 8))
expect "ports" "$mapped" "$(mappings)"
expect "mappings made" "$NODES" \
	"$(at nat nft -j list counter ip watch mapped | jq '.nftables[] | .counter? // empty | .packets')"

step "what node-1 sent is sent again, from another port: nobody follows that"
STRANGER=64999
note 1
capture_start nat out again "udp src port $(mapping 1) and dst port 500"
# read while it grows
sent_something()
{
	[ "$(captured again)" -gt 0 ]
}
wait_for $((MAPPED * 2)) sent_something
capture_stop again
at isp python3 - "$W/again.pcap" $STRANGER <<END
import socket, struct, sys
with open(sys.argv[1], "rb") as capture:
    frame = capture.read()[24 + 16:]
ip = frame[14:14 + struct.unpack_from("!H", frame, 16)[0]]
# without a checksum, which is of the port too
ip = ip[:20] + struct.pack("!H", int(sys.argv[2])) + ip[22:26] + bytes(2) + ip[28:]
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
    raw.sendto(ip, (socket.inet_ntoa(ip[16:20]), 0))
END
wait_for 20 grep -q "from $GLOBAL\\[$STRANGER\\]" "$W/gw/charon.log"
wait_for 20 ike_is 1
expect "port of node-1" "$(mapping 1)" "$port"

step "gw rekeys"
rekey_children
for i in 1 2; do
	note $i
	swan gw --rekey --ike node-$i >/dev/null
done
for i in 1 2; do
	wait_for 30 ike_renewed $i
done

step "IKE is cut off until all mappings are lost; gw rekeys meanwhile"
at nat nft -f - <<END
add rule ip watch early udp dport 500 drop
add rule ip watch early udp sport 500 drop
END
wait_for $((MAPPED * 4)) unmapped
for i in 1 2; do
	note $i
done
sas=$(since 1; since 2)
swan gw --rekey --ike node-1 >/dev/null
at nat nft flush chain ip watch early

step "they come back with other ports, and gw follows"
for ((i = 1; i <= NODES; i++)); do
	wait_for 60 followed $i
done
echo "           ports $(mappings)"
not [ "$mapped" = "$(mappings)" ]
wait_for 60 ike_renewed 1
[ "$(wc -l <<<"$sas")" = 4 ] || fail "SAs: $sas"
expect "SAs with nodes that speak IKEv2, and since when" "$sas" "$(since 1; since 2)"
rekey_children

step "nothing was lost but what gw sent before a node did, on its new SAs"
wait_for 60 nodes_answered_since "$(nodes_answers)" 4
nodes_pinged INT
echo "           $lost of $sent packets lost in $rekeyed rekeys"
((sent > 1000 && lost <= 4 * rekeyed)) || fail "$lost of $sent lost"
nodes_lose_nothing out+in

step "the router gets another address"
at nat sysctl -qw net.ipv4.conf.all.promote_secondaries=1
addr nat out $OTHER/24
ip -n nat addr del $GLOBAL/24 dev out
# moved: gw's SAs went there, but for those of node-2, which would have to say so
moved()
{
	[ "$(ip -n gw xfrm state list dst $OTHER | grep -c '^src')" = $((NODES - 1)) ]
}
wait_for 60 moved
for i in 1 3 4; do
	wait_for 20 followed $i
	at "node-$i" ping -q -c 4 -i 0.25 -I "10.1.$i.1" "${inner[gw]}" >/dev/null ||
		fail "node-$i gets no answers"
	at gw ping -q -c 4 -i 0.25 -I "${inner[gw]}" "10.1.$i.1" >/dev/null ||
		fail "gw gets no answers of node-$i"
done
