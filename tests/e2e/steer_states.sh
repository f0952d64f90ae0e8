#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# once: the daemon looks and decides, on whatever kernel
#
# Elements, pools and steered prefixes of the configuration are in the kernel, whatever is
# restarted or changed by hand; elements are checked, and what somebody says of one by hand
# stands, and is remembered. No charon is there: a router in front of elements has none.
#
#   .------------.  to_e1   eth0 .----.
#   | gw         |---------------| e1 |  checked by ping
#   | ipsec-qosd |               '----'
#   |            |---------------| e2 |  by its neighbour
#   |            |               '----'
#   |            |---------------| e3 |  by TCP
#   '------------'               '----'
. tests/lib/lib.sh

host gw e1 e2 e3
for n in 1 2 3; do
	link gw:to_e$n e$n:eth0
	addr gw to_e$n 10.0.$n.1/24
	addr e$n eth0 10.0.$n.2/24
done
forward gw
# it answers what asks for it, as often as is asked
exec_at e3 /usr/bin/python3 -c 'import socket as s
l = s.create_server(("10.0.3.2", 500), backlog=64)
while True:
    l.accept()[0].close()' </dev/null >/dev/null 2>&1 &
listener=$!
# what the kernel takes to give a neighbour up
at gw sysctl -qw net.ipv4.neigh.to_e2.retrans_time_ms=200

conf()
{
	{
		cat <<-END
		element e1 { id = 1 via = 10.0.1.2 check = ping interval = 100ms fails = 3 passes = 2 }
		element e2 { id = 2 via = 10.0.2.2 device = to_e2 interval = 100ms }
		element e3 { id = 3 via = 10.0.3.2 check = "tcp:500" interval = 100ms }
		END
		cat
	} | qosd_conf gw
}

full()
{
	conf <<-END
	element e4 { id = 4 via = 10.0.1.9 check = none }
	pool vpn { id = 7 secret = 000102030405060708090a0b0c0d0e0f members = { e1, e2 } member e3 { weight = 2 } }
	pool servers { id = 8 mode = flow members = e1 }
	steer 192.0.2.0/24 { pool = vpn ike = pool }
	steer 198.51.100.1 { pool = vpn ike = e4 }
	END
}

# elements, pools: as the kernel has them
elements()
{
	qos gw -j element show | jq -r 'map("\(.name) \(.state) \(.owner)") | join(", ")'
}

pools()
{
	qos gw -j pool show | jq -r 'map(.name) | join(" ")'
}

# state ELEMENT STATE BY_HAND: as kernel and daemon say
state()
{
	json_is "map(select(.name == \"$1\"))[0].state == \"$2\"" qos gw -j element show &&
		json_is ".steering.elements | map(select(.name == \"$1\"))[0] |
			.state == \"$2\" and .by_hand == $3" qos gw -j daemon status
}

all_up="e1 up daemon, e2 up daemon, e3 up daemon, e4 up daemon"

module_load
full
qosd_start gw

step "what is configured is in the kernel"
wait_for 10 json_is 'length == 2' qos gw -j steer show
# what listens at e3 takes a while to come
are_up()
{
	[ "$(elements)" = "$all_up" ]
}
wait_for 30 are_up
expect pools "vpn servers" "$(pools)"
expect_json 'map(select(.name == "vpn"))[0].members | map(.weight) == [1, 1, 2]' \
	qos gw -j pool show

step "each is asked, and found down and up again"
wait_for 10 json_is '.steering.elements | map(select(.ok)) | length == 3' \
	qos gw -j daemon status
at e1 sysctl -qw net.ipv4.icmp_echo_ignore_all=1
wait_for 10 state e1 down false
at e1 sysctl -qw net.ipv4.icmp_echo_ignore_all=0
wait_for 10 state e1 up false
kill $listener
wait_for 10 state e3 down false
exec_at e3 /usr/bin/python3 -c 'import socket as s
l = s.create_server(("10.0.3.2", 500), backlog=64)
while True:
    l.accept()[0].close()' </dev/null >/dev/null 2>&1 &
wait_for 10 state e3 up false
# nobody answers, on a link that is there; then one that is not
at e2 ip addr flush dev eth0
wait_for 20 state e2 down false
addr e2 eth0 10.0.2.2/24
wait_for 20 state e2 up false
ip -n e2 link set eth0 down
wait_for 10 state e2 down false
expect_json '.steering.elements[1].why | contains("carrier")' qos gw -j daemon status
ip -n e2 link set eth0 up
wait_for 20 state e2 up false

step "what somebody says stands, over checks, and is remembered"
qos gw element change e1 state drain
wait_for 10 state e1 drain true
at e1 sysctl -qw net.ipv4.icmp_echo_ignore_all=1
wait_for 10 json_is '.steering.elements[0].up == false' qos gw -j daemon status
state e1 drain true >/dev/null
at e1 sysctl -qw net.ipv4.icmp_echo_ignore_all=0
wait_for 20 json_is '.steering.elements[0].up' qos gw -j daemon status
qos gw element change e3 state down
wait_for 10 state e3 down true
wait_for 10 grep -q e3 "$W/gw/lib/elements"
grep -q '"e1","state":"drain"' "$W/gw/lib/elements"
qosd_stop gw KILL
# and while no daemon is there
qos gw element change e4 state drain
qosd_start gw
wait_for 10 state e1 drain true
state e3 down true >/dev/null
wait_for 10 state e4 drain true

step "a restart changes nothing; the module comes back, and has it all again"
exec_at gw ipsec-qos -j monitor > "$W/gw/monitor.json" 2>&1 </dev/null &
monitor=$!
qosd_stop gw
qosd_start gw
# what is told of this has been told
qos gw element change e4 state up
wait_for 10 state e4 up false
wait_for 10 grep -q e4 "$W/gw/monitor.json"
not grep -qE '"e[123]"|vpn|servers|192.0.2.0' "$W/gw/monitor.json"
kill $monitor
module_unload
module_load
wait_for 20 json_is 'length == 2' qos gw -j steer show
expect elements "e1 drain daemon, e2 up daemon, e3 down daemon, e4 up daemon" "$(elements)"
for n in 1 3; do
	qos gw element change e$n state up
	wait_for 10 state e$n up false
done
wait_for 10 not grep -q e1 "$W/gw/lib/elements"

step "what is changed by hand is put back"
qos gw steer del 192.0.2.0/24
wait_for 10 json_is 'length == 2' qos gw -j steer show
qos gw pool change vpn member e3 weight 9
wait_for 10 json_is 'map(select(.name == "vpn"))[0].members | map(.weight) == [1, 1, 2]' \
	qos gw -j pool show
qos gw element change e1 via 10.0.1.77
wait_for 10 json_is '.[0].via == "10.0.1.2"' qos gw -j element show

step "a reload changes what changed; what is gone goes, without a charon"
# another id and another name: each is somebody else's in the kernel
conf <<END
element e5 { id = 4 via = 10.0.1.9 check = none }
element e4 { id = 9 via = 10.0.1.9 check = none }
pool vpn { id = 7 secret = 000102030405060708090a0b0c0d0e0f members = { e1, e2, e3, e4 } }
steer 192.0.2.0/25 { pool = vpn ike = pool }
END
qos gw daemon reload
expect elements "e1 up daemon, e2 up daemon, e3 up daemon, e5 up daemon, e4 up daemon" \
	"$(elements)"
expect pools "vpn" "$(pools)"
expect_json 'length == 1' qos gw -j steer show

step "what is done about unknown SPIs, by one of the elements or without"
# unknown: what the kernel does, by which element, how often
unknown()
{
	qos gw -j settings show | jq -r '.unknown | "\(.do) \(.element) \(.rate)"'
}
expect "as it is unless configured" "off null 100" "$(unknown)"
conf <<END
element ctl { id = 12 via = 10.0.1.8 check = none }
settings { unknown = relay  unknown-element = ctl  unknown-rate = 7 }
END
qos gw daemon reload
expect "at its first element" "relay ctl 7" "$(unknown)"
# the element that it names goes with it, and another is named
conf <<END
element cto { id = 13 via = 10.0.1.8 check = none }
settings { unknown = relay  unknown-element = cto }
END
qos gw daemon reload
expect "by another" "relay cto 100" "$(unknown)"
expect elements "e1 up daemon, e2 up daemon, e3 up daemon, cto up daemon" "$(elements)"
qos gw settings set unknown off
conf <<END
settings { unknown = tell }
END
qos gw daemon reload
expect "whatever was set by hand" "tell null 100" "$(unknown)"
expect elements "e1 up daemon, e2 up daemon, e3 up daemon" "$(elements)"
expect_json '.steering.errors | length == 0' qos gw -j daemon status

# who BUCKET…: the names of those who have them
who()
{
	local bucket

	for bucket; do
		qos gw -j steer test dst 192.0.2.9 spi $(((bucket << 16) + 256)) | jq -r .element
	done | tr '\n' ' '
}
# some of each
buckets=$(seq 0 97 4095)

step "ids are numbers: who has which bucket goes by names, also what is held and by hand"
for members in "e1, e2, e3" "e1, e2, e3, e4"; do
	conf <<-END
	element e4 { id = 9 via = 10.0.1.9 check = none }
	element e5 { id = 4 via = 10.0.1.8 check = none }
	pool vpn { id = 7 secret = 000102030405060708090a0b0c0d0e0f members = { $members } }
	steer 192.0.2.0/25 { pool = vpn ike = pool }
	END
	qos gw daemon reload
done
qos gw element change e1 state drain
wait_for 10 state e1 drain true
# shellcheck disable=SC2086
had=$(who $buckets)
held=$(qos gw -j pool show | jq '.[0].held')
[ "$held" -gt 0 ]
# one has an id that was nobody's, two swap theirs, and one has that of one that goes
conf2()
{
	qosd_conf gw <<-END
	element e1 { id = 21 via = 10.0.1.2 check = ping interval = 100ms fails = 3 passes = 2 }
	element e2 { id = 3 via = 10.0.2.2 device = to_e2 interval = 100ms }
	element e3 { id = 2 via = ${2:-10.0.3.2} check = none }
	element e4 { id = 4 via = 10.0.1.9 check = none }
	pool vpn { id = $1 secret = 000102030405060708090a0b0c0d0e0f members = { e1, e2, e3, e4 } }
	pool servers { id = $((24 - $1)) mode = ${3:-bucket} members = e4 }
	steer 192.0.2.0/25 { pool = vpn ike = pool }
	END
}
conf2 7
qos gw daemon reload > "$W/gw/reload.log" 2>&1
not grep -q Warning "$W/gw/reload.log"
expect_json '.steering.errors == []' qos gw -j daemon status
expect_json 'map({key: .name, value: .id}) | from_entries ==
	{"e1": 21, "e2": 3, "e3": 2, "e4": 4}' qos gw -j element show
# shellcheck disable=SC2086
expect "who has the buckets" "$had" "$(who $buckets)"
expect_json "map(select(.name == \"vpn\"))[0].held == $held" qos gw -j pool show
state e1 drain true
# pools swap theirs
conf2 17
qos gw daemon reload > "$W/gw/reload.log" 2>&1
not grep -q Warning "$W/gw/reload.log"
expect_json 'map({key: .name, value: .id}) | from_entries == {"vpn": 17, "servers": 7}' \
	qos gw -j pool show
expect_json '.[0].pool == "vpn" and length == 1' qos gw -j steer show
# nobody holds what was held in the pool that had the id before
expect_json 'map(.held) == [0, 0]' qos gw -j pool show

step "an element whose change is refused is what it was, in its pools, too"
# shellcheck disable=SC2086
had=$(who $buckets)
conf2 17 10.0.3.1
qos gw daemon reload > "$W/gw/reload.log" 2>&1
grep -q "Warning: .*element e3: " "$W/gw/reload.log"
grep -q "not all of it is in force: .* 4 elements, 2 pools" "$W/gw/reload.log"
# shellcheck disable=SC2086
expect "who has the buckets" "$had" "$(who $buckets)"
expect_json 'map(select(.name == "vpn"))[0].members | length == 4' qos gw -j pool show
qos gw status > "$W/gw/status.log"
grep -q "steering .*element e3: " "$W/gw/status.log"
expect_json '.daemon.steering.errors | length == 1' qos gw -j status

step "what could not be stated anew is not swept"
qosd_stop gw
# a pool's mode does not change
conf2 17 10.0.3.2 sa
qosd_start gw
wait_for 20 json_is '.steering.errors | length == 1' qos gw -j daemon status
# a charon that has nothing, and says so
exec_at gw env PYTHONPATH=tests/lib /usr/bin/python3 -c 'import sys
from feed_client import CHARON, Client
charon = Client(sys.argv[1], CHARON)
charon.send("SYNC_START")
charon.ask("SYNC_END")
sys.stdin.read()' "$W/gw/run/ipsec-qos/ipsec-qosd.sock" < <(exec sleep 600) &
charon=$!
wait_for 20 json_is .charon.synced qos gw -j daemon status
# which comes to its end when all was done that can be
qos gw daemon reload
expect pools "servers vpn" "$(pools)"
expect_json '.resyncs == 0' qos gw -j daemon status
conf2 17
qos gw daemon reload
wait_for 20 json_is '.resyncs == 1' qos gw -j daemon status
expect pools "servers vpn" "$(pools)"
kill $charon

step "what the kernel refuses is said, and the rest is there"
conf <<END
element e6 { id = 6 via = 10.0.1.1 check = none }
pool vpn { id = 7 members = { e1, e2, e3, e6 } }
steer 192.0.2.0/24 { pool = vpn }
END
qos gw daemon reload
expect_json '.steering.errors | length == 1' qos gw -j daemon status
wait_for 10 json_is 'map(select(.name == "vpn"))[0].members | length == 3' qos gw -j pool show
expect_json 'length == 1' qos gw -j steer show
# what mends it is in the file, as what is changed by hand is put back
ip -n gw link set to_e2 down
ip -n gw link set to_e2 name elsewhere
expect_json '.steering.problems | map(select(.what == "element e2"))[0].remedy ==
	"add it, or name another device of e2 in ipsec-qosd.conf"' qos gw -j status
ip -n gw link set elsewhere name to_e2
ip -n gw link set to_e2 up

step "nothing is left where nothing is configured"
qosd_conf gw <<<""
qos gw daemon reload
for object in element pool steer; do
	expect_json 'length == 0' qos gw -j $object show
done
expect_json '.steering == null' qos gw -j daemon status
expect "of unknown SPIs" "off null 100" "$(unknown)"

step "this host is an element: it steers nothing itself, and knows what is its own"
conf <<END
pool vpn { id = 7 members = { e1, e2, e3 } }
steer 192.0.2.1 { pool = vpn }
settings { self = e2 }
END
qos gw daemon reload 2>"$W/gw/reload.log"
grep -q "not steered here" "$W/gw/reload.log"
expect_json '.steering.self == "e2" and .steering.own[0].buckets > 1000' \
	qos gw -j daemon status
expect_json 'length == 0' qos gw -j steer show
qos gw daemon status > "$W/gw/status.log"
grep -q "element e2 of pool vpn" "$W/gw/status.log"
at gw ip addr add 198.51.100.9/32 dev lo
expect_json '.steering.problems | map(.remedy) |
	index("sysctl net/ipv4/conf/to_e1/arp_ignore=1") != null' qos gw -j status
# nor has it to do with the others, whose devices may be called otherwise here
expect_json 'length == 0' qos gw -j element show
expect_json '.steering.elements | map(.state, .up) | unique == [null]' qos gw -j daemon status
grep -q "e3 is sent nothing from here" "$W/gw/status.log"
conf <<END
pool vpn { id = 7 members = { e1, e2 } }
behind net { networks = 10.9.0.0/16 elements = e3 }
settings { self = e2 }
END
qos gw daemon reload
expect elements "e3 up daemon" "$(elements)"
