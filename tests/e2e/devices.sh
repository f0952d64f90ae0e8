#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Policies on devices that come and go, and on devices that somebody else has
# put a qdisc on.
#
# once: it is the daemon's doing, whatever the kernel is

. tests/lib/lib.sh

# conf RATE REPLACE [GROUP…]: a policy for each of eth1 and eth2, with classes
# for groups (default: gold silver)
conf()
{
	local device group rate=$1 replace=$2

	shift 2
	[ $# -gt 0 ] || set -- gold silver
	{
		echo 'group gold { id = 1  mark = 0x10/0xff0 }'
		echo 'group silver { id = 0x20001  mark = 0x20/0xff0 }'
		echo 'group bronze { id = 3  mark = 0x1030/0xfff0 }'
		for device in eth1 eth2; do
			echo "policy on-$device { device = $device  rate = $rate  replace = $replace"
			for group; do
				echo "class $group { bandwidth = \"30%\"  ceil = \"100%\" }"
			done
			echo 'default { bandwidth = "10%" } }'
		done
	} | qosd_conf gw
}

reload()
{
	qos gw daemon reload >/dev/null
}

# state DEVICE STATE: for wait_for; all of its classes
state()
{
	json_is "map(select(.device == \"$1\")) | length > 0 and all(.state == \"$2\")" \
		qos gw -j class show
}

# qdiscs DEVICE, classes DEVICE, filters DEVICE: what the kernel has
qdiscs()
{
	tc -n gw qdisc show dev "$1" | awk '{ print $2, $3 }' | sort | xargs
}

classes()
{
	tc -n gw class show dev "$1" | awk '/class htb/ { print $3 }' | sort | xargs
}

filters()
{
	tc -n gw filter show dev "$1" |
		sed -n 's/.*handle \(.*\) classid \(.*[0-9a-f]\) *$/\1>\2/p' | sort | xargs
}

# kinds DEVICE: its root qdisc's handle, and how many leaves of fq_codel
kinds()
{
	tc -n gw qdisc show dev "$1" | awk '/ root / { root = $2 " " $3 }
		/^qdisc fq_codel/ && !/ root / { n++ } END { print root, n + 0 }'
}

OURS="htb 4951: 3"

# has_tree DEVICE: for wait_for
has_tree()
{
	[ "$(kinds "$1")" = "$OURS" ]
}

# heard KIND: has tc monitor told of such a qdisc on another device? For
# wait_for: tc does not say when it begins to listen.
heard()
{
	tc -n gw qdisc del dev probe root || true
	tc -n gw qdisc add dev probe root "$1"
	grep -q "qdisc $1" "$W/monitor.log"
}

module_load
host gw
ip -n gw link add eth1 type dummy
ip -n gw link set eth1 up
ip -n gw link add probe type dummy
conf 10mbit no
qosd_start gw

step "a device that is there, and one that is not"
wait_for 5 state eth1 ok
state eth2 "no device" >/dev/null
expect "root and leaves" "$OURS" "$(kinds eth1)"
# an id that is too great for a minor: any that is free
silver=$(tc -n gw filter show dev eth1 | sed -n 's/.*0x20.* classid \([^ ]*\).*/\1/p')
expect "filters" "0x10/0xff0>4951:1 0x20/0xff0>$silver" "$(filters eth1)"
expect "classes" "$(printf '%s\n' 4951:1 "$silver" 4951:fffe 4951:ffff | sort | xargs)" \
	"$(classes eth1)"

step "the other one comes, goes, and comes again"
ip -n gw link add eth2 type dummy
wait_for 5 state eth2 ok
expect "root and leaves" "$OURS" "$(kinds eth2)"
ip -n gw link del eth2
wait_for 5 state eth2 "no device"
ip -n gw link add eth2 type dummy
wait_for 5 state eth2 ok
expect "root and leaves" "$OURS" "$(kinds eth2)"

step "it is renamed: the policy goes by the name"
ip -n gw link set eth2 name other
wait_for 5 state eth2 "no device"
not grep -q htb <<<"$(tc -n gw qdisc show dev other)"
ip -n gw link set other name eth2
wait_for 5 state eth2 ok

step "by an alternative name that it gets later, which may be long"
{
	echo 'group gold { id = 1  mark = 0x10/0xff0 }'
	for device in uplink-of-the-north-building eth2; do
		echo "policy by-${device:0:5} { device = $device  rate = 5mbit
			class gold { bandwidth = \"20%\" } }"
	done
} | qosd_conf gw
reload
state uplink-of-the-north-building "no device" >/dev/null
ip -n gw link property add dev eth1 altname uplink-of-the-north-building
wait_for 5 state uplink-of-the-north-building ok
expect "classes" "4951:1 4951:fffe 4951:ffff" "$(classes eth1)"

step "two policies for one device: the first in the file has it"
ip -n gw link property add dev probe altname uplink2
sed -i 's/device = eth2/device = uplink2/; s/rate = 5mbit/rate = 6mbit/' "$W/gw/ipsec-qos/ipsec-qosd.conf"
reload
state uplink2 ok >/dev/null
ip -n gw link property del dev probe altname uplink2
ip -n gw link property add dev eth1 altname uplink2
wait_for 5 state uplink2 "device taken"
state uplink-of-the-north-building ok >/dev/null
expect_json 'map(select(.device == "uplink2"))[0].text | test("policy by-uplin, ")' \
	qos gw -j class show
ip -n gw link property del dev eth1 altname uplink-of-the-north-building
wait_for 5 state uplink2 ok
state uplink-of-the-north-building "no device" >/dev/null
expect "root and leaves" "htb 4951: 2" "$(kinds eth1)"
conf 10mbit no
reload

step "a reload that changes nothing changes nothing"
tc -n gw monitor > "$W/monitor.log" 2>&1 &
monitor=$!
wait_for 10 heard pfifo
reload
wait_for 5 heard bfifo
end $monitor
not grep -E '4951:|fq_codel' "$W/monitor.log"

step "classes come and go, the others stay as they are"
before=$(tc -n gw class show dev eth1 | grep -o 'class htb 4951:1 .* leaf [0-9a-f]*')
conf 20mbit no gold bronze
reload
expect "filters" "0x10/0xff0>4951:1 0x1030/0xfff0>4951:3" "$(filters eth1)"
expect "classes" "4951:1 4951:3 4951:fffe 4951:ffff" "$(classes eth1)"
expect "gold's class and queue" "$before" \
	"$(tc -n gw class show dev eth1 | grep -o 'class htb 4951:1 .* leaf [0-9a-f]*')"
expect_json 'map(select(.device == "eth1" and .class == "gold"))[0].rate == 6000000' \
	qos gw -j class show

# as_it_was: for wait_for; eth1's whole tree
as_it_was()
{
	has_tree eth1 &&
		[ "$(filters eth1)" = "0x10/0xff0>4951:1 0x1030/0xfff0>4951:3" ] &&
		[ "$(classes eth1)" = "4951:1 4951:3 4951:fffe 4951:ffff" ] &&
		[ "$(tc -n gw filter show dev eth1 | grep -c handle)" = 2 ] &&
		! tc -n gw filter show dev eth1 | grep -E 'u32|matchall|action' &&
		[ "$(tc -n gw filter show dev eth1 | grep -o 'pref [0-9]*' | sort -u | wc -l)" = 2 ] &&
		[ -z "$(tc -n gw filter show dev eth1 parent 4951:ffff)" ] &&
		tc -n gw class show dev eth1 classid 4951:1 |
			grep -q 'rate 6Mbit ceil 20Mbit'
}

step "what somebody changed in it is put back"
as_it_was
while read -r change; do
	echo "         tc $change"
	# shellcheck disable=SC2086
	tc -n gw $change
	wait_for 5 as_it_was
done <<-'END'
	class change dev eth1 parent 4951:ffff classid 4951:1 htb rate 1mbit
	class add dev eth1 parent 4951:ffff classid 4951:77 htb rate 1mbit
	filter add dev eth1 parent 4951: prio 9 handle 7 fw classid 4951:1
	filter del dev eth1 parent 4951:
	qdisc replace dev eth1 parent 4951:3 pfifo
	qdisc del dev eth1 parent 4951:3
	filter add dev eth1 parent 4951: protocol ipv6 prio 44 handle 0x33 fw classid 4951:3
	filter add dev eth1 parent 4951: protocol all prio 45 handle 0x10/0xff0 fw classid 4951:3
	filter add dev eth1 parent 4951: protocol all prio 49 fw
	filter add dev eth1 parent 4951: protocol all prio 1 handle 0x70/0xff0 fw indev eth1
	filter add dev eth1 parent 4951: protocol ip prio 46 u32 match ip dport 53 0xffff flowid 4951:3
	filter add dev eth1 parent 4951: protocol arp prio 47 chain 6 matchall classid 4951:3
	filter add dev eth1 parent 4951:ffff protocol ip prio 48 matchall classid 4951:3
	filter change dev eth1 parent 4951: protocol all prio 1 handle 0x10/0xff0 fw classid 4951:1 action drop
	class add dev eth1 parent 4951:3 classid 4951:88 htb rate 2mbit
END
# what is not ours may stand on each other, and on what is ours
printf '%s\n' \
	"class add dev eth1 parent 4951:3 classid 4951:88 htb rate 2mbit" \
	"class add dev eth1 parent 4951:88 classid 4951:89 htb rate 1mbit" \
	"filter add dev eth1 parent 4951: protocol ip prio 50 u32 divisor 16" \
	"filter add dev eth1 parent 4951: protocol ip prio 50 u32 match ip tos 8 0xff flowid 4951:89" \
	"filter add dev eth1 parent 4951:89 protocol ip prio 3 matchall classid 4951:88" \
	"class change dev eth1 parent 4951:ffff classid 4951:1 htb rate 1mbit" |
	tc -n gw -batch -
wait_for 5 as_it_was
expect_json 'map(select(.device == "eth1" and .class == "gold"))[0].rate == 6000000' \
	qos gw -j class show
# changes NUMBER: has it said so often that somebody changed something?
changes()
{
	[ "$(grep -c 'somebody changed its classes' "$W/gw/ipsec-qosd.log")" = "$1" ]
}
changes 1

step "a class comes and one goes while a filter of somebody's is there"
qosd_stop gw KILL
tc -n gw filter add dev eth1 parent 4951: protocol ip prio 5 handle 0x99 fw classid 4951:3
tc -n gw filter add dev eth1 parent 4951: protocol ip prio 6 \
	u32 match ip protocol 17 0xff flowid 4951:3
conf 20mbit no gold silver
qosd_start gw
wait_for 5 state eth1 ok
expect "filters" "0x10/0xff0>4951:1 0x20/0xff0>$silver" "$(filters eth1)"
expect "classes" "$(printf '%s\n' 4951:1 "$silver" 4951:fffe 4951:ffff | sort | xargs)" \
	"$(classes eth1)"
conf 20mbit no gold bronze
reload
wait_for 5 as_it_was

step "however often it is changed, the daemon has time for others"
before=$(awk '{ print $14 + $15 }' "/proc/${qosd_pid[gw]}/stat")
deadline=$((SECONDS + 5))
while ((SECONDS < deadline)); do
	tc -n gw class change dev eth1 parent 4951:ffff classid 4951:1 htb rate 1mbit
done
after=$(awk '{ print $14 + $15 }' "/proc/${qosd_pid[gw]}/stat")
[ $((after - before)) -lt $(($(getconf CLK_TCK) * 2)) ] ||
	fail "it took $((after - before)) ticks of the processor"
wait_for 5 as_it_was

step "what somebody changed while the daemon was away is put back at its start"
qosd_stop gw KILL
tc -n gw class change dev eth1 parent 4951:ffff classid 4951:1 htb rate 1mbit
tc -n gw qdisc replace dev eth1 parent 4951:3 pfifo
qosd_start gw
wait_for 5 as_it_was

step "somebody takes it off: it comes back"
tc -n gw qdisc del dev eth1 root
wait_for 5 has_tree eth1
state eth1 ok >/dev/null

step "somebody puts another in its place: it is left alone, and the daemon says so"
tc -n gw qdisc replace dev eth1 root handle 9: pfifo
wait_for 5 state eth1 "foreign qdisc"
expect "qdiscs" "pfifo 9:" "$(qdiscs eth1)"
expect_json 'map(select(.device == "eth1"))[0].text | test("pfifo 9:.*replace = yes")' \
	qos gw -j class show
reload
qosd_stop gw KILL
qosd_start gw
state eth1 "foreign qdisc" >/dev/null
expect "qdiscs" "pfifo 9:" "$(qdiscs eth1)"
# others are not disturbed
state eth2 ok >/dev/null

step "it goes: the policy is applied"
tc -n gw qdisc del dev eth1 root
wait_for 5 state eth1 ok
expect "root and leaves" "$OURS" "$(kinds eth1)"

step "replace = yes"
tc -n gw qdisc replace dev eth1 root handle 9: pfifo
wait_for 5 state eth1 "foreign qdisc"
conf 20mbit yes
reload
state eth1 ok >/dev/null
expect "root and leaves" "$OURS" "$(kinds eth1)"

step "an htb with the daemon's handle that is somebody's"
conf 20mbit no
reload
# in two steps: in the place of its own the daemon would be faster
tc -n gw qdisc replace dev eth1 root handle 9: pfifo
wait_for 5 state eth1 "foreign qdisc"
tc -n gw qdisc replace dev eth1 root handle 4951: htb default 7
tc -n gw class add dev eth1 parent 4951: classid 4951:7 htb rate 3mbit
state eth1 "foreign qdisc" >/dev/null
expect "classes" "4951:7" "$(classes eth1)"
conf 20mbit yes
reload
state eth1 ok >/dev/null
expect "root and leaves" "$OURS" "$(kinds eth1)"

step "the daemon was away when its device and its policy went"
qosd_stop gw KILL
expect "root and leaves" "$OURS" "$(kinds eth1)"
echo 'group gold { id = 1  mark = 0x10/0xff0 }' | qosd_conf gw
qosd_start gw
wait_for 5 not eval 'tc -n gw qdisc show | grep htb'

step "64 kbit beside 40 gbit"
qosd_conf gw <<-END
	group gold { id = 1  mark = 0x10/0xff0 }
	group silver { id = 2  mark = 0x20/0xff0 }
	policy fast { device = eth1  rate = 40gbit
		class gold { bandwidth = 38gbit  ceil = 40gbit }
		class silver { bandwidth = 64kbit  ceil = 64kbit }
		default { bandwidth = "1%" } }
END
reload
state eth1 ok >/dev/null
tc -n gw class show dev eth1 classid 4951:1 | grep 'rate 38Gbit ceil 40Gbit'
tc -n gw class show dev eth1 classid 4951:2 | grep 'rate 64Kbit ceil 64Kbit'
expect_no_dmesg 'HTB: quantum'

step "queues of a class: as many as are said; where it is not said, what there are stay"
# flows [FLOWS]: of gold's leaf, with that said
flows()
{
	qosd_conf gw <<-END
		group gold { id = 1  mark = 0x10/0xff0 }
		policy fast { device = eth1  rate = 1gbit  ${1:+flows = $1}
			class gold { bandwidth = 100mbit } }
	END
	reload
	tc -n gw qdisc show dev eth1 | sed -n 's/^qdisc fq_codel .* parent 4951:1 .* flows \([0-9]*\) .*/\1/p'
}
expect "flows" 1024 "$(flows)"
expect "flows" 96 "$(flows 96)"
expect "flows" 96 "$(flows)"
expect "flows" 2000 "$(flows 2000)"
step "as it should be"
