#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Which packages scripts/setup wants, on machines that are not this one: their kernel
# and architecture are what uname and dpkg say, and nothing is installed.
#
# shellcheck disable=SC2317 # expect calls them
. tests/unit/tap.sh

if [ -z "${SETUP_TEST:-}" ]; then
	# with a /lib/modules of its own
	user=()
	[ "$(id -u)" = 0 ] || user=(--user --map-root-user)
	rm -rf "$W"
	SETUP_TEST=1 exec unshare --mount "${user[@]}" "$0"
fi
mount -t tmpfs tmpfs /lib/modules/ || exit

stub uname <<-'END'
	#!/bin/sh
	[ "$*" = -r ] && echo "$RELEASE"
END
stub dpkg <<-'END'
	#!/bin/sh
	[ "$*" = --print-architecture ] && echo "$ARCHITECTURE"
END
stub id <<-'END'
	#!/bin/sh
	echo 1000
END
stub dpkg-query <<-'END'
	#!/bin/sh
	exit 1
END
stub apt-get <<-'END'
	#!/bin/sh
	echo "apt-get is called"
	exit 1
END

# headers WHAT ARCHITECTURE RELEASE: of which kernels setup wants them
headers()
{
	PATH=$W/bin:$PATH ARCHITECTURE=$2 RELEASE=$3 scripts/setup "$1" 2>&1 |
		tr ' ' '\n' | grep '^linux-headers-' | sort -u | tr '\n' ' '
}

# wants HEADERS WHAT ARCHITECTURE RELEASE
wants()
{
	local found

	found=$(headers "${@:2}")
	echo "$found"
	[ "$found" = "$1 " ]
}

# says REGEX WHAT ARCHITECTURE RELEASE
says()
{
	PATH=$W/bin:$PATH ARCHITECTURE=$3 RELEASE=$4 scripts/setup "$2" >"$W/out" 2>&1
	cat "$W/out"
	grep -qE "$1" "$W/out"
}

# runs RELEASE: this is Debian's, and its modules are here
runs()
{
	mkdir -p "/lib/modules/$1"
	echo "$1"
}

release=$(runs 6.1.0-56-amd64)
expect "amd64" wants "linux-headers-$release linux-headers-amd64" build amd64 "$release"
release=$(runs 6.1.0-56-cloud-amd64)
expect "cloud" wants "linux-headers-$release linux-headers-cloud-amd64" build amd64 "$release"
release=$(runs 6.12.43+deb12-cloud-amd64)
expect "cloud, backports" wants "linux-headers-$release linux-headers-cloud-amd64" build amd64 "$release"
release=$(runs 6.1.0-56-arm64)
expect "arm64" wants "linux-headers-$release linux-headers-arm64" build arm64 "$release"
release=$(runs 6.1.0-56-cloud-arm64)
expect "cloud, arm64" wants "linux-headers-$release linux-headers-cloud-arm64" build arm64 "$release"
release=$(runs 6.12.94+deb13-arm64-16k)
expect "arm64, large pages" wants "linux-headers-$release linux-headers-arm64-16k" build arm64 "$release"
expect "a container on arm64" wants linux-headers-arm64 build arm64 6.18.44-fc-v782
expect "a container" wants linux-headers-amd64 lint amd64 6.18.44-fc-v782
for what in build deb lint fuzz; do
	expect "$what on arm64: packages" says ' libnl-3-dev ' "$what" arm64 "$release"
	expect "$what on arm64: none of amd64" not says 'amd64|apt-get is called' "$what" arm64 "$release"
done
expect "the packages want no kernel" not says 'linux-headers' deb arm64 "$release"
expect "the tests' machine is amd64's" says 'one is of arm64' test arm64 "$release"
exit $failed
