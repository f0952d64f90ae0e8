#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: -t 1500
# once: it is charon's doing, whatever the kernel is
"""
charon_feed.py [SCENARIO...] - what the strongSwan plugin says to the daemon, and
what charon does for it

The hosts are those of tests/lib/charon_world.py. After each step what the daemon
was told has to be what gw's charon and kernel have, and no SA may appear in the
kernel before the daemon answered for it.
"""
import errno
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from charon_world import (ESP, AH, GW, PEER, PEER2, NAT, NAT2, NOBODY,  # noqa: E402
                          ID_FQDN, ID_USER_FQDN, ID_IPV4, ID_DN, ID_KEY,
                          REQUESTS, SLOW, TIMEOUT, check, clock, eventually,
                          main, run, scenario, sh)


def check_identity(world, name, *expected):
    if name == "v1-xauth":
        # otherwise its first quick mode may overtake the end of XAuth, which
        # charon does not survive
        world.peer.ask("initiate", ike=name)
        world.sink.wait("established", lambda: world.sink.ikes)
    world.peer.initiate(name)
    world.settled(1, 1)
    ike = world.peer_ike(name)
    proved = [identity[:4] + (bytes.fromhex(identity[4]),)
              for identity in ike["IDENTITY"]]
    check(proved == list(expected), "identities %s" % proved)
    check((ike["LOCAL"], ike["REMOTE"]) == (GW, PEER), ike)
    check(ike["IKE_VERSION"] == int(name[1]), ike)
    child, = world.sink.children.values()
    check(child["CHILD"] == name and child["REQID"] and not child["ENCAP"],
          child)
    # the first word about this IKE SA comes before the one about its SAs
    first = next(m for m in world.sink.messages
                 if m.get("IKE_ID") == ike["IKE_ID"])
    check(first["type"] == "IKE", first)


@scenario
def identities(world):
    """each kind of authentication, the peer initiates"""
    check_identity(world, "v2-psk",
                   (ID_USER_FQDN, 1, "ike", "psk", b"alice@example.org"))
    world.clear()
    check_identity(world, "v2-addr",
                   (ID_IPV4, 1, "ike", "psk", bytes([10, 0, 2, 1])))
    world.clear()
    world.peer.initiate("v2-cert")
    world.settled(1, 1)
    ike = world.peer_ike("v2-cert")
    (*what, data), = ike["IDENTITY"]
    check(what == [ID_DN, 1, "ike", "pubkey"] and b"peer" in bytes.fromhex(data),
          ike)
    world.clear()
    # identities of further rounds survive charon.flush_auth_cfg and rekeying
    check_identity(world, "v2-eap", (ID_FQDN, 1, "eap", "eap-md5", b"carol"),
                   (ID_FQDN, 1, "claimed", "eap-md5", b"road"))
    before = world.peer_ike("v2-eap")["IDENTITY"]
    world.peer.ask("rekey", ike="v2-eap")
    world.sink.wait("the new IKE SA", lambda: len(
        {m["IKE_ID"] for m in world.sink.messages
         if m["type"] == "IKE" and m["CONN"] == "v2-eap"}) == 2)
    world.settled(1, 1)
    check(world.peer_ike("v2-eap")["IDENTITY"] == before, "lost identities")
    world.clear()
    check_identity(world, "v1-main",
                   (ID_FQDN, 1, "ike", "psk", b"main.example.org"))
    world.clear()
    check_identity(world, "v1-aggr", (ID_KEY, 1, "ike", "psk", b"site-a"))
    world.clear()
    check_identity(world, "v1-xauth",
                   (ID_FQDN, 1, "ike", "psk", b"xauth.example.org"),
                   (ID_FQDN, 2, "xauth", "xauth", b"dave"))


@scenario
def initiator(world):
    """gw initiates; AH, transport mode, several CHILD SAs"""
    for name in ("v2-psk", "v1-main"):
        # it needs to know where to
        world.gw.ask("initiate", check=False, child=name, timeout="5000")
    check(not world.sink.ikes, "an IKE SA to nowhere was reported")
    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    for child in ("v2-psk-two", "v2-psk-ah"):
        world.gw.initiate(child)
    world.settled(3, 1)
    protos = {m["PROTO"] for m in world.sink.children.values()}
    check(protos == {ESP, AH}, protos)
    names = ("MARK_IN", "MARK_OUT", "SET_MARK_IN", "SET_MARK_OUT")
    for child in world.sink.children.values():
        marks = tuple(hex(child[n]) for n in names if n in child)
        check(marks == (("0x51ffffffff", "0x52000000ff", "0x30000000f",
                         "0x5200000fff") if child["PROTO"] == AH else ()), marks)
    world.peer.initiate("v1-main")
    world.gw.initiate("v1-main-two")
    world.settled(5, 2)


def rekey(world, charon, kind, name, times):
    for _ in range(times):
        before = {m["IKE_ID"] if kind == "ike" else i
                  for i, m in world.sink.children.items()}
        charon.ask("rekey", **{kind: name})
        world.sink.wait("rekeyed", lambda b=before: not b & {
            m["IKE_ID"] if kind == "ike" else i
            for i, m in world.sink.children.items()})
        world.settled()


@scenario
def rekeys(world):
    """CHILD and IKE SAs, by either side"""
    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    for charon in (world.peer, world.gw):
        # IKEv2 deletes the old CHILD SA at once
        rekey(world, charon, "child", "v2-psk", 3)
        rekey(world, charon, "ike", "v2-psk", 3)
    world.settled(1, 1)
    # inbound SAs of rekeys are announced with the SPI already
    announced = {}
    for m in world.sink.messages:
        if m["type"] == "SA" and m.get("PENDING") and m["DST"] == GW:
            announced.setdefault(m["SPI"], []).append(m)
    check(sum(len(v) == 2 for v in announced.values()) >= 6, announced)
    world.clear()
    world.peer.initiate("v1-main")
    world.settled(1, 1)
    for charon in (world.peer, world.gw):
        n = len(world.sink.children)
        charon.ask("rekey", child="v1-main")
        # IKEv1 keeps the rekeyed one
        world.sink.wait("rekeyed", lambda: len(world.sink.children) == n + 1)
        world.settled()


@scenario
def collisions(world):
    """both sides rekey at once"""
    world.peer.initiate("v2-psk")
    world.settled(1, 1)
    for kind in ("child", "ike"):
        # charon loses one that waits to be deleted while its IKE SA is rekeyed
        world.settled(1, 1)
        for _ in range(5):
            both = [threading.Thread(target=c.ask, args=("rekey", False),
                                     kwargs={kind: "v2-psk"})
                    for c in (world.peer, world.gw)]
            for t in both:
                t.start()
            for t in both:
                t.join()
            world.settled(ikes=1)
    # losers of a collision are deleted last
    world.settled(1, 1)


@scenario
def reauthentication(world):
    """IKEv2: all anew; IKEv1: the children move to the new IKE SA"""
    for name in ("v2-psk", "v1-main", "v1-aggr"):
        for charon in (world.peer, world.gw):
            world.peer.initiate(name)
            world.settled(1, 1)
            old = world.peer_ike(name)["IKE_ID"]
            charon.ask("rekey", ike=name, reauth="yes")
            world.sink.wait("a new IKE SA with children", lambda: old not in {
                m["IKE_ID"] for m in world.sink.children.values()} and
                world.sink.children)
            world.clear()


@scenario
def mobike(world):
    """the peer moves to another address, and back"""
    world.peer.initiate("v2-psk")
    world.peer.initiate("v2-psk-two")
    world.settled(2, 1)
    for old, new in ((PEER, PEER2), (PEER2, PEER)):
        count = world.sink.count(type="SA_DEL", DST=old)
        sh("ip -n peer addr add %s/24 dev peer0 && "
           "ip -n peer addr del %s/24 dev peer0 && "
           "ip -n peer route replace default via 10.0.2.254" % (new, old))
        world.sink.wait("moved to " + new, lambda o=old, n=new, c=count:
                        world.sink.count(type="SA_DEL", DST=o) >= c + 2 and
                        all(m["REMOTE"] == n for m in
                            world.sink.children.values()))
        world.settled(2, 1)
        check(world.peer_ike("v2-psk")["REMOTE"] == new, "the IKE SA did not")
    # the same, with an IKE SA that was rekeyed
    rekey(world, world.gw, "ike", "v2-psk", 1)


@scenario
def nat(world):
    """the peer is behind a NAT, whose mapping changes"""
    def translate_to(address):
        sh("""ip netns exec router sh -ec '
        nft flush chain ip nat post
        nft "add rule ip nat post oif r1 snat to %s"'""" % address)

    sh("""ip netns exec router sh -ec '
    nft add table ip nat
    nft "add chain ip nat post { type nat hook postrouting priority 100; }"'""")
    translate_to(NAT)
    # mappings are to be forgotten soon
    sh("ip netns exec router sysctl -q "
       "net.netfilter.nf_conntrack_udp_timeout=1 "
       "net.netfilter.nf_conntrack_udp_timeout_stream=1")
    try:
        # MOBIKE notices later
        names = ("v2-addr", "v1-main")
        for name in names:
            world.peer.initiate(name)
            world.settled()
            check(world.peer_ike(name)["REMOTE"] == NAT, "not behind NAT")
        check(all(m["ENCAP"] for m in world.sink.children.values()),
              "not encapsulated")
        world.settled(2, 2)
        translate_to(NAT2)
        # until the old mapping is forgotten
        eventually("the mapping is gone", lambda: "10.0.2.1" not in
                   run("ip", "netns", "exec", "router", "cat",
                       "/proc/net/nf_conntrack", check=False) or "still there")
        # any packet will do
        for name in names:
            world.peer.ask("rekey", child=name)
        world.sink.wait("moved", lambda: all(
            m["REMOTE"] == NAT2 for m in list(world.sink.ikes.values()) +
            list(world.sink.children.values())))
        world.settled(ikes=2)
    finally:
        sh("ip netns exec router nft delete table ip nat")


def ask(world, error=0, timeout=20.0, **what):
    """Ask charon for a tunnel; its result has to have that error."""
    seq = world.sink.request(TIMEOUT=int(timeout * 1000 * SLOW), **what)
    result = world.sink.result(seq, timeout=60 * SLOW)
    check(result["ERROR"] == error, result)
    return result


@scenario
def requests(world):
    """charon initiates what the daemon asks for, and tells what became of it"""
    start = clock()
    result = ask(world, CONN="v2-psk", CHILD="v2-psk", REMOTE=PEER)
    with world.sink.changed:
        # whatever there is was stated before
        before = world.sink.messages[:world.sink.messages.index(result)]
    for kind in ("IKE", "CHILD"):
        name = kind + "_ID"
        check(any(m["type"] == kind and m[name] == result[name]
                  for m in before), "%s is not stated before" % kind)
    world.settled(1, 1)
    again = ask(world, CONN="v2-psk", CHILD="v2-psk", REMOTE=PEER)
    check((again["IKE_ID"], again["CHILD_ID"]) ==
          (result["IKE_ID"], result["CHILD_ID"]), "another one: %s" % again)
    # the same IKE SA serves another CHILD SA, two at once the same one
    both = [world.sink.request(CONN="v2-psk", CHILD="v2-psk-ah", REMOTE=PEER,
                               TIMEOUT=20000 * SLOW) for _ in range(2)]
    both = [world.sink.result(seq) for seq in both]
    check(all(r["ERROR"] == 0 and r["IKE_ID"] == result["IKE_ID"] and
              r["CHILD_ID"] == both[0]["CHILD_ID"] for r in both), both)
    world.settled(2, 1)
    ask(world, CONN="v1-main", CHILD="v1-main", REMOTE=PEER)
    world.settled(3, 2)
    took = world.gw.held_up(start)
    check(took < TIMEOUT, "others were held up for %.1f s" % took)


@scenario
def refused_requests(world):
    """what charon does not have, cannot do, or what comes to nothing"""
    for error, text, what in (
            (errno.ENOENT, "no such connection", {"CONN": "nobody"}),
            (errno.ENOENT, "no such CHILD SA",
             {"CONN": "v2-psk", "CHILD": "nothing", "REMOTE": PEER}),
            (errno.EINVAL, "several CHILD SAs",
             {"CONN": "v2-psk", "REMOTE": PEER}),
            (errno.EINVAL, "names no peer", {"CONN": "v2-psk", "CHILD": "v2-psk"}),
            (errno.EINVAL, "no peer's",
             {"CONN": "v2-psk", "CHILD": "v2-psk", "REMOTE": "0.0.0.0"}),
            # its peer would have to begin with EAP
            (errno.ECONNREFUSED, "the peer",
             {"CONN": "v2-eap", "CHILD": "v2-eap", "REMOTE": PEER})):
        result = ask(world, error, **what)
        check(text in result["MESSAGE"], result)
    world.settled(0)
    start = time.monotonic()
    result = ask(world, errno.ETIMEDOUT, 1.0, CONN="v2-psk", CHILD="v2-psk",
                 REMOTE=NOBODY)
    took = time.monotonic() - start
    check("not up within" in result["MESSAGE"], result)
    check(SLOW <= took < 3 * SLOW, "a second took %.1f s" % took)


@scenario
def many_requests(world):
    """a ceiling, told; beyond that the daemon is disconnected, and IKE goes on"""
    connections = world.sink.connections
    world.unwatch()
    seqs = [world.sink.request(CONN="v2-psk", CHILD="v2-psk",
                               REMOTE="10.0.2.%d" % (100 + i),
                               TIMEOUT=3000 * SLOW) for i in range(40)]
    start = clock()
    world.peer.initiate("v1-main")
    took = world.gw.held_up(start)
    check(took < TIMEOUT, "IKE was held up for %.1f s" % took)
    errors = [world.sink.result(seq, 60 * SLOW)["ERROR"] for seq in seqs]
    check(errors == [errno.ETIMEDOUT] * REQUESTS + [errno.EBUSY] * 32, errors)
    ask(world, CONN="v2-psk", CHILD="v2-psk", REMOTE=PEER)
    check(world.sink.connections == connections, "connected again")

    def disconnected(what, text):
        world.sink.wait(what, lambda: world.sink.connections == connections + 1
                        and world.sink.synced, 60 * SLOW)
        check(world.gw.logged("is disconnected: " + text) == 1, "not logged")
    for _ in range(REQUESTS + 65):
        try:
            world.sink.request(CONN="v2-psk", CHILD="v2-psk", REMOTE=NOBODY,
                               TIMEOUT=300000)
        except OSError:
            break
    disconnected("a flood", "it asks on and on")
    # what was asked before is nobody's any more
    ask(world, CONN="v2-psk", CHILD="v2-psk", REMOTE=PEER)
    connections += 1
    for _ in range(2):
        world.sink.request(seq=world.sink.asked + 1, CONN="v2-psk", CHILD="v2-psk",
                           REMOTE=NOBODY, TIMEOUT=300000)
    disconnected("the same number", "it asks again by the number")
    connections += 1
    world.sink.request("SYNC_START")
    world.sink.wait("nonsense", lambda: world.sink.connections == connections + 1
                    and world.sink.synced, 60 * SLOW)
    check(world.gw.logged("sent an unexpected message") == 1, "not logged")
    ask(world, CONN="v2-psk", CHILD="v2-psk", REMOTE=PEER)
    world.watch()


@scenario
def requests_end(world):
    """either end dies with a request in the middle"""
    world.unwatch()
    world.sink.request(CONN="v2-psk", CHILD="v2-psk", REMOTE=NOBODY,
                       TIMEOUT=5000 * SLOW)
    world.sink.stop()
    sink = world.new_sink().start()
    sink.wait("synchronised", lambda: sink.synced)
    # as many as there may be: the one before counts no more
    seqs = [sink.request(CONN="v2-psk", CHILD="v2-psk", REMOTE=NOBODY,
                         TIMEOUT=1000 * SLOW) for _ in range(REQUESTS)]
    check([sink.result(seq)["ERROR"] for seq in seqs] ==
          [errno.ETIMEDOUT] * REQUESTS, sink.results)
    sink.request(CONN="v2-psk", CHILD="v2-psk", REMOTE=NOBODY,
                 TIMEOUT=30000 * SLOW)
    connections = sink.connections
    world.gw.stop(signal.SIGKILL)
    world.gw.start()
    sink.wait("synchronised", lambda: sink.connections == connections + 1 and
              sink.synced)
    ask(world, CONN="v2-psk", CHILD="v2-psk", REMOTE=PEER)
    world.watch()
    # and in order
    sink.request(CONN="v2-psk", CHILD="v2-psk", REMOTE=NOBODY,
                 TIMEOUT=30000 * SLOW)
    check(world.gw.stop() == 0, "charon's exit status")
    world.gw.start()
    sink.wait("synchronised", lambda: sink.connections == connections + 2 and
              sink.synced)

if __name__ == "__main__":
    sys.exit(main())
