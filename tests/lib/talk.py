#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""talk.py NAME LISTEN… - a server that tells what it sees; see talk in chains.sh.

LISTEN is PROTOCOL/PORT or PROTOCOL/PORT/ADDRESS. Each line, or datagram, is answered:

    WORD…                     NAME CLIENT CLIENT_PORT OWN OWN_PORT WORD…
    dial PORT [ADDRESS]       a socket more is opened there, on this address unless said
                              otherwise, as FTP and RPC do it; "dialled ADDRESS PORT"
    from ADDRESS ask A P W…   asks a third host with TCP by a connection of its own, and
                              answers what that answers, or "nothing"
"""
import selectors
import socket
import sys

name = sys.argv[1]
selector = selectors.DefaultSelector()


def plain(address):
    return address[7:] if address.startswith("::ffff:") else address


def listen(proto, port, address=None):
    """with both families, unless for an address"""
    family = socket.AF_INET if address and ":" not in address else socket.AF_INET6
    kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.setsockopt(socket.SOL_IP, 15, 1)          # IP_FREEBIND
    s.bind((address or "::", int(port)))
    if proto == "tcp":
        s.listen(64)
        selector.register(s, selectors.EVENT_READ, accept)
    else:
        if family == socket.AF_INET:
            s.setsockopt(socket.SOL_IP, 8, 1)                       # IP_PKTINFO
        else:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        selector.register(s, selectors.EVENT_READ, datagram)


def accept(s):
    connection, _ = s.accept()
    connection.settimeout(20)
    selector.register(connection, selectors.EVENT_READ, line)


def line(s):
    try:
        data = s.recv(65536)
        if data:
            s.sendall(answer(data, s.getpeername(), s.getsockname()) + b"\n")
            return
    except OSError:
        pass
    selector.unregister(s)
    s.close()


def datagram(s):
    """answered from the address that it came to"""
    data, control, _, peer = s.recvmsg(65536, 256)
    own = ""
    for level, kind, value in control:
        if level == socket.SOL_IP:
            own = socket.inet_ntoa(value[8:12])
        elif kind == socket.IPV6_PKTINFO:
            own = socket.inet_ntop(socket.AF_INET6, value[:16])
    s.sendmsg([answer(data, peer, (own, s.getsockname()[1])) + b"\n"],
              [(level, kind, bytes(4) + value[8:12] + bytes(4) if level == socket.SOL_IP
                else value) for level, kind, value in control], 0, peer)


def answer(data, peer, own):
    words = data.decode().split()
    mine = plain(own[0])
    if words[:1] == ["dial"]:
        address = words[2] if len(words) > 2 else mine
        listen("tcp", words[1], address)
        return f"dialled {address} {words[1]}".encode()
    if words[:1] == ["from"]:
        return third(words[1], words[3], words[4], words[5:])
    return " ".join((name, plain(peer[0]), str(peer[1]), mine, str(own[1]), *words)).encode()


def third(source, address, port, words):
    try:
        with socket.create_connection((address, int(port)), 20, (source, 0)) as s:
            s.sendall(" ".join(words).encode() + b"\n")
            return s.recv(65536).rstrip(b"\n")
    except OSError:
        return b"nothing"


for spec in sys.argv[2:]:
    listen(*spec.split("/"))
print("ready", flush=True)
while True:
    for key, _ in selector.select():
        key.data(key.fileobj)
