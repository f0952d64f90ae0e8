#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# charons: what charon says and does, and the SAs that it installs
# newest: the way from IKE to marks, and what the kernel tells of its own SAs
#
# Every way to say who one is puts a peer's SAs and IKE SA into its group, and
# into no other; who is named by no profile stays untagged.
#
#   .------------------------.              .---------------------.
#   | peer                   |              | gw                  |
#   | charon                 |              | charon with plugin, |
#   | 10.1.N.1 (lo)          |              | ipsec-qosd          |
#   |                        |              | 10.2.0.1 (lo)       |
#   |  eth0 192.0.2.(10+N) --+--------------+-- .1 eth0           |
#   |     2001:db8::(10+N)   |  IKEv1, v2   |  ::1                |
#   '------------------------'              '---------------------'
#
# The peer is one customer after the other: the Nth comes from the Nth address,
# is in group N of the Nth mark and has the Nth inner network.
. tests/lib/lib.sh

#         name     version  identity                          profile
customers=(
	"keyid      1 keyid:customer-1                  identity = \"keyid:customer-1\""
	"fqdn       1 gw7.fqdn.example                  identity = \"*.fqdn.example\""
	"user       2 alice@user.example                identity = \"alice@user.example\""
	"ipv4       2 192.0.2.14                        identity = \"192.0.2.14\""
	"ipv6       2 2001:db8::15                      identity = \"2001:db8::15\""
	"dn         2 C=CH,O=Customer,CN=peer           identity = \"C=CH, O=Customer, CN=*\""
	"eap        2 device-7                          eap-identity = carol"
	"subnet     2 198.51.100.40                     identity = \"198.51.100.32/28\""
	"range      2 198.51.100.200                    identity = \"198.51.100.193-198.51.100.206\""
	"xauth      1 device-8                          eap-identity = dave"
	"conn       2 device-9                          connection = \"conn\""
	"stranger   2 who.knows.example                 -"
)

if ! has_ikev1; then
	step "no IKEv1 in this strongSwan: keyid has IKEv2, and xauth is left out"
	of_ikev2=()
	for customer in "${customers[@]}"; do
		[[ $customer = "xauth "* ]] || of_ikev2+=("${customer/ 1 / 2 }")
	done
	customers=("${of_ikev2[@]}")
fi

host peer gw
link peer:eth0 gw:eth0
addr gw eth0 192.0.2.1/24 2001:db8::1/64
addr gw lo 10.2.0.1/32
route gw 10.1.0.0/16 via 192.0.2.11
ca_new ca "O=Provider, CN=CA"
ca_trust ca gw
cert_new ca peer "C=CH, O=Customer, CN=peer"

profiles='' nft='' nft_in='' nft_out='' n=0
for customer in "${customers[@]}"; do
	read -r name version id profile <<<"$customer"
	n=$((n + 1))
	gw=192.0.2.1 peer=192.0.2.$((10 + n)) inner=10.1.$n.1/32 options=
	addr peer eth0 "$peer/24" "2001:db8::$((10 + n))/64"
	addr peer lo "$inner"
	it="local { auth = psk
		id = \"$id\" }"
	expected="remote { auth = psk
		id = \"$id\" }"
	case $name in
	keyid)
		options="aggressive = yes"
		;;
	ipv6)
		gw=2001:db8::1 peer=2001:db8::$((10 + n))
		;;
	dn)
		it="local { auth = pubkey
			certs = peer.crt
			id = \"C=CH, O=Customer, CN=peer\" }"
		expected="remote { auth = pubkey
			id = \"C=CH, O=Customer, CN=*\" }"
		id="C=CH, O=Customer, CN=peer"
		profile='identity = "C=CH, O=Customer, CN=*"'
		;;
	eap)
		it="local { auth = eap
			id = $id
			eap_id = carol }"
		expected="remote { auth = eap-md5
			id = $id
			eap_id = %any }"
		;;
	xauth)
		it+=" local-2 { auth = xauth
			xauth_id = dave }"
		expected+=" remote-2 { auth = xauth }"
		;;
	esac
	swan_side peer "$name" "$version" "$peer" "$gw" "$inner" 10.2.0.1/32 \
		"mobike = no
		$options
		$it
		remote { auth = psk
			id = gw.example }"
	swan_side gw "$name" "$version" "$gw" "$peer" 10.2.0.1/32 "$inner" \
		"mobike = no
		$options
		local { auth = psk
			id = gw.example }
		$expected"

	[ "$name" = stranger ] || profiles+="
		group $name { id = $n  mark = $((n << 4))/0xff0 }
		profile $name { $profile  group = $name }"
	nft+="
		counter in_$name { }
		counter out_$name { }"
	[ "$name" = stranger ] && mark=0 || mark=$((n << 4))
	nft_in+="
		meta l4proto esp meta mark & 0xff0 == $mark counter name in_$name"
	nft_out+="
		meta l4proto esp meta mark & 0xff0 == $mark counter name out_$name"
done
route peer 10.2.0.0/24 via 192.0.2.1

for name in peer gw; do
	swan_conf "$name" secrets <<-END
	secrets {
		ike { secret = "not a secret" }
		eap-carol { id = carol
			secret = "carols secret" }
		xauth-dave { id = dave
			secret = "daves secret" }
	}
	END
done
qosd_conf gw <<<"$profiles"
at gw nft -f - <<-END
table inet marks {
	$nft
	chain in {
		type filter hook prerouting priority 0
		$nft_in
	}
	chain out {
		type filter hook postrouting priority 0
		$nft_out
	}
}
END

step "daemon and charons"
module_load
qosd_start gw
charon_start gw plugin <<END
	install_routes = no
	i_dont_care_about_security_and_use_aggressive_mode_psk = yes
END
charon_start peer <<END
	install_routes = no
END
wait_for 10 json_is '.charon.synced' qos gw -j daemon status

for customer in "${customers[@]}"; do
	read -r name _ <<<"$customer"
	step "$name comes up"
	swan_up peer "$name"
done

step "the tables are what the kernel and charon have, but for the stranger's"
expect "SAs" $((2 * ${#customers[@]})) \
	"$(ip -n gw xfrm state | grep -c 'proto esp spi')"
ip -n gw xfrm state | awk '
	$1 == "src" { src = $2; dst = $4 }
	$1 == "proto" && $2 == "esp" {
		n = (src ~ /[.:]1$/ ? dst : src)
		sub(/.*[.:]/, "", n)
		print n - 10, dst, $4
	}' | while read -r n dst spi; do
	read -r name _ <<<"${customers[n - 1]}"
	[ "$name" = stranger ] || printf '%s %s %u local\n' "$name" "$dst" "$spi"
done | sort > "$W/kernel-sas.log"
qos gw -j sa show | jq -r '.[] | "\(.group) \(.dst) \(.spi) \(if .local then "local" else "-" end)"' |
	sort > "$W/module-sas.log"
diff -u "$W/kernel-sas.log" "$W/module-sas.log"

swan gw --list-sas --raw |
	sed -nE 's/^list-sa event \{([a-z0-9]+) \{.*initiator-spi=([0-9a-f]+) responder-spi=([0-9a-f]+).*/\1 \2 \3/p' |
	{ grep -v ^stranger || true; } | sort > "$W/charon-ikes.log"
expect "IKE SAs" $((${#customers[@]} - 1)) "$(wc -l < "$W/charon-ikes.log")"
qos gw -j ike show | jq -r '.[] | "\(.group) \(.spi_i) \(.spi_r)"' | sed 's/0x//g' |
	sort > "$W/module-ikes.log"
diff -u "$W/charon-ikes.log" "$W/module-ikes.log"

n=0
for customer in "${customers[@]}"; do
	read -r name _ id _ <<<"$customer"
	n=$((n + 1))
	step "$name is told from the others"
	counters_keep gw
	nft_counted gw >/dev/null
	pings peer 10.2.0.1 -I "10.1.$n.1" -c 2 -i 0.2
	if [ "$name" = stranger ]; then
		expect "counted" "-.untagged+4" "$(counters_since gw)"
	else
		expect "counted" "$name.clear_in+2 $name.clear_out+2 $name.esp_in+2 $name.esp_out+2" \
			"$(counters_since gw)"
	fi
	expect "marked" "in_$name+2 out_$name+2" "$(nft_counted gw)"

	group=$name more=()
	case $name in
	dn) id="C=CH, O=Customer, CN=peer" ;;
	eap) more=(eap-identity carol) ;;
	xauth) more=(eap dave) ;;
	conn) more=(connection conn) ;;
	stranger) group=null ;;
	esac
	status=0
	qos gw -j profile test "$id" "${more[@]}" > "$W/test.json" || status=$?
	expect "profile test" "$group" "$(jq -r .group "$W/test.json")"
	expect "its status" "$([ "$name" = stranger ] && echo 3 || echo 0)" $status
done

step "an identity that is shown is one to try"
qos gw -j daemon status > "$W/status.json"
tried=0
while IFS='|' read -r id eap connection profile; do
	qos gw -j profile test identity "$id" ${eap:+eap-identity "$eap"} \
		connection "$connection" > "$W/test.json" || [ "$profile" = null ]
	expect "profile of $id" "$profile" "$(jq -r .profile "$W/test.json")"
	tried=$((tried + 1))
done < <(jq -r '.peers[] | [ .identity, .eap // "", .connection,
	.profile // "null" ] | join("|")' "$W/status.json")
expect "peers tried" "$(jq '.peers | length' "$W/status.json")" $tried

step "what is tagged goes with the SAs"
swan peer --terminate --ike keyid >/dev/null
swan peer --terminate --ike user >/dev/null
# shellcheck disable=SC2016 # for eval
wait_for 10 eval '[ "$(qos gw -j sa show group keyid)$(qos gw -j sa show group user)" = "[][]" ]'
# shellcheck disable=SC2016 # for eval
wait_for 10 eval '[ "$(qos gw -j ike show group keyid)$(qos gw -j ike show group user)" = "[][]" ]'
expect "SAs of the others" $((2 * (${#customers[@]} - 3))) \
	"$(json length qos gw -j sa show)"
