#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# once: no module is loaded
#
# scripts/setup brings in packages: no service starts because of it, and what the
# machine says about that itself, by a policy-rc.d of its own, stays as it is,
# even where setup is killed. The kernel's headers are those of the kernel's
# flavour. No topology; apt-get, dpkg-query and uname are stand-ins.
. tests/lib/lib.sh

policy=/usr/sbin/policy-rc.d
bin=$W/bin
mkdir "$bin"
# all is installed but the kernel's headers, until apt-get is told to
cat > "$bin/dpkg-query" <<'END'
#!/bin/bash
case "$*" in
*Version*) echo 1 ;;
*) for package in "${@:4}"; do
	[[ $package = linux-headers-*arm64 && ! -e /tmp/e2e/installed ]] ||
		echo "installed $package"
   done ;;
esac
END
printf '#!/bin/sh\necho arm64\n' > "$bin/dpkg"
cat > "$bin/apt-get" <<'END'
#!/bin/bash
case " $* " in
*" install "*) ;;
*) exit 0 ;;
esac
echo "${*: -1}" > /tmp/e2e/wanted
status=0
if [ -x /usr/sbin/policy-rc.d ]; then
	/usr/sbin/policy-rc.d strongswan start || status=$?
fi
echo $status > /tmp/e2e/answer
touch /tmp/e2e/installed
[ ! -e /tmp/e2e/kill ] || kill -KILL $PPID
END
chmod +x "$bin"/*

# setup RELEASE: on a machine with this kernel
setup()
{
	rm -f "$W"/{installed,wanted,answer}
	printf '#!/bin/sh\necho %s\n' "$1" > "$bin/uname"
	chmod +x "$bin/uname"
	mkdir -p "/lib/modules/$1/build"
	PATH=$bin:$PATH scripts/setup build >"$W/out.log" 2>&1
}

step "no policy-rc.d: there is one for apt-get alone"
rm -f "$policy"
setup 6.12.48+deb13-cloud-arm64
expect "of the flavour" linux-headers-cloud-arm64 "$(cat "$W/wanted")"
expect "what apt-get's are told" 101 "$(cat "$W/answer")"
not test -e "$policy"

step "the machine's own: it stays"
printf '#!/bin/sh\n# of the machine\nexit 0\n' > "$policy"
chmod 755 "$policy"
cp -p "$policy" "$W/policy"
setup 6.1.0-56-arm64
expect "of the flavour" linux-headers-arm64 "$(cat "$W/wanted")"
expect "what apt-get's are told" 101 "$(cat "$W/answer")"
cmp "$policy" "$W/policy"
not test -e "$policy.ipsec-qos"

step "killed: it stays all the same"
touch "$W/kill"
not setup 6.1.0-56-rt-arm64
expect "of the flavour" linux-headers-rt-arm64 "$(cat "$W/wanted")"
expect "what apt-get's are told" 101 "$(cat "$W/answer")"
cmp "$policy" "$W/policy"
test -x "$policy"

step "killed without one: nothing says no from then on"
rm "$policy"
not setup 6.1.0-56-arm64
not test -x "$policy"
rm "$W/kill"
setup 6.1.0-56-arm64
expect "what apt-get's are told" 101 "$(cat "$W/answer")"
not test -e "$policy"
