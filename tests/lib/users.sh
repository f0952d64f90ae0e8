# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Road warriors and their gateway, which has one network card: what they send leaves it
# decrypted by the device that it came in by. Each proves a name in EAP, and has an
# address out of a pool. Needs lib.sh.
#
#	ada 198.51.100.11 ---.                        .-----------------------.
#	bob 198.51.100.12 ---+                        | gw                    |
#	 ...                 +--- net (a bridge) -----| nic 198.51.100.1      |
#	srv 10.1.1.80 -------'                        |     10.1.1.1          |
#	                                              | charon, ipsec-qosd    |
#	  pool: 10.9.0.0/24                           '-----------------------'

USERS=${USERS:-ada bob cid dee eli fay}

declare -A user_inside

users_topology()
{
	local i=10 user

	# shellcheck disable=SC2086 # names
	host gw net srv $USERS
	ip -n net link add name br0 type bridge
	ip -n net link set br0 up
	for user in gw srv $USERS; do
		link "net:to-$user" "$user:nic"
		ip -n net link set "to-$user" master br0
	done
	addr gw nic 198.51.100.1/24 10.1.1.1/24
	addr srv nic 10.1.1.80/24
	route srv default via 10.1.1.1
	forward gw
	# what goes out by where it came in is meant so
	at gw sysctl -qw net.ipv4.conf.all.send_redirects=0 \
		net.ipv4.conf.nic.send_redirects=0
	for user in $USERS; do
		i=$((i + 1))
		addr "$user" nic "198.51.100.$i/24"
	done
}

# users_gateway: the gateway's connection
users_gateway()
{
	swan_conf gw <<-END
	connections {
		users {
			version = 2
			proposals = $IKE_PROPOSAL
			local_addrs = 198.51.100.1
			pools = inside
			unique = never
			local { auth = psk
				id = gw.corp.example }
			remote { auth = eap-md5
				eap_id = %any }
			children {
				net {
					local_ts = 10.1.1.0/24
					esp_proposals = $ESP_PROPOSAL
				}
			}
		}
	}
	pools {
		inside { addrs = 10.9.0.0/24 }
	}
	secrets {
		ike { id = gw.corp.example
			secret = "the gateway's" }
		$(for user in $USERS; do
			echo "eap-$user { id = $user@corp.example
				secret = \"of $user\" }"
		done)
	}
	END
}

# user_conf HOST [USER [CLAIMED]]: who is at it, and what it says as its IKE identity
user_conf()
{
	swan_conf "$1" <<-END
	connections {
		gw {
			version = 2
			proposals = $IKE_PROPOSAL
			remote_addrs = 198.51.100.1
			vips = 0.0.0.0
			local { auth = eap
				id = ${3:-$1.device}
				eap_id = ${2:-$1}@corp.example }
			remote { auth = psk
				id = gw.corp.example }
			children {
				net {
					remote_ts = 10.1.1.0/24
					esp_proposals = $ESP_PROPOSAL
				}
			}
		}
	}
	secrets {
		ike { id = gw.corp.example
			secret = "the gateway's" }
		eap { id = ${2:-$1}@corp.example
			secret = "of ${2:-$1}" }
	}
	END
}

# user_up HOST: and its address from the pool into user_inside
user_up()
{
	swan_up "$1" net
	user_inside[$1]=$(swan "$1" --list-sas | grep -oE '10\.9\.0\.[0-9]+' | head -n 1)
	[ -n "${user_inside[$1]}" ] || fail "$1 has no address"
}

user_down()
{
	swan "$1" --terminate --ike gw >/dev/null
}

# user_group NAME: what the gateway's daemon says of who proved that name, by a word of
# jq on its entry
user_group()
{
	qos gw -j daemon status | jq -r --arg eap "$1@corp.example" \
		"[.peers[] | select(.eap == \$eap)] | ${2:-.[0].group}"
}
