#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A peer is in the group of what it proved. Each of these, but for one, proves
# something, and says beside it that it is somebody else; one after the other
# comes from an address of its own. charon forgets how they proved it (its
# setting flush_auth_cfg), and then the IKE SAs are rekeyed.
#
#   .------------------------.              .---------------------.
#   | peer                   |              | gw                  |
#   | charon                 |              | charon with plugin, |
#   | 10.7.N.1 (lo)          |              | ipsec-qosd          |
#   |                        |              | 10.8.0.1 (lo)       |
#   |  eth0 203.0.113.(N+20)-+--------------+- .1 eth0            |
#   '------------------------'              '---------------------'
#
# once: it is charon's and the daemon's doing, whatever the kernel is
. tests/lib/lib.sh

#     name    its group, and what there is to say about its identities
peers=(
	"eap     road    1 eap eap-md5 mallory, 1 claimed eap-md5 hub3.customer-z.example"
	"noname  nora    1 eap eap-md5 nora@road.example"
	"rounds  zeta    1 key pubkey C=NL, O=Zeta, CN=site 4, 2 eap eap-md5 oscar, 2 claimed eap-md5 hub9.customer-z.example"
	"dn      slow    1 key pubkey C=NL, O=Zeta, OU=slow, CN=site 5, 1 claimed pubkey C=NL, O=Zeta, OU=#0c012a, CN=#0c012a"
	"fqdn    slow    1 key pubkey C=NL, O=Zeta, OU=slow, CN=site 5, 1 claimed pubkey *.customer-z.example"
	"tls     tess    1 eap eap-tls tess@road.example, 1 claimed eap-tls hub7.customer-z.example"
	"tlsany  slow    1 eap eap-tls C=NL, O=Zeta, OU=slow, CN=site 5, 1 claimed eap-tls *.customer-z.example, 1 claimed eap-tls hub1.customer-z.example"
	"hybrid  pat     1 xauth xauth pat, 1 claimed xauth hub2.customer-z.example"
	"pam     rita    1 xauth xauth rita, 1 claimed xauth hub6.customer-z.example"
	"nobody  -       1 key psk lone.example"
)

host peer gw
link peer:eth0 gw:eth0
addr gw eth0 203.0.113.1/24
addr gw lo 10.8.0.1/32
route gw 10.7.0.0/16 via 203.0.113.21
ca_new ca "O=Root, CN=CA"
ca_trust ca gw peer
cert_new ca peer "C=NL, O=Zeta, CN=site 4"
mv "$W/peer/swanctl/x509/peer.crt" "$W/peer/swanctl/x509/site4.crt"
mv "$W/peer/swanctl/private/peer.key" "$W/peer/swanctl/private/site4.key"
cert_new ca peer "C=NL, O=Zeta, OU=slow, CN=site 5" site5.customer-z.example \
	tess@road.example
# PAM asks a program that knows of one user
cat > "$W/gw/knows" <<-END
	#!/bin/sh
	[ "\$PAM_USER" = rita ] && [ "\$(tr -d '\0')" = "ritas secret" ]
	END
chmod 755 "$W/gw/knows"
cat > /etc/pam.d/ipsec-qos-proof <<-END
	auth required pam_exec.so expose_authtok $W/gw/knows
	account required pam_permit.so
	END
# hybrid mode knows RSA alone, for the gateway; EAP-TLS shows the same
(
	echo "pki { load = random pem pkcs1 pkcs8 x509 pubkey curve25519 sha1 sha2 openssl }" \
		> "$W/pki.conf"
	dir=$W/gw/swanctl
	_pki --gen --type rsa --size 2048 --outform pem > "$dir/rsa/gw.key"
	_pki --pub --type rsa --in "$dir/rsa/gw.key" |
		_pki --issue --lifetime 30 --type pub --cacert "$W/ca.crt" \
			--cakey "$W/ca.key" --dn "C=NL, CN=gw" --san gw.example \
			--flag serverAuth --outform pem > "$dir/x509/gw.crt"
)

n=0
for it in "${peers[@]}"; do
	read -r name _ <<<"$it"
	n=$((n + 1))
	addr peer eth0 "203.0.113.$((n + 20))/24"
	addr peer lo "10.7.$n.1/32"
	version=2
	gw="local { auth = psk
		id = gw.example }"
	case $name in
	eap)
		own="local { auth = eap
			id = hub3.customer-z.example
			eap_id = mallory }"
		asks="remote { auth = eap-md5
			eap_id = %any }"
		;;
	noname)
		own="local { auth = eap
			id = nora@road.example }"
		asks="remote { auth = eap-md5 }"
		;;
	rounds)
		own="local-1 { auth = pubkey
			certs = site4.crt }
		local-2 { auth = eap
			id = hub9.customer-z.example
			eap_id = oscar }"
		asks="remote-1 { auth = pubkey }
		remote-2 { auth = eap-md5
			eap_id = %any }"
		;;
	dn)
		own="local { auth = pubkey
			certs = peer.crt
			id = \"C=NL, O=Zeta, OU=*, CN=*\" }"
		asks="remote { auth = pubkey }"
		;;
	fqdn)
		own="local { auth = pubkey
			certs = peer.crt
			id = \"*.customer-z.example\" }"
		asks="remote { auth = pubkey }"
		;;
	tls)
		own="local { auth = eap-tls
			certs = peer.crt
			id = hub7.customer-z.example
			eap_id = tess@road.example }"
		asks="remote { auth = eap-tls
			eap_id = %any }"
		;;
	tlsany)
		own="local { auth = eap-tls
			certs = peer.crt
			id = hub1.customer-z.example
			eap_id = \"*.customer-z.example\" }"
		asks="remote { auth = eap-tls
			eap_id = %any }"
		;;
	hybrid | pam)
		version=1
		[ "$name" = pam ] && own="id = hub6.customer-z.example
			xauth_id = rita@hub4.customer-z.example" ||
			own="id = hub2.customer-z.example
			xauth_id = pat"
		[ "$name" = pam ] && asks=xauth-pam || asks=xauth
		own="local { auth = xauth
			$own }"
		asks="remote { auth = $asks }"
		gw="local { auth = pubkey
			certs = gw.crt
			id = gw.example }"
		;;
	nobody)
		own="local { auth = psk
			id = lone.example }"
		asks="remote { auth = psk }"
		;;
	esac
	swan_side peer "$name" $version "203.0.113.$((n + 20))" 203.0.113.1 \
		"10.7.$n.1/32" 10.8.0.1/32 "unique = never
		$own ${gw/local/remote}"
	swan_side gw "$name" $version 203.0.113.1 "203.0.113.$((n + 20))" 10.8.0.1/32 \
		"10.7.$n.1/32" "unique = never
		$gw $asks"
done
route peer 10.8.0.0/24 via 203.0.113.1
# what the gateway shows is asked of it
sed -i 's/certs = gw.crt//' "$W"/peer/swanctl/conf.d/{hybrid,pam}.conf

for name in peer gw; do
	swan_conf "$name" secrets <<-END
	secrets {
		ike { secret = "not a secret" }
		eap-mallory { id = mallory
			secret = "mallorys secret" }
		eap-nora { id = nora@road.example
			secret = "noras secret" }
		eap-oscar { id = oscar
			secret = "oscars secret" }
		xauth-pat { id = pat
			secret = "pats secret" }
	}
	END
done
cat >> "$W/peer/swanctl/conf.d/secrets.conf" <<-END
	secrets {
		xauth-rita { id = rita@hub4.customer-z.example
			secret = "ritas secret" }
	}
	END
qosd_conf gw <<-END
group victim { id = 1  mark = 0x100/0xf00 }
group road { id = 2  mark = 0x200/0xf00 }
group nora { id = 3  mark = 0x300/0xf00 }
group zeta { id = 4  mark = 0x400/0xf00 }
group slow { id = 5  mark = 0x500/0xf00 }
group fast { id = 6  mark = 0x600/0xf00 }
group pat { id = 7  mark = 0x700/0xf00 }
group tess { id = 8  mark = 0x800/0xf00 }
group rita { id = 9  mark = 0x900/0xf00 }
profile victim { identity = "*.customer-z.example"  group = victim }
profile road { eap-identity = "mal*"  group = road }
profile nora { identity = nora@road.example  group = nora }
profile zeta { identity = "C=NL, O=Zeta, CN=*"  group = zeta }
profile slow { identity = "C=NL, O=Zeta, OU=slow, CN=*"  group = slow }
profile fast { identity = "C=NL, O=Zeta, OU=*, CN=*"  group = fast }
profile pat { eap-identity = "p*"  group = pat }
profile tess { identity = tess@road.example  group = tess }
profile rita { eap-identity = rita  group = rita }
profile victims-name { eap-identity = "*.customer-z.example"  group = victim }
END

step "daemon and charons"
_charon_plugins+=" openssl eap-tls xauth-pam"
module_load
qosd_start gw
charon_start gw plugin <<END
	install_routes = no
	flush_auth_cfg = yes
	plugins {
		xauth-pam {
			pam_service = ipsec-qos-proof
		}
	}
END
charon_start peer <<END
	install_routes = no
END
wait_for 30 json_is '.charon.synced' qos gw -j daemon status

# told: of each peer name, group, and what of its identities is said
told()
{
	qos gw -j daemon status | jq -r '.peers[] | "\(.connection) \(.group // "-") " +
		(.identities // [] | map("\(.round) \(.proof) \(.method) \(.identity)") |
		join(", "))' | sort
}

for it in "${peers[@]}"; do
	read -r name group says <<<"$it"
	step "$name: $group"
	swan_up peer "$name"
	expect "group" "$name $group" "$(told | grep "^$name " | cut -d ' ' -f 1,2)"
	expect "identities" "$name $group $says" "$(told | grep "^$name ")"
	# and so are its SAs, in the kernel
	n=0
	[ "$group" = - ] || n=$(json length qos gw -j sa show group "$group")
	expect "SAs of the group" "$(case $name in nobody) echo 0 ;;
		fqdn) echo 4 ;; tlsany) echo 6 ;; *) echo 2 ;; esac)" "$n"
done
expect "SAs of who was claimed" 0 "$(json length qos gw -j sa show group victim)"

step "what is shown where there is room for one"
qos gw -j daemon status | jq -r '.peers[] | "\(.connection) \(.proof) \(.identity) \(.eap // "-")"' |
	sort > "$W/best.log"
diff -u - "$W/best.log" <<-END
	dn key C=NL, O=Zeta, OU=slow, CN=site 5 -
	eap eap mallory mallory
	fqdn key C=NL, O=Zeta, OU=slow, CN=site 5 -
	hybrid xauth pat pat
	nobody key lone.example -
	noname eap nora@road.example nora@road.example
	pam xauth rita rita
	rounds key C=NL, O=Zeta, CN=site 4 oscar
	tls eap tess@road.example tess@road.example
	tlsany eap C=NL, O=Zeta, OU=slow, CN=site 5 C=NL, O=Zeta, OU=slow, CN=site 5
	END
qos gw daemon status > "$W/status.log"
grep -qE '^hub3\.customer-z\.example +claimed +1 *$' "$W/status.log"
grep -qE '^C=NL, O=Zeta, CN=site 4 +pubkey +1 +rounds +zeta +zeta ' "$W/status.log"

step "who was claimed is told in the log, once for each connection"
for it in "${peers[@]}"; do
	read -r name _ <<<"$it"
	# where it would fit more closely than what was proved
	case $name in
	eap | fqdn | tlsany | hybrid) n=1 ;;
	*) n=0 ;;
	esac
	expect "lines of $name" $n "$(grep -c "connection $name: .* profile victim" \
		"$W/gw/ipsec-qosd.log" || true)"
done

step "what was proved outlives the IKE SA in which it was"
told > "$W/before.log"
ikes() { swan gw --list-sas --raw | grep -oE '\{[a-z]+ \{uniqueid=[0-9]+' | sort; }
ikes > "$W/ikes.log"
for it in "${peers[@]}"; do
	read -r name _ <<<"$it"
	[[ $name = @(hybrid|pam) ]] || swan peer --rekey --ike "$name" >>"$W/peer/swan.log"
done
# shellcheck disable=SC2016 # for eval
wait_for 30 eval '[ "$(ikes | comm -13 "$W/ikes.log" - | wc -l)" = 8 ] &&
	[ "$(qos gw -j daemon status | jq ".peers | length")" = 10 ]'
told | diff -u "$W/before.log" -
expect "SAs of who was claimed" 0 "$(json length qos gw -j sa show group victim)"

