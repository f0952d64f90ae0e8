#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: -m 2560 -t 1800
# once: it is about how much there can be
# alone: it measures time
"""
chain_bulk - a million ports of 62,500 services, by requests for many

All come back by a dump as they were stated; to state them again changes nothing and makes
no event; all go. It says how long that takes, and how much memory. None of it is left in
the end.
"""
import os
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from genl import (ADD, ADD_MEMBERSHIP, F_ACK, F_DUMP, SET, SOL_NETLINK,  # noqa: E402
                  Checks, Netlink, attr, nest, own_machine, step, u8, u32, walk)

# include/uapi/linux/ipsec_qos.h and ipsec_qos_chain.h
DEVICE_NEW, CHAIN_NEW, SERVICE_NEW, SERVICE_DEL, SERVICE_GET = 34, 37, 40, 41, 42
A_DEVICE, A_CHAIN, A_SERVICE = 18, 19, 20
S_ID, S_NAME, S_FAMILY, S_ADDRESS, S_PORT, S_CHAIN = 2, 3, 4, 5, 8, 9
P_PROTO, P_FIRST = 1, 2
SERVICES, PORTS, CHAINS, BULK = 62500, 16, 1000, 250


def service(i):
    return nest(A_SERVICE, u32(S_ID, 1 + i), attr(S_NAME, b"s%d\0" % i),
                u8(S_FAMILY, socket.AF_INET), attr(S_ADDRESS, struct.pack(">I", 0xc6120000 + i)),
                u32(S_CHAIN, 1 + i % CHAINS), *[nest(S_PORT, u8(P_PROTO, 6), attr(
                    P_FIRST, struct.pack("=H", 1000 + 7 * port))) for port in range(PORTS)])


def memory():
    """what is in use, in KB, caches of files aside"""
    with open("/proc/meminfo", encoding="ascii") as file:
        said = {line.split(":")[0]: int(line.split()[1]) for line in file}
    return said["MemTotal"] - said["MemFree"] - said["Buffers"] - said["Cached"]


def expect(what, wanted, got):
    c.requests += 1
    if wanted != got:
        c.fail("%s: expected %s, got %s" % (what, wanted, got))


def took(what, does):
    start = time.monotonic()
    result = does()
    print("%-40s %8.2f s" % (what, time.monotonic() - start), flush=True)
    return result


def in_bulk(what, cmd, entries, flags):
    for i in range(0, len(entries), BULK):
        c.accepted(what, cmd, b"".join(entries[i:i + BULK]), flags)


own_machine()
subprocess.run(["modprobe", "ipsec_qos"], check=True)
c = Checks()
c.nl.sock.setsockopt(socket.SOL_SOCKET, 32, 1 << 22)    # SO_SNDBUFFORCE
c.accepted("devices", DEVICE_NEW, b"".join(
    nest(A_DEVICE, u32(2, 1 + i), attr(3, b"d%d\0" % i), nest(
        5, attr(1, b"eth9\0"), attr(2, struct.pack(">HI", 0x200, 1 + i)))) for i in range(100)), ADD)
c.accepted("chains", CHAIN_NEW, b"".join(
    nest(A_CHAIN, u32(2, 1 + i), attr(3, b"c%d\0" % i), *[
        u32(4, 1 + (i + 7 * j) % 100) for j in range(3)]) for i in range(CHAINS)), ADD)

step("%d ports of %d services" % (SERVICES * PORTS, SERVICES))
services = [service(i) for i in range(SERVICES)]
before = memory()
took("loaded", lambda: in_bulk("loaded", SERVICE_NEW, services, ADD))
used = memory() - before
print("%-40s %8.1f MB, %d bytes a port" % ("memory", used / 1024, used * 1024 // (
    SERVICES * PORTS)), flush=True)
c.nl.sock.settimeout(600)
err, _, answer = took("dumped", lambda: c.ask(SERVICE_GET, b"", F_DUMP))
expect("a dump", 0, err)
said = [data for kind, data in walk(answer) if kind & 0x3fff == A_SERVICE]
expect("services in it", SERVICES, len(said))
expect("ports in it", SERVICES * PORTS, sum(
    kind & 0x3fff == S_PORT for data in said for kind, _ in walk(data)))
del answer, said

ears = Netlink()
ears.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, ears.groups["chain"])
took("stated again", lambda: in_bulk("stated again", SERVICE_NEW, services, SET))
ears.sock.setblocking(False)
try:
    ears.sock.recv(1 << 16)
    c.fail("to state again what is there made an event")
except BlockingIOError:
    pass
ears.sock.close()

took("a chain exchanged", lambda: c.accepted("a chain", CHAIN_NEW, nest(
    A_CHAIN, u32(2, 1), u32(4, 50), u32(4, 51)), F_ACK | 0x100))
c.nl.sock.settimeout(600)
took("removed", lambda: in_bulk("removed", SERVICE_DEL, [
    nest(A_SERVICE, u32(S_ID, 1 + i)) for i in range(SERVICES)], F_ACK))
expect("none is left", 0, len(c.ask(SERVICE_GET, b"", F_DUMP)[2]))
subprocess.run(["rmmod", "ipsec_qos"], check=True)
print("%-40s %8.1f MB" % ("kept in the end", (memory() - before) / 1024), flush=True)
c.end()
