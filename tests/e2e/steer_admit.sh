#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clear text is admitted by source: others' packets are dropped, unless they came out of an
# SA, or are what has to pass (ESP, AH, IKE, ICMP errors, neighbour discovery). The table of
# nftables is replaced at once, outlives the daemon, goes with its section, and is put back.
#
#   .------------------------.        .---------------.        .----------------.
#   | out                    |        | gw            |        | in             |
#   | admitted and others    |        | ipsec-qosd    |        |                |
#   |  eth0 192.0.2.10, .20 -+--------+- eth0   eth1 -+--------+- eth0 10.2.0.9 |
#   '------------------------'        '---------------'        '----------------'
#
# once: it is nftables' doing, whatever the kernel is
. tests/lib/lib.sh

host out gw in
link out:eth0 gw:eth0
link gw:eth1 in:eth0
addr out eth0 192.0.2.10/24 192.0.2.20/24 2001:db8:1::10/64 2001:db8:1::20/64
addr out lo 10.9.0.1/32
addr gw eth0 192.0.2.1/24 2001:db8:1::1/64
addr gw eth1 10.2.0.1/24 2001:db8:2::1/64
addr in eth0 10.2.0.9/24 2001:db8:2::9/64
route out 10.2.0.0/24 via 192.0.2.1
route out 2001:db8:2::/64 via 2001:db8:1::1
route in default via 10.2.0.1
route in default via 2001:db8:2::1
forward gw
at in nft -f - <<END
table inet seen {
	counter got_esp { }
	counter got_ah { }
	counter got_ike { }
	counter got_natt { }
	counter got_dns { }
	counter got_error { }
	counter got_error6 { }
	counter got_inner { }
	chain input {
		type filter hook input priority 0
		meta l4proto esp counter name got_esp
		meta l4proto ah counter name got_ah
		udp dport 500 counter name got_ike
		udp dport 4500 counter name got_natt
		udp dport 53 counter name got_dns
		icmp type destination-unreachable counter name got_error
		icmpv6 type packet-too-big counter name got_error6
		ip saddr 10.9.0.1 counter name got_inner
	}
}
END

conf()
{
	qosd_conf gw <<-END
	admit { outside = eth0 from = { 192.0.2.10, "2001:db8:1::10" } $* }
	END
}

# pings SOURCE DESTINATION: it is answered, within a second
pings()
{
	at out ping -q -n -c1 -W1 -I "$1" "$2" >/dev/null
}

# sends PYTHON: what sends a packet from the other source, s being its module socket
sends()
{
	at out /usr/bin/python3 - <<-END
	import socket as s
	def raw(proto, data, to="10.2.0.9", family=s.AF_INET, source="192.0.2.20"):
	    sock = s.socket(family, s.SOCK_RAW, proto)
	    sock.bind((source, 0))
	    sock.sendto(data, (to, 0))
	def udp(port, size=100):
	    sock = s.socket(s.AF_INET, s.SOCK_DGRAM)
	    sock.bind(("192.0.2.20", 0))
	    sock.sendto(b"x" * size, ("10.2.0.9", port))
	$1
	END
}

# seen WHAT: what in has counted since; a ping behind it that is admitted has passed
seen()
{
	pings 192.0.2.10 10.2.0.9
	expect "what came in" "$1" "$(nft_counted in)"
}

module_load
# the way is there, and neighbours are known
wait_for 10 pings 192.0.2.20 10.2.0.9
wait_for 10 pings 2001:db8:1::20 2001:db8:2::9
conf
qosd_start gw

step "who is admitted is answered, others are not"
wait_for 10 at gw nft list table inet ipsec-qos
pings 192.0.2.10 10.2.0.9
pings 2001:db8:1::10 2001:db8:2::9
not pings 192.0.2.20 10.2.0.9
not pings 2001:db8:1::20 2001:db8:2::9
# this host itself is nobody's business
pings 192.0.2.20 192.0.2.1
nft_counted in >/dev/null
sends 'udp(53)'
seen ""

step "what has to pass does: ESP, AH, IKE, in fragments too, ICMP errors"
sends 'raw(50, b"\xc0\xde\x00\x01\x00\x00\x00\x01" + b"x" * 64)'
seen "got_esp+1"
sends 'raw(51, b"\x32\x04\x00\x00\xc0\xde\x00\x02\x00\x00\x00\x01" + b"x" * 64)'
seen "got_ah+1"
sends 'udp(500); udp(4500); udp(500, 4000); udp(53, 4000)'
seen "got_ike+2 got_natt+1"
# about a packet that nobody sent: a firewall of in's would look closer
sends 'raw(1, b"\x03\x01\xfc\xfe" + b"\0" * 4)'
seen "got_error+1"
sends 'raw(58, b"\x02\x00\x00\x00\x00\x00\x05\x00" + b"\x60" + b"\0" * 39, "2001:db8:2::9", s.AF_INET6, "2001:db8:1::20")'
seen "got_error6+1"

step "what came out of an SA is nobody's clear text"
xfrm()
{
	local dir

	at "$1" ip xfrm state add src 192.0.2.20 dst 192.0.2.1 proto esp spi 0xc0de0003 \
		reqid 1 mode tunnel aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128
	for dir in "${@:2}"; do
		at "$1" ip xfrm policy add src 10.9.0.1/32 dst 10.2.0.0/24 dir "$dir" \
			tmpl src 192.0.2.20 dst 192.0.2.1 proto esp reqid 1 mode tunnel
	done
}
xfrm out out
xfrm gw in fwd
at out /usr/bin/python3 -c 'import socket as s
sock = s.socket(s.AF_INET, s.SOCK_DGRAM)
sock.bind(("10.9.0.1", 0))
sock.sendto(b"x", ("10.2.0.9", 7))'
seen "got_inner+1"
at out ip xfrm policy flush
at out ip xfrm state flush
# the same in clear is not
at out /usr/bin/python3 -c 'import socket as s
sock = s.socket(s.AF_INET, s.SOCK_DGRAM)
sock.bind(("10.9.0.1", 0))
sock.sendto(b"x", ("10.2.0.9", 7))'
seen ""

step "input = yes: this host itself, too; neighbours are found anew"
conf input = yes
qos gw daemon reload
not pings 192.0.2.20 192.0.2.1
not pings 2001:db8:1::20 2001:db8:1::1
at out ip neigh flush all
at gw ip neigh flush all
pings 192.0.2.10 192.0.2.1
pings 2001:db8:1::10 2001:db8:1::1
conf
qos gw daemon reload
pings 192.0.2.20 192.0.2.1

step "it is replaced under traffic: nobody slips through, and nobody is lost"
at out ping -q -n -c1000 -i 0.01 -W2 -I 192.0.2.10 10.2.0.9 > "$W/admitted.log" || true &
admitted=$!
at out ping -q -n -c1000 -i 0.01 -W2 -I 192.0.2.20 10.2.0.9 > "$W/others.log" || true &
others=$!
for n in 1 2 3 4 5 6 7 8; do
	qosd_conf gw <<-END
	admit { outside = eth0 from = { 192.0.2.10, 198.51.100.$n } }
	END
	qos gw daemon reload >/dev/null
done
wait $admitted $others
grep -q " 1000 received" "$W/admitted.log"
grep -q " 0 received" "$W/others.log"
at gw nft list set inet ipsec-qos from4 > "$W/set.log"
grep -q 198.51.100.8 "$W/set.log"
not grep -q 198.51.100.7 "$W/set.log"

step "what somebody flushes or changes is put back"
at gw nft flush ruleset
wait_for 10 at gw nft list table inet ipsec-qos
not pings 192.0.2.20 10.2.0.9
at gw nft insert rule inet ipsec-qos judge accept
pings 192.0.2.20 10.2.0.9
wait_for 10 not pings 192.0.2.20 10.2.0.9
pings 192.0.2.10 10.2.0.9

step "a daemon that dies leaves it; one that starts counts on"
qosd_stop gw KILL
not pings 192.0.2.20 10.2.0.9
pings 192.0.2.10 10.2.0.9
qosd_start gw
not pings 192.0.2.20 10.2.0.9

step "it goes with its section; also where that went while no daemon was there"
qosd_conf gw <<<""
qos gw daemon reload
pings 192.0.2.20 10.2.0.9
not at gw nft list table inet ipsec-qos 2>/dev/null
conf
qos gw daemon reload
not pings 192.0.2.20 10.2.0.9
qosd_stop gw
not pings 192.0.2.20 10.2.0.9
qosd_conf gw <<<""
qosd_start gw
wait_for 10 pings 192.0.2.20 10.2.0.9

step "others' tables stay as they are"
at gw nft add table inet other
conf
qos gw daemon reload
qosd_conf gw <<<""
qos gw daemon reload
at gw nft list table inet other >/dev/null

step "a table of that name that somebody else made is his"
at gw nft add table inet ipsec-qos
at gw nft add chain inet ipsec-qos theirs
qosd_stop gw
qosd_start gw
at gw nft list chain inet ipsec-qos theirs >/dev/null
conf
qos gw daemon reload || true
wait_for 10 json_is '.steering.errors | map(select(test("not the daemon"))) | length == 1' qos gw -j daemon status
at gw nft list chain inet ipsec-qos theirs >/dev/null
at gw nft delete table inet ipsec-qos
wait_for 20 not pings 192.0.2.20 10.2.0.9
expect_json '.steering.errors == []' qos gw -j daemon status

step "a device that packets are not seen to come from is told of"
ip -n gw link add nosy type bridge
ip -n gw link add port type dummy
ip -n gw link set port master nosy
qosd_conf gw <<-END
admit { outside = { eth0, port } from = 192.0.2.10 }
END
qos gw daemon reload || true
expect_json '.steering.errors | map(select(test("port is in a bridge"))) | length == 1' qos gw -j daemon status
ip -n gw link del port
wait_for 10 json_is '.steering.errors | map(select(test("no device port"))) | length == 1' qos gw -j daemon status
ip -n gw link add port type dummy
wait_for 10 json_is '.steering.errors == []' qos gw -j daemon status

step "a device outside that is in a VRF is judged as before"
ip -n gw link add customer type vrf table 700
ip -n gw link set customer up
ip -n gw link set eth1 master customer
ip -n gw link set eth0 master customer
wait_for 10 pings 192.0.2.10 10.2.0.9
not pings 192.0.2.20 10.2.0.9
