#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# once: the daemon looks and decides, on whatever kernel
# vm: -t 900
#
# Devices, chains and services of the configuration are in the kernel, with the MACs that
# devices have at the time, whatever is restarted, reloaded or changed by hand. Devices are
# checked; who has failed is down until somebody admits it, and that is remembered.
#
#   .------------.  to_fw      eth0 .-----.
#   | gw         |------------------| fw  |  two-armed, checked by its neighbours
#   | ipsec-qosd |------------------|     |
#   |            |  to_fwi     eth1 '-----'
#   |            |------------------| web |  checked by TCP
#   |            |                  '-----'
#   |            |------------------| vpn |  checked by IKE
#   '------------'                  '-----'
. tests/lib/lib.sh

host gw fw web vpn
link gw:to_fw fw:eth0
link gw:to_fwi fw:eth1
link gw:to_web web:eth0
link gw:to_vpn vpn:eth0
addr gw to_fw 10.0.10.1/24
addr gw to_fwi 10.0.11.1/24
addr gw to_web fd00:30::1/64
addr gw to_vpn 10.0.40.1/24
addr fw eth0 10.0.10.2/24
addr fw eth1 10.0.11.2/24
addr web eth0 fd00:30::2/64
addr vpn eth0 10.0.40.2/24
forward gw

# listens HOST -t|-u PORT: somebody does
listens()
{
	at "$1" ss -Hln "$2" | grep -q ":$3 "
}

# listen: at web, whoever connects; $listener is who does
listen()
{
	exec_at web /usr/bin/python3 -c 'import socket as s
l = s.create_server(("fd00:30::2", 80), family=s.AF_INET6, backlog=64)
while True:
    l.accept()[0].close()' </dev/null >/dev/null 2>&1 &
	listener=$!
	wait_for 60 listens web -t 80
}

# what answers IKE as a responder does that takes no proposal; $ike is who does
ike()
{
	exec_at vpn /usr/bin/python3 -c 'import socket as s
l = s.socket(s.AF_INET, s.SOCK_DGRAM)
l.bind(("10.0.40.2", 500))
while True:
    m, peer = l.recvfrom(2048)
    assert m[16] == 33 and m[18] == 34 and int.from_bytes(m[24:28], "big") == len(m)
    l.sendto(m[:8] + b"respond." + bytes([41, 0x20, 34, 0x20]) + bytes(4) +
             (36).to_bytes(4, "big") + bytes([0, 0, 0, 8, 0, 0, 0, 14]), peer)' \
		</dev/null >/dev/null 2>"$W/vpn/ike.log" &
	ike=$!
	wait_for 60 listens vpn -u 500
}

conf()
{
	{
		cat <<-END
		function server { check = connect  port = 80 }
		group gold { id = 7  mark = 0x10/0xf0 }
		END
		cat
	} | qosd_conf gw
}

# full [KEYS]: the whole of it; device fw has these, too
full()
{
	conf <<-END
	device fw { id = 1  interface = to_fw  address = 10.0.10.2
		inner-interface = to_fwi  inner-address = 10.0.11.2
		interval = 1s  alternate = spare ${1:-} }
	device spare { id = 2  interface = to_fw  mac = "02:00:00:00:00:99" }
	device ids { id = 3  interface = to_fw  mac = "02:00:00:00:00:33"  kind = tap  rate = 5 }
	device web { id = 4  interface = to_web  address = "fd00:30::2"  function = server
		interval = 1s }
	device vpn { id = 5  interface = to_vpn  address = 10.0.40.2  check = ike  interval = 1s }
	chain w { id = 1  devices = { fw, ids, web } }
	chain v { id = 2  devices = { vpn } }
	service http { id = 1  address = 198.51.100.80  ports = { tcp/80, tcp/443 }  chain = w
		mode = loopback  group = gold  acl = { "allow 192.0.2.0/24", "deny any" } }
	service vpn { id = 2  address = 198.51.100.80  ports = { esp, udp/500 }  chain = v
		mode = nat }
	END
}

# devices, chains, services: as the kernel has them
devices()
{
	qos gw -j device show | jq -r 'map("\(.name) \(.state)") | join(", ")'
}

chains()
{
	qos gw -j chain show | jq -r 'map("\(.name) \(.through | join("-"))") | join(", ")'
}

services()
{
	qos gw -j service show | jq -r 'map("\(.name) \(.address)") | join(", ")'
}

are()
{
	[ "$("$1")" = "$2" ]
}

# state DEVICE STATE BY_HAND FAILED: as kernel and daemon say
state()
{
	json_is "map(select(.name == \"$1\"))[0].state == \"$2\"" qos gw -j device show &&
		json_is ".chains.devices | map(select(.name == \"$1\"))[0] |
			.state == \"$2\" and .by_hand == $3 and .failed == $4" qos gw -j daemon status
}

# mac DEVICE SIDE MAC: as the kernel has it
mac()
{
	json_is "map(select(.name == \"$1\"))[0].$2.mac == \"$3\"" qos gw -j device show
}

# mac_of HOST INTERFACE
mac_of()
{
	ip -n "$1" -j link show "$2" | jq -r '.[0].address'
}

all_up="fw up, spare up, ids up, web up, vpn up"

module_load
full
listen
ike
qosd_start gw

step "what is configured is in the kernel, with the MACs that there are"
wait_for 20 are services "http 198.51.100.80, vpn 198.51.100.80"
wait_for 20 are devices "$all_up"
expect chains "w fw-ids-web, v vpn" "$(chains)"
wait_for 20 mac fw outer "$(mac_of fw eth0)"
wait_for 20 mac fw inner "$(mac_of fw eth1)"
wait_for 20 mac web outer "$(mac_of web eth0)"
expect_json 'map(select(.name == "fw"))[0].alternate == "spare"' qos gw -j device show
expect_json 'map(select(.name == "ids"))[0].kind == "tap"' qos gw -j device show
expect_json 'map(select(.name == "http"))[0] | .group == "gold" and .owner == "daemon"' \
	qos gw -j service show
expect "translated to the server" '[["vpn","10.0.40.2"]]' \
	"$(qos gw -j service show | jq -c 'map(select(.name == "vpn"))[0].segments |
		map([.device, .to])')"
expect_json '.chains.errors == []' qos gw -j daemon status
wait_for 20 json_is '.chains.devices | map(select(.ok)) | length == 3' qos gw -j daemon status
qos gw daemon status > "$W/gw/status.log"
grep -qE '^devices +fw up.*neigh passed' "$W/gw/status.log"
# the kernel keeps them
expect "neighbours that are kept" 4 \
	"$(ip -n gw neigh show | grep -c managed)"

step "a MAC that changes is followed at once"
# another appliance takes the address; nothing is sent to it from here
at fw sysctl -qw net.ipv4.conf.eth0.arp_notify=1
ip -n fw link set eth0 address 02:00:00:00:00:77
wait_for 2 mac fw outer 02:00:00:00:00:77
grep -q "device fw has the MAC 02:00:00:00:00:77 now" "$W/gw/ipsec-qosd.log"

step "each is asked, and fails; it comes back by admission alone, and that is remembered"
kill $listener
wait_for 10 state web down false true
grep -q 'device web has failed, by its checks: connect: ' "$W/gw/ipsec-qosd.log"
kill $ike
wait_for 10 state vpn down false true
# a device whose inner side does not answer, and then one whose link is gone
at fw ip addr del 10.0.11.2/24 dev eth1
wait_for 10 state fw down false true
expect_json '.chains.devices[0].why | contains("does not answer")' qos gw -j daemon status
expect_json '.[0].now == "spare"' qos gw -j device show
addr fw eth1 10.0.11.2/24
listen
ike
wait_for 20 json_is '.chains.devices | map(select(.failed and .passed >= 2)) | length == 3' \
	qos gw -j daemon status
state web down false true >/dev/null
wait_for 10 grep -q '"web","state":"failed"' "$W/gw/lib/devices"
qosd_stop gw KILL
qosd_start gw
state web down false true >/dev/null
state fw down false true >/dev/null
wait_for 10 json_is '.chains.devices | map(select(.name == "web"))[0].passed >= 2' \
	qos gw -j daemon status
qos gw device admit web > "$W/gw/admit.log"
grep -qE 'device web is up; [0-9]+ checks in a row passed' "$W/gw/admit.log"
wait_for 10 state web up false false
expect_json '.name == "vpn" and .state == "up" and .ok' qos gw -j device admit vpn
expect_refused "no such device" qos gw device admit nobody
# which the kernel's own state does as well, with or without a daemon
qosd_stop gw
qos gw device admit fw
qosd_start gw
wait_for 10 state fw up false false
wait_for 10 not grep -q failed "$W/gw/lib/devices"

step "what somebody says stands, over checks, and is remembered; so is what is configured"
qos gw device change web state down
wait_for 10 state web down true false
qosd_stop gw
qos gw device change vpn state down
qosd_start gw
wait_for 10 state web down true false
wait_for 10 state vpn down true false
kill $ike
wait_for 10 state vpn down true true
ike
qos gw device change web state up
wait_for 10 state web up false false
qos gw device change vpn state up
wait_for 10 state vpn up false false
full "state = down"
qos gw daemon reload
wait_for 10 state fw down false false
qos gw device admit fw > "$W/gw/admit.log"
grep -q 'device fw is down, as configured' "$W/gw/admit.log"
wait_for 10 state fw down false false
full
qos gw daemon reload
wait_for 10 state fw up false false

step "a restart and a reload without a change change nothing; the module has it all again"
exec_at gw ipsec-qos -j monitor device chain service > "$W/gw/monitor.json" 2>&1 </dev/null &
monitor=$!
qosd_stop gw
qosd_start gw
qos gw daemon reload
# what is told of these has been told
qos gw device change ids rate 6
wait_for 10 grep -q ids "$W/gw/monitor.json"
not grep -qE '"(fw|web|vpn|spare|http|w|v)"' "$W/gw/monitor.json"
kill $monitor
wait_for 10 json_is 'map(select(.name == "ids"))[0].copies.rate == 5' qos gw -j device show
module_unload
module_load
wait_for 20 are services "http 198.51.100.80, vpn 198.51.100.80"
wait_for 20 mac fw inner "$(mac_of fw eth1)"
expect devices "$all_up" "$(devices)"

step "what is changed by hand is put back"
qos gw service del http
wait_for 10 are services "http 198.51.100.80, vpn 198.51.100.80"
qos gw chain change w through fw through web
wait_for 10 are chains "w fw-ids-web, v vpn"
qos gw device change spare on-failure skip
wait_for 10 json_is '.[1].on_failure == "drop"' qos gw -j device show

step "a reload gives names, ids, alternates and ports from one to another"
conf <<END
device fw { id = 2  interface = to_fw  address = 10.0.10.2  interval = 1s }
device spare { id = 1  interface = to_fw  mac = "02:00:00:00:00:99"  alternate = fw }
device web { id = 4  interface = to_web  address = "fd00:30::2"  function = server }
chain w { id = 2  devices = { spare, web } }
chain v { id = 1  devices = { web } }
service http { id = 2  address = 198.51.100.80  ports = { esp, udp/500 }  chain = w mode = alias }
service vpn { id = 1  address = 198.51.100.80  ports = { tcp/80, tcp/443 }  chain = v mode = alias }
END
qos gw daemon reload > "$W/gw/reload.log" 2>&1
not grep -q Warning "$W/gw/reload.log"
expect_json '.chains.errors == []' qos gw -j daemon status
expect_json 'map({key: .name, value: .id}) | from_entries == {"fw": 2, "spare": 1, "web": 4}' \
	qos gw -j device show
expect_json 'map(select(.name == "spare"))[0].alternate == "fw"' qos gw -j device show
expect chains "v web, w spare-web" "$(chains)"
expect_json 'map(select(.name == "vpn"))[0] | .id == 1 and .chain == "v"' qos gw -j service show

step "what the kernel refuses is said, tried again, and the rest is there"
qos gw device add other id 90 dev to_vpn mac 02:00:00:00:00:90
qos gw chain add other id 90 through other
qos gw service add other id 90 address 198.51.100.81 port tcp/80 chain other
conf <<END
device web { id = 4  interface = to_web  address = "fd00:30::2"  function = server }
chain v { id = 1  devices = { web } }
service vpn { id = 1  address = 198.51.100.80  ports = { tcp/80, tcp/443 }  chain = v mode = alias }
service taken { id = 3  address = 198.51.100.81  ports = tcp/80  chain = v mode = alias }
service more { id = 4  address = 198.51.100.82  ports = tcp/80  chain = v mode = alias }
END
qos gw daemon reload > "$W/gw/reload.log" 2>&1
grep -q "Warning: .*service taken: " "$W/gw/reload.log"
expect services "vpn 198.51.100.80, more 198.51.100.82, other 198.51.100.81" "$(services)"
expect_json '.chains.errors | length == 1' qos gw -j daemon status
qos gw daemon status > "$W/gw/status.log"
grep -q "^chains .*service taken: " "$W/gw/status.log"
qos gw service del other
wait_for 30 json_is 'map(.name) | index("taken") != null' qos gw -j service show
wait_for 10 json_is '.chains.errors == []' qos gw -j daemon status
# one that is to change and cannot is what it was
qos gw service add other id 90 address 198.51.100.90 port tcp/80 chain other
conf <<END
device web { id = 4  interface = to_web  address = "fd00:30::2"  function = server }
chain v { id = 1  devices = { web } }
service vpn { id = 1  address = 198.51.100.90  ports = { tcp/80, tcp/443 }  chain = v mode = alias }
END
qos gw daemon reload > "$W/gw/reload.log" 2>&1
grep -q "Warning: .*service vpn: " "$W/gw/reload.log"
expect services "vpn 198.51.100.80, other 198.51.100.90" "$(services)"
qos gw service del other
qos gw chain del other
qos gw device del other

step "a mistake is told with its line, and nothing of it is done"
at gw ip addr add 198.51.100.90/32 dev lo
expect_refused "ipsec-qosd.conf:5: address = '198.51.100.90': interface lo of this host has it" \
	qos gw daemon reload
at gw ip addr del 198.51.100.90/32 dev lo
expect services "vpn 198.51.100.80" "$(services)"

step "nothing is left where nothing is configured"
qosd_conf gw <<<""
qos gw daemon reload
for object in device chain service; do
	expect_json 'length == 0' qos gw -j $object show
done
expect_json '.chains == null' qos gw -j daemon status
expect "neighbours that are kept" 0 "$(ip -n gw neigh show | grep -c managed || true)"
