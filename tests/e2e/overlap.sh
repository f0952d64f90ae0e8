#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Overlapping customers: the same inner addresses at the same time, each
# delivered to its own network, both ways, and each shaped in its own class.
# The topology is drawn in tests/lib/customers.sh.
. tests/lib/lib.sh
. tests/lib/customers.sh

step "a gateway, two customers with the same addresses, and a stranger"
module_load
customers_topology
customers_conf <<-END
policy wan {
	device = wan
	rate = 20mbit
	class gold { bandwidth = 50% }
	class silver { bandwidth = 30% }
	default { bandwidth = 20% }
}
END
customers_up

step "who is recognised"
expect "gold's SAs" 2 "$(json 'map(select(.group == "gold")) | length' qos gw -j sa show)"
expect "silver's SAs" 2 "$(json 'map(select(.group == "silver")) | length' qos gw -j sa show)"
expect "all SAs" 4 "$(json length qos gw -j sa show)"

# Each host says who it is: the answer tells which of the two was reached.
for h in home-a home-b site-a site-b home-c site-c; do
	exec_at $h python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7))
while True:
	s.sendto(sys.argv[1].encode(), s.recvfrom(100)[1])
' $h >/dev/null 2>&1 </dev/null &
	disown $!
	wait_for 10 eval "at $h ss -Hlun sport = :7 | grep -q ."
done

# who HOST ADDRESS: who answers there
who()
{
	at "$1" timeout 10 python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
while True:
	s.sendto(b"who?", (sys.argv[1], 7))
	try:
		print(s.recv(100).decode())
		break
	except TimeoutError:
		pass
' "$2"
}

step "each is delivered to its own network, both ways"
for c in a b; do
	expect "home-$c to 192.168.1.2" site-$c "$(who home-$c 192.168.1.2)"
	expect "site-$c to 10.1.1.2" home-$c "$(who site-$c 10.1.1.2)"
done
expect "home-c to 192.168.9.2" site-c "$(who home-c 192.168.9.2)"
expect "site-c to 10.3.3.2" home-c "$(who site-c 10.3.3.2)"

step "each is shaped in its own class, at the same time, both ways at once"
# class_packets NAME: what its class on wan has sent
class_packets()
{
	json "map(select(.class == \"$1\"))[0].packets" qos gw -j class show
}

for c in a b c; do
	case $c in
	a) class=gold other=silver home=10.1.1.2 site=192.168.1.2 ;;
	b) class=silver other=gold home=10.1.1.2 site=192.168.1.2 ;;
	c) class=default other=gold home=10.3.3.2 site=192.168.9.2 ;;
	esac
	before=$(class_packets $class) others=$(class_packets $other)
	at home-$c ping -q -i 0.01 -c 100 -w 20 $site >"$W/home-$c.log" &
	one=$!
	at site-$c ping -q -i 0.01 -c 100 -w 20 $home >"$W/site-$c.log" &
	wait $one || fail "home-$c: $(cat "$W/home-$c.log")"
	wait $! || fail "site-$c: $(cat "$W/site-$c.log")"
	# requests of the one, answers to the other
	n=$(($(class_packets $class) - before))
	((n >= 200)) || fail "class $class sent $n packets of 200"
	expect "packets in class $other" 0 $(($(class_packets $other) - others))
done

step "counters"
for c in esp_in esp_out clear_in clear_out; do
	for g in gold silver; do
		n=$(counter gw $g $c)
		((n >= 200)) || fail "$g has counted $n of $c"
	done
done

step "without the mark nobody finds his network"
qos gw sa flush
pings_not home-a 192.168.1.2
