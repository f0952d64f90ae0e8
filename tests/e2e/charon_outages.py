#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: -t 1500
# once: it is charon's doing, whatever the kernel is
"""
charon_outages.py [SCENARIO...] - the daemon is absent, silent, late or of another
version, or charon ends: no IKE is held up for long, and all is told in the end

The hosts are those of tests/lib/charon_world.py.
"""
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from charon_world import (LATE, SLOW, TIMEOUT, check, clock, eventually,  # noqa: E402
                          kernel_sas, main, run, scenario)


@scenario
def absent(world):
    """the daemon dies and returns: no delay, and everything is told again"""
    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    world.unwatch()
    passed_over = world.sink.passed_over
    world.sink.stop()
    start = clock()
    world.peer.initiate("v1-main")
    took = world.gw.held_up(start)
    check(took < 2 * TIMEOUT, "held up for %.1f s without a daemon" % took)
    world.gw.ask("rekey", child="v2-psk")
    eventually("it is there", lambda: len(kernel_sas()) >= 4)
    sink = world.new_sink()
    start = time.monotonic()
    sink.start()
    sink.wait("told everything", lambda: sink.synced)
    took = time.monotonic() - start
    check(took < 2 * SLOW, "took %.1f s to tell it" % took)
    check(sink.passed_over >= passed_over + 2, "told that %d were passed over, "
          "%d before" % (sink.passed_over, passed_over))
    world.settled(2, 2)
    eventually("the count is logged", lambda: world.gw.logged(
        " SAs were passed over before") >= 2 or "no")
    world.watch()


def bad_daemon(world, behaviour, outage, delay=0.03):
    """While it behaves so IKE is held up for a while, and not again"""
    complaints = world.gw.logged(outage)
    passed_over = world.sink.passed_over
    world.sink.behaviour = behaviour
    world.sink.delay = delay
    world.unwatch()
    start = clock()
    for child in ("v2-psk", "v2-psk-two", "v2-psk-ah"):
        world.peer.initiate(child)
    # nine times it wanted to ask, for six SAs
    took = world.gw.held_up(start)
    check(took < (LATE + 1) * TIMEOUT, "held up for %.1f s by a daemon that is "
          "%s" % (took, behaviour))
    check(len(kernel_sas()) == 6, "not installed")
    eventually("it is logged", lambda: world.gw.logged(outage) > complaints or
               "not")
    world.sink.behaviour = "good"
    world.sink.delay = 0.03
    world.sink.wait("told everything", lambda: world.sink.synced and
                    len(world.sink.children) == 3)
    world.sink.wait("told how many were passed over", lambda:
                    world.sink.passed_over == passed_over + 6)
    world.settled(3, 1)
    world.watch()
    world.clear()


@scenario
def bad_daemons(world):
    """silent, slow, deaf, talking nonsense"""
    bad_daemon(world, "silent", "did not answer within")
    bad_daemon(world, "deaf", "did not answer within")
    bad_daemon(world, "garbage", "is gone: ")
    bad_daemon(world, "close", "is gone: ")
    bad_daemon(world, "good", "did not answer within", 2 * TIMEOUT)


@scenario
def late(world):
    """an answer is late: its SA alone is passed over, and told all the same"""
    children = ("v2-psk", "v2-psk-two", "v2-psk-ah")
    # the kernel has loaded what it needs for them
    for child in children:
        world.peer.initiate(child)
    world.settled(3, 1)
    world.clear()
    world.unwatch()
    world.sink.lateness = 1.1 * TIMEOUT
    connections = world.sink.connections
    for which, child in enumerate(children):
        passed_over = world.sink.passed_over
        world.sink.late = iter([i == which for i in range(3)])
        logged = world.gw.logged("did not answer within", "an SA is passed over")
        world.peer.initiate(child)
        eventually("one was late", lambda n=logged: world.gw.logged(
            "did not answer within", "an SA is passed over") == n + 1 or "no")
        # the first request is for an SA that another announces again
        world.sink.wait("told", lambda n=passed_over + bool(which):
                        world.sink.passed_over == n)
        world.settled(which + 1, 1)
    check(world.sink.connections == connections, "connected again")
    world.watch()


@scenario
def late_in_a_row(world):
    """one fewer than close the connection, and as many"""
    # one that is not late before the row
    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    world.clear()
    world.unwatch()
    world.sink.lateness = 1.1 * TIMEOUT
    for times in (LATE - 1, LATE):
        connections = world.sink.connections
        passed_over = world.sink.passed_over
        world.sink.late = iter([True] * times)
        for child in ("v2-psk", "v2-psk-two", "v2-psk-ah"):
            world.peer.initiate(child)
        if times < LATE:
            # of three requests each two are for SAs that get installed
            world.sink.wait("told", lambda n=passed_over + 2:
                            world.sink.passed_over == n)
            world.settled(3, 1)
            check(world.sink.connections == connections, "connected again")
        else:
            # two of the first CHILD SA, two of the second; and what of the third
            # was before there was a connection again
            world.sink.wait("another connection", lambda n=connections:
                            world.sink.connections > n and world.sink.synced)
            check(world.sink.passed_over >= passed_over + 4, "passed over")
            world.settled(3, 1)
        world.clear()
    world.watch()


@scenario
def refused(world):
    """a daemon of another version, and one that has no room"""
    world.unwatch()
    for behaviour, text in (("version", "speaks another protocol"),
                            ("refuse", "refused the connection")):
        world.sink.stop()
        sink = world.new_sink(behaviour=behaviour).start()
        sink.wait("asked twice", lambda s=sink: s.count(type="HELLO") >= 2)
        world.peer.initiate("v2-psk")
        # further ones are for those who debug
        loud = world.gw.logged(text, "SAs are passed over until it is back")
        check(loud == 1, "logged %d times" % loud)
        check(sink.count(type="HELLO") == len(sink.messages),
              "talked to it all the same")
        world.peer.ask("terminate", ike="v2-psk")
        sink.behaviour = "good"
        sink.wait("agreed", lambda s=sink: s.synced)
    world.sink.behaviour = "error"
    world.peer.initiate("v2-psk")
    world.peer.initiate("v2-psk-two")
    check(world.gw.logged("refused: the table is full") > 0, "not logged")
    world.sink.behaviour = "good"
    world.watch()


@scenario
def returns_in_the_middle(world):
    """the daemon goes and comes while SAs come and go"""
    world.unwatch()
    for child in ("v2-psk", "v2-psk-two", "v2-psk-ah"):
        world.peer.initiate(child)
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            for charon in (world.gw, world.peer):
                for child in ("v2-psk", "v2-psk-two"):
                    charon.ask("rekey", check=False, child=child)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(5):
            world.sink.stop()
            world.new_sink(delay=0.001).start()
            world.sink.wait("told everything", lambda: world.sink.synced)
    finally:
        stop.set()
        thread.join()
    world.settled(ikes=1)
    world.watch()


@scenario
def charon_restart(world):
    """charon ends: in order, with the daemon silent, and killed"""
    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    check(world.gw.stop() == 0, "charon's exit status")
    world.sink.wait("all is deleted", lambda: not world.sink.sas and
                    not world.sink.ikes)
    world.gw.start()
    world.sink.wait("synchronised", lambda: world.sink.synced)
    world.clear()

    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    world.sink.behaviour = "silent"
    check(world.gw.stop() == 0, "charon's exit status")
    world.sink.behaviour = "good"
    world.gw.start()
    world.sink.wait("synchronised", lambda: world.sink.synced)
    world.clear()

    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    world.gw.stop(signal.SIGKILL)
    world.gw.start()
    world.sink.wait("synchronised", lambda: world.sink.synced)
    # the new one does not know what the old one left
    run("ip", "-n", "gw", "xfrm", "state", "flush")
    run("ip", "-n", "gw", "xfrm", "policy", "flush")

if __name__ == "__main__":
    sys.exit(main())
