#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's own client of netlink specifications, ynl, speaks to the module, and what
it knows of it is specs/ipsec_qos.yaml alone: every operation, one and many objects in a
request, dumps with filters, what is at fault in what is refused, events, and that who has
no right is told nothing. The command, which knows the family by its header, finds the
same in the tables.

The topology is drawn in tests/lib/natpath.py; all of this is in its network namespace nat.
"""
# needs: scripts/ynl
# once: the client comes from one kernel's source, whatever the kernel is
import ctypes
import errno
import ipaddress
import os
import socket
import struct
import sys
import traceback

sys.path.insert(0, "build/ynl/tools/net/ynl")
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from lib import Netlink, NlError, YnlFamily                     # noqa: E402
from natpath import FAR, GLOBAL, Path                           # noqa: E402
from rawesp import Command, answer, receive, send, steps, until  # noqa: E402

ADD = (Netlink.NLM_F_CREATE, Netlink.NLM_F_EXCL)
CHANGE = (Netlink.NLM_F_REPLACE,)
NODE = "10.0.1.2"
KEY = bytes(range(16))
NOTHING = {"packets": 0, "bytes": 0}
COUNTERS = {name: NOTHING for name in ("esp-in", "esp-out", "ike-in", "ike-out",
                                       "clear-in", "clear-out")}
GOLD = {"id": 1, "name": "gold", "mark": 0x10, "mask": 0xff0, "priority": 0x10002,
        "dscp": 46}
SILVER = {"id": 2, "name": "silver", "mark": 0x20, "mark-clear": 0x40, "flags": {"no-sysfs"}}

path = Path()
with open("/run/netns/nat") as netns:
    assert not ctypes.CDLL(None).setns(netns.fileno(), 0)
qos = Command("nat")


class Client(YnlFamily):
    """ynl, which looks through the specification by the kernel's schema first"""

    used = set()

    def __init__(self, group=None):
        super().__init__("specs/ipsec_qos.yaml",
                         "build/ynl/Documentation/netlink/genetlink-legacy.yaml")
        # a thousand events may wait
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)    # SO_RCVBUFFORCE
        if group:
            self.ntf_subscribe(group)

    def do(self, method, vals, flags=()):
        self.used.add((method, "do"))
        return super().do(method, vals, list(flags))

    def dump(self, method, vals):
        self.used.add((method, "dump"))
        return super().dump(method, vals)

    def told(self, n):
        """the next n events"""
        def enough():
            self.check_ntf()
            return len(self.async_msg_queue) >= n

        until("%d events" % n, enough)
        told, self.async_msg_queue = self.async_msg_queue[:n], self.async_msg_queue[n:]
        assert {e["name"] for e in told} == {"event"}, told
        return [e["msg"] for e in told]


ynl = Client()
listener, nat_listener, steer_listener = Client("events"), Client("nat"), Client("steer")
chain_listener = Client("chain")


def same(found, wanted):
    assert found == wanted, "%s\nwanted %s" % (found, wanted)


def address(text):
    return ipaddress.ip_address(text).packed


def sa(spi, group=1, dst="192.0.2.7", **more):
    return {"family": 10 if ":" in dst else 2, "dst": address(dst), "spi": spi,
            "group": group, **more}


def sas(**what):
    """of all SAs that fit, their SPIs"""
    answers = ynl.dump("sa-get", what)
    assert all(set(a) == {"sa"} and len(a["sa"]) == 1 for a in answers), answers
    return sorted(int(a["sa"][0]["spi"], 16) for a in answers)


def refused(wanted, method, vals, flags=(), at=None, says="", dump=False):
    """@at: the attribute that the error names"""
    try:
        got = ynl.dump(method, vals) if dump else ynl.do(method, vals, flags)
    except NlError as error:
        extack = error.nl_msg.extack or {}
        same(errno.errorcode[error.error], errno.errorcode[wanted])
        same(extack.get("bad-attr"), at)
        assert says in extack.get("msg", ""), extack
        return extack
    raise AssertionError("not refused: %s %s" % (method, got))


def groups():
    """groups are added, changed, asked for, dumped by owner, and told of"""
    ynl.do("group-new", {"group": [GOLD]}, ADD)
    ynl.do("group-new", {"group": [SILVER, {**SILVER, "id": 3, "name": "tin"}],
                         "owner": "daemon"}, ADD)
    gold = {**GOLD, "mark": "0x10", "mask": "0xff0", "priority": "0x10002",
            "owner": "static", "sas": 0, "ikes": 0, "counters": COUNTERS}
    same(ynl.do("group-get", {"group": [{"name": "gold"}]}), {"group": [gold]})
    silver = {**SILVER, "mark": "0x20", "mark-clear": "0x40", "mask": "0xffffffff", "owner": "daemon", "sas": 0,
              "ikes": 0, "counters": COUNTERS}
    tin = {**silver, "id": 3, "name": "tin"}
    same(ynl.dump("group-get", {"owner": "daemon"}), [{"group": [silver]}, {"group": [tin]}])
    ynl.do("group-new", {"group": [{**GOLD, "mark": 0x30}]}, CHANGE)
    same([g["group"][0]["mark"] for g in ynl.dump("group-get", {})], ["0x30", "0x20", "0x20"])
    same([(g["name"], g["mark"]) for g in qos("group", "show")],
         [("gold", 0x30), ("silver", 0x20), ("tin", 0x20)])
    ynl.do("group-del", {"group": [{"name": "tin"}]})
    same(listener.told(5), [
        {"event": "new", "group": [gold]}, {"event": "new", "group": [silver]},
        {"event": "new", "group": [tin]},
        {"event": "change", "group": [{**gold, "mark": "0x30"}]},
        {"event": "del", "group": [tin]}])


def entries():
    """SAs and IKE SAs: one, many in a request, filters of every kind"""
    ynl.do("sa-new", {"sa": [sa(0x1000, proto="ah", lifetime=600, flags=["pending"])]}, ADD)
    wanted = {"family": 2, "dst": "192.0.2.7", "spi": "0x1000", "proto": "ah", "group": 1,
              "flags": {"pending"}, "owner": "static", "packets": 0, "bytes": 0}
    key = {n: v for n, v in sa(0x1000, proto="ah").items() if n != "group"}
    found = ynl.do("sa-get", {"sa": [key]})["sa"][0]
    # what is left is rounded up, from a clock that ticks some times a second
    left = found.pop("lifetime")
    assert 500 < left <= 601, left
    same(found, wanted)
    told, = listener.told(1)
    told["sa"][0].pop("lifetime")
    same(told, {"event": "new", "sa": [wanted]})

    many = [sa(0x2000 + i, 2, "2001:db8::%x" % (i % 2 + 1)) for i in range(1000)]
    ynl.do("sa-new", {"sa": many, "owner": "daemon", "count": 1100}, ADD)
    same({e["event"] for e in listener.told(1000)}, {"new"})
    same(sas(), [0x1000, *range(0x2000, 0x23e8)])
    for what, there in (
            ({"sa": [{"group": 1}]}, [0x1000]), ({"sa": [{"group": 3}]}, []),
            ({"sa": [{"spi": 0x2005}]}, [0x2005]), ({"sa": [{"proto": 51}]}, [0x1000]),
            ({"sa": [{"family": 10, "dst": address("2001:db8::2")}]},
             [*range(0x2001, 0x23e8, 2)]),
            ({"owner": "static"}, [0x1000]),
            ({"owner": "static", "sa": [{"group": 2}]}, [])):
        same(sas(**what), there)
    same(len(qos("sa", "show")), 1001)
    same(ynl.do("sa-flush", {"sa": [{"family": 10, "dst": address("2001:db8::2")}]}),
         {"count": 500})
    ynl.do("sa-del", {"sa": [key]})
    same({e["event"] for e in listener.told(501)}, {"del"})
    same(sas(), [*range(0x2000, 0x23e8, 2)])

    spi = 0xfedcba9876543210
    ynl.do("ike-new", {"ike": [{"spi-i": spi + i, "spi-r": 0, "group": 1 + i}
                               for i in range(2)]}, ADD)
    first = {"spi-i": hex(spi), "spi-r": "0x0", "group": 1, "owner": "static", "packets": 0,
             "bytes": 0}
    other = {**first, "spi-i": hex(spi + 1), "group": 2}
    same(ynl.do("ike-get", {"ike": [{"spi-i": spi, "spi-r": 0}]}), {"ike": [first]})
    same(ynl.dump("ike-get", {"ike": [{"group": 2}]}), [{"ike": [other]}])
    same(listener.told(2), [{"event": "new", "ike": [first]}, {"event": "new", "ike": [other]}])
    same(sorted(i["group"] for i in qos("ike", "show")), ["gold", "silver"])
    ynl.do("ike-del", {"ike": [{"spi-i": spi + 1, "spi-r": 0}]})
    same(ynl.do("ike-flush", {"ike": [{"group": 1}]}), {"count": 1})
    same({e["event"] for e in listener.told(2)}, {"del"})


def errors():
    """what is refused names what is at fault in it, as deep as it lies"""
    extack = refused(errno.ERANGE, "sa-new", {"sa": [sa(0x3000), sa(255)]}, ADD, ".sa.spi")
    same(extack["policy"]["min-value"], 256)
    refused(errno.ENOENT, "sa-new", {"sa": [sa(0x3000, 77)]}, ADD, ".sa.group", "no group 77")
    refused(errno.EEXIST, "sa-new", {"sa": [sa(0x3000), sa(0x2000, 2, "2001:db8::1")]}, ADD,
            ".sa")
    refused(errno.ERANGE, "group-new", {"group": [{**SILVER, "id": 4, "dscp": 64}]}, ADD,
            ".group.dscp")
    refused(errno.EINVAL, "group-new", {"group": [{**SILVER, "id": 4, "sas": 1}]}, ADD,
            ".group.sas", "for answers only")
    refused(errno.EINVAL, "sa-del", {"sa": [sa(0x2000, 2, "2001:db8::1")]}, (), ".sa.group")
    refused(errno.EBUSY, "group-del", {"group": [{"id": 2}]}, (), ".group", "500")
    refused(errno.EINVAL, "conf-set", {"conf": {"ike-ports": struct.pack("=2H", 500, 500)}},
            (), ".conf.ike-ports", "500")
    refused(errno.ERANGE, "sa-get", {"sa": [{"group": 0}]}, (), ".sa.group", dump=True)
    assert 0x3000 not in sas()


def translation():
    """a rule of translation, and an entry from waiting to confirmed"""
    rule = {"id": 10, "inside-dev": "in", "inside": address("10.0.1.0"), "inside-len": 24,
            "outside-dev": "out", "underived": "serialize", "idle": 60, "wait": 20,
            "max-entries": 1000, "max-node": 100}
    ynl.do("nat-rule-new", {"nat-rule": {**rule, "scheme": "siphash-low16", "key": KEY}}, ADD)
    found, = ynl.dump("nat-rule-get", {})
    counters = found["nat-rule"].pop("counters")
    same(found, {"nat-rule": {**rule, "inside": "10.0.1.0", "scheme": "siphash-low16",
                              "collision": "discard", "entries": 0, "waiting": 0}})
    same(counters, {name: NOTHING for name in (
        "out", "in", "icmp", "unmatched", "collision", "ceiling", "serialized", "ah",
        "evicted")})
    ynl.do("nat-rule-new", {"nat-rule": {**rule, "scheme": "md5-low16"}}, CHANGE)

    send(path.node, NODE, FAR, 0x7000)
    same(receive(path.far), (GLOBAL, FAR, 0x7000))
    wanted = {"rule": 10, "inside-local": NODE, "inside-global": GLOBAL, "outside": FAR,
              "spi-out": "0x7000", "state": "waiting", "out": {"packets": 1, "bytes": 92},
              "in": NOTHING}
    other = answer(0x7000)
    for state in "waiting", "associated", "confirmed":
        if state == "associated":
            send(path.far, FAR, GLOBAL, other)
            same(receive(path.node), (FAR, NODE, other))
            wanted.update({"spi-in": hex(other), "in": wanted["out"]})
        elif state == "confirmed":
            send(path.node, NODE, FAR, 0x7000)
            same(receive(path.far), (GLOBAL, FAR, 0x7000))
            wanted["out"] = {"packets": 2, "bytes": 184}
        wanted["state"] = state
        found, = ynl.dump("nat-get", {"nat": [{"rule": 10}]})
        found = found["nat"][0]
        assert found.pop("age") < 20 and found.pop("idle") < 20
        same(found, wanted)
    same(ynl.dump("nat-get", {"nat": [{"rule": 11}]}), [])
    same(qos.count("out"), 2)
    same(ynl.do("nat-flush", {"nat": [{"rule": 10}]}), {"count": 1})
    same([(e["event"], e["nat"][0]["spi-out"], e["nat"][0]["state"])
          for e in nat_listener.told(4)],
         [("new", "0x7000", "waiting"), ("change", "0x7000", "associated"),
          ("change", "0x7000", "confirmed"), ("del", "0x7000", "confirmed")])
    ynl.do("nat-rule-del", {"nat-rule": {"id": 10}})
    same(ynl.dump("nat-rule-get", {}), [])


def steering():
    """elements, pools and steered prefixes: stated, told of, released, tried; an SA of one"""
    names = ("sent", "icmp", "no-route", "too-big", "ttl", "down", "martian", "policy")
    first = {"id": 1, "name": "gw1", "via": address("10.0.1.11")}
    other = {"id": 2, "name": "gw2", "dev": "in", "via6": address("2001:db8:1::2"),
             "state": "drain"}
    ynl.do("element-new", {"element": [first, other]}, ADD)
    gw1 = {**first, "via": "10.0.1.11", "state": "up", "owner": "static", "problem": "fine",
           "sas": 0, "pools": 0, "counters": {n: NOTHING for n in names}}
    same(ynl.do("element-get", {"element": [{"name": "gw1"}]}), {"element": [gw1]})
    same([e["element"][0]["name"] for e in ynl.dump("element-get", {"owner": "static"})],
         ["gw1", "gw2"])
    same(ynl.dump("element-get", {"owner": "daemon"}), [])
    ynl.do("element-new", {"element": [{**other, "state": "up"}]}, CHANGE)
    same([(e["event"], e["element"][0]["name"], e["element"][0]["state"])
          for e in steer_listener.told(3)],
         [("new", "gw1", "up"), ("new", "gw2", "drain"), ("change", "gw2", "up")])

    ynl.do("pool-new", {"pool": [{"id": 5, "name": "vpn", "member": [{"element": 1}],
                                  "secret": KEY}]}, ADD)
    ynl.do("pool-new", {"pool": [{"id": 5, "name": "vpn", "member": [
        {"element": 1, "weight": 1}, {"element": 2, "weight": 1}]}]}, CHANGE)
    pool = ynl.do("pool-get", {"pool": [{"name": "vpn"}]})["pool"][0]
    home, now = pool.pop("home"), pool.pop("now")
    held = home.count(2)
    assert 1800 < held < 2300 and set(home) == {1, 2} and set(now) == {1}, held
    same(pool, {"id": 5, "name": "vpn", "mode": "bucket", "owner": "static", "held": held,
                "lent": 0, "member": [
                    {"element": 1, "weight": 1, "home": 4096 - held, "now": 4096},
                    {"element": 2, "weight": 1, "home": held, "now": 0}]})
    same(ynl.dump("pool-get", {}), [{"pool": [pool]}])
    bucket = home.index(2)
    bits = bytearray(512)
    bits[bucket // 8] |= 1 << bucket % 8
    same(ynl.do("pool-release", {"pool": [{"id": 5, "buckets": bytes(bits)}]}), {"count": 1})
    same([(e["event"], e["pool"][0]["held"]) for e in steer_listener.told(3)],
         [("new", 0), ("change", held), ("change", held - 1)])

    key = {"family": 2, "dst": address("198.51.100.0"), "len": 24}
    ynl.do("steer-new", {"steer": [{**key, "pool": 5, "ike": "element", "ike-element": 2}]}, ADD)
    found, = ynl.dump("steer-get", {"owner": "static"})
    counters = found["steer"][0].pop("counters")
    same(counters, {n: NOTHING for n in ("exact", "home", "lent", "hashed", "ike", "icmp",
                                         "nobody", "keepalive")})
    same(found["steer"][0], {**key, "dst": "198.51.100.0", "pool": 5, "ike": "element",
                             "ike-element": 2, "owner": "static"})
    told, = steer_listener.told(1)
    same((told["event"], told["steer"][0]["dst"]), ("new", "198.51.100.0"))

    packet = {"family": 2, "dst": address("198.51.100.7"), "spi": 0xc0000000 | bucket << 16}
    found = ynl.do("steer-test", {"steer-test": packet})["steer-test"]
    same({n: found[n] for n in ("why", "element", "pool", "bucket")},
         {"why": "home", "element": 2, "pool": 5, "bucket": bucket})
    ynl.do("sa-new", {"sa": [{**packet, "element": 1}]}, ADD)
    found = ynl.do("steer-test", {"steer-test": packet})["steer-test"]
    same((found["why"], found["element"]), ("exact", 1))
    told, = listener.told(1)
    same((told["sa"][0]["element"], "group" in told["sa"][0]), (1, False))
    same(sas(sa=[{"element": 1}]), [packet["spi"]])
    same([e["name"] for e in qos("element", "show") if e["sas"]], ["gw1"])

    refused(errno.EBUSY, "element-del", {"element": [{"id": 2}]}, (), ".element")
    refused(errno.EBUSY, "pool-del", {"pool": [{"name": "vpn"}]}, (), ".pool")
    refused(errno.ERANGE, "pool-new", {"pool": [{"id": 6, "name": "x", "member": [
        {"element": 1, "weight": 0}]}]}, ADD, ".pool.member.weight")
    refused(errno.EINVAL, "pool-new", {"pool": [{"id": 6, "name": "x", "held": 1}]}, ADD,
            ".pool.held", "for answers only")
    ynl.do("sa-del", {"sa": [packet]})
    listener.told(1)
    ynl.do("steer-del", {"steer": [key]})
    ynl.do("pool-del", {"pool": [{"id": 5}]})
    ynl.do("element-del", {"element": [{"id": 1}, {"name": "gw2"}]})
    same([(e["event"], *(e.keys() - {"event"})) for e in steer_listener.told(4)],
         [("del", "steer"), ("del", "pool"), ("del", "element"), ("del", "element")])


def side(dev, mac, *more, read=False):
    """with link addresses that end so; as answers say it, where it is read"""
    macs = ["02:00:00:00:01:%02x" % n for n in (mac, *more)]
    macs = macs if read else [bytes.fromhex(m.replace(":", "")) for m in macs]
    said = {"dev": dev, "mac": macs[0], **({"problem": "fine"} if read else {})}
    return {**said, "from": macs[1:]} if more else said


def devices():
    """two of them, stated and told of"""
    names = ("outer-sent", "outer-returned", "inner-sent", "inner-returned", "skipped", "down",
             "no-way", "too-big", "rate", "stray", "checked")
    first = {"id": 1, "name": "fw", "failure": "skip"}
    other = {"id": 2, "name": "ids", "kind": "tap", "state": "down", "snap": 128}
    ynl.do("device-new", {"device": [
        {**first, "outer": side("out", 1), "inner": side("in", 2, 3, 4)},
        {**other, "outer": side("in", 5)}]}, ADD)
    same(ynl.do("device-get", {"device": [{"name": "fw"}]})["device"][0],
         {**first, "outer": side("out", 1, read=True), "inner": side("in", 2, 3, 4, read=True),
          "kind": "hop", "state": "up", "alternate": 0, "owner": "static", "now": 1, "chains": 0,
          "counters": {n: NOTHING for n in names}})
    same([(d["device"][0]["name"], d["device"][0].get("rate"), d["device"][0]["now"])
          for d in ynl.dump("device-get", {"owner": "static"})],
         [("fw", None, 1), ("ids", 10000, 0)])
    ynl.do("device-new", {"device": [{"id": 2, "state": "up"}]}, CHANGE)
    same([(e["event"], e["device"][0]["name"], e["device"][0]["state"])
          for e in chain_listener.told(3)],
         [("new", "fw", "up"), ("new", "ids", "down"), ("change", "ids", "up")])
    same([(d["name"], d["copies"]) for d in qos("device", "show")],
         [("fw", None), ("ids", {"rate": 10000, "snap": 128})])


def chains():
    """devices, chains and services: stated, told of, traced"""
    devices()
    ynl.do("chain-new", {"chain": [{"id": 7, "name": "front", "step": [2, 1]}]}, ADD)
    front = {"id": 7, "name": "front", "step": [2, 1], "owner": "static", "services": 0}
    same(ynl.do("chain-get", {"chain": [{"id": 7}]}), {"chain": [front]})
    same(ynl.dump("chain-get", {}), [{"chain": [front]}])
    names = ("acl", "rate", "forged", "ttl", "martian", "policy", "memory")
    ports = [{"proto": 6, "first": 80, "last": 80}, {"proto": 6, "first": 443, "last": 445}]
    shop = {"id": 9, "name": "shop", "family": 2, "address": address("198.51.100.80"), "chain": 7,
            "port": ports, "acl": [{"address": address("192.0.2.0"), "len": 24, "allow": 1},
                                   {"dev": "out", "allow": 0}],
            "override": [{"address": address("192.0.2.7"), "len": 32, "chain": 7}],
            "segment": [{"device": 1, "to": address("10.0.1.80")}], "rate": 1000}
    ynl.do("service-new", {"service": [shop]}, ADD)
    found = ynl.do("service-get", {"service": [{"name": "shop"}]})["service"][0]
    same(found.pop("counters"), {n: NOTHING for n in names})
    same(found.pop("syns"), NOTHING)
    same(found, {**shop, "address": "198.51.100.80", "len": 32, "mode": "server",
                 "owner": "static",
                 "port": [{**p, "forward": NOTHING, "back": NOTHING} for p in ports],
                 "acl": [{"address": "192.0.2.0", "len": 24, "allow": 1, "counter": NOTHING},
                         {"dev": "out", "allow": 0, "counter": NOTHING}],
                 "override": [{"address": "192.0.2.7", "len": 32, "chain": 7}],
                 "segment": [{"device": 1, "to": "10.0.1.80"}]})
    found, = ynl.dump("service-get", {"owner": "static"})
    same("acl" in found["service"][0], False)
    ynl.do("service-trace", {"trace": {"service": 9, "packets": 5,
                                       "client": address("192.0.2.7")}})
    ynl.do("service-trace", {"trace": {"service": 9, "packets": 0}})
    refused(errno.ENOENT, "service-trace", {"trace": {"service": 8, "packets": 5}}, (),
            ".trace.service")
    refused(errno.EBUSY, "device-del", {"device": [{"id": 1}]}, (), ".device")
    refused(errno.EBUSY, "chain-del", {"chain": [{"name": "front"}]}, (), ".chain")
    refused(errno.EINVAL, "service-new", {"service": [{**shop, "id": 10, "name": "x",
                                                       "owner": "daemon"}]}, ADD,
            ".service.owner", "for answers only")
    ynl.do("service-del", {"service": [{"id": 9}]})
    ynl.do("chain-del", {"chain": [{"id": 7}]})
    ynl.do("device-del", {"device": [{"id": 1}, {"name": "ids"}]})
    same([(e["event"], *(e.keys() - {"event"})) for e in chain_listener.told(6)
          if e["event"] != "change"],
         [("new", "chain"), ("new", "service"), ("del", "service"), ("del", "chain"),
          ("del", "device"), ("del", "device")])


def settings():
    """settings and state; a generation"""
    fallback = [{"dscp": 10, "mark": 0x100, "mask": 0xf00}, {"dscp": 46, "mark": 7}]
    ynl.do("conf-set", {"conf": {
        "max-sas": 2000, "max-ikes": 300, "max-groups": 40, "fallback": {"entry": fallback},
        "ike-ports": struct.pack("=2H", 500, 501), "natt-ports": b"",
        "unknown": "tell", "unknown-rate": 50,
        "check-ipv4": socket.inet_aton("198.18.255.0") + b"\x18"}})
    found = ynl.do("status-get", {})
    same(found["conf"], {
        "max-sas": 2000, "max-ikes": 300, "max-groups": 40,
        "ike-ports": [500, 501], "natt-ports": [], "unknown": "tell", "unknown-rate": 50,
        "check-ipv4": socket.inet_aton("198.18.255.0") + b"\x18",
        "fallback": {"entry": [{"dscp": 10, "mark": "0x100", "mask": "0xf00"},
                               {"dscp": 46, "mark": "0x7", "mask": "0xffffffff"}]}})
    with open("/sys/module/ipsec_qos/version", encoding="ascii") as version:
        same(found["status"], {
            "version": version.read().strip(), "groups": 2, "sas": 500, "ikes": 0,
            "untagged": found["status"]["untagged"], "malformed": NOTHING, "left": NOTHING,
            "untagged-reasons": found["status"]["untagged-reasons"]})
    reasons = found["status"]["untagged-reasons"]
    same(sorted(reasons), ["decrypted", "fragment", "no-group", "unknown-ike", "unknown-sa"])
    same({of: sum(count[of] for count in reasons.values()) for of in NOTHING},
         found["status"]["untagged"])

    opened = ynl.do("resync-start", {"owner": "daemon"})
    same(opened["owner"], "daemon")
    ynl.do("sa-new", {"sa": [sa(0x2000, 2, "2001:db8::1")], "owner": "daemon"}, CHANGE)
    same(ynl.do("resync-end", opened), {"count": 499})
    refused(errno.ESTALE, "resync-end", {**opened, "generation": opened["generation"] + 1},
            (), ".generation")
    same(sas(), [0x2000])
    same(ynl.do("sa-flush", {}), {"count": 1})
    same(ynl.do("group-flush", {"owner": "static"}), {"count": 1})


def rights():
    """all operations have been tried; who has no right may none, nor hear of anything"""
    every = {(name, mode) for name, op in ynl.ops.items() for mode in op.modes}
    same(ynl.used, every)
    deaf = {name: Client() for name in ynl.mcast_groups}
    child = os.fork()
    if not child:
        failed = 1
        try:
            os.setgroups([])
            os.setresuid(65534, 65534, 65534)
            for method, mode in sorted(every):
                refused(errno.EPERM, method, {}, dump=mode == "dump")
            for name, client in deaf.items():
                try:
                    client.ntf_subscribe(name)
                except PermissionError:
                    continue
                raise AssertionError("hears of " + name)
            failed = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(failed)
    same(os.waitpid(child, 0)[1], 0)
    same(len(ynl.dump("group-get", {})), 1)


sys.exit(steps(groups, entries, errors, translation, steering, chains, settings, rights))
