#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""strays.py LOG < PACKETS - ESP from a gateway that came to nodes which never chose its SPI

LOG is the gateway's charon.log, which says of each CHILD SA net-N both SPIs; PACKETS are
what tcpdump -n says of the nodes' side, where node N has 10.0.1.(10+N) (tests/lib/nodes.sh).
A packet whose SPI the node chose is no stray, though the SA may be gone.

A line for each SPI and node: SPI, node, packets, and "fits" where an SPI of a translator
that looks at two bytes of MD5 fits one that the node sends with, by chance; "wrong" where
it fits none. At the end how many packets came to whose they are.
"""
import collections
import os
import re
import sys

sys.path.insert(0, os.path.dirname(__file__))
from rawesp import low16                                        # noqa: E402

chosen, sent = collections.defaultdict(set), collections.defaultdict(set)
with open(sys.argv[1]) as log:
    for line in log:
        if found := re.search(r"CHILD_SA net-(\d+)\{\d+\} established with SPIs "
                              r"([0-9a-f]{8})_i ([0-9a-f]{8})_o", line):
            node = int(found[1])
            sent[node].add(int(found[2], 16))
            chosen[node].add(int(found[3], 16))

strays, right = collections.Counter(), 0
for line in sys.stdin:
    if found := re.search(r"> 10\.0\.1\.(\d+): ESP\(spi=0x([0-9a-f]+),", line):
        node, spi = int(found[1]) - 10, int(found[2], 16)
        if spi in chosen[node]:
            right += 1
        else:
            strays[spi, node] += 1
for (spi, node), packets in strays.items():
    fits = any(low16(own) == spi & 0xffff or low16(spi) == own & 0xffff
               for own in sent[node])
    print(f"0x{spi:08x} node-{node} {packets} {'fits' if fits else 'wrong'}")
print("right", right)
