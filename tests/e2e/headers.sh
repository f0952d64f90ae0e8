#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# host: nothing but a script that fetches, from an apt-get that is none
#
# The headers that the plugin is compiled with: any suite of the machine's may be
# the one that has strongSwan's source. An apt-get of our own stands for the
# mirrors.
set -euo pipefail

fail()
{
	echo "FAIL: $*" >&2
	exit 1
}

W=$(mktemp -d "${TMPDIR:-/tmp}/headers.XXXXXX")
trap 'rm -rf "$W"' EXIT
mkdir -p "$W/bin" "$W/build" "$W/source/strongswan-7.3.1/src/"{libstrongswan,libcharon}
touch "$W/source/strongswan-7.3.1/src/"{libstrongswan/library,libcharon/daemon}.h
tar -cjf "$W/tarball" -C "$W/source" strongswan-7.3.1

# the version that is installed, and what the mirror of one suite alone has
printf '#!/bin/sh\necho 1:7.3.1-2+deb13u4\n' > "$W/bin/dpkg-query"
cat > "$W/bin/apt-get" <<'END'
#!/bin/bash
for word; do
	case $word in Dir::Etc::sourceparts=*) parts=${word#*=} ;; esac
done
case " $* " in
*" source "*) ;;
*) exit 0 ;;
esac
# an address behind the type and maybe options, and then the suite
suite=$(grep -oE '://[^ ]+ +[^ ]+' "$parts/source.list" |
	awk '{ print $2 }' | sort -u | sed -n "${SUITE}p")
echo "$word" >> "$W/asked"
[ "$word" = "strongswan/$suite" ] || {
	echo "E: Failed to fetch strongswan_7.3.1.orig.tar.bz2  404" >&2
	exit 100
}
cp "$W/tarball" ./strongswan_7.3.1.orig.tar.bz2
END
chmod +x "$W"/bin/*
export W

# headers SUITE: which of them has it
headers()
{
	rm -rf "$W/build/strongswan-7.3.1"
	SUITE=$1 PATH=$W/bin:$PATH scripts/strongswan-headers "$W/build/flags" \
		> "$W/out" 2>&1
}

suites=$(. scripts/apt-scratch && apt_sources deb-src |
	 grep -oE '://[^ ]+ +[^ ]+' | awk '{ print $2 }' | sort -u | wc -l)
[ "$suites" -gt 0 ] || fail "this machine has no apt sources"
for suite in 1 "$suites"; do
	headers "$suite" || fail "not found in suite $suite: $(cat "$W/out")"
	grep -q "strongswan-7.3.1/src/libcharon" "$W/build/flags" ||
		fail "the flags: $(cat "$W/build/flags")"
done
[ "$(head -n 1 "$W/asked")" = "strongswan=1:7.3.1-2+deb13u4" ] ||
	fail "first asked for: $(head -n 1 "$W/asked")"

# where none has it: said, and nothing is left that make install would go by
headers 0 && fail "found nowhere, and yet there"
grep -q "no source of strongSwan 7.3.1: STRONGSWAN_SRC=" "$W/out" ||
	fail "what is to be done is not said: $(cat "$W/out")"
[ ! -e "$W/build/flags" ] || fail "the flags of another time are there"
[ -z "$(find "$W/build" -name 'strongswan.??????')" ] || fail "a scratch folder is left"
