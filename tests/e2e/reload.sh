#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The configuration is read again under traffic: live SAs move to their new
# groups with no untagged packet between; a broken file changes nothing and says
# what is wrong.
#
#   .------------------------.              .---------------------.
#   | peer                   |              | gw                  |
#   | charon                 |              | charon with plugin, |
#   | 10.1.N.1 (lo)          |              | ipsec-qosd          |
#   |                        |              | 10.2.0.1 (lo)       |
#   |  eth0 192.0.2.(10+N) --+--------------+-- eth0 192.0.2.1    |
#   '------------------------'    IKEv2     '---------------------'
#
# alice is the first from the peer, bob the second, carol the third.
#
# once: it is the daemon's doing, whatever the kernel is
. tests/lib/lib.sh

users=(alice bob carol)

host peer gw
link peer:eth0 gw:eth0
addr gw eth0 192.0.2.1/24
addr gw lo 10.2.0.1/32
n=0
for name in "${users[@]}"; do
	n=$((n + 1))
	addr peer eth0 192.0.2.$((10 + n))/24
	addr peer lo 10.1.$n.1/32
	swan_conf peer "$name" <<-END
	connections {
		$name {
			version = 2
			mobike = no
			local_addrs = 192.0.2.$((10 + n))
			remote_addrs = 192.0.2.1
			proposals = $IKE_PROPOSAL
			local { auth = psk
				id = $name@customer.example }
			remote { auth = psk
				id = gw.example }
			children {
				$name {
					local_ts = 10.1.$n.1/32
					remote_ts = 10.2.0.1/32
					esp_proposals = $ESP_PROPOSAL
				}
			}
		}
	}
	END
done
route gw 10.1.0.0/16 via 192.0.2.11
route peer 10.2.0.0/24 via 192.0.2.1
swan_conf gw <<END
connections {
	customers {
		version = 2
		proposals = $IKE_PROPOSAL
		local { auth = psk
			id = gw.example }
		remote { auth = psk
			id = *@customer.example }
		children {
			net {
				local_ts = 10.2.0.1/32
				remote_ts = 10.1.0.0/16
				esp_proposals = $ESP_PROPOSAL
			}
		}
	}
}
END
for name in peer gw; do
	swan_conf $name secrets <<<'secrets { ike { secret = "not a secret" } }'
done

# what ESP leaves the gateway, by mark
at gw nft -f - <<'END'
table netdev wire {
	counter m00 { }
	counter m10 { }
	counter m20 { }
	counter m30 { }
	counter m40 { }
	counter ma0 { }
	chain out {
		type filter hook egress device eth0 priority 0
		meta protocol != ip accept
		ip protocol != esp accept
		meta mark & 0xff0 vmap { 0 : goto c00, 0x10 : goto c10, 0x20 : goto c20, 0x30 : goto c30, 0x40 : goto c40, 0xa0 : goto ca0 }
	}
	chain c00 { counter name m00; }
	chain c10 { counter name m10; }
	chain c20 { counter name m20; }
	chain c30 { counter name m30; }
	chain c40 { counter name m40; }
	chain ca0 { counter name ma0; }
}
END

conf=/etc/ipsec-qos/ipsec-qosd.conf

# groups: what the kernel has, in short: "gold=1/0x10", and users' SAs in them
groups()
{
	qos gw -j group show | jq -r '[ sort_by(.id)[] |
		"\(.name)=\(.id)/\(.mark)" ] | join(" ")'
}

# whose: group of each user's two SAs, as the kernel's tables have them
whose()
{
	qos gw -j sa show | jq -r --slurpfile kernel "$W/spis.json" '
		. as $sas | [ $kernel[] | . as $one |
		"\(.user)=\([ $sas[] | select(.spi == $one.spi and .dst == $one.dst) |
			.group ] | join(","))" ] | unique | join(" ")'
}

whose_ike()
{
	qos gw -j ike show | jq -r '[ .[].group ] | sort | join(" ")'
}

# new_conf FILE_CONTENTS…: what is to be reloaded
new_conf()
{
	printf '%s\n' "$@" | qosd_conf gw
}

# reloaded GROUPS USERS IKES MARKS: it is in force as soon as the reload is
# said to be; then every mark that leaves is one of MARKS
reloaded()
{
	qos gw daemon reload >/dev/null
	expect "groups" "$1" "$(groups)"
	expect "users" "$2" "$(whose)"
	expect "IKE SAs" "$3" "$(whose_ike)"
	tagged "$4"
}

# left NUMBER: more than five packets left with each of so many marks
left()
{
	at gw nft -j list counters | jq -e --argjson n "$1" '
		[ .nftables[].counter | select(. != null and .packets > 5) ] |
		length == $n'
}

# tagged MARKS: packets leave with each of these marks and with no other, and
# none was untagged since the traffic began
tagged()
{
	nft_counted gw >/dev/null
	wait_for 20 left "$(wc -w <<<"$1")"
	expect "marks" "$1" "$(nft_counted gw | tr ' ' '\n' | sed 's/+.*//' | xargs)"
	expect "untagged" "$untagged" "$(json .untagged.packets qos gw -j status)"
}

gold='group gold { id = 1  mark = 0x10/0xff0 }'
silver='group silver { id = 2  mark = 0x20/0xff0 }'
bronze='group bronze { id = 3  mark = 0x30/0xff0 }'
platinum='group platinum { id = 4  mark = 0x40/0xff0 }'
alice='profile alice { identity = "alice@customer.example"  group = gold }'
bob='profile bob { identity = "bob@customer.example"  group = silver }'
carol='profile carol { identity = "carol@customer.example"  group = bronze }'

step "daemon, charons, tunnels"
module_load
new_conf "$gold" "$silver" "$bronze" "$alice" "$bob" "$carol"
qosd_start gw
charon_start gw plugin <<<"install_routes = no"
charon_start peer <<<"install_routes = no"
wait_for 10 json_is '.charon.synced' qos gw -j daemon status
for name in "${users[@]}"; do
	swan_up peer "$name"
done
ip -n gw xfrm state | awk '
	$1 == "src" { src = $2; dst = $4 }
	$1 == "proto" {
		n = (src == "192.0.2.1" ? dst : src)
		sub(/.*\./, "", n)
		print n - 10, dst, $4
	}' | while read -r n dst spi; do
	printf '{ "user": "%s", "dst": "%s", "spi": %u }\n' \
		"${users[n - 1]}" "$dst" "$spi"
done > "$W/spis.json"
expect "SAs" 6 "$(wc -l < "$W/spis.json")"

step "continuous traffic"
flows=()
for n in 1 2 3; do
	exec_at peer ping -qn -i 0.1 -I 10.1.$n.1 10.2.0.1 > "$W/ping-in-$n.log" &
	flows+=($!)
	exec_at gw ping -qn -i 0.1 -I 10.2.0.1 10.1.$n.1 > "$W/ping-out-$n.log" &
	flows+=($!)
done
untagged=$(json .untagged.packets qos gw -j status)
reloaded "gold=1/16 silver=2/32 bronze=3/48" "alice=gold bob=silver carol=bronze" \
	"bronze gold silver" "m10 m20 m30"

step "an identity moves from gold to silver"
new_conf "$gold" "$silver" "$bronze" "${alice/= gold/= silver}" "$bob" "$carol"
reloaded "gold=1/16 silver=2/32 bronze=3/48" "alice=silver bob=silver carol=bronze" \
	"bronze silver silver" "m20 m30"

step "a mark changes in place"
new_conf "$gold" "${silver/0x20/0xa0}" "$bronze" "$alice" "$bob" "$carol"
reloaded "gold=1/16 silver=2/160 bronze=3/48" "alice=gold bob=silver carol=bronze" \
	"bronze gold silver" "m10 m30 ma0"

step "a group is renamed"
new_conf "$gold" "$silver" "${bronze/bronze/copper}" "$alice" "$bob" \
	"${carol/bronze/copper}"
reloaded "gold=1/16 silver=2/32 copper=3/48" "alice=gold bob=silver carol=copper" \
	"copper gold silver" "m10 m20 m30"

step "two groups exchange their names"
new_conf "${gold/gold/silver}" "${silver/silver/gold}" "$bronze" \
	"$alice" "$bob" "$carol"
reloaded "silver=1/16 gold=2/32 bronze=3/48" "alice=gold bob=silver carol=bronze" \
	"bronze gold silver" "m10 m20 m30"

step "a group is added, another with SAs in it removed"
new_conf "$gold" "$silver" "$platinum" "$alice" "$bob" \
	"${carol/bronze/platinum}"
reloaded "gold=1/16 silver=2/32 platinum=4/64" "alice=gold bob=silver carol=platinum" \
	"gold platinum silver" "m10 m20 m40"

step "SIGHUP does the same"
new_conf "$gold" "$silver" "$bronze" "$alice" "${bob/silver/gold}" "$carol"
kill -HUP "${qosd_pid[gw]}"
# shellcheck disable=SC2016 # for eval
wait_for 5 eval '[ "$(groups); $(whose)" = "gold=1/16 silver=2/32 bronze=3/48; alice=gold bob=gold carol=bronze" ]'
tagged "m10 m30"

step "broken files change nothing"
kept="$(groups); $(whose); $(whose_ike)"
# broken LINE REASON CONTENTS…: refused, and says where and why
broken()
{
	new_conf "${@:3}"
	expect_refused "$conf:$1: .*$2" qos gw daemon reload
	grep -qE "kept as it was: $conf:$1: .*$2" <<<"$(tail -n 1 "$W/gw/ipsec-qosd.log")" ||
		fail "the log does not say '$2': $(tail -n 1 "$W/gw/ipsec-qosd.log")"
	expect "tables" "$kept" "$(groups); $(whose); $(whose_ike)"
	expect_json ".config.error | test(\"$2\")" qos gw -j daemon status
}
broken 2 "unknown key 'colour'" "$gold" "${silver/ \}/ colour = 3 \}}"
broken 2 "group 'silver' has the id 1 of group 'gold'" "$gold" "${silver/id = 2/id = 1}"
broken 2 "mark 0x10/0xff0 of group 'silver' overlaps" "$gold" "${silver/0x20/0x10}"
broken 2 "group 'lead' does not exist" "$gold" "${alice/= gold/= lead}"
broken 4 "110% of its rate" "$gold" "$silver" \
	'policy wan { device = "eth0"  rate = "10mbit"  class gold { bandwidth = "60%" }' \
	'             class silver { bandwidth = "50%" } }'
broken 2 "is opened and not closed" "$gold" 'group silver {'
broken 1 "cannot read '/nonexistent'" 'include = "/nonexistent"' "$gold"
broken 1 "identity = '10.0.0.0/99'" 'profile x { identity = "10.0.0.0/99"  group = gold }' "$gold"
# refusals: how many the log has
refusals()
{
	grep -c 'kept as it was' "$W/gw/ipsec-qosd.log"
}
# shellcheck disable=SC2034 # in eval
more=$(($(refusals) + 1))
kill -HUP "${qosd_pid[gw]}"
# shellcheck disable=SC2016 # for eval
wait_for 5 eval '[ "$(refusals)" = "$more" ]'
expect "tables" "$kept" "$(groups); $(whose); $(whose_ike)"
tagged "m10 m30"

step "a good one after it"
new_conf "$gold" "$silver" "$bronze" "$alice" "$bob" "$carol"
reloaded "gold=1/16 silver=2/32 bronze=3/48" "alice=gold bob=silver carol=bronze" \
	"bronze gold silver" "m10 m20 m30"
expect_json '.config.error == null' qos gw -j daemon status

step "a profile is gone, and is back"
new_conf "$gold" "$silver" "$bronze" "$alice" "$bob"
qos gw daemon reload >/dev/null
expect "users" "alice=gold bob=silver carol=" "$(whose)"
expect "IKE SAs" "gold silver" "$(whose_ike)"
# shellcheck disable=SC2016 # for eval
wait_for 10 eval '[ "$(json .untagged.packets qos gw -j status)" -gt "$untagged" ]'
new_conf "$gold" "$silver" "$bronze" "$alice" "$bob" "$carol"
qos gw daemon reload >/dev/null
untagged=$(json .untagged.packets qos gw -j status)
reloaded "gold=1/16 silver=2/32 bronze=3/48" "alice=gold bob=silver carol=bronze" \
	"bronze gold silver" "m10 m20 m30"

step "every packet had its answer"
for pid in "${flows[@]}"; do
	end "$pid" INT
done
for log in "$W"/ping-*.log; do
	grep -q ' 0% packet loss' "$log" || fail "$log: $(cat "$log")"
done
