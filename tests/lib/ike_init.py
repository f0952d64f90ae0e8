#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ike_init.py SOURCE DESTINATION - one IKE_SA_INIT request of nobody in particular

It is sent once, from port 500 of SOURCE, and nothing comes after it. Its answer is
waited for, and how many payloads of NAT detection it has is printed.
"""
import os
import socket
import struct
import sys

SA, KE, NONCE, NOTIFY = 33, 34, 40, 41
NATD = 16388, 16389
SECONDS = 150


def payload(following, body):
    return struct.pack("!BBH", following, 0, 4 + len(body)) + body


def transform(last, kind, number, attributes=b""):
    return struct.pack("!BBHBBH", 0 if last else 3, 0, 8 + len(attributes), kind, 0,
                       number) + attributes


def request(spi):
    """What tests/lib/charon.sh calls IKE_PROPOSAL."""
    transforms = (transform(False, 1, 20, struct.pack("!HH", 0x800e, 128)) +
                  transform(False, 2, 5) + transform(True, 4, 31))
    proposal = struct.pack("!BBHBBBB", 0, 0, 8 + len(transforms), 1, 1, 0, 3) + transforms
    body = (payload(KE, proposal) +
            payload(NONCE, struct.pack("!HH", 31, 0) + os.urandom(32)) +
            payload(NOTIFY, os.urandom(32)) +
            payload(NOTIFY, struct.pack("!BBH", 0, 0, NATD[0]) + os.urandom(20)) +
            payload(0, struct.pack("!BBH", 0, 0, NATD[1]) + os.urandom(20)))
    return spi + bytes(8) + struct.pack("!BBBBII", SA, 0x20, 34, 0x08, 0,
                                        28 + len(body)) + body


def payloads(message):
    """Type and body of each."""
    kind, at = message[16], 28
    while kind:
        following, _, length = struct.unpack_from("!BBH", message, at)
        yield kind, message[at + 4:at + length]
        kind, at = following, at + length


def main():
    source, destination = sys.argv[1:]
    spi = os.urandom(8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind((source, 500))
        udp.connect((destination, 500))
        udp.settimeout(SECONDS)
        udp.send(request(spi))
        while True:
            answer = udp.recv(65535)
            if answer[:8] == spi:
                break
    if SA not in (kind for kind, _ in payloads(answer)):
        raise SystemExit("the answer has no proposal")
    print(sum(kind == NOTIFY and struct.unpack_from("!H", body, 2)[0] in NATD
              for kind, body in payloads(answer)))


if __name__ == "__main__":
    main()
