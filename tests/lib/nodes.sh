# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Nodes behind one address of a translator, and the gateways that all of them talk
# ESP to. Needs lib.sh.
#
#   .--------------------.
#   | node-1             |
#   | charon with plugin |                            .----------------------.
#   | 10.1.1.1 (lo)      |     .-------------.        | gw 198.51.100.2      |
#   | eth0 10.0.1.11  ---+- in + nat         |    .---| charon with plugin   |
#   '--------------------'  |  | 10.0.1.1    |  .-+-. | 10.2.1.1 (lo)        |
#            ...            |  |             |  |isp| '----------------------'
#   .--------------------.  |  | 192.0.2.1  out-+   | .----------------------.
#   | node-8 10.0.1.18 --+--'  | masquerades |  '-+-' | gw2 203.0.113.2      |
#   '--------------------'     '-------------'    '---| likewise             |
#                                                     | 10.2.2.1 (lo)        |
#                                                     '----------------------'
#
# GATEWAYS says which there are. CHILD SA net, of node N and gw, is between 10.1.N.1
# and 10.2.1.1, and is called net-N there; with gw2 it is net2. The last two of three
# nodes or more speak IKEv1.

NODES=${NODES:-8}
GATEWAYS=${GATEWAYS:-gw}
GLOBAL=192.0.2.1
GW=198.51.100.2
declare -A outside=([gw]=$GW [gw2]=203.0.113.2) inner=([gw]=10.2.1.1 [gw2]=10.2.2.1)

# nodes: their names
nodes()
{
	local i

	for ((i = 1; i <= NODES; i++)); do
		echo "node-$i"
	done
}

# node_cable N: plug it in, at 10.0.1.(10+N)
node_cable()
{
	link "node-$1:eth0" "nat:node-$1"
	ip -n nat link set "node-$1" master in
	addr "node-$1" eth0 "10.0.1.$((10 + $1))/24"
	route "node-$1" default via 10.0.1.1
}

nodes_topology()
{
	local i gw

	# shellcheck disable=SC2046,SC2086 # names
	host nat isp $GATEWAYS $(nodes)
	link nat:out isp:nat
	ip -n nat link add name in type bridge
	ip -n nat link set in up
	addr nat in 10.0.1.1/24
	addr nat out $GLOBAL/24
	addr isp nat 192.0.2.254/24
	route nat default via 192.0.2.254
	forward nat isp
	for gw in $GATEWAYS; do
		link "isp:$gw" "$gw:eth0"
		addr isp "$gw" "${outside[$gw]%.*}.254/24"
		addr "$gw" eth0 "${outside[$gw]}/24"
		addr "$gw" lo "${inner[$gw]}/32"
		route "$gw" default via "${outside[$gw]%.*}.254"
	done
	for ((i = 1; i <= NODES; i++)); do
		node_cable "$i"
		addr "node-$i" lo "10.1.$i.1/32"
	done
	at nat nft -f - <<-END
	table ip nat {
		chain out {
			type nat hook postrouting priority srcnat
			ip saddr 10.0.1.0/24 oifname "out" masquerade
		}
	}
	END
	# IKE keeps its mapping where a node sends no keep-alives
	at nat sysctl -qw net.netfilter.nf_conntrack_udp_timeout=600 \
		net.netfilter.nf_conntrack_udp_timeout_stream=600
}

# node_version N: of IKE
node_version()
{
	echo $((NODES > 2 && $1 > NODES - 2 ? 1 : 2))
}

# _node_side HOST NAME VERSION OWN OTHER OWN_NET OTHER_NET CHILD: one of a node's, or of
# a gateway's with it
_node_side()
{
	swan_side "${@:1:7}" "mobike = ${MOBIKE:-no}
			keyingtries = 0
			local { auth = psk
				id = $1.example }
			remote { auth = psk
				id = $2.example }" "$8"
}

# nodes_conf: charons' connections, and what the plugin does on each host
nodes_conf()
{
	local i version name gw secret='secrets { ike { secret = "not a secret" } }'

	for ((i = 1; i <= NODES; i++)); do
		version=$(node_version "$i")
		for gw in $GATEWAYS; do
			_node_side "node-$i" "$gw" "$version" %any "${outside[$gw]}" \
				"10.1.$i.1/32" "${inner[$gw]}/32" "net${gw#gw}"
			_node_side "$gw" "node-$i" "$version" "${outside[$gw]}" %any \
				"${inner[$gw]}/32" "10.1.$i.1/32" "net-$i"
		done
	done
	for name in $GATEWAYS $(nodes); do
		swan_conf "$name" secret <<<"$secret"
		cat > "$W/$name/plugin.conf" <<-END
		spi_derive = ${SPI_DERIVE:-md5-low16}
		esp_through_nat = yes
		END
	done
}

# nodes_start: all charons
nodes_start()
{
	local name

	for name in $GATEWAYS $(nodes); do
		charon_start "$name" plugin </dev/null
	done
}

# nodes_up: all CHILD SAs, at the same moment
nodes_up()
{
	local name gw
	local -a started=()

	for name in $(nodes); do
		for gw in $GATEWAYS; do
			swan_up "$name" "net${gw#gw}" &
			started+=($!)
		done
	done
	for name in "${started[@]}"; do
		wait "$name"
	done
}

# nodes_ping WAYS [ARGUMENT…]: each node pings each gateway (out), and these each of
# them (in; or both, out+in), until nodes_pinged
_ping_pids=()
nodes_ping()
{
	local i gw

	rm -f "$W"/ping-*.log
	for gw in $GATEWAYS; do
		for ((i = 1; i <= NODES; i++)); do
			if [[ $1 = *out* ]]; then
				exec_at "node-$i" ping -n -i 0.25 -I "10.1.$i.1" "${@:2}" \
					"${inner[$gw]}" >"$W/ping-node-$i:$gw.log" </dev/null &
				_ping_pids+=($!)
			fi
			if [[ $1 = *in ]]; then
				exec_at "$gw" ping -n -i 0.25 -I "${inner[$gw]}" "${@:2}" \
					"10.1.$i.1" >"$W/ping-$gw:$i.log" </dev/null &
				_ping_pids+=($!)
			fi
		done
	done
}

# nodes_answered NUMBER: every ping has had so many answers; for wait_for
nodes_answered()
{
	local file

	for file in "$W"/ping-*.log; do
		(($(grep -c 'bytes from' "$file") >= $1)) || return
	done
}

# nodes_pinged [SIGNAL]: they end by themselves, or with a signal by that; what is on its way
# then is not counted. $answered is how many got answers, $sent how many packets were sent,
# $lost how many of them were not answered
# shellcheck disable=SC2034,SC2120 # for scenarios
nodes_pinged()
{
	local pid file out back

	answered=0 sent=0 lost=0
	for pid in "${_ping_pids[@]}"; do
		[ $# = 0 ] || kill -s "$1" "$pid"
		wait "$pid" || true
	done
	_ping_pids=()
	for file in "$W"/ping-*.log; do
		if [ $# = 0 ]; then
			read -r out back < <(awk '/packets transmitted/ { print $1, $4 }' "$file")
		else
			read -r out back _ < <(ping_counted "$file")
		fi
		[ "$back" = 0 ] || answered=$((answered + 1))
		sent=$((sent + out)) lost=$((lost + out - back))
	done
}

# nodes_answers: how many each ping has had, for nodes_answered_since
nodes_answers()
{
	grep -c 'bytes from' "$W"/ping-*.log
}

# nodes_answered_since COUNTS NUMBER: every ping has had so many more; for wait_for. What had
# sent nothing on a new SA by then has: nobody sends on one ahead of its node any more.
nodes_answered_since()
{
	local line

	while read -r line; do
		(($(grep -c 'bytes from' "${line%:*}") >= ${line##*:} + $2)) || return
	done <<<"$1"
}

# nodes_lose_nothing WAYS: of what they send each other until each has four answers. With
# ping -c 4 an answer would be lost that takes a busy machine longer than a quarter second.
nodes_lose_nothing()
{
	nodes_ping "$1"
	wait_for 60 nodes_answered 4
	nodes_pinged INT
	expect "lost" 0 "$lost"
}

# nodes_strays: packets that reached a node which has no SA for them
nodes_strays()
{
	local name

	for name in $(nodes); do
		at "$name" cat /proc/net/xfrm_stat
	done | awk '$1 == "XfrmInNoStates" { n += $2 } END { print n + 0 }'
}
