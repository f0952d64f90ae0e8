#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -s 1 -m 1024 -t 900
#
# A provider's customers: what comes out of a customer's tunnel, which the engine decrypts,
# goes through the firewall of that customer's network before it goes on; the answers go
# through it and into the tunnel. The chain is a service of mode client: its address is the
# customer's network, and only what an SA of the customer's group has protected may enter.
# Two customers have firewalls of their own, which forbid other things.
#
#    c1: 10.51.0.1 --.
#    c2: 10.52.0.1 --+ router === ESP === i0 engine --- i1: gold (fw0), silver (fw0)
#    H, web          '                          '------ i2: gold (fw1), silver (fw1)
. tests/lib/lib.sh
. tests/lib/chains.sh

step "two customers, router, engine, their firewalls"
chain_world
client_more O1 c1 11
client_more O2 c2 12
client_more H web 80
hops_name C1 10.51.0.1
hops_name C2 10.52.0.1
hops_name E 192.0.2.254
segment 1 2
firewall gold 1 2 5
firewall silver 1 2 6
for name in gold silver; do
	# towards the customers by the outer side, to all else by the inner one
	to_engine $name 1 10.51.0.0/24 10.52.0.0/24
	ip -n $name route replace default via 10.2.0.254
done
at silver nft insert rule inet firewall forward tcp dport 25 drop
listens web tcp/80 tcp/25
hops_engine engine
module_load
device gold outer dev i1 mac %GOLD0_M inner dev i2 mac %GOLD1_M
device silver outer dev i1 mac %SILVER0_M inner dev i2 mac %SILVER1_M
chain gold gold
chain silver silver
tunnel c1 "${name4[O1]}" 10.51.0.0/24 0x1010
tunnel c2 "${name4[O2]}" 10.52.0.0/24 0x1020
qos engine group add first id 1 mark 0x10/0xff0
qos engine group add second id 2 mark 0x20/0xff0
qos engine sa add dst 192.0.2.254 spi 0x1010 group first
qos engine sa add dst 192.0.2.254 spi 0x1020 group second
route c1 "${name4[H]}/32" dev eth0 src 10.51.0.1
route c2 "${name4[H]}/32" dev eth0 src 10.52.0.1
FAMILIES=4
service c1 address 10.51.0.0/24 mode client chain gold from-group first
service c2 address 10.52.0.0/24 mode client chain silver from-group second
# what comes out of the firewalls is not protected any more, as the tunnels' policies have it
at engine sysctl -qw net.ipv4.conf.i2.disable_policy=1
hops_name P tcp/80
hops_name MAIL tcp/25
hops_name ESP esp/0

# table TITLE FIREWALL OUTSIDE CUSTOMER PORT
table()
{
	hops_are "$1" <<-END
	i0  ROUTER   $3:ESP>E:ESP    -
	i0  ROUTER   $4:p>H:$5       i1  ${2}0_M   =
	i2  ${2}1_M  $4:p>H:$5       i0  ROUTER    =
	i0  ROUTER   H:$5>$4:p       i2  ${2}1_M   =
	i1  ${2}0_M  H:$5>$4:p       -
	-                            i0  ROUTER    E:ESP>$3:ESP
	END
}

step "each customer's packets go through the customer's firewall, and into the tunnel"
hops_begin
talks "web 10.51.0.1 *hello" c1 tcp "${name4[H]}" 80 hello
table "the first" GOLD O1 C1 P
hops_begin
talks "web 10.52.0.1 *hello" c2 tcp "${name4[H]}" 80 hello
table "the second" SILVER O2 C2 P

step "one firewall forbids what the other one allows"
hops_begin
talks "web 10.51.0.1 *hello" c1 tcp "${name4[H]}" 25 hello
table "the first" GOLD O1 C1 MAIL
hops_begin
talks_not c2 tcp "${name4[H]}" 25
hops_are "the second" <<-END
i0  ROUTER     O2:ESP>E:ESP    -
i0  ROUTER     C2:p>H:MAIL     i1  SILVER0_M   =
END

step "with that address in the clear: dropped and counted"
before=$(service_count c1-4 forged)
at c1 ip xfrm policy flush
route c1 "${name4[GOLD0]}/32" dev eth0 src 10.51.0.1
hops_begin
talks_not c1 tcp "${name4[GOLD0]}" 80
hops_are "in the clear" <<-END
i0  ROUTER   C1:p>GOLD0:P    -
END
(($(service_count c1-4 forged) > before)) || fail "not counted as forged"
