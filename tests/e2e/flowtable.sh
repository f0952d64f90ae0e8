#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A router with a flowtable of nftables: what is in it passes by the module. status
# says so, and the rule that docs/LIMITS.md names keeps ESP in UDP out of it.
#
#   .-----------------.            .---------------.            .-----------------.
#   | node            |            | router        |            | home            |
#   | 10.31.0.1 (lo)  |            | flowtable     |            | 10.32.0.1 (lo)  |
#   |   eth0 .2    ---+-- 172.20.1 +- .1 in, out  -+ 172.20.2  -+---  .2 eth0     |
#   '-----------------'            '--------------- '           '-----------------'
#                   ================= ESP in UDP =================
. tests/lib/lib.sh

node=172.20.1.2 home=172.20.2.2
enc=0xa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3
n=45

host node router home
link node:eth0 router:in
link router:out home:eth0
addr node eth0 $node/24
addr node lo 10.31.0.1/32
addr router in 172.20.1.1/24
addr router out 172.20.2.1/24
addr home eth0 $home/24
addr home lo 10.32.0.1/32
forward router
route node default via 172.20.1.1 src 10.31.0.1
route home default via 172.20.2.1 src 10.32.0.1
route node $home via 172.20.1.1
route home $node via 172.20.2.1
for h in node home; do
	for sa in "$node $home 0x6001" "$home $node 0x6002"; do
		read -r from to spi <<<"$sa"
		ip -n $h xfrm state add src "$from" dst "$to" proto esp spi "$spi" \
			mode tunnel aead 'rfc4106(gcm(aes))' $enc 128 \
			encap espinudp 4500 4500 0.0.0.0
	done
	[ $h = node ] && own=$node other=$home net=10.31.0.1 peer=10.32.0.1 ||
		own=$home other=$node net=10.32.0.1 peer=10.31.0.1
	ip -n $h xfrm policy add dir out src "$net/32" dst "$peer/32" \
		tmpl src "$own" dst "$other" proto esp mode tunnel
	ip -n $h xfrm policy add dir in src "$peer/32" dst "$net/32" \
		tmpl src "$other" dst "$own" proto esp mode tunnel
	udp_encap $h
done

# ruleset WHAT: which packets are put into the flowtable
ruleset()
{
	at router nft -f - <<-END
	flush ruleset
	table inet shortcut {
		counter tagged { }
		counter tcp_seen { }
		flowtable fast {
			hook ingress priority filter
			devices = { in, out }
		}
		chain forward {
			type filter hook forward priority filter
			meta mark & 0xf0 == 0x90 counter name tagged
			meta l4proto tcp counter name tcp_seen
			ct state established $1 flow add @fast
		}
	}
	END
}

# warned: how many lines of status warn of a flowtable
warned()
{
	ipsec-qos -n router status | grep -cE '^flowtable ' || true
}

module_load
ruleset "meta l4proto { tcp, udp }"
step "no groups: nothing is lost"
expect "warnings" 0 "$(warned)"
expect_json '.groups == 0 and (.flowtables | map(.devices |= sort)) == [{
	family: "inet", table: "shortcut", name: "fast", devices: ["in", "out"]}]' ipsec-qos -n router -j status
expect_json '.flowtables == []' qos node -j status

step "groups: UDP flows pass by"
qos router group add transit id 3 mark 0x90/0xf0
qos router sa add dst $home spi 0x6001 group transit
qos router sa add dst $node spi 0x6002 group transit
expect "warnings" 1 "$(warned)"
said=$(ipsec-qos -n router status)
grep -qE '^flowtable +inet shortcut fast on (in, out|out, in): .* exempt UDP ports 500 and 4500 ' \
	<<<"$said" || fail "status: $said"
counters_keep router
at node ping -q -c $n -i 0.02 -W 5 10.32.0.1 >/dev/null
tagged=$(counters_since router)
echo "           of $((2 * n)) packets: $tagged"
((${tagged#*+} < n)) || fail "it did not matter: $tagged"

step "with that rule all are tagged"
ruleset "meta l4proto { tcp, udp } th sport != { 500, 4500 } th dport != { 500, 4500 }"
nft_counted router >/dev/null
counters_keep router
at node ping -q -c $n -i 0.02 -W 5 10.32.0.1 >/dev/null
expect "counted" "transit.esp_in+$((2 * n))" "$(counters_since router)"
expect "marked" "tagged+$((2 * n))" "$(nft_counted router)"

step "and everything else goes the short way still"
flow_server home $home 5302
flow_start node $home tcp -B $node -p 5302 -n 2M
flow_wait tcp
seen=$(nft_counted router)
echo "           of 2 MB of TCP: $seen"
((${seen#*+} < 500)) || fail "TCP is not in the flowtable"

step "what cannot be read is not spoken of"
at router setpriv --reuid=65534 --regid=65534 --clear-groups \
	"$(command -v ipsec-qos)" -j status > "$W/out" 2>/dev/null || true
jq -e '.flowtables == null' "$W/out" >/dev/null || fail "unprivileged: $(cat "$W/out")"
at router nft flush ruleset
expect "warnings" 0 "$(warned)"
