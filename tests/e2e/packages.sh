#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# host: a compiler takes minutes in the machine
# needs: scripts/debian-root
#
# What make deb builds, in a fresh Debian: installed in the version before, upgraded,
# removed and purged, of which nothing is left, least of all in DKMS. All in a folder
# of its own, with no network: what is not in apt's cache there is not had.
set -euo pipefail

fail()
{
	echo "FAIL: $*" >&2
	exit 1
}

step()
{
	echo "$SECONDS s: $*"
}

# expect WHAT EXPECTED FOUND
expect()
{
	[ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
}

if [ -z "${PACKAGES_TEST:-}" ]; then
	version=$(sed -n 's/.*IQ_VERSION\t"\(.*\)"/\1/p' kmod/core/net.h)
	before=0.0.1
	mkdir -p build/log
	W=$(mktemp -d "$PWD/build/packages.XXXXXX")
	trap 'rm -rf "$W"' EXIT

	step "make deb, beside build/ nothing is written"
	touch "$W/now"
	make -s deb >/dev/null
	# The version before is of a module that takes a moment to compile, which DKMS does
	# below, and optimised it need not be.
	mkdir "$W/older"
	tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C "$W/older"
	# shellcheck disable=SC2016 # for Kbuild
	printf '%s\n' 'obj-m := ipsec_qos.o' 'ipsec_qos-y := kmod/main.o' \
		'ccflags-y := -I$(src)/kmod -I$(src)/include -I$(src)/include/uapi' > "$W/older/Kbuild"
	printf '%s\n' '#include <linux/module.h>' '#include "core/net.h"' \
		'MODULE_LICENSE("GPL");' 'MODULE_VERSION(IQ_VERSION);' > "$W/older/kmod/main.c"
	(cd "$W/older" && B=$OLDPWD/build DEB_BUILD_OPTIONS="noopt nostrip noautodbgsym" \
		scripts/deb "$W/before" $before) >/dev/null
	rm -rf "$W/older"
	written=$(find . \( -path ./build -o -path ./.git \) -prune -o -newer "$W/now" -print)
	expect "files beside build/" "" "$written"

	step "lintian"
	lintian --allow-root --fail-on error build/deb/*.changes >build/log/lintian 2>&1 || {
		grep '^E:' build/log/lintian >&2
		fail "lintian, see build/log/lintian"
	}

	PACKAGES_TEST=1 W=$W version=$version before=$before \
		unshare --mount --net --pid --fork --kill-child "$0"
	exit
fi

# what is mounted below ends with this process
root=$W/root
mkdir "$root" "$W/upper" "$W/work"
lower=$(scripts/debian-root)
mount -t overlay -o "lowerdir=$lower,upperdir=$W/upper,workdir=$W/work" overlay "$root" ||
	cp -a "$lower/." "$root"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mkdir "$root/packages"
cp -r "$W/before" "$root/packages/before"
mkdir "$root/packages/new"
cp build/deb/*.deb "$root/packages/new"
rm -f "$root"/packages/*/*dbgsym*

# inside COMMAND…: there. DKMS would make a key, which takes time
inside()
{
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive sign_file=none "$@"
}

apt()
{
	: > "$root/systemctl"
	inside apt-get -q -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@" >"$W/apt" 2>&1 || {
		tail -n 40 "$W/apt" >&2
		find "$root/var/lib/dkms" -name make.log -exec tail -n 20 {} + >&2 || true
		fail "apt-get $*"
	}
}

# a systemd that writes down what is asked of it
mkdir -p "$root/run/systemd/system"
printf '#!/bin/sh\necho "$*" >> /systemctl\n' > "$root/usr/sbin/systemctl"
chmod 755 "$root/usr/sbin/systemctl"
# asked: of our unit, when packages were installed or removed
asked()
{
	grep -oE '[a-z-]+ (--[a-z-]+ )*ipsec-qosd\.service' "$root/systemctl" | tr '\n' ' ' || true
}

# what we are said to be in DKMS
dkms_has()
{
	inside dkms status | sed -n 's|^ipsec-qos|&|p'
}

module=updates/dkms/ipsec_qos.ko
unit=etc/systemd/system/multi-user.target.wants/ipsec-qosd.service
apparmor=$root/etc/apparmor.d/local/usr.sbin.charon-systemd

# installed VERSION: what is there, once
installed()
{
	local package

	# shellcheck disable=SC2016 # for dpkg-query
	for package in ipsec-qos ipsec-qos-dkms libcharon-ipsec-qos; do
		expect "$package" "ii $1" \
			"$(inside dpkg-query -W -f '${db:Status-Abbrev}${Version}' $package)"
	done
	expect "in DKMS" "ipsec-qos/$1, $kernel, $(uname -m): installed" "$(dkms_has)"
	expect "trees of DKMS" "$1" "$(find "$root/var/lib/dkms/ipsec-qos" -mindepth 1 -maxdepth 1 \
		-type d -printf '%f\n')"
	expect "sources" "ipsec-qos-$1" "$(basename "$root"/usr/src/ipsec-qos-*)"
	expect "module" "$1" "$(modinfo -F version "$root/lib/modules/$kernel/$module")"
	expect "for the kernel" "$kernel" \
		"$(modinfo -F vermagic "$root/lib/modules/$kernel/$module" | cut -d ' ' -f 1)"
	expect "daemon" 1 "$(inside ipsec-qosd -V | grep -cwF "$1")"
	expect "command" 1 "$(inside ipsec-qos -V | grep -cwF "$1")"
	inside ipsec-qosd -t >/dev/null || fail "its own configuration is not all right"
	expect "mode of the configuration" 600 "$(stat -c %a "$root/etc/ipsec-qos/ipsec-qosd.conf")"
	[ ! -e "$root/$unit" ] || fail "the daemon is started at boot"
	[ ! -e "$root/run/ipsec-qos" ] || fail "the daemon was started"
}

# debs FOLDER: as they are named inside
debs()
{
	(cd "$root" && printf '/%s\n' "packages/$1"/*.deb)
}

step "which strongSwan the plugin is for"
plugin=$(echo "$root"/packages/new/libcharon-ipsec-qos_*.deb)
swan=$(dpkg-query -W -f '${source:Upstream-Version}' strongswan-libcharon)
depends=$(dpkg-deb -f "$plugin" Depends)
# fits VERSION: may it be installed with that?
fits()
{
	local relation wanted

	while read -r relation wanted; do
		dpkg --compare-versions "$1" "$relation" "$wanted" || return
	done < <(grep -oE 'strongswan-libcharon \([^)]*\)' <<<"$depends" | sed -E 's/.*\((.*)\)/\1/')
}
expect "bounds" 2 "$(grep -oE 'strongswan-libcharon \(' <<<"$depends" | wc -l)"
for other in "$swan-0" "$swan-5+deb12u99" "$(dpkg-query -W -f '${Version}' strongswan-libcharon)"; do
	fits "$other" || fail "not for strongSwan $other: $depends"
done
next=${swan%.*}.$((${swan##*.} + 1))
for other in "$next-1" "$next~rc1-1" "${swan%%.*}.999-1" 5.0.0-1; do
	! fits "$other" || fail "for strongSwan $other, too: $depends"
done

step "the version before, where there is DKMS and a kernel's headers"
apt install dkms "linux-headers-$(dpkg --print-architecture)"
kernel=$(basename "$root"/lib/modules/*)
[ ! -e "$root/lib/modules/$kernel/updates" ] || fail "there are modules already"
# shellcheck disable=SC2046 # words
apt install $(debs before)
installed "$before"
expect "asked of systemd" "" "$(asked)"

step "charon comes later: its profile of AppArmor knows the socket"
apt install charon-systemd
expect "lines for AppArmor" 1 "$(grep -c ipsec-qos "$apparmor")"

step "an upgrade: one version in DKMS, and the configuration stays"
echo "# mine" >> "$root/etc/ipsec-qos/ipsec-qosd.conf"
# shellcheck disable=SC2046 # words
apt install $(debs new)
installed "$version"
expect "asked of systemd" "try-restart ipsec-qosd.service " "$(asked)"
expect "the configuration" "# mine" "$(tail -n 1 "$root/etc/ipsec-qos/ipsec-qosd.conf")"
expect "lines for AppArmor" 1 "$(grep -c ipsec-qos "$apparmor")"
(cd "$root/usr/src/ipsec-qos-$version" && find . -type f | sed 's|^\./||' | LC_ALL=C sort) >"$W/files"
expect "what is not Kbuild's" "> LICENSE
> dkms.conf" \
	"$(diff <(scripts/kmod-sources | LC_ALL=C sort) "$W/files" | grep '^[<>]' || true)"

# left: all that has our name, or speaks of it, but for what apt and dpkg say they did
left()
{
	find "$root" -xdev \( -path "$root/packages" -o -path "$root/var/log" -o \
		-path "$root/proc" -o -path "$root/dev" \) -prune -o \
		-iname '*ipsec[-_]qos*' -print | sed "s|^$root||" | LC_ALL=C sort
	grep -rlE 'ipsec[-_]qos' "$root/etc" "$root/var/lib/dkms" "$root/lib/modules/$kernel"/modules.* 2>/dev/null |
		sed "s|^$root||" | LC_ALL=C sort
}

step "removed: nothing is left but the configuration"
apt remove ipsec-qos ipsec-qos-dkms libcharon-ipsec-qos
expect "asked of systemd" "stop ipsec-qosd.service " "$(asked)"
expect "in DKMS" "" "$(dkms_has)"
expect "modules" "" "$(find "$root/lib/modules" -name 'ipsec_qos*')"
expect "trees" "" "$(find "$root/var/lib/dkms" "$root/usr/src" -name 'ipsec-qos*')"
expect "lines for AppArmor" 0 "$(grep -c ipsec-qos "$apparmor")"
[ -e "$root/etc/ipsec-qos/ipsec-qosd.conf" ] || fail "the configuration is gone"

step "purged: nothing, not even what the daemon remembers"
mkdir -p "$root/var/lib/ipsec-qos"
touch "$root/var/lib/ipsec-qos/leases"
apt purge ipsec-qos ipsec-qos-dkms libcharon-ipsec-qos
expect "left" "" "$(left)"
step "done"
