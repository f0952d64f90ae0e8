#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets that nobody would send, for chains.sh; without scapy, which takes an emulated
processor half a minute to start.

    forge.py frame INTERFACE TO FROM tcp|udp SRC SPORT DST DPORT [FLAGS]
        one frame of IPv4 by that interface, to and from these link addresses: a TCP segment
        with these flags (2: SYN), or an empty datagram
    forge.py pieces SRC DST PORT ORDER…
        a datagram of 3000 bytes to a port, in four pieces in this order; and it has to be
        answered
"""
import os
import socket
import struct
import sys


def checksum(data):
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s ^ 0xffff


def pseudo(src, dst, proto, length):
    family = socket.AF_INET6 if ":" in src else socket.AF_INET
    both = socket.inet_pton(family, src) + socket.inet_pton(family, dst)
    return both + (struct.pack("!HH", proto, length) if family == socket.AF_INET else
                   struct.pack("!II", length, proto))


def udp(src, sport, dst, dport, data):
    header = struct.pack("!HHH", sport, dport, 8 + len(data))
    return header + struct.pack("!H", checksum(
        pseudo(src, dst, 17, 8 + len(data)) + header + b"\0\0" + data)) + data


def tcp(src, sport, dst, dport, flags):
    head = struct.pack("!HHIIBBH", sport, dport, 1, 0, 5 << 4, flags, 8192)
    return head + struct.pack("!HH", checksum(
        pseudo(src, dst, 6, 20) + head + bytes(4)), 0)


def ip(src, dst, proto, body, ident=1, frag=0):
    head = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(body), ident, frag, 64, proto)
    ends = socket.inet_aton(src) + socket.inet_aton(dst)
    return head + struct.pack("!H", checksum(head + b"\0\0" + ends)) + ends + body


def ip6_piece(src, dst, body, ident, offset, more):
    return struct.pack("!IHBB", 6 << 28, 8 + len(body), 44, 64) + \
        socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst) + \
        struct.pack("!BBHI", 17, 0, offset | more, ident) + body


def frame(interface, to, sender, proto, src, sport, dst, dport, flags="2"):
    if proto == "tcp":
        packet = ip(src, dst, 6, tcp(src, int(sport), dst, int(dport), int(flags)))
    else:
        packet = ip(src, dst, 17, udp(src, int(sport), dst, int(dport), b""))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((interface, 0))
        s.send(bytes.fromhex((to + sender).replace(":", "")) + b"\x08\x00" + packet)


def pieces(src, dst, port, *order):
    six = ":" in src
    family = socket.AF_INET6 if six else socket.AF_INET
    answers = socket.socket(family, socket.SOCK_DGRAM)
    answers.bind((src, 4444))
    answers.settimeout(20)
    whole = udp(src, 4444, dst, int(port), b"x" * 3000)
    ident = int.from_bytes(os.urandom(2), "big") | 1
    all_of_it = []
    for at in range(0, len(whole), 1000):
        more = at + 1000 < len(whole)
        body = whole[at:at + 1000]
        all_of_it.append(ip6_piece(src, dst, body, ident, at, more) if six else
                         ip(src, dst, 17, body, ident, more << 13 | at // 8))
    assert len(all_of_it) == len(order) == 4
    raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for n in order:
        raw.sendto(all_of_it[int(n)], (dst, 0))
    assert answers.recv(65536).rstrip().endswith(b"x" * 3000)


{"frame": frame, "pieces": pieces}[sys.argv[1]](*sys.argv[2:])
