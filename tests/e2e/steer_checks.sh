#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# once: the daemon looks and decides, on whatever kernel
#
# Elements are checked over IPv6, by each of the ways that there are; and one that comes and
# goes is held down, for longer each time, though its checks succeed. No charon is there.
#
#   .------------.  to_e1   eth0 .----.
#   | gw         |---------------| e1 |  checked by ping
#   | ipsec-qosd |               '----'
#   |            |---------------| e2 |  by its neighbour
#   |            |               '----'
#   |            |---------------| e3 |  by TCP
#   |            |               '----'
#   |            |---------------| e4 |  by ping, its next hop is one of the link alone
#   '------------'               '----'
. tests/lib/lib.sh

host gw e1 e2 e3 e4
for n in 1 2 3 4; do
	link gw:to_e$n e$n:eth0
	addr gw to_e$n fd00:$n::1/64
	addr e$n eth0 fd00:$n::2/64
done
addr e4 eth0 fe80::4/64
forward gw
# what the kernel takes to give a neighbour up
at gw sysctl -qw net.ipv6.neigh.to_e2.retrans_time_ms=200

# listen: at e3, whoever connects; $listener is who does
listen()
{
	exec_at e3 /usr/bin/python3 -c 'import socket as s
l = s.create_server(("fd00:3::2", 443), family=s.AF_INET6, backlog=64)
while True:
    l.accept()[0].close()' </dev/null >/dev/null 2>&1 &
	listener=$!
}

# deaf ELEMENT 0|1: does it leave echo requests unanswered?
deaf()
{
	at "$1" sysctl -qw net.ipv6.icmp.echo_ignore_all="$2"
}

# checked ELEMENT FILTER: what the daemon knows of it passes
checked()
{
	json_is ".steering.elements | map(select(.name == \"$1\"))[0] | $2" \
		qos gw -j daemon status
}

# state ELEMENT STATE: as kernel and daemon say
state()
{
	json_is "map(select(.name == \"$1\"))[0].state == \"$2\"" qos gw -j element show &&
		checked "$1" ".state == \"$2\" and (.by_hand | not)"
}

# goes_down ELEMENT HOLD: and is held down for so many seconds from then on
goes_down()
{
	deaf "$1" 1
	wait_for 20 state "$1" down
	checked "$1" ".hold == $2 and .held <= $2" >/dev/null ||
		fail "$1 is not held down for $2 s: $(qos gw -j daemon status)"
}

listen
module_load
qosd_conf gw <<END
element e1 { id = 1 via6 = "fd00:1::2" check = ping interval = 100ms fails = 3 passes = 2 }
element e2 { id = 2 via6 = "fd00:2::2" device = to_e2 check = neighbour interval = 100ms }
element e3 { id = 3 via6 = "fd00:3::2" check = "tcp:443" interval = 100ms }
element e4 { id = 4 via6 = "fe80::4" device = to_e4 check = ping interval = 100ms }
pool vpn { id = 7 members = { e1, e2, e3, e4 } }
steer "2001:db8:100::1" { pool = vpn }
END
qosd_start gw

step "each is asked, and answers"
wait_for 30 json_is '.steering.elements | map(select(.ok and .up)) | length == 4' \
	qos gw -j daemon status
for n in 1 2 3 4; do
	wait_for 10 state e$n up
done

step "each is found down, and up again"
for e in e1 e4; do
	deaf $e 1
	wait_for 20 state $e down
	checked $e '.why | contains("no answer")' >/dev/null
	deaf $e 0
	wait_for 20 state $e up
done
kill $listener
wait_for 20 state e3 down
listen
wait_for 20 state e3 up
# nobody answers, on a link that is there; then one that is not
ip -n e2 -6 addr flush dev eth0 scope global
wait_for 30 state e2 down
addr e2 eth0 fd00:2::2/64
wait_for 30 state e2 up
ip -n e2 link set eth0 down
wait_for 20 state e2 down
checked e2 '.why | contains("carrier")' >/dev/null
ip -n e2 link set eth0 up
addr e2 eth0 fd00:2::2/64
wait_for 30 state e2 up

step "packets of who is down go to the others"
deaf e1 1
wait_for 20 json_is '.[0] | .lent == (.members | map(select(.element == "e1"))[0].home)' \
	qos gw -j pool show vpn
deaf e1 0
wait_for 20 state e1 up
expect_json '.[0].lent == 0' qos gw -j pool show vpn

step "one that comes and goes is held down, for longer each time"
deaf e4 1
wait_for 20 state e4 down
deaf e4 0
for hold in 2 4 8 16; do
	wait_for 60 state e4 up
	goes_down e4 $hold
	deaf e4 0
done
start=$(now_ms)
wait_for 12 checked e4 '.ok and .held > 0 and (.up | not)'
state e4 down >/dev/null || fail "e4 is not held down"
wait_for 60 state e4 up
took=$(($(now_ms) - start))
echo "           held down for $hold s, up $took ms after it has answered again"
((took > 8000)) || fail "up after $took ms"
# the others were not
wait_for 10 state e3 up
checked e3 '.hold <= 1' >/dev/null
