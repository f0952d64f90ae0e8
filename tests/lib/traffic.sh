# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ping, iperf3 and competing load between hosts (net.sh).

# pings HOST ADDRESS [ARGUMENT…]: an answer comes; waits for it for a while
pings()
{
	at "$1" ping -q -c 1 -w 10 "${@:3}" "$2" >/dev/null ||
		fail "$1 gets no answer from $2"
}

# pings_not HOST ADDRESS [ARGUMENT…]: no answer comes within two seconds
pings_not()
{
	not at "$1" ping -q -c 1 -w 2 "${@:3}" "$2" >/dev/null ||
		fail "$1 gets an answer from $2"
}

# _ping_awk: what ping_counted and pings_missing share
# shellcheck disable=SC2016 # for awk
_ping_awk='
/bytes from/ {
	for (i = 1; i < NF; i++)
		if ($i == "icmp_seq" && !seen[$(i + 1)]++) {
			n++
			if ($(i + 1) > last)
				last = $(i + 1)
		}
}'

# ping_counted FILE: of what ping said there: the number of the last packet that was answered,
# how many were, and the number of the last ahead of that which was not, or 0. What was sent
# behind the last may be on its way still.
ping_counted()
{
	awk -F '[ =]' "$_ping_awk"'
	END {
		for (i = last; i > 0 && i in seen; i--)
			;
		print last + 0, n + 0, i + 0
	}' "$1"
}

# pings_missing FILE: the numbers of those that were not answered, up to the last that was
pings_missing()
{
	awk -F '[ =]' "$_ping_awk"'
	END {
		for (i = 1; i < last; i++)
			if (!(i in seen))
				printf "%d ", i
		print "of", last + 0
	}' "$1"
}

# udp_encap HOST: from now on ESP in UDP, port 4500, is decrypted: that takes a socket,
# of an IKE daemon elsewhere (UDP_ENCAP, UDP_ENCAP_ESPINUDP)
udp_encap()
{
	exec_at "$1" python3 -uc '
import signal, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_UDP, 100, 2)
s.bind(("0.0.0.0", 4500))
print("ready")
signal.pause()' >"$W/$1/encap.log" 2>&1 </dev/null &
	disown $!
	wait_for 20 grep -q ready "$W/$1/encap.log"
}

# flow_server HOST ADDRESS [PORT]: an iperf3 server in the background
flow_server()
{
	local port=${3:-5201}

	exec_at "$1" iperf3 -s -B "$2" -p "$port" >>"$W/$1/iperf3-$port.log" 2>&1 </dev/null &
	disown $!
	wait_for 30 eval "at $1 ss -Hltn sport = :$port | grep ."
}

# flow_start HOST ADDRESS NAME ARGUMENT…: an iperf3 client in the background,
# its report is going to be $W/NAME.json
declare -A flow_pid
flow_start()
{
	exec_at "$1" iperf3 -c "$2" -J "${@:4}" >"$W/$3.json" 2>&1 </dev/null &
	flow_pid[$3]=$!
}

# flow_wait NAME…: for the flows to end
flow_wait()
{
	local name

	for name; do
		wait "${flow_pid[$name]}" || fail "flow $name: $(cat "$W/$name.json")"
	done
}

# flow_rate NAME: what the receiver got, in bits a second
flow_rate()
{
	jq -r '.end | (.sum_received // .sum).bits_per_second | round' "$W/$1.json"
}

# wire_clear SIZE, wire_esp SIZE: bytes of an Ethernet frame with that much UDP
# payload; and with that in AES-GCM's tunnel mode (RFC 4303 section 2)
wire_clear()
{
	echo $((14 + 20 + 8 + $1))
}

wire_esp()
{
	echo $((14 + 20 + 16 + (20 + 8 + $1 + 2 + 3) / 4 * 4 + 16))
}

# load HOST MBIT SECONDS FLOW…: at once, as load.py has it, until this machine is
# not too busy; what load.py said is in $loaded, with HOST's class show
load()
{
	local attempt status

	for attempt in 1 2 3 4 5 6; do
		status=0
		# shellcheck disable=SC2034 # for the scenario
		loaded=$(tests/lib/load.py "$2" "$3" \
			"ipsec-qos -n $1 -S $W/$1/run/ipsec-qos/ipsec-qosd.sock -j class show" \
			"${@:4}") || status=$?
		[ $status = 3 ] || break
		echo "           (attempt $attempt: this machine is too busy)"
	done
	[ $status = 0 ] || fail "load.py said $status"
}

# rate_is WHAT GOT WANTED: bits a second, and kilobits: within 15 %; says so, and goes on
# until rates_are_right
_rates_wrong=0
rate_is()
{
	awk -v what="$1" -v got="$2" -v want="$3" '
	BEGIN {
		good = got >= 850 * want && got <= 1150 * want
		printf "           %-30s %4.0f kbit of %3.0f  %s\n", what, got / 1e3, want,
			good ? "ok" : "NOT OK"
		exit !good
	}' || _rates_wrong=$((_rates_wrong + 1))
}

# rate N: what arrived of the Nth flow of load, from 0 on
rate()
{
	jq ".rates[$1]" <<<"$loaded"
}

# rates_are_right: all that rate_is looked at
rates_are_right()
{
	[ $_rates_wrong = 0 ] || fail "$_rates_wrong figures are not as configured"
}
