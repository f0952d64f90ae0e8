#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# once: of all kernels alike
#
# A module of another version than the daemon, as after an upgrade without a
# reboot: the log, status and the daemon's status say so and what to do, until it
# is the same one. No topology: one host.
. tests/lib/lib.sh

module=build/kmod/$(uname -r)/ipsec_qos.ko
version=$(modinfo -F version "$module")
other=${version//[0-9]/8}
step "a module of version $other, where $version is installed"
module_load
module_unload
LC_ALL=C sed "s/${version//./\\.}/$other/g" "$module" > "$W/ipsec_qos.ko"
insmod "$W/ipsec_qos.ko"
host gw
qosd_conf gw <<END
group gold { id = 1  mark = 0x10/0xff0 }
END
qosd_start gw
said="is of version $other, this daemon of $version: .*modprobe -r ipsec_qos"
expect "said in the log" 1 "$(grep -c "$said" "$W/gw/ipsec-qosd.log")"
qos gw daemon status | grep "$said" >/dev/null || fail "$(qos gw daemon status)"
qos gw status | grep "^module  *$other, .*$version: modprobe -r" >/dev/null ||
	fail "$(qos gw status)"

step "the same version"
module_unload
module_load
wait_for 10 grep "is of this daemon's version" "$W/gw/ipsec-qosd.log"
expect_json ".kernel == { connected: true, error: null }" qos gw -j daemon status
expect status "module     $version" "$(qos gw status | head -n 1)"
qosd_stop gw
