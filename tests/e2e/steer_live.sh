#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# once: what is held and released is the daemon's doing
# vm: -s 2 -m 1536 -t 900
#
# A pool changes under live SAs. A seventeenth element comes to sixteen, and weights change:
# every packet of every SA is decrypted where that SA is, by the kernels' own counts. Two
# routers with the same configuration agree on every bucket. Then real charons: buckets that
# a new element is to have are held where SAs need them, and the daemon releases each when
# the last of these is gone.
#
#   .------.               .-------.                 .-------------------.
#   | peer +- 192.0.2.0/24 + front +- 10.0.0.0/24 ---+ e1 … e17          |
#   '------' .2       .254 '-------' .254   .1 … .17 | lo: $VPN,         |
#      lo: 10.4.0.1        .-------.                 | 10.3.0.1          |
#                          | other | is told the     '-------------------'
#                          '-------' same as front
. tests/lib/lib.sh

VPN=198.51.100.1
PEER=192.0.2.2
SAS=48
N=17

step "a peer, a router, $N elements"
mapfile -t all < <(seq -f 'e%g' $N)
host peer front other wires "${all[@]}"
link peer:eth0 front:out
ip -n wires link add name segment type bridge
ip -n wires link set segment up
link front:in wires:front
ip -n wires link set front master segment
addr peer eth0 $PEER/24
addr peer lo 10.4.0.1/32
addr front out 192.0.2.254/24
addr front in 10.0.0.254/24
route peer default via 192.0.2.254
for e in "${all[@]}"; do
	ip -batch - <<-END
	link add seg netns $e type veth peer name $e netns wires
	END
	ip -n "$e" -batch - <<-END
	link set seg up
	addr add 10.0.0.${e#e}/24 dev seg
	addr add $VPN/32 dev lo
	addr add 10.3.0.1/32 dev lo
	route add default via 10.0.0.254
	route add blackhole 10.3.0.80/32
	END
	ip -n wires link set "$e" master segment up
	at "$e" sysctl -qw net.ipv4.conf.seg.arp_ignore=1 net.ipv4.conf.seg.arp_announce=2
done
forward front "${all[@]}"
module_load

# pool N [ELEMENT=WEIGHT…]: the configuration of a pool of the first N
pool()
{
	local n weights=" ${*:2} " weight members=() weighted=()

	for ((n = 1; n <= $1; n++)); do
		echo "element e$n { id = $n  via = \"10.0.0.$n\"  check = none }"
		weight=${weights#* e"$n"=}
		if [ "$weight" = "$weights" ]; then
			members+=("e$n")
		else
			weighted+=("member e$n { weight = ${weight%% *} }")
		fi
	done
	cat <<-END
	pool vpn { id = 1  secret = "0f0e0d0c0b0a09080706050403020100"
		members = { $(IFS=,; echo "${members[*]}") } ${weighted[*]} }
	steer $VPN { pool = vpn  ike = pool }
	END
}

# conf < FILE: it is both routers' from now on
conf()
{
	tee "$W/other/ipsec-qos/ipsec-qosd.conf" | qosd_conf front
	[ -z "${qosd_pid[front]:-}" ] || qos front daemon reload >/dev/null
	[ -z "${qosd_pid[other]:-}" ] || qos other daemon reload >/dev/null
}

# buckets ROUTER KEY: the home of each bucket, or who has it now
buckets()
{
	json ".[].$2" qos "$1" -j pool buckets vpn
}

# agreed KEY: both say the same of every bucket
agreed()
{
	buckets front "$1" > "$W/front.$1"
	expect "buckets" 4096 "$(wc -l < "$W/front.$1")"
	diff <(buckets other "$1") "$W/front.$1" >/dev/null || fail "they disagree on $1"
}

# goes_to SPI: whom the router would send it to, and why
goes_to()
{
	json '"\(.element) \(.why)"' qos front -j steer test dst $VPN spi "$1"
}

# spi I: of the i-th SA
spi()
{
	printf '0xc%03x%04x' $(($1 * 85 + 7)) $((0x100 + $1))
}

# state SPI REQID
state()
{
	echo "xfrm state add src $PEER dst $VPN proto esp spi $1 reqid $2 mode tunnel" \
		"aead rfc4106(gcm(aes)) 0x$(printf '%040x' "$2") 128"
}

# counts HOST: SPI and packets of each SA to the VPN's address that it has
counts()
{
	ip -n "$1" -s xfrm state | awk -v vpn=$VPN '
		$1 == "src" { dst = $4 }
		$1 == "proto" { spi = substr($4, 1, 10) }
		/lifetime current/ { getline; sub(/.*\), /, ""); sub(/\(.*/, "")
			if (dst == vpn) print spi, $0 }'
}

# decrypted: of all elements
decrypted()
{
	local e

	for e in "${all[@]}"; do
		counts "$e"
	done | sort
}

# fewest: packets that have been decrypted of the SA that has the fewest
fewest()
{
	decrypted | awk 'NR == 1 || $2 < n { n = $2 } END { print n + 0 }'
}

more_than()
{
	(($(fewest) > $1))
}

# three_more: packets of each SA
three_more()
{
	wait_for 60 more_than $(($(fewest) + 2))
}

pool 16 | conf
qosd_start front
qosd_start other
for router in front other; do
	wait_for 30 json_is 'length == 1' qos $router -j steer show
done

step "two routers with the same configuration agree on every bucket"
agreed home
agreed now
expect "elements that have some" 16 "$(sort -u "$W/front.home" | wc -l)"

step "$SAS SAs, each at the element whose bucket it is of, and packets of all"
declare -A lines
mapfile -t home < "$W/front.home"
for ((i = 0; i < SAS; i++)); do
	lines[peer]+="$(state "$(spi $i)" $((i + 1)))
xfrm policy add src 10.4.0.1/32 dst 10.3.0.80/32 proto udp dport $((5000 + i)) dir out tmpl src $PEER dst $VPN proto esp reqid $((i + 1)) mode tunnel
"
	lines[${home[i * 85 + 7]}]+="$(state "$(spi $i)" $((i + 1)))
"
done
for name in "${!lines[@]}"; do
	ip -n "$name" -batch - <<<"${lines[$name]}"
done
exec_at peer /usr/bin/python3 -c "import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('10.4.0.1', 0))
while True:
    for i in range($SAS):
        s.sendto(b'of SA %d' % i, ('10.3.0.80', 5000 + i))
        time.sleep(0.01)" </dev/null >"$W/sender.log" 2>&1 &
sender=$!
wait_for 60 more_than 2

step "a seventeenth element comes"
pool 17 | conf
expect_json '.[0] | (.members | length == 17) and .held > 150 and .lent == 0 and
	(.members | map(select(.element == "e17"))[0] | .home > 150 and .now == 0)' \
	qos front -j pool show vpn
agreed home
moved=0
for ((i = 0; i < SAS; i++)); do
	if [ "$(sed -n $((i * 85 + 8))p "$W/front.home")" = e17 ]; then
		moved=$((moved + 1))
		expect "SPI $(spi $i) goes to" "${home[i * 85 + 7]} held" "$(goes_to "$(spi $i)")"
	fi
done
echo "           $moved of the $SAS SAs are in buckets that are to be its own"
((moved)) || fail "choose other SPIs: no SA is in a bucket that is to move"
three_more

step "weights change, and change back"
pool 17 e3=4 e11=3 | conf
expect_json '.[0] | .held > 700 and .lent == 0' qos front -j pool show vpn
three_more
pool 17 | conf
three_more

step "addresses of the router change: so do its routes"
ip -n front link add d0 type dummy
ip -n front link set d0 up
for ((i = 0; i < 2000; i++)); do
	echo "addr add 10.77.0.1/32 dev d0"
	echo "addr del 10.77.0.1/32 dev d0"
done > "$W/addresses"
ip -n front -batch "$W/addresses"
three_more

step "buckets that no SA needs are released"
free=()
for ((i = 0; i < SAS; i++)); do
	free+=("$((i * 85 + 8))-$((i * 85 + 91))")
done
released=$(json .released qos front -j pool release vpn buckets "$(IFS=,; echo "${free[*]}")")
((released > 100)) || fail "released: $released"
expect_json ".[0] | (.members | map(select(.element == \"e17\"))[0].now >= 100) and
	.held >= $moved" qos front -j pool show vpn
three_more
end $sender
all_has_come()
{
	local before

	before=$(decrypted)
	[ "$before" = "$(decrypted)" ]
}
wait_for 30 all_has_come

step "every packet of every SA was decrypted where the SA is"
counts peer | sort > "$W/sent"
decrypted > "$W/decrypted"
expect "SAs" $SAS "$(wc -l < "$W/sent")"
diff "$W/sent" "$W/decrypted" || fail "packets are lost"
sent=$(awk '{ n += $2 } END { print n }' "$W/sent")
for e in "${all[@]}"; do
	at "$e" cat /proc/net/xfrm_stat > "$W/xfrm_stat"
	grep -qE '^XfrmInNoStates[[:space:]]+0$' "$W/xfrm_stat" || fail "$e got packets of no SA"
done
expect_json ".[0].counters | .home.packets == $sent and .lent.packets == 0 and
	.nobody.packets == 0" qos front -j steer show
echo "           $sent packets, $(awk 'NR == 1 || $2 < n { n = $2 } END { print n }' "$W/sent") of an SA at least"
qos front pool release vpn >/dev/null
qos other pool release vpn >/dev/null
agreed now
expect_json '.[0].held == 0' qos front -j pool show vpn

step "real charons; their daemon is the router's"
for name in peer "${all[@]}"; do
	ip -n "$name" xfrm state flush
	ip -n "$name" xfrm policy flush
done
# known N: the first two say what SAs they have; the pool is of the first N
known()
{
	pool "$1" | sed -E 's/^(element e[12] .*) \}$/\1  known = yes }/'
	[ "$1" = 3 ] || echo 'element e3 { id = 3  via = "10.0.0.3"  check = none }'
}

# connection HOST OWN OTHER OWN_ADDRESS OTHER_ADDRESS OWN_NET OTHER_NET
connection()
{
	swan_psk "$1" vpn "$2" "$3" <<-END_OF_CONF
	local_addrs = $4
	remote_addrs = $5
	children {
		net {
			local_ts = $6
			remote_ts = $7
			esp_proposals = $ESP_PROPOSAL
		}
	}
	END_OF_CONF
}

known 2 | conf
buckets front home > "$W/two"
qos front pool add three id 3 member e1 member e2 member e3
json '.[].home' qos front -j pool buckets three > "$W/three"
qos front pool del three
for e in e1 e2; do
	# a bucket that is its own, and the third one's when that is there
	bucket=$(paste "$W/two" "$W/three" | awk -v e=$e \
		'$1 == e && $2 == "e3" && !n++ { print NR - 1 }')
	connection $e vpn.example peer.example $VPN $PEER 10.3.0.1/32 10.4.0.1/32
	echo "socket = $W/front/run/ipsec-qos/ipsec-qosd.sock" > "$W/$e/plugin.conf"
	charon_start $e plugin <<-END
	spi_label = $(printf '0x%016x' $((bucket << 48)))
	spi_mask = 0x0fff000000000000
	spi_min = $(printf '0xc%03x0000' "$bucket")
	spi_max = $(printf '0xc%03xffff' "$bucket")
	END
done
connection peer peer.example vpn.example $PEER $VPN 10.4.0.1/32 10.3.0.1/32
charon_start peer </dev/null
wait_for 30 json_is '.charon.connections == 2' qos front -j daemon status
swan_up peer net
spi=$(counts peer | awk 'NR == 1 { print $1 }')
read -r e why < <(goes_to "$spi")
[[ $e = e[12] && $why = home ]] || fail "SPI $spi goes to $e: $why"
exec_at peer ping -n -i 0.2 -I 10.4.0.1 10.3.0.1 >"$W/ping.log" 2>&1 </dev/null &
ping=$!
answers()
{
	(($(grep -c 'bytes from' "$W/ping.log" || true) > $1))
}
wait_for 30 answers 5

step "a third element comes: what no SA needs is released, the rest is held"
known 3 | conf
held()
{
	json_is ".[0].held $*" qos front -j pool show vpn
}
# nobody has needed it for 40 s
wait_for 90 held '> 0 and .[0].held < 16'
expect "SPI $spi goes to" "$e held" "$(goes_to "$spi")"
had=$(grep -c 'bytes from' "$W/ping.log")
wait_for 30 answers $((had + 10))
expect "SPI $spi goes to" "$e held" "$(goes_to "$spi")"
swan peer --rekey --child net >/dev/null
rekeyed()
{
	not grep -qF "$spi" <(counts peer)
}
wait_for 30 rekeyed
spi=$(counts peer | awk 'NR == 1 { print $1 }')
expect "SPI $spi goes to" "$e held" "$(goes_to "$spi")"
had=$(grep -c 'bytes from' "$W/ping.log")
wait_for 30 answers $((had + 10))
end $ping INT
read -r out back _ < <(ping_counted "$W/ping.log")
expect "pings of $out that were answered" "$out" "$back"

step "the last SA is gone: so is what was held"
swan peer --terminate --ike vpn >/dev/null
wait_for 90 held '== 0'
expect "SPI $spi goes to" "e3 home" "$(goes_to "$spi")"
