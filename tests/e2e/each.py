#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: -t 600
# once: it is the daemon's doing, whatever the kernel is
"""
each.py [SCENARIO...] - a group for each peer of a profile

A stand-in for charon's plugin says who comes and goes; the command shows which groups
the module then has, and who is in them. As daemon_feed.py.
"""
import errno
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from feed_client import (PEERS, PROFILES, RELOAD, SAS, STATUS, TEST,  # noqa: E402
                         Refused)
from qosd import (COMMAND_BIN, LEASES, SLOW, SOCK, Daemon, charon, check,  # noqa: E402
                  check_prompt, command, eventually, groups, ikes, insmod, ipsec_qos, main,
                  rmmod, run, sas, show, write_conf)

ID_KEY_ID = 11
ID_FQDN = 2


def conf(marks="0x40000000-0x5000000f/0x500f000f", more="ids = 4001 linger = 3"):
    """One where each peer that proves NAME@ship.example has a group"""
    return """
group gold { id = 1  mark = 0x100/0x500f010f }
profile a { identity = "*.a.example"  group = gold }
profile crew { eap-identity = "*@ship.example"
	each { marks = "%s" %s } }
""" % (marks, more)


def sailor(client, ike_id, name, claimed=None, proof="eap", **more):
    """One comes; its group's id. By default its IKE identity says nothing."""
    proofs = [(ID_FQDN, 1, "claimed", "eap-md5", (claimed or "any").encode()),
              (ID_KEY_ID, 1, proof, "eap-md5", name.encode())]
    return client.ike(ike_id, None, proofs=proofs, **more)


def gone(client, ike_id):
    client.ask("IKE_DEL", IKE_ID=ike_id, SPI_I=0x1000000 + ike_id,
               SPI_R=0x2000000 + ike_id)


def ids():
    """Which groups of the range the module has"""
    return sorted(i for i, _ in groups().values() if i >= 4000)


def known(status=None):
    with command() as q:
        return q.query(STATUS)["ranges"][0]


def scenario_own():
    """each peer its own, before its first SA, and the same when it comes again"""
    insmod()
    with Daemon(conf()), charon() as c:
        c.ask("SYNC_END")
        check(ids() == [4272], "the group of those that find none: %s" % ids())
        check(sailor(c, 1, "ann@ship.example") == 4001, "not the first")
        check(sailor(c, 2, "bob@ship.example") == 4002, "not the second")
        check(groups()["crew.4002"] == (4002, 0x40000001), groups())
        check(c.sa(1, 0x1001, pending=True) == 4001, "SA not hers")
        check(c.sa(2, 0x1002, pending=True) == 4002, "SA not his")
        check(sas() == {("192.0.2.1", 0x1001): "crew.4001",
                        ("192.0.2.1", 0x1002): "crew.4002"}, sas())
        # a second device of hers, in capitals, and one of nobody's
        check(sailor(c, 3, "ANN@Ship.Example", remote="203.0.113.9") == 4001,
              "two limits for one user")
        check(sailor(c, 4, "eve@shore.example") == 0, "a stranger has a group")
        check(c.ike(5, "x.a.example") == 1, "not gold")
        # reauthenticated: the new one comes before the old one goes
        check(sailor(c, 6, "bob@ship.example") == 4002, "not the same")
        gone(c, 2)
        check(c.sa(6, 0x1003) == 4002, "not the same")
        check(ids() == [4001, 4002, 4272], ids())
        # gone, and back: the group stays for three seconds
        gone(c, 6)
        gone(c, 3)
        check(4002 in ids(), "it went before its SAs")
        c.sa_del(0x1002)
        c.sa_del(0x1003)
        start = time.monotonic()
        eventually("his group goes", lambda: ids() == [4001, 4272], 3 + 2)
        check(time.monotonic() - start > 2, "too soon")
        check(sailor(c, 7, "cid@ship.example") == 4003, "another's while there are more")
        check(sailor(c, 8, "bob@ship.example") == 4002, "he does not find his own")
        check(ids() == [4001, 4002, 4003, 4272], ids())
        with command() as q:
            p = [p for p in q.query(PROFILES) if p["name"] == "crew"][0]
            check(p["group"] is None and p["each"]["first_id"] == 4001 and
                  p["each"]["last_id"] == 4272 and p["each"]["overflow"] == "crew.4272",
                  p)
            test = q.query(TEST, "x\x1feap=ann@ship.example")
            check(test["profile"] == "crew" and test["each"]["last_mark"] == 0x5000000f,
                  test)
        text = ipsec_qos_at("daemon", "status")
        check("crew: 3 of 271 groups used" in text, text)
        text = ipsec_qos_at("profile", "show")
        check("each of 4001-4272" in text, text)


def ipsec_qos_at(*words):
    return ipsec_qos("-S", SOCK, *words)


def scenario_unproved():
    """who only claims to be another has neither that one's group nor one of its own"""
    insmod()
    text = conf().replace('eap-identity = "*@ship.example"', 'connection = "c*"')
    with Daemon(text) as d, charon() as c:
        c.ask("SYNC_END")
        check(sailor(c, 1, "ann@ship.example") == 4001, "not her own")
        # an EAP user who claims her name as his IKE identity
        check(sailor(c, 2, "mal@ship.example", claimed="ann@ship.example") == 4002,
              "not his own")
        # and two who prove nothing: their method does not check names
        for i in 3, 4:
            check(sailor(c, i, "ann@ship.example", proof="claimed") == 4272, "not the others'")
        check(d.said("nothing that it says of itself is proved") == 1, d.log())
        check(known()["unproved"] == 2 and known()["used"] == 2, known())
        with command() as q:
            peer = [p for p in q.query(STATUS)["peers"] if p["ike_id"] == 4][0]
            check(peer["shared"] == "unproved" and peer["group"] == "crew.4272", peer)
        text = ipsec_qos_at("daemon", "status")
        check("2 that prove nothing" in text, text)


def scenario_full():
    """a range that is full refuses nobody, and who went longest ago gives way"""
    insmod()
    # 4001 to 4004, the last for those that find none
    with Daemon(conf("0x40000001-0x40000004/0x500f000f")) as d, charon() as c:
        c.ask("SYNC_END")
        for i in range(1, 4):
            check(sailor(c, i, "s%d@ship.example" % i) == 4000 + i, "not its own")
            c.sa(i, 0x1000 + i)
        for i in 4, 5:
            check(sailor(c, i, "s%d@ship.example" % i) == 4004, "not the common one")
            check(c.sa(i, 0x1000 + i) == 4004, "SA not in the common one")
        check(d.said("as many peers as it may have") == 1, d.log())
        check(known()["full"] == 2 and known()["used"] == 3, known())
        # his SAs' entries may still be on their way out when another comes
        gone(c, 3)
        c.send("SA_DEL", DST="192.0.2.1", SPI=0x1003, PROTO=50)
        gone(c, 2)
        c.send("SA_DEL", DST="192.0.2.1", SPI=0x1002, PROTO=50)
        # who waits for longest has that of the first to go
        eventually("those who share move", lambda: (
            sas()["192.0.2.1", 0x1004], sas()["192.0.2.1", 0x1005]) ==
            ("crew.4003", "crew.4002"))
        check(known()["full"] == 0, known())
        check(sailor(c, 6, "s6@ship.example") == 4004, "there is none left")
        check(known()["full"] == 1, known())
        check(d.said("somebody removed or changed") == 0, d.log())


def scenario_counters():
    """another peer's group begins with nothing"""
    insmod()
    with Daemon(conf("0x40000001-0x40000002/0x500f000f", "ids = 4001 overflow = none")) \
            as d, charon() as c:
        c.ask("SYNC_END")
        check(sailor(c, 1, "s1@ship.example") == 4001, "not its own")
        check(sailor(c, 2, "s2@ship.example") == 4002, "not its own")
        check(sailor(c, 3, "s3@ship.example") == 0, "overflow = none")
        check(d.said("further ones are in no group") == 1, d.log())
        check(ikes()["%016x" % 0x1000001, "%016x" % 0x2000001] == "crew.4001", ikes())
        gone(c, 2)
        eventually("who had none has it", lambda: ikes().get(
            ("%016x" % 0x1000003, "%016x" % 0x2000003)) == "crew.4002")
        check(d.said("group 4002 is eap:s3@ship.example") == 1, d.log())
        group = [g for g in show("group") if g["id"] == 4002][0]
        check(group["ikes"] == 1, group)
        check(d.said("somebody removed or changed") == 0, d.log())


def scenario_by_ike():
    """per = ike-sa: a group for each device"""
    insmod()
    with Daemon(conf(more="ids = 4001 per = ike-sa")), charon() as c:
        c.ask("SYNC_END")
        phone = sailor(c, 1, "ann@ship.example", port=4500)
        laptop = sailor(c, 2, "ann@ship.example", port=4501)
        check([phone, laptop] == [4001, 4002], "one for both")
        # rekeyed or authenticated again, while the old IKE SA is there
        check(sailor(c, 3, "ann@ship.example", port=4501) == laptop, "a third")
        gone(c, 2)
        check(c.sa(3, 0x1003) == laptop, "moved")
        # it moves, and is stated again
        check(sailor(c, 3, "ann@ship.example", remote="203.0.113.5", port=1) == laptop,
              "moved")


def scenario_restarts():
    """a daemon that is killed while ten come and go, and one without its file"""
    insmod()
    d = Daemon(conf())
    c = charon()
    c.ask("SYNC_END")
    has = {}
    for i in range(10):
        has[i] = sailor(c, i, "s%d@ship.example" % i)
        c.sa(i, 0x1000 + i)
    for i in range(0, 10, 3):
        gone(c, i)
        c.sa_del(0x1000 + i)
    for i in range(10, 15):
        has[i] = sailor(c, i, "s%d@ship.example" % i)
    # the thread that writes has its turn
    eventually("remembered", lambda: open(LEASES, encoding="ascii").read()
               .count("\n") >= 15)
    d.kill()
    c.close()
    with Daemon(None) as d:
        with charon() as c:
            for i in list(range(1, 15, 3)) + list(range(20, 25)):
                mine = sailor(c, i, "s%d@ship.example" % i)
                check(mine == has.get(i, mine), "%d has %d, before %d" %
                      (i, mine, has.get(i, 0)))
                check(i in has or mine not in has.values(), "another's")
                check(c.sa(i, 0x1000 + i) == mine, "SA")
            c.ask("SYNC_END")
            check(sailor(c, 0, "s0@ship.example") == has[0], "not found again")
            # those that never came back linger, and go
            live = set(has[i] for i in (0, 1, 4, 7, 10, 13))
            eventually("the others go", lambda: set(ids()) & set(has.values()) == live, 9)
        d.kill()
    # without its file it knows nobody, but gives no group to others that the kernel has
    os.unlink(LEASES)
    before = set(ids())
    with Daemon(None) as d, charon() as c:
        check(sailor(c, 40, "new@ship.example") not in before - {4272}, "another's")
        # those that say whose they are go on in another group: nobody knows better
        check(sailor(c, 1, "s1@ship.example") not in before, "another's")
        c.sa(1, 0x1001)
        c.ask("SYNC_END")
        eventually("what nobody has goes", lambda: not set(ids()) & before - {4272})
        check(len(sas()) == 1, sas())
        # the module comes anew
        rmmod()
        insmod()
        eventually("its group is back", lambda: len(sas()) == 1)
        check(len(ids()) == 3, ids())
        check(d.said("somebody removed or changed") == 0, d.log())
        # and what somebody removes is put back
        ipsec_qos("sa", "flush")
        ipsec_qos("ike", "flush")
        ipsec_qos("group", "del", "id", str(min(ids())))
        eventually("put back", lambda: len(ids()) == 3 and len(sas()) == 1, 3)


def scenario_charon_is_late():
    """a daemon that is back before charon: nobody loses a group, nor has another's"""
    insmod()
    d = Daemon(conf("0x40000001-0x40000004/0x500f000f", "ids = 4001 linger = 1"))
    with charon() as c:
        c.ask("SYNC_END")
        for i in range(1, 4):
            check(sailor(c, i, "s%d@ship.example" % i) == 4000 + i, "not its own")
            c.sa(i, 0x1000 + i)
        before = sas()
        eventually("remembered", lambda: os.path.exists(LEASES) and
                   open(LEASES, encoding="ascii").read().count("\n") == 3)
        d.kill()
    with Daemon(None) as d:
        check(known()["lingering"] == 3, known())
        eventually("they have lingered", lambda: known()["lingering"] == 0, 3)
        check(sas() == before, sas())
        d.kill()
    with Daemon(None) as d, charon() as c:
        check(sailor(c, 9, "s9@ship.example") == 4004, "another's")
        for i in 3, 2:
            check(sailor(c, i, "s%d@ship.example" % i) == 4000 + i, "not its own")
            c.sa(i, 0x1000 + i)
        check(sas() == before, sas())
        c.ask("SYNC_END")
        # the first of them is gone for certain
        eventually("the newcomer has its place", lambda: known()["full"] == 0)
        eventually("its SA is gone", lambda: len(sas()) == 2)
        check(ids() == [4001, 4002, 4003, 4004], ids())


def scenario_reload():
    """a range that is changed, and a group instead of one"""
    insmod()
    with Daemon(conf()) as d, charon() as c, command() as q:
        c.ask("SYNC_END")
        for i in range(1, 6):
            sailor(c, i, "s%d@ship.example" % i)
            c.sa(i, 0x1000 + i)
        # other marks under the same ids: nobody moves
        write_conf(conf("0x40000002-0x50000006/0x5000000f"))
        q.query(RELOAD)
        check(ids() == [4001, 4002, 4003, 4004, 4005, 4021], ids())
        check(groups()["crew.4005"] == (4005, 0x40000006), groups())
        # fewer: two of five find one of their own
        write_conf(conf("0x40000001-0x40000003/0x500f000f"))
        q.query(RELOAD)
        eventually("three share", lambda: sorted(sas().values()) ==
                   ["crew.4001", "crew.4002"] + 3 * ["crew.4003"])
        check(ids() == [4001, 4002, 4003], ids())
        # all in one group, and each its own again
        write_conf(conf().replace("profile crew {", "profile crew { group = gold } #"))
        try:
            q.query(RELOAD)
        except Refused:
            pass
        write_conf("""
group gold { id = 1  mark = 0x10/0xff0 }
profile crew { eap-identity = "*@ship.example"  group = gold }
""")
        q.query(RELOAD)
        check(set(sas().values()) == {"gold"} and ids() == [], sas())
        write_conf(conf())
        q.query(RELOAD)
        check(len(set(sas().values())) == 5, sas())
        check(d.said("somebody removed or changed") == 0, d.log())


def scenario_at_once():
    """200 come at once: each is answered within what charon waits"""
    insmod()
    with Daemon(conf("0x1-0xfff/0x500f0fff").replace("0x100/0x500f010f", "0x10000000/0x500f0fff")), charon() as c:
        c.ask("SYNC_END")
        times = []
        for i in range(200):
            start = time.monotonic()
            check(sailor(c, i, "s%d@ship.example" % i) == 4001 + i, "not its own")
            c.sa(i, 0x1000 + i, pending=True)
            times.append(time.monotonic() - start)
        check_prompt(times)
        check(len(ids()) == 201, len(ids()))


def listener():
    client = command()
    client.listen()
    return client


def told(client, event, **members):
    """The next event is this one, with these members"""
    got = client.event()
    check(got and got["event"] == event and
          all(got[name] == value for name, value in members.items()), (event, members, got))
    return got


def send_esp(spi, n):
    """Packets of 120 bytes of an SA to this host: its loopback device counts each twice"""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, 50) as sock:
        for i in range(n):
            sock.sendto(struct.pack("!II", spi, i + 1) + bytes(92), ("192.0.2.1", 0))


def counted(group):
    """What a group has by now"""
    return [g for g in show("group") if g["name"] == group][0]["counters"]


def esp(n):
    """That of n packets of send_esp()"""
    some, none = {"packets": n, "bytes": 120 * n}, {"packets": 0, "bytes": 0}
    return {"esp_in": some, "esp_out": some, "ike_in": none, "ike_out": none,
            "clear_in": none, "clear_out": none}


def scenario_events():
    """that peers come and go is told to who listens, with what they had counted"""
    insmod()
    run("ip", "link", "set", "lo", "up")
    run("ip", "addr", "replace", "192.0.2.1/32", "dev", "lo")
    ann = {"identity": "eap:ann@ship.example", "own": True, "group": "crew.4001",
           "profile": "crew"}
    with Daemon(conf(more="ids = 4001 linger = 60")) as d, charon() as c:
        c.ask("SYNC_END")
        with listener() as l:
            before = time.time()
            sailor(c, 1, "Ann@ship.example", conn="ship")
            event = told(l, "connect", ike_id=1, connection="ship", local="192.0.2.1",
                         local_port=500, remote="198.51.100.7", remote_port=500, **ann)
            check(before - 1 < event["time"] < time.time() + 1, event)
            check([(i["identity"], i["proof"]) for i in event["identities"]] ==
                  [("any", "claimed"), ("keyid:Ann@ship.example", "eap")], event)
            c.sa(1, 0x1001)
            send_esp(0x1001, 7)
            # rekeyed, authenticated again, on another device, moved: she is there
            sailor(c, 2, "ann@ship.example")
            c.sa(2, 0x1001)
            c.sa(2, 0x1002)
            gone(c, 1)
            sailor(c, 3, "ann@ship.example", remote="203.0.113.9", port=4500)
            gone(c, 2)
            c.sa_del(0x1001)
            send_esp(0x1002, 5)
            c.sa_del(0x1002)
            # and nothing of it was told before this
            check(sailor(c, 4, "bob@ship.example") == 4002, "not his own")
            told(l, "connect", ike_id=4, group="crew.4002")
            check(counted("crew.4001") == esp(12), show("group"))
            gone(c, 3)
            event = told(l, "disconnect", **{"ike_id": 3, "remote": "203.0.113.9",
                                             "remote_port": 4500, "from": "connect", **ann})
            check(0 < event["duration"] < 10 * SLOW, event)
            check(event["counters"] == esp(12), event)
            # her group lingers, and counts for her from now on
            sailor(c, 5, "ann@ship.example")
            told(l, "connect", ike_id=5, **ann)
            c.sa(5, 0x1005)
            send_esp(0x1005, 3)
            c.sa_del(0x1005)
            gone(c, 5)
            told(l, "disconnect", ike_id=5, counters=esp(3), **ann)
            check(counted("crew.4001") == esp(15), show("group"))
            # those with no group of their own, by IKE SA; one that charon initiates is
            # stated before anything is proved
            strange = [(ID_FQDN, 1, "claimed", "psk", b"eve.shore.example")]
            c.ike(6, None, proofs=strange)
            c.sa(6, 0x1006, pending=True)
            c.ike(7, "x.a.example")
            told(l, "connect", ike_id=7, identity="fqdn:x.a.example", own=False, group="gold",
                 profile="a")
            c.ike(6, "eve.shore.example")
            told(l, "connect", ike_id=6, identity="fqdn:eve.shore.example", own=False,
                 group=None, profile=None)
            c.ike(8, None, proofs=strange)
            c.child(8, 8, 0x1008, 0x2008)
            told(l, "connect", ike_id=8, identity=None)
            gone(c, 7)
            event = told(l, "disconnect", ike_id=7, identity="fqdn:x.a.example", group="gold")
            check(event["counters"] is None, event)
            # SAs that live on
            gone(c, 8)
            gone(c, 4)
            told(l, "disconnect", ike_id=4, group="crew.4002")
            c.sa_del(0x1008)
            c.sa_del(0x2008, dst="198.51.100.7")
            told(l, "disconnect", ike_id=8)
            # what charon had before the daemon is no news, and what it had counted is not
            sailor(c, 9, "ann@ship.example")
            told(l, "connect", ike_id=9)
            c.sa(9, 0x1009)
            send_esp(0x1009, 4)
            check(d.said("is disconnected") == 0, d.log())
            d.kill()
            check(l.event() is None, "more than there was")
        c.close()
    with Daemon(None), charon() as c, listener() as l:
        sailor(c, 9, "ann@ship.example")
        told(l, "known", ike_id=9, **ann)
        c.ike(6, "eve.shore.example")
        told(l, "known", ike_id=6, own=False)
        c.sa(9, 0x1009)
        c.ask("SYNC_END")
        send_esp(0x1009, 6)
        c.sa_del(0x1009)
        gone(c, 9)
        told(l, "disconnect", **{"from": "known", "counters": esp(6), **ann})
        # he is there when charon begins anew, and so nothing is told
        check(sailor(c, 10, "bob@ship.example") == 4002, "not his own")
        told(l, "connect", ike_id=10)
        c.ask("SYNC_START")
        sailor(c, 10, "bob@ship.example")
        c.ask("SYNC_END")
        told(l, "disconnect", ike_id=6)
        # a configuration without his range, and with it again
        write_conf(conf().replace("*@ship.example", "*@boat.example"))
        with command() as q:
            q.query(RELOAD)
            told(l, "disconnect", own=True, identity="eap:bob@ship.example")
            told(l, "connect", own=False, identity="eap:bob@ship.example", group=None)
            write_conf(conf())
            q.query(RELOAD)
            told(l, "disconnect", own=False, identity="eap:bob@ship.example")
            told(l, "connect", own=True, identity="eap:bob@ship.example")


def scenario_monitor():
    """the same as the command prints it; it ends with the daemon"""
    insmod()
    with Daemon(conf()) as d, charon() as c:
        c.ask("SYNC_END")
        outputs = []
        for words in (["-j", "monitor", "peer"], ["monitor", "peer"], ["-j", "monitor"],
                      ["-t", "monitor", "peer", "group"]):
            outputs.append(subprocess.Popen([COMMAND_BIN, "-S", SOCK] + words,
                                            stdout=subprocess.PIPE,
                                            stderr=subprocess.PIPE, text=True))
        lines = [[] for _ in outputs]
        for i, output in enumerate(outputs):
            os.set_blocking(output.stdout.fileno(), False)

        def read():
            for output, to in zip(outputs, lines):
                to.extend(output.stdout.readlines())

        # a monitor is there when it has seen something
        def all_see():
            sailor(c, 1, "ann@ship.example")
            gone(c, 1)
            read()
            return all(any("disconnect" in line for line in to) for to in lines)
        eventually("all see her", all_see, 5)
        sailor(c, 2, "bob@ship.example")
        gone(c, 2)

        def see_him():
            read()
            return all(any("disconnect" in line and "bob" in line for line in to)
                       for to in lines)
        eventually("all see him", see_him, 5)
        events = [json.loads(line) for line in lines[0]]
        check({e["object"] for e in events} == {"peer"}, lines[0])
        check(events[-2]["event"] == "connect" and events[-1]["event"] == "disconnect" and
              events[-1]["identity"] == "eap:bob@ship.example" and
              events[-1]["counters"]["esp_in"] == {"packets": 0, "bytes": 0} and
              "time" not in events[-1], events)
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d",
                           events[-1]["timestamp"]), events[-1])
        check(re.fullmatch(r"disconnect peer eap:bob@ship.example group crew.4002 \(its own\) "
                           r"profile crew connection conn ike-id 2 local 192.0.2.1 port 500 "
                           r"remote 198.51.100.7 port 500 after 00:00:0\d\n",
                           lines[1][-1]), lines[1])
        check({"peer", "group", "ike"} <= {json.loads(line)["object"] for line in lines[2]},
              lines[2])
        check(all(line[0] == "[" for line in lines[3]) and
              any(" new group crew.4002" in line for line in lines[3]), lines[3])
        check(all(output.poll() is None for output in outputs), "one has ended")
        d.end()
        for i in 0, 1, 3:
            check(outputs[i].wait(5 * SLOW) == 2 and outputs[i].stderr.read() ==
                  "Error: ipsec-qosd: the daemon has ended, and with it its events\n", i)
        # what is the kernel's goes on
        ipsec_qos("group", "add", "mine", "id", "7", "mark", "0x200/0xf00")
        eventually("the kernel's events", lambda: read() or any(
            '"mine"' in line for line in lines[2]))
        outputs[2].terminate()
        outputs[2].wait()
        check("not shown any more" in outputs[2].stderr.read(), "no note")
    done = subprocess.run([COMMAND_BIN, "-S", SOCK, "monitor", "peer"], check=False,
                          stderr=subprocess.PIPE, text=True)
    check(done.returncode == 2 and "the daemon is not running" in done.stderr, done)


def scenario_deaf_listener():
    """one that does not read misses events, and nobody waits for it"""
    insmod()
    n = 6000
    with Daemon(conf("0x1-0x3fff/0x500f3fff").replace("0x100/0x500f010f", "0x10000000/0x500f3fff")) as d, \
            charon() as c:
        c.ask("SYNC_END")
        listeners = [listener() for _ in range(16)]
        try:
            listener()
            raise AssertionError("a 17th listens")
        except Refused as e:
            check(e.errno == errno.EBUSY and "listen already" in str(e), e)
        listeners.pop().close()
        eventually("room again", lambda: can_listen(listeners))
        deaf, *others = listeners
        for other in others:
            other.close()
        before = daemon_kib(d)
        times = []
        for i in range(n):
            c.ike(i, "s%d.shore.example" % i, ask=False)
            if i % 100 == 0:
                start = time.monotonic()
                sailor(c, n + i, "s%d@ship.example" % i)
                times.append(time.monotonic() - start)
            c.send("IKE_DEL", IKE_ID=i, SPI_I=0x1000000 + i, SPI_R=0x2000000 + i)
        c.ask("SYNC_START")
        c.ask("SYNC_END")
        check_prompt(times)
        print("  %d KiB, before %d KiB" % (daemon_kib(d), before))
        check(daemon_kib(d) - before < 16 * 1024, "its queue has no ceiling")
        # longer than one may be who does not read an answer
        time.sleep(max(0, 11 - sum(times)))
        sailor(c, 1, "last@ship.example")
        seen, missed = 0, 0
        while True:
            event = deaf.event()
            if event["event"] == "missed":
                check(not missed, "missed twice")
                missed = event["missed"]
                continue
            seen += 1
            if event["identity"] == "eap:last@ship.example":
                break
        print("  %d events seen, %d missed" % (seen, missed))
        # strangers that come and go; sailors that come, and go as they are not stated anew
        check(missed > 0 and seen + missed == 2 * n + 2 * (n // 100) + 1, (seen, missed))
        check(d.said("is disconnected") == 0, d.log())
        # who speaks nevertheless
        deaf.send("QUERY", QUERY=STATUS)
        check(deaf.receive() is None, "it may speak")
        check(d.said("it listens, and has nothing to say") == 1, d.log())


def can_listen(listeners):
    try:
        listeners.append(listener())
        return True
    except Refused:
        return False


def scenario_whose():
    """whose SAs and groups are; some peers of all"""
    insmod()
    with Daemon(conf()) as d, charon() as c, command() as q:
        c.ask("SYNC_END")
        sailor(c, 1, "ann@ship.example")
        c.child(1, 1, 0x1001, 0x2001)
        sailor(c, 2, "bob@ship.example", claimed="any.deck.example")
        c.sa(2, 0x1002)
        c.ike(3, "x.a.example")
        c.sa(3, 0x1003)
        c.ike(4, "eve.shore.example")
        c.sa(4, 0x1004)
        c.ike(5, None, proofs=[(ID_FQDN, 1, "claimed", "psk", b"mal.shore.example")])
        c.sa(5, 0x1005)
        ipsec_qos("group", "add", "mine", "id", "7", "mark", "0x200/0xf00")
        ipsec_qos("sa", "add", "dst", "192.0.2.9", "spi", "0x1001", "group", "mine")
        found = {(sa["dst"], sa["spi"]): sa.get("identity")
                 for sa in json.loads(ipsec_qos_at("-j", "sa", "show"))}
        check(found == {("192.0.2.1", 0x1001): "eap:ann@ship.example",
                        ("198.51.100.7", 0x2001): "eap:ann@ship.example",
                        ("192.0.2.1", 0x1002): "eap:bob@ship.example",
                        ("192.0.2.1", 0x1003): "fqdn:x.a.example",
                        ("192.0.2.9", 0x1001): None}, found)
        # those in no group are not in the module, but are known, unless nothing is proved
        whose = {sa["spi"]: sa["identity"] for sa in q.query(SAS)}
        check(whose[0x1004] == "fqdn:eve.shore.example" and 0x1005 not in whose, whose)
        text = ipsec_qos_at("sa", "show")
        check(re.search(r"IDENTITY\n", text) and
              re.search(r" 0x00001002 .* eap:bob@ship.example\n", text) and
              re.search(r"192.0.2.9 .* -\n", text), text)
        gone(c, 2)
        c.sa_del(0x1002)
        named = {g["name"]: g.get("identity") for g in
                 json.loads(ipsec_qos_at("-j", "group", "show"))}
        check(named == {"gold": None, "mine": None, "crew.4272": None,
                        "crew.4001": "eap:ann@ship.example",
                        "crew.4002": "eap:bob@ship.example"}, named)
        check(re.search(r"crew.4001 .* eap:ann@ship.example\n", ipsec_qos_at("group", "show")),
              ipsec_qos_at("group", "show"))
        for pattern in "*:BOB@*", "crew.4002":
            shown = json.loads(ipsec_qos_at("-j", "group", "show", "match", pattern))
            check([g["name"] for g in shown] == ["crew.4002"], shown)
        sailor(c, 2, "bob@ship.example", claimed="any.deck.example")
        # by a pattern
        for pattern, ids in (("ann@*", [1]), ("ANN@SHIP.EXAMPLE", [1]), ("eap:*", [1, 2]),
                             ("*.deck.example", [2]), ("crew.400[12]", [1, 2]), ("GOLD", [3]),
                             ("fqdn:x.?.example", [3]), ("*.shore.example", [4, 5]), ("none", []),
                             ("*" * 200, [1, 2, 3, 4, 5])):
            peers = q.query(PEERS, pattern)["peers"]
            check(sorted(p["ike_id"] for p in peers) == ids, (pattern, peers))
        status = json.loads(ipsec_qos_at("-j", "daemon", "status", "identity", "bob*"))
        check([p["ike_id"] for p in status["peers"]] == [2] and status["strangers"] == 2 and
              status["charon"]["connected"], status)
        text = ipsec_qos_at("daemon", "status", "identity", "crew.4001")
        check("ann@ship.example" in text and "bob" not in text and
              "strangers 2 IKE SAs that no profile names" in text, text)
        try:
            q.query(PEERS)
            raise AssertionError("of whom?")
        except Refused as e:
            check(e.errno == errno.EINVAL, e)
        d.end()
        # without the daemon nobody knows, and it is no error
        found = json.loads(ipsec_qos_at("-j", "sa", "show"))
        check(len(found) == 4 and not any("identity" in sa for sa in found), found)
        check("IDENTITY" not in ipsec_qos_at("sa", "show"), "a column of nothing")


def daemon_kib(d):
    with open("/proc/%d/status" % d.process.pid, encoding="ascii") as f:
        return int([line.split()[1] for line in f if line.startswith("VmHWM")][0])


def scenario_ten_thousand():
    """10,000 peers: memory, a reload, and others' answers meanwhile"""
    insmod()
    n = 10000
    with Daemon(conf("0x1-0xfffff/0x500fffff", "ids = 4001 max = 12000")
                .replace("0x100/0x500f010f", "0x10000000/0x500fffff")
                .replace("group gold", "settings { max-groups = 65000 max-sas = 40000 max-ikes = 20000 }\ngroup gold", 1)
                .replace("0xfffff/", "0x3fff/")) as d, charon() as c, command() as q:
        start = time.monotonic()
        for i in range(n):
            sailor(c, i, "s%d@ship.example" % i, ask=False)
            c.sa(i, 0x10000 + 2 * i, ask=False)
            c.sa(i, 0x10001 + 2 * i, ask=False)
        c.ask("SYNC_END")
        print("  %d peers in %.1f s, %d KiB at most" %
              (n, time.monotonic() - start, daemon_kib(d)))
        status = json.loads(ipsec_qos("-j", "status"))
        check(status["sas"] == 2 * n and status["groups"] == n + 2, status)
        check(daemon_kib(d) <= 40 * 1024, "more than 40 MiB: %d KiB" % daemon_kib(d))
        for words, told_of in ((["sa", "show"], 2 * n), (["group", "show"], n)):
            start = time.monotonic()
            shown = ipsec_qos_at("-j", *words)
            took = time.monotonic() - start
            start = time.monotonic()
            ipsec_qos("-j", *words)
            plain = time.monotonic() - start
            print("  %s took %.2f s, without the daemon %.2f s" %
                  (" ".join(words), took, plain))
            check(sum("identity" in one for one in json.loads(shown)) == told_of, words)
            check(took < 5 * plain, "%s took %.1f s" % (words, took))
        start = time.monotonic()
        q.send("QUERY", QUERY=RELOAD)
        times = []
        q.sock.setblocking(False)
        while True:
            one = time.monotonic()
            sailor(c, 1, "s1@ship.example")
            times.append(time.monotonic() - one)
            try:
                q.sock.recv(20000)
                break
            except BlockingIOError:
                pass
        took = time.monotonic() - start
        print("  a reload took %.1f s" % took)
        check_prompt(times)
        check(took < 2 * SLOW, "a reload took %.1f s" % took)
        check(d.said("were lost") == 0, "it missed what it was told")


if __name__ == "__main__":
    sys.exit(main(globals()))
