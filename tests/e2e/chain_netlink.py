#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
chain_netlink - devices, chains and services, by requests that are right and wrong

What is wrong is refused with an error that names it, and changes nothing: attributes, a
link address or a port that is another's, a device twice in a chain, cycles of alternates,
an address of this host's own, lists beyond their ceilings, many of which one is bad, what
is in use. Interfaces come, go and get other names. Listeners are told of what changed, and
of nothing else; the end of a resync takes what was not stated again.
"""
import ctypes
import errno
import os
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from genl import (ADD, ADD_MEMBERSHIP, F_ACK, F_DUMP, F_REPLACE,  # noqa: E402
                  SOL_NETLINK, Checks, Netlink, attr, nest, own_machine, step, u8, u32,
                  walk)

# include/uapi/linux/ipsec_qos.h
GROUP_NEW, GROUP_DEL, STATUS_GET, CONF_SET, RESYNC_START, RESYNC_END = 1, 2, 13, 14, 15, 16
(DEVICE_NEW, DEVICE_DEL, DEVICE_GET, CHAIN_NEW, CHAIN_DEL, CHAIN_GET, SERVICE_NEW,
 SERVICE_DEL, SERVICE_GET, SERVICE_TRACE) = range(34, 44)
COMMANDS = range(DEVICE_NEW, SERVICE_TRACE + 1)
A_GROUP, A_CONF, A_OWNER, A_GENERATION, A_COUNT, A_EVENT = 2, 5, 7, 8, 9, 10
CHECK_IPV4, CHECK_IPV6 = 10, 11
G_ID, G_NAME, G_MARK = 2, 3, 4
A_DEVICE, A_CHAIN, A_SERVICE, A_TRACE = range(18, 22)
NEW, CHANGE, DEL = 1, 2, 3

# include/uapi/linux/ipsec_qos_chain.h
HOP, TAP, ROUTED = range(3)
UP, DOWN = range(2)
FINE, NO_DEV, DEV_DOWN, NO_MAC, TAKEN = range(5)
N_DEV, N_MAC, N_FROM, N_PROBLEM = range(1, 5)
(D_ID, D_NAME, D_KIND, D_OUTER, D_INNER, D_STATE, D_ALTERNATE, D_FAILURE, D_RATE, D_SNAP,
 D_OWNER, D_NOW, D_CHAINS, D_COUNTERS) = range(2, 16)
C_ID, C_NAME, C_STEP, C_OWNER, C_SERVICES = range(2, 7)
SERVER, CLIENT = range(2)
P_PROTO, P_FIRST, P_LAST, P_FORWARD, P_BACK = range(1, 6)
G_DEVICE, G_TO, G_TO_PORT, G_FROM, G_FROM_PORT = range(1, 6)
R_DEV, R_ADDRESS, R_LEN, R_ALLOW, R_COUNTER = range(1, 6)
O_ADDRESS, O_LEN, O_CHAIN = range(1, 4)
(S_ID, S_NAME, S_FAMILY, S_ADDRESS, S_LEN, S_MODE, S_PORT, S_CHAIN, S_SEGMENT, S_GROUP,
 S_FROM_GROUP, S_RATE, S_ACL, S_OVERRIDE, S_OWNER, S_COUNTERS) = range(2, 18)
T_SERVICE, T_PACKETS, T_CLIENT = range(2, 5)
TCP, UDP, ICMP, ESP = 6, 17, 1, 50
DEVICES_MAX, STEPS_MAX, PORTS_MAX, ACL_MAX, NETS_MAX, OVERRIDES_MAX = 4096, 8, 64, 4096, 64, 16
CHANGES = F_ACK | F_REPLACE
CLONE_NEWNET = 0x40000000
LINGER = 2      # seconds, kmod/chain/linger.h


def u16(kind, n):
    return attr(kind, struct.pack("=H", n))


def text(kind, data):
    return attr(kind, data + b"\0")


def mac(n):
    return b"\2\0\0\0" + struct.pack(">H", n)


def side(kind, dev, n=None, *more):
    return nest(kind, text(N_DEV, dev), *([] if n is None else [attr(N_MAC, mac(n))]), *more)


def device(number, *more, outer=None, name=None):
    return nest(A_DEVICE, u32(D_ID, number), text(D_NAME, name or b"d%d" % number),
                outer or side(D_OUTER, b"eth8", number), *more)


def device_key(number):
    return nest(A_DEVICE, u32(D_ID, number))


def chain(number, *steps, name=None):
    return nest(A_CHAIN, u32(C_ID, number), text(C_NAME, name or b"c%d" % number),
                *[u32(C_STEP, one) for one in steps])


def chain_key(number):
    return nest(A_CHAIN, u32(C_ID, number))


def port(proto, first=None, last=None, kind=S_PORT):
    return nest(kind, u8(P_PROTO, proto), *([] if first is None else [u16(P_FIRST, first)]),
                *([] if last is None else [u16(P_LAST, last)]))


def family(address):
    return socket.AF_INET if len(address) == 4 else socket.AF_INET6


def service(number, address, *more, to=1, name=None):
    return nest(A_SERVICE, u32(S_ID, number), text(S_NAME, name or b"s%d" % number),
                u8(S_FAMILY, family(address)), attr(S_ADDRESS, address),
                *([u32(S_CHAIN, to)] if to else []), *more)


def service_key(number):
    return nest(A_SERVICE, u32(S_ID, number))


def segment(number, *more):
    return nest(S_SEGMENT, u32(G_DEVICE, number), *more)


def rule(allow, address=None, length=None, dev=None):
    return nest(S_ACL, *([] if dev is None else [text(R_DEV, dev)]),
                *([] if address is None else [attr(R_ADDRESS, address)]),
                *([] if length is None else [u8(R_LEN, length)]), u8(R_ALLOW, allow))


def override(address, to, length=None):
    return nest(S_OVERRIDE, attr(O_ADDRESS, address),
                *([] if length is None else [u8(O_LEN, length)]), u32(O_CHAIN, to))


def trace(*more):
    return nest(A_TRACE, *more)


def number(data):
    return int.from_bytes(data, sys.byteorder)


def parts(data):
    return [(kind & 0x3fff, value) for kind, value in walk(data)]


def first(answer, kind):
    return dict(next(parts(data) for k, data in parts(answer) if k == kind))


def every(data, kind):
    return [value for k, value in parts(data) if k == kind]


def all_of(cmd, kind):
    answer = accepted("dump %d" % cmd, cmd, b"", F_DUMP)
    return [data for k, data in parts(answer) if k == kind]


def everything():
    return [all_of(cmd, kind) for cmd, kind in (
        (DEVICE_GET, A_DEVICE), (CHAIN_GET, A_CHAIN), (SERVICE_GET, A_SERVICE))]


def get(cmd, kind, key):
    answer = accepted("get", cmd, key)
    return next(data for k, data in parts(answer) if k == kind)


def get_device(which):
    return dict(parts(get(DEVICE_GET, A_DEVICE, device_key(which))))


def get_service(which):
    return get(SERVICE_GET, A_SERVICE, service_key(which))


def problem(which, at=D_OUTER):
    return number(dict(parts(get_device(which)[at]))[N_PROBLEM])


def ports_of(data, kind=S_PORT):
    """(protocol, first, last) of each"""
    said = []
    for one in every(data, kind):
        one = dict(parts(one))
        low = number(one[P_FIRST]) if P_FIRST in one else None
        said.append((number(one[P_PROTO]), low,
                     number(one[P_LAST]) if P_LAST in one else None))
    return said


def expect(what, wanted, got):
    c.requests += 1
    if wanted != got:
        c.fail("%s: expected %s, got %s" % (what, wanted, got))


def await_(what, wanted, get_it):
    """it comes to be so within five seconds"""
    end = time.monotonic() + 5
    while get_it() != wanted and time.monotonic() < end:
        time.sleep(0.02)
    expect(what, wanted, get_it())


def in_sysfs(path):
    path = os.path.join("/sys/kernel/ipsec_qos", path)
    if os.path.isdir(path):
        return sorted(os.listdir(path))
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def run(command):
    subprocess.run(command.split(), check=True)


own_machine()
run("modprobe ipsec_qos")
run("modprobe tun")
for line in ("ip link set lo up", "ip link add eth8 type dummy",
             "ip addr add 10.0.0.1/24 dev eth8", "ip link set eth8 up",
             "ip addr add 2001:db8::1/64 dev eth8 nodad", "ip link add eth9 type dummy"):
    run(line)
c = Checks()
refused, accepted = c.refused, c.accepted
W = b"\xc0\0\2\1"       # a service's address
W6 = b"\x20\1\x0d\xb8\0\1" + b"\0" * 9 + b"\1"
HERE = b"\x0a\0\0\1"

step("nothing is there yet")
expect("what is there", [[], [], []], everything())
for cmd, payload in ((DEVICE_GET, device_key(1)), (DEVICE_DEL, device_key(1)),
                     (CHAIN_GET, chain_key(1)), (CHAIN_DEL, chain_key(1)),
                     (SERVICE_GET, service_key(1)), (SERVICE_DEL, service_key(1))):
    refused("none, command %d" % cmd, errno.ENOENT, cmd, payload, at=payload)
refused("a trace", errno.ENOENT, SERVICE_TRACE, trace(u32(T_SERVICE, 1), u32(T_PACKETS, 1)))

step("what is right")
accepted("a group", GROUP_NEW, nest(A_GROUP, u32(G_ID, 7), text(G_NAME, b"g7"), u32(G_MARK, 7)),
         ADD)
accepted("devices", DEVICE_NEW, b"".join((
    device(1), device(2, side(D_INNER, b"eth9", 2), u8(D_STATE, DOWN), u32(D_ALTERNATE, 4)),
    device(3, u8(D_KIND, TAP), u32(D_RATE, 5), u32(D_SNAP, 64)), device(4, side(
        D_INNER, b"eth9", 4, *[attr(N_FROM, mac(100 + i)) for i in range(4)])),
    device(5, u8(D_KIND, ROUTED), outer=side(D_OUTER, b"eth9")),
    device(6, u8(D_KIND, TAP), outer=side(D_OUTER, b"none")),
    device(7), device(8))), ADD)
one = get_device(2)
expect("a device", (b"d2\0", HOP, DOWN, 4, 4, 0), (
    one[D_NAME], number(one[D_KIND]), number(one[D_STATE]), number(one[D_ALTERNATE]),
    number(one[D_NOW]), number(one[D_CHAINS])))
expect("its counters", 11, len(list(walk(one[D_COUNTERS]))))
expect("its sides", [[b"eth8\0", mac(2)], [b"eth9\0", mac(2)]],
       [[dict(parts(one[at]))[N_DEV], dict(parts(one[at]))[N_MAC]] for at in (D_OUTER, D_INNER)])
expect("further addresses", [mac(100 + i) for i in range(4)],
       every(get_device(4)[D_INNER], N_FROM))
one = get_device(3)
expect("a tap", (5, 64), (number(one[D_RATE]), number(one[D_SNAP])))
expect("a tap's rate by itself", 10000, number(get_device(6)[D_RATE]))
expect("problems", [FINE, FINE, DEV_DOWN, NO_DEV],
       [problem(1), problem(2), problem(2, D_INNER), problem(6)])
accepted("chains", CHAIN_NEW, chain(1, 1, 3, 7) + chain(2, 2, 3, 5) + chain(3, 8), ADD)
expect("a chain", [1, 3, 7], [number(v) for v in every(
    get(CHAIN_GET, A_CHAIN, chain_key(1)), C_STEP)])
expect("chains of a tap", 2, number(get_device(3)[D_CHAINS]))
accepted("services", SERVICE_NEW, b"".join((
    service(1, W, port(TCP, 443), port(UDP, 5000, 5100), port(TCP, 80), port(ESP)),
    service(2, W, to=2),
    service(3, W6, port(TCP, 80), segment(7, attr(G_TO, W6[:15] + b"\2"), u16(G_TO_PORT, 8080))),
    service(4, b"\xc0\0\3\1", port(UDP, 4500), port(UDP, 500), segment(
        1, attr(G_FROM, b"\xc0\0\3\2"), port(TCP, 80, 90, kind=G_FROM_PORT),
        port(UDP, 53, kind=G_FROM_PORT)), u32(S_GROUP, 7), u32(S_FROM_GROUP, 7),
            u32(S_RATE, 1000)),
    service(5, b"\x0a\1\0\0", u8(S_MODE, CLIENT), u8(S_LEN, 16), to=3),
    service(6, b"\x0a\1\0\7", u8(S_MODE, CLIENT), port(TCP, 80), to=2),
    service(7, b"\xc0\0\4\1", port(TCP), rule(1, b"\x0a\2\0\1"), rule(0, b"\x0a\2\0\0", 16),
            rule(1, dev=b"eth8"), override(b"\x0a\3\0\0", 2, 16), override(b"\x0a\4\0\1", 3)))),
         ADD)
one = get_service(1)
expect("ports in order", [(TCP, 80, 80), (TCP, 443, 443), (UDP, 5000, 5100), (ESP, None, None)],
       ports_of(one))
expect("all ports", [(0, None, None)], ports_of(get_service(2)))
one = dict(parts(get_service(3)))
expect("a segment", (7, W6[:15] + b"\2", 8080), (lambda s: (
    number(s[G_DEVICE]), s[G_TO], number(s[G_TO_PORT])))(dict(parts(one[S_SEGMENT]))))
one = get_service(4)
expect("ports behind it", [(TCP, 80, 90), (UDP, 53, 53)],
       ports_of(dict(parts(one))[S_SEGMENT], G_FROM_PORT))
expect("a group, and from one", [7, 7, 1000], [number(dict(parts(one))[kind]) for kind in (
    S_GROUP, S_FROM_GROUP, S_RATE)])
one = get_service(7)
expect("rules", [(b"\x0a\2\0\1", 32, 1), (b"\x0a\2\0\0", 16, 0), (None, None, 1)], [
    (r.get(R_ADDRESS), number(r[R_LEN]) if R_LEN in r else None, number(r[R_ALLOW]))
    for r in map(dict, map(parts, every(one, S_ACL)))])
expect("overrides", [(16, 2), (32, 3)], [
    (number(o[O_LEN]), number(o[O_CHAIN])) for o in map(dict, map(parts, every(
        one, S_OVERRIDE)))])
expect("no rules in a dump", 0, sum(len(every(one, S_ACL)) for one in all_of(
    SERVICE_GET, A_SERVICE)))
expect("services of chains", [4, 3, 2], [number(dict(parts(one))[C_SERVICES])
                                         for one in all_of(CHAIN_GET, A_CHAIN)])
refused("a group in use", errno.EBUSY, GROUP_DEL, nest(A_GROUP, u32(G_ID, 7)),
        says="2 services")
expect("sysfs", (["d%d" % i for i in range(1, 9)], "hop", "4", "0"), (
    in_sysfs("devices"), in_sysfs("devices/d2/kind"), in_sysfs("devices/d2/now"),
    in_sysfs("devices/d1/outer_sent_packets")))
expect("sysfs", (["s%d" % i for i in range(1, 8)], "0"), (
    in_sysfs("services"), in_sysfs("services/s1/forged_packets")))
before = everything()

step("attributes that are wrong in themselves")
bad = u32(99, 1)
for cmd in COMMANDS:
    refused("unknown attribute, command %d" % cmd, errno.EINVAL, cmd, bad, at=bad)
bad = u32(77, 1)
for cmd, payload in ((DEVICE_NEW, device(9, bad)), (CHAIN_NEW, nest(A_CHAIN, u32(C_ID, 9), bad)),
                     (SERVICE_NEW, service(9, W, bad)),
                     (DEVICE_NEW, device(9, outer=side(D_OUTER, b"eth8", 9, bad))),
                     (SERVICE_NEW, service(9, W, nest(S_PORT, u8(P_PROTO, TCP), bad))),
                     (SERVICE_NEW, service(9, W, segment(1, bad))),
                     (SERVICE_NEW, service(9, W, nest(S_ACL, u8(R_ALLOW, 1), bad))),
                     (SERVICE_TRACE, trace(u32(T_SERVICE, 1), bad))):
    refused("unknown within, command %d" % cmd, errno.EINVAL, cmd, payload, ADD, at=bad)


def in_device(bad):
    return device(9, bad)


def in_outer(bad):
    return device(9, outer=nest(D_OUTER, text(N_DEV, b"eth8"), bad))


def in_service(bad):
    return service(9, b"\xc0\0\2\x09", bad)


for what, wanted, cmd, make, bad in (
        ("id 0", errno.ERANGE, DEVICE_NEW, lambda b: nest(A_DEVICE, b), u32(D_ID, 0)),
        ("id", errno.ERANGE, DEVICE_NEW, lambda b: nest(A_DEVICE, b), u32(D_ID, 65536)),
        ("kind", errno.ERANGE, DEVICE_NEW, in_device, u8(D_KIND, 3)),
        ("state", errno.ERANGE, DEVICE_NEW, in_device, u8(D_STATE, 2)),
        ("failure", errno.ERANGE, DEVICE_NEW, in_device, u8(D_FAILURE, 2)),
        ("rate 0", errno.ERANGE, DEVICE_NEW, in_device, u32(D_RATE, 0)),
        ("rate", errno.ERANGE, DEVICE_NEW, in_device, u32(D_RATE, 10000001)),
        ("rate of no tap", errno.EINVAL, DEVICE_NEW, in_device, u32(D_RATE, 1)),
        ("snap of no tap", errno.EINVAL, DEVICE_NEW, in_device, u32(D_SNAP, 64)),
        ("short snap", errno.ERANGE, DEVICE_NEW,
         lambda b: device(9, u8(D_KIND, TAP), b), u32(D_SNAP, 63)),
        ("short MAC", errno.ERANGE, DEVICE_NEW, in_outer, attr(N_MAC, b"\2\0\0\0\0")),
        ("MAC 0", errno.EINVAL, DEVICE_NEW, in_outer, attr(N_MAC, b"\0" * 6)),
        ("multicast", errno.EINVAL, DEVICE_NEW, in_outer, attr(N_MAC, b"\1\0\0\0\0\1")),
        ("multicast", errno.EINVAL, DEVICE_NEW, in_outer, attr(N_FROM, b"\xff" * 6)),
        ("interface", errno.EINVAL, DEVICE_NEW, lambda b: device(9, outer=nest(D_OUTER, b)),
         text(N_DEV, b"a/b")),
        ("id 0", errno.ERANGE, CHAIN_NEW, lambda b: nest(A_CHAIN, b), u32(C_ID, 0)),
        ("id", errno.ERANGE, CHAIN_NEW, lambda b: nest(A_CHAIN, b), u32(C_ID, 65536)),
        ("step 0", errno.ERANGE, CHAIN_NEW, lambda b: nest(A_CHAIN, u32(C_ID, 9), b),
         u32(C_STEP, 0)),
        ("id", errno.ERANGE, SERVICE_NEW, lambda b: nest(A_SERVICE, b), u32(S_ID, 16777216)),
        ("mode", errno.ERANGE, SERVICE_NEW, in_service, u8(S_MODE, 2)),
        ("length", errno.ERANGE, SERVICE_NEW, in_service, u8(S_LEN, 129)),
        ("length of IPv4", errno.EINVAL, SERVICE_NEW, in_service, u8(S_LEN, 33)),
        ("rate", errno.ERANGE, SERVICE_NEW, in_service, u32(S_RATE, 100000001)),
        ("chain 0", errno.ERANGE, SERVICE_NEW, lambda b: service(9, W, b, to=0),
         u32(S_CHAIN, 0)),
        ("protocol 0", errno.ERANGE, SERVICE_NEW,
         lambda b: in_service(nest(S_PORT, b)), u8(P_PROTO, 0)),
        ("ports of ESP", errno.EINVAL, SERVICE_NEW,
         lambda b: in_service(nest(S_PORT, u8(P_PROTO, ESP), b)), u16(P_FIRST, 1)),
        ("the other way round", errno.EINVAL, SERVICE_NEW, lambda b: in_service(nest(
            S_PORT, u8(P_PROTO, TCP), u16(P_FIRST, 2), b)), u16(P_LAST, 1)),
        ("a last one alone", errno.EINVAL, SERVICE_NEW,
         lambda b: in_service(nest(S_PORT, u8(P_PROTO, TCP), b)), u16(P_LAST, 1)),
        ("port 0", errno.ERANGE, SERVICE_NEW, lambda b: in_service(segment(7, b)),
         u16(G_TO_PORT, 0)),
        ("IPv6 in IPv4", errno.EINVAL, SERVICE_NEW, lambda b: in_service(segment(7, b)),
         attr(G_TO, W6)),
        ("IPv6 in IPv4", errno.EINVAL, SERVICE_NEW, lambda b: in_service(segment(1, b)),
         attr(G_FROM, W6)),
        ("IPv6 in IPv4", errno.EINVAL, SERVICE_NEW,
         lambda b: in_service(nest(S_ACL, b, u8(R_ALLOW, 1))), attr(R_ADDRESS, W6)),
        ("bits behind a rule's prefix", errno.EINVAL, SERVICE_NEW, lambda b: in_service(nest(
            S_ACL, b, u8(R_LEN, 16), u8(R_ALLOW, 1))), attr(R_ADDRESS, W)),
        ("a rule's length alone", errno.EINVAL, SERVICE_NEW,
         lambda b: in_service(nest(S_ACL, b, u8(R_ALLOW, 1))), u8(R_LEN, 16)),
        ("neither allowed nor not", errno.ERANGE, SERVICE_NEW,
         lambda b: in_service(nest(S_ACL, b)), u8(R_ALLOW, 2)),
        ("a rule's interface", errno.EINVAL, SERVICE_NEW,
         lambda b: in_service(nest(S_ACL, b, u8(R_ALLOW, 1))), text(R_DEV, b"a/b")),
        ("too many packets", errno.ERANGE, SERVICE_TRACE,
         lambda b: trace(u32(T_SERVICE, 1), b), u32(T_PACKETS, 1001)),
        ("IPv6 in IPv4", errno.EINVAL, SERVICE_TRACE,
         lambda b: trace(u32(T_SERVICE, 1), u32(T_PACKETS, 1), b), attr(T_CLIENT, W6))):
    refused(what, wanted, cmd, make(bad), ADD, at=bad)
for what, cmd, make, bad in (
        ("owner", DEVICE_NEW, in_device, u8(D_OWNER, 0)),
        ("now", DEVICE_NEW, in_device, u32(D_NOW, 0)),
        ("chains", DEVICE_NEW, in_device, u32(D_CHAINS, 0)),
        ("counters", DEVICE_NEW, in_device, attr(D_COUNTERS, b"")),
        ("problem", DEVICE_NEW, in_outer, u8(N_PROBLEM, 0)),
        ("owner", CHAIN_NEW, lambda b: nest(A_CHAIN, b), u8(C_OWNER, 0)),
        ("services", CHAIN_NEW, lambda b: nest(A_CHAIN, b), u32(C_SERVICES, 0)),
        ("owner", SERVICE_NEW, in_service, u8(S_OWNER, 0)),
        ("counters", SERVICE_NEW, in_service, attr(S_COUNTERS, b"")),
        ("forward", SERVICE_NEW, lambda b: in_service(nest(S_PORT, b)), attr(P_FORWARD, b"")),
        ("a rule's", SERVICE_NEW, lambda b: in_service(nest(S_ACL, b)), attr(R_COUNTER, b""))):
    refused(what, errno.EINVAL, cmd, make(bad), ADD, at=bad, says="answers")
for name in (b"", b".x", b"a/b", b"\xff"):
    for cmd, nested, kind, key in ((DEVICE_NEW, A_DEVICE, D_NAME, u32(D_ID, 9)),
                                   (CHAIN_NEW, A_CHAIN, C_NAME, u32(C_ID, 9)),
                                   (SERVICE_NEW, A_SERVICE, S_NAME, u32(S_ID, 9))):
        bad = text(kind, name)
        refused("name %r" % name, errno.EINVAL, cmd, nest(nested, key, bad), ADD, at=bad)

step("what is missing")
for cmd in COMMANDS:
    refused("nothing in command %d" % cmd, errno.EINVAL, cmd, b"", ADD)
for what, cmd, payload in (
        ("id", DEVICE_NEW, nest(A_DEVICE, text(D_NAME, b"x"))),
        ("name", DEVICE_NEW, nest(A_DEVICE, u32(D_ID, 9), side(D_OUTER, b"eth8", 9))),
        ("outer side", DEVICE_NEW, nest(A_DEVICE, u32(D_ID, 9), text(D_NAME, b"x"))),
        ("outer", DEVICE_NEW, nest(A_DEVICE, u32(D_ID, 1), side(D_INNER, b"eth8", 9))),
        ("interface", DEVICE_NEW, device(9, outer=nest(D_OUTER, attr(N_MAC, mac(9))))),
        ("id or name", DEVICE_DEL, nest(A_DEVICE)),
        ("id", CHAIN_NEW, nest(A_CHAIN, text(C_NAME, b"x"), u32(C_STEP, 1))),
        ("name", CHAIN_NEW, nest(A_CHAIN, u32(C_ID, 9), u32(C_STEP, 1))),
        ("steps", CHAIN_NEW, chain(9)),
        ("name", SERVICE_NEW, nest(A_SERVICE, u32(S_ID, 9), u8(S_FAMILY, socket.AF_INET),
                                   attr(S_ADDRESS, W), u32(S_CHAIN, 1))),
        ("family", SERVICE_NEW, nest(A_SERVICE, u32(S_ID, 9), text(S_NAME, b"x"))),
        ("address", SERVICE_NEW, nest(A_SERVICE, u32(S_ID, 9), text(S_NAME, b"x"),
                                      u8(S_FAMILY, socket.AF_INET))),
        ("chain", SERVICE_NEW, service(9, W, to=0)),
        ("protocol", SERVICE_NEW, in_service(nest(S_PORT, u16(P_FIRST, 1)))),
        ("device", SERVICE_NEW, in_service(nest(S_SEGMENT, attr(G_TO, W)))),
        ("allows", SERVICE_NEW, in_service(nest(S_ACL, attr(R_ADDRESS, W)))),
        ("address", SERVICE_NEW, in_service(nest(S_OVERRIDE, u32(O_CHAIN, 1)))),
        ("chain", SERVICE_NEW, in_service(nest(S_OVERRIDE, attr(O_ADDRESS, W)))),
        ("service", SERVICE_TRACE, trace(u32(T_PACKETS, 1))),
        ("packets", SERVICE_TRACE, trace(u32(T_SERVICE, 1)))):
    refused("no " + what, errno.EINVAL, cmd, payload, ADD, says=what)

step("devices that cannot be")
for what, wanted, payload, says in (
        ("another's link address", errno.EEXIST, device(9, outer=side(D_OUTER, b"eth8", 1)),
         "02:00:00:00:00:01 at eth8 is device d1"),
        ("another's further one", errno.EEXIST, device(9, outer=side(D_OUTER, b"eth9", 101)),
         "is device d4"),
        ("as a further one", errno.EEXIST, device(9, outer=side(
            D_OUTER, b"eth8", 9, attr(N_FROM, mac(1)))), "is device d1"),
        ("twice", errno.EEXIST, device(9, outer=side(D_OUTER, b"eth8", 9, attr(N_FROM, mac(9)))),
         "twice"),
        ("both sides alike", errno.EINVAL, device(9, side(D_INNER, b"eth8", 9)), "both"),
        ("routed, with a MAC", errno.EINVAL, device(9, u8(D_KIND, ROUTED)), "without MAC"),
        ("routed, two sides", errno.EINVAL, device(
            9, u8(D_KIND, ROUTED), side(D_INNER, b"eth9"), outer=side(D_OUTER, b"eth8")),
         "one side"),
        ("no alternate", errno.ENOENT, device(9, u32(D_ALTERNATE, 99)), "no device 99"),
        ("its own", errno.ELOOP, device(9, u32(D_ALTERNATE, 9)), "its own alternate"),
        ("another kind", errno.EINVAL, device(9, u32(D_ALTERNATE, 3)), "different kinds"),
        ("exists", errno.EEXIST, device(1), "exists"),
        ("another's name", errno.EEXIST, device(9, name=b"d1"), "another device is d1")):
    refused(what, wanted, DEVICE_NEW, payload, ADD, says=says)
refused("too many further", errno.E2BIG, DEVICE_NEW, device(9, outer=side(
    D_OUTER, b"eth8", 9, *[attr(N_FROM, mac(200 + i)) for i in range(5)])), ADD, says="4")
for what, wanted, payload, says in (
        ("none to change", errno.ENOENT, device(9), "no device 9"),
        ("a cycle", errno.ELOOP, device(4, u32(D_ALTERNATE, 2)), "its own alternate"),
        ("in one chain", errno.EINVAL, device(1, u32(D_ALTERNATE, 7)), "of chain c1"),
        ("they share one", errno.EINVAL, device(1, u32(D_ALTERNATE, 4)) +
         device(7, u32(D_ALTERNATE, 4)), "share an alternate"),
        ("kind in a chain", errno.EBUSY, device(3, u8(D_KIND, HOP)), "is in chain c1"),
        ("swapped half", errno.EEXIST, device(1, outer=side(D_OUTER, b"eth8", 7)),
         "is device d7")):
    refused(what, wanted, DEVICE_NEW, payload, CHANGES, says=says)
row = [device(50 + i, u32(D_ALTERNATE, 51 + i)) for i in range(9)] + [device(59)]
refused("a long row", errno.E2BIG, DEVICE_NEW, b"".join(row), ADD, says="more than 8 alternates")
accepted("eight", DEVICE_NEW, b"".join(row[1:]), ADD)
refused("one more", errno.E2BIG, DEVICE_NEW, row[0], ADD, says="more than 8 alternates")
refused("an alternate in use", errno.EBUSY, DEVICE_DEL, device_key(59), at=device_key(59),
        says="is the alternate of device d58")
for i in range(51, 60):
    accepted("it goes", DEVICE_DEL, device_key(i))
expect("what is there", before, everything())

step("chains that cannot be")
for what, wanted, steps, says in (
        ("no such device", errno.ENOENT, (1, 99), "no device 99"),
        ("twice", errno.EINVAL, (1, 3, 1), "device d1 is in it twice"),
        ("with its alternate", errno.EINVAL, (2, 4), "alternate"),
        ("routed ahead", errno.EINVAL, (5, 1), "only the last"),
        ("too long", errno.E2BIG, (1, 2, 3, 6, 7, 8, 1, 2, 3), "more than 8")):
    refused(what, wanted, CHAIN_NEW, chain(9, *steps), ADD, says=says)
refused("a segment's device leaves", errno.EINVAL, CHAIN_NEW, chain(1, 1, 3, 8), CHANGES,
        says="service s3 has a segment for device d7")
refused("in use", errno.EBUSY, CHAIN_DEL, chain_key(3), at=chain_key(3), says="2 services")
refused("in use", errno.EBUSY, DEVICE_DEL, device_key(3), at=device_key(3),
        says="device d3 is in chain c")
expect("what is there", before, everything())

step("services that cannot be")
for what, wanted, payload, says in (
        ("a port that is another's", errno.EEXIST, service(9, W, port(TCP, 80)),
         "port 6/80 is s1's: change that service first"),
        ("a port in another's range", errno.EEXIST, service(9, W, port(UDP, 5050)), "s1"),
        ("a range that overlaps", errno.EEXIST, service(9, W, port(UDP, 5100, 5200)), "s1"),
        ("a range around a port", errno.EEXIST, service(9, W, port(TCP, 400, 500)), "s1"),
        ("a protocol that is another's", errno.EEXIST, service(9, W, port(ESP)), "s1"),
        ("all of a protocol", errno.EEXIST, service(9, W, port(TCP)), "s1"),
        ("all that is left", errno.EEXIST, service(9, W),
         "other ports are s2's: change that service first"),
        ("a prefix that is another's", errno.EEXIST, service(
            9, b"\x0a\1\0\0", u8(S_MODE, CLIENT), u8(S_LEN, 16)),
         "that prefix is s5's: change that service first"),
        ("a server's port", errno.EEXIST, service(9, W6[:15] + b"\x09", port(TCP, 80), segment(
            7, attr(G_TO, W6[:15] + b"\2"), u16(G_TO_PORT, 8080))),
         "port 6/8080 is s3's: use an alias or other port"),
        ("what comes out of a device", errno.EEXIST, service(9, b"\xc0\0\3\2", port(TCP, 85)),
         "s4"),
        ("this host's", errno.EADDRINUSE, service(9, HERE, port(TCP, 80)),
         "10.0.0.1 is an address of this host: route it here"),
        ("this host's, IPv6", errno.EADDRINUSE, service(
            9, b"\x20\1\x0d\xb8" + b"\0" * 11 + b"\1", port(TCP, 80)),
         "2001:db8::1 is this host's address: route it here"),
        ("a segment to this host", errno.EADDRINUSE, service(
            9, b"\xc0\0\2\x09", segment(7, attr(G_TO, HERE))), "10.0.0.1"),
        ("multicast", errno.EINVAL, service(9, b"\xe0\0\0\1"), "no host's"),
        ("no such chain", errno.ENOENT, service(9, b"\xc0\0\2\x09", to=99), "no chain 99"),
        ("no such group", errno.ENOENT, in_service(u32(S_GROUP, 99)), "no group 99"),
        ("from no such group", errno.ENOENT, in_service(u32(S_FROM_GROUP, 99)), "no group 99"),
        ("a segment of no device", errno.ENOENT, in_service(segment(99)), "no device 99"),
        ("a segment beside the chain", errno.EINVAL, in_service(segment(8)),
         "device d8, which is not in chain c1"),
        ("two segments", errno.EINVAL, in_service(segment(1) + segment(1)), "two segments"),
        ("out of the last", errno.EINVAL, in_service(segment(7, attr(G_FROM, W))),
         "is the chain's last"),
        ("another port of many", errno.EINVAL, service(
            9, b"\xc0\0\2\x09", port(TCP, 1), port(TCP, 2), segment(7, u16(G_TO_PORT, 3))),
         "only where the service has one"),
        ("another port of all", errno.EINVAL, in_service(segment(7, u16(G_TO_PORT, 3))),
         "only where the service has one"),
        ("segments of clients", errno.EINVAL, service(
            9, b"\xc0\0\2\x09", u8(S_MODE, CLIENT), segment(1)), "servers' services alone"),
        ("overrides of clients", errno.EINVAL, service(
            9, b"\xc0\0\2\x09", u8(S_MODE, CLIENT), override(W, 1)), "servers' services alone"),
        ("an override to no chain", errno.ENOENT, in_service(override(W, 99)), "no chain 99"),
        ("a prefix of servers", errno.EINVAL, service(9, b"\xc0\0\2\0", u8(S_LEN, 24)),
         "clients' services alone"),
        ("a prefix with ports", errno.EINVAL, service(
            9, b"\xc0\0\2\0", u8(S_LEN, 24), u8(S_MODE, CLIENT), port(TCP, 80)),
         "without ports"),
        ("bits behind a prefix", errno.EINVAL, service(
            9, b"\xc0\0\2\1", u8(S_LEN, 24), u8(S_MODE, CLIENT)), "bits behind the 24"),
        ("its own ports overlap", errno.EINVAL, in_service(port(TCP, 10, 20) + port(TCP, 20)),
         "10 to 20 and 20 to 20 of protocol 6 overlap"),
        ("a port twice", errno.EINVAL, in_service(port(TCP, 20) + port(TCP, 20)), "overlap"),
        ("a segment's overlap", errno.EINVAL, in_service(segment(
            1, port(TCP, 1, 9, kind=G_FROM_PORT), port(TCP, 9, kind=G_FROM_PORT))), "overlap"),
        ("exists", errno.EEXIST, service(1, b"\xc0\0\2\x09"), "exists"),
        ("another's name", errno.EEXIST, service(9, b"\xc0\0\2\x09", name=b"s1"),
         "another service is s1")):
    refused(what, wanted, SERVICE_NEW, payload, ADD, says=says)
refused("none to change", errno.ENOENT, SERVICE_NEW, service(9, b"\xc0\0\2\x09"), CHANGES)
refused("changed into another's", errno.EEXIST, SERVICE_NEW, service(
    6, W, port(TCP, 443), to=2), CHANGES, says="s1")
refused("too many ports", errno.E2BIG, SERVICE_NEW, in_service(b"".join(
    port(TCP, i) for i in range(PORTS_MAX + 1))), ADD, says="64 are the most")
refused("too many overrides", errno.E2BIG, SERVICE_NEW, in_service(b"".join(
    override(bytes([10, 9, 9, i]), 1) for i in range(OVERRIDES_MAX + 1))), ADD,
        says="16 are the most")
refused("too many networks", errno.E2BIG, SERVICE_NEW, in_service(b"".join(
    rule(1, bytes([10, i, 0, 0]), 16) for i in range(NETS_MAX + 1))), ADD,
        says="more than 64")
expect("what is there", before, everything())

step("an ACL that takes two attributes")
rules = [rule(i % 2, bytes([10, 5, i // 256, i % 256])) for i in range(ACL_MAX)]
many = service(9, b"\xc0\0\2\x09", *rules[:2000]) + \
    nest(A_SERVICE, u32(S_ID, 9), *rules[2000:])
refused("beyond its ceiling", errno.E2BIG, SERVICE_NEW, many + nest(
    A_SERVICE, u32(S_ID, 9), rule(1)), ADD, says="4096 are the most")
accepted("all of it", SERVICE_NEW, many, ADD)
answer = accepted("it", SERVICE_GET, service_key(9))
nests = [data for kind, data in parts(answer) if kind == A_SERVICE]
expect("all come back, in order", [one[4:] for one in rules], [
    b"".join(attr(kind, value) for kind, value in parts(data) if kind in (R_ADDRESS, R_ALLOW))
    for one in nests for data in every(one, S_ACL)])
expect("in attributes", True, len(nests) > 1)
accepted("it goes", SERVICE_DEL, service_key(9))
refused("rules of another", errno.EINVAL, SERVICE_NEW, service(9, b"\xc0\0\2\x09") + nest(
    A_SERVICE, u32(S_ID, 8), rule(1)), ADD)

step("a range of addresses that is for checks")


def ranges():
    conf = dict(parts(dict(parts(accepted("settings", STATUS_GET)))[A_CONF]))
    return conf.get(CHECK_IPV4), conf.get(CHECK_IPV6)


expect("none at first", (None, None), ranges())
NET, NET6 = b"\xc6\x12\xff\0\x18", b"\x20\1\x0d\xb8\xff" + b"\0" * 11 + b"\x40"
for what, wanted, bad, says in (
        ("bytes", errno.EINVAL, attr(CHECK_IPV4, NET[:4]), "4 bytes are no address of 4"),
        ("bytes", errno.EINVAL, attr(CHECK_IPV6, NET), "5 bytes are no address of 16"),
        ("bytes", errno.ERANGE, attr(CHECK_IPV4, NET6), None),
        ("long", errno.ERANGE, attr(CHECK_IPV4, NET[:4] + b"\x20"), "has 16 to 31"),
        ("short", errno.ERANGE, attr(CHECK_IPV4, b"\xc6\0\0\0\x0f"), "has 16 to 31"),
        ("long", errno.ERANGE, attr(CHECK_IPV6, NET6[:16] + b"\x80"), "has 48 to 127"),
        ("bits", errno.EINVAL, attr(CHECK_IPV4, b"\xc6\x12\xff\1\x18"), "behind the 24"),
        ("multicast", errno.EINVAL, attr(CHECK_IPV4, b"\xe0\0\0\0\x18"), "no host"),
        ("loopback", errno.EINVAL, attr(CHECK_IPV4, b"\x7f\0\0\0\x18"), "no host"),
        ("link-local", errno.EINVAL, attr(CHECK_IPV6, b"\xfe\x80" + b"\0" * 14 + b"\x40"),
         "no host"),
        ("a service's", errno.EADDRINUSE, attr(CHECK_IPV4, W[:3] + b"\0\x18"), "service s1 has"),
        ("a segment's", errno.EADDRINUSE, attr(CHECK_IPV4, b"\xc0\0\3\2\x1f"),
         "service s4 has"),
        ("a prefix's", errno.EADDRINUSE, attr(CHECK_IPV4, b"\x0a\1\0\0\x10"), "service s5"),
        ("IPv6", errno.EADDRINUSE, attr(CHECK_IPV6, W6[:8] + b"\0" * 8 + b"\x40"),
         "service s3")):
    refused(what, wanted, CONF_SET, nest(A_CONF, bad), at=bad, says=says)
expect("none as yet", (None, None), ranges())
accepted("both", CONF_SET, nest(A_CONF, attr(CHECK_IPV4, NET), attr(CHECK_IPV6, NET6)))
expect("both", (NET, NET6), ranges())
for what, payload in (
        ("a service", service(9, NET[:3] + b"\1", port(TCP, 80))),
        ("a service, IPv6", service(9, NET6[:15] + b"\1", port(TCP, 80))),
        ("a segment", in_service(segment(7, attr(G_TO, NET[:3] + b"\1")))),
        ("clients", service(9, NET[:4], u8(S_MODE, CLIENT), u8(S_LEN, 25)))):
    refused(what, errno.EADDRINUSE, SERVICE_NEW, payload, ADD, says="range for checks")
accepted("clients around it", SERVICE_NEW, service(
    9, b"\xc6\x12\0\0", u8(S_MODE, CLIENT), u8(S_LEN, 16)), ADD)
accepted("the same", CONF_SET, nest(A_CONF, attr(CHECK_IPV4, NET)))
accepted("one goes", CONF_SET, nest(A_CONF, attr(CHECK_IPV4, b"")))
expect("the other stays", (None, NET6), ranges())
accepted("so does that", CONF_SET, nest(A_CONF, attr(CHECK_IPV6, b"")))
expect("none any more", (None, None), ranges())
accepted("clients go", SERVICE_DEL, service_key(9))
expect("what is there", before, everything())

step("many in one request: all or nothing")
for what, wanted, cmd, entries, bad in (
        ("device", errno.EEXIST, DEVICE_NEW, [device(100 + i) for i in range(500)],
         device(9, outer=side(D_OUTER, b"eth8", 150))),
        ("device", errno.EINVAL, DEVICE_NEW, [device(100 + i) for i in range(500)], device(150)),
        ("chain", errno.ENOENT, CHAIN_NEW, [chain(100 + i, 1, 2) for i in range(500)],
         chain(9, 99)),
        ("service", errno.EEXIST, SERVICE_NEW, [service(
            100 + i, bytes([198, 18, i // 256, i % 256]), port(TCP, 80), port(UDP, 1, 9),
            rule(1)) for i in range(500)], service(9, W, port(TCP, 80))),
        ("service", errno.EEXIST, SERVICE_NEW, [service(
            100 + i, b"\xc6\x12\0\1", port(TCP, 1 + 2 * i), port(UDP, 10 * i + 1, 10 * i + 9))
            for i in range(500)], service(9, b"\xc6\x12\0\1", port(UDP, 2999, 3001)))):
    refused("the last %s is bad" % what, wanted, cmd, b"".join(entries) + bad, ADD)
bad = service_key(99)
refused("one to delete is not there", errno.ENOENT, SERVICE_DEL, service_key(1) + bad, at=bad)
refused("too many", errno.E2BIG, CHAIN_NEW, b"".join(chain(2000 + i, 1) for i in range(1025)),
        ADD)
expect("what is there", before, everything())
accepted("names are swapped", DEVICE_NEW, nest(A_DEVICE, u32(D_ID, 7), text(D_NAME, b"d8")) +
         nest(A_DEVICE, u32(D_ID, 8), text(D_NAME, b"d7")), CHANGES)
expect("swapped in sysfs", ["8", "7"], [in_sysfs("devices/d7/id"), in_sysfs("devices/d8/id")])
accepted("and back", DEVICE_NEW, nest(A_DEVICE, u32(D_ID, 7), text(D_NAME, b"d7")) +
         nest(A_DEVICE, u32(D_ID, 8), text(D_NAME, b"d8")), CHANGES)
accepted("link addresses are swapped", DEVICE_NEW, device(7, outer=side(D_OUTER, b"eth8", 8)) +
         device(8, outer=side(D_OUTER, b"eth8", 7)), CHANGES)
accepted("and back", DEVICE_NEW, device(7) + device(8), CHANGES)
expect("what is there", before, everything())

step("events")
ears = Netlink()
ears.sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)    # SO_RCVBUFFORCE
ears.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, ears.groups["chain"])


def heard():
    """(event, object, its attributes) of each"""
    events = []
    ears.sock.setblocking(False)
    while True:
        try:
            data = ears.sock.recv(1 << 16)
        except BlockingIOError:
            return events
        said = parts(data[20:])
        events += [(dict(said)[A_EVENT][0], kind, dict(parts(value))) for kind, value in said
                   if kind != A_EVENT]


def told(what, *wanted):
    expect(what, list(wanted), [(event, kind) for event, kind, _ in heard()])


accepted("the same", DEVICE_NEW, device(1), CHANGES)
told("nothing of a device")
accepted("a state", DEVICE_NEW, nest(A_DEVICE, u32(D_ID, 4), u8(D_STATE, DOWN)), CHANGES)
events = heard()
expect("of it, and of who has it", {(CHANGE, 2, 0), (CHANGE, 4, 0)}, {
    (event, number(one[D_ID]), number(one[D_NOW])) for event, _, one in events})
accepted("as before", DEVICE_NEW, nest(A_DEVICE, u32(D_ID, 4), u8(D_STATE, UP)), CHANGES)
expect("likewise", {(CHANGE, 2, 4), (CHANGE, 4, 4)}, {
    (event, number(one[D_ID]), number(one[D_NOW])) for event, _, one in heard()})
accepted("the same", CHAIN_NEW, chain(2, 2, 3, 5), CHANGES)
told("nothing of a chain")
accepted("another step", CHAIN_NEW, chain(2, 8, 3, 5), CHANGES)
told("a chain", (CHANGE, A_CHAIN))
accepted("as before", CHAIN_NEW, chain(2, 2, 3, 5), CHANGES)
told("a chain", (CHANGE, A_CHAIN))
accepted("the same", SERVICE_NEW, service(2, W, to=2), CHANGES)
told("nothing of a service")
accepted("another chain", SERVICE_NEW, service(2, W, to=3), CHANGES)
accepted("as before", SERVICE_NEW, service(2, W, to=2), CHANGES)
told("a service", (CHANGE, A_SERVICE), (CHANGE, A_SERVICE))
accepted("a new device", DEVICE_NEW, device(20), ADD)
accepted("a new chain", CHAIN_NEW, chain(20, 20), ADD)
accepted("a new service", SERVICE_NEW, service(20, b"\xc0\0\2\x20", to=20), ADD)
accepted("it goes", SERVICE_DEL, service_key(20))
accepted("it goes", CHAIN_DEL, chain_key(20))
accepted("it goes", DEVICE_DEL, device_key(20))
told("all of that", (NEW, A_DEVICE), (NEW, A_CHAIN), (NEW, A_SERVICE), (DEL, A_SERVICE),
     (DEL, A_CHAIN), (DEL, A_DEVICE))
expect("what is there", before, everything())

step("interfaces come, go, and get other names")
await_("down", DEV_DOWN, lambda: problem(2, D_INNER))
run("ip link set eth9 up")
await_("up", FINE, lambda: problem(2, D_INNER))
run("ip link add none type dummy")
await_("one that was not there", DEV_DOWN, lambda: problem(6))
run("ip link set none up")
await_("it has no link address", NO_MAC, lambda: problem(6))
run("ip link set eth9 down")
run("ip link set eth9 name eth7")
await_("renamed", NO_DEV, lambda: problem(2, D_INNER))
run("ip link set eth7 name eth9")
run("ip link set eth9 up")
await_("as before", FINE, lambda: problem(2, D_INNER))
run("ip link del none")
await_("gone", NO_DEV, lambda: problem(6))
run("ip netns add away")
run("ip link set eth9 netns away")
await_("in another namespace", NO_DEV, lambda: problem(2, D_INNER))
run("ip -n away link set eth9 netns 1")
run("ip link set eth9 up")
await_("back", FINE, lambda: problem(2, D_INNER))
run("ip link set eth9 down")
await_("as before", DEV_DOWN, lambda: problem(2, D_INNER))
for tun in ("one", "two"):
    run("ip tuntap add dev %s mode tun" % tun)
accepted("two at one interface without addresses", DEVICE_NEW, device(
    21, outer=side(D_OUTER, b"one")) + device(22, outer=side(D_OUTER, b"one")), ADD)
expect("the second has none", [DEV_DOWN, TAKEN], [problem(21), problem(22)])
accepted("another one", DEVICE_NEW, device(22, outer=side(D_OUTER, b"two")), CHANGES)
expect("each has its own", [DEV_DOWN, DEV_DOWN], [problem(21), problem(22)])
accepted("they go", DEVICE_DEL, device_key(21) + device_key(22))
run("ip link add nbma type gre local 10.0.0.1")
run("ip link set nbma up")
accepted("one whose interface has other link addresses", DEVICE_NEW, device(
    21, outer=side(D_OUTER, b"nbma", 21)), ADD)
expect("it is sent nothing", NO_MAC, problem(21))
accepted("it goes", DEVICE_DEL, device_key(21))
run("ip link del nbma")
heard()
expect("what is there", before, everything())

step("ports move from one service to another")
accepted("two", SERVICE_NEW, service(30, b"\xc0\0\2\x30", port(TCP, 1), port(UDP, 1, 9)) +
         service(31, b"\xc0\0\2\x30", port(TCP, 2), port(UDP, 11, 19)), ADD)
bad = service(31, b"\xc0\0\2\x30", port(TCP, 1), port(UDP, 1, 9))
refused("they are the first one's", errno.EEXIST, SERVICE_NEW, bad, CHANGES, says="s30")
refused("not even where it gives them up in the same request", errno.EEXIST, SERVICE_NEW,
        service(30, b"\xc0\0\2\x30", port(TCP, 3)) + bad, CHANGES,
        says="port 6/1 is s30's: change that service first")
accepted("the first gives them up", SERVICE_NEW, service(30, b"\xc0\0\2\x30", port(TCP, 3)),
         CHANGES)
accepted("the second has them at once", SERVICE_NEW, bad, CHANGES)
expect("its ports", [(TCP, 1, 1), (UDP, 1, 9)], ports_of(get_service(31)))
accepted("it has others", SERVICE_NEW, service(31, b"\xc0\0\2\x30", port(UDP, 4, 6)), CHANGES)
accepted("and the first half of those", SERVICE_NEW, service(
    30, b"\xc0\0\2\x30", port(UDP, 1, 3)), CHANGES)
refused("not what the second has", errno.EEXIST, SERVICE_NEW, service(
    30, b"\xc0\0\2\x30", port(UDP, 3, 4)), CHANGES, says="s31")
time.sleep(LINGER + 0.5)        # what lingers ends by itself, and nobody tells of that
accepted("once more", SERVICE_NEW, service(30, b"\xc0\0\2\x30", port(TCP, 1)), CHANGES)
accepted("they go", SERVICE_DEL, service_key(30) + service_key(31))
expect("what is there", before, everything())

step("traces")
accepted("of any client", SERVICE_TRACE, trace(u32(T_SERVICE, 1), u32(T_PACKETS, 1000)))
accepted("of one", SERVICE_TRACE, trace(u32(T_SERVICE, 1), u32(T_PACKETS, 1), attr(T_CLIENT, W)))
accepted("of none any more", SERVICE_TRACE, trace(u32(T_SERVICE, 1), u32(T_PACKETS, 0)))

step("the end of a resync")
answer = accepted("it begins", RESYNC_START, u8(A_OWNER, 1))
generation = number(dict(walk(answer))[A_GENERATION])
accepted("the daemon's", DEVICE_NEW, device(40, u32(D_ALTERNATE, 0)) + device(
    41, u32(D_ALTERNATE, 40)) + u8(A_OWNER, 1), ADD)
accepted("the daemon's", CHAIN_NEW, chain(40, 40) + u8(A_OWNER, 1), ADD)
accepted("the daemon's", SERVICE_NEW, service(40, b"\xc0\0\2\x40", port(TCP, 1), port(UDP, 1, 9),
                                              to=40) + u8(A_OWNER, 1), ADD)
answer = accepted("it ends", RESYNC_END, u8(A_OWNER, 1) + u32(A_GENERATION, generation))
expect("all were stated", 0, number(dict(walk(answer))[A_COUNT]))
answer = accepted("the next begins", RESYNC_START, u8(A_OWNER, 1))
answer = accepted("it ends", RESYNC_END, u8(A_OWNER, 1) + u32(
    A_GENERATION, number(dict(walk(answer))[A_GENERATION])))
expect("none was stated again", 4, number(dict(walk(answer))[A_COUNT]))
expect("what is there", before, everything())

step("all go")
accepted("services", SERVICE_DEL, b"".join(service_key(i) for i in range(1, 8)))
accepted("chains", CHAIN_DEL, b"".join(chain_key(i) for i in range(1, 4)))
accepted("who has an alternate", DEVICE_DEL, device_key(2))
accepted("devices", DEVICE_DEL, b"".join(device_key(i) for i in (1, 3, 4, 5, 6, 7, 8)))
accepted("their group", GROUP_DEL, nest(A_GROUP, u32(G_ID, 7)))
expect("what is there", [[], [], []], everything())
expect("sysfs", [[], []], [in_sysfs("devices"), in_sysfs("services")])

step("ceilings")
for start in range(0, DEVICES_MAX, 1024):
    accepted("devices", DEVICE_NEW, b"".join(device(1 + start + i) for i in range(1024)), ADD)
refused("one too many", errno.ENOSPC, DEVICE_NEW, device(5000), ADD, says="4096")

step("a namespace goes with what it has")
accepted("a chain", CHAIN_NEW, chain(1, 1, 2), ADD)
accepted("a service", SERVICE_NEW, service(1, W, port(TCP, 1), port(UDP, 1, 9), rule(1)), ADD)


def in_namespace():
    with open("/run/netns/away", encoding="ascii") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    c.nl = Netlink()
    accepted("a range", CONF_SET, nest(A_CONF, attr(CHECK_IPV4, NET)))
    accepted("a device", DEVICE_NEW, device(1) + device(2, u32(D_ALTERNATE, 1)), ADD)
    accepted("a chain", CHAIN_NEW, chain(1, 2), ADD)
    accepted("services", SERVICE_NEW, service(1, W, port(TCP, 1), port(UDP, 1, 9), rule(1)) +
             service(2, W), ADD)
    accepted("a change", SERVICE_NEW, service(1, W, port(TCP, 2)), CHANGES)
    accepted("a change", CHAIN_NEW, chain(1, 1), CHANGES)


c.child(in_namespace)
run("ip netns del away")
run("rmmod ipsec_qos")
c.end()
