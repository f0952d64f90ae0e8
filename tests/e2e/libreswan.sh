#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# needs: scripts/libreswan
# once: two IKE daemons, of which the kernel knows nothing
#
# Libreswan as a peer of a strongSwan gateway (gw), which tags by its identity, and
# as a gateway itself (lsw), which tags its peers' SAs by their reqids (ipsec-qos
# follow).
#
#   .------------------.               .------------------.               .------------------.
#   | gw, strongSwan   |               | lsw, Libreswan   |               | peer, strongSwan |
#   | daemon, plugin   |               | ipsec-qos follow |               |                  |
#   | 10.1.0.1 (lo)    |               | 10.2.0.1 (lo)    |               | 10.3.0.1 (lo)    |
#   |        left .1 --+- 192.0.2.0/30 +- .2 left right .5+- 192.0.2.4/30 +- .6 right        |
#   '------------------'               '------------------'               '------------------'
. tests/lib/lib.sh

host gw lsw peer
link gw:left lsw:left
link lsw:right peer:right
addr gw left 192.0.2.1/30
addr lsw left 192.0.2.2/30
addr lsw right 192.0.2.5/30
addr peer right 192.0.2.6/30
addr gw lo 10.1.0.1/32
addr lsw lo 10.2.0.1/32
addr peer lo 10.3.0.1/32
route gw 10.2.0.0/24 via 192.0.2.2 src 10.1.0.1
route lsw 10.1.0.0/24 via 192.0.2.1 src 10.2.0.1
route lsw 10.3.0.0/24 via 192.0.2.6 src 10.2.0.1
route peer 10.2.0.0/24 via 192.0.2.5 src 10.3.0.1

# unmarked HOST: ESP without a mark, either way, is counted
unmarked_count()
{
	at "$1" nft -f - <<-END
	table inet watch {
		counter seen { }
		counter unmarked { }
		chain in {
			type filter hook prerouting priority 0
			meta l4proto esp counter name seen
			meta l4proto esp meta mark and 0xff0 == 0 counter name unmarked
		}
		chain out {
			type filter hook postrouting priority 0
			meta l4proto esp counter name seen
			meta l4proto esp meta mark and 0xff0 == 0 counter name unmarked
		}
	}
	END
}

# strongswan HOST ADDRESS OTHER_ADDRESS NET
strongswan()
{
	swan_psk "$1" net "$1.example" lsw.example "a secret of some length" <<-END
	local_addrs = $2
	remote_addrs = $3
	children {
		net {
			local_ts = $4
			remote_ts = 10.2.0.0/24
			esp_proposals = aes128gcm16-x25519
		}
	}
	END
}

# libreswan_start: with what is in $W/lsw/ipsec.conf
libreswan_start()
{
	# the folder that its programs know each other by
	ln -sfn "$top/build/libreswan/usr/libexec/ipsec" /usr/libexec/ipsec
	cp -r build/libreswan/nss "$W/lsw/nss"
	mkdir -p "$W/lsw/run/pluto"
	exec_at lsw /usr/libexec/ipsec/pluto --nofork --rundir /run/pluto \
		--config "$W/lsw/ipsec.conf" --secretsfile "$W/lsw/secrets" \
		--nssdir "$W/lsw/nss" --logfile "$W/lsw/pluto.log" --no-dnssec \
		--log-no-append >"$W/lsw/pluto-out.log" 2>&1 </dev/null &
	pluto=$!
	disown $pluto
	wait_for 30 at lsw /usr/libexec/ipsec/whack --rundir /run/pluto --status
	at lsw /usr/libexec/ipsec/addconn --config "$W/lsw/ipsec.conf" \
		--ctlsocket /run/pluto/pluto.ctl gw peer >>"$W/lsw/addconn.log" 2>&1
	at lsw /usr/libexec/ipsec/whack --rundir /run/pluto --listen \
		>>"$W/lsw/addconn.log" 2>&1
}

strongswan gw 192.0.2.1 192.0.2.2 10.1.0.0/24
strongswan peer 192.0.2.6 192.0.2.5 10.3.0.0/24
cat > "$W/lsw/ipsec.conf" <<END
config setup

conn %default
	ikev2=insist
	authby=secret
	leftid=@lsw.example
	leftsubnet=10.2.0.0/24
	leftupdown=%disabled
	ike=aes_gcm128-sha2_256-dh31
	esp=aes_gcm128
	auto=ignore

conn gw
	left=192.0.2.2
	right=192.0.2.1
	rightid=@gw.example
	rightsubnet=10.1.0.0/24
	reqid=7100

conn peer
	left=192.0.2.5
	right=192.0.2.6
	rightid=@peer.example
	rightsubnet=10.3.0.0/24
	reqid=7200
END
echo '@lsw.example %any : PSK "a secret of some length"' > "$W/lsw/secrets"
qosd_conf gw <<END
group gold { id = 1  mark = 0x10/0xff0 }
profile libreswan { identity = "lsw.example"  group = gold }
END

step "both gateways tag, by identity and by reqid"
module_load
qosd_start gw
qos lsw group add silver id 1 mark 0x20/0xff0
qos lsw group add bronze id 2 mark 0x30/0xff0
exec_at lsw ipsec-qos follow reqid 7100 group silver reqid 7200 group bronze \
	>"$W/lsw/follow.log" 2>&1 </dev/null &
disown $!
unmarked_count gw
unmarked_count lsw
charon_start gw plugin
charon_start peer
libreswan_start

step "up, from either end; the first packets have the group"
swan_up gw net
pings gw 10.2.0.1 -c 2
at lsw /usr/libexec/ipsec/whack --rundir /run/pluto --initiate --name peer \
	>>"$W/lsw/whack.log" 2>&1
wait_for 20 sas_are peer net 1
pings lsw 10.3.0.1 -c 2
pings peer 10.2.0.1
expect gw "seen+4" "$(nft_counted gw)"
expect lsw "seen+10" "$(nft_counted lsw)"
expect "gw's" "2 2" "$(counter gw gold esp_in) $(counter gw gold esp_out)"
expect "lsw's" "2 2 3 3" "$(counter lsw silver esp_in) $(counter lsw silver esp_out) $(counter lsw bronze esp_in) $(counter lsw bronze esp_out)"

step "rekeyed under load"
pids=()
for name in gw peer; do
	exec_at $name ping -q -i 0.02 10.2.0.1 >"$W/$name/ping.log" 2>&1 </dev/null &
	pids+=($!)
done
# rekeyed HOST: by it, and the SA before is gone
rekeyed()
{
	local before

	before=$(swan "$1" --list-sas --raw | grep -o ' spi-in=[0-9a-f]*')
	swan "$1" --rekey --child net >/dev/null
	wait_for 20 sas_are "$1" net 1
	[ "$(swan "$1" --list-sas --raw | grep -o ' spi-in=[0-9a-f]*')" != "$before" ]
}
for _ in 1 2 3; do
	wait_for 30 rekeyed gw
	wait_for 30 rekeyed peer
done
end "${pids[0]}"
end "${pids[1]}"
# at its outbound SA Libreswan's kernel may be a moment ahead of what it tells
declare -A seen
for name in gw lsw; do
	for each in $(nft_counted $name); do
		seen[$name.${each%+*}]=${each#*+}
	done
	step "$name: ${seen[$name.unmarked]:-0} of ${seen[$name.seen]} without a mark"
	[ "${seen[$name.seen]}" -gt 50 ] || fail "too few for a test"
done
expect "without a mark at gw" 0 "${seen[gw.unmarked]:-0}"
[ "${seen[lsw.unmarked]:-0}" -le 6 ] || fail "more than one a rekey"
expect "what follow said" "" "$(cat "$W/lsw/follow.log")"
end $pluto
