#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ipsec-qos metrics: Prometheus's own promtool and a strict reader of OpenMetrics take
# them, they say what group show, status, class show and the others say, and what is not
# there is a metric and no error. Beside it who takes most: sort, match, limit and top.
#
#	gw eth0 -------- eth0 peer
#	10.0.0.1         10.0.0.2
#
# once: what the command says does not depend on the kernel
. tests/lib/lib.sh

# read_metrics HOST: both formats are taken, and hold the same
read_metrics()
{
	qos "$1" metrics > "$W/metrics.om"
	qos "$1" metrics format prometheus > "$W/metrics.prom"
	promtool check metrics < "$W/metrics.prom" >"$W/promtool.log" 2>&1 ||
		fail "promtool says: $(cat "$W/promtool.log")"
	[ ! -s "$W/promtool.log" ] || fail "promtool says: $(cat "$W/promtool.log")"
	python3 - "$W"/metrics.{om,prom} <<-'END'
		import sys
		from prometheus_client import parser
		from prometheus_client.openmetrics import parser as strict

		def samples(families):
		    all = {}
		    for family in families:
		        assert family.documentation and family.type != "unknown", family.name
		        for s in family.samples:
		            key = s.name, tuple(sorted(s.labels.items()))
		            assert key not in all, f"{key} is there twice"
		            all[key] = s.value
		    return {k: v for k, v in all.items() if "uptime" not in k[0]}

		om = samples(strict.text_string_to_metric_families(open(sys.argv[1]).read()))
		prom = samples(parser.text_string_to_metric_families(open(sys.argv[2]).read()))
		assert om == prom, set(om.items()) ^ set(prom.items())
	END
}

# metric NAME[{LABELS}]: its value, as the last read_metrics had it
metric()
{
	awk -v name="$1" 'index($0, name " ") == 1 { print $NF }' "$W/metrics.om"
}

# esp HOST FROM TO SPI COUNT: packets of ESP, 84 bytes each with the IP header
esp()
{
	at "$1" python3 "$W/esp.py" "${@:2}"
}
cat > "$W/esp.py" <<'END'
import socket, struct, sys, time
to, spi, count = sys.argv[2], int(sys.argv[3], 0), int(sys.argv[4])
pause = float(sys.argv[5]) if len(sys.argv) > 5 else 0
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ESP)
s.bind((sys.argv[1], 0))
for i in range(count):
    s.sendto(struct.pack("!II", spi, i) + bytes(56), (to, 0))
    time.sleep(pause)
END

host gw peer
link gw:eth0 peer:eth0
addr gw eth0 10.0.0.1/24
addr peer eth0 10.0.0.2/24

step "neither module nor daemon"
read_metrics gw
expect "what there is" "ipsec_qos_module_loaded 0 ipsec_qos_daemon_up 0 # EOF" \
	"$(grep -vE '^# (HELP|TYPE)' "$W/metrics.om" | xargs)"
expect_refused 'metrics are no JSON' qos gw -j metrics
expect_refused 'format takes openmetrics or prometheus' qos gw metrics format xml

step "the module alone"
module_load
qos gw group add gold id 1 mark 0x10/0xff0
qos gw group add idle id 2 mark 0x20/0xff0
qos gw sa add dst 10.0.0.1 spi 0x1000 group gold
qos gw ike add spi-i 1 spi-r 2 group idle
qos gw settings set max-sas 77
qos gw nat rule add id 5 inside-dev eth0 outside-dev eth9
esp peer 10.0.0.2 10.0.0.1 0x1000 3
esp peer 10.0.0.2 10.0.0.1 0x9999 2
wait_for 5 json_is '.untagged.packets == 2' qos gw -j status
read_metrics gw
expect "module" "1 1" "$(metric ipsec_qos_module_loaded) $(metric \
	"ipsec_qos_module_info{version=\"$(qos gw -j status | jq -r .version)\"}")"
expect "SAs, IKE SAs, groups, ceiling" "1 1 2 77" "$(metric ipsec_qos_sas) $(metric \
	ipsec_qos_ike_sas) $(metric ipsec_qos_groups) $(metric ipsec_qos_sas_limit)"
for count in packets bytes; do
	qos gw -j status | jq -r --arg count $count '
		(.untagged.reasons + { malformed }) | to_entries[] |
		"{reason=\"\(.key)\"} \(.value[$count])"' | sort > "$W/said"
	sed -n "s/^ipsec_qos_untagged_${count}_total//p" "$W/metrics.om" | sort > "$W/written"
	diff "$W/said" "$W/written" >&2 || fail "metrics do not say why $count are untagged"
done
expect "untagged" "2 168 0 0" "$(for of in 'packets_total{reason="unknown_sa"}' \
	'bytes_total{reason="unknown_sa"}' 'packets_total{reason="unknown_ike"}' \
	'packets_total{reason="malformed"}'; do
		metric "ipsec_qos_untagged_$of"
	done | xargs)"
expect "gold" "3 252" "$(
	metric 'ipsec_qos_group_packets_total{group="gold",traffic="esp",direction="in"}') $(
	metric 'ipsec_qos_group_bytes_total{group="gold",traffic="esp",direction="in"}')"
expect "translation" "0 65536 0" "$(metric 'ipsec_qos_nat_entries{rule="5"}') $(
	metric 'ipsec_qos_nat_entries_limit{rule="5"}') $(
	metric 'ipsec_qos_nat_packets_total{rule="5",counter="unmatched"}')"
expect "daemon" 0 "$(metric ipsec_qos_daemon_up)"
# as all of elements, pools and steered prefixes
qos gw element add far id 3 dev eth0 via 10.0.0.3
qos gw element add near id 4 dev eth0 via 10.0.0.4 state down
qos gw element add odd id 6 nexthop 77 state drain
qos gw pool add both id 8 member far member near weight 2
qos gw steer add 10.9.0.0/24 pool both
qos gw steer add 2001:db8:9::/64 pool both ike pool
qos gw sa add dst 10.0.0.1 spi 0x5000 element near
forward gw
esp peer 10.0.0.2 10.0.0.1 0x5000 4
wait_for 5 json_is '.[0].counters.down.packets == 4' qos gw -j element show near
read_metrics gw
{
	qos gw -j element show | jq -r '.[] | .name as $name | .state as $state |
		("up", "drain", "down" | "element_state{element=\"\($name)\",state=\"\(.)\"} \(
			if . == $state then 1 else 0 end)"),
		"element_reachable{element=\"\($name)\"} \(if .problem then 0 else 1 end)",
		"element_sas{element=\"\($name)\"} \(.sas)",
		(.counters | to_entries[] | .key as $key | .value | to_entries[] |
			if $key == "sent" or $key == "icmp" then
				"element_\(.key)_total{element=\"\($name)\",traffic=\"\(
					if $key == "sent" then "own" else $key end)\"} \(.value)"
			else
				"element_dropped_\(.key)_total{element=\"\($name)\",reason=\"\(
					$key)\"} \(.value)"
			end)'
	qos gw -j pool show | jq -r '.[] | .name as $name |
		("held", "lent") as $key | "pool_\($key)_buckets{pool=\"\($name)\"} \(.[$key])"'
	qos gw -j pool show | jq -r '.[] | .name as $name | .members[] |
		"{pool=\"\($name)\",element=\"\(.element)\"} " as $of |
		"pool_member_home_buckets\($of)\(.home)", "pool_member_buckets\($of)\(.now)"'
	qos gw -j steer show | jq -r '.[] | .prefix as $prefix | .counters | to_entries[] |
		.key as $key | .value | to_entries[] |
		"steer_\(.key)_total{prefix=\"\($prefix)\",found=\"\($key)\"} \(.value)"'
} | sort > "$W/said"
sed -nE 's/^ipsec_qos_(element|pool|steer)_/\1_/p' "$W/metrics.om" | sort > "$W/written"
diff "$W/said" "$W/written" >&2 || fail "metrics do not say what the command says of steering"
expect "near" "1 4 336" "$(metric 'ipsec_qos_element_state{element="near",state="down"}') $(
	for count in packets bytes; do
		metric "ipsec_qos_element_dropped_${count}_total{element=\"near\",reason=\"down\"}"
	done | xargs)"
[ "$(metric 'ipsec_qos_pool_lent_buckets{pool="both"}')" -gt 2000 ]
expect "odd, whose nexthop object is not there" 0 \
	"$(metric 'ipsec_qos_element_reachable{element="odd"}')"
# likewise of devices and services
qos gw device add fw id 1 dev eth0 mac 02:00:00:00:01:01 inner dev eth0 mac 02:00:00:00:01:02
qos gw device add spare id 2 dev eth0 mac 02:00:00:00:01:03 state down
qos gw device change fw alternate spare
qos gw device add web id 3 dev gone mac 02:00:00:00:01:04 state down alternate spare
qos gw chain add front id 1 through fw,web
qos gw service add shop id 1 address 192.0.2.1 port tcp/80 port udp chain front
qos gw service add six id 2 address 2001:db8::1 chain front
read_metrics gw
{
	qos gw -j device show | jq -r '.[] | .name as $name | .state as $state | .now as $now |
		("up", "down" | "device_state{device=\"\($name)\",state=\"\(.)\"} \(
			if . == $state then 1 else 0 end)"),
		(if $now == $name then "itself" elif $now then "alternate" else "nobody" end) as $taker |
		("itself", "alternate", "nobody" | "device_taken{device=\"\($name)\",by=\"\(.)\"} \(
			if . == $taker then 1 else 0 end)"),
		({outer, inner} | to_entries[] | select(.value) |
			"device_reachable{device=\"\($name)\",side=\"\(.key)\"} \(
			if .value.problem then 0 else 1 end)"),
		(.counters | to_entries[] | .key as $key | .value | to_entries[] |
			if $key | test("sent|returned") then
				"device_\(.key)_total{device=\"\($name)\",side=\"\(
					$key | sub("_.*"; ""))\",direction=\"\($key | sub(".*_"; ""))\"} \(.value)"
			elif $key == "skipped" then
				"device_skipped_\(.key)_total{device=\"\($name)\"} \(.value)"
			else
				"device_dropped_\(.key)_total{device=\"\($name)\",reason=\"\($key)\"} \(.value)"
			end)'
	qos gw -j service show | jq -r '.[] | .name as $name | .counters | to_entries[] |
		.key as $key | .value | to_entries[] | if $key == "forward" or $key == "back" then
			"service_\(.key)_total{service=\"\($name)\",direction=\"\($key)\"} \(.value)"
		else
			"service_dropped_\(.key)_total{service=\"\($name)\",reason=\"\($key)\"} \(.value)"
		end'
} | sort > "$W/said"
sed -nE 's/^ipsec_qos_(device|service)_/\1_/p' "$W/metrics.om" | sort > "$W/written"
diff "$W/said" "$W/written" >&2 || fail "metrics do not say what the command says of chains"
expect "web, which nobody takes the place of" "1 0" "$(
	metric 'ipsec_qos_device_taken{device="web",by="nobody"}') $(
	metric 'ipsec_qos_device_reachable{device="web",side="outer"}')"
# as all counters of all groups
qos gw -j group show | jq -r '.[] | .name as $group | .counters | to_entries[] |
	(.key / "_") as [$traffic, $direction] |
	"{group=\"\($group)\",traffic=\"\($traffic)\",direction=\"\($direction)\"} \(.value.bytes)"' | sort > "$W/said"
sed -n 's/^ipsec_qos_group_bytes_total//p' "$W/metrics.om" | sort > "$W/written"
expect "lines" 12 "$(wc -l < "$W/written")"
diff "$W/said" "$W/written" >&2 || fail "metrics do not say what group show says"
status=0; at gw ipsec-qos metrics > /dev/full 2>"$W/err" || status=$?
expect "status on a full disk" 1 $status
status=0; at gw setpriv --reuid 65534 --regid 65534 --clear-groups ipsec-qos metrics \
	> "$W/out" 2>"$W/err" || status=$?
expect "status without the right" 2 $status
not grep -q EOF "$W/out"
qos gw sa flush
qos gw ike flush

step "many groups: they are written as they are read"
qos gw settings set max-groups 20000
seq 3 20000 | sed 's/.*/group add g& id & mark &/' | qos gw -b -
at gw prlimit --data=$((2 << 20)) ipsec-qos metrics > "$W/metrics.om"
expect "groups" "20000 20000" "$(metric ipsec_qos_groups) $(
	grep -c '^ipsec_qos_group_bytes_total{.*,traffic="ike",direction="out"}' "$W/metrics.om")"
# what has all of them in memory does not get it
not at gw prlimit --data=$((2 << 20)) ipsec-qos -j group show >/dev/null 2>"$W/err"
qos gw group flush

step "with the daemon, and a policy that is not in force"
qosd_conf gw <<-'END'
	group gold { id = 1  mark = 0x10/0xff0 }
	group silver { id = 2  mark = 0x20/0xff0 }
	policy wan { device = eth0  rate = 10mbit
		class gold { bandwidth = 5mbit  ceil = 8mbit }
		class silver { bandwidth = 2mbit }
		each users { bandwidth = 10kbit  ceil = 1mbit }
		each-clear users { bandwidth = 10kbit  ceil = 2mbit }
	}
	profile users { identity = "*.users.example"  each { marks = 0x100/0xf00  clear = 0x10000 } }
	policy later { device = eth8  rate = 10mbit
		class gold { bandwidth = 5mbit } }
END
qosd_start gw
wait_for 10 json_is 'map(select(.device == "eth0")) | length > 0 and all(.state == "ok")' \
	qos gw -j class show
qos gw sa add dst 10.0.0.2 spi 0x2000 group gold
esp gw 10.0.0.1 10.0.0.2 0x2000 5
wait_for 5 json_is 'map(select(.class == "gold" and .device == "eth0"))[0].packets == 5' \
	qos gw -j class show
read_metrics gw
policy='policy="wan",device="eth0"'
expect "policies" "1 0" "$(metric "ipsec_qos_policy_in_force{$policy}") $(
	metric 'ipsec_qos_policy_in_force{policy="later",device="eth8"}')"
expect "class gold" "5 490 0 625000 1000000" "$(for name in packets_total bytes_total drops_total \
	rate_bytes_per_second ceil_bytes_per_second; do
		metric "ipsec_qos_class_$name{$policy,group=\"gold\",traffic=\"\"}"
	done | xargs)"
expect "the default class" 337500 \
	"$(metric "ipsec_qos_class_rate_bytes_per_second{$policy,group=\"\",traffic=\"\"}")"
expect "each way of the users that share a group" "125000 250000" "$(
	users="$policy,group=\"$(qos gw -j daemon status | jq -r '.ranges[0].overflow')\""
	for traffic in esp clear; do
		metric "ipsec_qos_class_ceil_bytes_per_second{$users,traffic=\"$traffic\"}"
	done | xargs)"
expect "gold" 5 "$(metric 'ipsec_qos_group_packets_total{group="gold",traffic="esp",direction="out"}')"
expect "daemon" "1 1 0 0 $(qos gw -j daemon status | jq .resyncs)" "$(for name in up kernel_connected config_refused charons resyncs_total; do
		metric ipsec_qos_daemon_$name
	done | xargs)"
expect "the users' range" "0 14 0 0 1" "$(metric 'ipsec_qos_range_groups{profile="users"}') $(
	metric 'ipsec_qos_range_groups_limit{profile="users"}') $(
	metric 'ipsec_qos_range_known_peers{profile="users"}') $(
	metric 'ipsec_qos_range_shared_ike_sas{profile="users",reason="full"}') $(
	metric ipsec_qos_daemon_leases_remembered)"
expect "when the configuration was read" "$(qos gw -j daemon status | jq .config.loaded)" \
	"$(metric ipsec_qos_daemon_config_timestamp_seconds)"
echo 'group gold {' > "$W/gw/ipsec-qos/ipsec-qosd.conf.new"
cp "$W/gw/ipsec-qos/ipsec-qosd.conf"{,.kept}
cp "$W/gw/ipsec-qos/ipsec-qosd.conf"{.new,}
expect_refused 'ipsec-qosd.conf' qos gw daemon reload
read_metrics gw
expect "configuration refused" 1 "$(metric ipsec_qos_daemon_config_refused)"

step "the dashboard asks for what there is"
grep -o 'ipsec_qos_[a-z_]*' contrib/grafana/ipsec-qos.json | sort -u > "$W/asked"
[ "$(wc -l < "$W/asked")" -gt 20 ]
while read -r name; do
	grep -q "^# TYPE $name " "$W/metrics.prom" || fail "there is no $name"
done < "$W/asked"
jq '{groups: [{name: "x", rules: [.panels[].targets // [] | .[].expr |
	gsub("\\$__rate_interval"; "5m") | gsub("\\$top"; "10") | gsub("\\$[a-z]+"; "x") |
	{record: "x", expr: .}] | to_entries | map(.value + {record: "x\(.key)"})}]}' \
	contrib/grafana/ipsec-qos.json > "$W/rules.json"
promtool check rules "$W/rules.json" > "$W/promtool.log" 2>&1 ||
	fail "promtool says: $(cat "$W/promtool.log")"

step "a daemon that does not answer"
kill -STOP "${qosd_pid[gw]}"
qos gw metrics > "$W/metrics.om" 2>"$W/err"
kill -CONT "${qosd_pid[gw]}"
expect "daemon" 0 "$(metric ipsec_qos_daemon_up)"
expect "the last line" "# EOF" "$(tail -n 1 "$W/metrics.om")"
grep -q 'Warning: ipsec-qosd: the daemon does not answer' "$W/err"

step "sort, match, limit"
# names ARGUMENT…: of what is shown, but for the users' that share one
names()
{
	qos gw -j "$@" | jq -r '[.[] | .class // .name | select(startswith("users.") | not)] | join(" ")'
}
qos gw group add cust-1 id 9 mark 0x30/0xff0
qos gw group add cust-2 id 8 mark 0x40/0xff0
qos gw sa add dst 10.0.0.1 spi 0x3001 group cust-1
qos gw sa add dst 10.0.0.1 spi 0x3002 group cust-2
esp peer 10.0.0.2 10.0.0.1 0x3001 1
esp peer 10.0.0.2 10.0.0.1 0x3002 7
wait_for 5 json_is '.[0].counters.esp_in.packets == 7' qos gw -j group show cust-2
expect "by id" "gold silver cust-2 cust-1" "$(names group show)"
expect "by id" "$(names group show)" "$(names group show sort id)"
expect "by name" "cust-1 cust-2 gold silver" "$(names group show sort name)"
expect "by packets" "cust-2 gold cust-1 silver" "$(names group show sort packets)"
expect "by bytes" "cust-2 gold" "$(names group show sort bytes limit 2)"
expect "customers" "cust-2 cust-1" "$(names group show match 'cust-[0-9]')"
expect "one" "cust-1" "$(names group show cust-1 sort bytes owner static)"
expect "none" "" "$(names group show match 'cust')"
expect "classes" "gold silver default gold default" "$(names class show)"
expect "classes by packets" "gold" "$(names class show match gold sort packets limit 1)"
expect "of eth0" "eth0" "$(qos gw -j class show match gold sort packets limit 1 | jq -r '.[0].device')"
expect "classes by name" "default default gold gold silver" "$(names class show sort name)"
expect_refused 'sort takes name, id, bytes, packets or rate' qos gw group show sort size
expect_refused 'limit takes 1 to 4294967295' qos gw class top limit 0
expect_refused '"owner" is unknown here: expected one of match, sort, limit' qos gw class show owner static
expect_refused '"count" is unknown here' qos gw group show count 1

step "who takes most now"
exec_at peer python3 "$W/esp.py" 10.0.0.2 10.0.0.1 0x3001 100000 0.02 &
senders=$!
exec_at gw python3 "$W/esp.py" 10.0.0.1 10.0.0.2 0x2000 100000 0.1 &
senders+=" $!"
wait_for 10 json_is '.[0].counters.esp_in.packets > 1' qos gw -j group show cust-1
wait_for 10 json_is '.[0].counters.esp_out.packets > 5' qos gw -j group show gold
# what it says is what the counters did from one reading to the next
qos gw -j group top count 3 interval 2 > "$W/top.json"
jq -es 'length == 3 and (map(map(.name) | .[0] == "cust-1" and .[1] == "gold" and length == 5) | all) and
	(map(.[2:][].measured | .in.rate + .out.rate == 0) | all)' "$W/top.json" >/dev/null ||
	fail "top says: $(cat "$W/top.json")"
for i in 1 2; do
	jq -es --argjson i $i '
		((.[$i][0].counters.esp_in.packets - .[$i - 1][0].counters.esp_in.packets) / 2) as $packets |
		.[$i][0].measured as $m | $packets > 2 and $m.out == {rate: 0, packets: 0} and
		($m.in.packets - $packets | fabs) <= 1 + 0.2 * $packets and
		($m.in.rate - 672 * $packets | fabs) <= 672 * (1 + 0.2 * $packets)' \
		"$W/top.json" >/dev/null || fail "top says: $(cat "$W/top.json")"
done
expect "show by rate" "cust-1 gold" "$(names group show sort rate limit 2)"
qos gw class top count 1 interval 2 > "$W/top"
grep -qE '^wan +eth0 +gold +[1-9][0-9.]* K?bit +5.00 Mbit +8.00 Mbit +[1-9]' \
	"$W/top" || fail "class top says: $(cat "$W/top")"
expect_json '.[0] | .class == "gold" and .device == "eth0" and .packet_rate > 0 and .drop_rate == 0 and
	.measured >= 98 * 8 * (.packet_rate - 1)' qos gw -j class top count 1 interval 2

step "on a terminal, and elsewhere"
qos gw group top count 2 interval 1 > "$W/top"
expect "lines" "GROUP cust-1 gold silver cust-2 users.16398 GROUP" \
	"$(awk '{ print $1 }' "$W/top" | head -n 8 | xargs)"
expect "the line between" "" "$(sed -n 7p "$W/top")"
not grep -q $'\033' "$W/top"
# a screen of five lines: what is measured, the headings, two groups, and the cursor's
at gw env TERM=xterm script -qec \
	"stty rows 5 cols 40; ipsec-qos group top count 1 interval 1" /dev/null </dev/null > "$W/screen"
expect "lines on the screen" 4 "$(wc -l < "$W/screen")"
grep -q $'\033\\[H\033\\[J''2 of 5 groups, measured for 1.' "$W/screen" ||
	fail "on the screen: $(cat -v "$W/screen")"
grep -q $'\033\\[36mcust-1' "$W/screen"
not grep -q silver "$W/screen"
# shellcheck disable=SC2086 # words
kill $senders
