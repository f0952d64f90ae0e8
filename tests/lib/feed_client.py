# SPDX-License-Identifier: GPL-2.0-or-later
"""Speak to ipsec-qosd as charon's plugin or as the command does."""
import json
import os
import socket

from feed_sink import NLM_F_ACK, VERSION, decode, encode

CHARON, COMMAND = 1, 2
STATUS, PROFILES, TEST, CLASSES, RELOAD, DAEMON, PEERS, SAS, LEASES, EVENTS = range(1, 11)
ESP = 50
ID_FQDN = 2
NLM_F_MULTI = 2


class Refused(Exception):
    """An ACK with an error: .errno and its message"""

    def __init__(self, ack):
        super().__init__(ack["MESSAGE"])
        self.errno = ack["ERROR"]


def connect_apart(path):
    """A connection that another process has made: another charon's."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        try:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            sock.connect(path)
            socket.send_fds(theirs, [b"x"], [sock.fileno()])
        finally:
            os._exit(0)
    theirs.close()
    with ours:
        fds = socket.recv_fds(ours, 1, 1)[1]
    os.waitpid(pid, 0)
    return socket.socket(fileno=fds[0])


class Client:
    """
    To the daemon this process is one charon: whoever connects as that ends its
    earlier connection, unless apart.
    """

    def __init__(self, path, role, version=VERSION, timeout=20, apart=False):
        if apart:
            self.sock = connect_apart(path)
        else:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self.sock.connect(path)
        self.sock.settimeout(timeout)
        self.seq = 0
        self.lines = ""
        self.send("HELLO", VERSION=version, ROLE=role)
        self.hello = self.receive()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()

    def send(self, kind, flags=0, **attrs):
        self.seq += 1
        self.sock.send(encode(kind, self.seq, flags, **attrs))

    def receive(self):
        """None: the daemon closed the connection"""
        try:
            data = self.sock.recv(32768)
        except ConnectionResetError:
            data = b""
        return decode(data, True) if data else None

    def ask(self, kind, **attrs):
        """Send, wait for the answer; its group."""
        self.send(kind, NLM_F_ACK, **attrs)
        ack = self.receive()
        assert ack["type"] == "ACK" and ack["seq"] == self.seq, ack
        if ack["ERROR"]:
            raise Refused(ack)
        return ack.get("GROUP", 0)

    def query(self, query, arg=None):
        attrs = {"QUERY": query}
        if arg is not None:
            attrs["ARG"] = arg
        self.send("QUERY", **attrs)
        text = ""
        while True:
            piece = self.receive()
            assert piece["seq"] == self.seq, piece
            if piece["type"] == "ACK":
                raise Refused(piece)
            text += piece["TEXT"]
            if not piece["flags"] & NLM_F_MULTI:
                return json.loads(text)

    def listen(self):
        """As the command listens to events of peers"""
        self.send("QUERY", QUERY=EVENTS)
        ack = self.receive()
        assert ack["type"] == "ACK", ack
        if ack["ERROR"]:
            raise Refused(ack)
        self.lines = ""

    def event(self):
        """The next; None: the daemon closed the connection"""
        while "\n" not in self.lines:
            piece = self.receive()
            if piece is None:
                return None
            assert piece["seq"] == self.seq and piece["flags"] & NLM_F_MULTI, piece
            self.lines += piece["TEXT"]
        line, self.lines = self.lines.split("\n", 1)
        return json.loads(line)

    def initiate(self, conn, timeout=20000, **what):
        """As the command asks for a tunnel, without waiting for the answer"""
        self.send("INITIATE", CONN=conn, TIMEOUT=timeout, **what)

    def result(self, seq, error=0, message=None, ike_id=0, child_id=0):
        """As charon answers"""
        attrs = {"IKE_ID": ike_id, "CHILD_ID": child_id}
        if error:
            attrs = {"MESSAGE": message}
        self.sock.send(encode("RESULT", seq, 0, ERROR=error, **attrs))

    # What a charon says; local and remote are this host's and the peer's.

    def ike(self, ike_id, identity, spi_i=None, spi_r=None, ask=True,
            local="192.0.2.1", remote="198.51.100.7", conn="conn", port=500,
            proofs=None):
        """proofs: what it proved, (type, round, proof, method, identity) of each"""
        spi_i = 0x1000000 + ike_id if spi_i is None else spi_i
        spi_r = 0x2000000 + ike_id if spi_r is None else spi_r
        say = self.ask if ask else self.send
        return say("IKE", IKE_ID=ike_id, IKE_VERSION=2, SPI_I=spi_i,
                   SPI_R=spi_r, LOCAL=local, LOCAL_PORT=500, REMOTE=remote,
                   REMOTE_PORT=port, CONN=conn, IDENTITY=proofs or
                   [(ID_FQDN, 1, "ike", "psk", identity.encode())])

    def sa(self, ike_id, spi, pending=False, ask=True, dst="192.0.2.1"):
        flag = {"PENDING": True} if pending else {}
        say = self.ask if ask else self.send
        return say("SA", IKE_ID=ike_id, DST=dst, SPI=spi, PROTO=ESP, **flag)

    def sa_del(self, spi, dst="192.0.2.1"):
        return self.ask("SA_DEL", DST=dst, SPI=spi, PROTO=ESP)

    def child(self, ike_id, child_id, spi_in, spi_out, local="192.0.2.1",
              remote="198.51.100.7", ask=True, **marks):
        """marks: e.g. MARK_IN=(value, mask)"""
        marks = {name: value << 32 | mask
                 for name, (value, mask) in marks.items()}
        say = self.ask if ask else self.send
        return say("CHILD", IKE_ID=ike_id, CHILD_ID=child_id, CHILD="net",
                   REQID=1, PROTO=ESP, SPI_IN=spi_in, SPI_OUT=spi_out,
                   LOCAL=local, REMOTE=remote, ENCAP=0, **marks)
