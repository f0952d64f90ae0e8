#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What make builds, and says that it leaves out, on machines that lack something:
# packages that pkg-config does not find, whose headers are errors, and a strongSwan
# that dpkg does not know. The command is compiled without all of that; of the rest
# make says what it would do.
#
# shellcheck disable=SC2317 # expect calls them
. tests/unit/tap.sh

# hide HEADER…: whoever includes it fails
hide()
{
	local header

	for header; do
		mkdir -p "$W/hidden/$(dirname "$header")"
		echo "#error $header is hidden" > "$W/hidden/$header"
	done
}

# here PACKAGE…: of those that we use, pkg-config finds these alone
here()
{
	local package

	rm -rf "$W/pc"
	mkdir "$W/pc"
	for package; do
		# what it is made of is found where it is, be that our own or not
		cp "$(pkg-config --variable=pcfiledir "$package")/$package.pc" "$W/pc/"
	done
}

# makes ARGUMENT…: make, on such a machine
makes()
{
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL PKG_CONFIG_LIBDIR="$W/pc" \
		PATH="$W/bin:$PATH" make B="$W/build" CPPFLAGS="-I$W/hidden" CFLAGS=-O0 \
		"$@" >"$W/make" 2>&1
}

# says REGEX ARGUMENT…: make says so
says()
{
	local regex=$1

	shift
	makes "$@"
	grep -E -e "$regex" "$W/make" || {
		head -n 5 "$W/make"
		return 1
	}
}

stub dpkg-query <<-'END'
	#!/bin/sh
	case "$*" in
	*strongswan*) exit 1 ;;
	esac
	exec /usr/bin/dpkg-query "$@"
END
hide systemd/sd-daemon.h nftables/libnftables.h confuse.h ev.h sys/capability.h netlink/route/tc.h
here libnl-3.0 libnl-genl-3.0 libmnl jansson

expect "the command is built without" makes -j2 -s command
expect "it runs" "$W/build/bin/ipsec-qos" -V
expect "it is not linked with" not grep -q 'libsystemd\.so' "$W/build/bin/ipsec-qos"
# a kernel's tree that tells what is asked of it
mkdir -p "$W/tree/include/generated"
echo '#define UTS_RELEASE "6.1.0-told"' > "$W/tree/include/generated/utsrelease.h"
# shellcheck disable=SC2016 # for make
printf 'modules:\n\t@ls $(M)/Kbuild $(M)/kmod/main.c\n' > "$W/tree/Makefile"
expect "the module wants none of them" says 'kmod/6.1.0-told/kmod/main\.c$' command kmod KDIR="$W/tree"
expect "what a part lacks, the daemon" \
	says '^daemon is left out: missing .*libconfuse \(libconfuse-dev\), libcap \(libcap-dev\), ev\.h \(libev-dev\)$' -n
expect "the plugin" says '^plugin is left out: .*STRONGSWAN_SRC=FOLDER' -n
expect "readiness" says '^readiness is left out, .* missing libsystemd \(libsystemd-dev\)$' -n
expect "admission" says '^admission of clear text is left out: missing libnftables \(libnftables-dev\)$' -n
# says nothing of the kind, and goes on
silent()
{
	local regex=$1

	shift
	makes "$@" && ! grep -E -e "$regex" "$W/make"
}
expect "what is there is not left out" silent '^(command|kmod) is left out' -n KDIR="$W/tree"
expect "the plugin is not built" silent 'libstrongswan-ipsec-qos\.so' -n KDIR="$W/tree"
expect "a part that is asked for has to be there" not makes -n daemon
expect "why not" says 'daemon cannot be built: missing .*libconfuse' -n daemon
expect "all of them as well" not makes -n complete
expect "nor is a strongSwan left out that somebody names" \
	silent '^plugin is left out' -n KDIR="$W/tree" STRONGSWAN_SRC=/nowhere
# installed: what was built, of which the files of DKMS are looked at below
installed()
{
	makes -s install DESTDIR="$W/root" PREFIX=/usr &&
		(cd "$W/root" && find . -type f ! -path './usr/src/*' | LC_ALL=C sort | tee "$W/files")
}
expect "what was built is installed" installed
expect "and none of another" diff - "$W/files" <<-'END'
	./usr/lib/modules-load.d/ipsec-qos.conf
	./usr/sbin/ipsec-qos
	./usr/share/bash-completion/completions/ipsec-qos
	./usr/share/ipsec-qos/specs/ipsec_qos.yaml
	./usr/share/man/man8/ipsec-qos-metrics.8
	./usr/share/man/man8/ipsec-qos.8
END
expect "DKMS has what Kbuild lists" diff <({ scripts/kmod-sources; echo LICENSE; echo dkms.conf; } | LC_ALL=C sort) \
	<(cd "$W"/root/usr/src/ipsec-qos-* && find . -type f | sed 's|^\./||' | LC_ALL=C sort)

here libnl-3.0 libnl-genl-3.0 libmnl
expect "not even the command" says '^command is left out: missing jansson \(libjansson-dev\)$' -n

rm -rf "$W/hidden"
hide systemd/sd-daemon.h nftables/libnftables.h
here libnl-3.0 libnl-genl-3.0 libnl-route-3.0 libmnl jansson libconfuse libcap
expect "a daemon without libsystemd and libnftables" makes -j2 -s daemon
expect "is installed" installed
expect "as one that does not say when it is ready" \
	grep -qx Type=exec "$W/root/usr/lib/systemd/system/ipsec-qosd.service"
# without_admit: it says that it has none, and why
without_admit()
{
	echo 'admit { outside = eth0 }' > "$W/admit.conf"
	not "$W/build/bin/ipsec-qosd" -t -c "$W/admit.conf" >"$W/said" 2>&1 &&
		grep -q 'built without libnftables' "$W/said"
}
expect "and takes no section admit" without_admit
exit $failed
