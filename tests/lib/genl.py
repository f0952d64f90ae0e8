# SPDX-License-Identifier: GPL-2.0-or-later
"""
What scenarios that speak netlink by hand have: attributes as bytes, a socket, and checks
of what the module answers.
"""
import errno
import os
import socket
import struct
import subprocess
import sys

NLMSG_ERROR, NLMSG_DONE = 2, 3
F_REQUEST, F_ACK, F_DUMP = 1, 4, 0x300
F_REPLACE, F_EXCL, F_CREATE = 0x100, 0x200, 0x400
F_CAPPED, F_ACK_TLVS = 0x100, 0x200
NESTED = 0x8000
RCVBUFFORCE = 33
SOL_NETLINK, ADD_MEMBERSHIP, CAP_ACK, EXT_ACK = 270, 1, 10, 11
ADD = F_ACK | F_CREATE | F_EXCL
SET = F_ACK | F_CREATE | F_REPLACE


def attr(kind, data):
    size = 4 + len(data)
    return struct.pack("=HH", size, kind) + data + b"\0" * (-size % 4)


def nest(kind, *attrs):
    return attr(kind | NESTED, b"".join(attrs))


def u8(kind, n):
    return attr(kind, struct.pack("=B", n))


def u32(kind, n):
    return attr(kind, struct.pack("=I", n))


def u64(kind, n):
    return attr(kind, struct.pack("=Q", n))


def walk(data):
    at = 0
    while len(data) - at >= 4:
        size, kind = struct.unpack_from("=HH", data, at)
        if size < 4:
            break
        yield kind, data[at + 4:at + size]
        at += size + -size % 4


class Netlink:
    """A socket to the module's family

    groups: its multicast groups, by name
    room: for what is received at a time
    """

    def __init__(self, room=1 << 20):
        self.room = room
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.bind((0, 0))
        self.sock.settimeout(20)
        # An answer of many rules and its ACK are more than a socket has by itself.
        self.sock.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 1 << 22)
        self.sock.setsockopt(SOL_NETLINK, EXT_ACK, 1)
        self.sock.setsockopt(SOL_NETLINK, CAP_ACK, 1)
        self.seq = 0
        self.groups = {}
        self.family = 0x10      # nlctrl, to ask for ours
        answer = self.ask(3, attr(2, b"ipsec_qos\0"), version=1)[2]
        for kind, data in walk(answer):
            if kind == 1:
                self.family = struct.unpack("=H", data)[0]
            elif kind & 0x3fff == 7:
                for _, one in walk(data):
                    said = dict(walk(one))
                    self.groups[said[1].rstrip(b"\0").decode()] = struct.unpack(
                        "=I", said[2])[0]

    def send(self, cmd, payload, flags=0, version=1, length=None):
        self.seq += 1
        body = struct.pack("=BBH", cmd, version, 0) + payload
        if length is None:
            length = 16 + len(body)
        self.sock.send(struct.pack("=IHHII", length, self.family,
                                   F_REQUEST | flags, self.seq, 0) + body)

    def ask(self, cmd, payload=b"", flags=F_ACK, **more):
        """Returns errno, (message, offset), the attributes of all answers"""
        self.send(cmd, payload, flags, **more)
        answers = []
        while True:
            data = self.sock.recv(self.room)
            while data:
                size, kind, nlflags, seq = struct.unpack_from("=IHHI", data)
                body, data = data[16:size], data[size + -size % 4:]
                if seq != self.seq:
                    continue
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    err = struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
                    head = 20 if kind == NLMSG_ERROR else 4
                    said = dict(walk(body[head:])) if nlflags & F_ACK_TLVS else {}
                    text = said.get(1, b"").rstrip(b"\0").decode()
                    offset = struct.unpack("=I", said[2])[0] if 2 in said else None
                    return -err, (text, offset), b"".join(answers)
                answers.append(body[4:])


def step(text):
    print(text, flush=True)


def own_machine():
    """Scenarios change the machine that they run on"""
    if subprocess.run(["stat", "-f", "-c", "%T", "/"], stdout=subprocess.PIPE,
                      check=True).stdout != b"overlayfs\n":
        sys.exit("this changes the machine that it runs on: tests/vm/run -- " + sys.argv[0])


class Checks:
    """Requests, and whether they were answered as they should be

    nl: the socket that they go by
    requests, failures: how many there were
    """

    def __init__(self):
        self.nl = Netlink()
        self.requests = 0
        self.failures = 0

    def fail(self, what):
        """Is said, and the rest is looked at all the same"""
        self.failures += 1
        print("FAIL: " + what, file=sys.stderr, flush=True)

    def ask(self, cmd, payload=b"", flags=F_ACK, **more):
        """As that of Netlink"""
        self.requests += 1
        return self.nl.ask(cmd, payload, flags, **more)

    def refused(self, what, wanted, cmd, payload=b"", flags=F_ACK, at=None, says=None, **more):
        """@at: the bytes that the error's offset is to point at"""
        err, (text, offset), _ = self.ask(cmd, payload, flags, **more)
        if err != wanted:
            self.fail("%s: expected %s, got %s '%s'" % (
                what, errno.errorcode[wanted],
                errno.errorcode.get(err, err), text))
            return
        if says is not None and says not in text:
            self.fail("%s: expected to be told '%s', was told '%s'" % (what, says, text))
        if at is not None:
            if offset is None:
                self.fail("%s: no offset with '%s'" % (what, text))
            elif not (struct.pack("=BBH", cmd, 1, 0) + payload)[offset - 16:].startswith(at):
                self.fail("%s: offset %d is not at what is wrong" % (what, offset))

    def accepted(self, what, cmd, payload=b"", flags=F_ACK):
        err, (text, _), answer = self.ask(cmd, payload, flags)
        if err:
            self.fail("%s: %s '%s'" % (what, errno.errorcode.get(err, err), text))
        return answer

    def child(self, does):
        """A process of its own, with a socket of its own, has checks of its own"""
        pid = os.fork()
        if not pid:
            before = self.failures
            does()
            os._exit(self.failures != before)
        if os.waitpid(pid, 0)[1]:
            self.failures += 1

    def end(self):
        print("%d requests, %d failed" % (self.requests, self.failures))
        sys.exit(self.failures != 0)
