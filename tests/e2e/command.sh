#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every object and verb of ipsec-qos, what it prints, what it refuses, and that
# what was refused changed nothing. No daemon, but at the beginning and where
# profiles are tried: the commands for it say so.
#
# once: what the command says does not depend on the kernel
. tests/lib/lib.sh

batch=$W/batch
unprivileged=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# What the tables hold, without what counts or runs down.
tables()
{
	printf '%s show\n' group sa ike settings fallback | ipsec-qos -j -b - |
		jq -c 'if type == "array" then
			map(del(.counters, .lifetime)) | sort else . end'
}

# freeze, frozen: between the two nothing may change
freeze()
{
	before=$(tables)
}

frozen()
{
	[ "$(tables)" = "$before" ] || fail "what was refused changed: $(tables)"
}

# refuses STATUS PATTERN ARGUMENT…: ipsec-qos ends with STATUS and says PATTERN
# on standard error and nothing else
refuses()
{
	local wanted=$1 pattern=$2 status=0

	shift 2
	ipsec-qos "$@" >"$W/out" 2>"$W/err" </dev/null || status=$?
	expect "status of ipsec-qos $*" "$wanted" "$status"
	grep -qE -- "^Error: $pattern" "$W/err" ||
		fail "ipsec-qos $*: expected 'Error: $pattern', was told: $(cat "$W/err")"
	[ ! -s "$W/out" ] || fail "ipsec-qos $* printed: $(cat "$W/out")"
}

# gets NUMBER WHAT FILTER…: so many SAs or IKE SAs are shown
gets()
{
	local wanted=$1

	shift
	expect "how many: $*" "$wanted" "$(ipsec-qos -j "$@" | jq length)"
}

# start_daemon < CONFIGURATION: and wait until it is ready. Its tables are those of
# a network namespace of its own.
start_daemon()
{
	cat > "$W/qosd.conf"
	unshare --net ipsec-qosd -c "$W/qosd.conf" 2>>"$W/qosd.log" &
	daemon=$!
	wait_for 10 ipsec-qos daemon status
}

step "without the module, which nobody's request loads"
expect_refused 'module is not loaded: modprobe ipsec_qos' ipsec-qos group show
# status tells what it can, and ends with 2 all the same
status=0; ipsec-qos -j status >"$W/out" 2>"$W/err" || status=$?
expect "status" 2 $status
grep -q '^Error: .*module is not loaded: modprobe ipsec_qos' "$W/err"
expect_json '.version == null and .groups == null and .sas == null and
	.ikes == null and .untagged == null and .malformed == null and
	.left == null and .ceilings == null and .ports == null and .steering == null and
	.chains == null and .daemon.connected == false and (.daemon.error | test("not running")) and
	.charon.connected == false' cat "$W/out"
start_daemon <<<'group gold { id = 1  mark = 1 }'
status=0; ipsec-qos -j status >"$W/out" 2>"$W/err" || status=$?
expect "status" 2 $status
expect_json '.version == null and .daemon.connected and
	.daemon.kernel.connected == false and .charon.connected == false' cat "$W/out"
status=0; ipsec-qos status >"$W/out" 2>"$W/err" || status=$?
expect "status" 2 $status
grep -q '^Error: .*module is not loaded' "$W/err"
expect "what it shows" "module does not answer, daemon connected, charon not connected, " \
	"$(sed 's/  */ /; s/$/, /' "$W/out" | tr -d '\n')"
end "$daemon"
expect_refused 'the daemon is not running' ipsec-qos daemon status
status=0; ipsec-qos sa show 2>/dev/null || status=$?
expect "status" 2 $status
unshare --user --map-root-user --net ipsec-qos group show 2>/dev/null || true
[ ! -d /sys/module/ipsec_qos ] || fail "a request loaded the module"
modprobe ipsec_qos
ipsec-qos group show

step "help and version"
for object in group sa ike profile class status metrics monitor daemon settings fallback nat \
	      element pool steer device chain service follow trace tunnel; do
	[[ $(ipsec-qos $object help) == "Usage: ipsec-qos $object"* ]] ||
		fail "$object help: $(ipsec-qos $object help)"
done
[[ $(ipsec-qos group add help) == "Usage: ipsec-qos group"* ]]
[[ $(ipsec-qos help) == *"ipsec-qos fallback"* ]]
[[ $(ipsec-qos -h) == "Usage: ipsec-qos [ OPTIONS ]"* ]]
[[ $(ipsec-qos -V) == "ipsec-qos "[0-9]*.[0-9]* ]]
[[ $(ipsec-qos --Version) == "$(ipsec-qos -V)" ]]
[[ $(ipsec-qos --version) == "$(ipsec-qos -V)" ]]
[[ $(ipsec-qos --help) == "$(ipsec-qos -h)" ]]
[[ $(ipsec-qosd --version) == "$(ipsec-qosd -V)" ]]
[[ $(ipsec-qosd --help) == "Usage: ipsec-qosd"* ]]
for object in group sa ike settings fallback nat 'nat rule' element pool steer device \
	      chain service; do
	# shellcheck disable=SC2086
	[[ $(ipsec-qos -j $object list) == "$(ipsec-qos -j $object show)" ]]
done
freeze
refuses 1 'option "-x" is unknown' -x
refuses 1 'the value of netns is missing' -n
refuses 1 'object "x" is unknown' x
refuses 1 'object "s" may be several' s
refuses 1 'group cannot "paint"' group paint
frozen

step "groups"
expect_json '. == []' ipsec-qos -j group show
expect "an empty table" "" "$(ipsec-qos group show)"
ipsec-qos group add gold id 1 mark 0x10/0xff0 priority 1:10 dscp ef
ipsec-qos g a silver id 2 m 0x20/0xff0
expect_json 'length == 2 and .[0] == {
	name: "gold", id: 1, mark: 16, mask: 4080, mark_clear: null,
	priority: 65552, dscp: 46, sysfs: true, owner: "static", sas: 0, ikes: 0, counters: {
		esp_in: {packets: 0, bytes: 0}, esp_out: {packets: 0, bytes: 0},
		ike_in: {packets: 0, bytes: 0}, ike_out: {packets: 0, bytes: 0},
		clear_in: {packets: 0, bytes: 0}, clear_out: {packets: 0, bytes: 0}}
	} and .[1].priority == null and .[1].dscp == null' ipsec-qos -j group show
expect_json 'length == 1 and .[0].name == "silver"' ipsec-qos -j group show silver
expect_json 'length == 1 and .[0].name == "silver"' ipsec-qos -j group show id 2
expect_json 'length == 1 and .[0].name == "silver"' ipsec-qos -j group show name silver
expect_json 'length == 2' ipsec-qos -j group show owner static
expect_json 'length == 0' ipsec-qos -j group show owner daemon
grep -qE '^gold +1 +0x10/0xff0 +- +1:10 +ef +on +0 +0 +static$' <<<"$(ipsec-qos group show)" ||
	fail "the table of groups: $(ipsec-qos group show)"
expect_json 'length == 1' ipsec-qos -j -p group show gold

freeze
refuses 2 'ipsec_qos: .*exists|ipsec_qos: .*gold' group add gold id 1 mark 0x10/0xff0
refuses 2 'ipsec_qos: .*gold' group add gold id 3 mark 0x30/0xff0
refuses 2 'ipsec_qos: ' group add copper id 2 mark 0x30/0xff0
refuses 1 "the group's name is missing" group add
refuses 1 "the group's id is missing" group add copper mark 1
refuses 1 "the group's mark is missing" group add copper id 3
refuses 1 'argument "0x30/0xf" is wrong: mark' group add copper id 3 mark 0x30/0xf
refuses 1 'argument "0/0" is wrong: mark' group add copper id 3 mark 0/0
refuses 1 'argument "0" is wrong: id' group add copper id 0 mark 1
refuses 1 'argument "4294967296" is wrong: id' group add copper id 4294967296 mark 1
refuses 1 'argument ".x" is wrong: name' group add .x id 3 mark 1
refuses 1 'argument "a/b" is wrong: name' group add a/b id 3 mark 1
refuses 1 'argument "a{32}" is wrong: name' group add aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa id 3 mark 1
refuses 1 'argument "64" is wrong: dscp' group add copper id 3 mark 1 dscp 64
refuses 1 'argument "1" is wrong: priority' group add copper id 3 mark 1 priority 1
refuses 1 'argument "-1" is wrong: mark-clear' group add copper id 3 mark 1 mark-clear -1
refuses 1 'argument "1/1" is wrong: mark-clear' group add copper id 3 mark 1 mark-clear 1/1
refuses 2 'ipsec_qos: mark 0x1 of clear packets has bits outside of mask 0xff0' \
	group add copper id 3 mark 0x30/0xff0 mark-clear 1
refuses 2 'ipsec_qos: mark 0x1000 of clear packets' group change silver mark-clear 0x1000
refuses 1 'argument "none" is wrong: sysfs' group add copper id 3 mark 1 sysfs none
refuses 1 'mark is there twice' group add copper id 3 mark 1 mark 2
refuses 1 'the value of mark is missing' group add copper id 3 mark
refuses 1 '"tin" is unknown here: expected one of id, mark, mark-clear, priority, dscp, sysfs' group add copper id 3 mark 1 tin
refuses 2 'ipsec_qos: ' group show copper
refuses 2 'ipsec_qos: ' group del copper
refuses 2 'ipsec_qos: ' group del id 77
refuses 2 'ipsec_qos: ' group change copper mark 1
refuses 1 'what is to change is missing: name, mark' group change gold
refuses 1 'the group is missing' group del
refuses 1 '"silver" is too much' group del gold silver
frozen

ipsec-qos group change gold mark 0x50/0xff0
expect_json '.[0] | .mark == 80 and .mask == 4080 and .priority == 65552 and
	.dscp == 46' ipsec-qos -j group show gold
ipsec-qos group change id 1 name brass dscp none priority none
expect_json '.[0] | .id == 1 and .mark == 80 and .priority == null and
	.dscp == null' ipsec-qos -j group show brass
ipsec-qos group change brass mark-clear 0x60 sysfs off
expect_json '.[0] | .mark == 80 and .mark_clear == 96 and .sysfs == false' \
	ipsec-qos -j group show brass
grep -qE '^brass +1 +0x50/0xff0 +0x60 +- +- +off +0 +0 +static$' <<<"$(ipsec-qos group show)" ||
	fail "the table of groups: $(ipsec-qos group show)"
ipsec-qos group change brass mark 0x70/0xff0 sysfs on
expect_json '.[0] | .mark == 112 and .mark_clear == 96 and .sysfs' ipsec-qos -j group show brass
ipsec-qos group change brass mark-clear none
ipsec-qos group change brass mark 0x80/0xff0
expect_json '.[0] | .mark == 128 and .mark_clear == null' ipsec-qos -j group show brass
ipsec-qos group change brass mark-clear 0
expect_json '.[0] | .mark == 128 and .mark_clear == 0' ipsec-qos -j group show brass
ipsec-qos group replace gold id 1 mark 7
expect_json '.[0] | .id == 1 and .mark == 7 and .mask == 4294967295' \
	ipsec-qos -j group show gold
expect_json '.[0] | .mark_clear == null and .sysfs' ipsec-qos -j group show gold
ipsec-qos group replace bronze id 3 mark 0x30/0xff0
ipsec-qos group del bronze
gets 2 group show
ipsec-qos group replace gold id 1 mark 0x10/0xff0

step "SAs"
ipsec-qos sa add dst 192.0.2.1 spi 0xc0000001 group gold
ipsec-qos sa add dst 192.0.2.1 spi 0xc0000001 proto ah group id 2
ipsec-qos sa add dst 2001:db8::1 spi 3221225473 group silver lifetime 2000000
expect_json '. == [{family: "inet", dst: "192.0.2.1", spi: 3221225473,
	proto: "esp", group: "gold", group_id: 1, packets: 0, bytes: 0,
	owner: "static"}]' ipsec-qos -j sa show proto esp family inet
expect_json '.[0] | .proto == "ah" and .group == "silver"' \
	ipsec-qos -j sa show proto ah
expect_json '.[0] | .family == "inet6" and .dst == "2001:db8::1" and
	.lifetime > 1990000 and .lifetime <= 2000000' ipsec-qos -j sa show dst 2001:db8::1
gets 3 sa show
gets 3 sa show spi 0xc0000001
gets 2 sa show dst 192.0.2.1
gets 2 sa show group silver
gets 1 sa show family inet6
gets 2 sa show proto esp
gets 0 sa show owner daemon
gets 0 sa show dst 192.0.2.2
grep -qE '^192.0.2.1 +0xc0000001 +esp +gold +0 +0 B +- +static +- +-$' \
	<<<"$(ipsec-qos sa show)" || fail "the table of SAs: $(ipsec-qos sa show)"
expect_json '.[0] | .sas == 1' ipsec-qos -j group show gold

freeze
refuses 2 'ipsec_qos: .*exists' sa add dst 192.0.2.1 spi 0xc0000001 group silver
refuses 2 'ipsec_qos: .*"copper"' sa add dst 192.0.2.1 spi 0xc0000002 group copper
refuses 2 'ipsec_qos: .*77' sa add dst 192.0.2.1 spi 0xc0000002 group id 77
refuses 1 'the SA.s destination is missing' sa add spi 256 group gold
refuses 1 'the SA.s SPI is missing' sa add dst 192.0.2.1 group gold
refuses 1 'the SA.s group is missing' sa add dst 192.0.2.1 spi 256
refuses 1 'argument "255" is wrong: spi' sa add dst 192.0.2.1 spi 255 group gold
refuses 1 'argument "0c5d6e7f_i" is wrong: .*did you mean 0x0c5d6e7f' \
	sa add dst 192.0.2.1 spi 0c5d6e7f_i group gold
refuses 1 'dst 0.0.0.0 is no packet' sa add dst 0.0.0.0 spi 256 group gold
refuses 1 'dst :: is no packet' sa replace dst 0:0::0 spi 256 group gold
refuses 1 'dst ::ffff:10.8.0.9 stands for an IPv4' sa add dst ::ffff:a08:9 spi 256 group gold
refuses 1 'argument "192.0.2" is wrong: dst' sa add dst 192.0.2 spi 256 group gold
refuses 1 'argument "tcp" is wrong: proto' sa add dst 192.0.2.1 spi 256 proto tcp group gold
refuses 1 'argument "2147484" is wrong: lifetime' sa add dst 192.0.2.1 spi 256 group gold lifetime 2147484
refuses 1 'argument "0" is wrong: lifetime' sa add dst 192.0.2.1 spi 256 group gold lifetime 0
refuses 1 '"owner" does not belong here: expected one of dst, spi' sa add dst 192.0.2.1 spi 256 group gold owner daemon
refuses 1 'dst is no address of family inet6' sa show dst 192.0.2.1 family inet6
refuses 1 'argument "inet5" is wrong: family' sa show family inet5
refuses 2 'ipsec_qos: .*no such SA' sa del dst 192.0.2.9 spi 256
refuses 2 'ipsec_qos: .*no such SA' sa change dst 192.0.2.9 spi 256 group gold
refuses 1 'what is to change is missing: group' sa change dst 192.0.2.1 spi 0xc0000001
refuses 2 'ipsec_qos: .*2 SAs' group del silver
refuses 2 'ipsec_qos: .*1 SA' group del gold
frozen

ipsec-qos sa change dst 2001:db8::1 spi 0xc0000001 group gold
expect_json '.[0] | .group == "gold" and .lifetime > 1990000' \
	ipsec-qos -j sa show dst 2001:db8::1
ipsec-qos sa change dst 2001:db8::1 spi 0xc0000001 lifetime none
expect_json '.[0] | .group == "gold" and has("lifetime") == false' \
	ipsec-qos -j sa show dst 2001:db8::1
ipsec-qos sa replace dst 2001:db8::1 spi 0xc0000001 group silver
ipsec-qos sa replace dst 2001:db8::1 spi 0xc0000002 group silver
expect_json '.[0] | .sas == 3' ipsec-qos -j group show silver
ipsec-qos sa del dst 2001:db8::1 spi 0xc0000002
ipsec-qos sa add dst 192.0.2.77 spi 256 group gold lifetime 1
wait_for 10 json_is '. == []' ipsec-qos -j sa show dst 192.0.2.77
expect "flush" "2 removed" "$(ipsec-qos sa flush group silver)"
expect_json '. == {removed: 1}' ipsec-qos -j sa flush
gets 0 sa show

step "IKE SAs"
ipsec-qos ike add spi-i 0123456789abcdef_i spi-r fedcba9876543210_r* group gold
ipsec-qos ike add spi-i 0x1 group silver lifetime 2000000
expect_json 'sort_by(.spi_i) | .[1] == {spi_i: "0123456789abcdef",
	spi_r: "fedcba9876543210", group: "gold", group_id: 1, packets: 0,
	bytes: 0, owner: "static"} and
	(.[0] | .spi_i == "0000000000000001" and .spi_r == "0000000000000000" and
	.lifetime > 1990000)' ipsec-qos -j ike show
grep -qE '^0123456789abcdef +fedcba9876543210 +gold +0 +0 B +- +static$' \
	<<<"$(ipsec-qos ike show)" || fail "the table of IKE SAs: $(ipsec-qos ike show)"
gets 1 ike show group gold
gets 1 ike show spi-i 0123456789abcdef
gets 1 ike show spi-r fedcba9876543210
gets 0 ike show spi-i 2
gets 2 ike show owner static
freeze
refuses 2 'ipsec_qos: .*exists' ike add spi-i 0123456789abcdef spi-r fedcba9876543210 group gold
refuses 1 'argument "0" is wrong: spi-i' ike add spi-i 0 group gold
refuses 1 'argument "1_r" is wrong: spi-i' ike add spi-i 1_r group gold
refuses 1 'argument "x" is wrong: spi-r' ike add spi-i 1 spi-r x group gold
refuses 1 'the initiator.s SPI is missing' ike add spi-r 1 group gold
refuses 1 'the IKE SA.s group is missing' ike add spi-i 5
refuses 2 'ipsec_qos: .*no such IKE SA' ike del spi-i 5
refuses 2 'ipsec_qos: .*1 IKE SA' group del gold
frozen
ipsec-qos ike change spi-i 1 group gold
expect_json '.[0] | .group == "gold" and .lifetime > 1990000' ipsec-qos -j ike show spi-i 1
ipsec-qos ike replace spi-i 1 spi-r 2 group silver
gets 3 ike show
ipsec-qos ike del spi-i 1 spi-r 2
# 0 is a responder's SPI too: not known yet
gets 1 ike show spi-r 0
expect "flushed" "1 removed" "$(ipsec-qos ike flush spi-r 0)"
gets 1 ike show

step "settings and the fall-back table"
expect_json '. == {ceilings: {sas: 1048576, ikes: 262144, groups: 4096},
	ports: {ike: [500], natt: [4500]},
	unknown: {do: "off", element: null, rate: 100},
	checks: {ipv4: null, ipv6: null}}' ipsec-qos -j settings show
ipsec-qos settings set max-ikes 1000 ike-ports 500,501 natt-ports none check-ipv4 198.18.255.0/24
expect_json '. == {ceilings: {sas: 1048576, ikes: 1000, groups: 4096},
	ports: {ike: [500, 501], natt: []},
	unknown: {do: "off", element: null, rate: 100},
	checks: {ipv4: "198.18.255.0/24", ipv6: null}}' ipsec-qos -j settings show
ipsec-qos settings set check-ipv4 none
expect_json '.checks == {ipv4: null, ipv6: null}' ipsec-qos -j settings show
grep -qE '^ike-ports +500,501$' <<<"$(ipsec-qos settings show)"
freeze
refuses 1 'what is to be set is missing' settings set
refuses 1 'argument "0" is wrong: max-sas' settings set max-sas 0
refuses 1 'argument "10.0.0.0/8" is wrong: check-ipv4' settings set check-ipv4 10.0.0.0/8
refuses 1 'argument "10.0.0.1/24" is wrong: check-ipv4' settings set check-ipv4 10.0.0.1/24
refuses 1 'argument "fd00::/64" is wrong: check-ipv4' settings set check-ipv4 fd00::/64
refuses 1 'argument "16777217" is wrong: max-sas' settings set max-sas 16777217
refuses 1 'argument "4194305" is wrong: max-ikes' settings set max-ikes 4194305
refuses 1 'argument "65537" is wrong: max-groups' settings set max-groups 65537
refuses 1 'argument "0" is wrong: ike-ports' settings set ike-ports 0
refuses 1 'argument "1,2,3,4,5,6,7,8,9" is wrong: natt-ports' settings set natt-ports 1,2,3,4,5,6,7,8,9
frozen
ipsec-qos settings set ike-ports 500 natt-ports 4500

ipsec-qos fallback add dscp ef mark 0x10/0xff
ipsec-qos fallback add dscp 10 mark 0x20/0xff
ipsec-qos fallback replace dscp cs1 mark 1
ipsec-qos fallback change dscp af11 mark 0x30/0xff
expect_json 'sort_by(.dscp) == [{dscp: 8, mark: 1, mask: 4294967295},
	{dscp: 10, mark: 48, mask: 255}, {dscp: 46, mark: 16, mask: 255}]' \
	ipsec-qos -j fallback show
grep -qE '^ef +0x10/0xff$' <<<"$(ipsec-qos fallback show)"
freeze
refuses 2 'ipsec_qos: DSCP 46 has a mark already' fallback add dscp ef mark 1
refuses 2 'ipsec_qos: DSCP 47 has no mark' fallback change dscp 47 mark 1
refuses 2 'ipsec_qos: DSCP 47 has no mark' fallback del dscp 47
refuses 1 'the DSCP is missing' fallback add mark 1
refuses 1 'the mark is missing' fallback add dscp ef
refuses 1 'argument "none" is wrong: dscp' fallback add dscp none mark 1
frozen
ipsec-qos fallback del dscp ef
gets 2 fallback show
ipsec-qos fallback flush
gets 0 fallback show

step "ceilings"
ipsec-qos settings set max-sas 2 max-groups 2 max-ikes 1
freeze
refuses 2 'ipsec_qos: ' group add bronze id 3 mark 0x30/0xff0
refuses 2 'ipsec_qos: ' ike add spi-i 7 group gold
frozen
ipsec-qos sa add dst 192.0.2.1 spi 256 group gold
ipsec-qos sa add dst 192.0.2.2 spi 256 group gold
freeze
refuses 2 'ipsec_qos: ' sa add dst 192.0.2.3 spi 256 group gold
frozen
ipsec-qos settings set max-sas 1048576 max-groups 4096 max-ikes 262144
ipsec-qos sa flush >/dev/null

# the machine's memory is not a container's root's to give away
expect_refused 'only the machine.s administrator sets more than 1048576' \
	"${unprivileged[@]}" unshare --map-root-user --net \
	ipsec-qos settings set max-sas 1048577
"${unprivileged[@]}" unshare --map-root-user --net sh -ec \
	'ipsec-qos settings set max-sas 10; ipsec-qos settings set max-sas 1048576'

step "status"
expect_json '.version != "" and .sas == 0 and .ikes == 1 and .groups == 2 and
	.untagged == {packets: 0, bytes: 0, reasons: {
		unknown_sa: {packets: 0, bytes: 0}, unknown_ike: {packets: 0, bytes: 0},
		fragment: {packets: 0, bytes: 0}, decrypted: {packets: 0, bytes: 0},
		no_group: {packets: 0, bytes: 0}}} and
	.malformed == {packets: 0, bytes: 0} and
	.left == {packets: 0, bytes: 0, group: null} and
	.ceilings == {sas: 1048576, ikes: 262144, groups: 4096} and
	.ports == {ike: [500], natt: [4500]} and
	.daemon.connected == false and .charon.connected == false' \
	ipsec-qos -j status
grep -qE '^daemon +the daemon is not running' <<<"$(ipsec-qos status)"
freeze
refuses 1 '"now" is too much' status now
refuses 2 'ipsec-qosd: the daemon is not running .*systemctl start ipsec-qosd' daemon status
refuses 2 'ipsec-qosd: the daemon is not running' daemon status identity 'a*'
refuses 1 'the value of identity is missing' daemon status identity
refuses 1 '"x" is unknown here: expected identity' daemon status x
refuses 2 'ipsec-qosd: the daemon is not running' monitor peer
refuses 1 'peer is there twice' monitor peer sa peer
refuses 2 'ipsec-qosd: the daemon is not running' profile show
refuses 2 'ipsec-qosd: the daemon is not running' profile test @a.example eap x connection y
refuses 2 'ipsec-qosd: the daemon is not running .*/nowhere' -S /nowhere class show
refuses 1 'the identity is missing' profile test
frozen

step "profiles"
start_daemon <<'END'
group gold { id = 1  mark = 0x10/0xff0 }
profile a { identity = "*.a.example"  group = gold }
profile b {
	eap-identity = bob
	group = gold
}
END
grep -qE "^a +gold +\*\.a\.example +- +- +- +$W/qosd.conf:2$" <<<"$(ipsec-qos profile show)" ||
	fail "the table of profiles: $(ipsec-qos profile show)"
expect_json "map(.file == \"$W/qosd.conf\") == [true, true] and map(.line) == [2, 3]" \
	ipsec-qos -j profile show
expect_json ".profile == \"a\" and .file == \"$W/qosd.conf\" and .line == 2" \
	ipsec-qos -j profile test gw.a.example
grep -qx "profile   b ($W/qosd.conf:3)" <<<"$(ipsec-qos profile test identity x eap-identity bob)"
expect_json '.profile == "b"' ipsec-qos -j profile test x eap bob
status=0; ipsec-qos -j profile test x >"$W/out" || status=$?
expect "status where no profile fits" 3 $status
expect_json '.profile == null and .file == null and .line == null' cat "$W/out"
refuses 2 'ipsec-qosd: identity "10.0.0.0/33": expected an address' profile test 10.0.0.0/33
end "$daemon"

step "batches"
ipsec-qos -b - <<'X'
# a comment, and an empty line

sa add dst 192.0.2.1 spi 256 group gold \
	lifetime 2000000
sa add dst "192.0.2.2" spi 256 group gold   # the same
sa del dst 192.0.2.1 spi 256
group add bronze id 3 mark 0x30/0xff0
sa add dst 192.0.2.3 spi 256 group bronze
X
expect_json 'map(.dst) | sort == ["192.0.2.2", "192.0.2.3"]' ipsec-qos -j sa show

# what stands before the line at fault takes effect, what stands behind does not
cat > "$batch" <<'X'
sa add dst 192.0.2.4 spi 256 group gold
sa add dst 192.0.2.5 spi 256 group gold
sa add dst 192.0.2.2 spi 256 group gold
sa add dst 192.0.2.6 spi 256 group gold
X
expect_refused "Command failed $batch:3" ipsec-qos -b "$batch"
gets 4 sa show
gets 0 sa show dst 192.0.2.6
expect_refused "^Error: ipsec_qos: .*exists" ipsec-qos -b "$batch"
status=0; ipsec-qos -force -b "$batch" 2>"$W/err" || status=$?
expect "status" 2 $status
expect "lines at fault" "1 2 3" "$(sed -n 's/^Command failed .*:\([0-9]*\)$/\1/p' "$W/err" | xargs)"
gets 1 sa show dst 192.0.2.6
ipsec-qos sa flush group gold >/dev/null

# the line is named whatever kind of mistake it is
printf 'sa add dst 192.0.2.7 spi 256 group gold\n\nsa ad dst x\n' > "$batch"
expect_refused "argument \"x\" is wrong: dst" ipsec-qos -b "$batch"
expect_refused "Command failed $batch:3" ipsec-qos -b "$batch"
gets 1 sa show dst 192.0.2.7
printf 'sa show "\n' > "$batch"
expect_refused "a quote that is not closed" ipsec-qos -b "$batch"
head -c 70000 /dev/zero | tr '\0' x > "$batch"
expect_refused "a line of more than" ipsec-qos -b "$batch"
expect_refused "cannot open" ipsec-qos -b "$W/none"
expect_refused "cannot read" ipsec-qos -b "$W"

# who writes a batch bit by bit sees each take effect
coproc ipsec-qos -b -
echo "sa add dst 192.0.2.8 spi 256 group gold" >&"${COPROC[1]}"
wait_for 10 json_is 'length == 1' ipsec-qos -j sa show dst 192.0.2.8
pid=$COPROC_PID fd=${COPROC[1]}
exec {fd}>&-
wait "$pid"

# many: a mistake far behind is named, and only what stands behind is missing
seq 1 5000 | awk '{ printf "sa add dst 10.0.%d.%d spi %d group gold\n",
	$1 / 256, $1 % 256, $1 + 255 }' > "$batch"
sed -i '4321s/.*/sa add dst 10.0.0.1 spi 256 group gold/' "$batch"
ipsec-qos sa flush >/dev/null
expect_refused "Command failed $batch:4321" ipsec-qos -b "$batch"
gets 4320 sa show
expect "flush" "4320 removed" "$(ipsec-qos sa flush)"
sed -i 4321d "$batch"
ipsec-qos -b "$batch"
gets 4999 sa show
expect_json '.sas == 4999' ipsec-qos -j status
sed -i 's/^sa add \(.*\) group gold/sa del \1/' "$batch"
ipsec-qos -b "$batch"
gets 0 sa show

# groups and SAs in turn: no group costs a look at all of them
seq 1 2000 | awk '{ printf "group add g%d id %d mark %d\nsa add dst 192.0.2.1 spi %d group g%d\n",
	$1, $1 + 100, $1 + 100, $1 + 255, $1 }' > "$batch"
timeout $((40 * ${SLOW:-1})) ipsec-qos -b "$batch" || fail "2000 groups and SAs in turn: status $?"
expect_json '.sas == 2000 and .groups >= 2000' ipsec-qos -j status
expect_json '[ .[] | select(.group != "g\(.spi - 255)") ] == []' ipsec-qos -j sa show
# a name that moves to another group takes what follows with it
ipsec-qos -b - <<-'END'
	sa add dst 192.0.2.2 spi 256 group g1
	group change g1 name h1
	group change g2 name g1
	sa add dst 192.0.2.2 spi 257 group g1
	sa add dst 192.0.2.2 spi 258 group h1
END
expect_json 'map(.group_id) == [101, 102, 101] and map(.group) == ["h1", "g1", "h1"]' \
	sh -c 'ipsec-qos -j sa show dst 192.0.2.2 | gojq -c "sort_by(.spi)"'
ipsec-qos sa flush >/dev/null
seq 1 2000 | sed 's/.*/group del id &/' | awk '{ $4 += 100 } 1' | ipsec-qos -b -

step "without the right"
ipsec-qos sa add dst 192.0.2.1 spi 256 group gold
freeze
for command in "group show" "group add x id 9 mark 1" "group del gold" \
	"group flush" "sa show" "sa add dst 192.0.2.9 spi 256 group id 1" \
	"sa del dst 192.0.2.1 spi 256" "sa flush" "ike show" "ike flush" \
	"ike add spi-i 9 group id 1" "status" "settings show" \
	"settings set max-sas 1" "fallback show" "fallback flush"; do
	# shellcheck disable=SC2086
	expect_refused 'ipsec_qos: Operation not permitted: CAP_NET_ADMIN' \
		"${unprivileged[@]}" ipsec-qos $command
done
expect_refused 'ipsec_qos: Operation not permitted: CAP_NET_ADMIN' \
	timeout 5 "${unprivileged[@]}" ipsec-qos monitor
# root of a user namespace of its own is not root of this network namespace
expect_refused 'Operation not permitted' \
	"${unprivileged[@]}" unshare --user --map-root-user ipsec-qos sa show
frozen

step "network namespaces"
ip netns add other
expect_json '. == []' ipsec-qos -n other -j group show
ipsec-qos -n other group add gold id 5 mark 5
ipsec-qos -netns /run/netns/other sa add dst 192.0.2.1 spi 300 group gold
expect_json '.[0].group_id == 5 and length == 1' ipsec-qos -n other -j sa show
expect_json '.[0].id == 1' ipsec-qos -j group show gold
frozen
freeze
refuses 1 'cannot open network namespace "nowhere"' -n nowhere group show
frozen
ip netns del other

step "events"
ipsec-qos -j -t monitor > "$W/events.json" &
json_pid=$!
ipsec-qos monitor > "$W/events.log" &
text_pid=$!
ipsec-qos -j monitor ike > "$W/ike.json" &
ike_pid=$!
# a monitor is there when it has seen something
_seen()
{
	ipsec-qos group replace probe id 99 mark 1
	ipsec-qos ike replace spi-i 99 group probe
	ipsec-qos ike del spi-i 99
	[ -s "$W/events.json" ] && [ -s "$W/events.log" ] && [ -s "$W/ike.json" ]
}
wait_for 10 _seen
ipsec-qos ike add spi-i 99 group probe
# what is stated again as it is makes no event
ipsec-qos ike replace spi-i 99 group probe
ipsec-qos group replace probe id 99 mark 1
ipsec-qos group add tin id 4 mark 0x40/0xff0
ipsec-qos sa add dst 192.0.2.40 spi 0x400 group tin lifetime 2
ipsec-qos sa change dst 192.0.2.40 spi 0x400 group gold
ipsec-qos ike add spi-i 40 spi-r 41 group tin
ipsec-qos ike del spi-i 40 spi-r 41
ipsec-qos group change tin mark 0x50/0xff0
ipsec-qos group del tin
ipsec-qos settings set max-groups 1
not ipsec-qos group add zinc id 5 mark 5 2>/dev/null
ipsec-qos settings set max-groups 4096

# event EVENT OBJECT FILTER: it is among them
event()
{
	jq -s -e --arg e "$1" --arg o "$2" \
		"map(select(.event == \$e and .object == \$o and ($3))) | length > 0" \
		"$W/events.json"
}
wait_for 10 event new group '.name == "tin" and .id == 4 and .mark == 64'
wait_for 10 event new sa '.dst == "192.0.2.40" and .spi == 1024 and .group == "tin"'
wait_for 10 event change sa '.dst == "192.0.2.40" and .group == "gold"'
wait_for 10 event new ike '.spi_i == "0000000000000040" and .spi_r == "0000000000000041"'
wait_for 10 event del ike '.spi_i == "0000000000000040"'
wait_for 10 event change group '.name == "tin" and .mark == 80'
wait_for 10 event del group '.name == "tin"'
wait_for 10 event ceiling ceiling '.groups >= 1'
wait_for 10 event expire sa '.dst == "192.0.2.40"'
jq -s -e 'all(.event != "change" or .object != "group" or .name != "probe") and
	all(.event != "change" or .object != "ike")' "$W/events.json" >/dev/null
jq -s -e 'all(.timestamp | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+-][0-9]{2}:[0-9]{2}$"))' "$W/events.json" >/dev/null
jq -s -e 'all(.object == "ike") and any(.event == "del")' "$W/ike.json" >/dev/null
wait_for 10 grep -qx 'new group tin id 4 mark 0x40/0xff0' "$W/events.log"
grep -qx 'new ike spi-i 0000000000000040 spi-r 0000000000000041 group tin owner static' "$W/events.log"
wait_for 10 grep -qE '^expire sa dst 192.0.2.40 spi 0x00000400 proto esp group gold' "$W/events.log"
end "$text_pid"
end "$ike_pid"

step "the module goes under a monitor"
ipsec-qos ike flush >/dev/null
ipsec-qos sa flush >/dev/null
ipsec-qos group flush >/dev/null
gets 0 group show
module_unload
status=0; wait "$json_pid" 2>/dev/null || status=$?
expect "status of the monitor" 2 $status

step "a full disk"
module_load
ipsec-qos group add gold id 1 mark 1
status=0; ipsec-qos -j group show > /dev/full 2>"$W/err" || status=$?
expect "status" 1 $status
grep -q '^Error: cannot write: No space left' "$W/err"
