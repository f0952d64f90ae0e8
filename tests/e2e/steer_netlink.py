#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
steer_netlink - elements, pools and steered prefixes, by requests that are right and wrong

What is wrong is refused with an error that names it, and changes nothing: attributes, a
next hop that leads back here, names taken, members that are none, many of which one is
bad, what is in use. Ceilings hold, also for root of a namespace alone. Listeners are told
of what changed, and of nothing else; the end of a resync takes what was not stated again.
"""
import ctypes
import errno
import os
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from genl import (ADD, ADD_MEMBERSHIP, F_ACK, F_DUMP, F_REPLACE, SET,  # noqa: E402
                  SOL_NETLINK, Checks, Netlink, attr, nest, own_machine, step, u8, u32,
                  walk)

# include/uapi/linux/ipsec_qos.h
GROUP_NEW, SA_NEW, SA_DEL, STATUS_GET, CONF_SET = 1, 5, 6, 13, 14
RESYNC_START, RESYNC_END = 15, 16
(ELEMENT_NEW, ELEMENT_DEL, ELEMENT_GET, POOL_NEW, POOL_DEL, POOL_GET, POOL_RELEASE,
 STEER_NEW, STEER_DEL, STEER_GET, STEER_TEST) = range(23, 34)
COMMANDS = range(ELEMENT_NEW, STEER_TEST + 1)
DUMPS = (ELEMENT_GET, POOL_GET, STEER_GET)
A_GROUP, A_SA, A_CONF, A_OWNER, A_GENERATION, A_COUNT, A_EVENT = 2, 3, 5, 7, 8, 9, 10
G_ID, G_NAME, G_MARK = 2, 3, 4
A_ELEMENT, A_POOL, A_STEER, A_STEER_TEST, A_UNKNOWN = range(13, 18)
S_FAMILY, S_DST, S_SPI, S_GROUP, S_ELEMENT = 2, 3, 4, 6, 12
C_UNKNOWN, C_UNKNOWN_ELEMENT, C_UNKNOWN_RATE = 7, 8, 9
NEW, CHANGE, DEL = 1, 2, 3

# include/uapi/linux/ipsec_qos_steer.h
(E_ID, E_NAME, E_DEV, E_VIA, E_VIA6, E_NEXTHOP, E_STATE, E_OWNER, E_PROBLEM, E_SAS,
 E_POOLS, E_COUNTERS) = range(2, 14)
M_ELEMENT, M_WEIGHT, M_HOME, M_NOW = range(1, 5)
(P_ID, P_NAME, P_MODE, P_MEMBER, P_SECRET, P_BUCKETS, P_HOME, P_NOW, P_HELD, P_LENT,
 P_OWNER) = range(2, 13)
(T_FAMILY, T_DST, T_LEN, T_POOL, T_IKE, T_IKE_ELEMENT, T_OWNER, T_COUNTERS) = range(2, 10)
(W_FAMILY, W_DST, W_SRC, W_SPI, W_PROTO, W_WHY, W_ELEMENT, W_GROUP, W_POOL,
 W_BUCKET) = range(1, 11)
NOT, EXACT, HOME, HELD, LENT, HASHED, NOBODY = range(7)
UP, DRAIN, DOWN = range(3)
BUCKET, SA, FLOW = range(3)
IKE_LOCAL, IKE_ELEMENT, IKE_POOL = range(3)
OFF, TELL, RELAY = range(3)
FOLDERS_GUEST = 512     # kmod/core/folder.c
ELEMENTS_MAX, POOLS_MAX, MEMBERS_MAX, STEERS_MAX, BUCKETS = 4096, 1024, 256, 1024, 4096
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
CHANGES = F_ACK | F_REPLACE


def element(number, *more, name=None, via=b"\x0a\0\0\2"):
    if name is None:
        name = b"e%d" % number
    return nest(A_ELEMENT, u32(E_ID, number), attr(E_NAME, name + b"\0"),
                *([attr(E_VIA, via)] if via else []), *more)


def element_key(number):
    return nest(A_ELEMENT, u32(E_ID, number))


def member(number, weight=None):
    return nest(P_MEMBER, u32(M_ELEMENT, number),
                *([] if weight is None else [u32(M_WEIGHT, weight)]))


def pool(number, *more, name=None):
    return nest(A_POOL, u32(P_ID, number), attr(P_NAME, (name or b"p%d" % number) + b"\0"),
                *more)


def pool_key(number, *more):
    return nest(A_POOL, u32(P_ID, number), *more)


def steer(dst, *more, length=None, to=1):
    return nest(A_STEER, u8(T_FAMILY, socket.AF_INET if len(dst) == 4 else socket.AF_INET6),
                attr(T_DST, dst), *([] if length is None else [u8(T_LEN, length)]),
                *([u32(T_POOL, to)] if to else []), *more)


def sa(spi, *more):
    return nest(A_SA, u8(S_FAMILY, socket.AF_INET), attr(S_DST, b"\xc0\0\2\1"),
                u32(S_SPI, spi), *more)


def packet(dst, spi, *more):
    return nest(A_STEER_TEST, u8(W_FAMILY, socket.AF_INET if len(dst) == 4 else
                                 socket.AF_INET6), attr(W_DST, dst), u32(W_SPI, spi), *more)


def conf(*attrs):
    return nest(A_CONF, *attrs)


def in_sysfs(path):
    """a file of the module there, or the names in a folder"""
    path = os.path.join("/sys/kernel/ipsec_qos", path)
    if os.path.isdir(path):
        return sorted(os.listdir(path))
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def number(data):
    return int.from_bytes(data, sys.byteorder)


def first(answer, kind):
    """the nest of an answer, as a dict"""
    return next(dict((k & 0x3fff, v) for k, v in walk(data))
                for k, data in walk(answer) if k & 0x3fff == kind)


def all_of(cmd, kind, payload=b""):
    """a dump's objects; counters aside, which traffic of the machine may change"""
    answer = accepted("dump %d" % cmd, cmd, payload, F_DUMP)
    return [dict((k & 0x3fff, v) for k, v in walk(data))
            for k, data in walk(answer) if k & 0x3fff == kind]


def everything():
    return [all_of(cmd, kind) for cmd, kind in (
        (ELEMENT_GET, A_ELEMENT), (POOL_GET, A_POOL), (STEER_GET, A_STEER))]


def get_pool(which):
    return first(accepted("pool %d" % which, POOL_GET, pool_key(which)), A_POOL)


def table(data):
    return struct.unpack("=%dH" % BUCKETS, data)


def expect(what, wanted, got):
    c.requests += 1
    if wanted != got:
        c.fail("%s: expected %s, got %s" % (what, wanted, got))


own_machine()
subprocess.run(["modprobe", "ipsec_qos"], check=True)
for command in ("ip link set lo up", "ip link add eth9 type dummy",
                "ip addr add 10.0.0.1/24 dev eth9", "ip link set eth9 up",
                "ip addr add 2001:db8::1/64 dev eth9 nodad"):
    subprocess.run(command.split(), check=True)
c = Checks()
refused, accepted = c.refused, c.accepted

step("nothing is there yet")
expect("what is there", [[], [], []], everything())
refused("an element", errno.ENOENT, ELEMENT_GET, element_key(1), at=element_key(1))
refused("an element to delete", errno.ENOENT, ELEMENT_DEL, element_key(1), at=element_key(1))
refused("a pool", errno.ENOENT, POOL_GET, pool_key(1), at=pool_key(1))
refused("a pool to release", errno.ENOENT, POOL_RELEASE, pool_key(1), at=pool_key(1))
refused("a prefix", errno.ENOENT, STEER_DEL, steer(b"\xc0\0\2\1", to=0))

step("what is right")
accepted("elements", ELEMENT_NEW, b"".join((
    element(1), element(2, u8(E_STATE, DRAIN)),
    element(3, attr(E_DEV, b"eth9\0"), via=None),
    element(4, attr(E_VIA6, b"\x20\1\x0d\xb8" + b"\0" * 11 + b"\2")),
    element(5, u32(E_NEXTHOP, 7), via=None),
    element(6, attr(E_VIA6, b"\xfe\x80" + b"\0" * 13 + b"\2"), attr(E_DEV, b"eth9\0")))), ADD)
one = first(accepted("one", ELEMENT_GET, nest(A_ELEMENT, attr(E_NAME, b"e2\0"))), A_ELEMENT)
expect("its id", 2, number(one[E_ID]))
expect("its state", DRAIN, number(one[E_STATE]))
expect("its way", b"\x0a\0\0\2", one[E_VIA])
expect("its counters", 8, len(list(walk(one[E_COUNTERS]))))
accepted("a pool", POOL_NEW, pool(1, member(2, 3), member(1), attr(P_SECRET, b"s" * 16)), ADD)
accepted("one with nobody", POOL_NEW, pool(2), ADD)
accepted("one of SAs", POOL_NEW, pool(3, u8(P_MODE, SA), member(3)), ADD)
accepted("one of flows", POOL_NEW, pool(4, u8(P_MODE, FLOW), member(3)), ADD)
one = get_pool(1)
homes = table(one[P_HOME])
expect("its members", [1, 2], [number(dict(walk(v))[M_ELEMENT]) for k, v in walk(
    accepted("again", POOL_GET, pool_key(1))[4:]) if k & 0x3fff == P_MEMBER])
expect("who has homes", {1, 2}, set(homes))
expect("where packets go", homes, table(one[P_NOW]))
expect("the secret", False, P_SECRET in one)
expect("buckets held, lent", (0, 0), (number(one[P_HELD]), number(one[P_LENT])))
if not 2700 < homes.count(2) < 3400:
    c.fail("of 4096 buckets 2 has %d, with a weight of 3 to 1" % homes.count(2))
accepted("steered", STEER_NEW, b"".join((
    steer(b"\xc0\0\2\1"), steer(b"\xc0\0\2\0", u8(T_IKE, IKE_ELEMENT), u32(T_IKE_ELEMENT, 3),
                                length=24),
    steer(b"\0" * 4, length=0, to=2), steer(b"\x20\1" + b"\0" * 14, length=16, to=4),
    steer(b"\xc0\0\2\2", u8(T_IKE, IKE_POOL)))), ADD)
expect("in order", [(0, 0), (2, 24), (2, 32), (2, 32), (0x20, 16)], [
    (one[T_DST][0] if one[T_FAMILY] == b"\x0a" else one[T_DST][2], one[T_LEN][0])
    for one in all_of(STEER_GET, A_STEER)])
accepted("unknown SPIs", CONF_SET, conf(u8(C_UNKNOWN, RELAY), u32(C_UNKNOWN_ELEMENT, 4),
                                        u32(C_UNKNOWN_RATE, 10000)))
before = everything()

step("attributes that are wrong in themselves")
bad = u32(99, 1)
for cmd in COMMANDS:
    refused("unknown attribute, command %d" % cmd, errno.EINVAL, cmd, bad,
            F_DUMP if cmd == STEER_GET else F_ACK, at=bad)
bad = u32(77, 1)
for cmd, payload in ((ELEMENT_NEW, element(9, bad)), (POOL_NEW, pool(9, bad)),
                     (STEER_NEW, steer(b"\1\2\3\4", bad)),
                     (POOL_NEW, pool(9, nest(P_MEMBER, bad)))):
    refused("unknown within, command %d" % cmd, errno.EINVAL, cmd, payload, ADD, at=bad)
for what, cmd, make, bad, wanted in (
        ("element id 0", ELEMENT_NEW, lambda b: nest(A_ELEMENT, b), u32(E_ID, 0), errno.ERANGE),
        ("element id", ELEMENT_NEW, lambda b: nest(A_ELEMENT, b), u32(E_ID, 65536), errno.ERANGE),
        ("state", ELEMENT_NEW, lambda b: element(9, b), u8(E_STATE, 3), errno.ERANGE),
        ("nexthop 0", ELEMENT_NEW, lambda b: element(9, b, via=None), u32(E_NEXTHOP, 0),
         errno.ERANGE),
        ("short via", ELEMENT_NEW, lambda b: element(9, b, via=None), attr(E_VIA, b"\1\2\3"),
         errno.ERANGE),
        ("short via6", ELEMENT_NEW, lambda b: element(9, b, via=None), attr(E_VIA6, b"\1" * 15),
         errno.ERANGE),
        ("pool id 0", POOL_NEW, lambda b: nest(A_POOL, b), u32(P_ID, 0), errno.ERANGE),
        ("pool id", POOL_NEW, lambda b: nest(A_POOL, b), u32(P_ID, 65536), errno.ERANGE),
        ("mode", POOL_NEW, lambda b: pool(9, b), u8(P_MODE, 3), errno.ERANGE),
        ("weight 0", POOL_NEW, lambda b: pool(9, nest(P_MEMBER, u32(M_ELEMENT, 1), b)),
         u32(M_WEIGHT, 0), errno.ERANGE),
        ("weight", POOL_NEW, lambda b: pool(9, nest(P_MEMBER, u32(M_ELEMENT, 1), b)),
         u32(M_WEIGHT, 65536), errno.ERANGE),
        ("short secret", POOL_NEW, lambda b: pool(9, b), attr(P_SECRET, b"s" * 15), errno.ERANGE),
        ("short buckets", POOL_RELEASE, lambda b: pool_key(1, b), attr(P_BUCKETS, b"\0" * 511),
         errno.ERANGE),
        ("long buckets", POOL_RELEASE, lambda b: pool_key(1, b), attr(P_BUCKETS, b"\0" * 513),
         errno.ERANGE),
        ("buckets", POOL_NEW, lambda b: pool(9, b), attr(P_BUCKETS, b"\0" * 512), errno.EINVAL),
        ("members", POOL_RELEASE, lambda b: pool_key(1, b), member(1), errno.EINVAL),
        ("length", STEER_NEW, lambda b: steer(b"\1\2\3\4", b), u8(T_LEN, 129), errno.ERANGE),
        ("length of IPv4", STEER_NEW, lambda b: steer(b"\1\2\3\4", b), u8(T_LEN, 33),
         errno.EINVAL),
        ("IKE", STEER_NEW, lambda b: steer(b"\1\2\3\4", b), u8(T_IKE, 3), errno.ERANGE),
        ("long destination", STEER_NEW, lambda b: nest(
            A_STEER, u8(T_FAMILY, 2), b, u32(T_POOL, 1)), attr(T_DST, b"\1" * 16), errno.EINVAL),
        ("family", STEER_NEW, lambda b: nest(
            A_STEER, b, attr(T_DST, b"\1\2\3\4"), u32(T_POOL, 1)), u8(T_FAMILY, 1),
         errno.EAFNOSUPPORT),
        ("what is unknown", CONF_SET, conf, u8(C_UNKNOWN, 3), errno.ERANGE),
        ("rate 0", CONF_SET, conf, u32(C_UNKNOWN_RATE, 0), errno.ERANGE),
        ("rate", CONF_SET, conf, u32(C_UNKNOWN_RATE, 10001), errno.ERANGE)):
    refused(what, wanted, cmd, make(bad), ADD, at=bad)
for what, cmd, make, bad in (
        ("owner", ELEMENT_NEW, lambda b: element(9, b), u8(E_OWNER, 0)),
        ("problem", ELEMENT_NEW, lambda b: element(9, b), u8(E_PROBLEM, 0)),
        ("SAs", ELEMENT_NEW, lambda b: element(9, b), u32(E_SAS, 0)),
        ("pools", ELEMENT_NEW, lambda b: element(9, b), u32(E_POOLS, 0)),
        ("counters", ELEMENT_NEW, lambda b: element(9, b), attr(E_COUNTERS, b"")),
        ("homes", POOL_NEW, lambda b: pool(9, b), attr(P_HOME, b"")),
        ("where they go", POOL_NEW, lambda b: pool(9, b), attr(P_NOW, b"")),
        ("held", POOL_NEW, lambda b: pool(9, b), u32(P_HELD, 0)),
        ("lent", POOL_NEW, lambda b: pool(9, b), u32(P_LENT, 0)),
        ("a member's home", POOL_NEW, lambda b: pool(9, nest(P_MEMBER, b)), u32(M_HOME, 1)),
        ("its counters", STEER_NEW, lambda b: steer(b"\1\2\3\4", b), attr(T_COUNTERS, b""))):
    refused(what, errno.EINVAL, cmd, make(bad), ADD, at=bad, says="answers")
for name in (b"", b".x", b"a/b", b"a b", b"\xff"):
    for cmd, nested, kind, key in ((ELEMENT_NEW, A_ELEMENT, E_NAME, u32(E_ID, 9)),
                                   (POOL_NEW, A_POOL, P_NAME, u32(P_ID, 9))):
        bad = attr(kind, name + b"\0")
        refused("name %r" % name, errno.EINVAL, cmd, nest(nested, key, bad), ADD, at=bad)

step("what is missing")
for cmd in COMMANDS:
    if cmd != STEER_GET:
        refused("nothing in command %d" % cmd, errno.EINVAL, cmd, b"", ADD)
for what, cmd, payload in (
        ("id", ELEMENT_NEW, nest(A_ELEMENT, attr(E_NAME, b"x\0"), attr(E_VIA, b"\1\2\3\4"))),
        ("name", ELEMENT_NEW, nest(A_ELEMENT, u32(E_ID, 9), attr(E_VIA, b"\1\2\3\4"))),
        ("next hop", ELEMENT_NEW, element(9, via=None)),
        ("id or name", ELEMENT_DEL, nest(A_ELEMENT)),
        ("id", POOL_NEW, nest(A_POOL, attr(P_NAME, b"x\0"))),
        ("name", POOL_NEW, nest(A_POOL, u32(P_ID, 9))),
        ("id or name", POOL_RELEASE, nest(A_POOL)),
        ("the member's element", POOL_NEW, pool(9, nest(P_MEMBER, u32(M_WEIGHT, 1)))),
        ("family", STEER_NEW, nest(A_STEER, attr(T_DST, b"\1\2\3\4"), u32(T_POOL, 1))),
        ("prefix", STEER_NEW, nest(A_STEER, u8(T_FAMILY, 2), u32(T_POOL, 1))),
        ("pool", STEER_NEW, steer(b"\1\2\3\4", to=0)),
        ("element", STEER_NEW, steer(b"\1\2\3\4", u8(T_IKE, IKE_ELEMENT))),
        ("element", CONF_SET, conf(u8(C_UNKNOWN, RELAY)))):
    refused("no " + what, errno.EINVAL, cmd, payload, ADD, says=what)

step("next hops that cannot be")
for what, bad, says in (
        ("this host's", attr(E_VIA, b"\x0a\0\0\1"), "10.0.0.1 is an address of this host"),
        ("this host's IPv6", attr(E_VIA6, b"\x20\1\x0d\xb8" + b"\0" * 11 + b"\1"),
         "2001:db8::1 is an address of this host"),
        ("none", attr(E_VIA, b"\0" * 4), "0.0.0.0"),
        ("loopback", attr(E_VIA, b"\x7f\0\0\1"), "127.0.0.1"),
        ("multicast", attr(E_VIA, b"\xe0\0\0\1"), "224.0.0.1"),
        ("broadcast", attr(E_VIA, b"\xff" * 4), "255.255.255.255"),
        ("no IPv6", attr(E_VIA6, b"\0" * 16), "::"),
        ("IPv6 multicast", attr(E_VIA6, b"\xff\2" + b"\0" * 13 + b"\1"), "ff02::1"),
        ("link-local", attr(E_VIA6, b"\xfe\x80" + b"\0" * 13 + b"\2"), "interface"),
        ("interface", attr(E_DEV, b"a/b\0"), "interface")):
    refused(what, errno.EINVAL, ELEMENT_NEW, element(9, bad, via=None), ADD, at=bad, says=says)
    refused(what, errno.EINVAL, ELEMENT_NEW, element(1, bad, via=None), CHANGES, at=bad)
bad = u32(E_NEXTHOP, 7)
refused("a nexthop object too", errno.EINVAL, ELEMENT_NEW, element(9, bad), ADD, at=bad)

step("what is there, and what is not")
for what, wanted, cmd, payload, flags in (
        ("an element that exists", errno.EEXIST, ELEMENT_NEW, element(1), ADD),
        ("none to change", errno.ENOENT, ELEMENT_NEW, element(9), CHANGES),
        ("another's name", errno.EEXIST, ELEMENT_NEW, element(9, name=b"e1"), ADD),
        ("a pool that exists", errno.EEXIST, POOL_NEW, pool(1), ADD),
        ("none to change", errno.ENOENT, POOL_NEW, pool(9), CHANGES),
        ("another pool's name", errno.EEXIST, POOL_NEW, pool(9, name=b"p1"), ADD),
        ("its name", errno.EEXIST, POOL_NEW, pool(1, name=b"p2"), CHANGES),
        ("another mode", errno.EINVAL, POOL_NEW, pool(1, u8(P_MODE, SA)), CHANGES),
        ("a prefix that exists", errno.EEXIST, STEER_NEW, steer(b"\xc0\0\2\1"), ADD),
        ("none to change", errno.ENOENT, STEER_NEW, steer(b"\xc0\0\2\3"), CHANGES)):
    refused(what, wanted, cmd, payload, flags, at=payload)
bad = member(99)
refused("no such member", errno.ENOENT, POOL_NEW, pool(9, member(1), bad), ADD, at=bad,
        says="no element 99")
bad = member(1, 7)
refused("a member twice", errno.EINVAL, POOL_NEW, pool(9, member(1), member(2), bad), ADD,
        at=bad, says="element 1 is a member twice")
bad = u32(T_POOL, 99)
refused("no such pool", errno.ENOENT, STEER_NEW, steer(b"\1\2\3\4", bad, to=0), ADD, at=bad,
        says="no pool 99")
bad = u32(T_IKE_ELEMENT, 99)
refused("no such element", errno.ENOENT, STEER_NEW, steer(
    b"\1\2\3\4", u8(T_IKE, IKE_ELEMENT), bad), ADD, at=bad, says="no element 99")
bad = u32(T_IKE_ELEMENT, 1)
for ike in (IKE_LOCAL, IKE_POOL):
    refused("an element for nothing", errno.EINVAL, STEER_NEW, steer(
        b"\1\2\3\4", u8(T_IKE, ike), bad), ADD, at=bad)
bad = u32(T_POOL, 4)
refused("IKE by a pool of flows", errno.EINVAL, STEER_NEW, steer(
    b"\1\2\3\4", u8(T_IKE, IKE_POOL), bad, to=0), ADD, at=bad)
refused("IKE beside a pool of flows", errno.EINVAL, STEER_NEW, steer(
    b"\1\2\3\4", u8(T_IKE, IKE_ELEMENT), u32(T_IKE_ELEMENT, 1), bad, to=0), ADD, at=bad)
bad = attr(T_DST, b"\xc0\0\2\1")
refused("bits beyond", errno.EINVAL, STEER_NEW, nest(
    A_STEER, u8(T_FAMILY, 2), bad, u8(T_LEN, 31), u32(T_POOL, 1)), ADD, at=bad,
        says="192.0.2.1 is no prefix of length 31")
bad = attr(T_DST, b"\x20" + b"\0" * 14 + b"\2")
refused("bits beyond, IPv6", errno.EINVAL, STEER_NEW, nest(
    A_STEER, u8(T_FAMILY, 10), bad, u8(T_LEN, 126), u32(T_POOL, 1)), ADD, at=bad,
        says="2000::2 is no prefix of length 126")
bad = u32(C_UNKNOWN_ELEMENT, 99)
refused("no such element", errno.ENOENT, CONF_SET, conf(u8(C_UNKNOWN, RELAY), bad), at=bad)
bad = u32(C_UNKNOWN_ELEMENT, 1)
refused("an element for nothing", errno.EINVAL, CONF_SET, conf(u8(C_UNKNOWN, TELL), bad), at=bad)
refused("an element alone", errno.EINVAL, CONF_SET, conf(bad), at=bad)

step("what is in use")
for what, cmd, payload, says in (
        ("of a pool", ELEMENT_DEL, element_key(1), "element e1 is in pool p1"),
        ("for IKE", ELEMENT_DEL, element_key(3), "in pool p3"),
        ("for unknown SPIs", ELEMENT_DEL, element_key(4), "unknown SPI"),
        ("of prefixes", POOL_DEL, pool_key(1), "pool p1 is used by 3 steered prefixes")):
    refused(what, errno.EBUSY, cmd, payload, at=payload, says=says)

step("many in one request: all or nothing")
entries = [element(100 + i) for i in range(700)]
for what, wanted, bad in (("exists", errno.EEXIST, element(1)),
                          ("is named twice", errno.EINVAL, element(150)),
                          ("has another's name", errno.EEXIST, element(9, name=b"e150")),
                          ("leads back", errno.EINVAL, element(9, via=b"\x0a\0\0\1"))):
    refused("the last " + what, wanted, ELEMENT_NEW, b"".join(entries) + bad, ADD)
bad = element_key(99)
refused("one to delete is not there", errno.ENOENT, ELEMENT_DEL, element_key(5) + bad, at=bad)
bad = pool_key(99)
refused("a pool to delete is not there", errno.ENOENT, POOL_DEL, pool_key(3) + bad, at=bad)
entries = [steer(bytes([1, 2, i // 256, i % 256])) for i in range(500)]
for what, wanted, bad in (("exists", errno.EEXIST, steer(b"\xc0\0\2\1")),
                          ("is named twice", errno.EINVAL, steer(b"\1\2\1\5"))):
    refused("the last prefix " + what, wanted, STEER_NEW, b"".join(entries) + bad, ADD, at=bad)
bad = steer(b"\xc0\0\2\1")
refused("one is changed twice", errno.EINVAL, STEER_NEW,
        steer(b"\xc0\0\2\1", to=2) + steer(b"\xc0\0\2\1", to=3), CHANGES,
        at=steer(b"\xc0\0\2\1", to=3))
bad = steer(b"\xc0\0\2\7", to=0)
refused("a prefix to delete is not there", errno.ENOENT, STEER_DEL,
        steer(b"\xc0\0\2\1", to=0) + bad, at=bad)
refused("too many", errno.E2BIG, ELEMENT_NEW, b"".join(
    element(2000 + i) for i in range(1025)), ADD)
accepted("names are swapped", ELEMENT_NEW, element(5, u32(E_NEXTHOP, 7), name=b"e6", via=None)
         + element(6, attr(E_VIA6, b"\xfe\x80" + b"\0" * 13 + b"\2"), attr(E_DEV, b"eth9\0"),
                   name=b"e5"), CHANGES)
expect("swapped in sysfs", ["6", "5"], [in_sysfs("elements/e5/id"), in_sysfs("elements/e6/id")])
accepted("and back", ELEMENT_NEW, element(5, u32(E_NEXTHOP, 7), via=None)
         + element(6, attr(E_VIA6, b"\xfe\x80" + b"\0" * 13 + b"\2"), attr(E_DEV, b"eth9\0")),
         CHANGES)
expect("back in sysfs", ["5", "6"], [in_sysfs("elements/e5/id"), in_sysfs("elements/e6/id")])
expect("what is there", before, everything())

step("events")
ears = Netlink()
ears.sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)    # SO_RCVBUFFORCE
ears.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, ears.groups["steer"])


def heard():
    """(event, object, its id) of each"""
    events = []
    ears.sock.setblocking(False)
    while True:
        try:
            data = ears.sock.recv(1 << 16)
        except BlockingIOError:
            return events
        said = [(kind & 0x3fff, value) for kind, value in walk(data[20:])]
        for kind, value in said:
            if kind != A_EVENT:
                one = dict((k & 0x3fff, v) for k, v in walk(value))
                events.append((dict(said)[A_EVENT][0], kind, one))


def told(what, *wanted):
    got = [(event, kind) for event, kind, _ in heard()]
    expect(what, list(wanted), got)


accepted("a state", ELEMENT_NEW, element(1, u8(E_STATE, DOWN)), CHANGES)
told("a state", (CHANGE, A_POOL), (CHANGE, A_ELEMENT))
one = get_pool(1)
expect("nothing is lent to who drains", 0, number(one[P_LENT]))
expect("where packets go", tuple(i if i == 2 else 0 for i in homes), table(one[P_NOW]))
accepted("the other is up", ELEMENT_NEW, element(2, u8(E_STATE, UP)), CHANGES)
events = heard()
expect("buckets, and a state", [(CHANGE, A_POOL), (CHANGE, A_ELEMENT)],
       [(event, kind) for event, kind, _ in events])
one = get_pool(1)
expect("how many are lent", one[P_LENT], events[0][2][P_LENT])
expect("lent", homes.count(1), number(one[P_LENT]))
expect("where packets go", {2}, set(table(one[P_NOW])))
accepted("as before", ELEMENT_NEW, element(2, u8(E_STATE, DRAIN)), CHANGES)
told("as before", (CHANGE, A_POOL), (CHANGE, A_ELEMENT))
accepted("the same again", ELEMENT_NEW, element(1), CHANGES)
told("nothing")
accepted("another way", ELEMENT_NEW, element(1, via=b"\x0a\0\0\3"), CHANGES)
told("another way", (CHANGE, A_ELEMENT))
one = first(accepted("it", ELEMENT_GET, element_key(1)), A_ELEMENT)
expect("its state stays", DOWN, number(one[E_STATE]))
accepted("as before", ELEMENT_NEW, element(1, u8(E_STATE, UP)), CHANGES)
told("as before", (CHANGE, A_POOL), (CHANGE, A_ELEMENT))
accepted("the same pool", POOL_NEW, pool(1, member(1), member(2, 3), attr(P_SECRET, b"s" * 16)),
         CHANGES)
told("nothing of a pool")
accepted("another member", POOL_NEW, pool(1, member(1), member(2, 3), member(4, 4)), CHANGES)
told("a pool", (CHANGE, A_POOL))
one = get_pool(1)
held = number(one[P_HELD])
expect("held", table(one[P_HOME]).count(4), held)
expect("where packets go", homes, table(one[P_NOW]))
bucket = table(one[P_HOME]).index(4)
mask = bytearray(512)
mask[bucket // 8] = 1 << bucket % 8
answer = accepted("one is released", POOL_RELEASE, pool_key(1, attr(P_BUCKETS, bytes(mask))))
expect("one", 1, number(dict(walk(answer))[A_COUNT]))
told("released", (CHANGE, A_POOL))
expect("it goes", 4, table(get_pool(1)[P_NOW])[bucket])
answer = accepted("again", POOL_RELEASE, pool_key(1, attr(P_BUCKETS, bytes(mask))))
expect("none", 0, number(dict(walk(answer))[A_COUNT]))
told("none released")
answer = accepted("all are released", POOL_RELEASE, pool_key(1))
expect("all", held - 1, number(dict(walk(answer))[A_COUNT]))
one = get_pool(1)
expect("they go", table(one[P_HOME]), table(one[P_NOW]))
heard()
accepted("as before", POOL_NEW, pool(1, member(1), member(2, 3)), CHANGES)
expect("homes as before", homes, table(get_pool(1)[P_HOME]))
told("a pool", (CHANGE, A_POOL))
accepted("a prefix", STEER_NEW, steer(b"\xc0\0\2\1"), CHANGES)
told("nothing of a prefix")
accepted("another pool", STEER_NEW, steer(b"\xc0\0\2\1", to=3), CHANGES)
accepted("as before", STEER_NEW, steer(b"\xc0\0\2\1"), CHANGES)
told("prefixes", (CHANGE, A_STEER), (CHANGE, A_STEER))
accepted("new ones", ELEMENT_NEW, element(10) + element(11), ADD)
accepted("a new one", POOL_NEW, pool(10), ADD)
accepted("a new one", STEER_NEW, steer(b"\1\2\3\4", to=10), ADD)
accepted("it goes", STEER_DEL, steer(b"\1\2\3\4", to=0))
accepted("it goes", POOL_DEL, pool_key(10))
accepted("they go", ELEMENT_DEL, element_key(10) + element_key(11))
told("all of that", (NEW, A_ELEMENT), (NEW, A_ELEMENT), (NEW, A_POOL), (NEW, A_STEER),
     (DEL, A_STEER), (DEL, A_POOL), (DEL, A_ELEMENT), (DEL, A_ELEMENT))
expect("what is there", before, everything())

step("where a packet would go")


def goes(what, payload, **wanted):
    """@wanted: what the answer says beside what was asked"""
    answer = first(accepted(what, STEER_TEST, payload), A_STEER_TEST)
    kinds = {"why": W_WHY, "element": W_ELEMENT, "group": W_GROUP, "pool": W_POOL,
             "bucket": W_BUCKET}
    expect(what, wanted, {name: number(answer[kind]) for name, kind in kinds.items()
                          if kind in answer})


bucket = homes.index(1)
here = packet(b"\xc0\0\2\1", 0x50001234 | bucket << 16)
goes("home", here, why=HOME, element=1, pool=1, bucket=bucket)
goes("a shorter prefix", packet(b"\xc0\0\2\x99", 0x50001234 | bucket << 16), why=HOME,
     element=1, pool=1, bucket=bucket)
goes("nobody's", packet(b"\1\2\3\4", 0x10001), why=NOBODY, pool=2, bucket=1)
goes("not steered", packet(b"\x30" + b"\0" * 15, 0x10001), why=NOT)
source = attr(W_SRC, b"\x30" + b"\0" * 15)
goes("hashed", packet(b"\x20\1" + b"\0" * 14, 0x10001, source), why=HASHED, element=3, pool=4)
refused("no source", errno.EINVAL, STEER_TEST, packet(b"\x20\1" + b"\0" * 14, 0x10001),
        says="source")
accepted("down", ELEMENT_NEW, element(1, u8(E_STATE, DOWN)) + element(2), CHANGES)
goes("nobody is up", here, why=NOBODY, pool=1, bucket=bucket)
accepted("up", ELEMENT_NEW, element(2, u8(E_STATE, UP)), CHANGES)
goes("lent", here, why=LENT, element=2, pool=1, bucket=bucket)
accepted("as before", ELEMENT_NEW, element(1, u8(E_STATE, UP)) + element(2, u8(E_STATE, DRAIN)),
         CHANGES)
accepted("more weight", POOL_NEW, pool(1, member(1), member(2, 60000)), CHANGES)
bucket = next(i for i, (was, now) in enumerate(zip(homes, table(get_pool(1)[P_HOME])))
              if was == 1 and now == 2)
here = packet(b"\xc0\0\2\1", 0x50001234 | bucket << 16)
goes("held", here, why=HELD, element=1, pool=1, bucket=bucket)
accepted("as before", POOL_NEW, pool(1, member(1), member(2, 3)), CHANGES)
accepted("a group", GROUP_NEW, nest(A_GROUP, u32(G_ID, 9), attr(G_NAME, b"g\0"), u32(G_MARK, 1)),
         ADD)
accepted("SAs", SA_NEW, sa(0x100000, u32(S_ELEMENT, 5)) + sa(0x20000, u32(S_GROUP, 9)) +
         sa(0x30000, u32(S_GROUP, 9), u32(S_ELEMENT, 6)), ADD)
goes("exact", packet(b"\xc0\0\2\1", 0x100000), why=EXACT, element=5, pool=1)
goes("a group and an element", packet(b"\xc0\0\2\1", 0x30000), why=EXACT, element=6, group=9,
     pool=1)
goes("a group alone", packet(b"\xc0\0\2\1", 0x20000), why=HOME, element=homes[2], group=9,
     pool=1, bucket=2)
goes("AH", packet(b"\xc0\0\2\1", 0x100000, u8(W_PROTO, 51)), why=HOME, element=homes[16],
     pool=1, bucket=16)
bad = element_key(5)
refused("an SA's", errno.EBUSY, ELEMENT_DEL, bad, at=bad, says="element e5 is used by 1 SAs")
bad = u32(S_ELEMENT, 99)
refused("none of an SA's", errno.ENOENT, SA_NEW, sa(0x40000, bad), ADD, at=bad)
expect("SAs of it", 1, number(first(accepted("it", ELEMENT_GET, element_key(5)),
                                    A_ELEMENT)[E_SAS]))
accepted("they go", SA_DEL, sa(0x100000) + sa(0x20000) + sa(0x30000))
heard()
for what, wanted, bad in (("SPI", errno.ERANGE, u32(W_SPI, 255)),
                          ("protocol", errno.ERANGE, u8(W_PROTO, 17)),
                          ("destination", errno.EINVAL, attr(W_DST, b"\1" * 16)),
                          ("source", errno.EINVAL, attr(W_SRC, b"\1" * 16)),
                          ("family", errno.EAFNOSUPPORT, u8(W_FAMILY, 1)),
                          ("why", errno.EINVAL, u8(W_WHY, 1))):
    refused(what, wanted, STEER_TEST, packet(b"\xc0\0\2\1", 256, bad), at=bad)

step("a big pool, to who has little room")
accepted("its elements", ELEMENT_NEW, b"".join(
    element(1000 + i) for i in range(MEMBERS_MAX + 1)), ADD)
members = [member(1000 + i, 1 + i) for i in range(MEMBERS_MAX + 1)]
refused("a member too many", errno.E2BIG, POOL_NEW, pool(20, *members), ADD, at=members[-1])
accepted("as many as may be", POOL_NEW, pool(20, *members[:-1]), ADD)
c.nl = Netlink(room=12000)
expect("pools", [1, 2, 3, 4, 20], [number(p[P_ID]) for p in all_of(POOL_GET, A_POOL)])
c.nl = Netlink()
expect("of all", BUCKETS, sum(table(get_pool(20)[P_NOW]).count(1000 + i)
                              for i in range(MEMBERS_MAX)))
accepted("it goes", POOL_DEL, pool_key(20))
accepted("its elements go", ELEMENT_DEL, b"".join(
    element_key(1000 + i) for i in range(MEMBERS_MAX + 1)))
heard()

step("the end of a resync")
accepted("the daemon's", ELEMENT_NEW, element(30) + element(31) + element(32) + u8(A_OWNER, 1), ADD)
accepted("its pools", POOL_NEW, pool(30, member(30)) + u8(A_OWNER, 1), ADD)
accepted("its pools", POOL_NEW, pool(31, member(31)) + u8(A_OWNER, 1), ADD)
accepted("its prefixes", STEER_NEW, steer(b"\1\2\3\4", to=30) + steer(b"\1\2\3\5", to=31)
         + u8(A_OWNER, 1), ADD)
expect("the daemon's", 3, len(all_of(ELEMENT_GET, A_ELEMENT, u8(A_OWNER, 1))))
expect("the daemon's", 2, len(all_of(STEER_GET, A_STEER, u8(A_OWNER, 1))))
generation = dict(walk(accepted("a generation", RESYNC_START, u8(A_OWNER, 1))))[A_GENERATION]
accepted("again", ELEMENT_NEW, element(30) + u8(A_OWNER, 1), SET)
accepted("again", POOL_NEW, pool(30, member(30)) + u8(A_OWNER, 1), SET)
accepted("again", STEER_NEW, steer(b"\1\2\3\4", to=30) + u8(A_OWNER, 1), SET)
accepted("one is used by hand", POOL_NEW, pool(32, member(32)), ADD)
heard()
answer = accepted("its end", RESYNC_END, u8(A_OWNER, 1) + attr(A_GENERATION, generation))
expect("a prefix, a pool and an element", 3, number(dict(walk(answer))[A_COUNT]))
told("they go", (DEL, A_STEER), (DEL, A_POOL), (DEL, A_ELEMENT))
expect("what is left", [30, 32], [number(e[E_ID]) for e in all_of(
    ELEMENT_GET, A_ELEMENT, u8(A_OWNER, 1))])
accepted("by hand", POOL_DEL, pool_key(32))
generation = dict(walk(accepted("a generation", RESYNC_START, u8(A_OWNER, 1))))[A_GENERATION]
answer = accepted("its end", RESYNC_END, u8(A_OWNER, 1) + attr(A_GENERATION, generation))
expect("all else", 4, number(dict(walk(answer))[A_COUNT]))
expect("what is there", before, everything())
ears.sock.close()

step("without the right")


def nobody():
    os.setgroups([])
    os.setresuid(65534, 65534, 65534)
    c.nl = Netlink()
    for cmd in COMMANDS:
        if cmd != STEER_GET:
            refused("command %d without the right" % cmd, errno.EPERM, cmd)
    for cmd in DUMPS:
        refused("dump %d without the right" % cmd, errno.EPERM, cmd, flags=F_DUMP)
    try:
        c.nl.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, c.nl.groups["steer"])
        c.fail("events without the right")
    except PermissionError:
        pass


c.child(nobody)

step("ceilings, for root of a namespace too")


def fill():
    libc = ctypes.CDLL(None)
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS):
        c.fail("no user namespace")
        return
    # what it shows is of the namespace that mounts it
    if libc.mount(b"sysfs", b"/sys", b"sysfs", 0, None):
        c.fail("no sysfs")
        return
    c.nl = Netlink()
    for i in range(0, ELEMENTS_MAX, 1024):
        accepted("elements", ELEMENT_NEW, b"".join(
            element(1 + i + k) for k in range(1024)), ADD)
    bad = element(ELEMENTS_MAX + 1)
    refused("one too many", errno.ENOSPC, ELEMENT_NEW, bad, ADD, at=bad, says="4096")
    refused("two too many", errno.ENOSPC, ELEMENT_NEW,
            b"".join((element(1), bad)), SET, at=bad)
    accepted("a change of one", ELEMENT_NEW, element(7, u8(E_STATE, DRAIN)), SET)
    for i in range(POOLS_MAX):
        accepted("pools", POOL_NEW, pool(1 + i, member(1), member(2)), ADD)
    bad = pool(POOLS_MAX + 1)
    refused("a pool too many", errno.ENOSPC, POOL_NEW, bad, ADD, at=bad, says="1024")
    accepted("a state that all pools follow", ELEMENT_NEW, element(1, u8(E_STATE, DOWN)), SET)
    expect("where packets of the last go", {2}, set(table(get_pool(POOLS_MAX)[P_NOW])))
    accepted("prefixes", STEER_NEW, b"".join(
        steer(struct.pack(">I", 0x01000000 + i)) for i in range(STEERS_MAX)), ADD)
    bad = steer(b"\2\0\0\1")
    refused("a prefix too many", errno.ENOSPC, STEER_NEW, bad, ADD, at=bad, says="1024")
    expect("elements", ELEMENTS_MAX, len(all_of(ELEMENT_GET, A_ELEMENT)))
    expect("pools", POOLS_MAX, len(all_of(POOL_GET, A_POOL)))
    expect("folders of elements", FOLDERS_GUEST, len(in_sysfs("elements")))
    expect("folders of pools", FOLDERS_GUEST, len(in_sysfs("pools")))
    expect("prefixes", STEERS_MAX, len(all_of(STEER_GET, A_STEER)))
    accepted("all prefixes go", STEER_DEL, b"".join(
        steer(struct.pack(">I", 0x01000000 + i), to=0) for i in range(STEERS_MAX)))
    expect("no prefixes", 0, len(all_of(STEER_GET, A_STEER)))
    accepted("a pool goes that has a folder", POOL_DEL, pool_key(9))
    accepted("one that had none changes", POOL_NEW, pool(POOLS_MAX, member(1)), SET)
    expect("folders of pools", FOLDERS_GUEST, len(in_sysfs("pools")))
    expect("its own", "%d" % POOLS_MAX, in_sysfs("pools/p%d/id" % POOLS_MAX))


c.child(fill)
expect("what is there", before, everything())

step("all go")
accepted("prefixes", STEER_DEL, b"".join(
    nest(A_STEER, attr(T_FAMILY, p[T_FAMILY]), attr(T_DST, p[T_DST]), attr(T_LEN, p[T_LEN]))
    for p in all_of(STEER_GET, A_STEER)))
accepted("pools", POOL_DEL, b"".join(pool_key(i) for i in range(1, 5)))
refused("one for unknown SPIs", errno.EBUSY, ELEMENT_DEL, element_key(3) + element_key(4))
accepted("that no more", CONF_SET, conf(u8(C_UNKNOWN, OFF)))
accepted("elements", ELEMENT_DEL, b"".join(element_key(i) for i in range(1, 7)))
expect("what is there", [[], [], []], everything())
c.end()
