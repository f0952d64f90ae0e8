# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hosts and the links between them. A host is a network namespace with a /run,
# an /etc/swanctl, an /etc/strongswan.conf, an /etc/ipsec-qos, a
# /var/lib/ipsec-qos and a /sys of its own, so that programs need no options to
# keep apart. Outside they are the folders and files run, swanctl,
# strongswan.conf, ipsec-qos and lib in $W/NAME. The
# namespace has the host's name: ip -n NAME, ipsec-qos -n NAME.

declare -A host_pid

# host NAME…: make them; loopback is up, IPv6 addresses can be used at once
host()
{
	local name dir

	mkdir -p /etc/ipsec-qos /var/lib/ipsec-qos
	for name; do
		dir=$W/$name
		mkdir -p "$dir"/{run,ipsec-qos,lib,swanctl} \
			"$dir"/swanctl/{conf.d,x509,x509ca,private,rsa,ecdsa,pkcs8,pkcs12,pubkey,x509aa,x509ac,x509crl,x509ocsp,bliss}
		echo "include conf.d/*.conf" > "$dir/swanctl/swanctl.conf"
		: > "$dir/strongswan.conf"
		# shellcheck disable=SC2016 # for the inner shell
		unshare --net --mount --propagation private -- sh -ec '
			# or namespaces of others would not go before this one
			umount -lR /run/netns 2>/dev/null || true
			mount -t sysfs sysfs /sys
			mount --bind "$1/swanctl" /etc/swanctl
			mount --bind "$1/strongswan.conf" /etc/strongswan.conf
			mount --bind "$1/ipsec-qos" /etc/ipsec-qos
			mount --bind "$1/lib" /var/lib/ipsec-qos
			mount --bind "$1/run" /run
			ip link set lo up
			sysctl -qw net.ipv6.conf.all.accept_dad=0 \
				net.ipv6.conf.default.accept_dad=0
			: > "$1/up"
			exec sleep infinity' sh "$dir" &
		host_pid[$name]=$!
		disown $!
	done
	for name; do
		wait_for 30 test -e "$W/$name/up"
		ip netns attach "$name" "${host_pid[$name]}"
	done
}

# host_del NAME: end what runs on it, and delete the namespace
host_del()
{
	local pid ns

	ns=$(readlink "/proc/${host_pid[$1]}/ns/net")
	for pid in /proc/[0-9]*; do
		if [ "$(readlink "$pid/ns/net" || true)" = "$ns" ]; then
			kill -KILL "${pid#/proc/}" 2>/dev/null || true
		fi
	done
	ip netns delete "$1"
	unset "host_pid[$1]"
}

# at HOST COMMAND…
at()
{
	nsenter -t "${host_pid[$1]}" -n -m --wdns="$PWD" -- "${@:2}"
}

# exec_at HOST COMMAND…: the same, to be put in the background: $! is COMMAND's
exec_at()
{
	exec nsenter -t "${host_pid[$1]}" -n -m --wdns="$PWD" -- "${@:2}"
}

# link HOST:DEVICE HOST:DEVICE: a cable between them, both ends up
link()
{
	ip link add "${1#*:}" netns "${1%%:*}" type veth \
		peer name "${2#*:}" netns "${2%%:*}"
	ip -n "${1%%:*}" link set "${1#*:}" up
	ip -n "${2%%:*}" link set "${2#*:}" up
}

# addr HOST DEVICE ADDRESS/PREFIX…; DEVICE lo takes inner addresses
addr()
{
	local address

	for address in "${@:3}"; do
		ip -n "$1" addr add "$address" dev "$2"
	done
}

# route HOST WHAT…: as for ip route add
route()
{
	case $2 in
	*:*) ip -n "$1" -6 route add "${@:2}" ;;
	*) ip -n "$1" route add "${@:2}" ;;
	esac
}

# forward HOST…: it is a router
forward()
{
	local name

	for name; do
		at "$name" sysctl -qw net.ipv4.ip_forward=1 \
			net.ipv6.conf.all.forwarding=1
	done
}
