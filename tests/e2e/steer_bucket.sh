#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# charons: what charon chooses, of IKE SAs and CHILD SAs
#
# An element's charon has SPIs by which the classifying element finds it: those of its
# inbound SAs and of its IKE SAs, whoever asks, and after each rekeying; together with
# derived ones; while its daemon is gone; and what it does where nobody has told it which.
# No entry is made for any. The other element is not there: what goes there is lost. Last
# front's daemon is that of two charons, each of which is told its own.
#
#   .------.               .-------.                 .------------.
#   | peer +- 192.0.2.0/24 + front +- 10.0.0.0/24 ---+ e1         |
#   '------' .2       .254 '-------' .254         .1 | lo: $VPN,  |
#                                                    | 10.3.0.1   |
#                                                 .2 | (e2 is not |
#                                                    |  there)    |
#                                                    '------------'
. tests/lib/lib.sh

VPN=198.51.100.1

# elements TEXT: what both daemons have in common; e1 has one SPI of eight
elements()
{
	cat <<-END_OF_CONF
	element e1 { id = 1 via = 10.0.0.1 check = none }
	element e2 { id = 2 via = 10.0.0.2 check = none }
	pool vpn { id = 1 members = e1 member e2 { weight = 7 } }
	$1
	END_OF_CONF
}

# connection HOST OWN OTHER OWN_ADDRESS OTHER_ADDRESS OWN_NET OTHER_NET
connection()
{
	swan_conf "$1" <<-END_OF_CONF
	connections {
		vpn {
			version = 2
			proposals = $IKE_PROPOSAL
			local_addrs = $4
			remote_addrs = $5
			local { auth = psk
				id = $2 }
			remote { auth = psk
				id = $3 }
			children {
				net {
					local_ts = $6.0.0/24
					remote_ts = $7.0.0/24
					esp_proposals = $ESP_PROPOSAL
				}
				comp {
					local_ts = $6.1.0/24
					remote_ts = $7.1.0/24
					esp_proposals = $ESP_PROPOSAL
					ipcomp = yes
				}
				ah {
					local_ts = $6.2.0/24
					remote_ts = $7.2.0/24
					ah_proposals = sha256
				}
			}
		}
	}
	secrets {
		ike { secret = "not a secret" }
	}
	END_OF_CONF
}

# element_of SPI: whom the classifying element would send it to, by its bucket
element_of()
{
	local element

	read -r _ element _ < <(qos front steer test dst $VPN spi "$1")
	echo "$element"
}

# inbound [PROTO]: SPIs of the inbound SAs of e1
inbound()
{
	ip -n e1 xfrm state | awk -v vpn=$VPN -v proto="${1:-esp}" '
		$1 == "src" { dst = $4 }
		$1 == "proto" && $2 == proto && dst == vpn { print substr($4, 1, 10) }'
}

# other_than SPIS: there is an inbound SA that is none of these
other_than()
{
	local spi

	for spi in $(inbound); do
		[[ " $1 " = *" $spi "* ]] || return 0
	done
	return 1
}

# ours [PROTO]: all inbound SAs come to e1; $seen is how many different ones there were
declare -A was_seen
seen=0
ours()
{
	local spi e

	for spi in $(inbound "${1:-esp}"); do
		e=$(element_of "$spi")
		[ "$e" = e1 ] || fail "SPI $spi goes to $e"
		[ -n "${was_seen[$spi]:-}" ] || seen=$((seen + 1))
		was_seen[$spi]=1
	done
}

# ike: the SPI that e1 has chosen in each of its IKE SAs
ike()
{
	swan e1 --list-sas --raw | tr ' ' '\n' | awk -F = '
		$1 == "initiator" { own = 1 }
		$1 == "initiator-spi" { spi = $2 }
		$1 == "responder-spi" { print own ? spi : $2; own = 0 }'
}

# ike_is_other SPI: for wait_for
ike_is_other()
{
	local now

	now=$(ike)
	[[ $now != "$1" && $now =~ ^[0-9a-f]{16}$ ]]
}

# ike_ours: its bucket, which is that of this SPI of ESP, too
ike_ours()
{
	local spi e

	spi=$(ike)
	[[ $spi =~ ^[0-9a-f]{16}$ ]] || fail "not one IKE SA: $spi"
	e=$(element_of "0xc${spi:1:3}0001")
	[ "$e" = e1 ] || fail "IKE SPI $spi goes to $e"
}

# rekey HOST: the CHILD SA, and wait for its successor
rekey()
{
	local before

	before=$(inbound | tr '\n' ' ')
	swan "$1" --rekey --child net >/dev/null
	wait_for 20 other_than "$before"
}

# rekey_ike HOST
rekey_ike()
{
	local before

	before=$(ike)
	swan "$1" --rekey --ike vpn >/dev/null
	wait_for 20 ike_is_other "$before"
}

# down: the IKE SA, and all that is below
is_down()
{
	[ -z "$(inbound)$(inbound ah)" ] && [ -z "$(ike)" ]
}

down()
{
	swan peer --terminate --ike vpn >/dev/null 2>&1 || true
	wait_for 20 is_down
}

# element [SETTING…]: e1's charon, with these beside spi_bucket
element()
{
	[ -z "${charon_pid[e1]:-}" ] || charon_stop e1
	printf '%s\n' "spi_bucket = yes" "$@" >"$W/e1/plugin.conf"
	: >"$W/e1/charon.log"
	charon_start e1 plugin </dev/null
}

# told: which buckets, by the daemon
told()
{
	wait_for 20 grep -qE 'SPIs are of [0-9]+ of 4096 buckets' "$W/e1/charon.log"
}

# trouble HOST TEXT: its daemon says so of a charon
trouble()
{
	qos "$1" -j daemon status | jq -e --arg text "$2" \
		'.steering.errors | any(contains($text))' >/dev/null
}

# passes: a packet of peer's is decrypted, and answered
passes()
{
	at peer ping -c 1 -W 5 -I 10.4.0.1 10.3.0.1
}

host peer front e1
link peer:eth0 front:out
link front:in e1:seg
addr peer eth0 192.0.2.2/24
addr peer lo 10.4.0.1/32
addr front out 192.0.2.254/24
addr front in 10.0.0.254/24
addr e1 seg 10.0.0.1/24
addr e1 lo $VPN/32 10.3.0.1/32
route peer default via 192.0.2.254
route e1 default via 10.0.0.254
forward front
module_load
connection peer peer.example vpn.example 192.0.2.2 $VPN 10.4 10.3
connection e1 vpn.example peer.example $VPN 192.0.2.2 10.3 10.4
elements "steer $VPN { pool = vpn ike = e1 }" | qosd_conf front
elements "settings { self = e1 }" | qosd_conf e1
qosd_start front
qosd_start e1
charon_start peer </dev/null

step "both ask: CHILD SAs and IKE SAs, the first ones"
element
told
for asks in peer e1; do
	swan_up $asks net
	ours
	ike_ours
	wait_for 20 passes
	down
done

step "twenty rekeyings of a CHILD SA, by both"
swan_up peer net
for ((i = 0; i < 10; i++)); do
	rekey peer
	ours
	rekey e1
	ours
done
((seen >= 22)) || fail "there were only $seen SPIs: ${!was_seen[*]}"
wait_for 20 passes

step "eight of the IKE SA, by both"
for ((i = 0; i < 4; i++)); do
	rekey_ike peer
	ike_ours
	rekey_ike e1
	ike_ours
done
wait_for 20 passes

step "its daemon is gone: the last that it said holds"
qosd_stop e1
for ((i = 0; i < 4; i++)); do
	rekey peer
	ours
	rekey_ike e1
	ike_ours
done
wait_for 20 passes

step "IPComp and AH: CPIs are charon's, SPIs are of the buckets"
down
qosd_start e1
swan_up peer comp
ours
for cpi in $(inbound comp); do
	((cpi < 0x10000)) || fail "a CPI is $cpi"
	cpis=1
done
[ -n "${cpis:-}" ] || fail "no IPComp: $(ip -n e1 xfrm state)"
down
for asks in peer e1; do
	swan_up $asks ah
	[ -n "$(inbound ah)" ] || fail "no AH"
	ours ah
	down
done

step "derived ones, too: the answers of e1"
element "spi_derive = md5-low16"
told
swan_up peer net
for ((i = 0; i < 6; i++)); do
	read -r own theirs < <(swan e1 --list-sas --raw | sed -nE \
		's/.*state=INSTALLED.*spi-in=([0-9a-f]+).*spi-out=([0-9a-f]+).*/\1 \2/p' | tail -n 1)
	tests/lib/derived.py md5-low16 "$theirs" "$own" || fail "$own does not answer $theirs"
	ours
	rekey peer
done
rekey e1
ours
wait_for 20 passes
down

step "a scheme that needs the bucket's bits is refused"
element "spi_derive = md5-full"
grep -q 'SPIs are not derived: spi_derive = md5-full takes the bits' "$W/e1/charon.log" ||
	fail "it is not said: $(cat "$W/e1/charon.log")"
told
swan_up peer net
ours
down

step "nobody has told it: it goes on, as without, and says so; then somebody does"
qosd_stop e1
element
swan_up peer net
expect "complaints" 1 "$(grep -c 'has not yet said which buckets' "$W/e1/charon.log")"
qosd_start e1
told
down
swan_up peer net
ours
ike_ours
wait_for 20 passes

step "another share: charon is told without asking"
elements "settings { self = e1 }" | sed 's/weight = 7/weight = 70/' | qosd_conf e1
before=$(grep -c 'SPIs are of' "$W/e1/charon.log")
qos e1 daemon reload >/dev/null
told_more() { (($(grep -c 'SPIs are of' "$W/e1/charon.log") > before)); }
wait_for 20 told_more
# fewer of those that it had: a greater weight of another takes, and gives nothing
rekey peer
ours

step "an IKE SA at an address that others are not steered by is told of"
for steered in 203.0.113.1 $VPN; do
	elements "steer $steered { pool = vpn } settings { self = e1 }" | qosd_conf e1
	qos e1 daemon reload >/dev/null
	qos e1 status > "$W/status.$steered"
	qos e1 -j daemon status | jq -c .steering.beside > "$W/beside.$steered"
done
expect_json '.ike_sas == 1 and .address == "198.51.100.1"' cat "$W/beside.203.0.113.1"
grep -q '^beside .* such as 198.51.100.1: ' "$W/status.203.0.113.1" ||
	fail "it is not said: $(cat "$W/status.203.0.113.1")"
expect "at the one that is" null "$(cat "$W/beside.$VPN")"
not grep -q '^beside' "$W/status.$VPN"

step "it is none of the pool any more"
elements "settings { self = e1 }" | sed 's/members = e1 //' | qosd_conf e1
qos e1 daemon reload >/dev/null
wait_for 20 grep -q 'SPIs are of no bucket' "$W/e1/charon.log"
trouble e1 "element 'e1' is a member of no pool" ||
	fail "it is not said: $(qos e1 daemon status)"

step "nor is it known which one it is"
elements "" | qosd_conf e1
qos e1 daemon reload >/dev/null
trouble e1 'it does not say which element it is' ||
	fail "it is not said: $(qos e1 daemon status)"

step "one daemon, and two charons: each is told its own"
down
elements "settings { self = e1 }" | qosd_conf e1
qos e1 daemon reload >/dev/null
socket="socket = $W/front/run/ipsec-qos/ipsec-qosd.sock"
element "$socket" "element = e1"
told
wait_for 20 grep -q 'no charon is connected .*, nor an SPI by which packets come' \
	"$W/e1/ipsec-qosd.log"
host e2
printf '%s\n' "spi_bucket = yes" "$socket" "element = e2" >"$W/e2/plugin.conf"
swan_conf e2 </dev/null
charon_start e2 plugin </dev/null
wait_for 20 grep -qE 'SPIs are of [0-9]+ of 4096 buckets' "$W/e2/charon.log"
# share HOST: how many it was told of
share()
{
	sed -nE 's/.*SPIs are of ([0-9]+) of 4096 buckets.*/\1/p' "$W/$1/charon.log"
}
expect "buckets of the two" 4096 $(($(share e1) + $(share e2)))
(($(share e1) < 1024)) || fail "e1 has $(share e1)"
swan_up peer net
ours
ike_ours
rekey peer
ours
wait_for 20 passes

step "one that is no element of front's is told of none, nor two the same"
expect_json '.steering.errors == []' qos front -j daemon status
charon_stop e2
printf '%s\n' "spi_bucket = yes" "$socket" >"$W/e2/plugin.conf"
: >"$W/e2/charon.log"
charon_start e2 plugin </dev/null
wait_for 20 trouble front 'it does not say which element it is'
not grep -q 'SPIs are of' "$W/e2/charon.log"
charon_stop e2
printf '%s\n' "spi_bucket = yes" "$socket" "element = e1" >"$W/e2/plugin.conf"
charon_start e2 plugin </dev/null
wait_for 20 trouble front "it is element 'e1', as charon"
charon_stop e2
# no_trouble: for wait_for
no_trouble()
{
	[ "$(qos front -j daemon status | jq -c .steering.errors)" = "[]" ]
}
wait_for 20 no_trouble
