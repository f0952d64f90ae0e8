# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Nodes behind one address of a translator, and the gateway that all of them talk
# ESP to. Needs lib.sh.
#
#   .--------------------.
#   | node-1             |
#   | charon with plugin |      .--------------.        .--------------------.
#   | 10.1.1.1 (lo)      |      | nat          |        | gw                 |
#   | eth0 10.0.1.11  ---+-- in + 10.0.1.1     |        | charon with plugin |
#   '--------------------'   |  |              |        | 10.2.0.1 (lo)      |
#            ...             |  |  192.0.2.1 + out -----+ eth0 192.0.2.2     |
#   .--------------------.   |  | (masquerade) |        '--------------------'
#   | node-8 10.0.1.18 --+---'  '--------------'
#   '--------------------'
#
# CHILD SA net is between 10.1.N.1 and 10.2.0.1, and is called net-N at gw. The
# last two nodes speak IKEv1. nat masquerades what goes out.

NODES=${NODES:-8}
GLOBAL=192.0.2.1
GW=192.0.2.2

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
	local i

	# shellcheck disable=SC2046 # names
	host gw nat $(nodes)
	link nat:out gw:eth0
	ip -n nat link add name in type bridge
	ip -n nat link set in up
	addr nat in 10.0.1.1/24
	addr nat out $GLOBAL/24
	addr gw eth0 $GW/24
	addr gw lo 10.2.0.1/32
	route gw 10.1.0.0/16 via $GLOBAL
	forward nat
	for ((i = 1; i <= NODES; i++)); do
		node_cable "$i"
		addr "node-$i" lo "10.1.$i.1/32"
	done
	# IKE keeps its mapping although nobody sends keepalives
	at nat nft -f - <<-END
	table ip nat {
		chain out {
			type nat hook postrouting priority srcnat
			ip saddr 10.0.1.0/24 oifname "out" masquerade
		}
	}
	END
	at nat sysctl -qw net.netfilter.nf_conntrack_udp_timeout=600 \
		net.netfilter.nf_conntrack_udp_timeout_stream=600
}

# node_version N: of IKE
node_version()
{
	echo $((NODES > 2 && $1 > NODES - 2 ? 1 : 2))
}

# _node_connection NAME CHILD VERSION LOCAL REMOTE LOCAL_TS REMOTE_TS LOCAL_ID REMOTE_ID
_node_connection()
{
	cat <<-END
	$1 {
		version = $3
		proposals = $([ "$3" = 1 ] && echo "$IKE_V1_PROPOSAL" || echo "$IKE_PROPOSAL")
		mobike = ${MOBIKE:-no}
		keyingtries = 0
		local_addrs = $4
		remote_addrs = $5
		local { auth = psk
			id = $8 }
		remote { auth = psk
			id = $9 }
		children {
			$2 {
				local_ts = $6
				remote_ts = $7
				esp_proposals = $ESP_PROPOSAL
			}
		}
	}
	END
}

# nodes_conf: charons' connections, and what the plugin does on each host
nodes_conf()
{
	local i version name secret='secrets { ike { secret = "not a secret" } }'

	for ((i = 1; i <= NODES; i++)); do
		version=$(node_version "$i")
		swan_conf "node-$i" <<-END
		connections {
			$(_node_connection gw net "$version" %any $GW "10.1.$i.1/32" \
				10.2.0.1/32 "node-$i.example" gw.example)
		}
		$secret
		END
		swan_conf gw "node-$i" <<-END
		connections {
			$(_node_connection "node-$i" "net-$i" "$version" $GW %any \
				10.2.0.1/32 "10.1.$i.1/32" gw.example "node-$i.example")
		}
		END
	done
	swan_conf gw <<<"$secret"
	for name in gw $(nodes); do
		cat > "$W/$name/plugin.conf" <<-END
		spi_derive = ${SPI_DERIVE:-md5-low16}
		esp_through_nat = yes
		timeout = 2000
		END
	done
}

# nodes_start: all charons
nodes_start()
{
	local name

	for name in gw $(nodes); do
		charon_start "$name" plugin </dev/null
	done
}

# nodes_up: all CHILD SAs, at the same moment
nodes_up()
{
	local name
	local -a started=()

	for name in $(nodes); do
		swan_up "$name" net &
		started+=($!)
	done
	for name in "${started[@]}"; do
		wait "$name"
	done
}

# nodes_ping WAYS [ARGUMENT…]: each node pings gw (out), and gw each of them (in; or
# both, out+in), until nodes_pinged
_ping_pids=()
nodes_ping()
{
	local i

	rm -f "$W"/ping-*.log
	for ((i = 1; i <= NODES; i++)); do
		if [[ $1 = *out* ]]; then
			exec_at "node-$i" ping -q -i 0.25 -I "10.1.$i.1" "${@:2}" 10.2.0.1 \
				>"$W/ping-node-$i.log" </dev/null &
			_ping_pids+=($!)
		fi
		if [[ $1 = *in ]]; then
			exec_at gw ping -q -i 0.25 -I 10.2.0.1 "${@:2}" "10.1.$i.1" \
				>"$W/ping-gw:$i.log" </dev/null &
			_ping_pids+=($!)
		fi
	done
}

# nodes_pinged [SIGNAL]: with one, they are ended by it, else they end by themselves.
# $answered is how many got answers, $sent how many packets were sent, $lost how many
# of them were not answered
# shellcheck disable=SC2034 # for scenarios
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
		read -r out back < <(awk '/packets transmitted/ { print $1, $4 }' "$file")
		[ "$back" = 0 ] || answered=$((answered + 1))
		sent=$((sent + out)) lost=$((lost + out - back))
	done
}

# nodes_strays: packets that reached a node which has no SA for them
nodes_strays()
{
	local name

	for name in $(nodes); do
		at "$name" cat /proc/net/xfrm_stat
	done | awk '$1 == "XfrmInNoStates" { n += $2 } END { print n + 0 }'
}
