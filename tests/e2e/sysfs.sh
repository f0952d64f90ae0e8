#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# /sys/kernel/ipsec_qos: each namespace sees its own, what it says is what the
# command says, and it belongs to the namespace's root alone.
. tests/lib/lib.sh

root=/sys/kernel/ipsec_qos

# value HOST FILE
value()
{
	at "$1" cat "$root/$2"
}

# same HOST GROUP: every file of the group's folder says what the command says
same()
{
	local file mark mask clear priority

	read -r mark mask clear priority < <(qos "$1" -j group show name "$2" |
		jq -r '.[0] | "\(.mark) \(.mask) \(.mark_clear // .mark) \(.priority // 0)"')
	{
		printf 'mark 0x%x\nmask 0x%x\nmark_clear 0x%x\npriority %x:%x\n' \
			"$mark" "$mask" "$clear" $((priority >> 16)) $((priority & 0xffff))
		qos "$1" -j group show name "$2" | jq -r '.[0] |
			"id \(.id)", "sas \(.sas)", "ikes \(.ikes)",
			"dscp \(.dscp // -1)", (.counters | to_entries[] |
				"\(.key)_packets \(.value.packets)",
				"\(.key)_bytes \(.value.bytes)")'
	} > "$W/said"
	for file in $(at "$1" ls "$root/groups/$2"); do
		echo "$file $(value "$1" "groups/$2/$file")"
	done > "$W/read"
	diff <(sort "$W/said") <(sort "$W/read") >&2 ||
		fail "group $2 of $1 in sysfs is not what the command says"
}

host a b
link a:eth0 b:eth0
addr a eth0 192.0.2.1/24
addr b eth0 192.0.2.2/24
module_load

step "settings and totals"
expect "version" "$(modinfo -F version build/kmod/"$(uname -r)"/ipsec_qos.ko)" \
	"$(value a version)"
qos a group add gold id 1 mark 0x10/0xff0 mark-clear 0x50 priority 1:2a dscp 46
qos a group add silver id 2 mark 0x20/0xff0
qos b group add gold id 7 mark 0x70/0xff0
qos a sa add dst 192.0.2.1 spi 0x1000 group gold
qos a sa add dst 192.0.2.1 spi 0x1001 group gold
qos a ike add spi-i 1 spi-r 2 group silver
qos b settings set max-sas 77
expect "groups of a" "gold silver" "$(at a ls $root/groups | xargs)"
expect "groups of b" "gold" "$(at b ls $root/groups | xargs)"
expect "of the machine itself" "" "$(ls $root/groups)"
expect "SAs of a" 2 "$(value a sas)"
expect "IKE SAs of a" 1 "$(value a ikes)"
expect "groups of a" 2 "$(value a group_count)"
expect "SAs of b" 0 "$(value b sas)"
expect "ceiling of a" 1048576 "$(value a max_sas)"
expect "ceiling of b" 77 "$(value b max_sas)"
same a gold
same a silver
same b gold

step "counters"
# ESP by hand: two with a group, one with none, one that is cut off
at b python3 - <<'EOF'
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ESP)
for spi in 0x1000, 0x1001, 0x9999:
    s.sendto(struct.pack("!II", spi, 1) + bytes(56), ("192.0.2.1", 0))
s.sendto(b"\0\0", ("192.0.2.1", 0))
EOF
wait_for 5 json_is '.malformed.packets == 1' qos a -j status
expect "untagged" "1 84" "$(value a untagged_packets) $(value a untagged_bytes)"
# untagged_as_told HOST: the files of each reason say what the command says
untagged_as_told()
{
	expect "untagged of $1, by reason" "$(qos "$1" -j status | jq -r '.untagged.reasons |
		to_entries[] | "\(.key) \(.value.packets) \(.value.bytes)"' | sort | xargs)" "$(
		for file in $(at "$1" sh -c "ls $root/untagged_*_packets"); do
			file=${file#"$root/untagged_"} file=${file%_packets}
			echo "$file $(value "$1" "untagged_${file}_packets") $(
				value "$1" "untagged_${file}_bytes")"
		done | sort | xargs)"
}
untagged_as_told a
untagged_as_told b
expect "of an SA that is not known" "1 84" \
	"$(value a untagged_unknown_sa_packets) $(value a untagged_unknown_sa_bytes)"
expect "malformed" "1 22" "$(value a malformed_packets) $(value a malformed_bytes)"
expect "left to others" "0 0" "$(value a left_packets) $(value a left_bytes)"
expect "ESP of gold" "2 168" \
	"$(value a groups/gold/esp_in_packets) $(value a groups/gold/esp_in_bytes)"
expect "untagged on its way out of b" 3 "$(value b untagged_packets)"
same a gold

step "changes"
qos a group change gold name bronze mark 0x30/0xff0
expect "groups of a" "bronze silver" "$(at a ls $root/groups | xargs)"
expect "its mark" 0x30 "$(value a groups/bronze/mark)"
qos a sa flush
qos a group del bronze
expect "groups of a" "silver" "$(at a ls $root/groups | xargs)"

step "groups without a folder"
qos a group add tin id 8 mark 0x80/0xff0 sysfs off
qos a group add lead id 9 mark 0x90/0xff0
expect "groups of a" "lead silver" "$(at a ls $root/groups | xargs)"
qos a group change tin name zinc
expect "under another name" "lead silver" "$(at a ls $root/groups | xargs)"
# who has a file of it open meanwhile
exec_at a sh -c "exec 3<$root/groups/lead/mark; echo open; read -r _; cat <&3" \
	< <(wait_for 20 test -e "$W/less"; echo) > "$W/open" 2>&1 &
reader=$!
wait_for 5 grep -q open "$W/open"
qos a group replace lead id 9 mark 0xa0/0xff0 sysfs off
expect "one more" "silver" "$(at a ls $root/groups | xargs)"
: > "$W/less"
not wait $reader
grep -q 'No such device' "$W/open" || fail "a file of a folder that is gone: $(cat "$W/open")"
qos a group change zinc sysfs on
qos a group change lead name iron sysfs on
expect "both have one" "iron silver zinc" "$(at a ls $root/groups | xargs)"
same a iron
same a zinc
# two that swap their names, one of which has no folder any more
printf 'group change iron name tmp\ngroup change zinc name iron sysfs off\ngroup change tmp name zinc\n' |
	qos a -batch -
expect "swapped" "silver zinc" "$(at a ls $root/groups | xargs)"
same a zinc
qos a group del zinc
qos a group del iron
expect "groups of a" "silver" "$(at a ls $root/groups | xargs)"

step "elements and pools"
# told_as KIND NAME: every file of an object's folder says what the command says
told_as()
{
	local file

	qos a -j "$1" show name "$2" | jq -r '.[0] | "id \(.id)", (
		def counted: .counters | to_entries[] | select(.key != "forward" and
			.key != "back") | "\(.key)_packets \(.value.packets)",
			"\(.key)_bytes \(.value.bytes)";
		if .through or .ports then
			counted
		elif .outer then
			"kind \(.kind)", "state \(.state)", "now \(
				if .now == .name then .id else 0 end)", "chains \(.chains)",
			counted
		elif .counters then
			"state \(.state)", "sas \(.sas)", "pools \(.pools)",
			counted
		else
			"mode \(.mode)", "members \(.members | length)", "held \(.held)",
			"lent \(.lent)"
		end)' > "$W/said"
	for file in $(at a ls "$root/$1s/$2"); do
		echo "$file $(value a "$1s/$2/$file")"
	done > "$W/read"
	diff <(sort "$W/said") <(sort "$W/read") >&2 ||
		fail "$1 $2 in sysfs is not what the command says"
}

forward a
not at a test -e $root/elements
qos a element add oak id 3 dev eth0 via 192.0.2.7
qos a element add elm id 4 dev eth0 via 192.0.2.8
qos a element add fir id 5 dev eth0 via 192.0.2.9 state drain
qos a pool add wood id 6 member oak member elm weight 3 member fir
qos a pool add bare id 7 mode sa
expect "elements of a" "elm fir oak" "$(at a ls $root/elements | xargs)"
expect "pools of a" "bare wood" "$(at a ls $root/pools | xargs)"
not at b test -e $root/elements
told_as element oak
told_as element fir
told_as pool wood
told_as pool bare
qos a element change elm state down
[ "$(value a pools/wood/lent)" -gt 1000 ] || fail "what elm has is not lent"
told_as pool wood
qos a element change elm state up
qos a pool change wood member oak weight 4
[ "$(value a pools/wood/held)" -gt 200 ] || fail "what oak is to have is not held"
told_as pool wood
# ESP that an entry has go to one that is down
qos a element change oak state down
qos a sa add dst 192.0.2.1 spi 0x3000 element oak
at b python3 - <<'EOF'
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ESP)
for seq in 1, 2, 3:
    s.sendto(struct.pack("!II", 0x3000, seq) + bytes(40), ("192.0.2.1", 0))
EOF
wait_for 5 json_is '.[0].counters.down.packets == 3' qos a -j element show oak
expect "what was dropped" "3 204" \
	"$(value a elements/oak/down_packets) $(value a elements/oak/down_bytes)"
told_as element oak
told_as element elm
qos a sa flush
qos a pool change wood name timber
expect "under another name" "bare timber" "$(at a ls $root/pools | xargs)"
told_as pool timber
qos a pool del timber
for name in oak elm fir; do
	qos a element del $name
done
expect "elements of a" "" "$(at a ls $root/elements | xargs)"

step "devices and services"
not at a test -e $root/devices
qos a device add beech id 3 dev eth0 mac 02:00:00:00:01:01
qos a device add birch id 4 kind tap dev eth0 mac 02:00:00:00:01:02 state down
qos a chain add grove id 5 through birch,beech
qos a service add timber id 6 address 198.51.100.9 port tcp/80 chain grove
expect "devices of a" "beech birch" "$(at a ls $root/devices | xargs)"
expect "services of a" "timber" "$(at a ls $root/services | xargs)"
not at b test -e $root/devices
told_as device beech
told_as device birch
told_as service timber
qos a device change birch name larch state up
expect "under another name" "beech larch" "$(at a ls $root/devices | xargs)"
told_as device larch
qos a service del timber
qos a chain del grove
qos a device del beech
qos a device del larch
expect "what is left" "" "$(at a ls $root/devices $root/services | grep -v : | xargs)"

step "whose it is"
other=(setpriv --reuid 65534 --regid 65534 --clear-groups)
expect_refused 'Permission denied' at a "${other[@]}" cat $root/sas
# a container's root is another user outside, known before the namespace is made
"${other[@]}" unshare --map-root-user unshare --net --mount sh -ec "
	mount -t sysfs sysfs /sys
	ipsec-qos group add inner id 1 mark 1
	ipsec-qos element add inner id 2 dev lo
	ipsec-qos pool add inner id 3 mode flow
	cd $root
	cat sas groups/inner/mark elements/inner/state pools/inner/mode
	stat -c %u:%g sas groups/inner/mark elements/inner/state pools/inner/mode" \
		> "$W/container"
expect "read by a container's root" "0 0x1 up flow 0:0 0:0 0:0 0:0" \
	"$(xargs < "$W/container")"

step "the module goes while a file is open"
qos a element add ash id 9 dev eth0
mkfifo "$W/gone"
exec_at a python3 - "$W/gone" $root/groups/silver/mark $root/elements/ash/state \
	> "$W/after" <<'EOF' &
import sys
files = [open(path) for path in sys.argv[2:]]
open(sys.argv[1], "w").close()
open(sys.argv[1]).close()
for file in files:
    try:
        print("read " + file.read())
    except OSError as error:
        print(error.strerror)
EOF
reader=$!
: < "$W/gone"
module_unload
: > "$W/gone"
wait $reader
expect "what it reads" "No such device No such device" "$(xargs < "$W/after")"
not test -e $root
