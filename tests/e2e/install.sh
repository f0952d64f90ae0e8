#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make install, and systemd starts what it installed: the daemon says when it is
# ready, has CAP_NET_ADMIN only, is reloaded, and comes back when it is killed.
# No topology: one host, with a systemd of its own in a PID namespace.
#
# once: it is make's and systemd's doing, whatever the kernel is
. tests/lib/lib.sh

step "make install, with kernels that DKMS makes no module for"
# packages.sh has it make one; here that would take minutes
mkdir "$W/bin" /lib/modules/0.0.0-old
made=(/lib/modules/0.0.0-old)
# where the kernel that runs was only unpacked (tests/vm/run) it has no headers
running=/lib/modules/$(uname -r)
[ -e "$running/build" ] || made+=("$running/build")
for folder in /lib/modules/0.0.0-old "$running"; do
	mkdir -p "$folder/build"
	[ -e "$folder/build/Makefile" ] || touch "$folder/build/Makefile"
done
cat > "$W/bin/dkms" <<-'END'
	#!/bin/sh
	echo "$*" >> /tmp/e2e/dkms.log
	case "$*" in
	status*) echo "ipsec-qos/0.0.7, 6.0.0-old, x86_64: installed"
		 echo "ipsec-qos/0.0.7, 6.0.1-old, x86_64: installed"
		 echo "ipsec-qos, 0.0.6: added" ;;
	"install "*"-k $(cat /tmp/e2e/refused)") exit 10 ;;
	esac
END
printf '#!/bin/sh\necho "$*" >> /tmp/e2e/systemctl.log\n' > "$W/bin/systemctl"
chmod +x "$W"/bin/*
mkdir -p /run/systemd/system /usr/src/ipsec-qos-0.0.{6,7,8}
# installs REFUSED: make install, where DKMS fails for a kernel
installs()
{
	rm -f "$W"/*.log
	echo "$1" > "$W/refused"
	PATH=$W/bin:$PATH make -s install PREFIX=/usr >"$W/out" 2>&1
}
installs 0.0.0-old || fail "an old kernel is in the way: $(cat "$W/out")"
grep -qx "warning: no module for 0.0.0-old, which does not run" "$W/out"
expect "kernels with headers" "$(find /lib/modules/*/build/Makefile | wc -l)" \
	"$(grep -c '^install --force ipsec-qos/[0-9.]* -k ' "$W/dkms.log")"
grep -qx daemon-reload "$W/systemctl.log"
expect "forgotten when all is done" "remove ipsec-qos/0.0.6 --all
remove ipsec-qos/0.0.7 --all" "$(tail -n 2 "$W/dkms.log")"
expect "sources of versions before" /usr/src/ipsec-qos-0.0.8 "$(echo /usr/src/ipsec-qos-0.0.*)"
not installs "$(uname -r)"
not grep "^remove ipsec-qos/0.0" "$W/dkms.log"
grep -qx "scripts/install: no module for $(uname -r), which runs" "$W/out"
expect "all kernels are tried" "$(find /lib/modules/*/build/Makefile | wc -l)" \
	"$(grep -c '^install ' "$W/dkms.log")"
grep -qx daemon-reload "$W/systemctl.log"
rm -r /run/systemd "${made[@]}"

step "a strongSwan elsewhere; AppArmor's profiles know the socket, once"
# depmod takes a minute
printf '#!/bin/sh\n' > "$W/bin/depmod"
chmod +x "$W/bin/depmod"
PATH=$W/bin:$PATH
make -s uninstall PREFIX=/usr >"$W/out" 2>&1
not test -e /usr/sbin/ipsec-qos
not grep -rq ipsec-qos /etc/apparmor.d/local
plugin=libstrongswan-ipsec-qos.so
mkdir -p /opt/swan/lib/plugins
touch /opt/swan/lib/libcharon.so.0
for _ in 1 2; do
	make -s install DKMS=no PREFIX=/usr STRONGSWAN_LIBDIR=/opt/swan/lib >"$W/out" 2>&1
done
test -e /opt/swan/lib/plugins/$plugin
not test -e /usr/lib/ipsec/plugins/$plugin
expect "lines for AppArmor" 1 "$(grep -c ipsec-qos /etc/apparmor.d/local/usr.sbin.charon-systemd)"
make -s uninstall PREFIX=/usr STRONGSWAN_LIBDIR=/opt/swan/lib >"$W/out" 2>&1
not test -e /opt/swan/lib/plugins/$plugin
expect_refused "STRONGSWAN_LIBDIR=FOLDER" \
	make -s install DKMS=no PREFIX=/usr STRONGSWAN_LIBDIR=/nowhere
PATH=${PATH#*:}
rm -r "${W:?}/bin"
not test -e /usr/sbin/ipsec-qos

step "a build that failed: nothing is installed"
# undone COMMAND…: what a build may leave, and that no part of it is installed
undone()
{
	"$@"
	expect_refused "run make first.*nothing was installed" \
		make -s install DESTDIR=/ PREFIX=/usr
	not test -e /usr/sbin/ipsec-qosd
	not test -e /usr/src/ipsec-qos-*/dkms.conf
}
cp -a build/charon/$plugin build/strongswan.flags "$W"
undone touch build/strongswan.flags
undone rm build/strongswan.flags
cp -a "$W/strongswan.flags" build
undone rm build/charon/$plugin
cp -a "$W/$plugin" build/charon

step "make install"
# with a DESTDIR neither DKMS nor depmod run: they take minutes here
make -s install DESTDIR=/ PREFIX=/usr
test -e /usr/src/ipsec-qos-*/dkms.conf
cmp specs/ipsec_qos.yaml /usr/share/ipsec-qos/specs/ipsec_qos.yaml

# what this machine would start otherwise
for unit in default.target multi-user.target sysinit.target basic.target; do
	systemctl --root=/ mask -q "$unit" 2>/dev/null || true
done
rm -f /etc/systemd/system/{default,multi-user,sysinit,basic}.target
cat > /etc/systemd/system/test.target <<-END
	[Unit]
	Description=nothing but what is asked for
	DefaultDependencies=no
END

step "systemd"
mount --make-rprivate /
# shellcheck disable=SC2016 # for the inner shell
unshare --pid --fork --mount --mount-proc --cgroup --kill-child -- sh -c '
	mount -t tmpfs tmpfs /run
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	exec env -i container=vm PATH="$PATH" /lib/systemd/systemd --system \
		--unit=test.target' >"$W/systemd.log" 2>&1 </dev/null &
inside()
{
	nsenter -t "$(pgrep -xo systemd)" -a -- "$@"
}
wait_for 60 inside systemctl is-active test.target

step "start"
sed -i 's/^include/# &/' /etc/ipsec-qos/ipsec-qosd.conf
cat >> /etc/ipsec-qos/ipsec-qosd.conf <<-END
	group gold { id = 1  mark = 0x10/0xff0 }
END
modprobe ipsec_qos
inside systemctl start ipsec-qosd || {
	inside journalctl -u ipsec-qosd --no-pager >&2 || true
	inside systemctl status ipsec-qosd --no-pager >&2 || true
	fail "the unit does not start"
}
expect state active "$(inside systemctl is-active ipsec-qosd)"
pid=$(inside systemctl show -P MainPID ipsec-qosd)
# shellcheck disable=SC2016 # for awk
expect capabilities 0000000000001000 \
	"$(inside awk '/^CapEff/ { print $2 }' "/proc/$pid/status")"
# shellcheck disable=SC2016 # for awk
# CAP_NET_RAW is given up when what elements are asked with is open
expect "bounding set" 0000000000003000 \
	"$(inside awk '/^CapBnd/ { print $2 }' "/proc/$pid/status")"
expect_json '.[0].name == "gold"' inside ipsec-qos -j group show

step "reload"
sed -i 's/gold/silver/' /etc/ipsec-qos/ipsec-qosd.conf
inside systemctl reload ipsec-qosd
expect_json '.[0].name == "silver"' inside ipsec-qos -j group show
expect "the same process" "$pid" "$(inside systemctl show -P MainPID ipsec-qosd)"
echo 'group {' >> /etc/ipsec-qos/ipsec-qosd.conf
not inside systemctl reload ipsec-qosd
expect state active "$(inside systemctl is-active ipsec-qosd)"

step "killed, it comes back"
sed -i '$d' /etc/ipsec-qos/ipsec-qosd.conf
inside systemctl kill -s KILL ipsec-qosd
back()
{
	[ "$(inside systemctl is-active ipsec-qosd)" = active ] &&
		[ "$(inside systemctl show -P MainPID ipsec-qosd)" != "$pid" ]
}
wait_for 20 back
inside systemctl stop ipsec-qosd

step "make uninstall"
make -s uninstall DESTDIR=/ PREFIX=/usr
not test -e /usr/sbin/ipsec-qosd
not test -e /usr/lib/systemd/system/ipsec-qosd.service
not test -e /usr/share/ipsec-qos
