# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# One VPN address, and several elements behind it that decrypt: a router in front, the
# classifying element, sends each of them what is its own. Needs lib.sh.
#
#   .---------------------.
#   | peer-1   10.1.0.11  |    .------------------.
#   |  ...                +----+ nat    192.0.2.1 +----.
#   | peer-6   10.1.0.16  |    | masquerades      |    |
#   '---------------------'    '------------------'    |
#   .---------------------.                            |   .---------------------------.
#   | peer-7   192.0.2.17 |                            |   | front                     |
#   |  ...                +----------------------------+---+ out 192.0.2.254           |
#   | peer-12  192.0.2.22 |  2001:db8:2::17 …  outside |   | the VPN's address is      |
#   '---------------------'                            |   | nowhere on it             |
#                                                          | in  10.0.0.254            |
#     the VPN's address: 198.51.100.1, 2001:db8:100::1     '------------+--------------'
#     is on lo of each element, and the segment is                      | segment
#     not told of it (arp_ignore, arp_announce)       .-----------------+-----------------.
#                                              .------+------.   .------+------.   .------+------.
#                                              | e1 10.0.0.1 |   | e2 10.0.0.2 |   | e3 10.0.0.3 |
#                                              | charon      |   | charon      |   | charon      |
#                                              |    10.3.0.1 |   |    10.3.0.2 |   |    10.3.0.3 |
#                                              '------+------'   '------+------'   '------+------'
#                                                     '------------------+------------------'
#                                                                  servers | 10.9.1.0/24 via e1
#                                                          .---------------+--. and so on
#                                                          | srv   10.3.0.80  |
#                                                          '------------------'
#
# All elements have the same connection. An element gives its peers addresses of its own,
# 10.9.E.0/24, which is what the server's routes back go by. The links of outside,
# segment and servers are bridges of the host wires.

ELEMENTS=${ELEMENTS:-3}		# how many
PEERS=${PEERS:-12}
BEHIND=${BEHIND:-6}		# the first so many of them are behind the translator
PEERS6=${PEERS6-11 12}		# these of the others come over IPv6
VPN=198.51.100.1
VPN6=2001:db8:100::1
NAT=192.0.2.1
SERVER=10.3.0.80

# elements, peers: their names
elements()
{
	seq -f 'e%g' "$ELEMENTS"
}

peers()
{
	seq -f 'peer-%g' "$PEERS"
}

# peer_is6 PEER: does it come over IPv6?
peer_is6()
{
	[[ " $PEERS6 " = *" ${1#peer-} "* ]]
}

# A hundred links and addresses are made by one program for each host: _links are lines of
# ip -batch for all, _ip HOST LINE… for one of them, until _made.
_links=
declare -A _lines
_ip()
{
	local line

	for line in "${@:2}"; do
		_lines[$1]+=$line$'\n'
	done
}

_made()
{
	local name

	ip -batch - <<<"$_links"
	for name in "${!_lines[@]}"; do
		ip -n "$name" -batch - <<<"${_lines[$name]}"
	done
	_links=
	_lines=()
}

# _cable HOST DEVICE OTHER DEVICE BRIDGE: to a bridge of another host
_cable()
{
	_links+="link add $2 netns $1 type veth peer name $4 netns $3"$'\n'
	_ip "$1" "link set $2 up"
	_ip "$3" "link set $4 master $5 up"
}

# _plug HOST DEVICE BRIDGE: into one of wires'
_plug()
{
	_cable "$1" "$2" wires "$1-${2:0:3}" "$3"
}

# _peer_cable N: behind the translator or not
_peer_cable()
{
	local peer=peer-$1 host=$((10 + $1))

	if [ "$1" -le "$BEHIND" ]; then
		_cable "$peer" eth0 nat "$peer" in
		_ip "$peer" "addr add 10.1.0.$host/24 dev eth0" "route add default via 10.1.0.1"
	else
		_plug "$peer" eth0 outside
		_ip "$peer" "addr add 192.0.2.$host/24 dev eth0" \
			"addr add 2001:db8:2::$host/64 dev eth0" \
			"route add default via 192.0.2.254" "route add ::/0 via 2001:db8:2::fe"
	fi
}

# _element_cables N
_element_cables()
{
	_plug "e$1" seg segment
	_plug "e$1" srv servers
	_ip "e$1" "addr add 10.0.0.$1/24 dev seg" "addr add fd00::$1/64 dev seg" \
		"addr add 10.3.0.$1/24 dev srv" "addr add $VPN/32 dev lo" \
		"addr add $VPN6/128 dev lo" "route add default via 10.0.0.254" \
		"route add ::/0 via fd00::fe"
	_ip srv "route add 10.9.$1.0/24 via 10.3.0.$1"
}

elements_topology()
{
	local i bridge e

	# shellcheck disable=SC2046 # names
	host wires nat front srv $(elements) $(peers)
	for bridge in outside segment servers; do
		_ip wires "link add name $bridge type bridge" "link set $bridge up"
	done
	_ip nat "link add name in type bridge" "link set in up"
	_plug nat out outside
	_plug front out outside
	_plug front in segment
	_plug srv eth0 servers
	_ip nat "addr add 10.1.0.1/24 dev in" "addr add $NAT/24 dev out" \
		"route add default via 192.0.2.254"
	_ip front "addr add 192.0.2.254/24 dev out" "addr add 2001:db8:2::fe/64 dev out" \
		"addr add 10.0.0.254/24 dev in" "addr add fd00::fe/64 dev in"
	_ip srv "addr add $SERVER/24 dev eth0"
	for ((i = 1; i <= ELEMENTS; i++)); do
		_element_cables "$i"
	done
	for ((i = 1; i <= PEERS; i++)); do
		_peer_cable "$i"
	done
	_made
	# shellcheck disable=SC2046 # names
	forward nat front $(elements)
	for e in $(elements); do
		at "$e" sysctl -qw net.ipv4.conf.seg.arp_ignore=1 \
			net.ipv4.conf.seg.arp_announce=2
	done
	# An element tells its peers of all its addresses (MOBIKE); from outside there is one.
	at front nft -f - <<-END
	table inet outside {
		chain forward {
			type filter hook forward priority filter
			iifname "out" ip daddr 10.0.0.0/8 drop
			iifname "out" ip6 daddr fd00::/8 drop
		}
	}
	END
	at nat nft -f - <<-END
	table ip nat {
		chain out {
			type nat hook postrouting priority srcnat
			oifname "out" masquerade
		}
	}
	END
	load_algorithms
}

# load_algorithms: the first SA of a kind has the kernel load modules, for seconds
load_algorithms()
{
	local vpn

	for vpn in $VPN $VPN6; do
		ip -n e1 xfrm state add src "$vpn" dst "$vpn" proto esp spi 256 mode tunnel \
			aead "rfc4106(gcm(aes))" "0x$(printf '%040d' 0)" 128
	done
	ip -n e1 xfrm state flush
}

# element_conf ELEMENT [SETTING…]: its connection, which is that of all
element_conf()
{
	swan_conf "$1" <<-END
	connections {
		vpn {
			version = 2
			proposals = $IKE_PROPOSAL
			local_addrs = $VPN, $VPN6
			pools = inside
			$(printf '%s\n' "${@:2}")
			local { auth = ${AUTH:-psk}
				id = vpn.example
				$([ "${AUTH:-psk}" = psk ] || echo "certs = $1.crt") }
			remote { auth = ${AUTH:-psk} }
			children {
				net {
					local_ts = 10.3.0.0/24
					esp_proposals = $ESP_PROPOSAL
				}
			}
		}
	}
	pools {
		inside { addrs = 10.9.${1#e}.0/24 }
	}
	secrets {
		ike { secret = "not a secret" }
	}
	END
}

# peer_conf PEER [SETTING…]: its connection to the VPN's address, whoever that is. Where it
# finds nobody there any more, it begins anew.
peer_conf()
{
	local vpn=$VPN

	! peer_is6 "$1" || vpn=$VPN6
	swan_conf "$1" <<-END
	connections {
		vpn {
			version = 2
			proposals = $IKE_PROPOSAL
			remote_addrs = $vpn
			vips = 0.0.0.0
			keyingtries = 0
			dpd_delay = ${PEER_DPD:-0}
			$(printf '%s\n' "${@:2}")
			local { auth = ${AUTH:-psk}
				id = $1.example
				$([ "${AUTH:-psk}" = psk ] || echo "certs = $1.crt") }
			remote { auth = ${AUTH:-psk}
				id = vpn.example }
			children {
				net {
					remote_ts = 10.3.0.0/24
					dpd_action = restart
					esp_proposals = $ESP_PROPOSAL
				}
			}
		}
	}
	secrets {
		ike { secret = "not a secret" }
	}
	END
}

# others_of HOST LOCAL REMOTE SETTING… < CHILDREN: a connection more, of a host
others_of()
{
	swan_conf "$1" "$2-$3" <<-END
	connections {
		$2-$3 {
			version = 2
			proposals = $IKE_PROPOSAL
			$(printf '%s\n' "${@:4}")
			local { auth = psk
				id = $2.example }
			remote { auth = psk
				id = $3.example }
			children {
				$(cat)
			}
		}
	}
	END
}

# elements_spis: what their charons have to be told, to choose SPIs of a bucket that is
# theirs, is in $spi_settings
declare -A spi_settings
elements_spis()
{
	local e

	for e in $(elements); do
		spi_settings[$e]=$(json "(if type == \"array\" then .[0] else . end).members[] |
			select(.element == \"$e\").charon | del(.bucket) | to_entries[] |
			\"\(.key) = \(.value)\"" qos front -j pool show vpn)
	done
}

# elements_pool: the elements and a pool of them, on front
elements_pool()
{
	local e members=()

	for e in $(elements); do
		qos front element add "$e" id "${e#e}" dev in via "10.0.0.${e#e}" \
			via6 "fd00::${e#e}"
		members+=(member "$e")
	done
	qos front pool add vpn id 1 "${members[@]}"
	elements_spis
}

# elements_steer: what comes to the VPN's addresses goes there
elements_steer()
{
	qos front steer add $VPN pool vpn ike pool
	qos front steer add $VPN6 pool vpn ike pool
}

# elements_ipvs: the same by what Linux has had so far, as its users do it: one mark for
# IKE and ESP, and who came once comes to the same again
elements_ipvs()
{
	local i family

	modprobe ip_vs
	at front nft -f - <<-END
	table inet ipvs {
		chain in {
			type filter hook prerouting priority mangle
			ip daddr $VPN udp dport { 500, 4500 } meta mark set 1
			ip daddr $VPN meta l4proto esp meta mark set 1
			ip6 daddr $VPN6 udp dport { 500, 4500 } meta mark set 1
			ip6 daddr $VPN6 meta l4proto esp meta mark set 1
		}
	}
	END
	for family in -4 -6; do
		ip -n front $family rule add fwmark 1 lookup 100
		ip -n front $family route add local default dev lo table 100
	done
	at front ipvsadm -A -f 1 -s rr -p 360
	at front ipvsadm -A -f 1 -6 -s rr -p 360
	for ((i = 1; i <= ELEMENTS; i++)); do
		at front ipvsadm -a -f 1 -r "10.0.0.$i" -g
		at front ipvsadm -a -f 1 -6 -r "[fd00::$i]:0" -g
	done
}

elements_ipvs_end()
{
	local family

	at front ipvsadm -C
	at front nft delete table inet ipvs
	for family in -4 -6; do
		ip -n front $family rule del fwmark 1 lookup 100
		ip -n front $family route del local default dev lo table 100
	done
}

# element_start ELEMENT [plugin]: its charon
element_start()
{
	charon_start "$1" "${2:-}" <<-END
	# so many of those behind one translator may begin at once
	block_threshold = 0
	${spi_settings[$1]:-}
	END
}

# peer_start PEER: with PEER_DPD, so many seconds, it looks whether its element lives, and
# takes one that is silent for dead five seconds later
peer_start()
{
	charon_start "$1" < <([ -z "${PEER_DPD:-}" ] ||
		printf '%s\n' "retransmit_timeout = 1" "retransmit_base = 1.2" \
			"retransmit_tries = 3")
}

# peers_up PEER…: their tunnels, at the same moment; with CHILD another one than net
peers_up()
{
	local name
	local -a started=()

	for name; do
		swan_up "$name" "${CHILD:-net}" &
		started+=($!)
	done
	for name in "${started[@]}"; do
		wait "$name"
	done
}

# peers_down PEER…
peers_down()
{
	local name

	for name; do
		swan "$name" --terminate --ike vpn >>"$W/$name/swan.log" 2>&1 || true
	done
}

# peers_ping [PEER…]: each of them, or of all, pings the server five times a second, until
# peers_pinged
declare -A _ping_pid lost_of
_raced_before=0
peers_ping()
{
	local name

	_raced_before=$(_raced)
	# shellcheck disable=SC2046 # names
	[ $# != 0 ] || set -- $(peers)
	for name; do
		exec_at "$name" ping -n -i 0.2 $SERVER >"$W/ping-$name.log" 2>&1 </dev/null &
		_ping_pid[$name]=$!
	done
}

# peer_answers PEER: how many answers it got to its pings so far
peer_answers()
{
	grep -c 'bytes from' "$W/ping-$1.log" || true
}

# peer_answered PEER MORE_THAN: for wait_for
peer_answered()
{
	(($(peer_answers "$1") > $2))
}

# peer_whole PEER: no answer is missing, or none of the last five seconds
peer_whole()
{
	local last missing

	read -r last _ missing < <(ping_counted "$W/ping-$1.log")
	((missing + 25 < last || missing == 0))
}

# peers_pinged: each that pings gets one more answer, then they end. $lost_of each is how
# many of its packets were not answered, of those up to the last that was; $lost and $sent
# are sums. An answer that another has overtaken may be on its way: for one that is missing
# among the last they go on for a while.
# shellcheck disable=SC2034 # for scenarios
peers_pinged()
{
	local name out back deadline

	lost=0 sent=0 lost_of=()
	for name in "${!_ping_pid[@]}"; do
		wait_for 60 peer_answered "$name" "$(peer_answers "$name")"
	done
	deadline=$(($(now_ms) + 8000 * ${SLOW:-1}))
	for name in "${!_ping_pid[@]}"; do
		until peer_whole "$name" || (($(now_ms) >= deadline)); do
			read -rt 0.1 <> <(:) || true
		done
	done
	for name in "${!_ping_pid[@]}"; do
		end "${_ping_pid[$name]}" INT
		read -r out back _ < <(ping_counted "$W/ping-$name.log")
		lost_of[$name]=$((out - back))
		sent=$((sent + out)) lost=$((lost + out - back))
	done
	_ping_pid=()
}

# _raced: packets that the hosts' kernels dropped themselves as charon rekeyed: whose SA was
# deleted between their having it and their leaving by it (XfrmOutStateInvalid), or whose
# route while they were decrypted (XfrmInError). On a busy machine a processor stands still
# just then: Linux and strongSwan alone lost 5 of 13,217 so, in 90 rekeys.
_raced()
{
	local name
	local -a stats=()

	# shellcheck disable=SC2046 # names
	for name in $(elements) $(peers); do
		stats+=("/proc/${host_pid[$name]}/net/xfrm_stat")
	done
	awk '/^Xfrm(OutStateInvalid|InError)/ { n += $2 } END { print n + 0 }' "${stats[@]}"
}

# none_lost REKEYS: all that peers_pinged says is lost the kernels dropped so, in so many
# rekeys; and it is little. Else fail, and say which are lost, and what each kernel dropped.
none_lost()
{
	local name raced

	[ "$lost" != 0 ] || return 0
	raced=$(($(_raced) - _raced_before))
	echo "           $raced dropped by the kernels as SAs were deleted under them"
	((lost > raced || lost * 6 > $1)) || return 0
	for name in "${!lost_of[@]}"; do
		[ "${lost_of[$name]}" = 0 ] ||
			echo "           $name lost $(pings_missing "$W/ping-$name.log")"
	done
	# shellcheck disable=SC2046 # names
	for name in front nat $(elements) $(peers); do
		# shellcheck disable=SC2016 # for awk
		at "$name" awk -v name="$name" '$2 { print "           " name, $1, $2 }' \
			/proc/net/xfrm_stat
	done
	qos front element show
	fail "$lost of $sent packets are lost, of which the kernels explain $raced"
}

# refused: packets that front's module had an element for, and did not send to it
refused()
{
	qos front -j element show | jq '[.[].counters | to_entries[] |
		select(.key != "sent" and .key != "icmp").value.packets] | add'
}

# _inbound ELEMENT: SPI and packets of each SA to the VPN's address that it has
_inbound()
{
	ip -n "$1" -s xfrm state | awk -v v4=$VPN -v v6=$VPN6 '
		$1 == "src" { dst = $4 }
		$1 == "proto" { spi = substr($4, 1, 10) }
		/lifetime current/ { getline; sub(/.*\), /, ""); sub(/\(.*/, "")
			if (dst == v4 || dst == v6) print spi, $0 }'
}

# peer_spis PEER: those that it sends with now
peer_spis()
{
	ip -n "$1" xfrm state | awk -v v4=$VPN -v v6=$VPN6 '
		$1 == "src" { dst = $4 }
		$1 == "proto" && (dst == v4 || dst == v6) { print substr($4, 1, 10) }'
}

# look: who decrypts whom, by the kernels' own counts of the SAs: $home of each peer is the
# element that has decrypted packets of an SA that the peer sends with; - is nobody, and
# two are told as e1+e2. $decrypted is how many packets that were.
declare -A home decrypted spi_of
look()
{
	local name spi packets e
	local -A at_element=() count=()

	for e in $(elements); do
		while read -r spi packets; do
			[ "$packets" != 0 ] || continue
			at_element[$spi]+="+$e" count[$spi]=$packets
		done < <(_inbound "$e")
	done
	for name in $(peers); do
		home[$name]='' decrypted[$name]=0 spi_of[$name]=''
		for spi in $(peer_spis "$name"); do
			spi_of[$name]+="${spi_of[$name]:+ }$spi"
			[ -n "${at_element[$spi]:-}" ] || continue
			[[ "${home[$name]}+" = *"${at_element[$spi]}+"* ]] ||
				home[$name]+=${at_element[$spi]}
			decrypted[$name]=$((decrypted[$name] + count[$spi]))
		done
		home[$name]=${home[$name]#+}
		home[$name]=${home[$name]:--}
	done
}

# no_states: packets that came to an element which has no SA for them
no_states()
{
	local e

	for e in $(elements); do
		at "$e" cat /proc/net/xfrm_stat
	done | awk '$1 == "XfrmInNoStates" { n += $2 } END { print n + 0 }'
}

# homes PEER…: how many peers each element has, of these, such as "e1:2 e2:3"; after look
homes()
{
	local name

	for name; do
		echo "${home[$name]}"
	done | sort | uniq -c | awk '{ printf "%s%s:%s", (NR > 1 ? " " : ""), $2, $1 }'
}
