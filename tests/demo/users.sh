#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The second part of make demo: six road warriors, a limit for each of them, up and down,
# in three lines of configuration. The topology is drawn in tests/lib/users.sh.
. tests/lib/lib.sh
. tests/lib/users.sh
. tests/demo/say.sh

DOWN=160 UP=80	# kilobits a second: an emulated processor is slow

echo
say "a gateway with one network card, six road warriors, a server behind the gateway"
module_load
users_topology
users_gateway
cat > "$W/three-lines" <<-END
	profile staff { eap-identity = "*@corp.example"  each { marks = 0x100000/0x1ff00000  clear = 0x80000000 } }
	policy nic { device = nic  rate = 20mbit  each staff { ceil = ${DOWN}kbit }
	                                          each-clear staff { ceil = ${UP}kbit } }
END
qosd_conf gw < "$W/three-lines"
say "the gateway's configuration:"
echo
sed 's/^/  /' "$W/three-lines"
echo
qosd_start gw
charon_start gw plugin
inside=()
for user in $USERS; do
	user_conf "$user"
	charon_start "$user"
	user_up "$user"
	inside+=("$user=${user_inside[$user]}")
done
GW="nsenter -t ${host_pid[gw]} -n -m --wdns=$PWD" \
	exec python3 tests/demo/users.py $DOWN $UP "${inside[@]}"
