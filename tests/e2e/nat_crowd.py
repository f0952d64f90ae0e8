#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody inside fills the translation table, with the address of a node in use or
with addresses of nobody: every new SA of a real node gets out all the same, its answer
comes in, and those that are confirmed go on.

The topology is drawn in tests/lib/natpath.py; all of 10.0.0.0/16 is inside.
"""
# ci-once: what compat.h has is not in it
import itertools
import mmap
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from natpath import FAR, GLOBAL, Path                             # noqa: E402
from rawesp import (Command, SLOW, answer, came, drain, esp, low16, send,  # noqa: E402
                    sh, steps, until)

NODE = "10.0.1.7"
COARSE = 6          # CLOCK_MONOTONIC_COARSE (linux/time.h) goes on by jiffies
# what waits is not over ahead of a slow machine's next step
RULE = ["id", "3", "inside-dev", "in", "outside-dev", "out", "wait", "3600",
        "idle", "3600"]

path = Path()
node, far = path.node, path.far
sh("""
set -e
ip -n nat route add 10.0.0.0/16 dev in
# what is sprayed, with SPIs below 0x10000000, is not for far's socket
ip netns exec far nft -f - <<END
table ip t {
	chain i {
		type filter hook input priority filter
		ip protocol esp esp spi < 0x10000000 counter drop
	}
}
END
""")
qos = Command("nat")
last = 0xa0000000
answers = set()


def new_spi():
    """whose answer fits nothing that is sprayed, and is no other's"""
    global last
    while True:
        last += random.randrange(1, 0x10000)
        if max(low16(last), low16(answer(last))) < 0x8000 and answer(last) not in answers:
            answers.add(answer(last))
            return last


def any_spi():
    """to be sprayed; it fits the answer to no new_spi()"""
    while True:
        spi = random.randrange(0x100, 0x10000000) | 0x8000
        if low16(spi) >= 0x8000:
            return spi


def gets_out(inside, spi):
    send(node, inside, FAR, spi)
    assert came(far, (GLOBAL, FAR, spi)), "0x%x of %s does not get out" % (spi, inside)


def gets_answer(inside, spi):
    drain(node)
    send(far, FAR, GLOBAL, answer(spi))
    assert came(node, (FAR, inside, answer(spi))), \
        "the answer to 0x%x of %s does not come in" % (spi, inside)


def confirmed(inside):
    """a new SA, which both ends use"""
    spi = new_spi()
    gets_out(inside, spi)
    gets_answer(inside, spi)
    gets_out(inside, spi)
    assert qos.table()[spi]["state"] == "confirmed"
    return spi


def spray(n, source):
    for _ in range(n):
        send(node, source(), FAR, any_spi())


def nobody():
    return "10.0.%d.%d" % (random.randrange(4, 250), random.randrange(1, 255))


def tick():
    """until jiffies are others, by which it is told what was used later"""
    before = time.clock_gettime(COARSE)
    until("a tick", lambda: time.clock_gettime(COARSE) > before)


def spoofed_source():
    """with the address of a node in use: 70 before and behind each of its packets"""
    qos.rule(*RULE, "max-node", "128")
    old = [confirmed(NODE) for _ in range(5)]
    spray(300, lambda: NODE)
    for _ in range(20):
        spi = new_spi()
        spray(70, lambda: NODE)
        gets_out(NODE, spi)
        spray(70, lambda: NODE)
        gets_answer(NODE, spi)
        gets_out(NODE, spi)
        old.append(spi)
    for spi in old:
        gets_out(NODE, spi)
        gets_answer(NODE, spi)
    table = qos.table()
    assert all(table[spi]["state"] == "confirmed" for spi in old)
    assert len(table) == 128, len(table)
    assert qos.count("ceiling") == 0 and qos.count("evicted") > 2000


def slow_answer():
    """whose packets go on waits longer than those that are sent once"""
    qos.rule(*RULE, "max-node", "64")
    spray(100, lambda: NODE)
    spi = new_spi()
    gets_out(NODE, spi)
    for _ in range(20):
        spray(40, lambda: NODE)
        tick()
        gets_out(NODE, spi)
    packets = qos.table()[spi]["out"]["packets"]
    assert packets == 21, "it gave way: %d packets" % packets
    gets_answer(NODE, spi)


class Crowd:
    """packets that another process sends for as long as it may"""

    def __init__(self, packets):
        shared = mmap.mmap(-1, 16)
        self.counts = memoryview(shared).cast("Q")      # sent, and to be sent at most
        self.go_on()
        self.child = os.fork()
        if self.child:
            return
        for packet in itertools.cycle(packets):
            while self.counts[0] >= self.counts[1]:
                time.sleep(0.001)
            node.sendto(packet, (FAR, 0))
            self.counts[0] += 1

    def sent(self):
        return self.counts[0]

    def go_on(self, more=1 << 62):
        """until so many more are sent, or for ever"""
        self.counts[1] = self.counts[0] + more

    def end(self):
        os.kill(self.child, signal.SIGKILL)
        os.wait()


def of_nobody():
    """with addresses of nobody, thousands a second, for nodes in use and new ones"""
    qos.rule(*RULE, "max", "1000")
    in_use = "10.0.1.8"
    old = [confirmed(in_use) for _ in range(3)]
    # more than there is room for, so that each is new again when its turn comes
    crowd = Crowd([esp(nobody(), FAR, any_spi()) for _ in range(2048)])
    try:
        until("the table is not filled", lambda:
              qos("nat", "rule", "show")[0]["entries"] == 1000)
        before, begun, most = qos.count("out"), time.monotonic(), 0
        for i in range(30):
            inside = in_use if i % 2 else "10.0.1.%d" % (9 + i)
            spi = new_spi()
            # The oldest gives way when the table is full of later ones, as many as come
            # while a slow machine has this process wait: so many do not.
            crowd.go_on(800)
            sent = crowd.sent()
            gets_out(inside, spi)
            time.sleep(0.02 * SLOW)             # that far away it is
            gets_answer(inside, spi)
            most = max(most, crowd.sent() - sent)
            crowd.go_on()
            gets_out(inside, spi)
            old.append(spi)
        rate = (qos.count("out") - before) / (time.monotonic() - begun)
        print("         30 of 30 beside %d a second, %d at most ahead of an answer" %
              (rate, most), flush=True)
    finally:
        crowd.end()
    table = qos.table()
    assert all(table[spi]["state"] == "confirmed" for spi in old)
    assert len(table) == 1000, len(table)


def known_before_strangers():
    """what a node in use has waiting is not taken by addresses of nobody"""
    qos.rule(*RULE, "max", "50")
    confirmed(NODE)
    before = qos.count("out")
    waits = [new_spi() for _ in range(12)]
    for spi in waits:
        gets_out(NODE, spi)
    spray(1000, nobody)
    until("what is sprayed is not through", lambda: qos.count("out") == before + 12 + 1000)
    table = qos.table()
    assert len(table) == 50 and all(spi in table for spi in waits)
    for spi in waits:
        gets_answer(NODE, spi)


def what_gives_way():
    """those that wait, then those that are associated, and those that are confirmed never"""
    qos.rule(*RULE, "max-node", "6")
    proven = [confirmed(NODE) for _ in range(3)]
    associated = [new_spi() for _ in range(2)]
    for spi in associated:
        gets_out(NODE, spi)
        gets_answer(NODE, spi)
    waiting, new = new_spi(), new_spi()
    gets_out(NODE, waiting)
    gets_out(NODE, new)
    assert set(qos.table()) == {*proven, *associated, new}
    gets_answer(NODE, new)
    latest = new_spi()
    gets_out(NODE, latest)
    assert set(qos.table()) == {*proven, associated[1], new, latest}
    gets_answer(NODE, latest)
    for spi in (associated[1], new, latest):
        gets_out(NODE, spi)
    assert all(n["state"] == "confirmed" for n in qos.table().values())
    before = qos.count("ceiling"), qos.count("evicted")
    refused = new_spi()
    send(node, NODE, FAR, refused)
    path.nothing(far)
    assert (qos.count("ceiling"), qos.count("evicted")) == (before[0] + 1, before[1])
    gets_out("10.0.1.9", new_spi())             # another node


def who_is_meant():
    """an answer that fits a stranger's too: the node that has had answers, or who sent last"""
    qos.rule(*RULE, "max", "20")
    before = qos.count("collision")
    confirmed(NODE)
    spray(30, nobody)
    spi = new_spi()
    gets_out(NODE, spi)
    time.sleep(0.05 * SLOW)
    send(node, nobody(), FAR, 0x1230000 | low16(answer(spi)))
    gets_answer(NODE, spi)
    spi = new_spi()
    send(node, nobody(), FAR, 0x1240000 | low16(answer(spi)))
    time.sleep(0.05 * SLOW)
    gets_out("10.0.1.9", spi)
    gets_answer("10.0.1.9", spi)
    assert qos.count("collision") == before


sys.exit(steps(spoofed_source, slow_answer, of_nobody, known_before_strangers,
               what_gives_way, who_is_meant))
