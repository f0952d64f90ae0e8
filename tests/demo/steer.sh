#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What make demo-steer runs in the virtual machine. The topology is drawn in
# tests/lib/elements.sh.
PEER_DPD=2
. tests/lib/lib.sh
. tests/lib/elements.sh
. tests/demo/say.sh

# run WORD…: a command of ipsec-qos on front, shown
run()
{
	say "# ipsec-qos $*"
	qos front "$@" | sed 's/^/  /'
}

# seen PEER…: each gets answers; then look
seen()
{
	local name

	peers_ping "$@"
	for name; do
		wait_for 60 peer_answered "$name" 3
	done
	peers_pinged
	look
}

# elements_of PEER…: so many elements have decrypted something of these
elements_of()
{
	local name

	for name; do
		echo "${home[$name]}"
	done | sort -u | wc -l
}

# all_in ELEMENTS PEER…: each of these is decrypted by one element, one of those
all_in()
{
	local name

	for name in "${@:2}"; do
		[[ " $1 " = *" ${home[$name]} "* ]] || return
	done
}

# comes PEER: its address on the wire, and how its ESP goes
comes()
{
	local n=${1#peer-}

	if ((n <= BEHIND)); then
		echo "$NAT ESP-in-UDP"
	elif peer_is6 "$1"; then
		echo "2001:db8:2::$((10 + n)) ESP"
	else
		echo "192.0.2.$((10 + n)) ESP"
	fi
}

# who [PEER…]: a table of who decrypts whom, beside what $before says
who()
{
	local name address way

	printf '  %-8s  %-15s  %-10s  %-10s  %-10s  %-10s  %9s\n' peer address "comes as" \
		"$column" now SPI decrypted -------- --------------- ---------- ---------- \
		---------- ---------- ---------
	for name; do
		read -r address way < <(comes "$name")
		printf '  %-8s  %-15s  %-10s  %-10s  %-10s  %-10s  %9s\n' "$name" "$address" \
			"$way" "${before[$name]:--}" "${home[$name]}" "${spi_of[$name]}" \
			"${decrypted[$name]}"
	done
	echo
}

# remember: what is now is what was before
declare -A before
remember()
{
	local name

	column=$1
	for name in $(peers); do
		before[$name]=${home[$name]}
	done
}

# most [BUT]: who decrypts most peers, but for one
most()
{
	local e

	for e in $(without "${1:-}"); do
		echo "$(homed "$e" | wc -l) $e"
	done | sort -rn | sed -n '1s/.* //p'
}

# homed ELEMENT: the peers that it decrypts
homed()
{
	local name

	for name in $(peers); do
		[ "${home[$name]}" != "$1" ] || echo "$name"
	done
}

# without ELEMENT: the others
without()
{
	elements | grep -vx -- "$1"
}

# moved PEER…: each is decrypted, by another than $gone
moved()
{
	local name

	look
	for name; do
		[ "${home[$name]}" != - ] || return
		[[ "+${home[$name]}+" != *"+$gone+"* ]] || return
	done
}

# lost_by PEER…: packets of theirs that got no answer
lost_by()
{
	local name n=0

	for name; do
		n=$((n + lost_of[$name]))
	done
	echo $n
}

# wire: SPI and Ethernet destination of ESP in a capture, each once
wire()
{
	tcpdump -n -e -r "$W/$1.pcap" 2>/dev/null |
		sed -nE 's/.* > ([0-9a-f:]{17}),.*ESP\(spi=(0x[0-9a-f]+),.*/\2 \1/p' | sort -u
}

mapfile -t all < <(peers)
behind=("${all[@]:0:BEHIND}")

echo
say "$PEERS peers, $BEHIND of them behind one translator, two over IPv6, and one VPN address."
say "Behind a router that sends the packets on are $ELEMENTS elements that decrypt: each is a"
say "network namespace with a charon of its own, which the others know nothing of."
elements_topology
module_load
elements_pool
for name in $(elements); do
	element_conf "$name"
	element_start "$name"
done
for name in "${all[@]}"; do
	peer_conf "$name"
	peer_start "$name"
done

title "IPVS, as it is used for this: one mark for UDP 500, UDP 4500 and ESP, persistent"
elements_ipvs
at front ipvsadm -S -n | sed 's/^/  # ipvsadm /'
peers_up "${all[@]}"
seen "${all[@]}"
echo
column=before
who "${all[@]}"
says "the $BEHIND behind one address are all decrypted by one element ($(homes "${behind[@]}"))" \
	[ "$(elements_of "${behind[@]}")" = 1 ]
remember IPVS
peers_down "${all[@]}"
elements_ipvs_end

title "ipsec-qos steer: the SPI says whose a packet is"
run pool show vpn
say "# ipsec-qos steer add $VPN pool vpn ike pool"
say "# ipsec-qos steer add $VPN6 pool vpn ike pool"
elements_steer
capture_start front in segment -s 96 \
	"(dst host $VPN and (esp or udp port 4500)) or (dst host $VPN6 and esp)"
peers_up "${all[@]}"
seen "${all[@]}"
# Who begins at an element is chance: that it is the same for six is one of 243.
if [ "$(elements_of "${behind[@]}")" = 1 ]; then
	peers_down "${behind[@]}"
	peers_up "${behind[@]}"
	seen "${behind[@]}"
fi
capture_stop segment
echo
who "${all[@]}"
says "all ${#all[@]} get answers, and each is decrypted by one element ($(homes "${all[@]}"))" \
	all_in "$(elements | tr '\n' ' ')" "${all[@]}"
says "the $BEHIND behind one address are decrypted by several ($(homes "${behind[@]}"))" \
	[ "$(elements_of "${behind[@]}")" -gt 1 ]

title "The wire behind the router: the VPN's address, and the link address of who has the SPI"
tcpdump -n -e -t -r "$W/segment.pcap" -c 6 'esp or udp[8:4] != 0' 2>/dev/null |
	sed -E 's/^[0-9a-f:]{17} > ([0-9a-f:]{17}),.*length [0-9]+: (.*),seq.*/  to \1: \2)/'
say "…"
echo
strays=0
for name in $(elements); do
	mac=$(at "$name" cat /sys/class/net/seg/address)
	strays=$((strays + $(wire segment | while read -r spi to; do
		! ip -n "$name" xfrm state | grep "spi $spi " >/dev/null || [ "$to" = "$mac" ] ||
			echo "$spi"
	done | wc -l)))
done
spis=$(wire segment | cut -d ' ' -f 1 | sort -u | wc -l)
says "$spis SPIs, and $strays of them went to another than has the SA" \
	[ "$strays:$((spis >= ${#all[@]}))" = 0:1 ]
remember "by SPI"

gone=$(most)
mapfile -t its < <(homed "$gone")
mapfile -t others < <(for name in $(without "$gone"); do homed "$name"; done)
title "$gone dies: its charon is killed and its link is cut; it has ${#its[@]} peers"
peers_ping
for name in "${all[@]}"; do
	wait_for 60 peer_answered "$name" 3
done
began=$(now_ms)
charon_stop "$gone" KILL
ip -n "$gone" link set seg down
run element change "$gone" state down
wait_for 120 moved "${its[@]}"
took=$(($(now_ms) - began))
for name in "${its[@]}"; do
	wait_for 60 peer_answered "$name" "$(peer_answers "$name")"
done
peers_pinged
look
echo
who "${its[@]}"
qos front pool show vpn | sed 's/^/  /'
echo
says "its ${#its[@]} are back on others, $((took / 1000)) s later ($(homes "${its[@]}"))" \
	all_in "$(without "$gone" | tr '\n' ' ')" "${its[@]}"
says "the ${#others[@]} others have lost $(lost_by "${others[@]}") packets, and stayed" \
	[ "$(lost_by "${others[@]}")" = 0 ]
remember "after that"

title "$gone is back, and then another drains: it keeps what it has, and nobody begins there"
ip -n "$gone" link set seg up
# with the link its routes went
ip -n "$gone" route replace default via 10.0.0.254
ip -n "$gone" -6 addr replace "fd00::${gone#e}/64" dev seg
ip -n "$gone" -6 route replace ::/0 via fd00::fe
charon_run "$gone"
run element change "$gone" state up
drained=$(most "$gone")
mapfile -t its < <(homed "$drained")
mapfile -t others < <(for name in $(without "$drained"); do homed "$name"; done)
run element change "$drained" state drain
peers_ping "${its[@]}"
for name in "${its[@]}"; do
	wait_for 60 peer_answered "$name" 3
done
peers_down "${others[@]}"
peers_up "${others[@]}"
for name in "${its[@]}"; do
	swan "$name" --rekey --ike vpn >>"$W/$name/swan.log"
	swan "$name" --rekey --child net >>"$W/$name/swan.log"
	wait_for 60 peer_answered "$name" "$(($(peer_answers "$name") + 3))"
done
peers_pinged
was=$lost
its_sent=$sent
seen "${others[@]}"
echo
who "${all[@]}"
says "the ${#its[@]} of $drained have lost $was of $its_sent packets, rekeyed, and stayed" \
	[ "$was:$(homes "${its[@]}")" = "0:$drained:${#its[@]}" ]
says "the ${#others[@]} others began anew, none of them at $drained ($(homes "${others[@]}"))" \
	all_in "$(without "$drained" | tr '\n' ' ')" "${others[@]}"

title "What the router counted"
qos front element show | sed 's/^/  /'
echo
qos front steer show | sed 's/^/  /'
says_end
