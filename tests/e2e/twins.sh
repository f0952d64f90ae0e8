#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Two peers behind one address that chose the same SPI: to the gateway's kernel
# their SAs differ in their mark alone (mark_out). What one of them leaves does not
# take the other's entry away; and with marks of policies (mark_in) beside those of
# the groups all packets pass.
#
#   .------.               .-----.                .-----------------.
#   | p1   |-- 10.0.1.0/24 | nat | 203.0.113.0/24 | gw              |
#   | p2   |---------------|     |----------------| 10.9.0.1 (lo)   |
#   '------'  .11, .12     '-----' .2          .1 '-----------------'
#   10.1.1.1, 10.1.2.1 (lo)
#
# vm: -t 900
# once: the module's part of it is in policy-marks.sh
. tests/lib/lib.sh

spi=0xc0ffee01
n=3

host nat gw
link nat:out gw:eth0
addr nat out 203.0.113.2/24
addr gw eth0 203.0.113.1/24
addr gw lo 10.9.0.1/32
forward nat
# an answer of gw's to ping has the mark of what it answers
at gw sysctl -qw net.ipv4.fwmark_reflect=1
ip -n nat link add name in type bridge
ip -n nat link set in up
addr nat in 10.0.1.1/24
for i in 1 2; do
	host p$i
	link p$i:eth0 nat:p$i
	ip -n nat link set p$i master in
	addr p$i eth0 10.0.1.1$i/24
	addr p$i lo 10.1.$i.1/32
	route p$i default via 10.0.1.1
	route p$i 10.9.0.0/24 via 10.0.1.1 src 10.1.$i.1
	route gw 10.1.$i.0/24 via 203.0.113.2 src 10.9.0.1
	swan_psk p$i gw p$i.example gw.example "secret $i" <<-END
	remote_addrs = 203.0.113.1
	children {
		net {
			local_ts = 10.1.$i.0/24
			remote_ts = 10.9.0.0/24
			esp_proposals = $ESP_PROPOSAL
		}
	}
	END
	swan_psk gw p$i gw.example p$i.example "secret $i" <<-END
	children {
		net-p$i {
			local_ts = 10.9.0.0/24
			remote_ts = 10.1.$i.0/24
			esp_proposals = $ESP_PROPOSAL
			mark_in = 7$i
			mark_out = 7$i
		}
	}
	END
done
at nat nft -f - <<'END'
table ip nat {
	chain post {
		type nat hook postrouting priority srcnat
		oifname out masquerade
	}
}
END
at gw nft -f - <<'END'
table inet marking {
	map port { type inet_service : mark; }
	chain pre {
		type filter hook prerouting priority mangle
		udp dport 4500 meta mark set udp sport map @port
	}
}
END
qosd_conf gw <<'END'
group gold { id = 1  mark = 0x10/0xff0 }
group silver { id = 2  mark = 0x20/0xff0 }
profile first { identity = "p1.example"  group = gold }
profile second { identity = "p2.example"  group = silver }
END

module_load
qosd_start gw
charon_start gw plugin
wait_for 20 json_is '.charon.synced' qos gw -j daemon status
for i in 1 2; do
	charon_start p$i <<-END
	spi_min = $spi
	spi_max = $spi
	END
	swan_up p$i net
done

# port I: from which a peer's ESP comes to gw
port()
{
	swan gw --list-sas --ike p"$1" --raw | grep -o 'remote-port=[0-9]*' |
		sed -n '1s/.*=//p'
}

# out: the group of the entry that both have
out()
{
	json 'map(.group + if .local then " local" else "" end) | join(", ")' \
		qos gw -j sa show dst 203.0.113.2 spi $spi
}

step "both have an SA with the same address and SPI"
expect "in the kernel" 2 "$(ip -n gw xfrm state list dst 203.0.113.2 spi $spi | grep -c '^src')"
expect "the entry is the first one's" "gold local" "$(out)"

step "all packets pass"
for i in 1 2; do
	at gw nft add element inet marking port "{ $(port $i) : 7$i }"
done
for i in 1 2; do
	expect "p$i" "$n received" "$(at p$i ping -q -c $n -i 0.2 -W 5 10.9.0.1 |
		grep -o '[0-9]* received')"
	expect "gw to p$i" "$n received" "$(at gw ping -m 7$i -q -c $n -i 0.2 -W 5 10.1.$i.1 |
		grep -o '[0-9]* received')"
done
# shellcheck disable=SC2016 # for awk
expect "policies missed" 0 \
	"$(at gw awk '$1 == "XfrmInNoPols" { print $2 }' /proc/net/xfrm_stat)"

step "the second leaves"
swan p2 --terminate --ike gw >/dev/null
wait_for 20 sas_are gw net-p2 0
expect "in the kernel" 1 "$(ip -n gw xfrm state list dst 203.0.113.2 spi $spi | grep -c '^src')"
# what is said to the daemon, in order
wait_for 20 json_is '[ .[] | select(.group == "silver") ] == []' qos gw -j sa show
json_is '.charon.synced' qos gw -j daemon status >/dev/null
expect "the entry is there" "gold local" "$(out)"
expect "gw to p1" "$n received" "$(at gw ping -m 71 -q -c $n -i 0.2 -W 5 10.1.1.1 |
	grep -o '[0-9]* received')"

step "the first leaves"
swan p1 --terminate --ike gw >/dev/null
wait_for 20 sas_are gw net-p1 0
gone() { [ -z "$(out)" ]; }
wait_for 20 gone
