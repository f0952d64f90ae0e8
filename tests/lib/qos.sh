# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The module, and the daemon on a host (net.sh).

declare -A qosd_pid

# module_load, module_unload
module_load()
{
	modprobe ipsec_qos
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
	wait_for 10 qos "$1" daemon status
}

# qosd_stop HOST [SIGNAL]: and wait until it is gone
qosd_stop()
{
	local pid=${qosd_pid[$1]}

	kill -s "${2:-TERM}" "$pid"
	wait_for 10 not kill -0 "$pid"
	unset "qosd_pid[$1]"
}

# counter HOST GROUP COUNTER: packets of one, such as esp_in
counter()
{
	qos "$1" -j group show | jq -r --arg name "$2" --arg counter "$3" \
		'map(select(.name == $name))[0].counters[$counter].packets'
}
