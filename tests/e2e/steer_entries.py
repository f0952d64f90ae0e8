#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
steer_entries - SAs' entries name a group, an element, or both

They are counted where they are named, found by what they name, and told in events. A
request that changes many and fails leaves all as they were. What names no group is
untagged, and the fall-back's.
"""
# ci-once: steer_netlink has its requests there
import errno
import json
import os
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from genl import (ADD, ADD_MEMBERSHIP, F_ACK, F_DUMP, F_REPLACE, SET,  # noqa: E402
                  SOL_NETLINK, Checks, Netlink, attr, nest, own_machine, step, u8, u32,
                  walk)

# include/uapi/linux/ipsec_qos.h
GROUP_NEW, GROUP_DEL, SA_NEW, SA_DEL, SA_GET, SA_FLUSH = 1, 2, 5, 6, 7, 8
CONF_SET, ELEMENT_NEW, ELEMENT_DEL, ELEMENT_GET = 14, 23, 24, 25
A_GROUP, A_SA, A_CONF, A_COUNT, A_EVENT, A_ELEMENT = 2, 3, 5, 9, 10, 13
G_ID, G_NAME, G_MARK = 2, 3, 4
S_FAMILY, S_DST, S_SPI, S_GROUP, S_LIFETIME, S_ELEMENT = 2, 3, 4, 6, 7, 12
C_MAX_SAS, C_FALLBACK = 1, 6
F_ENTRY, F_DSCP, F_MARK, F_MASK = 1, 2, 3, 4
E_ID, E_NAME, E_VIA, E_SAS = 2, 3, 5, 11
NEW, CHANGE, DEL = 1, 2, 3
HERE = "192.0.2.1"
CHANGES = F_ACK | F_REPLACE


def sa(spi, group=None, element=None, *more):
    return nest(A_SA, u8(S_FAMILY, socket.AF_INET), attr(S_DST, socket.inet_aton(HERE)),
                u32(S_SPI, spi), *([] if group is None else [u32(S_GROUP, group)]),
                *([] if element is None else [u32(S_ELEMENT, element)]), *more)


def named(data):
    """what an entry names: its group and its element, None: neither"""
    said = dict(walk(data))
    return tuple(int.from_bytes(said[of], sys.byteorder) if of in said else None
                 for of in (S_GROUP, S_ELEMENT))


def spi_of(data):
    return int.from_bytes(dict(walk(data))[S_SPI], sys.byteorder)


def entries(*filters):
    """what each SA's names, by its SPI: of those that fit"""
    answer = c.accepted("dump", SA_GET, nest(A_SA, *filters) if filters else b"", F_DUMP)
    return {spi_of(data): named(data) for kind, data in walk(answer) if kind & 0x3fff == A_SA}


def qos(*args):
    return json.loads(subprocess.run(["build/bin/ipsec-qos", "-j", *args], check=True,
                                     stdout=subprocess.PIPE).stdout)


def users():
    """SAs of each group and element, by name"""
    answer = c.accepted("elements", ELEMENT_GET, flags=F_DUMP)
    found = {g["name"]: g["sas"] for g in qos("group", "show")}
    for kind, data in walk(answer):
        if kind & 0x3fff == A_ELEMENT:
            e = dict(walk(data))
            found[e[E_NAME].rstrip(b"\0").decode()] = int.from_bytes(e[E_SAS],
                                                                      sys.byteorder)
    return found


def expect(what, wanted, got):
    if wanted != got:
        c.fail("%s: expected %s, got %s" % (what, wanted, got))


own_machine()
subprocess.run("modprobe ipsec_qos && ip link add eth9 type dummy && ip link set eth9 up && "
               "ip addr add %s/24 dev eth9 && ip link set lo up" % HERE,
               shell=True, check=True)
c = Checks()
events = Netlink()
events.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, events.groups["events"])


def told():
    """the next event of an SA: what, its SPI, what it names"""
    while True:
        said = list(walk(events.sock.recv(1 << 16)[20:]))
        what = [data[0] for kind, data in said if kind == A_EVENT]
        for kind, data in said:
            if kind & 0x3fff == A_SA:
                return what[0], spi_of(data), named(data)


step("what an entry names")
c.accepted("groups", GROUP_NEW, b"".join(
    nest(A_GROUP, u32(G_ID, i), attr(G_NAME, b"g%d\0" % i), u32(G_MARK, 16 * i))
    for i in (1, 2)), ADD)
c.accepted("elements", ELEMENT_NEW, b"".join(
    nest(A_ELEMENT, u32(E_ID, i), attr(E_NAME, b"e%d\0" % i),
         attr(E_VIA, socket.inet_aton("192.0.2.%d" % (10 + i)))) for i in (1, 2)), ADD)
c.accepted("entries", SA_NEW, sa(0x1000, 1, 1) + sa(0x1001, None, 1) + sa(0x1002, 1) +
           sa(0x1003, 2, 2), ADD)
FIRST = {0x1000: (1, 1), 0x1001: (None, 1), 0x1002: (1, None), 0x1003: (2, 2)}
expect("entries", FIRST, entries())
for spi, names in FIRST.items():
    expect("event", (NEW, spi, names), told())
expect("users", {"g1": 2, "g2": 1, "e1": 2, "e2": 1}, users())
expect("of element 1", {0x1000: (1, 1), 0x1001: (None, 1)}, entries(u32(S_ELEMENT, 1)))
expect("of element 1 and group 1", {0x1000: (1, 1)},
       entries(u32(S_ELEMENT, 1), u32(S_GROUP, 1)))
expect("of element 2 and group 1", {}, entries(u32(S_ELEMENT, 2), u32(S_GROUP, 1)))
answer = c.accepted("one", SA_GET, sa(0x1001))
expect("one", [(None, 1)], [named(d) for k, d in walk(answer) if k & 0x3fff == A_SA])

step("what cannot be")
c.refused("neither", errno.EINVAL, SA_NEW, sa(0x2000), ADD, at=sa(0x2000),
          says="a new SA needs a group or an element")
c.refused("an element that is not there", errno.ENOENT, SA_NEW, sa(0x2000, 1, 9), ADD,
          at=u32(S_ELEMENT, 9), says="no element 9")
for bad in 0, 65536:
    c.refused("element %d" % bad, errno.ERANGE, SA_NEW, sa(0x2000, 1, bad), ADD,
              at=u32(S_ELEMENT, bad))
    c.refused("of element %d" % bad, errno.ERANGE, SA_GET, nest(A_SA, u32(S_ELEMENT, bad)),
              F_DUMP)
c.refused("an element to delete by", errno.EINVAL, SA_DEL, sa(0x1000, None, 1))
c.refused("an element with SAs", errno.EBUSY, ELEMENT_DEL, nest(A_ELEMENT, u32(E_ID, 1)),
          says="used by 2 SAs")
c.refused("a group with SAs", errno.EBUSY, GROUP_DEL, nest(A_GROUP, u32(G_ID, 2)),
          says="used by 1 SAs")
expect("entries", FIRST, entries())

step("changes")
for what, spi, names, now in (
        ("an element alone", 0x1000, (None, 2), (None, 2)),
        ("neither", 0x1000, (None, None), (None, 2)),
        ("a group alone", 0x1000, (1, None), (1, None)),
        ("both", 0x1000, (2, 1), (2, 1)),
        ("neither", 0x1000, (None, None), (2, 1)),
        ("a group for none", 0x1001, (1, 1), (1, 1)),
        ("none for a group", 0x1001, (None, 1), (None, 1)),
        ("as it was", 0x1000, (1, 1), (1, 1))):
    c.accepted(what, SA_NEW, sa(spi, *names), CHANGES)
    expect(what, now, entries()[spi])
    if what != "neither":
        expect("event of " + what, (CHANGE, spi, now), told())
c.accepted("what is there", SA_NEW, sa(0x1001, None, 1), SET)
expect("users", {"g1": 2, "g2": 1, "e1": 2, "e2": 1}, users())
expect("entries", FIRST, entries())

step("all or none")
MANY = (sa(0x1000, 2, 1) + sa(0x1001, 2, 2) + sa(0x1002, None, 2) + sa(0x1003, 1) +
        sa(0x1000, None, 1) + sa(0x1002, 2))
c.refused("the last is not there", errno.ENOENT, SA_NEW, MANY + sa(0x9999, 1), CHANGES,
          at=sa(0x9999, 1))
expect("entries", FIRST, entries())
expect("users", {"g1": 2, "g2": 1, "e1": 2, "e2": 1}, users())
c.accepted("a ceiling", CONF_SET, nest(A_CONF, u32(C_MAX_SAS, 5)))
c.refused("one too many", errno.ENOSPC, SA_NEW, sa(0x2000, 2, 1) + MANY + sa(0x2001, 1),
          SET, at=sa(0x2001, 1), says="the ceiling of 5 SAs")
expect("entries", FIRST, entries())
expect("users", {"g1": 2, "g2": 1, "e1": 2, "e2": 1}, users())
c.accepted("more room", CONF_SET, nest(A_CONF, u32(C_MAX_SAS, 10000)))
c.accepted("all of it", SA_NEW, MANY, CHANGES)
expect("entries", {0x1000: (None, 1), 0x1001: (2, 2), 0x1002: (2, None), 0x1003: (1, None)},
       entries())
expect("users", {"g1": 1, "g2": 2, "e1": 1, "e2": 1}, users())
c.accepted("as it was", SA_NEW, b"".join(sa(spi, *names) for spi, names in FIRST.items()),
           CHANGES)
expect("users", {"g1": 2, "g2": 1, "e1": 2, "e2": 1}, users())

step("packets")
subprocess.run(["nft", "-f", "-"], check=True, text=True, input="""
    table ip t {
        chain out {
            type filter hook output priority filter
            ip protocol esp meta mark 0x10 counter
            ip protocol esp meta mark 0x700 counter
            ip protocol esp meta mark 0 counter
        }
    }""")


def marked():
    """packets that left with the group's mark, the fall-back's, and none"""
    said = json.loads(subprocess.run(["nft", "-j", "list", "table", "ip", "t"], check=True,
                                     stdout=subprocess.PIPE).stdout)
    return [e["counter"]["packets"] for r in said["nftables"] if "rule" in r
            for e in r["rule"]["expr"] if "counter" in e]


def untagged():
    return {reason: count["packets"]
            for reason, count in qos("status")["untagged"]["reasons"].items()
            if count["packets"]}


def send():
    """One of each, from here to here: so each is seen twice"""
    for spi in (*FIRST, 0x9999):
        raw.sendto(struct.pack("!II", spi, 1) + bytes(56), (HERE, 0))


def seen():
    return {s["spi"]: s["packets"] for s in qos("sa", "show")}


def awaited(wanted):
    end = time.monotonic() + 20
    while time.monotonic() < end and untagged() != wanted:
        time.sleep(0.05)
    expect("untagged", wanted, untagged())


raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ESP)
send()
awaited({"unknown_sa": 2, "no_group": 2})
expect("each SA's", [2] * 4, list(seen().values()))
groups = {g["name"]: g["counters"] for g in qos("group", "show")}
expect("group 1", (2, 2), tuple(groups["g1"][of]["packets"] for of in ("esp_out", "esp_in")))
expect("group 2", (1, 1), tuple(groups["g2"][of]["packets"] for of in ("esp_out", "esp_in")))
expect("marks", [2, 0, 2], marked())
c.accepted("group 1 is another", GROUP_NEW, nest(A_GROUP, u32(G_ID, 1), u32(G_MARK, 0x700)),
           CHANGES)
send()
awaited({"unknown_sa": 4, "no_group": 4})
expect("marks", [2, 2, 4], marked())
c.accepted("group 1 is itself", GROUP_NEW, nest(A_GROUP, u32(G_ID, 1), u32(G_MARK, 0x10)),
           CHANGES)
c.accepted("a fall-back", CONF_SET, nest(A_CONF, nest(C_FALLBACK, nest(
    F_ENTRY, u8(F_DSCP, 0), u32(F_MARK, 0x700), u32(F_MASK, 0xf00)))))
send()
awaited({"unknown_sa": 6, "no_group": 6})
expect("marks", [4, 4, 4], marked())

step("all go")
answer = c.accepted("those of element 1", SA_FLUSH, nest(A_SA, u32(S_ELEMENT, 1)))
expect("how many", [2], [int.from_bytes(d, sys.byteorder) for k, d in walk(answer)
                         if k == A_COUNT])
expect("entries", {0x1002: (1, None), 0x1003: (2, 2)}, entries())
expect("users", {"g1": 1, "g2": 1, "e1": 0, "e2": 1}, users())
c.accepted("element 1", ELEMENT_DEL, nest(A_ELEMENT, u32(E_ID, 1)))
c.refused("its id", errno.ENOENT, SA_NEW, sa(0x2000, None, 1), ADD, says="no element 1")
c.accepted("one with a lifetime", SA_NEW, sa(0x2000, None, 2, u32(S_LIFETIME, 1)), ADD)
while 0x2000 in entries():
    time.sleep(0.1)
c.accepted("the others", SA_DEL, sa(0x1002) + sa(0x1003))
c.accepted("element 2", ELEMENT_DEL, nest(A_ELEMENT, u32(E_ID, 2)))
c.accepted("groups", GROUP_DEL, nest(A_GROUP, u32(G_ID, 1)) + nest(A_GROUP, u32(G_ID, 2)))
for again in range(2):
    c.accepted("a group", GROUP_NEW, nest(A_GROUP, u32(G_ID, 1), attr(G_NAME, b"g1\0"),
                                          u32(G_MARK, 16)), ADD)
    c.accepted("an element", ELEMENT_NEW, nest(
        A_ELEMENT, u32(E_ID, 1), attr(E_NAME, b"e1\0"),
        attr(E_VIA, socket.inet_aton("192.0.2.11"))), ADD)
    c.accepted("entries", SA_NEW, sa(0x1000, 1, 1) + sa(0x1001, None, 1), ADD)
    if not again:
        c.accepted("entries go", SA_FLUSH)
        c.accepted("the element", ELEMENT_DEL, nest(A_ELEMENT, u32(E_ID, 1)))
        c.accepted("the group", GROUP_DEL, nest(A_GROUP, u32(G_ID, 1)))
# with entries, groups and elements there
subprocess.run(["rmmod", "ipsec_qos"], check=True)
c.end()
