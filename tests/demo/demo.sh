#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What make demo runs in the virtual machine. The topology is drawn in
# tests/lib/customers.sh.
. tests/lib/lib.sh
. tests/lib/customers.sh
. tests/demo/say.sh

echo
say "a gateway, three sites, three home networks: each a network namespace"
module_load
customers_topology
customers_conf <<-END
policy wan {
	device = wan
	rate = 2mbit
	class gold { bandwidth = 50%  ceil = 100% }
	class silver { bandwidth = 30%  ceil = 60% }
	default { bandwidth = 20%  ceil = 100% }
}
END
say "ipsec-qosd on the gateway, a charon on it and on each site, tunnels up"
customers_up
for c in a b c; do
	swan site-$c --rekey --child net >/dev/null
done
# charon keeps the inbound SA of before for a few seconds
wait_for 30 json_is 'length == 4' qos gw -j sa show
say "traffic to all three at once"
GW="nsenter -t ${host_pid[gw]} -n -m --wdns=$PWD" \
	exec python3 tests/demo/report.py
