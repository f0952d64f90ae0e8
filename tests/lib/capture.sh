# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tcpdump on a host (net.sh).

declare -A capture_pid

# capture_start HOST DEVICE NAME [FILTER…]: into $W/NAME.pcap; returns when
# packets are seen
capture_start()
{
	rm -f "$W/$3.pcap" "$W/$3-tcpdump.log"
	exec_at "$1" tcpdump -Z root -i "$2" -n -U --immediate-mode -B 16384 \
		-w "$W/$3.pcap" "${@:4}" 2>>"$W/$3-tcpdump.log" </dev/null &
	capture_pid[$3]=$!
	wait_for 20 grep -q 'listening on' "$W/$3-tcpdump.log"
}

# It says how many packets it has, twice the same: asked, it answers between two
# rounds of reading all that is there.
_capture_written()
{
	local before=${capture_said:-}

	: > "$W/$1-tcpdump.log"
	kill -USR1 "${capture_pid[$1]}"
	wait_for 30 grep -q captured "$W/$1-tcpdump.log"
	capture_said=$(grep captured "$W/$1-tcpdump.log")
	[ "$capture_said" = "$before" ]
}

# capture_stop NAME: when all that it saw is in the file; fail where some was
# dropped
capture_stop()
{
	local pid=${capture_pid[$1]} capture_said=

	wait_for 30 _capture_written "$1"
	end "$pid" INT
	unset "capture_pid[$1]"
	grep -qE '^0 packets dropped by kernel' "$W/$1-tcpdump.log" ||
		fail "capture $1 is not complete: $(cat "$W/$1-tcpdump.log")"
}

# captured NAME [FILTER…]: how many packets of a capture pass
captured()
{
	tcpdump --count -n -r "$W/$1.pcap" "${@:2}" 2>/dev/null | cut -d ' ' -f 1
}
