#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# newest: what its hooks hand the module, form by form
#
# Every form a protected packet can have, and what only looks like one, through
# a router that holds no SA of its own; entries by command.
#
#   src ---- router ---- dst		(tests/lib/packets.py makes it)
. tests/lib/lib.sh

module_load
step "odd packets"
python3 tests/lib/packets.py
step "the module goes, with its hooks in place"
ipsec-qos group add gold id 1 mark 0x10/0xff0
module_unload
