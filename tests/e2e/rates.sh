#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each class gets what its policy promises, and borrows what nobody uses.
#
#	                                             +-- a  gold     10.2.1.1
#	home ------------ lan gw wan ------- net ----+-- b  silver   10.2.2.1
#	10.1.1.2                                     +-- c  nobody's 10.2.3.1
#
# a, b and c each have a tunnel to gw, c with an identity that no profile names.
# gw has one policy on wan, for ESP on its way out, and one on lan, for what came
# out of ESP. What is sent is more than any class may have; what counts is what
# arrives, as bytes on the wire of the device, by the second. Rates are low: the
# machine is an emulated one.
#
# vm: -t 900
# once: classes on every kernel are in overlap.sh
. tests/lib/lib.sh

KBIT=$((1000 / ${SLOW:-1}))	# a second, of each device
RATE=$(jq -n "$KBIT / 1000")	# megabits
FLOOD=$(jq -n "1.3 * $RATE")	# of each at once
WINDOW=$((6 * ${SLOW:-1}))	# seconds
SIZE=1200		# bytes of UDP payload
FRAME_WAN=$(wire_esp $SIZE)
FRAME_LAN=$(wire_clear $SIZE)

declare -A number=([a]=1 [b]=2 [c]=3) class=([a]=gold [b]=silver [c]=default)
declare -A got
wrong=0

# policies GOLD SILVER: their guarantees in per cent, on both devices
policies()
{
	local device

	{
		cat <<-END
		group gold { id = 1  mark = 0x10/0xff0 }
		group silver { id = 2  mark = 0x20/0xff0 }
		profile a { identity = "a.example"  group = gold }
		profile b { identity = "b.example"  group = silver }
		END
		for device in wan lan; do
			cat <<-END
			policy $device {
				device = "$device"
				rate = "${KBIT}kbit"
				class gold { bandwidth = "$1%"  ceil = "100%" }
				class silver { bandwidth = "$2%"  ceil = "60%" }
				default { bandwidth = "20%"  ceil = "100%" }
			}
			END
		done
	} | qosd_conf gw
}

# verdict WHAT BITS LOW HIGH, the latter in per cent of the device's rate
verdict()
{
	awk -v what="$1" -v got="$2" -v low="$3" -v high="$4" -v rate="$RATE" '
	BEGIN {
		got /= 1e6; low *= rate / 100; high *= rate / 100
		good = got >= low && got <= high
		printf "           %-34s %5.2f mbit  (%.2f to %.2f)  %s\n",
			what, got, low, high, good ? "ok" : "NOT OK"
		exit !good
	}' || wrong=$((wrong + 1))
}

# within WHAT BITS PERCENT: within 15 %
within()
{
	verdict "$1" "$2" "$(jq -n "$3 * 0.85")" "$(jq -n "$3 * 1.15")"
}

# measure DEVICE SITE…: load at once from or to them; fills got
measure()
{
	local device=$1 site i=0
	local -a flows=()

	shift
	for site; do
		if [ "$device" = wan ]; then
			flows+=("home,$site,10.2.${number[$site]}.1,500${number[$site]},$SIZE,$FRAME_WAN")
		else
			flows+=("$site,home,10.1.1.2,600${number[$site]},$SIZE,$FRAME_LAN")
		fi
	done
	load gw "$FLOOD" $WINDOW "${flows[@]}"

	for site; do
		got[$site]=$(jq ".rates[$i]" <<<"$loaded")
		i=$((i + 1))
		# The daemon's figure is the kernel's own average, over a second or two
		verdict "${class[$site]}, by ipsec-qos class show" \
			"$(jq ".said[] | select(.device == \"$device\" and
				.class == \"${class[$site]}\") | .measured" <<<"$loaded")" \
			"$(jq -n "${got[$site]} * 0.85 / 1e4 / $RATE")" \
			"$(jq -n "${got[$site]} * 1.15 / 1e4 / $RATE")"
	done
}

# guarantees DEVICE GOLD SILVER
guarantees()
{
	measure "$1" a b c
	within gold "${got[a]}" "$2"
	within silver "${got[b]}" "$3"
	within default "${got[c]}" 20
}

# tree: what makes the classes on wan the same ones still
tree()
{
	tc -n gw class show dev wan | grep -o 'class htb .* leaf [0-9a-f]*' | sort
}

# reloaded: for wait_for
reloaded()
{
	json_is "map(select(.class == \"gold\" and .rate == $KBIT * 300)) | length == 2" \
		qos gw -j class show
}

step "networks and tunnels"
module_load
host home gw net a b c
link home:eth0 gw:lan
link gw:wan net:gw0
addr home eth0 10.1.1.2/24
addr gw lan 10.1.1.1/24
addr gw wan 10.0.0.1/24
addr net gw0 10.0.0.254/24
route home default via 10.1.1.1
route gw default via 10.0.0.254
forward gw net
for site in a b c; do
	n=${number[$site]}
	link "net:to-$site" "$site:eth0"
	addr net "to-$site" "10.0.$n.254/24"
	addr $site eth0 "10.0.$n.1/24"
	addr $site lo "10.2.$n.1/32"
	route $site default via "10.0.$n.254" src "10.2.$n.1"
done

# connection HOST NAME OWN_ADDRESS OWN_ID OWN_NET ADDRESS ID NET
connection()
{
	swan_psk "$1" "$2" "$4" "$7" <<-END
	local_addrs = $3
	remote_addrs = $6
	children {
		$2 {
			local_ts = $5
			remote_ts = $8
			esp_proposals = $ESP_PROPOSAL
		}
	}
	END
}

policies 50 30
for site in a b c; do
	n=${number[$site]}
	connection gw $site 10.0.0.1 gw.example 10.1.1.0/24 \
		"10.0.$n.1" $site.example "10.2.$n.0/24"
	connection $site $site "10.0.$n.1" $site.example "10.2.$n.0/24" \
		10.0.0.1 gw.example 10.1.1.0/24
done
qosd_start gw
charon_start gw plugin
for site in a b c; do
	charon_start $site
	swan_up $site $site
done
expect_json 'length == 6 and all(.state == "ok")' qos gw -j class show

step "to all sites at once: the guarantees"
guarantees wan 50 30

step "to gold alone: up to the device's rate"
measure wan a
within gold "${got[a]}" 100

step "to silver alone: up to its ceiling"
measure wan b
within silver "${got[b]}" 60

step "to gold and nobody's: they share what silver leaves"
measure wan a c
verdict gold "${got[a]}" 42.5 100
verdict default "${got[c]}" 17 100
within together $((got[a] + got[c])) 100

step "from all sites at once: the guarantees, after decryption"
guarantees lan 50 30

step "from silver alone: up to its ceiling"
measure lan b
within silver "${got[b]}" 60

step "gold and silver change places: the classes stay, their rates change"
before=$(tree)
policies 30 50
qos gw daemon reload
wait_for 10 reloaded
expect "classes and queues" "$before" "$(tree)"
guarantees wan 30 50

step "the daemon is killed and comes back: it takes its classes over"
qosd_stop gw KILL
expect "classes and queues" "$before" "$(tree)"
qosd_start gw
expect "classes and queues" "$before" "$(tree)"
guarantees wan 30 50

step "policies are left out: the devices are as they were"
qosd_conf gw <<-END
	group gold { id = 1  mark = 0x10/0xff0 }
	profile a { identity = "a.example"  group = gold }
END
qos gw daemon reload
wait_for 10 not eval "tc -n gw qdisc show | grep htb"

[ $wrong = 0 ] || fail "$wrong figures are not as configured"
step "all as configured"
