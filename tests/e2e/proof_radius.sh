#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A RADIUS server checks names, where it does: a peer that proves a name in
# EAP-MD5 or XAuth and claims another IKE identity, and one that gives somebody's
# name ahead of the tunnel of EAP-TTLS, in which another name is proved. And it says
# who is in which groups, in Class and Filter-Id: one is in several, one calls itself
# as a group that it is not in, and one gets the groups of the name that it claims. In the
# end these groups are limits, and two users of different ones are held to them.
#
#   .---------------------.              .------------------------------.
#   | peer                |              | gw                           |
#   | charon              |              | charon with plugin,          |
#   | 10.3.N.1 (lo)       |              | ipsec-qosd, FreeRADIUS       |
#   |  eth0 192.0.2.5N  --+--------------+-- eth0 192.0.2.1             |
#   '---------------------'              '------------------------------'
#
# once: it is charon's and the daemon's doing, whatever the kernel is
. tests/lib/lib.sh

STAFF=$((160 / ${SLOW:-1}))	# kilobits a second
GUESTS=$((60 / ${SLOW:-1}))

host peer gw
link peer:eth0 gw:eth0
addr gw eth0 192.0.2.1/24
addr gw lo 10.4.0.1/32
addr peer eth0 192.0.2.51/24
addr peer eth0 192.0.2.52/24
addr peer eth0 192.0.2.53/24
addr peer eth0 192.0.2.54/24
addr peer lo 10.3.1.1/32
addr peer lo 10.3.2.1/32
addr peer lo 10.3.3.1/32
addr peer lo 10.3.4.1/32
route gw 10.3.0.0/16 via 192.0.2.51 src 10.4.0.1
route peer 10.4.0.0/24 via 192.0.2.1
ca_new ca "O=Root, CN=CA"
ca_trust ca peer
raddb=$W/gw/raddb
mkdir "$raddb"
echo "pki { load = random pem pkcs1 pkcs8 x509 pubkey curve25519 sha1 sha2 openssl }" \
	> "$W/pki.conf"
# the RADIUS server's, and in hybrid mode, which knows RSA alone, the gateway's
_pki --gen --type rsa --size 2048 --outform pem > "$raddb/key"
_pki --pub --type rsa --in "$raddb/key" |
	_pki --issue --lifetime 30 --type pub --cacert "$W/ca.crt" --cakey "$W/ca.key" \
		--dn "C=NL, CN=gw" --san gw.example --flag serverAuth \
		--outform pem > "$raddb/crt"
cp "$raddb/key" "$W/gw/swanctl/rsa/gw.key"
cp "$raddb/crt" "$W/gw/swanctl/x509/gw.crt"

# Inside of the tunnel whoever knows the password is right, as if the peer gave
# its own name there. charon as a client has but one name.
cat > "$raddb/users" <<-END
	quinn Cleartext-Password := "quinns secret"
	 Class = "staff",
	 Class += "vpn-hubs",
	 Tunnel-Type = ESP,
	 Filter-Id = "eu.hubs"
	rolf Cleartext-Password := "rolfs secret"
	 Class = "guests"
	hub5.customer-z.example
	 Class = "vpn-gold"
	END
cat > "$raddb/inner-users" <<-END
	DEFAULT Cleartext-Password := "ruths secret"
	END
cat > "$raddb/radiusd.conf" <<-END
	name = radiusd
	raddbdir = $raddb
	logdir = $raddb
	run_dir = $raddb
	libdir = /usr/lib/freeradius
	pidfile = $raddb/pid
	security {
		reject_delay = 0
	}
	client gw {
		ipaddr = 127.0.0.1
		secret = "shared with charon"
	}
	modules {
		files {
			filename = $raddb/users
		}
		pap {
		}
		files inner-files {
			filename = $raddb/inner-users
		}
		eap {
			default_eap_type = md5
			md5 {
			}
			tls-config tls-common {
				private_key_file = $raddb/key
				certificate_file = $raddb/crt
				tls_min_version = "1.2"
				tls_max_version = "1.2"
			}
			ttls {
				tls = tls-common
				default_eap_type = md5
				virtual_server = inner
			}
		}
	}
	server default {
		listen {
			type = auth
			ipaddr = 127.0.0.1
			port = 1812
		}
		authorize {
			if (&User-Name =~ /customer-z/) {
				update control {
					EAP-Type := TTLS
				}
			}
			eap
			files
			pap
		}
		authenticate {
			eap
			Auth-Type PAP {
				pap
			}
		}
	}
	server inner {
		authorize {
			eap
			inner-files
		}
		authenticate {
			eap
		}
	}
	END

for name in peer gw; do
	swan_conf $name secrets <<-END
	secrets {
		ike { secret = "not a secret" }
		eap-quinn { id = quinn
			secret = "quinns secret" }
		eap-rolf { id = rolf
			secret = "rolfs secret" }
		xauth-quinn { id = quinn
			secret = "quinns secret" }
		eap-ruth { id = hub5.customer-z.example
			secret = "ruths secret" }
	}
	END
done

n=0
for name in md5 ttls rolf; do
	n=$((n + 1))
	method=md5
	case $name in
	md5) own="id = hub8.customer-z.example
		eap_id = quinn" ;;
	ttls) method=ttls own="id = road.example
		eap_id = hub5.customer-z.example" ;;
	rolf) own="id = vpn-gold
		eap_id = rolf" ;;
	esac
	swan_side peer $name 2 192.0.2.5$n 192.0.2.1 10.3.$n.1/32 10.4.0.1/32 "unique = never
		local { auth = eap-$method
			$own }
		remote { auth = psk
			id = gw.example }"
	swan_side gw $name 2 192.0.2.1 192.0.2.5$n 10.4.0.1/32 10.3.$n.1/32 "unique = never
		local { auth = psk
			id = gw.example }
		remote { auth = eap-radius
			eap_id = %any }"
done
swan_side peer xauth 1 192.0.2.54 192.0.2.1 10.3.4.1/32 10.4.0.1/32 "unique = never
	local { auth = xauth
		id = hub2.customer-z.example
		xauth_id = quinn }
	remote { auth = pubkey
		id = gw.example }"
swan_side gw xauth 1 192.0.2.1 192.0.2.54 10.4.0.1/32 10.3.4.1/32 "unique = never
	local { auth = pubkey
		certs = gw.crt
		id = gw.example }
	remote { auth = xauth-radius }"
qosd_conf gw <<-END
group victim { id = 11  mark = 0x1000/0xf000 }
group hubs { id = 12  mark = 0x2000/0xf000 }
profile victim { identity = "*.customer-z.example"  group = victim }
profile victims-name { eap-identity = "hub?.customer-z.example"  group = victim }
profile victims-names { eap-identity = "*.customer-z.example"  group = victim }
profile gold { member-of = "vpn-gold"  group = victim }
profile hubs { member-of = { "vpn-x*", "*.HUBS" }  eap-identity = "q*"  group = hubs }
END

told()
{
	qos gw -j daemon status | jq -r '.peers[] | "\(.connection) \(.group // "-") " +
		(.identities // [] | map("\(.round) \(.proof) \(.method) \(.identity)") |
		join(", ")) +
		(.member_of // [] | map(", \(.round) \(.proof) in \(.name)") |
		join(""))' | sort
}

step "RADIUS, daemon and charons"
exec_at gw freeradius -f -l stdout -d "$raddb" >"$W/gw/radius.log" 2>&1 </dev/null &
radius=$!
disown $radius
module_load
qosd_start gw
_charon_plugins+=" openssl eap-tls eap-ttls eap-radius"
radius_settings="install_routes = no
	plugins {
		eap-radius {
			secret = \"shared with charon\"
			server = 127.0.0.1
			class_group = yes
			filter_id = yes
		}
	}"
charon_start gw plugin <<<"$radius_settings"
charon_start peer <<<"install_routes = no"
wait_for 30 json_is '.charon.synced' qos gw -j daemon status
wait_for 30 grep -q "Ready to process requests" "$W/gw/radius.log"

step "EAP-MD5: the name, and not the IKE identity"
swan_up peer md5
expect "it is" "md5 hubs 1 eap aaa quinn, 1 claimed eap-md5 hub8.customer-z.example, \
1 eap in staff, 1 eap in vpn-hubs, 1 eap in eu.hubs" "$(told)"

step "to be called as a group is not to be in it"
swan_up peer rolf
expect "it is" "rolf - 1 eap aaa rolf, 1 claimed eap-md5 vpn-gold, 1 eap in guests" \
	"$(told | grep ^rolf)"

step "XAuth: the same"
swan_up peer xauth
expect "it is" "xauth hubs 1 xauth aaa quinn, 1 claimed xauth hub2.customer-z.example, \
1 xauth in staff, 1 xauth in vpn-hubs, 1 xauth in eu.hubs" \
	"$(told | grep ^xauth)"

step "EAP-TTLS: neither"
swan_up peer ttls
expect "it is" "ttls - 1 claimed aaa hub5.customer-z.example, \
1 claimed eap-ttls road.example, 1 claimed in vpn-gold" \
	"$(told | grep ^ttls)"
expect "SAs of who was claimed, and of the group's members" 0 "$(json length qos gw -j sa show group victim)"

step "a RADIUS server that compares both"
swan peer --terminate --ike ttls >>"$W/peer/swan.log"
charon_stop gw
echo "aaa_compares_names = yes" > "$W/gw/plugin.conf"
charon_start gw plugin <<<"$radius_settings"
wait_for 30 json_is '.charon.synced' qos gw -j daemon status
swan_up peer ttls
expect "it is" "ttls victim 1 eap aaa hub5.customer-z.example, \
1 claimed eap-ttls road.example, 1 eap in vpn-gold" \
	"$(told | grep ^ttls)"

step "it says who has which limit: a group for each, by what it answers"
qosd_conf gw <<-END
profile staff { member-of = staff  each { marks = 0x1000-0x3000/0xf000  ids = 101 } }
profile guests { member-of = guests  each { marks = 0x4000-0x6000/0xf000  ids = 201 } }
policy wan {
	device = eth0
	rate = 20mbit
	each staff { bandwidth = 10kbit  ceil = ${STAFF}kbit }
	each guests { bandwidth = 10kbit  ceil = ${GUESTS}kbit }
}
END
qos gw daemon reload
for name in md5 rolf xauth; do
	swan_up peer $name
done
expect "one by two ways, another, and one that is in neither" \
	"md5 staff.101, rolf guests.201, ttls -, xauth staff.101" \
	"$(told | awk '{ print $1, $2 }' | paste -sd, | sed 's/,/, /g')"

step "and that is what they get, at once"
size=400	# bytes of UDP payload
load gw "$(jq -n "3 * $STAFF / 1000")" $((6 * ${SLOW:-1})) \
	"gw,peer,10.3.1.1,5001,$size,$(wire_esp $size)" \
	"gw,peer,10.3.3.1,5003,$size,$(wire_esp $size)"
rate_is "to quinn, who is staff" "$(rate 0)" $STAFF
rate_is "to rolf, a guest" "$(rate 1)" $GUESTS
rates_are_right
end "$radius" TERM
