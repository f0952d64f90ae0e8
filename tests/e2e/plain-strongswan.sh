#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two strongSwan peers without ipsec-qos: what the other scenarios stand on.
#
#   .------------------.                .------------------.
#   | left             |                | right            |
#   | 10.1.0.1 (lo)    |                | 10.2.0.1 (lo)    |
#   |        eth0 .1 --+- 192.0.2.0/24 -+- .2 eth0         |
#   '------------------'   IKEv2, PSK   '------------------'
#
# once: nothing of this project is in it
. tests/lib/lib.sh

host left right
link left:eth0 right:eth0
addr left eth0 192.0.2.1/24
addr left lo 10.1.0.1/32
addr right eth0 192.0.2.2/24
addr right lo 10.2.0.1/32
route left 10.2.0.0/24 via 192.0.2.2 src 10.1.0.1
route right 10.1.0.0/24 via 192.0.2.1 src 10.2.0.1

# peer SELF ITS_ADDRESS OTHER ITS_ADDRESS LOCAL_TS REMOTE_TS
peer()
{
	swan_psk "$1" "$3" "$1.example" "$3.example" <<-END
	local_addrs = $2
	remote_addrs = $4
	children {
		net {
			local_ts = $5
			remote_ts = $6
			esp_proposals = $ESP_PROPOSAL
		}
	}
	END
}

peer left 192.0.2.1 right 192.0.2.2 10.1.0.0/24 10.2.0.0/24
peer right 192.0.2.2 left 192.0.2.1 10.2.0.0/24 10.1.0.0/24

step "two charons"
charon_start left
charon_start right
expect "CHILD SAs before" 0 "$(sas left net)"

step "IKEv2 up"
swan_up left net
expect "CHILD SAs on the left" 1 "$(sas left net)"
expect "CHILD SAs on the right" 1 "$(sas right net)"

step "pings through it"
capture_start right eth0 wire
pings left 10.2.0.1
pings right 10.1.0.1
capture_stop wire
expect "ESP packets" 4 "$(captured wire esp)"
# its own inbound ones are seen once more when they are decrypted
expect "clear packets out" 0 "$(captured wire icmp and src 10.2.0.1)"

step "down"
swan left --terminate --ike right >/dev/null
wait_for 10 sas_are right net 0
charon_stop left
charon_stop right
