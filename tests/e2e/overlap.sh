#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Overlapping customers: the same inner addresses at the same time, each
# delivered to its own network, both ways, and each shaped in its own class.
# The topology is drawn in tests/lib/customers.sh. gw has a policy on wan, for ESP
# on its way out, and one on each lan, for what came out of ESP.
#
# vm: -t 900
# ci-once: what compat.h has is not in it
. tests/lib/lib.sh
. tests/lib/customers.sh

RATE=$((600 / ${SLOW:-1}))	# kilobits a second; an emulated machine
FLOOD=$(jq -n "0.72 / ${SLOW:-1}")	# megabits, of each flow at once
WINDOW=$((6 * ${SLOW:-1}))	# seconds
SIZE=1200		# bytes of UDP payload
declare -A class=([a]=gold [b]=silver [c]=default)
declare -A home=([a]=10.1.1.2 [b]=10.1.1.2 [c]=10.3.3.2)
declare -A site=([a]=192.168.1.2 [b]=192.168.1.2 [c]=192.168.9.2)
# What each class gets of a device, in per cent: of wan its guarantee, as all are
# busy there, and of a lan, where it is alone, its ceiling.
declare -A share=(
	[wan,gold]=50 [wan,silver]=30 [wan,default]=20
	[lan,gold]=90 [lan,silver]=70 [lan,default]=40
)

step "a gateway, two customers with the same addresses, and a stranger"
module_load
customers_topology
for device in wan lan-a lan-b lan-c; do
	cat <<-END
	policy $device {
		device = $device
		rate = ${RATE}kbit
		class gold { bandwidth = ${share[wan,gold]}%  ceil = ${share[lan,gold]}% }
		class silver { bandwidth = ${share[wan,silver]}%  ceil = ${share[lan,silver]}% }
		default { bandwidth = ${share[wan,default]}%  ceil = ${share[lan,default]}% }
	}
	END
done | customers_conf
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
	wait_for 10 eval "at $h ss -Hlun sport = :7 | grep ."
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

# Apart from each other, what comes out of gw is counted where it goes to.
for c in a b c; do
	at site-$c nft -f - <<-END
	table inet seen {
		counter got { }
		chain arrived {
			type filter hook prerouting priority raw
			ip saddr 203.0.113.1 counter name got
		}
	}
	END
	at home-$c nft -f - <<-END
	table inet seen {
		counter got { }
		chain arrived {
			type filter hook prerouting priority raw
			ip saddr ${site[$c]} counter name got
		}
	}
	END
done

# sent: "DEVICE CLASS PACKETS" of each class that has sent something
sent()
{
	json '.[] | select(.packets > 0) | "\(.device) \(.class) \(.packets)"' \
		qos gw -j class show | sort
}

# got: the same, by what arrived at each site and each home
got()
{
	local c

	for c in a b c; do
		echo "wan ${class[$c]} $(seen "site-$c")"
		echo "lan-$c ${class[$c]} $(seen "home-$c")"
	done | sort
}

seen()
{
	at "$1" nft -j list counter inet seen got | jq '.nftables[1].counter.packets'
}

# more BEFORE AFTER: by how much the packets of each line have grown
more()
{
	awk 'NR == FNR { before[$1, $2] = $3; next }
	     $3 > before[$1, $2] { print $1, $2, $3 - before[$1, $2] }' "$1" "$2"
}

# all_accounted: each class has sent what arrived where it is to go, and no other
# class has sent anything
all_accounted()
{
	sent > "$W/sent.after"
	got > "$W/got.after"
	diff -U 0 --label "arrived" --label "sent by the classes" \
		<(more "$W/got.before" "$W/got.after") \
		<(more "$W/sent.before" "$W/sent.after")
}

step "each is shaped in its own class, all at the same time, both ways"
# What nobody sent on purpose would be in nobody's class: IPv6's, and asking for
# neighbours, who are known by now
at gw sysctl -qw net.ipv6.conf.all.disable_ipv6=1
for h in gw home-{a,b,c} site-{a,b,c}; do
	ip -n "$h" -4 neigh show | awk '/lladdr/ { print $1, "dev", $3, "lladdr", $5 }' |
		sed 's/^/neigh replace /; s/$/ nud permanent/' | ip -n "$h" -batch -
done
sent > "$W/sent.before"
got > "$W/got.before"
flows=()
i=0
for c in a b c; do
	i=$((i + 1))
	flows+=("home-$c,site-$c,${site[$c]},500$i,$SIZE,$(wire_esp $SIZE)"
		"site-$c,home-$c,${home[$c]},600$i,$SIZE,$(wire_clear $SIZE)")
done
load gw "$FLOOD" $WINDOW "${flows[@]}"
wrong=0
for c in a b c; do
	for way in wan lan-$c; do
		wanted=${share[${way%-*},${class[$c]}]}
		rate=$(jq '.rates[0]' <<<"$loaded")
		loaded=$(jq '.rates |= .[1:]' <<<"$loaded")
		printf '           %-8s through %-6s %5.2f mbit of %.2f\n' \
			"${class[$c]}" "$way" "${rate}e-6" "$((wanted * RATE))e-5"
		(expect_near "${class[$c]} through $way" $((wanted * RATE * 10)) "$rate" 15) ||
			wrong=$((wrong + 1))
	done
done
[ $wrong = 0 ] || fail "$wrong rates are not as configured"
# what queues is on its way still
wait_for 10 all_accounted

step "counters"
for c in esp_in esp_out clear_in clear_out; do
	for g in gold silver; do
		n=$(counter gw $g $c)
		((n >= 100)) || fail "$g has counted $n of $c"
	done
done

step "without the mark nobody finds his network"
qosd_stop gw	# or it would put back what goes
qos gw sa flush
pings_not home-a 192.168.1.2
