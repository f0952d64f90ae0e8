#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
netlink - what the module makes of requests that ipsec-qos would never send

Each is refused with the right error, a message, and the offset of what is at
fault, and changes nothing: unknown, short, long, out-of-range, missing and
answer-only attributes, lying lengths, too many entries, bulk requests with one
bad entry, rules of translation that cannot be, callers without the right.
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
                  u64, walk)

# include/uapi/linux/ipsec_qos.h
(GROUP_NEW, GROUP_DEL, GROUP_GET, GROUP_FLUSH, SA_NEW, SA_DEL, SA_GET, SA_FLUSH,
 IKE_NEW, IKE_DEL, IKE_GET, IKE_FLUSH, STATUS_GET, CONF_SET, RESYNC_START,
 RESYNC_END, EVENT, NAT_RULE_NEW, NAT_RULE_DEL, NAT_RULE_GET, NAT_GET,
 NAT_FLUSH) = range(1, 23)
DUMPS_ALONE = (NAT_RULE_GET, NAT_GET)
(A_PAD, A_GROUP, A_SA, A_IKE, A_CONF, A_STATUS, A_OWNER, A_GENERATION, A_COUNT,
 A_EVENT, A_NAT_RULE, A_NAT) = range(1, 13)
G_ID, G_NAME, G_MARK, G_MASK, G_PRIORITY, G_DSCP, G_OWNER, G_SAS = range(2, 10)
G_MARK_CLEAR, G_FLAGS = 12, 13
(S_FAMILY, S_DST, S_SPI, S_PROTO, S_GROUP, S_LIFETIME, S_FLAGS, S_OWNER,
 S_PACKETS) = range(2, 11)
I_SPI_I, I_SPI_R, I_GROUP, I_LIFETIME = range(2, 6)
(C_MAX_SAS, C_MAX_IKES, C_MAX_GROUPS, C_IKE_PORTS, C_NATT_PORTS,
 C_FALLBACK) = range(1, 7)
F_ENTRY, F_DSCP, F_MARK, F_MASK = range(1, 5)
(R_ID, R_INSIDE_DEV, R_INSIDE, R_INSIDE_LEN, R_OUTSIDE_DEV, R_GLOBAL, R_RESPONDER,
 R_RESPONDER_LEN, R_SCHEME, R_KEY, R_COLLISION, R_UNDERIVED, R_IDLE, R_WAIT, R_MAX,
 R_MAX_NODE, R_ENTRIES, R_WAITING, R_COUNTERS) = range(2, 21)
N_RULE, N_INSIDE_LOCAL, N_INSIDE_GLOBAL, N_OUTSIDE, N_SPI_OUT = range(2, 7)
SIPHASH_LOW16 = 3

BULK_MAX = 1024
NAT_RULES_MAX = 64
NAT_ENTRIES = 65536
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


def group(number, name, *more, mark=1):
    return nest(A_GROUP, u32(G_ID, number), attr(G_NAME, name + b"\0"),
                u32(G_MARK, mark), *more)


def sa(spi, *more, dst=b"\xc0\0\2\1", owner=1):
    return nest(A_SA, u8(S_FAMILY, socket.AF_INET), attr(S_DST, dst),
                u32(S_SPI, spi), u32(S_GROUP, owner), *more)


def ike(spi, *more):
    return nest(A_IKE, u64(I_SPI_I, spi), u64(I_SPI_R, 0), u32(I_GROUP, 1), *more)


def conf(*attrs):
    return nest(A_CONF, *attrs)


def rule(number, *more, inside=attr(R_INSIDE_DEV, b"in\0"),
         outside=attr(R_OUTSIDE_DEV, b"out\0")):
    return nest(A_NAT_RULE, u32(R_ID, number), inside, outside, *more)


def tables():
    done = subprocess.run(
        ["build/bin/ipsec-qos", "-j", "-b", "-"], text=True, check=True,
        input="group show\nsa show\nike show\nsettings show\nfallback show\n"
              "nat rule show\nnat show\n",
        stdout=subprocess.PIPE)
    return done.stdout


own_machine()
subprocess.run(["modprobe", "ipsec_qos"], check=True)
c = Checks()
refused, accepted, fail = c.refused, c.accepted, c.fail

accepted("two groups", GROUP_NEW, group(1, b"gold") + group(2, b"silver", mark=2), ADD)
accepted("an SA", SA_NEW, sa(0x100), ADD)
accepted("an IKE SA", IKE_NEW, ike(0x100), ADD)
accepted("a rule of translation", NAT_RULE_NEW, rule(10), ADD)
before = tables()

step("attributes that are wrong in themselves")
bad = u32(99, 1)
for cmd in range(GROUP_NEW, NAT_FLUSH + 1):
    if cmd != EVENT:
        refused("unknown attribute, command %d" % cmd, errno.EINVAL, cmd, bad,
                F_DUMP if cmd in DUMPS_ALONE else F_ACK, at=bad)
bad = u32(77, 1)
refused("unknown in a group", errno.EINVAL, GROUP_NEW, group(3, b"x", bad), ADD, at=bad)
refused("unknown in an SA", errno.EINVAL, SA_NEW, sa(0x101, bad), ADD, at=bad)
refused("unknown in an IKE SA", errno.EINVAL, IKE_NEW, ike(9, bad), ADD, at=bad)
refused("unknown in settings", errno.EINVAL, CONF_SET, conf(bad), at=bad)
for what, cmd, payload, bad in (
        ("short id", GROUP_NEW, lambda b: nest(A_GROUP, b), attr(G_ID, b"\1\0")),
        ("long id", GROUP_NEW, lambda b: nest(A_GROUP, b), attr(G_ID, b"\3" + b"\0" * 7)),
        ("empty SPI", SA_NEW, lambda b: nest(A_SA, b), attr(S_SPI, b"")),
        ("short DST", SA_NEW, lambda b: nest(A_SA, b), attr(S_DST, b"\1\2\3")),
        ("long DST", SA_NEW, lambda b: nest(A_SA, b), attr(S_DST, b"\1" * 17)),
        ("short IKE SPI", IKE_NEW, lambda b: nest(A_IKE, b), attr(I_SPI_I, b"\1" * 4)),
        ("short mark", GROUP_NEW, lambda b: group(3, b"x", b), attr(G_MARK_CLEAR, b"\1\0")),
        ("long DSCP", GROUP_NEW, lambda b: group(3, b"x", b), attr(G_DSCP, b"\1" * 4)),
        ("name with no end", GROUP_NEW, lambda b: nest(A_GROUP, b), attr(G_NAME, b"abc")),
        ("long name", GROUP_NEW, lambda b: nest(A_GROUP, b), attr(G_NAME, b"a" * 32 + b"\0")),
        ("odd ports", CONF_SET, conf, attr(C_IKE_PORTS, b"\1\2\3")),
        ("nine ports", CONF_SET, conf, attr(C_IKE_PORTS, bytes(range(18)))),
        ("short owner", GROUP_FLUSH, lambda b: b, attr(A_OWNER, b""))):
    err, (text, offset), _ = c.ask(cmd, payload(bad), ADD)
    if err not in (errno.EINVAL, errno.ERANGE):
        fail("%s: %s '%s'" % (what, errno.errorcode.get(err, err), text))
    if offset is None or not (b"\0" * 20 + payload(bad))[offset:].startswith(bad[:4]):
        fail("%s: the offset %s does not name it ('%s')" % (what, offset, text))

step("values out of range")
for what, cmd, payload, bad, wanted in (
        ("id 0", GROUP_NEW, lambda b: nest(A_GROUP, b), u32(G_ID, 0), errno.ERANGE),
        ("mask 0", GROUP_NEW, lambda b: group(3, b"x", b, mark=0), u32(G_MASK, 0), errno.ERANGE),
        ("DSCP 64", GROUP_NEW, lambda b: group(3, b"x", b), u8(G_DSCP, 64), errno.ERANGE),
        ("group flags", GROUP_NEW, lambda b: group(3, b"x", b), u32(G_FLAGS, 2), errno.EINVAL),
        ("SPI 255", SA_NEW, lambda b: nest(A_SA, b), u32(S_SPI, 255), errno.ERANGE),
        ("protocol 6", SA_NEW, lambda b: sa(0x101, b), u8(S_PROTO, 6), errno.ERANGE),
        ("protocol 52", SA_NEW, lambda b: sa(0x101, b), u8(S_PROTO, 52), errno.ERANGE),
        ("lifetime 0", SA_NEW, lambda b: sa(0x101, b), u32(S_LIFETIME, 0), errno.ERANGE),
        ("lifetime", SA_NEW, lambda b: sa(0x101, b), u32(S_LIFETIME, 2147484), errno.ERANGE),
        ("flags", SA_NEW, lambda b: sa(0x101, b), u32(S_FLAGS, 4), errno.EINVAL),
        ("IKE SPI 0", IKE_NEW, lambda b: nest(A_IKE, b), u64(I_SPI_I, 0), errno.ERANGE),
        ("owner 2", GROUP_NEW, lambda b: group(3, b"x") + b, u8(A_OWNER, 2), errno.ERANGE),
        ("max SAs 0", CONF_SET, conf, u32(C_MAX_SAS, 0), errno.ERANGE),
        ("max SAs", CONF_SET, conf, u32(C_MAX_SAS, 16777217), errno.ERANGE),
        ("max groups", CONF_SET, conf, u32(C_MAX_GROUPS, 65537), errno.ERANGE)):
    refused(what, wanted, cmd, payload(bad), ADD, at=bad)
for name in (b"", b".x", b"a/b", b"a b", b"\xff"):
    bad = attr(G_NAME, name + b"\0")
    refused("name %r" % name, errno.EINVAL, GROUP_NEW,
            nest(A_GROUP, u32(G_ID, 3), bad, u32(G_MARK, 1)), ADD, at=bad)
refused("mark outside of mask", errno.EINVAL, GROUP_NEW,
        group(3, b"x", u32(G_MASK, 0xf), mark=0x10), ADD, says="mask")
bad = u32(G_MARK_CLEAR, 0x12)
refused("mark of clear packets outside of mask", errno.EINVAL, GROUP_NEW,
        group(3, b"x", u32(G_MASK, 0xf), bad), ADD, at=bad, says="0x12 of clear packets")
bad = u8(S_FAMILY, 1)
refused("family 1", errno.EAFNOSUPPORT, SA_NEW,
        nest(A_SA, bad, attr(S_DST, b"\1\2\3\4"), u32(S_SPI, 256), u32(S_GROUP, 1)),
        ADD, at=bad)
bad = attr(S_DST, b"\1" * 16)
refused("IPv6 address, IPv4 family", errno.EINVAL, SA_NEW,
        nest(A_SA, u8(S_FAMILY, 2), bad, u32(S_SPI, 256), u32(S_GROUP, 1)), ADD, at=bad)
bad = u32(S_GROUP, 77)
refused("no such group", errno.ENOENT, SA_NEW,
        nest(A_SA, u8(S_FAMILY, 2), attr(S_DST, b"\1\2\3\4"), u32(S_SPI, 256), bad),
        ADD, at=bad, says="77")

step("answers only")
for what, cmd, payload in (
        ("a group's owner", GROUP_NEW, group(3, b"x", u8(G_OWNER, 0))),
        ("a group's SAs", GROUP_NEW, group(3, b"x", u32(G_SAS, 0))),
        ("an SA's packets", SA_NEW, sa(0x101, u64(S_PACKETS, 7))),
        ("an SA's owner", SA_NEW, sa(0x101, u8(S_OWNER, 1))),
        ("status", STATUS_GET, nest(A_STATUS)),
        ("count", SA_FLUSH, u32(A_COUNT, 1)),
        ("event", SA_FLUSH, u8(A_EVENT, 1))):
    refused(what, errno.EINVAL, cmd, payload, ADD)

step("what is missing")
for cmd in (GROUP_NEW, GROUP_DEL, GROUP_GET, SA_NEW, SA_DEL, SA_GET, IKE_NEW,
            IKE_DEL, IKE_GET, RESYNC_END):
    refused("nothing in command %d" % cmd, errno.EINVAL, cmd, b"", ADD)
for what, cmd, payload in (
        ("id", GROUP_NEW, nest(A_GROUP, attr(G_NAME, b"x\0"), u32(G_MARK, 1))),
        ("name", GROUP_NEW, nest(A_GROUP, u32(G_ID, 3), u32(G_MARK, 1))),
        ("mark", GROUP_NEW, nest(A_GROUP, u32(G_ID, 3), attr(G_NAME, b"x\0"))),
        ("family", SA_NEW, nest(A_SA, attr(S_DST, b"\1\2\3\4"), u32(S_SPI, 256), u32(S_GROUP, 1))),
        ("destination", SA_NEW, nest(A_SA, u8(S_FAMILY, 2), u32(S_SPI, 256), u32(S_GROUP, 1))),
        ("SPI", SA_NEW, nest(A_SA, u8(S_FAMILY, 2), attr(S_DST, b"\1\2\3\4"), u32(S_GROUP, 1))),
        ("group", SA_NEW, nest(A_SA, u8(S_FAMILY, 2), attr(S_DST, b"\1\2\3\4"), u32(S_SPI, 256))),
        ("SPI", IKE_NEW, nest(A_IKE, u64(I_SPI_R, 1), u32(I_GROUP, 1))),
        ("group", IKE_NEW, nest(A_IKE, u64(I_SPI_I, 9), u64(I_SPI_R, 1)))):
    refused("no " + what, errno.EINVAL, cmd, payload, ADD, says=what)
refused("neither add nor change", errno.ENOENT, SA_NEW, sa(0x101))

step("shapes that lie")
refused("no nest", errno.EINVAL, SA_NEW, attr(A_SA, sa(0x101)[4:]), ADD)
refused("a longer attribute", errno.EINVAL, SA_NEW, b"\xff\0" + sa(0x101)[2:], ADD)
refused("a longer one within", errno.EINVAL, SA_NEW,
        nest(A_SA, struct.pack("=HH", 200, S_FAMILY) + b"\2\0\0\0"), ADD)
refused("bytes behind the last", errno.EINVAL, SA_NEW, sa(0x101) + b"\1\2", ADD)
refused("unknown command", errno.EOPNOTSUPP, 99)
refused("the kernel's own command", errno.EOPNOTSUPP, EVENT, u8(A_EVENT, 1))

step("many in one request: all or nothing, and which one it was")
entries = [sa(0x1000 + i) for i in range(BULK_MAX)]
entries[700] = sa(0x100)                        # is there already
refused("one of 1024 exists", errno.EEXIST, SA_NEW, b"".join(entries), ADD, at=entries[700])
entries[700] = sa(0x1000 + 3)                   # is in the request already
refused("one twice", errno.EEXIST, SA_NEW, b"".join(entries), ADD)
entries[700] = sa(0x2000, owner=77)
refused("one without a group", errno.ENOENT, SA_NEW, b"".join(entries), ADD,
        at=entries[700][-8:])
entries[700] = sa(0x2000)
refused("one too many", errno.E2BIG, SA_NEW, b"".join(entries) + sa(0x2001), ADD,
        at=sa(0x2001))
ikes = [ike(0x200 + i) for i in range(100)]
ikes[99] = ike(0x100)
refused("the last of 100 exists", errno.EEXIST, IKE_NEW, b"".join(ikes), ADD, at=ikes[99])
groups = [group(10 + i, b"g%d" % i) for i in range(50)]
groups[20] = group(1, b"another")
refused("a group of 50 exists", errno.EEXIST, GROUP_NEW, b"".join(groups), ADD, at=groups[20])
gone = [nest(A_SA, u8(S_FAMILY, 2), attr(S_DST, b"\xc0\0\2\1"), u32(S_SPI, spi))
        for spi in (0x100, 0x9999)]
refused("one of two to delete is not there", errno.ENOENT, SA_DEL, b"".join(gone), at=gone[1])
refused("a change of what is not there", errno.ENOENT, SA_NEW, sa(0x101),
        F_ACK | F_REPLACE, at=sa(0x101))
refused("a group in use", errno.EBUSY, GROUP_DEL, nest(A_GROUP, u32(G_ID, 1)), says="1 SA")

step("many in one request, of which listeners were told before it failed")
ears = Netlink()
ears.sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)    # SO_RCVBUFFORCE
ears.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, ears.groups["events"])


def heard():
    """What each SA's events come to, and how many there were."""
    there, n = {}, 0
    ears.sock.setblocking(False)
    while True:
        try:
            data = ears.sock.recv(1 << 16)
        except BlockingIOError:
            return there, n
        said = dict((kind & 0x3fff, value) for kind, value in walk(data[20:]))
        spi = struct.unpack("=I", dict(walk(said[A_SA]))[S_SPI])[0]
        there[spi] = (said[A_EVENT][0], dict(walk(said[A_SA]))[S_GROUP])
        n += 1


entries = [sa(0x3000 + i) for i in range(230)]
accepted("230", SA_NEW, b"".join(entries), ADD)
there, n = heard()
if n != 230 or set(there.values()) != {(1, struct.pack("=I", 1))}:
    fail("230 new ones were told in %d events" % n)
# all but the last go to another group, and come back
entries = [sa(0x3000 + i, owner=2) for i in range(230)] + [sa(0x3fff, owner=2)]
refused("the last of 231 is not there", errno.ENOENT, SA_NEW, b"".join(entries),
        F_ACK | F_REPLACE, at=entries[-1])
there, n = heard()
if n and (n != 2 * len(there) or set(there.values()) != {(2, struct.pack("=I", 1))}):
    fail("%d events of a change that was taken back" % n)
entries = [sa(0x4000 + i) for i in range(230)] + [sa(0x3000)]
refused("the last of 231 exists", errno.EEXIST, SA_NEW, b"".join(entries), ADD,
        at=entries[-1])
there, n = heard()
if n and (n != 2 * len(there) or {event for event, _ in there.values()} != {3}):
    fail("%d events of new ones that were taken back" % n)
gone = [nest(A_SA, u8(S_FAMILY, 2), attr(S_DST, b"\xc0\0\2\1"), u32(S_SPI, 0x3000 + i))
        for i in range(230)]
accepted("all of them go", SA_DEL, b"".join(gone))
if heard()[1] != 230:
    fail("230 that went were told otherwise")
ears.sock.close()

step("settings: all or nothing")
bad = nest(F_ENTRY, u8(F_DSCP, 64), u32(F_MARK, 1))
for what, payload in (
        ("fall-back DSCP 64", conf(u32(C_MAX_SAS, 5), nest(C_FALLBACK, bad))),
        ("fall-back without a mark", conf(u32(C_MAX_SAS, 5), nest(C_FALLBACK, nest(F_ENTRY, u8(F_DSCP, 1))))),
        ("a DSCP twice", conf(u32(C_MAX_SAS, 5), nest(
            C_FALLBACK, *[nest(F_ENTRY, u8(F_DSCP, 1), u32(F_MARK, 1))] * 2))),
        ("65 DSCPs", conf(nest(C_FALLBACK, *[nest(
            F_ENTRY, u8(F_DSCP, i % 64), u32(F_MARK, 1)) for i in range(65)]))),
        ("port 0", conf(u32(C_MAX_SAS, 5), attr(C_NATT_PORTS, b"\0\0"))),
        ("a port twice", conf(u32(C_MAX_SAS, 5), attr(C_IKE_PORTS, struct.pack("=HH", 7, 7)))),
        ("a port in both", conf(attr(C_IKE_PORTS, struct.pack("=H", 7)),
                                attr(C_NATT_PORTS, struct.pack("=H", 7))))):
    err, (text, _), _ = c.ask(CONF_SET, payload)
    if err not in (errno.EINVAL, errno.ERANGE):
        fail("%s: %s '%s'" % (what, errno.errorcode.get(err, err), text))

step("rules of translation")


def all_but(kind, number=11):
    """a rule that lacks one of what it needs"""
    return nest(A_NAT_RULE, *(a for k, a in (
        (R_ID, u32(R_ID, number)), (R_INSIDE_DEV, attr(R_INSIDE_DEV, b"in\0")),
        (R_OUTSIDE_DEV, attr(R_OUTSIDE_DEV, b"out\0"))) if k != kind))


bad = u32(77, 1)
refused("unknown in a rule", errno.EINVAL, NAT_RULE_NEW, rule(11, bad), ADD, at=bad)
for what, bad in (
        ("short id", attr(R_ID, b"\1\0")), ("long id", attr(R_ID, b"\1" + b"\0" * 7)),
        ("short prefix", attr(R_INSIDE, b"\12\0\1")),
        ("long prefix", attr(R_INSIDE, b"\12" * 16)),
        ("short address", attr(R_GLOBAL, b"\12\0\1")),
        ("long address", attr(R_RESPONDER, b"\12" * 5)),
        ("long length", attr(R_INSIDE_LEN, b"\10\0\0\0")),
        ("no scheme", attr(R_SCHEME, b"")), ("short wait", attr(R_WAIT, b"\1\0")),
        ("short key", attr(R_KEY, b"k" * 15)), ("long key", attr(R_KEY, b"k" * 17)),
        ("name with no end", attr(R_INSIDE_DEV, b"in")),
        ("long name", attr(R_OUTSIDE_DEV, b"o" * 16 + b"\0"))):
    err, (text, offset), _ = c.ask(NAT_RULE_NEW, rule(11, bad), ADD)
    if err not in (errno.EINVAL, errno.ERANGE):
        fail("%s: %s '%s'" % (what, errno.errorcode.get(err, err), text))
    if offset is None or not (b"\0" * 20 + rule(11, bad))[offset:].startswith(bad):
        fail("%s: the offset %s does not name it ('%s')" % (what, offset, text))
for what, bad in (
        ("id 0", u32(R_ID, 0)), ("id 32768", u32(R_ID, 32768)),
        ("prefix length 0", u8(R_INSIDE_LEN, 0)), ("33", u8(R_INSIDE_LEN, 33)),
        ("responders' 0", u8(R_RESPONDER_LEN, 0)), ("33", u8(R_RESPONDER_LEN, 33)),
        ("scheme 4", u8(R_SCHEME, 4)), ("collision 3", u8(R_COLLISION, 3)),
        ("underived 3", u8(R_UNDERIVED, 3)), ("idle 0", u32(R_IDLE, 0)),
        ("idle", u32(R_IDLE, 2147484)), ("wait 0", u32(R_WAIT, 0)),
        ("wait", u32(R_WAIT, 2147484)), ("max 0", u32(R_MAX, 0)),
        ("max", u32(R_MAX, 1048577)), ("max-node 0", u32(R_MAX_NODE, 0)),
        ("max-node", u32(R_MAX_NODE, 1048577))):
    refused(what, errno.ERANGE, NAT_RULE_NEW, rule(11, bad), ADD, at=bad)
for what, bad in (
        ("entries", u32(R_ENTRIES, 0)), ("waiting", u32(R_WAITING, 0)),
        ("counters", u32(R_COUNTERS, 0))):
    refused(what, errno.EINVAL, NAT_RULE_NEW, rule(11, bad), ADD, at=bad, says="answers")
for name in (b"", b".", b"..", b"a/b", b"a b", b"a:b"):
    for kind, payload in ((R_INSIDE_DEV, lambda b: rule(11, inside=b)),
                          (R_OUTSIDE_DEV, lambda b: rule(11, outside=b))):
        bad = attr(kind, name + b"\0")
        refused("interface %r" % name, errno.EINVAL, NAT_RULE_NEW, payload(bad), ADD,
                at=bad, says="interface")
for cmd, bad in ((NAT_RULE_NEW, all_but(R_ID)), (NAT_RULE_DEL, nest(A_NAT_RULE))):
    refused("no rule in command %d" % cmd, errno.EINVAL, cmd, b"", ADD, says="rule")
    refused("no id in command %d" % cmd, errno.EINVAL, cmd, bad, ADD, at=bad, says="id")
for says, kind in (("the outside", R_OUTSIDE_DEV), ("an inside", R_INSIDE_DEV)):
    bad = all_but(kind)
    refused("no " + says, errno.EINVAL, NAT_RULE_NEW, bad, ADD, at=bad, says=says)
for what, bad, says, *more in (
        ("bits beyond", attr(R_INSIDE, b"\12\0\1\1"), "no prefix", u8(R_INSIDE_LEN, 24)),
        ("responders' too", attr(R_RESPONDER, b"\12\0\1\1"), "no prefix",
         u8(R_RESPONDER_LEN, 31)),
        ("length of nothing", u8(R_INSIDE_LEN, 24), "without a prefix"),
        ("responders' too", u8(R_RESPONDER_LEN, 24), "without a prefix"),
        ("global 0.0.0.0", attr(R_GLOBAL, b"\0" * 4), "0.0.0.0"),
        ("global multicast", attr(R_GLOBAL, b"\340\0\0\1"), "224.0.0.1"),
        ("global broadcast", attr(R_GLOBAL, b"\377" * 4), "255.255.255.255"),
        ("a key for nothing", attr(R_KEY, b"k" * 16), "no key")):
    refused(what, errno.EINVAL, NAT_RULE_NEW, rule(11, bad, *more), ADD, at=bad, says=says)
bad = attr(R_INSIDE_DEV, b"out\0")
refused("inside and outside", errno.EINVAL, NAT_RULE_NEW, rule(11, inside=bad), ADD,
        at=bad, says="out cannot be")
bad = rule(11, u8(R_SCHEME, SIPHASH_LOW16))
refused("no key", errno.EINVAL, NAT_RULE_NEW, bad, ADD, at=bad, says="key")
bad = rule(10)
refused("a rule that exists", errno.EEXIST, NAT_RULE_NEW, bad, ADD, at=bad, says="10")
bad = rule(11)
refused("a change of none", errno.ENOENT, NAT_RULE_NEW, bad, F_ACK | F_REPLACE, at=bad,
        says="11")
refused("neither add nor change", errno.ENOENT, NAT_RULE_NEW, bad, at=bad)
refused("a change that is none", errno.EINVAL, NAT_RULE_NEW, all_but(R_OUTSIDE_DEV, 10),
        F_ACK | F_REPLACE)
refused("more than a key", errno.EINVAL, NAT_RULE_DEL, rule(10),
        at=attr(R_INSIDE_DEV, b"in\0"))
bad = nest(A_NAT_RULE, u32(R_ID, 11))
refused("no such rule", errno.ENOENT, NAT_RULE_DEL, bad, at=bad, says="11")
for i in range(1, NAT_RULES_MAX):
    accepted("rule %d" % (100 + i), NAT_RULE_NEW, rule(100 + i), ADD)
bad = rule(100)
refused("one too many", errno.ENOSPC, NAT_RULE_NEW, bad, ADD, at=bad,
        says=str(NAT_RULES_MAX))
accepted("a change of one of them", NAT_RULE_NEW, rule(101), SET)
for i in range(1, NAT_RULES_MAX):
    accepted("rule %d deleted" % (100 + i), NAT_RULE_DEL,
             nest(A_NAT_RULE, u32(R_ID, 100 + i)))
for cmd, flags in ((NAT_FLUSH, F_ACK), (NAT_GET, F_DUMP)):
    for what, bad, wanted in (
            ("rule 0", u32(N_RULE, 0), errno.ERANGE),
            ("rule 32768", u32(N_RULE, 32768), errno.ERANGE),
            ("short rule", attr(N_RULE, b"\1\0"), errno.EINVAL),
            ("an SPI", u32(N_SPI_OUT, 256), errno.EINVAL),
            ("an address", attr(N_INSIDE_LOCAL, b"\12\0\1\2"), errno.EINVAL),
            ("what is unknown", u32(77, 1), errno.EINVAL)):
        refused("%s, command %d" % (what, cmd), wanted, cmd, nest(A_NAT, bad), flags, at=bad)
    refused("a rule, command %d" % cmd, errno.EINVAL, cmd, nest(A_NAT_RULE), flags)
refused("a filter of rules", errno.EINVAL, NAT_RULE_GET, nest(A_NAT), F_DUMP)
for cmd in DUMPS_ALONE:
    refused("no dump, command %d" % cmd, errno.EOPNOTSUPP, cmd)

step("dumps")
for cmd in (SA_GET, IKE_GET, GROUP_GET):
    bad = u32(99, 1)
    refused("unknown attribute in dump %d" % cmd, errno.EINVAL, cmd, bad, F_DUMP)
refused("filter of an unknown group's id 0", errno.ERANGE, SA_GET,
        nest(A_SA, u32(S_GROUP, 0)), F_DUMP)

step("generations")
answer = dict(walk(accepted("a generation", RESYNC_START, u8(A_OWNER, 1))))
first = answer[A_GENERATION]
accepted("a later one", RESYNC_START, u8(A_OWNER, 1))
refused("the end of the earlier", errno.ESTALE, RESYNC_END,
        u8(A_OWNER, 1) + attr(A_GENERATION, first))

if tables() != before:
    fail("what was refused changed: " + tables())

step("without the right")
child = os.fork()
if not child:
    os.setgroups([])
    os.setresuid(65534, 65534, 65534)
    c.nl = Netlink()
    for cmd in range(GROUP_NEW, NAT_FLUSH + 1):
        if cmd != EVENT and cmd not in DUMPS_ALONE:
            refused("command %d without the right" % cmd, errno.EPERM, cmd)
    for cmd in (GROUP_GET, SA_GET, IKE_GET, *DUMPS_ALONE):
        refused("dump %d without the right" % cmd, errno.EPERM, cmd, flags=F_DUMP)
    for name in ("events", "nat"):
        try:
            c.nl.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, c.nl.groups[name])
            fail("%s without the right" % name)
        except PermissionError:
            pass
    os._exit(c.failures != 0)
if os.waitpid(child, 0)[1]:
    c.failures += 1
for name in ("events", "nat"):
    c.nl.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, c.nl.groups[name])

step("root of a namespace")
child = os.fork()
if not child:
    if ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET):
        sys.exit("no user namespace")
    c.nl = Netlink()
    bad = u32(R_MAX, NAT_ENTRIES + 1)
    refused("more entries", errno.EPERM, NAT_RULE_NEW, rule(1, bad), ADD, at=bad)
    accepted("as many as ever", NAT_RULE_NEW, rule(1, u32(R_MAX, NAT_ENTRIES)), ADD)
    os._exit(c.failures != 0)
if os.waitpid(child, 0)[1]:
    c.failures += 1

if tables() != before:
    fail("who had no right changed: " + tables())
accepted("an SA, as ever", SA_NEW, sa(0x101), ADD)

step("a hint of how many there will be")


def available():
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) for line in file if "MemAvailable" in line)


c.nl = Netlink()    # the other one hears events
refused("one that is no u32", errno.EINVAL, SA_NEW,
        attr(A_COUNT, b"\1\0") + sa(0x102), ADD)
accepted("one that is too small", SA_NEW, u32(A_COUNT, 0) + sa(0x102), ADD)
accepted("a ceiling", CONF_SET, conf(u32(C_MAX_SAS, 20000)))
kilobytes = available()
for i in range(20):
    # not so many that there could be no memory for them, which is no error either
    accepted("one beyond the ceiling", SA_NEW, u32(A_COUNT, 4000000)
             + b"".join(sa(0x2000 + 500 * i + k) for k in range(500)), ADD)
kilobytes -= available()
if kilobytes > 30000:
    fail("a hint took %d kB" % kilobytes)
c.end()
