#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""nfqueue.py [BYTES] - accepts all packets of nftables' queue 1 until it is killed

Says "ready" when it takes them, and from then on how many there were each time
that a line comes on standard input. With BYTES they are IPv4's ICMP errors, which
go on with a quote of so many bytes behind its IP header.
"""
import select
import socket
import struct
import sys

from rawesp import checksum, icmp

NETLINK_NETFILTER = 12
MSG_PACKET, MSG_VERDICT, MSG_CONFIG = (3 << 8 | kind for kind in range(3))
NLM_F_REQUEST, NLM_F_ACK = 1, 4
NFQA_PACKET_HDR, NFQA_CFG_CMD, NFQA_CFG_PARAMS, NFQA_VERDICT_HDR = 1, 1, 2, 2
NFQA_PAYLOAD = 10
CFG_BIND, COPY_META, COPY_PACKET, NF_ACCEPT = 1, 1, 2, 1
QUEUE = 1
QUOTE = int(sys.argv[1]) if sys.argv[1:] else None

nl = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
nl.bind((0, 0))


def send(kind, attrs, flags=0):
    body = struct.pack("!BBH", socket.AF_UNSPEC, 0, QUEUE)
    for attr, value in attrs.items():
        body += struct.pack("HH", 4 + len(value), attr) + value + bytes(-len(value) % 4)
    nl.send(struct.pack("IHHII", 16 + len(body), kind, NLM_F_REQUEST | flags, 0, 0)
            + body)


def messages():
    data = nl.recv(1 << 16)
    while data:
        length, kind = struct.unpack_from("IH", data)
        yield kind, data[16:length]
        data = data[length + 3 & ~3:]


def asked(attr, value):
    send(MSG_CONFIG, {attr: value}, NLM_F_ACK)
    error, = struct.unpack_from("i", next(messages())[1])
    if error:
        raise OSError(-error, "nfnetlink_queue")


def attributes(message):
    at, attrs = 4, {}
    while at < len(message):
        length, attr = struct.unpack_from("HH", message, at)
        attrs[attr] = message[at + 4:at + length]
        at += length + 3 & ~3
    return attrs


def cut(packet):
    """an error, with a shorter quote"""
    message = packet[20:20 + 8 + 20 + QUOTE]
    message = icmp(message[0], message[1], message[4:])
    head = packet[:2] + struct.pack("!H", 20 + len(message)) + packet[4:10] + bytes(2) + \
        packet[12:20]
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + message


def verdict(attrs):
    answer = {NFQA_VERDICT_HDR: struct.pack("!I", NF_ACCEPT) + attrs[NFQA_PACKET_HDR][:4]}
    if QUOTE is not None:
        answer[NFQA_PAYLOAD] = cut(attrs[NFQA_PAYLOAD])
    return answer


asked(NFQA_CFG_CMD, struct.pack("!BBH", CFG_BIND, 0, socket.AF_UNSPEC))
asked(NFQA_CFG_PARAMS, struct.pack("!IB", *((0, COPY_META) if QUOTE is None else
                                            (0xffff, COPY_PACKET))))
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
                send(MSG_VERDICT, verdict(attributes(message)))
