#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# host: a compiler takes minutes in the machine
#
# DKMS makes the module of what make install puts under /usr/src, with the
# dkms.conf from there and nothing else of this tree. All in a folder of its
# own: nothing is added to this machine's DKMS, nor installed.
set -euo pipefail

fail()
{
	echo "FAIL: $*" >&2
	exit 1
}

W=$(mktemp -d "${TMPDIR:-/tmp}/dkms.XXXXXX")
trap 'rm -rf "$W"' EXIT
mkdir "$W/dkms"
build=$(scripts/kernel-tree)
kernel=$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' "$build/include/generated/utsrelease.h")

make -s install DESTDIR="$W/root" PREFIX=/usr
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "$W"/root/usr/src/*/dkms.conf)
[ -n "$version" ] || fail "dkms.conf has no version"

# it would make a key for all modules of this machine
export sign_file=none
for verb in add build; do
	dkms $verb "ipsec-qos/$version" --sourcetree "$W/root/usr/src" \
		--dkmstree "$W/dkms" -k "$kernel" --kernelsourcedir "$build" || {
		cat "$W"/dkms/ipsec-qos/"$version"/build/make.log || true
		fail "dkms $verb"
	} >&2
done

module=$(find "$W/dkms" -path "*/$kernel/*/module/*" -name 'ipsec_qos.ko*')
[ -n "$module" ] || fail "no module"
[ "$(modinfo -F version "$module")" = "$version" ] ||
	fail "version: $(modinfo -F version "$module")"
[[ $(modinfo -F vermagic "$module") = "$kernel "* ]] ||
	fail "for another kernel: $(modinfo -F vermagic "$module")"
