#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# charons: what charon says and does, and the SAs that it installs
#
# Who answers derives its SPI from the originator's: for the first CHILD SA, for
# another one, for rekeys by either side, with IKEv1, IKEv2 and an authentication of
# several rounds; by each scheme; where derived SPIs are taken. Who asks does not.
# The module is not there.
#
#   .------.                .------.
#   | gw   +- 192.0.2.0/24 -+ peer |
#   '------' .1          .2 '------'
. tests/lib/lib.sh

KEY=00112233445566778899aabbccddeeff

# connection HOST NAME VERSION LOCAL REMOTE LOCAL_NET REMOTE_NET AUTH REMOTE_AUTH
connection()
{
	swan_conf "$1" "$2" <<-END
	connections {
		$2 {
			version = $3
			proposals = $([ "$3" = 1 ] && echo "$IKE_V1_PROPOSAL" || echo "$IKE_PROPOSAL")
			local_addrs = $4
			remote_addrs = $5
			local { $8 }
			remote { $9 }
			children {
				$2-a {
					local_ts = $6.1.0/24
					remote_ts = $7.1.0/24
					esp_proposals = $ESP_PROPOSAL
				}
				$2-b {
					local_ts = $6.2.0/24
					remote_ts = $7.2.0/24
					esp_proposals = $ESP_PROPOSAL
				}
			}
		}
	}
	secrets {
		ike { secret = "not a secret" }
		eap { id = carol
			secret = "not a secret" }
	}
	END
}

# sas HOST: "NAME SPI_IN SPI_OUT" of each CHILD SA that is installed there
sas()
{
	swan "$1" --list-sas --raw | grep -o '[a-z0-9-]* {name=[^{}]*' | sed -nE \
		's/.*name=([^ ]+) .*state=INSTALLED.*spi-in=([0-9a-f]+).*spi-out=([0-9a-f]+).*/\1 \2 \3/p'
}

# derived ORIGINATOR ANSWER
derived()
{
	local -a key=()

	[ "$scheme" != siphash-low16 ] || key=("$KEY")
	tests/lib/derived.py "$scheme" "${key[@]}" "$@"
}

# answered CHILD [BEFORE]: peer asked for it and gw answered: its SPI is derived, and
# that of peer not. $spi is gw's; it is another than before.
answered()
{
	local name

	read -r name spi theirs < <(sas gw | grep "^$1 ") || return
	[ "$spi" != "${2:-}" ] && derived "$theirs" "$spi" && not derived "$spi" "$theirs"
}

# asked CHILD [BEFORE]: gw asked for it, and peer answered
asked()
{
	local name

	read -r name spi theirs < <(sas gw | grep "^$1 ") || return
	[ "$spi" != "${2:-}" ] && derived "$spi" "$theirs" && not derived "$theirs" "$spi"
}

# all_ways NAME: the connection of that name
all_ways()
{
	swan_up peer "$1-a"
	answered "$1-a" || fail "$1: first CHILD SA: $(sas gw)"
	swan_up peer "$1-b"
	answered "$1-b" || fail "$1: another CHILD SA: $(sas gw)"
	swan peer --rekey --child "$1-a" >/dev/null
	wait_for 20 answered "$1-a" "$spi"
	swan gw --rekey --child "$1-b" >/dev/null
	wait_for 20 asked "$1-b" "$spi"
	swan peer --terminate --ike "$1" >/dev/null
}

# restart SCHEME [CHARON_SETTINGS_OF_PEER]
restart()
{
	local name

	scheme=$1
	for name in gw peer; do
		[ -z "${charon_pid[$name]:-}" ] || charon_stop $name
		echo "spi_derive = $scheme" >"$W/$name/plugin.conf"
		[ "$scheme" != siphash-low16 ] ||
			echo "spi_derive_key = $KEY" >>"$W/$name/plugin.conf"
	done
	charon_start gw plugin </dev/null
	charon_start peer plugin <<<"${2:-}"
}

host gw peer
link gw:eth0 peer:eth0
addr gw eth0 192.0.2.1/24 192.0.2.11/24 192.0.2.21/24
addr peer eth0 192.0.2.2/24 192.0.2.12/24 192.0.2.22/24
psk() { echo "auth = psk
	id = $1.example"; }
for name in v2:2: v1:1:1; do
	IFS=: read -r name version host <<<"$name"
	connection gw "$name" "$version" "192.0.2.${host}1" "192.0.2.${host}2" 10.1 10.2 \
		"$(psk gw)" "$(psk peer)"
	connection peer "$name" "$version" "192.0.2.${host}2" "192.0.2.${host}1" 10.2 10.1 \
		"$(psk peer)" "$(psk gw)"
done
connection gw eap 2 192.0.2.21 192.0.2.22 10.1 10.2 "$(psk gw)" "auth = eap-md5
	id = carol"
connection peer eap 2 192.0.2.22 192.0.2.21 10.2 10.1 "auth = eap-md5
	id = carol" "$(psk gw)"

for scheme in md5-low16 md5-low24 siphash-low16 md5-full; do
	step "$scheme"
	restart $scheme
	all_ways v2
	[ "$scheme" != md5-low16 ] || for name in v1 eap; do
		step "$scheme: $name"
		all_ways $name
	done
done

step "md5-full, and its only SPI is taken: it is told, and goes on at random"
# what peer asks with is known beforehand
restart md5-full "spi_min = 0xc0ffee01
	spi_max = 0xc0ffee01"
taken=$(tests/lib/derived.py md5-full c0ffee01)
ip -n gw xfrm state add src 192.0.2.2 dst 192.0.2.1 proto esp spi "0x$taken" mode tunnel \
	aead 'rfc4106(gcm(aes))' 0x0102030405060708090a0b0c0d0e0f1011121314 128
swan_up peer v2-a
not answered v2-a
wait_for 5 grep -q 'no SPI derived from c0ffee01 by md5-full' "$W/gw/charon.log"

step "md5-low24, and three quarters of the SPIs are: others are drawn"
restart md5-low24 "spi_min = 0xc0ffee01
	spi_max = 0xc0ffee10"
for ((last = 1; last <= 16; last++)); do
	derived=$(tests/lib/derived.py md5-low24 "$(printf c0ffee%02x $last)")
	for ((first = 0; first < 192; first++)); do
		printf 'xfrm state add src 192.0.2.2 dst 192.0.2.1 proto esp spi 0x%02x%s mode tunnel aead rfc4106(gcm(aes)) 0x0102030405060708090a0b0c0d0e0f1011121314 128\n' \
			$first "$derived"
	done
done >"$W/taken"
ip -n gw -force -batch "$W/taken"
swan_up peer v2-a
answered v2-a || fail "not derived: $(sas gw)"
for ((i = 0; i < 6; i++)); do
	swan peer --rekey --child v2-a >/dev/null
	wait_for 20 answered v2-a "$spi"
	[[ $spi > c0 ]] || fail "one that was taken: $spi"
done

step "what is wrong with the settings is told, and nothing derived"
scheme=md5-low16
for wrong in "spi_derive = md5" "spi_derive = siphash-low16" \
	"spi_derive = siphash-low16
	spi_derive_key = 0011"; do
	charon_stop gw
	echo "$wrong" >"$W/gw/plugin.conf"
	: >"$W/gw/charon.log"
	charon_start gw plugin </dev/null
	grep -q 'SPIs are not derived: ' "$W/gw/charon.log" ||
		fail "$wrong: $(cat "$W/gw/charon.log")"
done
swan peer --terminate --ike v2 >/dev/null 2>&1 || true
swan_up peer v2-a
not answered v2-a
