#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A connection has a name for its peer, and the resolver never answers: an
# IKE_SA_INIT of somebody who proved nothing does not hold up the others, whether
# NATs are detected or not. Whose NATs are is told by connection, and can be changed.
# The module is not there.
#
#   .------.                     .------------------------.
#   | gw   +-- 192.0.2.0/24 -----+ peer, who rekeys       |
#   |      | .1               .2 '------------------------'
#   |      |                     .------------------------.
#   |      +-- 198.51.100.0/24 --+ stranger, .2 and .3    |
#   |      | .1                  '------------------------'
#   |      |                     .------------------------.
#   |      +-- 203.0.113.0/24 ---+ dns .53, which is mute |
#   '------' .1                  '------------------------'
#
# vm: -t 900
# once: it is charon's doing, whatever the kernel is
. tests/lib/lib.sh

# How long somebody waits for the resolver, in s, and how long a rekey may take
# meanwhile, in ms
RESOLVER=$((12 * ${SLOW:-1}))
BOUND=$((RESOLVER * 1000 * 2 / 3))

# accepts NAME ADDRESS: gw's connection for an IKE_SA_INIT from there
accepts()
{
	swan_psk gw "$1" gw.example "$1.example" <<-END
	local_addrs = 198.51.100.1
	remote_addrs = $2
	children {
		$1 { esp_proposals = $ESP_PROPOSAL }
	}
	END
}

# settings [WHAT]: of gw's plugin, from now on
settings()
{
	echo "${1:-}" >"$W/gw/natd.conf"
	swan gw --reload-settings >/dev/null
}

# again NUMBER: there were more rekeys than that
again()
{
	(($(wc -l <"$W/times") > $1))
}

# strangers NATD NATD: two of them ask, and get that many payloads of NAT detection.
# All the while peer rekeys; $median and $worst are of that, in ms
strangers()
{
	local pid rekeys i
	local -a pids=() times=()

	: >"$W/times"
	exec_at peer tests/lib/rekey_times.py "$W/peer/run/charon.vici" \
		>"$W/times" 2>"$W/rekeys.log" </dev/null &
	rekeys=$!
	wait_for 30 test -s "$W/times"
	for i in 2 3; do
		exec_at stranger tests/lib/ike_init.py 198.51.100.$i 198.51.100.1 \
			>"$W/stranger-$i.log" 2>&1 </dev/null &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "no answer: $(cat "$W"/stranger-*.log)"
	done
	mapfile -t times <"$W/times"
	# that which is under way counts too
	wait_for 60 again "${#times[@]}"
	end "$rekeys"
	mapfile -t times < <(sort -n "$W/times")
	median=${times[${#times[@]} / 2]} worst=${times[-1]}
	echo "           ${#times[@]} rekeys, median $median ms, worst $worst ms"
	expect "NAT detection for $1 of road" "$1" "$(cat "$W/stranger-2.log")"
	expect "NAT detection for $2 of other" "$2" "$(cat "$W/stranger-3.log")"
}

step "a peer is connected; then a name comes that nobody knows"
host gw peer stranger dns
link gw:wan peer:eth0
link gw:wan2 stranger:eth0
link gw:wan3 dns:eth0
addr gw wan 192.0.2.1/24
addr gw wan2 198.51.100.1/24
addr gw wan3 203.0.113.1/24
addr peer eth0 192.0.2.2/24
addr stranger eth0 198.51.100.2/24 198.51.100.3/24
addr dns eth0 203.0.113.53/24
at dns nft -f - <<END
table ip mute {
	chain in {
		type filter hook input priority 0
		udp dport 53 counter drop
	}
}
END
cat >"$W/gw/resolv.conf" <<END
nameserver 203.0.113.53
options timeout:$RESOLVER attempts:1
END
at gw mount --bind "$W/gw/resolv.conf" "$(realpath /etc/resolv.conf)"
for way in "gw peer 1 2" "peer gw 2 1"; do
	read -r own other here there <<<"$way"
	swan_psk "$own" "$other" "$own.example" "$other.example" <<-END
	local_addrs = 192.0.2.$here
	remote_addrs = 192.0.2.$there
	children {
		net { local_ts = 10.$here.0.0/24
			remote_ts = 10.$there.0.0/24
			esp_proposals = $ESP_PROPOSAL }
	}
	END
done
accepts road 198.51.100.2
accepts other 198.51.100.3
echo "include $W/gw/natd.conf" >"$W/gw/plugin.conf"
: >"$W/gw/natd.conf"
charon_start gw plugin </dev/null
charon_start peer </dev/null
swan_up peer net
accepts named router7.customer-a.example
swan gw --load-conns >/dev/null

step "NATs are detected"
strangers 2 2
off=$median
((worst <= BOUND)) || fail "a stranger's packet held up a rekey for $worst ms"

step "not for one connection"
settings "esp_through_nat = \"nobody.example, r*d\""
strangers 0 2
((worst <= BOUND)) || fail "a stranger's packet held up a rekey for $worst ms"
((median <= 3 * off + 500)) || fail "a rekey takes $median ms, it was $off"

step "but for one connection"
settings "esp_through_nat = *, !road"
strangers 2 0
((worst <= BOUND)) || fail "a stranger's packet held up a rekey for $worst ms"

step "NATs are detected again"
settings
strangers 2 2
((worst <= BOUND)) || fail "a stranger's packet held up a rekey for $worst ms"
((0 < $(at dns nft -j list chain ip mute in | jq '[.. | .counter? // empty] | .[0].packets'))) ||
	fail "nobody asked for the name"
