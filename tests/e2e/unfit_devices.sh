#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A policy is "ok" where the packets at a device's queue have their marks. Where
# they do not, as the SA is chosen behind the queue (XFRM interface, VTI) or the
# packet comes from an ingress (IFB), it is refused, with what to do instead.
#
#   .---------------------------------.          .------------.
#   | gw                              |          | peer       |
#   |  ESP 10.9.0.0/24 by xfrm0       |          |            |
#   |      10.8.0.0/24 by vti0        |          |            |
#   |      10.7.0.0/24 by policy      |          |            |
#   |                  192.0.2.1 eth0 +----------+ 192.0.2.2  |
#   '---------------------------------'          '------------'
#
# once: the module's part of it is in vti.sh
. tests/lib/lib.sh

module_load
host gw peer
link gw:eth0 peer:eth0
addr gw eth0 192.0.2.1/24
addr peer eth0 192.0.2.2/24
ip -n gw link add xfrm0 type xfrm dev eth0 if_id 7
ip -n gw link add vti0 type vti local 192.0.2.1 remote 192.0.2.2 key 9
ip -n gw link add vlan5 link eth0 type vlan id 5
modprobe ifb numifbs=0
ip -n gw link add ifb0 type ifb
for device in xfrm0 vti0 vlan5 ifb0; do
	ip -n gw link set $device up
done
route gw 10.9.0.0/24 dev xfrm0
route gw 10.8.0.0/24 dev vti0
route gw 10.7.0.0/24 via 192.0.2.2

# sa SPI NET OPTION…: an SA that ends nowhere, and its policy
sa()
{
	local spi=$1 net=$2

	shift 2
	ip -n gw xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi "$spi" \
		reqid "$spi" mode tunnel "$@" \
		aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128
	ip -n gw xfrm policy add dir out dst "$net" "$@" \
		tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid "$spi" mode tunnel
}
sa 0x709 10.9.0.0/24 if_id 7
sa 0x708 10.8.0.0/24 mark 9
sa 0x707 10.7.0.0/24

# ping_through NET: five packets
ping_through()
{
	at gw ping -qn -c 5 -i 0.1 -W 1 "$1" >/dev/null || true
}

# classes_by_hand DEVICE: tc as anybody would set it up for the marks
classes_by_hand()
{
	tc -n gw qdisc add dev "$1" root handle 1: htb default 2
	tc -n gw class add dev "$1" parent 1: classid 1:1 htb rate 10mbit
	tc -n gw class add dev "$1" parent 1: classid 1:2 htb rate 10mbit
	tc -n gw filter add dev "$1" parent 1: protocol all prio 1 \
		handle 0x10/0xff0 fw classid 1:1
}

# by_hand DEVICE: packets in the class of the mark, and in the other
by_hand()
{
	tc -n gw -s class show dev "$1" | awk '/^class/ { class = $3 }
		/Sent/ { sent[class] = $4 } END { print sent["1:1"] + 0, sent["1:2"] + 0 }'
}

# state POLICY STATE: for wait_for; all of its classes
state()
{
	json_is "map(select(.policy == \"$1\")) | length > 0 and all(.state == \"$2\")" \
		qos gw -j class show
}

# text POLICY PATTERN: what is said of it
text()
{
	expect_json "map(select(.policy == \"$1\")) | all(.text | test(\"$2\"))" \
		qos gw -j class show
}

# packets POLICY CLASS
packets()
{
	json "map(select(.policy == \"$1\" and .class == \"$2\"))[0].packets" \
		qos gw -j class show
}

gold='group gold { id = 1  mark = 0x10/0xff0 }'
qosd_conf gw <<<"$gold"
qosd_start gw
for spi in 0x707 0x708 0x709; do
	qos gw sa add dst 192.0.2.2 spi $spi group gold
done

step "what is at the queues, by hand: no mark on a device that chooses the SA"
for device in xfrm0 vti0 eth0; do
	classes_by_hand $device
done
ping_through 10.9.0.1
ping_through 10.8.0.1
ping_through 10.7.0.1
# the host may say something of its own on it
for device in xfrm0 vti0; do
	read -r marked others <<<"$(by_hand $device)"
	expect "$device: gold" 0 "$marked"
	[ "$others" -ge 5 ] || fail "$device: $others packets"
done
expect "eth0: gold" 15 "$(by_hand eth0 | cut -d ' ' -f 1)"
for device in xfrm0 vti0 eth0; do
	tc -n gw qdisc del dev $device root
done

step "so a policy there is refused, and says what to do"
qosd_conf gw <<-END
	$gold
	$(for device in xfrm0 vti0 ifb0 vlan5 eth0; do
		echo "policy on-$device { device = $device  rate = 10mbit"
		echo 'class gold { bandwidth = "40%" } default { bandwidth = "40%" } }'
	done)
END
qos gw daemon reload
for device in xfrm0 vti0; do
	wait_for 20 state on-$device "unfit device"
	text on-$device "behind the queue.*name the device that ESP leaves by"
	not grep -q htb <<<"$(tc -n gw qdisc show dev $device)"
	wait_for 20 grep -q "policy on-$device is not in force on $device: unfit device" \
		"$W/gw/ipsec-qosd.log"
	expect_json ".shaping | map(select(test(\"policy on-$device .*unfit device\"))) | length == 1" \
		qos gw -j daemon status
done
grep -q 'policy on-xfrm0 is not in force on xfrm0' <<<"$(qos gw daemon status)"
for device in eth0 vlan5 ifb0; do
	wait_for 20 state on-$device ok
done

step "an IFB that is fed from an ingress"
# feed_unmarked: all that comes in by eth0
feed_unmarked()
{
	tc -n gw filter add dev eth0 ingress protocol ip prio 5 u32 match u32 0 0 \
		action mirred egress redirect dev ifb0
}
tc -n gw qdisc add dev eth0 clsact
feed_unmarked
wait_for 20 state on-ifb0 "unfit device"
text on-ifb0 "eth0 redirects from its ingress"
not grep -q htb <<<"$(tc -n gw qdisc show dev ifb0)"

step "what is redirected for its mark, or came out of ESP, has one"
tc -n gw qdisc add dev vlan5 clsact
tc -n gw filter add dev vlan5 ingress protocol all prio 3 handle 0x10/0xff0 fw \
	action mirred egress redirect dev ifb0
tc -n gw qdisc add dev xfrm0 clsact
tc -n gw filter add dev xfrm0 ingress matchall action mirred egress redirect dev ifb0
tc -n gw filter del dev eth0 ingress
wait_for 20 state on-ifb0 ok

step "what comes out of a VTI has lost it"
tc -n gw qdisc add dev vti0 clsact
tc -n gw filter add dev vti0 ingress matchall action mirred egress redirect dev ifb0
wait_for 20 state on-ifb0 "unfit device"
text on-ifb0 "vti0 redirects from its ingress"
tc -n gw filter del dev vti0 ingress
wait_for 20 state on-ifb0 ok

step "a filter that only passes packets marks none, one ahead that restores marks does"
tc -n gw filter add dev eth0 ingress protocol ip prio 2 u32 \
	match ip protocol 1 0xff action pass
feed_unmarked
wait_for 20 state on-ifb0 "unfit device"
tc -n gw filter add dev eth0 ingress protocol ip prio 4 matchall \
	action connmark continue
wait_for 20 state on-ifb0 ok
tc -n gw filter del dev eth0 ingress prio 4
wait_for 20 state on-ifb0 "unfit device"

step "it is not fed any more"
for device in vlan5 xfrm0 vti0; do
	tc -n gw qdisc del dev $device clsact
done
tc -n gw filter del dev eth0 ingress
wait_for 20 state on-ifb0 ok

step "marks are restored ahead of the redirection"
tc -n gw filter add dev eth0 ingress protocol ip matchall \
	action connmark action mirred egress redirect dev ifb0
wait_for 20 state on-ifb0 ok
tc -n gw filter del dev eth0 ingress

step "an IFB that is fed from egress: ESP is in its class"
tc -n gw filter add dev eth0 egress matchall action mirred egress redirect dev ifb0
before=$(packets on-ifb0 gold)
ping_through 10.9.0.1
# what is shown where the counters are not there in time is from before
passed() { [ "$(packets on-ifb0 gold)" = $((before + 5)) ]; }
wait_for 20 passed
state on-ifb0 ok >/dev/null
step "as it should be"
