# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A gateway and one peer that has a group, with several CHILD SAs between them.
# Needs lib.sh.
#
#   .---------------------.                .---------------------.
#   | gw                  |                | peer                |
#   | charon with plugin, |                | charon              |
#   | ipsec-qosd          |                |                     |
#   | 10.1.N.1 (lo)       |                | 10.2.N.1 (lo)       |
#   |             wan .1 -+- 192.0.2.0/24 -+- .2 eth0            |
#   '---------------------'                '---------------------'
#
# CHILD SA netN is between 10.1.N.0/24 and 10.2.N.0/24.

GOLD=0x10/0xff0
CHILDREN=${CHILDREN:-10}

peer_addresses()
{
	local i

	for ((i = 1; i <= CHILDREN; i++)); do
		addr gw lo "10.1.$i.1/32"
		addr peer lo "10.2.$i.1/32"
	done
}

peer_topology()
{
	host gw peer
	link gw:wan peer:eth0
	addr gw wan 192.0.2.1/24
	addr peer eth0 192.0.2.2/24
	route gw 10.2.0.0/16 via 192.0.2.2
	route peer 10.1.0.0/16 via 192.0.2.1
	peer_addresses
}

# _peer_side HOST OTHER NET OTHER_NET OTHER_ADDRESS VERSION
_peer_side()
{
	local i

	swan_conf "$1" <<-END
	connections {
		$2 {
			version = $6
			remote_addrs = $5
			proposals = $([ "$6" = 1 ] && echo "$IKE_V1_PROPOSAL" || echo "$IKE_PROPOSAL")
			keyingtries = 0
			dpd_delay = 2s
			local { auth = psk
				id = $1.customer-a.example }
			remote { auth = psk
				id = $2.customer-a.example }
			children {
				$(for ((i = 1; i <= CHILDREN; i++)); do
					echo "net$i { local_ts = $3.$i.0/24
						remote_ts = $4.$i.0/24
						esp_proposals = $ESP_PROPOSAL }"
				done)
			}
		}
	}
	secrets {
		ike { id = $2.customer-a.example
			secret = "not a secret" }
	}
	END
}

# peer_conf VERSION: of IKE
peer_conf()
{
	_peer_side gw peer 10.1 10.2 %any "$1"
	_peer_side peer gw 10.2 10.1 192.0.2.1 "$1"
	qosd_conf gw <<-END
	group gold { id = 1  mark = $GOLD }
	profile customer-a { identity = "*.customer-a.example"  group = gold }
	END
}

# peer_up: all CHILD SAs, by the peer
peer_up()
{
	local i

	for ((i = 1; i <= CHILDREN; i++)); do
		swan_up peer "net$i"
	done
}

# peer_flows: pings through every CHILD SA, both ways, without end
flows=()
peer_flows()
{
	local i

	for ((i = 1; i <= CHILDREN; i++)); do
		exec_at gw ping -qni 0.1 -I "10.1.$i.1" "10.2.$i.1" \
			>>"$W/gw/ping-$i.log" 2>&1 </dev/null &
		flows+=($!)
		exec_at peer ping -qni 0.1 -I "10.2.$i.1" "10.1.$i.1" \
			>>"$W/peer/ping-$i.log" 2>&1 </dev/null &
		flows+=($!)
	done
}

# peer_flows_end: and each had answers
peer_flows_end()
{
	local pid log

	for pid in "${flows[@]}"; do
		end "$pid" INT
	done
	flows=()
	for log in "$W"/{gw,peer}/ping-*.log; do
		grep -qE ' [1-9][0-9]* received' "$log" || fail "$log: $(cat "$log")"
	done
}
