#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: -t 400
# once: it is the daemon's doing, whatever the kernel is
"""
daemon_tables.py [SCENARIO...] - what the module has of what charon stated to
ipsec-qosd: as it is stated, after restarts and reloads, and beside others

A stand-in for charon's plugin speaks to the daemon; the command shows what the
module then has. Run it as root in a machine of its own (tests/vm/run); see
tests/lib/qosd.py.
"""
import errno
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from feed_client import RELOAD, STATUS, Refused  # noqa: E402
from qosd import (COMMAND_BIN, CONF, Daemon, FIRST, SLOW, SOCK,  # noqa: E402
                  THREE, charon, check, check_prompt, command, eventually,
                  groups, ikes, insmod, ipsec_qos, main, rmmod, run, sas, show,
                  state_three, write_conf)

SO_SNDBUFFORCE = 32


def scenario_ack_means_there():
    """an answer comes once the kernel has the entry"""
    insmod()
    with Daemon(), charon() as c:
        c.ask("SYNC_END")
        c.ike(1, "x.a.example")
        for i in range(50):
            check(c.sa(1, 0x3000 + i, pending=True) == 1, "group")
            if i % 10 == 0:
                check(sas()["192.0.2.1", 0x3000 + i] == "gold", "not there")
        c.sa_del(0x3000)
        check(("192.0.2.1", 0x3000) not in sas(), "still there")
        try:
            c.sa(9, 0x4000)
            raise AssertionError("SA without an IKE SA")
        except Refused as e:
            check(e.errno == errno.ENOENT, e)
        c.ask("IKE_DEL", IKE_ID=1, SPI_I=0x1000001, SPI_R=0x2000001)
        check(ikes() == {}, "IKE SA is still there")


def scenario_same_spi():
    """two peers behind one address choose one SPI: it stays the first one's"""
    insmod()
    nat = "198.51.100.7"
    with Daemon() as d, charon() as c:
        c.ask("SYNC_END")
        c.ike(1, "x.a.example")
        c.ike(2, "x.b.example")
        check(c.sa(1, 0x2001, pending=True, dst=nat) == 1, "not gold")
        c.child(1, 1, 0x1001, 0x2001)
        for take in (lambda: c.sa(2, 0x2001, pending=True, dst=nat),
                     lambda: c.child(2, 2, 0x1002, 0x2001)):
            try:
                take()
                raise AssertionError("the second one has it")
            except Refused as e:
                check(e.errno == errno.EEXIST, e)
                check(re.search("0x00002001.*x.a.example.*x.b.example",
                                str(e)), e)
            check(sas() == {("192.0.2.1", 0x1001): "gold",
                            (nat, 0x2001): "gold"}, sas())
        check(d.said("0x00002001.*x.a.example.*x.b.example") == 1, d.log())
        c.ask("IKE_DEL", IKE_ID=2, SPI_I=0x1000002, SPI_R=0x2000002)
        check(sas()[nat, 0x2001] == "gold", sas())

        # the first one's IKE SA is rekeyed, then all of it ends
        c.ike(3, "x.a.example")
        check(c.child(3, 1, 0x1001, 0x2001) == 1, "its successor is refused")
        c.ask("IKE_DEL", IKE_ID=1, SPI_I=0x1000001, SPI_R=0x2000001)
        check(sas()[nat, 0x2001] == "gold", sas())
        c.sa_del(0x2001, dst=nat)
        c.ike(2, "x.b.example")
        check(c.sa(2, 0x2001, pending=True, dst=nat) == 2, "it is free")
        check(sas()[nat, 0x2001] == "silver", sas())


def query(*what):
    with command() as q:
        return q.query(*what)


def reload(conf):
    write_conf(conf)
    return query(RELOAD)


def scenario_marks():
    """who wants the same bits of marks is named, and logged once"""
    insmod()
    full = 0xffffffff
    with Daemon() as d, charon() as c:
        c.ike(1, "x.a.example", conn="branch")
        c.ike(2, "stranger.example", conn="other")
        # its group is gold, 0x10/0xff0; the bits below are free
        c.child(1, 1, 0x1001, 0x2001, MARK_IN=(6, full), MARK_OUT=(6, full))
        c.child(1, 2, 0x1002, 0x2002, MARK_OUT=(0x3000, 0xf000))
        # what silver's packets have, of a peer with no group
        c.child(2, 3, 0x1003, 0x2003, MARK_OUT=(0x20, 0xfff))
        c.ask("SYNC_END")

        def disputes():
            return {(p["connection"], ch["spi_in"]): [
                (x["group"], x["bits"]) for x in ch["disputes"]]
                    for p in query(STATUS)["peers"] for ch in p["children"]}

        gold, silver = [("gold", 0xff0)], [("silver", 0xff0)]
        check(disputes() == {("branch", 0x1001): gold, ("branch", 0x1002): [],
                             ("other", 0x1003): silver}, disputes())
        child, = [ch for p in query(STATUS)["peers"] for ch in p["children"]
                  if ch["spi_in"] == 0x1002]
        check(child["marks"] == {"mark_out": {"mark": 0x3000, "mask": 0xf000}},
              child)
        first = "connection branch, CHILD SA net: mark_in and mark_out = " \
                "0x6/0xffffffff wants the bits 0xff0"
        second = "connection other, CHILD SA net: mark_out = 0x20/0xfff"
        text = ipsec_qos("-S", SOCK, "daemon", "status")
        check(text.count(first) == 1 and text.count(second) == 1, text)
        check("mask without them (0x6/0xfffff00f)" in text, text)
        # rekeyed, and with another peer of that connection
        c.child(1, 4, 0x1004, 0x2004, MARK_IN=(6, full), MARK_OUT=(6, full))
        c.ike(5, "y.a.example", conn="branch")
        c.child(5, 5, 0x1005, 0x2005, MARK_IN=(6, full), MARK_OUT=(6, full))
        check(d.said(first) == 1 and d.said(second) == 1, d.log())
        text = ipsec_qos("-S", SOCK, "daemon", "status")
        check(text.count(first) == 1, text)

        # the remedy, for one of the two; what stays is said again
        reload(FIRST.replace("0x10/0xff0", "0x100000/0xf00000")
               .replace("0x20/0xff0", "0x200000/0xf00000"))
        check(disputes()["other", 0x1003] == [], disputes())
        check(disputes()["branch", 0x1001] == [("gold", 0xf00000)], disputes())
        check(d.said("wants the bits 0xf00000") == 1, d.log())

        # and the daemon's own file
        answer = reload(FIRST + "fallback { dscp cs5 { mark = 0x10/0xff0 } }")
        check(answer["warnings"] == [] and len(answer["notes"]) == 1 and
              "group gold" in answer["notes"][0], answer)
        check(d.said("fall-back dscp cs5") == 1, d.log())
        text = ipsec_qos("-S", SOCK, "daemon", "reload")
        check("Warning: ipsec-qosd: " in text and " is in force" in text, text)


def xfrm(verb, spi, *more):
    run("ip", "xfrm", "state", verb, "src", "198.51.100.7", "dst",
        "192.0.2.1", "proto", "esp", "spi", hex(spi), *more)


def scenario_late():
    """what is announced when the kernel has the SA already stays"""
    insmod()
    with Daemon(), charon() as c:
        c.ask("SYNC_END")
        c.ike(4, "y.b.example")
        xfrm("add", 0x5005, "enc", "cipher_null", "", "auth", "digest_null", "")
        check(c.sa(4, 0x5005, pending=True) == 2, "not silver")
        c.child(4, 40, 0x5005, 0x6006)

        def as_installed():
            return {sa["spi"]: (sa["group"], "pending" in sa, "lifetime" in sa)
                    for sa in show("sa")} == {0x5005: ("silver", False, False),
                                              0x6006: ("silver", False, False)}

        eventually("it does not wait for the SA", as_installed)
        xfrm("delete", 0x5005)
        eventually("it goes with the SA", lambda: sas() == {
            ("198.51.100.7", 0x6006): "silver"})


def scenario_again():
    """a charon that connects again ends what it said before"""
    insmod()
    with Daemon() as d, charon() as before:
        state_three(before)
        before.ask("SYNC_END")
        # it hangs, and its queue fills with what is soon not true any more
        before.sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 4 << 20)
        os.kill(d.process.pid, signal.SIGSTOP)
        for i in range(600):
            before.ike(1000 + i, "old%d.a.example" % i, ask=False)
        client = threading.Timer(0.2, os.kill, (d.process.pid, signal.SIGCONT))
        client.start()
        with charon() as c:
            c.ike(2, "x.b.example")
            c.sa(2, 0x1002)
            c.ask("SYNC_END")
            with command() as q:
                status = q.query(STATUS)
            check([p["ike_id"] for p in status["peers"]] == [2],
                  "%d peers" % len(status["peers"]))
            check(status["charon"]["connections"] == 1 and
                  status["charon"]["synced"], status["charon"])
            eventually("swept", lambda: sas() == {
                ("192.0.2.1", 0x1002): "silver"})


def scenario_restarts():
    """daemon, module, charon, in any order: the tables are right in a second"""
    insmod()
    d = Daemon()
    c = charon()
    state_three(c)
    c.ask("SYNC_END")
    check(sas() == THREE and len(ikes()) == 2, sas())

    # the daemon is killed; what is not restated goes, but not before the end
    d.kill()
    c.close()
    check(sas() == THREE, "SIGKILL cost an entry")
    d = Daemon(None)
    check(sas() == THREE, "its restart cost an entry")
    c = charon()
    c.ike(1, "x.a.example")
    c.sa(1, 0x1001)
    check(sas() == THREE and len(ikes()) == 2, "swept before the end")
    c.ask("SYNC_END")
    only = {("192.0.2.1", 0x1001): "gold"}
    eventually("swept", lambda: sas() == only and len(ikes()) == 1)

    # the module goes and comes
    rmmod()
    eventually("said", lambda: d.said("was unloaded") == 1)
    c.ike(2, "x.b.example", ask=False)
    c.sa(2, 0x1002, ask=False)
    insmod()
    eventually("all is back", lambda: sas() == THREE and len(ikes()) == 2)
    for _ in range(5):
        rmmod()
        insmod()
    eventually("all is back", lambda: sas() == THREE and len(ikes()) == 2)

    # the connection ends, and charon lives: nothing goes
    c.close()
    check(sas() == THREE and len(ikes()) == 2, "charon's connection")
    c = charon()
    state_three(c)
    check(sas() == THREE, "while it restates")
    c.ask("SYNC_END")
    eventually("the same", lambda: sas() == THREE and len(ikes()) == 2)

    # everything at once
    d.kill()
    c.close()
    rmmod()
    d = Daemon(None)
    c = charon()
    c.ike(1, "x.a.example", ask=False)
    c.sa(1, 0x1001, ask=False)
    insmod()
    c.ike(2, "x.b.example")
    c.sa(2, 0x1002)
    c.ask("SYNC_END")
    eventually("exactly right", lambda: sas() == THREE and len(ikes()) == 2)
    c.close()
    d.end()
    check(sas() == THREE, "a clean end cost an entry")

    # an identity that has no profile any more, while the daemon was away
    write_conf(FIRST.replace("*.b.example", "*.c.example"))
    d = Daemon(None)
    c = charon()
    check(c.ike(2, "x.b.example") == 0, "its profile")
    check(c.sa(2, 0x1002) == 0, "its SA")
    check(sas() == only, "its entry is still there")
    c.ask("SYNC_END")
    c.close()
    d.end()


def scenario_reload():
    """groups change under SAs that live"""
    insmod()
    with Daemon() as d, charon() as c:
        state_three(c)
        c.ask("SYNC_END")
        answer = reload(FIRST)
        check(answer["reloaded"] and answer["warnings"] == [], answer)
        check(sas() == THREE, "for nothing")

        # a mark changes in place, names swap ids
        reload("""
            group silver { id = 1  mark = 0x30/0xff0 }
            group gold { id = 2  mark = 0x20/0xff0 }
            profile a { identity = "*.a.example"  group = gold }
            profile b { identity = "*.b.example"  group = silver }
        """)
        check(groups() == {"silver": (1, 0x30), "gold": (2, 0x20)}, groups())
        check(sas() == THREE, sas())

        # a group goes, another comes with its name, a profile goes
        reload("""
            group gold { id = 7  mark = 0x70/0xff0 }
            profile a { identity = "*.a.example"  group = gold }
        """)
        check(groups() == {"gold": (7, 0x70)}, groups())
        check(sas() == {("192.0.2.1", 0x1001): "gold"}, sas())
        check(list(ikes().values()) == ["gold"], ikes())

        # a broken file changes nothing and says where
        before = groups(), sas(), ikes()
        try:
            reload("group gold { id = 7  mark = 0x70/0xff0 }\nprofle a { }\n")
            raise AssertionError("a broken file")
        except Refused as e:
            check(str(e).startswith(CONF + ":2:"), e)
        with command() as q:
            check(CONF + ":2:" in q.query(STATUS)["config"]["error"], "status")
        d.process.send_signal(signal.SIGHUP)
        d.await_ready()
        check((groups(), sas(), ikes()) == before, "something changed")

        # SIGHUP does the same
        write_conf(FIRST)
        d.process.send_signal(signal.SIGHUP)
        d.await_ready()
        eventually("as at first", lambda: sas() == THREE)

        # somebody uses a group that goes
        ipsec_qos("sa", "add", "dst", "203.0.113.1", "spi", "0x5000", "group",
                  "silver")
        answer = reload("""
            group gold { id = 1  mark = 0x10/0xff0 }
            profile a { identity = "*.a.example"  group = gold }
        """)
        check(set(groups()) == {"gold", "silver"}, groups())
        check(d.said("stays while entries made by hand use it") == 1, d.log())
        check(("203.0.113.1", 0x5000) in sas(), "it took it away")
        ipsec_qos("sa", "del", "dst", "203.0.113.1", "spi", "0x5000")
        reload(FIRST)

        # a policy whose device is not there is said, and the rest is in force
        answer = reload(FIRST + """
            policy wan { device = "eht1"  rate = "10mbit" }
        """)
        check(answer["warnings"] == ["policy wan is not in force on eht1: no "
                                     "device: there is no device eht1"], answer)
        said = run(COMMAND_BIN, "-S", SOCK, "daemon", "reload")
        check("Warning: ipsec-qosd: policy wan is not in force" in said and
              "not all of it is in force" in said, said)

        # somebody's group has our name: said once, the others work
        reload("group gold { id = 1  mark = 0x10/0xff0 }\n"
               "profile a { identity = \"*.a.example\"  group = gold }\n")
        ipsec_qos("group", "add", "silver", "id", "9", "mark", "0x90/0xff0")
        answer = reload(FIRST)
        check(len(answer["warnings"]) == 1 and
              "group silver is refused" in answer["warnings"][0], answer)
        check(sas() == {("192.0.2.1", 0x1001): "gold"}, sas())
        said = d.said("group silver is refused")
        ipsec_qos("group", "del", "silver")
        eventually("tried again", lambda: sas() == THREE, 5)
        check(said == 1 and d.said("group silver is refused") == 1, d.log())


def show_status():
    return json.loads(ipsec_qos("-j", "status"))


class Monitor:
    """What ipsec-qos monitor tells, from now on."""

    def __init__(self):
        self.process = subprocess.Popen([COMMAND_BIN, "monitor"],
                                        stdout=subprocess.PIPE, text=True)
        # it listens once it tells of something
        for i in range(100):
            ipsec_qos("group", "replace", "probe", "id", "99", "mark",
                      "%d/0xf" % (i % 16))
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                break
        self.process.stdout.readline()

    def end(self):
        """All that it told."""
        ipsec_qos("group", "del", "probe")
        lines = []
        for line in self.process.stdout:
            if line.startswith("del group probe "):
                break
            lines.append(line)
        else:
            raise AssertionError("the monitor ended before the test did")
        self.process.kill()
        self.process.wait()
        return lines


def gone(lines):
    return [line for line in lines if re.match(r"(del|expire) (sa|ike) ", line)]


def scenario_renumbered():
    """other ids where the ceiling has room for the old groups alone"""
    insmod()
    few = "settings { max-groups = 3 }\n"    # with the monitor's
    with Daemon(few + FIRST) as d, charon() as c:
        state_three(c)
        c.ask("SYNC_END")
        monitor = Monitor()
        answer = reload(few + FIRST.replace("id = 1 ", "id = 3 ")
                        .replace("id = 2 ", "id = 4 "))
        check(not answer["warnings"], answer)
        check(sas() == THREE and len(ikes()) == 2, sas())
        check(groups()["gold"] == (3, 0x10) and groups()["silver"] == (4, 0x20)
              and len(groups()) == 3, groups())
        lines = monitor.end()
        check(not gone(lines), gone(lines))
        check(show_status()["ceilings"]["groups"] == 3, show_status())
        check(d.said("refused") == 0, d.log())


def scenario_refused_groups():
    """SAs keep the group that they have while their new one is refused"""
    insmod()
    with Daemon() as d, charon() as c:
        state_three(c)
        c.ask("SYNC_END")
        for i, name in enumerate(("tin", "lead")):
            ipsec_qos("group", "add", name, "id", str(100 + i), "mark",
                      "%d/0xf000" % ((i + 1) << 12))
        monitor = Monitor()
        resyncs = query(STATUS)["resyncs"]
        answer = reload("""
            group tin { id = 11  mark = 0x10/0xff0 }
            group lead { id = 12  mark = 0x20/0xff0 }
            profile a { identity = "*.a.example"  group = tin }
            profile b { identity = "*.b.example"  group = lead }
        """)
        for name in ("tin", "lead"):
            check(sum("group %s is refused" % name in w
                      for w in answer["warnings"]) == 1, answer)
        # both are said once, however often they are tried again
        eventually("tried again", lambda: d.said("is tried again") >= 3, 10)
        for name in ("tin", "lead"):
            check(d.said("group %s is refused" % name) == 1, d.log())
        check(d.said("put back") == 0, d.log())
        check(sas() == THREE and len(ikes()) == 2, sas())
        check(query(STATUS)["resyncs"] == resyncs, "a generation was closed")
        lines = monitor.end()
        check(not gone(lines), gone(lines))

        # one of them goes, the other is not forgotten
        ipsec_qos("group", "del", "tin")
        check(len(query(RELOAD)["warnings"]) == 1, "warnings")
        check(sas() == dict(zip(THREE, ("tin", "silver"))), sas())
        check(d.said("group lead is refused") == 1, d.log())
        ipsec_qos("group", "del", "lead")
        check(query(RELOAD)["warnings"] == [], "warnings")
        check(sas() == dict(zip(THREE, ("tin", "lead"))), sas())
        check(d.said("as they should be again") == 1, d.log())
        check(set(groups()) == {"tin", "lead"}, groups())


def scenario_reload_without_gap():
    """a reload under SAs: no moment without an entry"""
    insmod()
    other = FIRST.replace("group = gold", "group = X") \
                 .replace("group = silver", "group = gold") \
                 .replace("group = X", "group = silver")
    with Daemon(), charon() as c:
        c.ike(1, "x.a.example")
        for i in range(500):
            c.sa(1, 0x10000 + i, ask=False)
        c.ask("SYNC_END")
        monitor = Monitor()
        for i in range(4):
            start = time.monotonic()
            reload(FIRST if i % 2 else other)
            took = time.monotonic() - start
            check(set(sas().values()) == {"gold" if i % 2 else "silver"},
                  "reload %d" % i)
            check(took < 1 * SLOW, "reload took %.2f s" % took)
        lines = monitor.end()
        moved = sum(line.startswith("change sa ") for line in lines)
        check(moved >= 4 * 500, "it told of %d moves" % moved)
        check(not gone(lines), gone(lines)[:3])


def scenario_ceiling():
    """SAs above the kernel's ceiling: refused, said once, tried again"""
    insmod()
    conf = "settings { max-sas = 100 }\n" + FIRST
    with Daemon(conf) as d, charon() as c:
        c.ask("SYNC_END")
        c.ike(1, "x.a.example")
        ipsec_qos("sa", "add", "dst", "203.0.113.1", "spi", "0x5000", "group",
                  "gold")
        # strangers need no room there
        c.ike(2, "stranger.example")
        for i in range(200):
            c.sa(2, 0x20000 + i)
        for i in range(99):
            c.sa(1, 0x10000 + i)
        check(len(sas()) == 100, len(sas()))
        for i in range(99, 110):
            try:
                c.sa(1, 0x10000 + i)
                raise AssertionError("above the ceiling")
            except Refused:
                pass
        check(d.said("an SA is refused:.*tried again") == 1, d.log())
        ipsec_qos("sa", "del", "dst", "203.0.113.1", "spi", "0x5000")
        eventually("one more", lambda: len(sas()) == 100, 10)
        for i in range(90):
            c.sa_del(0x10000 + i)
        eventually("the others", lambda: len(sas()) == 20, 20)
        check(d.said("an SA is refused:.*tried again") == 1, d.log())
        eventually("said", lambda: d.said("as they should be again") == 1)
        check(d.said("put back") == 0, d.log())


def scenario_meddler():
    """what somebody removes or changes by hand is put back"""
    insmod()
    with Daemon() as d, charon() as c:
        state_three(c)
        check(c.sa(1, 0x1004, pending=True) == 1, "pending")
        for spi in (0x1001, 0x1002, 0x1005):
            xfrm("add", spi, "enc", "cipher_null", "", "auth", "digest_null",
                 "")
        c.sa(1, 0x1005)
        c.ask("SYNC_END")
        whole = sas(), ikes(), groups()
        check(len(whole[0]) == 4 and len(whole[1]) == 2, whole)

        def is_whole():
            return (sas(), ikes(), groups()) == whole

        check(d.said("they are put back") == 0, d.log())
        for meddle in (
                "group change gold mark 0x50/0xff0",
                "group change silver name zinc",
                "sa flush", "ike flush", "sa flush group gold",
                "sa change dst 192.0.2.1 spi 0x1001 group silver",
                "sa del dst 192.0.2.1 spi 0x1004"):
            ipsec_qos(*meddle.split())
            eventually(meddle, is_whole, 2)
            eventually("said once", lambda: d.said("they are put back") == 1)

        # a second one who wants the same daemon's entries otherwise: no storm
        before = d.cpu()
        end = time.monotonic() + 4
        while time.monotonic() < end:
            ipsec_qos("sa", "flush")
        check(d.cpu() - before < 0.5 * SLOW, "it spins")
        eventually("whole", is_whole, 2)

        # what goes with the kernel's SA is gone, one by one or all at once
        xfrm("delete", 0x1005)
        eventually("gone", lambda: ("192.0.2.1", 0x1005) not in sas())
        ipsec_qos("ike", "flush")
        eventually("the IKE SAs", lambda: ikes() == whole[1], 2)
        check(("192.0.2.1", 0x1005) not in sas(), "it came back")
        run("ip", "xfrm", "state", "flush")
        only = {("192.0.2.1", 0x1004): "gold"}
        eventually("gone", lambda: sas() == only)
        ipsec_qos("ike", "flush")
        eventually("the IKE SAs", lambda: ikes() == whole[1], 2)
        check(sas() == only, "they came back")

        # when all is stated anew, too, until charon states them
        check(query(RELOAD)["warnings"] == [], "warnings")
        check(sas() == only, "they came back with a reload")
        ipsec_qos("group", "change", "gold", "mark", "0x50/0xff0")
        eventually("the groups", lambda: groups() == whole[2], 2)
        check(sas() == only, "they came back with a group")
        xfrm("add", 0x1001, "enc", "cipher_null", "", "auth", "digest_null", "")
        c.sa(1, 0x1001)
        only["192.0.2.1", 0x1001] = "gold"
        check(sas() == only, sas())
        xfrm("delete", 0x1001)


def scenario_many():
    """20,000 SAs stated, and again by a daemon that was killed"""
    insmod()
    n = 20000
    d = Daemon()

    def state():
        c = charon()
        start = time.monotonic()
        c.ike(1, "x.a.example", ask=False)
        for i in range(n):
            c.sa(1, 0x10000 + i, ask=False)
        c.ask("SYNC_END")
        print("  %d SAs in %.1f s" % (n, time.monotonic() - start))
        # while it writes them all once more, others are answered
        with command() as q:
            q.send("QUERY", QUERY=RELOAD)
            times = []
            q.sock.setblocking(False)
            while True:
                start = time.monotonic()
                c.ike(2, "x.b.example")
                times.append(time.monotonic() - start)
                try:
                    q.sock.recv(20000)
                    break
                except BlockingIOError:
                    pass
        check(len(times) >= 5, "only %d answers in a reload" % len(times))
        check_prompt(times)
        return c

    c = state()
    check(d.said("were lost") == 0, "it missed what it was told")
    d.kill()
    c.close()
    d = Daemon(None)
    c = state()
    check(d.said("were lost") == 0, "it missed what it was told")
    status = json.loads(ipsec_qos("-j", "status"))
    check(status["sas"] == n, status)
    c.close()
    d.end()

if __name__ == "__main__":
    sys.exit(main(globals()))
