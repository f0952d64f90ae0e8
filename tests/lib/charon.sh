# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# strongSwan on a host (net.sh), configured with swanctl. It loads few plugins
# and the scenarios propose what is cheap: an emulated processor is slow. With
# tests/vm/with-charon it is another suite's, and CHARON_PLUGIN our plugin for it.

# shellcheck disable=SC2034,SC2154 # for scenarios; $top is lib.sh's
IKE_PROPOSAL=aes128gcm16-prfsha256-x25519	# IKEv2
IKE_V1_PROPOSAL=aes128-sha256-x25519
ESP_PROPOSAL=aes128gcm16

# How long the plugin waits for the daemon, in ms: an emulated processor may
# stand still for longer than the 200 ms that it waits unless configured, and
# then an SA is rightly passed over.
PATIENCE=${PATIENCE:-2000}

declare -A charon_pid

_charon_plugins="random nonce aes sha1 sha2 md4 md5 hmac kdf gcm curve25519 pem
	pkcs1 pkcs8 x509 pubkey constraints revocation kernel-netlink
	socket-default vici updown eap-identity eap-md5 eap-mschapv2 des
	xauth-generic"

# has_ikev1: from 6.1 on strongSwan may be built without
has_ikev1()
{
	grep -q main_mode_create /usr/lib/ipsec/libcharon.so.0
}

# swan_conf HOST [NAME] < FILE: connections, pools, secrets
swan_conf()
{
	cat > "$W/$1/swanctl/conf.d/${2:-scenario}.conf"
}

# swan_psk HOST NAME ID REMOTE_ID [SECRET] < FILE: a connection by a pre-shared
# key, the file has the rest of it
swan_psk()
{
	swan_conf "$1" "$2" <<-END
	connections {
		$2 {
			version = 2
			proposals = $IKE_PROPOSAL
			local { auth = psk
				id = $3 }
			remote { auth = psk
				id = $4 }
			$(cat)
		}
	}
	secrets {
		ike-$2 { id = $4
			secret = "${5:-not a secret}" }
	}
	END
}

# swan_side HOST NAME VERSION OWN OTHER OWN_NET OTHER_NET SETTINGS [CHILD]: a connection
# between two addresses, with one CHILD SA, of its name unless said otherwise; SETTINGS
# are who is who, and what else
swan_side()
{
	swan_conf "$1" "$2" <<-END
	connections {
		$2 {
			version = $3
			proposals = $([ "$3" = 1 ] && echo "$IKE_V1_PROPOSAL" || echo "$IKE_PROPOSAL")
			local_addrs = $4
			remote_addrs = $5
			$8
			children {
				${9:-$2} {
					local_ts = $6
					remote_ts = $7
					esp_proposals = $ESP_PROPOSAL
				}
			}
		}
	}
	END
}

# charon_start HOST [plugin]: with the plugin ipsec-qos, where that is said.
# Settings on standard input, if it is redirected (<<EOF), go into its section
# charon of strongswan.conf; the plugin's go to $W/HOST/plugin.conf beforehand.
# Then connections and secrets are loaded.
charon_start()
{
	local name=$1 dir=$W/$1 load=$_charon_plugins settings=

	[ -t 0 ] || [ "$(readlink /proc/self/fd/0)" = /dev/null ] || settings=$(cat)
	if [ "${2:-}" = plugin ]; then
		# as a new file: others may be executing the one that is there
		cp --remove-destination \
			"${CHARON_PLUGIN:-$top/build/charon/libstrongswan-ipsec-qos.so}" \
			/usr/lib/ipsec/plugins/
		load+=" ipsec-qos"
	fi
	touch "$dir/plugin.conf"
	cat > "$dir/strongswan.conf" <<-END
	charon {
		load = ${load//[[:space:]]/ }
		filelog {
			file {
				path = $dir/charon.log
				time_format = %T
				ike_name = yes
				append = yes
				default = 1
				flush_line = yes
			}
		}
		plugins {
			ipsec-qos {
				timeout = $PATIENCE
				$(cat "$dir/plugin.conf")
			}
		}
		$settings
	}
	swanctl {
		load = random pem pkcs1 pkcs8 x509 pubkey curve25519 sha1 sha2
	}
	END
	charon_run "$name"
}

# charon_run HOST: start it again as it was configured
charon_run()
{
	local name=$1

	rm -f "$W/$name"/run/charon.*
	exec_at "$name" charon-systemd >>"$W/$name/charon-out.log" 2>&1 </dev/null &
	charon_pid[$name]=$!
	disown $!
	wait_for 30 swan "$name" --stats
	# shellcheck disable=SC2034 # for the scenario
	came_back=$(now_ms)
	swan "$name" --load-all --noprompt >/dev/null
}

# charon_stop HOST [SIGNAL]: and wait until it is gone
charon_stop()
{
	local pid=${charon_pid[$1]}

	kill -s "${2:-TERM}" "$pid"
	wait_for 30 not kill -0 "$pid"
	unset "charon_pid[$1]"
}

# swan HOST ARGUMENT…: swanctl there. To load keys and certificates it needs
# plugins; otherwise these are most of its time.
swan()
{
	if [[ $2 = --load* ]]; then
		at "$1" swanctl "${@:2}"
		return
	fi
	[ -e "$W/swanctl.conf" ] || cat > "$W/swanctl.conf" <<-END
	swanctl {
		load = random
	}
	END
	STRONGSWAN_CONF=$W/swanctl.conf at "$1" swanctl "${@:2}"
}

# swan_up HOST CHILD [ARGUMENT…]: bring a CHILD SA up
swan_up()
{
	swan "$1" --initiate --child "$2" --timeout 90 "${@:3}" \
		>>"$W/$1/swan.log" 2>&1 || {
		tail -n 20 "$W/$1/swan.log" >&2
		fail "$1: CHILD SA $2 did not come up"
	}
}

# sas HOST CHILD: how many CHILD SAs of that name are installed
sas()
{
	swan "$1" --list-sas --raw | { grep -o "$2-[0-9]* {name=$2 [^{}]*" || true; } |
		awk '/state=INSTALLED/ { n++ } END { print n + 0 }'
}

# sas_are HOST CHILD NUMBER: for wait_for
sas_are()
{
	[ "$(sas "$1" "$2")" = "$3" ]
}

# pki with few plugins: the others take seconds
_pki()
{
	[ -e "$W/pki.conf" ] || cat > "$W/pki.conf" <<-END
	pki {
		load = random pem pkcs1 pkcs8 x509 pubkey curve25519 sha1 sha2
	}
	END
	STRONGSWAN_CONF=$W/pki.conf pki "$@"
}

# ca_new NAME DN: a certification authority, in $W/NAME.{key,crt}
ca_new()
{
	_pki --gen --type ed25519 --outform pem > "$W/$1.key"
	_pki --self --ca --lifetime 30 --type ed25519 --in "$W/$1.key" \
		--dn "$2" --outform pem > "$W/$1.crt"
}

# ca_trust NAME HOST…
ca_trust()
{
	local name

	for name in "${@:2}"; do
		cp "$W/$1.crt" "$W/$name/swanctl/x509ca/"
	done
}

# cert_new CA HOST DN [SUBJECTALTNAME…]: a key and a certificate for a host;
# connections name it certs = HOST.crt
cert_new()
{
	local name dir=$W/$2/swanctl
	local -a san=()

	for name in "${@:4}"; do
		san+=(--san "$name")
	done
	_pki --gen --type ed25519 --outform pem > "$dir/private/$2.key"
	_pki --pub --type priv --in "$dir/private/$2.key" |
		_pki --issue --lifetime 30 --type pub --cacert "$W/$1.crt" \
			--cakey "$W/$1.key" --dn "$3" "${san[@]}" --outform pem \
			> "$dir/x509/$2.crt"
}

# vici_start HOST…: a program that asks their charons, for ask: with swanctl most of the
# time of many questions would be spent starting it (tests/lib/vici.py)
vici_start()
{
	local name
	local -a sockets=()

	for name; do
		sockets+=("$name=$W/$name/run/charon.vici")
	done
	coproc VICI { exec tests/lib/vici.py "${sockets[@]}"; }
	vici=("${VICI[@]}")
}

# ask HOST REQUEST…: of its charon; $answer is the answer
ask()
{
	echo "$*" >&"${vici[1]}"
	read -rt 30 answer <&"${vici[0]}" || fail "no answer to: $*"
}

# asked HOST REQUEST…: and it is done
asked()
{
	ask "$@"
	echo "$answer"
	[ "$answer" = yes ]
}
