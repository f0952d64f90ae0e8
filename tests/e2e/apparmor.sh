#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm: -a apparmor=1 -a security=apparmor -a audit=1
# once: of all kernels alike
#
# AppArmor confines charon as its profile says, which Debian has in complain mode:
# enforced, and with what make install adds to it, charon reaches the daemon, and
# nothing of ours is denied. Where the kernel mediates sockets with a path (from 6.17
# on, and Ubuntu's), it is kept from that otherwise. No topology: one host.
. tests/lib/lib.sh

mount -t securityfs securityfs /sys/kernel/security
[ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ] ||
	fail "this kernel has no AppArmor"
profile=usr.sbin.charon-systemd

step "make install"
# its DKMS would take minutes
mkdir "$W/bin"
printf '#!/bin/sh\n' > "$W/bin/dkms"
chmod +x "$W/bin/dkms"
PATH=$W/bin:$PATH make -s install PREFIX=/usr > "$W/install.log" 2>&1
grep -qx "include if exists <abstractions/ipsec-qos>" "/etc/apparmor.d/local/$profile"
# enforced, and with where scenarios have their files
sed -i 's/complain,//' "/etc/apparmor.d/$profile"
echo "$W/** rwk," >> "/etc/apparmor.d/local/$profile"

host gw
qosd_conf gw <<END
group gold { id = 1  mark = 0x10/0xff0 }
END
module_load
qosd_start gw

# confined: start charon where this profile is the kernel's
confined()
{
	apparmor_parser --replace "/etc/apparmor.d/$profile"
	charon_start gw plugin
	expect confined "/usr/sbin/charon-systemd (enforce)" \
		"$(cat "/proc/${charon_pid[gw]}/attr/current")"
}

step "confined, charon connects"
confined
wait_for 20 json_is '.charon.connected' qos gw -j daemon status
charon_stop gw
expect_no_dmesg 'apparmor="DENIED".*ipsec.qos'

if [ -e /sys/kernel/security/apparmor/features/network_v9/af_unix ]; then
	step "without it charon is kept from the socket"
	rm /etc/apparmor.d/abstractions/ipsec-qos
	confined
	wait_for 20 grep -q "Permission denied" "$W/gw/charon.log"
	expect_json '.charon.connected == false' qos gw -j daemon status
	charon_stop gw
fi
qosd_stop gw
