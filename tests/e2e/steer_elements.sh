#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each SA goes to the element that has it: twenty peers behind one translator, four that
# are not, over two elements that know nothing of each other; ESP plain and in UDP, over
# IPv4 and IPv6, whole and in fragments; IKE from its first message on, with COOKIEs, in IP
# fragments, from port 500 to 4500, through rekeys by either side, new mappings of the
# translator's, and MOBIKE. The topology is drawn in tests/lib/elements.sh.
#
# vm: -m 1536 -t 900
# charons: how they choose SPIs
# ci-once: steer_packets and steer_bucket have its parts there
ELEMENTS=2 PEERS=24 BEHIND=20 PEERS6="23 24"
. tests/lib/lib.sh
. tests/lib/elements.sh

# with_certificate: of each kind one proves who it is by a certificate, in packets that IP
# has to fragment
with_certificate="peer-20 peer-22 peer-24"

# certified HOST LOCAL REMOTE [SETTING…]: connection certified, whose messages IKE does not
# fragment itself; a line of its CHILD SA is read
certified()
{
	swan_conf "$1" certified <<-END
	connections {
		certified {
			version = 2
			proposals = $IKE_PROPOSAL
			fragmentation = no
			$(printf '%s\n' "${@:4}")
			local { auth = pubkey
				certs = $2.crt
				id = $2.certified.example }
			remote { auth = pubkey
				id = $3.certified.example }
			children {
				net-certified {
					$(cat)
					esp_proposals = $ESP_PROPOSAL
				}
			}
		}
	}
	END
}

# certify HOST NAME: a certificate of that name, which is longer than a packet
certify()
{
	local -a many

	mapfile -t many < <(seq -f 'one.of.many.names-%g.certified.example' 60)
	cert_new ca "$1" "CN=$2" "$2.certified.example" "${many[@]}"
}

# kept: every peer is decrypted where it was, by that element alone; who is not is said
kept()
{
	local name good=0

	look
	for name in $(peers); do
		[ "${home[$name]}" = "${was[$name]}" ] || {
			echo "$name: ${home[$name]} instead of ${was[$name]}"
			good=1
		}
	done
	return $good
}

# spis ELEMENT KIND: of its IKE SAs (ike) or CHILD SAs (child) that are up, id:SPI each
spis()
{
	local sa kind state id spi

	ask "$1" sas
	for sa in $answer; do
		IFS=: read -r kind state id spi <<<"$sa"
		case $kind:$state in
		"$2":ESTABLISHED | "$2":INSTALLED) echo "$id:$spi" ;;
		esac
	done
}

# renewed KIND: none of them is as it was, and there are as many
renewed()
{
	local e now

	for e in $(elements); do
		spis "$e" "$1" > "$W/now"
		[ "$(wc -l < "$W/now")" = "$(wc -l < "$W/$e.before")" ] || return
		now=$(cut -d : -f 2 "$W/now" "$W/$e.before" | sort | uniq -d)
		[ -z "$now" ] || return
	done
}

# rekey elements|peers KIND: all of a kind, by that side
rekey()
{
	local e name sa

	for e in $(elements); do
		spis "$e" "$2" > "$W/$e.before"
		[ "$1" = elements ] || continue
		while IFS=: read -r sa _; do
			wait_for 10 asked "$e" rekey "$2-id=$sa"
		done < "$W/$e.before"
	done
	if [ "$1" = peers ]; then
		for name in $(peers); do
			spis "$name" "$2" > "$W/its"
			while IFS=: read -r sa _; do
				wait_for 10 asked "$name" rekey "$2-id=$sa"
			done < "$W/its"
		done
	fi
	wait_for 120 renewed "$2"
}

# more_answers: each peer gets three more
more_answers()
{
	local name
	local -A had=()

	for name in $(peers); do
		had[$name]=$(peer_answers "$name")
	done
	for name in $(peers); do
		wait_for 60 peer_answered "$name" $((had[$name] + 2))
	done
}

# comes_from PEER ADDRESS: its element knows, and has sent it something there
comes_from()
{
	ip -n "${was[$1]}" -s xfrm state | awk -v to="$2" '
		$1 == "src" { mine = $4 == to }
		mine && /lifetime current/ { getline; sub(/.*\), /, ""); sub(/\(.*/, "")
			if ($0 > 0) found = 1 }
		END { exit !found }'
}

# one_each CAPTURE: each SPI went to one link address
one_each()
{
	tcpdump -n -e -r "$W/$1.pcap" "(dst host $VPN or dst host $VPN6) and ($esp)" 2>/dev/null |
		sed -nE 's/.* > ([0-9a-f:]{17}),.*ESP\(spi=(0x[0-9a-f]+),.*/\2 \1/p' |
		sort -u > "$W/wire"
	echo "           $(wc -l < "$W/wire") SPIs"
	expect "SPIs that went to two" "" "$(cut -d ' ' -f 1 "$W/wire" | uniq -d)"
}

# ports PORT: of the translator, that packets to that port of the VPN's come from
ports()
{
	tcpdump -n -r "$W/outside.pcap" "src host $NAT and dst port $1" 2>/dev/null |
		sed -n "s/.* $NAT\.\([0-9]*\) > .*/\1/p" | sort -u
}

esp='esp or (udp port 4500 and udp[8:4] != 0)'
step "$PEERS peers, $BEHIND of them behind one address, $ELEMENTS elements"
elements_topology
module_load
elements_pool
elements_steer
ca_new ca "CN=Test CA"
# shellcheck disable=SC2046,SC2086 # names
ca_trust ca $(elements) $with_certificate
certify e1 vpn
mv "$W/e1/swanctl/x509/e1.crt" "$W/e1/swanctl/x509/vpn.crt"
cp "$W/e1/swanctl/x509/vpn.crt" "$W/e2/swanctl/x509/"
cp "$W/e1/swanctl/private/e1.key" "$W/e2/swanctl/private/"
for name in $(elements); do
	element_conf "$name"
	certified "$name" vpn '*' "local_addrs = $VPN, $VPN6" "pools = inside" \
		<<<"local_ts = 10.3.0.0/24"
	element_start "$name"
done
for name in $(peers); do
	peer_conf "$name"
done
for name in $with_certificate; do
	vpn=$VPN
	! peer_is6 "$name" || vpn=$VPN6
	certify "$name" "$name"
	certified "$name" "$name" vpn "remote_addrs = $vpn" "vips = 0.0.0.0" \
		<<<"remote_ts = 10.3.0.0/24"
done
for name in $(peers); do
	peer_start "$name"
done
# shellcheck disable=SC2046 # names
vici_start $(elements) $(peers)

step "all at once: IKE from its first message on, from port 500 to another at 4500"
capture_start front out outside -s 128
capture_start front in segment -s 128
for name in $(peers); do
	child=net
	[[ " $with_certificate " != *" $name "* ]] || child=net-certified
	swan_up "$name" $child &
done
for name in $(peers); do
	wait -n
done
capture_stop outside
peers_ping
more_answers
look
for name in $(peers); do
	echo "           $name ${home[$name]} ${spi_of[$name]} ${decrypted[$name]}"
done
declare -A was
for name in $(peers); do
	[[ ${home[$name]} = e[12] ]] || fail "$name is decrypted by ${home[$name]}"
	was[$name]=${home[$name]}
done
mapfile -t behind < <(peers | head -n "$BEHIND")
echo "           those behind the translator: $(homes "${behind[@]}")"
[[ $(homes "${behind[@]}") = "e1:"*" e2:"* ]] || fail "all of one address are at one element"
expect "ports of the translator, to 4500" "$BEHIND" "$(ports 4500 | wc -l)"
expect "the same, to 500 and 4500" "" "$(cat <(ports 500) <(ports 4500) | sort | uniq -d)"
echo "           $(grep -c 'generating.*N(COOKIE)' "$W"/e?/charon.log | xargs): COOKIEs"
for name in $(elements); do
	echo "           $name: $(ip -n "$name" xfrm state | grep -c espinudp) SAs in UDP"
done
expect "SAs in UDP" $((2 * BEHIND)) \
	"$(for name in $(elements); do ip -n "$name" xfrm state; done | grep -c espinudp)"

step "IKE_AUTH came in fragments, over IPv4 and IPv6"
for filter in "src host $NAT and ip[6:2] & 0x3fff != 0" \
		"src host 192.0.2.32 and ip[6:2] & 0x3fff != 0" \
		"src host 2001:db8:2::34 and ip6[6] == 44"; do
	n=$(captured outside "$filter")
	echo "           $n: $filter"
	((n >= 2)) || fail "no fragments: $filter"
done

step "ESP in fragments: in UDP, plain, over IPv6"
peers_pinged
capture_stop segment
capture_start front in fragments -s 128
for name in peer-1 peer-21 peer-23; do
	at "$name" ping -n -q -M dont -s 3000 -c 5 -i 0.2 -W 5 $SERVER > "$W/big.log"
	grep -q ' 0% packet loss' "$W/big.log" || fail "$name: $(tail -n 2 "$W/big.log")"
done
capture_stop fragments
for filter in "src host $NAT and ip[6:2] & 0x3fff != 0" \
		"src host 192.0.2.31 and ip[6:2] & 0x3fff != 0" \
		"src host 2001:db8:2::33 and ip6[6] == 44"; do
	n=$(captured fragments "$filter")
	echo "           $n: $filter"
	((n >= 10)) || fail "no fragments: $filter"
done

step "the wire: each SPI to one link address"
one_each segment
(($(wc -l < "$W/wire") >= PEERS)) || fail "not all were seen"

peers_ping
for side in elements peers; do
	for kind in child ike; do
		step "rekeyed by $side: $kind SAs"
		rekey $side $kind
		more_answers
		kept || fail "an SA is not where it was"
	done
done
peers_pinged
echo "           $lost of $sent packets lost, $(no_states) at an element without the SA"
none_lost $((2 * PEERS))
expect "at an element without the SA" 0 "$(no_states)"

step "the translator forgets: all have new ports, under traffic"
before=$(for name in $(elements); do
	ip -n "$name" xfrm state | sed -n 's/.*espinudp sport \([0-9]*\) dport 4500.*/\1/p'
done | sort)
capture_start front in moves -s 128
peers_ping
more_answers
ip -n nat addr del $NAT/24 dev out
ip -n nat addr add $NAT/24 dev out
ip -n nat route replace default via 192.0.2.254
more_answers
kept || fail "an SA is not where it was"
after=$(for name in $(elements); do
	ip -n "$name" xfrm state | sed -n 's/.*espinudp sport \([0-9]*\) dport 4500.*/\1/p'
done | sort)
same=$(comm -12 <(echo "$before") <(echo "$after") | wc -l)
echo "           $same of $BEHIND ports are the same as before"
((same < BEHIND / 2)) || fail "the translator did not forget"

step "MOBIKE: to another address, over IPv4 and IPv6"
# its first address goes, the second stays
at peer-21 sysctl -qw net.ipv4.conf.all.promote_secondaries=1
addr peer-21 eth0 192.0.2.131/24
ip -n peer-21 addr del 192.0.2.31/24 dev eth0
addr peer-23 eth0 2001:db8:2::121/64
ip -n peer-23 addr del 2001:db8:2::33/64 dev eth0
wait_for 60 comes_from peer-21 192.0.2.131
wait_for 60 comes_from peer-23 2001:db8:2::121
more_answers
kept || fail "an SA is not where it was"
peers_pinged
capture_stop moves
one_each moves
# For a moment charon takes an SA that moves out of the kernel.
echo "           $lost of $sent packets lost, $(no_states) at an element without the SA"

step "what front counted"
qos front steer show
qos front -j steer show > "$W/steer.json"
qos front -j element show > "$W/element.json"
expect_json '[.[].counters | .exact, .lent, .hashed, .nobody | .packets] | add == 0' \
	cat "$W/steer.json"
expect_json '[.[].counters | .home.packets > 0 and .ike.packets > 0] | all' cat "$W/steer.json"
expect_json '[.[].counters | to_entries[] | select(.key != "sent" and .key != "icmp") |
	.value.packets] | add == 0' cat "$W/element.json"
