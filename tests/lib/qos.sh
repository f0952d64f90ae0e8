# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The module, and the daemon on a host (net.sh).

declare -A qosd_pid

# When the module, a daemon or a charon was there again last, in ms of now_ms: a
# daemon as its socket is, a charon as it first answered. To start any program
# takes long on an emulated processor.
came_back=0

# module_load, module_unload
module_load()
{
	modprobe ipsec_qos
	came_back=$(now_ms)
}

module_unload()
{
	rmmod ipsec_qos
}

# qos HOST ARGUMENT…: ipsec-qos there
qos()
{
	at "$1" ipsec-qos "${@:2}"
}

# qosd_conf HOST < FILE: its configuration
qosd_conf()
{
	cat > "$W/$1/ipsec-qos/ipsec-qosd.conf"
}

# qosd_start HOST [ARGUMENT…]: and wait until it is ready
qosd_start()
{
	mkdir -p "$W/$1/run/ipsec-qos"
	exec_at "$1" ipsec-qosd "${@:2}" >>"$W/$1/ipsec-qosd.log" 2>&1 </dev/null &
	qosd_pid[$1]=$!
	disown $!
	wait_for 30 qos "$1" daemon status
	# shellcheck disable=SC2034 # for those who wait for it
	came_back=$(stat -c %.3Z "$W/$1/run/ipsec-qos/ipsec-qosd.sock" | tr -d .)
}

# qosd_stop HOST [SIGNAL]: and wait until it is gone
qosd_stop()
{
	local pid=${qosd_pid[$1]}

	kill -s "${2:-TERM}" "$pid"
	wait_for 30 not kill -0 "$pid"
	unset "qosd_pid[$1]"
}

# counter HOST GROUP COUNTER: packets of one, such as esp_in
counter()
{
	qos "$1" -j group show | jq -r --arg name "$2" --arg counter "$3" \
		'map(select(.name == $name))[0].counters[$counter].packets'
}

# counters HOST: packets of every group's counters, and of - those that are in
# no group
counters()
{
	{ qos "$1" -j group show; qos "$1" -j status; } | jq -cs '
		(.[0] | map({ (.name): .counters | map_values(.packets) }) | add) +
		{ "-": (.[1] | { untagged, malformed } | map_values(.packets)) }'
}

# counters_keep HOST: for counters_since
counters_keep()
{
	counters "$1" > "$W/$1/counters.json"
}

# counters_since HOST: what was counted since, such as
# "gold.esp_in+2 gold.esp_out+2"; nothing, where nothing was
counters_since()
{
	counters "$1" | jq -r --slurpfile kept "$W/$1/counters.json" '
		[ to_entries[] | .key as $group | .value | to_entries[] |
		  (.value - ($kept[0][$group][.key] // 0)) as $more |
		  select($more != 0) | "\($group).\(.key)+\($more)" ] | sort | join(" ")'
}

# nft_counted HOST: which named counters of nft counted since this was asked
# last, such as "in_gold+2 out_gold+2"
nft_counted()
{
	at "$1" nft -j reset counters | jq -r '
		[ .nftables[].counter | select(. != null and .packets > 0) |
		  "\(.name)+\(.packets)" ] | sort | join(" ")'
}
