#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon outlives many charons: it keeps nothing of those that ended.
#
#   gw ---- peer		(tests/lib/peer.sh draws it)
#
# once: it is the daemon's doing, whatever the kernel is
CHILDREN=1
. tests/lib/lib.sh
. tests/lib/exact.sh
. tests/lib/peer.sh

# memory: of the daemon, in KiB; files: how many it has open
memory()
{
	awk '$1 == "VmRSS:" { print $2 }' "/proc/${qosd_pid[gw]:?}/status"
}

files()
{
	find "/proc/${qosd_pid[gw]:?}/fd" -type l | wc -l
}

step "topology, module, daemon, charons"
peer_topology
module_load
peer_conf 2
qosd_start gw
charon_start peer </dev/null
charon_start gw plugin </dev/null

for ((i = 0; i <= 22; i++)); do
	step "charon, time $i"
	if [ $i != 0 ]; then
		charon_run gw
		# it may not have been told that its SAs are gone
		swan peer --terminate --ike gw --force >>"$W/peer/swan.log" 2>&1 || true
	fi
	peer_up
	tables_exact gw 3
	# after two times it has what it needs
	if [ $i = 2 ]; then
		memory=$(memory) files=$(files)
	fi
	[ $i = 22 ] || charon_stop gw TERM
done
echo "the daemon: $memory KiB, $files files; 20 restarts later $(memory) KiB, $(files) files"
expect "files that the daemon has open" "$files" "$(files)"
(($(memory) <= memory + 128)) || fail "the daemon's memory grows"
expect_json '.peers | length == 1' qos gw -j daemon status
