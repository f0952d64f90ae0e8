#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Elements, pools and steered prefixes by the command: what it prints, in words and in
# JSON, what it refuses, and that what was refused changed nothing; its events; and what
# status finds wrong with the router.
#
#   .------------------.              .----------------.
#   | router           |              | gw1            |
#   | 192.0.2.1 (lo) --+- 10.1.0.1/24 +-- 10.1.0.11/24 |
#   |             seg  | fd01::1/64   | fd01::11/64    |
#   '------------------'              '----------------'
#
# once: what the command says does not depend on the kernel
. tests/lib/lib.sh

host router gw1
link router:seg gw1:eth0
addr router seg 10.1.0.1/24 fd01::1/64
addr gw1 eth0 10.1.0.11/24 fd01::11/64
forward router
module_load

run()
{
	qos router "$@"
}

# tables: what there is of steering, without what is counted
tables()
{
	printf '%s show\n' element pool steer settings sa | run -j -b - |
		jq -c 'if type == "array" then map(del(.counters)) else . end'
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

step "nothing yet"
for object in element pool steer; do
	expect_json '. == []' run -j $object show
	expect "an empty table" "" "$(run $object show)"
	[[ $(run $object help) == "Usage: ipsec-qos $object"* ]]
	[[ $(run -j $object list) == "[]" ]]
done
expect_json '.steering == {elements: {up: 0, drain: 0, down: 0, unreachable: 0}, pools: 0,
	prefixes: 0, held: 0, lent: 0, unknown: {do: "off", element: null, rate: 100},
	problems: []}' run -j status
expect "what status says of steering" "" \
	"$(run status | grep -E '^(elements|pools|prefixes|unknown|problem)' || true)"

step "elements"
run -j monitor element pool steer > "$W/events.json" &
monitor=$!
run element add probe id 4000 via 10.1.0.11
# a monitor is there when it has seen something
# shellcheck disable=SC2016 # for eval
wait_for 10 eval 'run element change probe state down; run element change probe state up;
	grep -q probe "$W/events.json"'
run element del probe
run element add gw1 id 1 via 10.1.0.11
run e a gw2 id 2 dev seg via6 fd01::12 state drain
run element add name gw3 id 3 dev nowhere
run element add gw4 id 4 nexthop 77
zero='{packets: 0, bytes: 0}'
expect_json "length == 4 and .[0] == {name: \"gw1\", id: 1, dev: null, via: \"10.1.0.11\",
	via6: null, nexthop: null, state: \"up\", problem: null, sas: 0, pools: 0,
	owner: \"static\", counters: {sent: $zero, icmp: $zero, no_route: $zero, too_big: $zero,
	ttl: $zero, down: $zero, martian: $zero, policy: $zero}}" run -j element show
expect_json '.[1] | .dev == "seg" and .via == null and .via6 == "fd01::12" and
	.state == "drain"' run -j element show
expect_json '.[0].nexthop == 77' run -j element show gw4
expect_json '.[0].name == "gw2" and length == 1' run -j element show id 2
expect_json 'length == 4' run -j element show owner static
expect_json '. == []' run -j element show owner daemon
line '^gw1 +1 +via 10\.1\.0\.11 +up +.* +0 +0 +static$' element show
line '^gw2 +2 +via6 fd01::12 dev seg +drain +.* +0 +0 +static$' element show
line '^ELEMENT +SENT +ICMP +NO ROUTE +TOO BIG +TTL +DOWN +MARTIAN +POLICY$' element show
run element change gw1 state down
expect_json '.[0] | .state == "down" and .via == "10.1.0.11"' run -j element show gw1
run element change gw1 state up name gw9 via6 fd01::11
expect_json '.[0] | .name == "gw9" and .via == "10.1.0.11" and .via6 == "fd01::11"' \
	run -j element show id 1
run element change gw9 name gw1 via6 none
run element change gw4 nexthop none via 10.1.0.14
expect_json '.[0] | .nexthop == null and .via == "10.1.0.14"' run -j element show gw4

refuses 2 'ipsec_qos: ' element add gw1 id 1 via 10.1.0.12
refuses 2 'ipsec_qos: ' element add gw1 id 9 via 10.1.0.12
refuses 2 'ipsec_qos: ' element change gw7 state up
refuses 2 'ipsec_qos: ' element del gw7
refuses 2 'ipsec_qos: ' element show gw7
refuses 1 "the element's name is missing" element add
refuses 1 "the element's id is missing" element add gw5 via 10.1.0.15
refuses 1 'the way to element "gw5" is missing: dev DEVICE' element add gw5 id 5
refuses 1 'element "gw5" has a nexthop object' element add gw5 id 5 nexthop 7 dev seg
refuses 1 'the way to element "gw1" is missing' element change gw1 via none
refuses 1 'argument "65536" is wrong: id takes 1 to 65535' element add gw5 id 65536 dev seg
refuses 1 'argument "fd01::1" is wrong: via takes an IPv4' element add gw5 id 5 via fd01::1
refuses 1 'argument "10.1.0.5" is wrong: via6 takes an IPv6' element add gw5 id 5 via6 10.1.0.5
refuses 1 'argument "0.0.0.0" is wrong: via' element add gw5 id 5 via 0.0.0.0
refuses 1 'argument "away" is wrong: state takes up, drain or down' element change gw1 state away
refuses 1 'argument "sixteen-letters-" is wrong: dev' element add gw5 id 5 dev sixteen-letters-
refuses 1 'argument "a/b" is wrong: name' element add a/b id 5 dev seg
refuses 1 'what is to change is missing' element change gw1
refuses 1 '"weight" is unknown here' element add gw5 id 5 weight 2

step "pools"
run pool add vpn id 1 member gw1 weight 3 member id 2
run pool add servers id 2 mode flow secret 000102030405060708090a0b0c0d0e0f member gw3
expect_json '.[0] | del(.members) == {name: "vpn", id: 1, mode: "bucket", held: 0, lent: 0,
	owner: "static"} and (.members | map(.home) | add) == 4096 and
	(.members | map(.now) | add) == 4096 and (.members | map(.weight)) == [3, 1] and
	(.members | map(.element)) == ["gw1", "gw2"] and .members[0].home > 2800' \
	run -j pool show vpn
expect_json '.[0] | .mode == "flow" and .members[0].charon == null' run -j pool show servers
line '^vpn +1 +bucket +2 +0 +0 +static$' pool show
line '^gw1 +3 +[0-9]+ +[0-9]+ +0x0[0-9a-f]{3}0{12} +0x0fff0{12} +0xc[0-9a-f]{3}0000 +0xc[0-9a-f]{3}ffff$' \
	pool show vpn
# what strongswan.conf is told is of a bucket whose home that is
run -j pool buckets vpn > "$W/buckets.json"
run -j pool show vpn > "$W/pool.json"
expect_json 'length == 4096 and all(.home == .now)' cat "$W/buckets.json"
for i in 0 1; do
	read -r bucket name label min < <(jq -r ".[0].members[$i] | [.charon.bucket, .element,
		.charon.spi_label, .charon.spi_min] | join(\" \")" "$W/pool.json")
	expect "the home of bucket $bucket" "$name" \
		"$(jq -r ".[$bucket].home" "$W/buckets.json")"
	expect "the bucket of $label" "$bucket" $(((label >> 48) & 4095))
	expect "the bucket of $min" "$bucket" $(((min >> 16) & 4095))
done
[ "$(run pool buckets vpn | wc -l)" = 4097 ] || fail "a line for each bucket"
expect_json 'length == 4096 and all(.now == "gw3")' run -j pool buckets servers

# one that comes gets what is released; until then it is held
run pool change vpn member gw4
held=$(run -j pool show vpn | jq '.[0].held')
((held > 600 && held < 1000)) || fail "held: $held"
expect_json ".[0] | (.members | map(.weight)) == [3, 1, 1] and .members[2].now == 0 and
	.members[2].home == $held" run -j pool show vpn
line "^pools +2, buckets held $held, lent 0$" status
one=$(run -j pool buckets vpn | jq 'map(select(.home == "gw4"))[0].bucket')
expect_json '. == {released: 1}' run -j pool release vpn buckets "$one"
expect "released" "0 released" "$(run pool release vpn buckets "$one")"
expect "released" "$((held - 1)) released" "$(run pool release vpn buckets 0-4095)"
expect_json ".[0] | .held == 0 and .members[2].now == $held" run -j pool show vpn
run pool change vpn member gw1 weight 2 without gw4 secret 0f0e0d0c0b0a09080706050403020100
expect_json '.[0].members | map([.element, .weight]) == [["gw1", 2], ["gw2", 1]]' \
	run -j pool show vpn
run pool release vpn >/dev/null
# one that drains takes nobody's buckets
run element change gw1 state down
expect_json '.[0] | .lent == 0 and .members[0].now == 0 and
	.members[1].now == .members[1].home' run -j pool show vpn
run element change gw2 state up
expect_json '.[0] | .lent == .members[0].home and .members[1].now == 4096' run -j pool show vpn
expect_json 'all(.now == "gw2")' run -j pool buckets vpn
run element change gw1 state up
expect_json '.[0] | .lent == 0 and .members[0].now == .members[0].home' run -j pool show vpn
run pool change vpn name web
run pool change web name vpn

refuses 2 'ipsec_qos: .*(vpn|member)' element del gw1
refuses 2 'ipsec_qos: ' pool add vpn id 1
refuses 2 'ipsec_qos: there is no element "gw7"' pool add x id 3 member gw7
refuses 2 'ipsec_qos: ' pool add x id 3 member id 77
refuses 2 'ipsec_qos: element "gw4" is no member of pool "vpn"' pool change vpn without gw4
refuses 2 'ipsec_qos: ' pool change nobody member gw1
refuses 2 'ipsec_qos: ' pool release nobody
refuses 2 'ipsec_qos: ' pool buckets nobody
refuses 2 'ipsec_qos: ' pool del nobody
refuses 1 "the pool's name is missing" pool add
refuses 1 "the pool's id is missing" pool add x member gw1
refuses 1 'weight 2 is nobody.s: expected it behind a member' pool add x id 3 weight 2
refuses 1 'argument "0" is wrong: weight takes 1 to 65535' pool add x id 3 member gw1 weight 0
refuses 1 'argument "all" is wrong: mode takes bucket, sa or flow' pool add x id 3 mode all
refuses 1 'argument "00" is wrong: secret takes 32 hexadecimal digits' pool add x id 3 secret 00
refuses 1 '.mode. does not belong here' pool change vpn mode sa
refuses 1 'argument "4096" is wrong: buckets' pool release vpn buckets 4096
refuses 1 'argument "5-4" is wrong: buckets' pool release vpn buckets 5-4
refuses 1 'what is to change is missing' pool change vpn

step "steered prefixes"
run steer add 192.0.2.0/24 pool vpn
run steer add 192.0.2.1 pool id 1 ike element gw1
run steer add 2001:db8::/64 pool vpn ike pool
expect_json "length == 3 and .[1] == {family: \"inet\", prefix: \"192.0.2.1/32\",
	pool: \"vpn\", pool_id: 1, ike: \"element\", ike_element: \"gw1\", owner: \"static\",
	within: \"192.0.2.0/24\", counters: {exact: $zero, home: $zero, lent: $zero,
	hashed: $zero, ike: $zero, icmp: $zero, nobody: $zero, keepalive: $zero}} and .[0].within == null" \
	run -j steer show
line '^192\.0\.2\.1/32 +192\.0\.2\.0/24 +vpn +element gw1 +static$' steer show
line '^2001:db8::/64 +- +vpn +pool +static$' steer show
line '^PREFIX +EXACT +HOME +LENT +HASHED +IKE +ICMP +NOBODY +KEEPALIVE$' steer show
run steer change 192.0.2.1 ike local
expect_json '.[1] | .ike == "local" and .ike_element == null and .pool == "vpn"' \
	run -j steer show
run steer replace 192.0.2.1/32 pool vpn ike element id 2
expect_json '.[1].ike_element == "gw2"' run -j steer show
run steer del 2001:db8::/64
expect_json 'length == 2' run -j steer show

refuses 2 'ipsec_qos: ' steer add 192.0.2.1 pool vpn
refuses 2 'ipsec_qos: prefix 192.0.2.9/32 is not steered' steer change 192.0.2.9 ike pool
refuses 2 'ipsec_qos: ' steer del 192.0.2.9
refuses 2 'ipsec_qos: ' pool del vpn
refuses 2 'ipsec_qos: there is no pool "web"' steer add 192.0.2.9 pool web
refuses 1 'the prefix is missing' steer add
refuses 1 "the prefix's pool is missing" steer add 192.0.2.9
refuses 1 'argument "192.0.2.9/24" is wrong: a steered prefix is' steer add 192.0.2.9/24 pool vpn
refuses 1 'argument "far" is wrong: ike takes local' steer add 192.0.2.9 pool vpn ike far
refuses 1 'the element is missing' steer add 192.0.2.9 pool vpn ike element

step "SAs of elements"
run group add gold id 1 mark 1
run sa add dst 192.0.2.7 spi 0x1001 element gw1
run sa add dst 192.0.2.7 spi 0x1002 element id 2 group gold
run sa add dst 192.0.2.7 spi 0x1003 group gold
expect_json '.[0] | .element == "gw1" and .group == null and .group_id == null' \
	run -j sa show spi 0x1001
expect_json '.[0] | .element == "gw2" and .group == "gold"' run -j sa show spi 0x1002
expect_json 'map(.spi) == [4098]' run -j sa show element gw2
line '^192\.0\.2\.7 +0x00001001 +esp +- +0 +0 B +- +static +- +gw1$' sa show
expect_json '.[0].sas == 1' run -j element show gw1
run sa change dst 192.0.2.7 spi 0x1002 group none
expect_json '.[0] | .element == "gw2" and .group == null' run -j sa show spi 0x1002
run sa change dst 192.0.2.7 spi 0x1002 group gold element none
expect_json '.[0] | has("element") == false and .group == "gold"' run -j sa show spi 0x1002
run sa change dst 192.0.2.7 spi 0x1001 element gw2
refuses 1 'the SA.s group is missing: group GROUP, or element ELEMENT' \
	sa add dst 192.0.2.7 spi 0x1004
refuses 2 'ipsec_qos: there is no element "gw7"' sa add dst 192.0.2.7 spi 0x1004 element gw7
refuses 2 'ipsec_qos: ' element del gw2

step "where a packet would go"
run sa add dst 192.0.2.1 spi 0xc1230001 element gw2 group gold
expect_json '. == {dst: "192.0.2.1", src: null, spi: 3240296449, proto: "esp",
	why: "exact", element: "gw2", down: false, bucket: 291, pool: "vpn", group: "gold"} or
	(.why == "exact" and .element == "gw2" and .group == "gold")' \
	run -j steer test dst 192.0.2.1 spi 0xc1230001
# what it is sent is dropped
run element change gw2 state down
status=0; run steer test dst 192.0.2.1 spi 0xc1230001 > "$W/out" || status=$?
expect "status where it goes to one that is down" 3 $status
grep -q '^element gw2 down why exact pool vpn group gold$' "$W/out"
expect_json '.down' eval 'run -j steer test dst 192.0.2.1 spi 0xc1230001 || true'
run element change gw2 state up
home=$(run -j pool buckets vpn | jq -r '.[291].home')
expect "where it would go" "element $home why home bucket 291 pool vpn group -" \
	"$(run steer test dst 192.0.2.1 spi 0xc1230002)"
run element change "$home" state down
line '^element gw[12] why lent bucket 291 pool vpn group -$' steer test dst 192.0.2.1 spi 0xc1230002
run element change "$home" state up
status=0; run -j steer test dst 198.51.100.1 spi 0x1000 > "$W/out" || status=$?
expect "status where it goes to no element" 3 $status
expect_json '.why == "not-steered" and .element == null' cat "$W/out"
refuses 1 "the packet's destination is missing" steer test spi 256
refuses 1 "the packet's SPI is missing" steer test dst 192.0.2.1
refuses 1 'src fd01::1 is of another family' steer test dst 192.0.2.1 spi 256 src fd01::1
refuses 1 'argument "c1230002" is wrong: spi .* did you mean 0xc1230002' \
	steer test dst 192.0.2.1 spi c1230002

step "settings"
run settings set unknown relay gw1 unknown-rate 50
expect_json '.unknown == {do: "relay", element: "gw1", rate: 50}' run -j settings show
line '^unknown +relay gw1$' settings show
line '^unknown +SPIs: relay gw1, 50 a second at most$' status
refuses 2 'ipsec_qos: ' element del gw1
run settings set unknown tell
expect_json '.unknown == {do: "tell", element: null, rate: 50}' run -j settings show
run settings set unknown off unknown-rate 100
refuses 1 'argument "shout" is wrong: unknown takes off, tell or relay' settings set unknown shout
refuses 1 'argument "0" is wrong: unknown-rate takes 1 to 10000' settings set unknown-rate 0
refuses 1 'the element is missing' settings set unknown relay

step "status"
# gw3 has no device; nothing is known against the others
line '^elements +4: 4 up, 0 drain, 0 down, cannot be reached: 1$' status
line '^prefixes +2$' status
expect_json '.steering.problems | map(select(.what == "element gw3")) | length == 1 and
	(.[0].why | test("no interface nowhere"))' run -j status
line '^problem +element gw3: there is no interface nowhere$' status
refuses 2 'ipsec_qos: next hop 10.1.0.1 is an address of this host' \
	element change gw3 dev none via 10.1.0.1
# what becomes one later is kept
addr router seg 10.1.0.14/32
expect_json '.[0].problem == "local"' run -j element show gw4
line '^problem +element gw4: its next hop in "via 10.1.0.14" is an address of this host$' status
ip -n router addr del 10.1.0.14/32 dev seg
expect_json '.[0].problem == null' run -j element show gw4
run element change gw3 dev none via 10.9.9.9
expect_json '.[0].problem == "no-route"' run -j element show gw3
line '^problem +element gw3: no route leads to "via 10.9.9.9"$' status
run element change gw3 via none dev seg
# the VPN's address is others', and the way back is not that by which elements send
ip -n router link add away type dummy
ip -n router link set away up
ip -n router route add 192.0.2.0/24 dev away
at router sysctl -qw net.ipv4.conf.all.rp_filter=1
expect_json '.steering.problems | map([.what, .remedy]) ==
	[["interface seg", "sysctl net/ipv4/conf/seg/rp_filter=2"]]' run -j status
at router sysctl -qw net.ipv4.conf.seg.rp_filter=2
expect_json '.steering.problems == []' run -j status
ip -n router link del away
expect_json '.steering.problems | map([.what, .why[-14:]]) ==
	[["interface seg", "rp_filter is 2"]]' run -j status
at router sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.seg.rp_filter=0
expect_json '.steering.problems == []' run -j status
# the VPN's address on this host, too
addr router lo 192.0.2.1/32
at router sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.seg.accept_local=0
expect_json '.steering.problems | map(.what) == ["interface seg", "interface seg"] and
	map(.remedy) == ["sysctl net/ipv4/conf/seg/accept_local=1",
	"sysctl net/ipv4/conf/seg/rp_filter=2"]' run -j status
# what it says is what mends it
run -j status | jq -r '.steering.problems[].remedy' | while read -r remedy; do
	# shellcheck disable=SC2086
	at router $remedy >/dev/null
done
expect_json '.steering.problems == []' run -j status
at router sysctl -qw net.ipv4.ip_forward=0
expect_json '.steering.problems | map(.what) == ["IPv4"]' run -j status
at router sysctl -qw net.ipv4.ip_forward=1
run steer add 2001:db8::/64 pool vpn ike pool
# an interface that is a router's for IPv6 forwards nothing unless all do
at router sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv6.conf.seg.forwarding=1
expect_json '.steering.problems | map(.what) == ["IPv6"]' run -j status
at router sysctl -qw net.ipv6.conf.all.forwarding=1
expect_json '.steering.problems == []' run -j status
# nobody begins where all drain
run element change gw1 state drain
run element change gw2 state down
expect_json '.steering.problems | map(.what) == ["pool vpn"] and
	(.[0].why | test("no IKE SA can begin"))' run -j status
run element change gw1 state up
run element change gw2 state up
expect_json '.steering.problems == []' run -j status
run steer del 2001:db8::/64
# on a host that decrypts for others
run settings set unknown tell
expect_json '.steering.problems | map(.remedy) == ["sysctl net/ipv4/conf/seg/arp_ignore=1",
	"sysctl net/ipv4/conf/seg/arp_announce=2"]' run -j status
run -j status | jq -r '.steering.problems[].remedy' | while read -r remedy; do
	# shellcheck disable=SC2086
	at router $remedy >/dev/null
done
expect_json '.steering.problems == []' run -j status
run settings set unknown off
run pool change servers without gw3
run steer add 203.0.113.0/24 pool servers
expect_json '.steering.problems | map(.what) == ["pool servers"]' run -j status

step "many at once"
{
	for ((i = 0; i < 256; i++)); do
		echo "element add m$i id $((1000 + i)) dev seg"
	done
	printf 'pool add many id 10'
	for ((i = 0; i < 256; i++)); do
		printf ' member m%d weight %d' $i $((i % 3 + 1))
	done
	echo
} > "$W/batch"
run -b "$W/batch"
expect_json '.[0].members | length == 256 and (map(.home) | add) == 4096' \
	run -j pool show many
refuses 1 'a pool has at most 256 members' pool change many member gw1
run pool del many
for ((i = 0; i < 256; i++)); do
	echo "element del m$i"
done | run -b -

step "without the right"
for command in "element show" "element add x id 9 dev seg" "element change id 1 state down" \
	"element del id 1" "pool show" "pool add x id 9" "pool del id 1" "pool release id 1" \
	"steer show" "steer add 192.0.2.9 pool id 1" "steer del 192.0.2.1" \
	"steer test dst 192.0.2.1 spi 256" "settings set unknown tell"; do
	# shellcheck disable=SC2086
	expect_refused 'ipsec_qos: Operation not permitted: CAP_NET_ADMIN' \
		at router setpriv --reuid 65534 --regid 65534 --clear-groups \
		ipsec-qos $command
done

step "events"
run element change gw1 state drain
run steer del 192.0.2.1
# seen MEMBERS…: an event that has these
seen()
{
	jq -es "map(select($*)) | length > 0" "$W/events.json" >/dev/null
}
wait_for 10 seen '.event == "del" and .object == "steer" and .prefix == "192.0.2.1/32"'
seen '.event == "new" and .object == "element" and .name == "gw2" and .state == "drain"'
seen '.event == "change" and .object == "element" and .name == "gw1" and .state == "drain"'
seen '.event == "new" and .object == "pool" and .name == "vpn"'
seen '.event == "change" and .object == "pool" and .name == "vpn" and .held > 0'
seen '.event == "new" and .object == "steer" and .prefix == "192.0.2.0/24" and .pool == "vpn"'
kill $monitor
