#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whatever ESP is wrapped in: each packet of a peer carries its mark, the
# fragments of a large one too; nothing is untagged or malformed. On a router that
# holds no SA of its own the same goes for the entries made there by hand.
#
#   .-----------------.          .---------------------.
#   | peer            |          | gw                  |
#   | charon          |          | charon with plugin, |
#   | 10.1.N.1 (lo)   |          | ipsec-qosd          |
#   | eth0            |          | 10.2.0.1 (lo)       |
#   |  192.0.2.(10+N) +----------+ eth0 192.0.2.1      |
#   | 2001:db8::(10+N)|          |      2001:db8::1    |
#   '-----------------'          |                     |
#   .-----------------.          |                     |
#   | inside          |  .---.   |                     |
#   | charon          |  |nat|   |                     |
#   | 10.1.99.1 (lo)  |  |   |   |                     |
#   | eth0 10.9.0.2   +--+   +---+ eth1 198.51.100.1   |
#   '-----------------'  |   |.2 |                     |
#   .-----------------.  |   |   |                     |
#   | beyond          |  |   |   |                     |
#   | charon          |  |   |   |                     |
#   | 10.1.98.1 (lo)  |  |   |   |                     |
#   | eth0 203.0.113.2+--+   |   |                     |
#   '-----------------'  '---'   '---------------------'
#
# The peer is many, each of one form, from an address of its own. nat translates
# inside's address and routes for beyond.
#
# charons: the SAs that charon installs, and what it says of each
. tests/lib/lib.sh
. tests/lib/exact.sh

#    name     mode      outside IKE port  protocol
forms=(
	"plain    tunnel    4 500  esp"
	"trans    transport 4 500  esp"
	"udp      tunnel    4 forced esp"
	"udptrans transport 4 forced esp"
	"plain6   tunnel    6 500  esp"
	"trans6   transport 6 500  esp"
	"udp6     tunnel    6 forced esp"
	"ah       transport 4 500  ah"
	"ike4500  tunnel    4 4500 esp"
	"inside   tunnel    4 nat  esp"
	"beyond   tunnel    4 500  esp"
)

host peer gw nat inside beyond
link peer:eth0 gw:eth0
link nat:out gw:eth1
link inside:eth0 nat:in
link beyond:eth0 nat:beyond
addr gw eth0 192.0.2.1/24 2001:db8::1/64
addr gw eth1 198.51.100.1/24
addr gw lo 10.2.0.1/32
addr nat out 198.51.100.2/24
addr nat in 10.9.0.1/24
addr nat beyond 203.0.113.1/24
addr inside eth0 10.9.0.2/24
addr inside lo 10.1.99.1/32
addr beyond eth0 203.0.113.2/24
addr beyond lo 10.1.98.1/32
forward nat
at nat nft -f - <<'END'
table ip nat {
	chain out {
		type nat hook postrouting priority srcnat
		ip saddr 10.9.0.0/24 oifname "out" masquerade random
	}
}
END

# connection HOST NAME LOCAL REMOTE OPTIONS CHILD_OPTIONS ID REMOTE_ID
connection()
{
	swan_psk "$1" "$2" "$7" "$8" <<-END
	mobike = no
	local_addrs = $3
	remote_addrs = $4
	$5
	children {
		$2 {
			$6
		}
	}
	END
}

n=0
for form in "${forms[@]}"; do
	read -r name mode outside port proto <<<"$form"
	n=$((n + 1))
	host=peer it=192.0.2.$((10 + n)) gw=192.0.2.1 from=%any inner=10.1.$n.1
	options='' gw_options=''
	if [ "$name" = inside ]; then
		host=inside it=10.9.0.2 gw=198.51.100.1 inner=10.1.99.1
	elif [ "$name" = beyond ]; then
		host=beyond it=203.0.113.2 gw=198.51.100.1 inner=10.1.98.1
		from=$it
	else
		addr peer eth0 $it/24 2001:db8::$((10 + n))/64
		addr peer lo $inner/32
		if [ "$outside" = 6 ]; then
			it=2001:db8::$((10 + n)) gw=2001:db8::1
		fi
		from=$it
	fi
	case $port in
	forced) options="encap = yes" gw_options=$options ;;
	4500) options="local_port = 4500
		remote_port = 4500" ;;
	esac
	if [ "$proto" = ah ]; then
		child="ah_proposals = sha256"
	else
		child="esp_proposals = $ESP_PROPOSAL"
	fi
	child+="
		mode = $mode"
	if [ "$mode" = tunnel ]; then
		connection $host "$name" $it $gw "$options" "$child
			local_ts = $inner/32
			remote_ts = 10.2.0.1/32" "$name.gold.example" gw.example
		connection gw "$name" $gw "$from" "$gw_options" "$child
			local_ts = 10.2.0.1/32
			remote_ts = $inner/32" gw.example "$name.gold.example"
	else
		connection $host "$name" $it $gw "$options" "$child" \
			"$name.gold.example" gw.example
		connection gw "$name" $gw "$from" "$gw_options" "$child" \
			gw.example "$name.gold.example"
	fi
done
route peer 10.2.0.0/24 via 192.0.2.1
route inside default via 10.9.0.1
route beyond default via 203.0.113.1
route gw 10.1.98.0/23 via 198.51.100.2
route gw 203.0.113.0/24 via 198.51.100.2
route gw 10.1.0.0/16 via 192.0.2.11

qosd_conf gw <<'END'
group gold { id = 1  mark = 0x10/0xff0 }
profile gold { identity = "*.gold.example"  group = gold }
END

# What the wire sees of the gateway, each fragment by itself. Keepalives are one
# byte in UDP (RFC 3948 section 2.3).
at gw nft -f - <<'END'
table netdev wire {
	counter esp_in { }
	counter udp_in { }
	counter udp_out { }
	counter keepalives { }
	counter fragments_in { }
	counter fragments_out { }
	counter marked_out { }
	counter unmarked_out { }
	chain in {
		type filter hook ingress devices = { eth0, eth1 } priority 0
		ip frag-off & 0x3fff != 0 counter name fragments_in
		exthdr frag exists counter name fragments_in
		meta l4proto udp udp dport 4500 udp length 9 counter name keepalives accept
		meta l4proto udp udp dport 4500 counter name udp_in
		meta l4proto { esp, ah } counter name esp_in
	}
	chain out {
		type filter hook egress devices = { eth0, eth1 } priority 0
		ip protocol { esp, ah, udp } goto protected
		ip6 nexthdr { esp, udp, ipv6-frag } goto protected
	}
	chain protected {
		meta l4proto udp counter name udp_out
		ip frag-off & 0x3fff != 0 counter name fragments_out
		exthdr frag exists counter name fragments_out
		meta mark & 0xff0 == 0x10 counter name marked_out accept
		counter name unmarked_out
	}
}
END

# The same of nat, for its own group
at nat nft -f - <<'END'
table netdev wire {
	counter marked_out { }
	counter unmarked_out { }
	chain out {
		type filter hook egress devices = { in, out, beyond } priority 0
		ip protocol { esp, udp } goto protected
	}
	chain protected {
		meta mark & 0xff0 == 0x90 counter name marked_out accept
		meta l4proto udp udp length 9 accept
		counter name unmarked_out
	}
}
END

step "daemon and charons"
module_load
qosd_start gw
charon_start gw plugin <<<"install_routes = no"
charon_start peer <<<"install_routes = no"
charon_start beyond <<<"install_routes = no"
charon_start inside <<END
	install_routes = no
	keep_alive = 1s
END
wait_for 10 json_is '.charon.synced' qos gw -j daemon status
for form in "${forms[@]}"; do
	read -r name _ <<<"$form"
	step "$name comes up"
	case $name in
	inside | beyond) swan_up "$name" "$name" ;;
	*) swan_up peer "$name" ;;
	esac
done
expect "SAs" $((2 * ${#forms[@]})) "$(json length qos gw -j sa show)"

# encapsulated NAME: what daemon says of a peer's child
encapsulated()
{
	json ".peers[] | select(.connection == \"$1\") |
		\"\(.children[0].encap) \(.remote_port) \(.children[0].proto)\"" \
		qos gw -j daemon status
}

step "nat has the entries of what passes there, and no SA"
qos nat group add transit id 9 mark 0x90/0xff0
kernel_sas gw | grep -E '^(198.51|203.0)' | while read -r dst spi _; do
	echo "sa add dst $dst spi $spi group transit"
done >"$W/nat/entries.conf"
json '.peers[] | select(.connection == "beyond") |
	"ike add spi-i 0x\(.spi_i) spi-r 0x\(.spi_r) group transit"' \
	qos gw -j daemon status >>"$W/nat/entries.conf"
qos nat -b "$W/nat/entries.conf"
expect "nat's SAs" 4 "$(json length qos nat -j sa show)"
expect "SAs in nat's kernel" "" "$(ip -n nat xfrm state)"

# keep HOST: what it has counted, for counters_since and nft_counted
keep()
{
	counters_keep "$1"
	nft_counted "$1" >/dev/null
}

# passed_nat COUNTED WIRE: that was counted at nat, and so many packets were marked
# on the wire
passed_nat()
{
	expect "counted by nat" "$1" "$(counters_since nat)"
	expect "nat's wire" "marked_out+$2" "$(nft_counted nat)"
}

all="gold.clear_in+2 gold.clear_out+2 gold.esp_in+2 gold.esp_out+2"
# 4 kB in packets of 1500 bytes is three fragments, and what arrives in fragments is
# counted as such
large=${all/esp_in+2/esp_in+6}
n=0
for form in "${forms[@]}"; do
	read -r name mode outside port proto <<<"$form"
	n=$((n + 1))
	host=peer from=10.1.$n.1 to=10.2.0.1
	case $name in
	inside) host=inside from=10.1.99.1 ;;
	beyond) host=beyond from=10.1.98.1 ;;
	esac
	case $mode$outside in
	transport4) from=192.0.2.$((10 + n)) to=192.0.2.1 ;;
	transport6) from=2001:db8::$((10 + n)) to=2001:db8::1 ;;
	esac
	step "$name: small and large packets"
	case $port in
	500) expect "IKE" "false 500 $proto" "$(encapsulated "$name")" ;;
	4500) expect "IKE" "false 4500 $proto" "$(encapsulated "$name")" ;;
	forced) expect "IKE" "true 4500 $proto" "$(encapsulated "$name")" ;;
	nat) expect "IKE" "true esp" "$(encapsulated "$name" | sed 's/ [0-9]* / /')" ;;
	esac

	keep gw
	[ $host = peer ] || keep nat
	pings $host $to -I $from -c 2 -i 0.2
	[ $host = peer ] || passed_nat transit.esp_in+4 4
	expect "counted" "$all" "$(counters_since gw)"
	wire=$(nft_counted gw | sed -E 's/keepalives\+[0-9]+ //')
	case $port in
	forced | nat) expect "wire" "marked_out+2 udp_in+2 udp_out+2" "$wire" ;;
	*) expect "wire" "esp_in+2 marked_out+2" "$wire" ;;
	esac

	keep gw
	[ $host = peer ] || keep nat
	pings $host $to -I $from -c 2 -i 0.2 -s 4000 -M dont
	# nat, as it translates, has put them together before
	[ $host = peer ] || passed_nat transit.esp_in+4 12
	expect "counted" "$large" "$(counters_since gw)"
	wire=" $(nft_counted gw) "
	grep -q ' fragments_in+6 ' <<<"$wire" || fail "fragments in: $wire"
	grep -qE ' fragments_out\+6 (.* )?marked_out\+6 ' <<<"$wire" || fail "fragments out: $wire"
	not grep -q unmarked <<<"$wire"
done

step "keepalives are nobody's and not counted"
counters_keep gw
nft_counted gw >/dev/null
wait_for 20 eval 'at gw nft list counter netdev wire keepalives | grep -E "packets ([2-9]|[1-9][0-9])"'
expect "counted" "" "$(counters_since gw)"

step "IKE on either port, in the clear of NAT or not, is tagged too"
for name in plain plain6 udp ike4500 inside beyond; do
	host=peer
	case $name in inside | beyond) host=$name ;; esac
	keep gw
	[ $host != beyond ] || keep nat
	swan $host --rekey --child $name >/dev/null
	# CREATE_CHILD_SA and INFORMATIONAL (delete), RFC 7296 section 1.3.3
	# shellcheck disable=SC2016 # for eval
	wait_for 20 eval '[ "$(counters_since gw)" = "gold.ike_in+2 gold.ike_out+2" ]'
	wire=" $(nft_counted gw) "
	grep -q ' marked_out+2 ' <<<"$wire" || fail "marked: $wire"
	not grep -q unmarked <<<"$wire"
	# nat has an entry for the latter's IKE SA
	[ $host != beyond ] || passed_nat transit.ike_in+4 4
done
# charon keeps the old ones for a few seconds
wait_for 20 json_is "length == $((2 * ${#forms[@]}))" qos gw -j sa show
counters_keep gw
pings peer 10.2.0.1 -I 10.1.1.1 -c 2 -i 0.2
expect "counted after the rekeying" "$all" "$(counters_since gw)"

# ports NATT IKE: that are looked at
ports()
{
	qosd_conf gw <<-END
		settings { natt-ports = { $1 }  ike-ports = { $2 } }
		group gold { id = 1  mark = 0x10/0xff0 }
		profile gold { identity = "*.gold.example"  group = gold }
	END
	qos gw daemon reload >/dev/null
}

# unseen: what status says of it
unseen()
{
	json '.charon.unseen | if . then "\(.ike_sas) \(.port)" else "" end' \
		qos gw -j status
}

step "ports that nobody looks at are told of"
expect "unseen" "" "$(unseen)"
ports 4600 500
expect "unseen" "5 4500" "$(unseen)"
grep -qE '^unseen +5 IKE SAs, such as on port 4500 here' <<<"$(qos gw status)"
grep -qE '^ports +5 IKE SAs, such as on port 4500 here' <<<"$(qos gw daemon status)"
expect "who" "ike4500 inside udp udp6 udptrans" \
	"$(json '[.peers[] | select(.unseen).connection] | sort | unique | join(" ")' \
		qos gw -j daemon status)"
expect "logged" 1 "$(grep -c 'add 4500 to natt-ports' "$W/gw/ipsec-qosd.log")"
# IKE is seen there, but no ESP
ports 4600 500,4500
expect "unseen" "4 4500" "$(unseen)"
expect "logged" 1 "$(grep -c 'move 4500 there from ike-ports' "$W/gw/ipsec-qosd.log")"
ports 4500 500
expect "unseen" "" "$(unseen)"
