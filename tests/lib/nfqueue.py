#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""nfqueue.py - accepts all packets of nftables' queue 1 until it is killed

Says "ready" when it takes them, and from then on how many there were each time
that a line comes on standard input.
"""
import select
import socket
import struct
import sys

NETLINK_NETFILTER = 12
MSG_PACKET, MSG_VERDICT, MSG_CONFIG = (3 << 8 | kind for kind in range(3))
NLM_F_REQUEST, NLM_F_ACK = 1, 4
NFQA_PACKET_HDR, NFQA_CFG_CMD, NFQA_CFG_PARAMS, NFQA_VERDICT_HDR = 1, 1, 2, 2
CFG_BIND, COPY_META, NF_ACCEPT = 1, 1, 1
QUEUE = 1

nl = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
nl.bind((0, 0))


def send(kind, attr, value, flags=0):
    body = (struct.pack("!BBH", socket.AF_UNSPEC, 0, QUEUE)
            + struct.pack("HH", 4 + len(value), attr) + value
            + bytes(-len(value) % 4))
    nl.send(struct.pack("IHHII", 16 + len(body), kind, NLM_F_REQUEST | flags, 0, 0)
            + body)


def messages():
    data = nl.recv(1 << 16)
    while data:
        length, kind = struct.unpack_from("IH", data)
        yield kind, data[16:length]
        data = data[length + 3 & ~3:]


def asked(attr, value):
    send(MSG_CONFIG, attr, value, NLM_F_ACK)
    error, = struct.unpack_from("i", next(messages())[1])
    if error:
        raise OSError(-error, "nfnetlink_queue")


def packet_id(message):
    at = 4
    while at < len(message):
        length, attr = struct.unpack_from("HH", message, at)
        if attr == NFQA_PACKET_HDR:
            return struct.unpack_from("!I", message, at + 4)[0]
        at += length + 3 & ~3
    raise ValueError("a packet without an id")


asked(NFQA_CFG_CMD, struct.pack("!BBH", CFG_BIND, 0, socket.AF_UNSPEC))
asked(NFQA_CFG_PARAMS, struct.pack("!IB", 0, COPY_META))
print("ready", flush=True)
packets = 0
while True:
    for source in select.select([nl, sys.stdin], [], [])[0]:
        if source is sys.stdin:
            if not sys.stdin.readline():
                sys.exit()
            print(packets, flush=True)
            continue
        for kind, message in messages():
            if kind == MSG_PACKET:
                packets += 1
                send(MSG_VERDICT, NFQA_VERDICT_HDR,
                     struct.pack("!II", NF_ACCEPT, packet_id(message)))
