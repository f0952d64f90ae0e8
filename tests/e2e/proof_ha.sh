#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# In a cluster (strongSwan's plugin ha) the passive gateway knows what its partner
# tells: for the peers' groups that counts, until it takes over and after that,
# and it is shown as what it is. A name that nothing proved counts on neither.
#
#   .----------------.          .-------------------.       .-----------------.
#   | peer           |          | one: charon with  |       | two: the same,  |
#   |                |          | plugin, ha, qosd  |       | passive         |
#   | 10.3.N.1 (lo)  |          | 10.4.0.1 (lo)     |       |                 |
#   | eth0 192.0.2.6N+----------+ eth0 192.0.2.1    |       |                 |
#   '----------------'          | ha 10.99.0.2 -----+-------+- ha 10.99.0.1   |
#                               '-------------------'       '-----------------'
#
# once: it is charon's and the daemon's doing, whatever the kernel is
. tests/lib/lib.sh

host peer one two
link peer:eth0 one:eth0
link one:ha two:ha
addr one eth0 192.0.2.1/24
addr one lo 10.4.0.1/32
addr one ha 10.99.0.2/24
addr two ha 10.99.0.1/24
addr peer eth0 192.0.2.61/24
addr peer eth0 192.0.2.62/24
addr peer lo 10.3.1.1/32
addr peer lo 10.3.2.1/32
route one 10.3.0.0/16 via 192.0.2.61
route peer 10.4.0.0/24 via 192.0.2.1

for name in peer one two; do
	swan_conf $name secrets <<-END
	secrets {
		ike { secret = "not a secret" }
		eap-ursula { id = ursula
			secret = "ursulas secret" }
	}
	END
done

gw="auth = psk
	id = gw.example"
swan_side peer key 2 192.0.2.61 192.0.2.1 10.3.1.1/32 10.4.0.1/32 "unique = never
	local { auth = psk
		id = site6.customer-z.example }
	remote { $gw }"
swan_side peer eap 2 192.0.2.62 192.0.2.1 10.3.2.1/32 10.4.0.1/32 "unique = never
	local { auth = eap
		id = hub6.customer-z.example
		eap_id = ursula }
	remote { $gw }"
for name in one two; do
	swan_side $name key 2 192.0.2.1 192.0.2.61 10.4.0.1/32 10.3.1.1/32 "unique = never
		local { $gw }
		remote { auth = psk }"
	swan_side $name eap 2 192.0.2.1 192.0.2.62 10.4.0.1/32 10.3.2.1/32 "unique = never
		local { $gw }
		remote { auth = eap-md5
			eap_id = %any }"
	qosd_conf $name <<-END
	group zeta { id = 21  mark = 0x10000/0xf0000 }
	group ursula { id = 22  mark = 0x20000/0xf0000 }
	profile zeta { identity = "*.customer-z.example"  group = zeta }
	profile ursula { eap-identity = "urs*"  group = ursula }
	END
done

# told HOST
told()
{
	qos "$1" -j daemon status | jq -r '.peers[] | "\(.connection) \(.group // "-") " +
		(.identities // [] | map("\(.round) \(.proof) \(.method) \(.identity)") |
		join(", "))' | sort
}

# as HOST WHAT: that is what it tells
as()
{
	[ "$(told "$1")" = "$2" ]
}

step "two gateways, the first is active"
module_load
qosd_start one
qosd_start two
charon_start peer <<<"install_routes = no"
_charon_plugins+=" ha"
# ha_start HOST LOCAL REMOTE
ha_start()
{
	charon_start "$1" plugin <<-END
	install_routes = no
	plugins {
		ha {
			local = $2
			remote = $3
			fifo_interface = no
		}
	}
	END
	wait_for 30 json_is '.charon.synced' qos "$1" -j daemon status
}
ha_start one 10.99.0.2 10.99.0.1
wait_for 30 grep -q "HA segment 1 activated" "$W/one/charon.log"
ha_start two 10.99.0.1 10.99.0.2
# what comes up while that is asked for is stated twice
wait_for 30 grep -q "resyncing HA segment 1" "$W/one/charon.log"

step "the active one saw how they proved it"
swan_up peer key
swan_up peer eap
expect "it is" "eap ursula 1 eap eap-md5 ursula, 1 claimed eap-md5 hub6.customer-z.example
key zeta 1 key psk site6.customer-z.example" "$(told one)"

step "the passive one was told"
heard="eap ursula null eap partner ursula, null claimed partner hub6.customer-z.example
key zeta null key partner site6.customer-z.example"
wait_for 30 as two "$heard"
wait_for 30 json_is 'length == 2' qos two -j sa show group ursula

step "it takes over"
charon_stop one KILL
wait_for 30 grep -q "HA segment 1 activated" "$W/two/charon.log"
expect "it is" "$heard" "$(told two)"
expect "SAs" 2 "$(json length qos two -j sa show group zeta)"

step "and lives on, told anew to a daemon that was away"
qosd_stop two
qosd_start two
wait_for 30 json_is '.charon.synced' qos two -j daemon status
wait_for 30 as two "$heard"
