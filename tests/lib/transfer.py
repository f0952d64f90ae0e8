#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""transfer.py HOST ADDRESS HOST ADDRESS BYTES - over TCP, from the first to the second

Succeeds when all of it has arrived as it was, within a minute.
"""
import ctypes
import os
import socket
import sys
import threading

SLOW = int(os.environ.get("SLOW", 1))


def tcp(netns, address):
    """A socket in a network namespace; it stays there."""
    setns = ctypes.CDLL(None).setns
    with open("/proc/self/ns/net") as own, open(f"/run/netns/{netns}") as other:
        setns(other.fileno(), 0)
        sock = socket.socket()
        setns(own.fileno(), 0)
    sock.settimeout(60 * SLOW)
    sock.bind((address, 0))
    return sock


def main():
    source, address, sink, to, size = sys.argv[1:]
    data = os.urandom(int(size))
    server = tcp(sink, to)
    server.listen()
    client = tcp(source, address)
    client.connect(server.getsockname())

    def send():
        client.sendall(data)
        client.close()

    threading.Thread(target=send, daemon=True).start()
    conn, _ = server.accept()
    conn.settimeout(60 * SLOW)
    came = b""
    while more := conn.recv(1 << 20):
        came += more
    print(f"{len(came)} bytes arrived")
    return came != data


if __name__ == "__main__":
    sys.exit(main())
