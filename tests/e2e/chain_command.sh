#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Devices, chains and services by the command: what it prints, in words and in JSON, what it
# refuses, and that what was refused changed nothing; its events; what status finds wrong
# with the engine, and metrics.
#
#   .----------------.              .-------------.
#   | engine         |              | fw          |
#   |            seg +- 10.1.0.1/24 +-- eth0      |
#   |                |  fd01::1/64  | 10.1.0.11   |
#   |            wan +- 10.2.0.1/24 +-- eth1      |
#   '----------------'              '-------------'
#
# once: what the command says does not depend on the kernel
. tests/lib/lib.sh

host engine fw
link engine:seg fw:eth0
link engine:wan fw:eth1
addr engine seg 10.1.0.1/24 fd01::1/64
addr engine wan 10.2.0.1/24
addr fw eth0 10.1.0.11/24 fd01::11/64
forward engine
at engine sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.seg.rp_filter=0 \
	net.ipv4.conf.wan.rp_filter=0
module_load

run()
{
	qos engine "$@"
}

# tables: what there is of chains, without what is counted
tables()
{
	local id

	{
		printf '%s show\n' device chain service group
		for id in $(run -j service show | jq '.[].id'); do
			echo "service show id $id"
		done
	} | run -j -b - | jq -c 'walk(if type == "object" then
		del(.counters, .counter, .forward, .back) else . end)'
}

# refuses STATUS PATTERN ARGUMENT…: the command ends with STATUS and says PATTERN
refuses()
{
	local wanted=$1 pattern=$2 status=0 before

	shift 2
	before=$(tables)
	run "$@" >"$W/out" 2>"$W/err" </dev/null || status=$?
	expect "status of ipsec-qos $*" "$wanted" "$status"
	grep -qE -- "^Error: $pattern" "$W/err" ||
		fail "ipsec-qos $*: expected 'Error: $pattern', was told: $(cat "$W/err")"
	[ ! -s "$W/out" ] || fail "ipsec-qos $* printed: $(cat "$W/out")"
	[ "$(tables)" = "$before" ] || fail "what was refused changed: $*"
}

# line PATTERN ARGUMENT…: a line that it prints
line()
{
	local pattern=$1 said

	shift
	said=$(run "$@")
	grep -qE -- "$pattern" <<<"$said" || fail "ipsec-qos $*: no '$pattern' in: $said"
}

zero='{packets: 0, bytes: 0}'
mac=02:00:00:00:01

step "nothing yet"
for object in device chain service; do
	expect_json '. == []' run -j $object show
	expect "an empty table" "" "$(run $object show)"
	[[ $(run $object help) == "Usage: ipsec-qos $object"* ]]
	[[ $(run -j $object list) == "[]" ]]
done
expect_json '.chains == {devices: {up: 0, down: 0, unreachable: 0}, chains: 0, services: 0,
	problems: []}' run -j status
expect "what status says of chains" "" \
	"$(run status | grep -E '^(devices|chains|services|problem)' || true)"

step "devices"
run -j monitor device chain service > "$W/events.json" &
monitor=$!
run device add probe id 4000 dev seg mac $mac:99
# a monitor is there when it has seen something
# shellcheck disable=SC2016 # for eval
wait_for 10 eval 'run device change probe state down; run device change probe state up;
	grep -q probe "$W/events.json"'
run device del probe
run device add fw id 1 outer dev wan mac $mac:01 inner dev seg mac $mac:02 from $mac:03 \
	from $mac:04 on-failure skip
run dev add fw2 id 2 dev wan mac $mac:11 inner dev seg mac $mac:12 state down
run device add ids id 3 kind tap dev seg mac $mac:21 rate 500 snap 128
run device add web id 4 dev seg mac $mac:31
run device add vpn id 5 dev seg
run device add net id 6 kind routed dev nowhere
run device add name gw id 7 alternate web dev seg mac $mac:41
expect_json "length == 7 and .[0] == {name: \"fw\", id: 1, kind: \"hop\",
	outer: {dev: \"wan\", mac: \"$mac:01\", from: [], problem: null},
	inner: {dev: \"seg\", mac: \"$mac:02\", from: [\"$mac:03\", \"$mac:04\"], problem: null},
	state: \"up\", now: \"fw\", alternate: null, on_failure: \"skip\", copies: null,
	chains: 0, owner: \"static\", counters: {outer_sent: $zero, outer_returned: $zero,
	inner_sent: $zero, inner_returned: $zero, skipped: $zero, down: $zero, no_way: $zero,
	too_big: $zero, rate: $zero, stray: $zero, checked: $zero}}" run -j device show
expect_json '.[0] | .copies == {rate: 500, snap: 128} and .inner == null' run -j device show ids
expect_json '.[0] | .state == "down" and .now == null' run -j device show fw2
expect_json '.[0] | .outer.problem == "no-mac" and .outer.mac == null' run -j device show vpn
expect_json '.[0] | .outer.problem == "no-interface" and .kind == "routed"' \
	run -j device show net
expect_json '.[0] | .name == "gw" and .alternate == "web"' run -j device show id 7
expect_json 'length == 7' run -j device show owner static
expect_json '. == []' run -j device show owner daemon
line "^fw +1 +hop +wan $mac:01 +seg $mac:02 from $mac:03 from $mac:04 +up +fw +- +- +skip +0 +static$" \
	device show
line "^ids +3 +tap 500/s 128 B +seg $mac:21 +- +up +ids +- +- +drop +0 +static$" device show
line '^vpn +5 +hop +seg +- +up +vpn +no-mac +- +drop +0 +static$' device show vpn
line '^DEVICE +OUTER SENT +RETURNED +INNER SENT +RETURNED +SKIPPED +DOWN +NO WAY +TOO BIG +RATE +STRAY +CHECKED$' \
	device show
# what is not said stays
run device change fw on-failure drop
run device change fw alternate fw2
expect_json '.[0] | .on_failure == "drop" and .alternate == "fw2" and .inner.from[1] != null' \
	run -j device show fw
run device change fw state down
expect_json '.[0] | .state == "down" and .now == null' run -j device show fw
run device change fw2 state up
expect_json '.[0] | .state == "down" and .now == "fw2"' run -j device show fw
run device change fw state up
run device change fw inner mac $mac:05 from $mac:06
expect_json ".[0].inner | .mac == \"$mac:05\" and .from == [\"$mac:06\"] and .dev == \"seg\"" \
	run -j device show fw
run device change fw inner from none mac $mac:02
expect_json ".[0].inner | .from == [] and .mac == \"$mac:02\"" run -j device show fw
run device change gw name router mac none alternate none inner dev wan mac $mac:42
expect_json '.[0] | .name == "router" and .outer.mac == null and .alternate == null and
	.inner.dev == "wan"' run -j device show id 7
run device change router name gw mac $mac:41 inner none
expect_json '.[0].inner == null' run -j device show gw
run device change ids snap all rate 1000
expect_json '.[0].copies == {rate: 1000, snap: null}' run -j device show ids
run device replace vpn id 5 dev seg mac $mac:51
expect_json '.[0].outer.problem == null' run -j device show vpn
run device change fw state down
run device admit fw
expect_json '.[0] | .state == "up" and .now == "fw"' run -j device show fw

refuses 2 'ipsec_qos: ' device add fw id 1 dev seg mac $mac:61
refuses 2 'ipsec_qos: ' device add fw id 9 dev seg mac $mac:61
refuses 2 "ipsec_qos: $mac:31 at seg is device web" device add x id 9 dev seg mac $mac:31
refuses 2 'ipsec_qos: device x has .* at seg twice' \
	device add x id 9 dev seg mac $mac:61 from $mac:61
refuses 2 'ipsec_qos: both sides are .* at seg' \
	device add x id 9 dev seg mac $mac:61 inner dev seg mac $mac:61
refuses 2 'ipsec_qos: a routed device has one side, without MAC' \
	device add x id 9 kind routed dev seg mac $mac:61
refuses 2 'ipsec_qos: a device that is no tap gets no copies' \
	device add x id 9 dev seg mac $mac:61 rate 5
refuses 2 'ipsec_qos: device fw2? would be its own alternate' device change fw2 alternate fw
refuses 2 'ipsec_qos: device ids and its alternate web are of different kinds' \
	device change ids alternate web
refuses 2 'ipsec_qos: there is no device "nobody"' device change fw alternate nobody
refuses 2 'ipsec_qos: device fw2 is the alternate of device fw' device del fw2
refuses 2 'ipsec_qos: ' device change nobody state up
refuses 2 'ipsec_qos: ' device admit nobody
refuses 2 'ipsec_qos: ' device del nobody
refuses 2 'ipsec_qos: ' device show nobody
refuses 1 "the device's name is missing" device add
refuses 1 "the device's id is missing" device add x dev seg
refuses 1 'the interface of device "x" is missing: dev INTERFACE' device add x id 9
refuses 1 'the interface of the inner side of device "x" is missing' \
	device add x id 9 dev seg inner mac $mac:61
refuses 1 'argument "65536" is wrong: id takes 1 to 65535' device add x id 65536 dev seg
refuses 1 'argument "wire" is wrong: kind takes hop, tap or routed' device add x id 9 kind wire
refuses 1 'argument "a/b" is wrong: dev takes an interface' device add x id 9 dev a/b
refuses 1 'argument "ff:ff:ff:ff:ff:ff" is wrong: mac takes a link address of one host' \
	device add x id 9 dev seg mac ff:ff:ff:ff:ff:ff
refuses 1 'argument "02" is wrong: from takes' device add x id 9 dev seg from 02
refuses 1 'a side sends from at most 4 addresses' device add x id 9 dev seg from $mac:61 \
	from $mac:62 from $mac:63 from $mac:64 from $mac:65
refuses 1 'mac of the inner side is there twice' \
	device add x id 9 dev seg inner dev wan mac $mac:61 mac $mac:62
refuses 1 'outer is there twice' device add x id 9 outer dev seg outer dev wan
refuses 1 'argument "drain" is wrong: state takes up or down' device change fw state drain
refuses 1 'argument "wait" is wrong: on-failure takes drop or skip' device change fw on-failure wait
refuses 1 'argument "0" is wrong: rate takes copies a second' device change ids rate 0
refuses 1 'argument "63" is wrong: snap takes bytes' device change ids snap 63
refuses 1 'the value of mac is missing' device change fw mac
refuses 1 '"id" does not belong here' device change fw id 3
refuses 1 '"name" does not belong here' device add x id 9 dev seg name y
refuses 1 '"speed" is unknown here' device change fw speed 3
refuses 1 'what is to change is missing' device change fw
refuses 1 'the device is missing' device del
refuses 1 '"now" is too much here' device admit fw now
refuses 1 'device cannot "fly"' device fly

step "chains"
run chain add front id 1 through fw through ids through web
run ch a back id 2 through fw,web
run chain add short id 3 through id 4
expect_json 'length == 3 and .[0] == {name: "front", id: 1, through: ["fw", "ids", "web"],
	services: 0, owner: "static"}' run -j chain show
line '^CHAIN +ID +THROUGH +SERVICES +OWNER$' chain show
line '^front +1 +fw,ids,web +0 +static$' chain show
line '^back +2 +fw,web +0 +static$' chain show back
expect_json '.[0].name == "short" and length == 1' run -j chain show id 3
expect_json '. == []' run -j chain show owner daemon
expect_json '.[0].chains == 3' run -j device show web
run chain change short through fw through ids,web
expect_json '.[0] | .through == ["fw", "ids", "web"] and .name == "short"' run -j chain show id 3
run chain change short name brief
run chain change brief name short through web
expect_json '.[0].through == ["web"]' run -j chain show short
run chain replace short id 3 through vpn,web
expect_json '.[0].through == ["vpn", "web"]' run -j chain show short
# a service goes on with the one that is in its place
run chain change short through web

refuses 2 'ipsec_qos: ' chain add front id 1 through web
refuses 2 'ipsec_qos: ' chain add front id 9 through web
refuses 2 'ipsec_qos: there is no device "nobody"' chain add x id 9 through nobody
refuses 2 'ipsec_qos: there is no device "nobody"' chain add x id 9 through fw,nobody,web
refuses 2 'ipsec_qos: device fw is in it twice: state it as two' chain add x id 9 through fw,web,fw
refuses 2 'ipsec_qos: devices fw and fw2 of chain x share an alternate' \
	chain add x id 9 through fw,fw2
refuses 2 'ipsec_qos: device net is routed: only the last of a chain' \
	chain add x id 9 through net,web
refuses 2 'ipsec_qos: no device 77' chain add x id 9 through id 77
refuses 2 'ipsec_qos: device fw is in chain' device del fw
refuses 2 'ipsec_qos: device web is in chain' device change web kind tap
refuses 2 'ipsec_qos: ' chain change nobody through web
refuses 2 'ipsec_qos: ' chain del nobody
refuses 2 'ipsec_qos: ' chain show nobody
refuses 1 "the chain's name is missing" chain add
refuses 1 "the chain's id is missing" chain add x through web
refuses 1 'what chain "x" goes through is missing: through DEVICE' chain add x id 9
refuses 1 'the device is missing' chain add x id 9 through
refuses 1 'argument "" is wrong: name takes' chain add x id 9 through fw,,web
refuses 1 'argument "0" is wrong: id takes 1 to 65535' chain add x id 0 through web
refuses 1 'a chain goes through at most 8 devices' chain add x id 9 through fw through fw \
	through fw through fw through fw through fw through fw through fw through fw
refuses 1 'a chain goes through at most 8 devices' chain add x id 9 through fw,fw,fw,fw,fw,fw,fw,fw,fw
refuses 1 '"id" does not belong here' chain change front id 8
refuses 1 'what is to change is missing: name or through' chain change front

step "services"
run group add gold id 1 mark 1
run group add tunnel id 2 mark 2
run service add shop id 1 address 192.0.2.1 port tcp/80 port tcp/443 chain front
run service add vpn id 2 address 192.0.2.2 chain short port udp/500 port udp/4500 port esp \
	port udp/5000-5100
run serv a rest id 3 address 192.0.2.1 chain back group gold from-group tunnel rate 5000
run service add six id 4 address 2001:db8::1 chain front port tcp
run service add isp id 5 address 203.0.113.0/24 mode client chain back
run service add nat id 6 address 192.0.2.3 port tcp/80 chain front segment fw to 192.0.2.3 \
	segment web to 10.1.0.31 to-port 8080
run service add gate id 7 address 192.0.2.4 port udp/4500 chain front \
	segment fw from 10.9.9.9 from-port tcp/80 from-port tcp/443 from-port icmp
expect_json "length == 7 and .[0] == {name: \"shop\", id: 1, family: \"inet\",
	address: \"192.0.2.1\", mode: \"server\",
	ports: [{proto: \"tcp\", first: 80, last: 80, forward: $zero, back: $zero},
		{proto: \"tcp\", first: 443, last: 443, forward: $zero, back: $zero}],
	chain: \"front\", segments: [], clients: [], group: null, from_group: null, rate: null,
	owner: \"static\", counters: {forward: $zero, back: $zero, acl: $zero, rate: $zero,
	forged: $zero, ttl: $zero, martian: $zero, policy: $zero, memory: $zero}, syns: $zero}" \
	run -j service show
expect_json '.[0] | .group == "gold" and .from_group == "tunnel" and .rate == 5000 and
	.ports == [] and .acl == []' \
	run -j service show rest
expect_json '.[0].ports | map([.proto, .first, .last]) | sort ==
	([["udp", 500, 500], ["udp", 4500, 4500], ["udp", 5000, 5100], ["esp", null, null]] | sort)' \
	run -j service show vpn
expect_json '.[0] | .family == "inet6" and .ports[0].first == null' run -j service show six
expect_json '.[0] | .address == "203.0.113.0/24" and .mode == "client"' run -j service show isp
expect_json '.[0].segments == [{device: "fw", to: "192.0.2.3", to_port: null, from: null,
	from_ports: []}, {device: "web", to: "10.1.0.31", to_port: 8080, from: null,
	from_ports: []}]' run -j service show nat
expect_json '.[0].segments[0] | .from == "10.9.9.9" and (.from_ports | map(.proto) | sort ==
	["icmp", "tcp", "tcp"])' run -j service show gate
expect_json '. == []' run -j service show owner daemon
line '^SERVICE +ID +ADDRESS +MODE +PORTS +CHAIN +GROUP +FROM GROUP +RATE +OWNER$' service show
line '^shop +1 +192\.0\.2\.1 +server +tcp/80,tcp/443 +front +- +- +- +static$' service show
line '^rest +3 +192\.0\.2\.1 +server +any +back +gold +tunnel +5000 +static$' service show
line '^isp +5 +203\.0\.113\.0/24 +client +any +back +- +- +- +static$' service show isp
line '^SERVICE +FORWARD +BACK +ACL +RATE +FORGED +TTL +MARTIAN +POLICY +MEMORY$' service show
line '^web +10\.1\.0\.31 +8080 +- +-$' service show nat
line '^fw +- +- +10\.9\.9\.9 +.*tcp/443' service show gate
expect_json '.[0].services == 4' run -j chain show front
# what is not said stays, a list that is said is said anew
run service change shop group gold
run service change shop allow 198.51.100.0/24 dev wan deny any
run service change shop client 198.51.100.7 chain short client 198.51.100.64/26 chain back
expect_json ".[0] | .group == \"gold\" and (.ports | length == 2) and .chain == \"front\" and
	.acl == [{allow: true, client: \"198.51.100.0/24\", dev: \"wan\", counter: $zero},
		{allow: false, client: null, dev: null, counter: $zero}] and
	.clients == [{client: \"198.51.100.7\", chain: \"short\"},
		{client: \"198.51.100.64/26\", chain: \"back\"}]" run -j service show shop
line '^allow +198\.51\.100\.0/24 +wan +0 / 0 B$' service show shop
line '^deny +any +- +0 / 0 B$' service show shop
line '^198\.51\.100\.64/26 +back$' service show shop
run service change shop port tcp/80-90 allow any
expect_json '.[0] | (.ports | map([.first, .last]) == [[80, 90]]) and (.acl | length == 1)' \
	run -j service show shop
run service change shop acl none client none group none chain back name store
expect_json '.[0] | .acl == [] and .clients == [] and .group == null and .chain == "back" and
	.name == "store"' run -j service show id 1
run service change store name shop chain front port tcp/80 port tcp/443
run service change nat segment web to 10.1.0.32
expect_json '.[0].segments | map(.device) == ["web"]' run -j service show nat
run service change nat segment none
expect_json '.[0].segments == []' run -j service show nat
run service change rest rate none from-group none
expect_json '.[0] | .rate == null and .from_group == null and .group == "gold" and
	.ports == []' run -j service show rest
run service replace rest id 3 address 192.0.2.1 chain back
expect_json '.[0].group == null' run -j service show rest
run service change gate port any address 192.0.2.5 segment none
expect_json '.[0] | .ports == [] and .address == "192.0.2.5"' run -j service show gate
run service del gate
run service change rest group gold

refuses 2 'ipsec_qos: ' service add shop id 1 address 192.0.2.9 chain front
refuses 2 'ipsec_qos: ' service add shop id 99 address 192.0.2.9 chain front
refuses 2 "ipsec_qos: port .* is shop's: change that service first" \
	service add x id 9 address 192.0.2.1 port tcp/80 chain back
refuses 2 "ipsec_qos: port .* is shop's: change that service first" \
	service add x id 9 address 192.0.2.1 port tcp/70-90 chain back
refuses 2 "ipsec_qos: other ports are rest's: change that service first" \
	service add x id 9 address 192.0.2.1 chain back
refuses 2 "ipsec_qos: that prefix is isp's: change that service first" \
	service add x id 9 address 203.0.113.0/24 mode client chain front
refuses 2 'ipsec_qos: .*10\.1\.0\.1 is an address of this host: route it here, or add a proxy entry' \
	service add x id 9 address 10.1.0.1 port tcp/80 chain front
refuses 2 'ipsec_qos: ports 80 to 90 and 85 to 85 of protocol 6 overlap' \
	service add x id 9 address 192.0.2.9 port tcp/80-90 port tcp/85 chain front
refuses 2 'ipsec_qos: a prefix is of clients. services alone' \
	service add x id 9 address 192.0.2.0/30 chain front
refuses 2 'ipsec_qos: no service can have that address' \
	service add x id 9 address 224.0.0.5 chain front
refuses 2 'ipsec_qos: there is no chain "nobody"' service add x id 9 address 192.0.2.9 chain nobody
refuses 2 'ipsec_qos: no chain 77' service add x id 9 address 192.0.2.9 chain id 77
refuses 2 'ipsec_qos: there is no group "lead"' \
	service add x id 9 address 192.0.2.9 chain front group lead
refuses 2 'ipsec_qos: .*segment for device vpn, which is not in chain front' \
	service add x id 9 address 192.0.2.9 chain front segment vpn to 10.0.0.1
refuses 2 'ipsec_qos: device web can be sent another port only where' \
	service add x id 9 address 192.0.2.9 chain front segment web to-port 8080
refuses 2 'ipsec_qos: device web is the chain.s last: nothing of the service comes out' \
	service add x id 9 address 192.0.2.9 chain front segment web from 10.0.0.1
refuses 2 'ipsec_qos: segments are of servers. services alone' \
	service add x id 9 address 192.0.2.9 mode client chain front segment web to 10.0.0.1
refuses 2 'ipsec_qos: clients with another chain are of servers. services alone' \
	service add x id 9 address 192.0.2.9 mode client chain front client 10.0.0.1 chain back
refuses 2 'ipsec_qos: chain front has [0-9]+ services' chain del front
refuses 2 'ipsec_qos: .*service' group del gold
refuses 2 'ipsec_qos: ' service change nobody rate 5
refuses 2 'ipsec_qos: ' service del nobody
refuses 2 'ipsec_qos: ' service show nobody
refuses 2 'ipsec_qos: there is no service "nobody"' service trace nobody
refuses 1 "the service's name is missing" service add
refuses 1 "the service's id is missing" service add x address 192.0.2.9 chain front
refuses 1 'the address of service "x" is missing' service add x id 9 chain front
refuses 1 'the chain of service "x" is missing' service add x id 9 address 192.0.2.9
refuses 1 'argument "192.0.2.9/24" is wrong: address takes ADDRESS' \
	service add x id 9 address 192.0.2.9/24 chain front
refuses 1 'argument "tcp/0" is wrong: port takes PROTO' \
	service add x id 9 address 192.0.2.9 chain front port tcp/0
refuses 1 'argument "esp/80" is wrong: port takes PROTO' \
	service add x id 9 address 192.0.2.9 chain front port esp/80
refuses 1 'argument "peer" is wrong: mode takes server or client' \
	service add x id 9 address 192.0.2.9 chain front mode peer
refuses 1 'to is nobody.s: expected it behind a segment' \
	service add x id 9 address 192.0.2.9 chain front to 10.0.0.1
refuses 1 'to-port is nobody.s' \
	service add x id 9 address 192.0.2.9 segment web to 10.0.0.1 chain front to-port 80
refuses 1 'to of a segment is there twice' \
	service add x id 9 address 192.0.2.9 chain front segment web to 10.0.0.1 to 10.0.0.2
refuses 1 'there are two segments of device "web"' \
	service add x id 9 address 192.0.2.9 chain front segment web to 10.0.0.1 segment web
refuses 1 'argument "0" is wrong: to-port takes a port' \
	service add x id 9 address 192.0.2.9 chain front segment web to-port 0
refuses 1 'dev wan is nobody.s: expected it behind allow or deny' \
	service add x id 9 address 192.0.2.9 chain front dev wan
refuses 1 'dev of a rule is there twice' \
	service add x id 9 address 192.0.2.9 chain front allow any dev wan dev seg
refuses 1 'argument "all" is wrong: deny takes ADDRESS' \
	service add x id 9 address 192.0.2.9 chain front deny all
refuses 1 'allow fd01::1 is of another family than the service.s address: expected one of inet' \
	service add x id 9 address 192.0.2.9 chain front allow fd01::1
refuses 1 'to fd01::1 is of another family' \
	service add x id 9 address 192.0.2.9 chain front segment web to fd01::1
refuses 1 'client fd01::1 is of another family' \
	service add x id 9 address 192.0.2.9 chain front client fd01::1 chain back
refuses 1 'the chain of a client is missing: client ADDRESS chain CHAIN' \
	service add x id 9 address 192.0.2.9 chain front client 10.0.0.1
refuses 1 '"through" is unknown here: expected chain' \
	service add x id 9 address 192.0.2.9 chain front client 10.0.0.1 through back
refuses 1 'acl stands ahead of none alone' \
	service add x id 9 address 192.0.2.9 chain front acl any
refuses 1 'argument "0" is wrong: rate takes packets a second' service change shop rate 0
refuses 1 'chain is there twice' service add x id 9 address 192.0.2.9 chain front chain back
refuses 1 '"id" does not belong here' service change shop id 8
refuses 1 'what is to change is missing' service change shop
refuses 1 'argument "0" is wrong: packets takes 1 to 1000' service trace shop packets 0
refuses 1 'argument "far" is wrong: client takes' service trace shop client far

step "what is said in a batch"
{
	printf 'service add many id 100 address 192.0.2.100 port tcp/80 chain front'
	for ((i = 0; i < 4000; i++)); do
		printf ' %s 10.%d.%d.%d dev wan' "$( ((i % 3)) && echo allow || echo deny)" \
			$((i / 65536)) $((i / 256 % 256)) $((i % 256))
	done
	printf ' deny any\n'
	for ((i = 0; i < 500; i++)); do
		echo "service add b$i id $((1000 + i)) address 192.0.2.101 port tcp/$((1000 + i)) chain short"
	done
} > "$W/batch"
run -b "$W/batch"
expect_json '.[0].acl | length == 4001 and .[0] == {allow: false, client: "10.0.0.0", dev: "wan",
	counter: {packets: 0, bytes: 0}} and .[3999].client == "10.0.15.159" and
	.[4000] == {allow: false, client: null, dev: null, counter: {packets: 0, bytes: 0}}' \
	run -j service show many
expect "a line for each rule" 4001 "$(run service show many | grep -cE '^(allow|deny) ')"
# changing it states all of them again
run service change many rate 10
expect_json '.[0] | .rate == 10 and (.acl | length == 4001)' run -j service show many
expect_json '[.[] | select(.id >= 1000)] | length == 500' run -j service show
refuses 1 'a service has at most 4096 rules of its ACL' -b <(
	printf 'service change many'
	for ((i = 0; i < 4097; i++)); do
		printf ' allow 10.%d.%d.%d' $((i / 65536)) $((i / 256 % 256)) $((i % 256))
	done)
printf 'service del b%d\n' {0..499} | run -b -
run service del many
expect_json 'map(select(.id >= 100)) == []' run -j service show

step "status"
# net has no interface; nothing is known against the others
line '^devices +7: 7 up, 0 down, cannot be reached: 1$' status
line '^chains +3$' status
line '^services +6$' status
expect_json '.chains.problems == [{what: "device net", why: "there is no interface nowhere",
	remedy: "add it, or ipsec-qos device change net dev INTERFACE"}]' run -j status
line '^problem +device net: there is no interface nowhere$' status
run device change net dev wan
expect_json '.chains.problems == []' run -j status
run device change vpn mac none
expect_json '.chains.problems == [{what: "device vpn", why: "its link address at seg is not known",
	remedy: "ipsec-qos device change vpn mac MAC"}]' run -j status
run device change vpn mac $mac:51
run device change ids state down
expect_json '.chains.problems == [{what: "device ids", remedy: "ipsec-qos device admit ids",
	why: "it is down, and has no alternate: nothing is copied to it"}]' run -j status
run device change web state down
expect_json '.chains.problems | any(.why | endswith("packets of its chains are dropped"))' \
	run -j status
run -j status | jq -r '.chains.problems[].remedy' | while read -r remedy; do
	# shellcheck disable=SC2086
	at engine $remedy
done
expect_json '.chains.problems == []' run -j status
ip -n engine link set seg down
expect_json '.chains.problems | map(select(.what == "device web")) | .[0].remedy ==
	"ip link set dev seg up"' run -j status
ip -n engine link set seg up
wait_for 10 json_is '.chains.problems == []' run -j status
# what leaves the chain comes by an interface where its source is not expected
at engine sysctl -qw net.ipv4.conf.seg.rp_filter=1
expect_json '.chains.problems | length == 1 and .[0].what == "interface seg" and
	.[0].remedy == "sysctl net/ipv4/conf/seg/rp_filter=2"' run -j status
at engine sysctl -qw net.ipv4.conf.seg.rp_filter=2
expect_json '.chains.problems | map([.what, .remedy]) ==
	[["interface seg", "ip route add 192.0.2.2 ..."]]' run -j status
at engine sysctl -qw net.ipv4.conf.wan.rp_filter=1
ip -n engine route add 192.0.2.0/24 dev seg
expect_json '.chains.problems | map(.what) == ["interface wan"]' run -j status
ip -n engine route del 192.0.2.0/24 dev seg
ip -n engine route add 192.0.2.0/24 dev wan
at engine sysctl -qw net.ipv4.conf.seg.rp_filter=0
ip -n engine addr del 10.2.0.1/24 dev wan
ip -n engine route replace 192.0.2.0/24 dev wan
expect_json '.chains.problems | map(.remedy) | index("ip address add ADDRESS dev wan") != null' \
	run -j status
ip -n engine addr add 10.2.0.1/24 dev wan
at engine sysctl -qw net.ipv4.conf.wan.rp_filter=0
expect_json '.chains.problems == []' run -j status
# an address that comes to this host later
ip -n engine addr add 192.0.2.1/32 dev wan
expect_json '.chains.problems | map(.what) == ["service shop", "service rest"] and
	.[0].remedy == "ip address del 192.0.2.1 dev wan"' run -j status
ip -n engine addr del 192.0.2.1/32 dev wan
at engine sysctl -qw net.ipv4.ip_forward=0
expect_json '.chains.problems | map(.what) == ["IPv4"]' run -j status
at engine sysctl -qw net.ipv4.ip_forward=1
at engine sysctl -qw net.ipv6.conf.all.forwarding=0
expect_json '.chains.problems | map([.what, .why]) ==
	[["IPv6", "all/forwarding is 0: nothing enters a chain"]]' run -j status
at engine sysctl -qw net.ipv6.conf.all.forwarding=1
expect_json '.chains.problems == []' run -j status

step "metrics"
run metrics > "$W/metrics"
# metric LINE: a sample
metric()
{
	grep -qxF -- "$1" "$W/metrics" || fail "no '$1' in the metrics"
}
metric 'ipsec_qos_device_state{device="fw",state="up"} 1'
metric 'ipsec_qos_device_taken{device="fw",by="itself"} 1'
metric 'ipsec_qos_device_taken{device="fw",by="nobody"} 0'
metric 'ipsec_qos_device_reachable{device="fw",side="inner"} 1'
metric 'ipsec_qos_device_packets_total{device="fw",side="outer",direction="sent"} 0'
metric 'ipsec_qos_device_skipped_packets_total{device="fw"} 0'
metric 'ipsec_qos_device_dropped_packets_total{device="fw",reason="stray"} 0'
metric 'ipsec_qos_service_packets_total{service="shop",direction="back"} 0'
metric 'ipsec_qos_service_dropped_bytes_total{service="shop",reason="forged"} 0'

step "without the right"
for command in "device show" "device add x id 9 dev seg" "device change id 1 state down" \
	"device del id 1" "device admit id 1" "chain show" "chain add x id 9 through id 1" \
	"chain del id 1" "service show" "service add x id 9 address 192.0.2.9 chain id 1" \
	"service del id 1" "service trace id 1"; do
	# shellcheck disable=SC2086
	expect_refused 'ipsec_qos: Operation not permitted: CAP_NET_ADMIN' \
		at engine setpriv --reuid 65534 --regid 65534 --clear-groups \
		ipsec-qos $command
done

step "events"
run device change web state down
run device change web state up
run chain change short through vpn
run service del vpn
# seen MEMBERS…: an event that has these
seen()
{
	jq -es "map(select($*)) | length > 0" "$W/events.json" >/dev/null
}
wait_for 10 seen '.event == "del" and .object == "service" and .name == "vpn"'
seen '.event == "new" and .object == "device" and .name == "fw" and .inner.dev == "seg"'
seen '.event == "change" and .object == "device" and .name == "web" and .state == "down"'
seen '.event == "new" and .object == "chain" and .name == "front" and .through[1] == "ids"'
seen '.event == "change" and .object == "chain" and .name == "short" and .through == ["vpn"]'
seen '.event == "new" and .object == "service" and .name == "shop" and .ports[1].first == 443'
seen '.event == "change" and .object == "service" and .name == "shop" and .group == "gold"'
kill $monitor
