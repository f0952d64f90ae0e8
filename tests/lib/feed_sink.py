#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
feed_sink.py [-d MS] [-b BEHAVIOUR] SOCKET - stand in for ipsec-qosd on its
socket: check the protocol, keep the tables that follow from it, print each
message as a line of JSON.

Behaviours, which a test may change any time through FeedSink.behaviour:
  good      answers, after a delay
  silent    reads, never answers
  deaf      accepts, never reads
  garbage   answers with what is no message
  refuse    answers HELLO with an ACK of EPROTONOSUPPORT
  version   answers HELLO with another version
  error     answers every request with ENOSPC
  close     closes the connection on the first request
"""
import argparse
import errno
import ipaddress
import json
import os
import select
import socket
import struct
import sys
import threading
import time

MESSAGES = ["HELLO", "ACK", "SYNC_START", "SYNC_END", "IKE", "IKE_DEL", "SA",
            "SA_DEL", "CHILD", "CHILD_DEL", "QUERY", "ANSWER", "PASSED_OVER",
            "INITIATE", "RESULT", "BUCKETS"]
FIRST_TYPE = 16
NLM_F_ACK = 4

ATTRS = [None, ("VERSION", "I"), ("ROLE", "B"), ("ERROR", "I"),
         ("MESSAGE", "str"), ("GROUP", "I"), ("IKE_ID", "I"),
         ("IKE_VERSION", "B"), ("SPI_I", "Q"), ("SPI_R", "Q"),
         ("LOCAL", "addr"), ("LOCAL_PORT", "H"), ("REMOTE", "addr"),
         ("REMOTE_PORT", "H"), ("IDENTITY", "identity"), ("CONN", "str"),
         ("CHILD_ID", "I"), ("CHILD", "str"), ("REQID", "I"), ("PROTO", "B"), ("SPI_IN", "I"),
         ("SPI_OUT", "I"), ("ENCAP", "B"), ("DST", "addr"), ("SPI", "I"),
         ("PENDING", "flag"), ("QUERY", "B"), ("ARG", "str"), ("TEXT", "str"),
         ("PASSED_OVER", "I"), ("MARK_IN", "Q"), ("MARK_OUT", "Q"),
         ("SET_MARK_IN", "Q"), ("SET_MARK_OUT", "Q"), ("MEMBER_OF", "member"),
         ("RDN_MATCHING", "B"), ("TIMEOUT", "I"), ("HOME", "bytes")]
VERSION = 5
PROOFS = ["claimed", "ike", "eap", "xauth"]
IDENTITIES_MAX = 7
MEMBERS_MAX = 32
NUMBER = {attr[0]: i for i, attr in enumerate(ATTRS) if attr}

REQUIRED = {
    "HELLO": {"VERSION", "ROLE"},
    "SYNC_START": set(),
    "SYNC_END": set(),
    "IKE": {"IKE_ID", "IKE_VERSION", "SPI_I", "SPI_R", "LOCAL", "LOCAL_PORT",
            "REMOTE", "REMOTE_PORT", "CONN"},
    "IKE_DEL": {"IKE_ID", "SPI_I", "SPI_R"},
    "SA": {"IKE_ID", "DST", "SPI", "PROTO"},
    "SA_DEL": {"DST", "SPI", "PROTO"},
    "CHILD": {"IKE_ID", "CHILD_ID", "CHILD", "REQID", "PROTO", "SPI_IN",
              "SPI_OUT", "LOCAL", "REMOTE", "ENCAP"},
    "CHILD_DEL": {"CHILD_ID"},
    "PASSED_OVER": {"PASSED_OVER"},
    "RESULT": {"ERROR"},
}
OPTIONAL = {"SYNC_END": {"PASSED_OVER"}, "IKE": {"IDENTITY", "MEMBER_OF", "RDN_MATCHING"},
            "SA": {"PENDING"},
            "CHILD": {"MARK_IN", "MARK_OUT", "SET_MARK_IN", "SET_MARK_OUT"},
            "RESULT": {"MESSAGE", "IKE_ID", "CHILD_ID"}}
# left out where there is nothing in it
NOTHING = [("SYNC_END", "PASSED_OVER"), ("IKE", "RDN_MATCHING"),
           ("RESULT", "IKE_ID"), ("RESULT", "CHILD_ID")]


class ProtocolError(Exception):
    pass


def decode_identity(value):
    """(type, round, proof, method, bytes as hex)"""
    number, turn, proof = value[:3]
    method, data = value[3:].split(b"\0", 1)
    if proof >= len(PROOFS) or not 0 < len(method) < 32 or len(data) > 2048:
        raise ProtocolError("identity %s" % value.hex())
    return number, turn, PROOFS[proof], method.decode(), data.hex()


def decode_member(value):
    """(type, round, proof, name as hex)"""
    number, turn, proof = value[:3]
    if proof >= len(PROOFS) or not 0 < len(value) - 3 <= 255:
        raise ProtocolError("member of %s" % value.hex())
    return number, turn, PROOFS[proof], value[3:].hex()


def encode_identity(number, turn, proof, method, data):
    return (bytes([number, turn, PROOFS.index(proof)]) + method.encode() +
            b"\0" + data)


def decode(data, from_daemon=False):
    """
    One datagram as a dict of its attributes, with type, flags and seq. Which
    attributes there have to be is known of what a charon says.
    """
    if len(data) < 16:
        raise ProtocolError("short")
    length, number, flags, seq, _ = struct.unpack_from("=IHHII", data)
    if length != len(data) or length % 4:
        raise ProtocolError("length %d of %d" % (length, len(data)))
    if not FIRST_TYPE <= number < FIRST_TYPE + len(MESSAGES):
        raise ProtocolError("type %d" % number)
    msg = {"type": MESSAGES[number - FIRST_TYPE], "flags": flags, "seq": seq}
    at = 16
    while at < length:
        size, attr = struct.unpack_from("=HH", data, at)
        if size < 4 or at + size > length or not 0 < attr < len(ATTRS):
            raise ProtocolError("attribute %d of %d bytes" % (attr, size))
        name, kind = ATTRS[attr]
        value = data[at + 4:at + size]
        if kind == "identity":
            msg.setdefault(name, []).append(decode_identity(value))
            if len(msg[name]) > IDENTITIES_MAX:
                raise ProtocolError("%d identities" % len(msg[name]))
            at += (size + 3) & ~3
            continue
        if kind == "member":
            msg.setdefault(name, []).append(decode_member(value))
            if len(msg[name]) > MEMBERS_MAX:
                raise ProtocolError("member of %d" % len(msg[name]))
            at += (size + 3) & ~3
            continue
        if name in msg:
            raise ProtocolError("%s twice" % name)
        if kind == "str":
            if value.find(b"\0") != len(value) - 1:
                raise ProtocolError("%s is no string" % name)
            msg[name] = value[:-1].decode()
        elif kind == "addr":
            if len(value) not in (4, 16):
                raise ProtocolError("%s has %d bytes" % (name, len(value)))
            msg[name] = str(ipaddress.ip_address(value))
        elif kind == "bytes":
            msg[name] = value.hex()
        elif kind == "flag":
            msg[name] = not value
        else:
            msg[name], = struct.unpack("=" + kind, value)
        at += (size + 3) & ~3
    if from_daemon:
        return msg
    has = set(msg) - {"type", "flags", "seq"}
    if msg["type"] not in REQUIRED:
        raise ProtocolError("%s of a charon" % msg["type"])
    must = REQUIRED[msg["type"]]
    if must - has or has - must - OPTIONAL.get(msg["type"], set()):
        raise ProtocolError("%s with %s" % (msg["type"], sorted(has)))
    if any(msg["type"] == kind and msg.get(name) == 0 for kind, name in NOTHING):
        raise ProtocolError("%s has a 0 that is left out" % msg["type"])
    if msg["type"] == "RESULT" and has != (
            {"ERROR", "MESSAGE"} if msg["ERROR"] else
            {"ERROR", "IKE_ID", "CHILD_ID"}):
        raise ProtocolError("RESULT with %s" % sorted(has))
    return msg


def encode(kind, seq=0, flags=0, **attrs):
    body = b""
    flat = []
    for name, value in attrs.items():
        many = name in ("IDENTITY", "MEMBER_OF")
        values = value if many else [value]
        flat += [(name, value) for value in values]
    for name, value in flat:
        form = ATTRS[NUMBER[name]][1]
        if form == "identity":
            value = encode_identity(*value)
        elif form == "member":
            number, turn, proof, data = value
            value = bytes([number, turn, PROOFS.index(proof)]) + data
        elif form == "str":
            value = value.encode() + b"\0"
        elif form == "addr":
            value = ipaddress.ip_address(value).packed
        elif form == "flag":
            value = b""
        elif form != "bytes":
            value = struct.pack("=" + form, value)
        body += struct.pack("=HH", len(value) + 4, NUMBER[name]) + value
        body += b"\0" * (-len(body) % 4)
    return struct.pack("=IHHII", len(body) + 16,
                       FIRST_TYPE + MESSAGES.index(kind), flags, seq, 0) + body


class FeedSink:
    """
    Attributes for tests, all under .changed, a Condition that is notified of
    every message:
      messages  all so far, each with its time, monotonic
      ikes      IKE_ID -> the last IKE message
      sas       (DST, SPI, PROTO) -> dict of IKE_ID, PENDING
      children  CHILD_ID -> the last CHILD message
      acked     (DST, SPI, PROTO) -> time at which the last answer was sent
      synced    whether charon has stated everything on this connection
      results   number of a request -> its RESULT
      passed_over   how many SAs charon said last that it has passed over
      late      an iterator: which of the next answers about an SA are late
      lateness  by how much, in seconds
      errors    what broke the protocol, or made no sense
    """

    def __init__(self, path, behaviour="good", delay=0, out=None,
                 before_ack=None):
        self.path = path
        self.behaviour = behaviour
        self.delay = delay
        self.out = out
        self.before_ack = before_ack
        self.changed = threading.Condition()
        self.messages = []
        self.errors = []
        self.connections = 0
        self.passed_over = 0
        self.conn = None
        self.asked = 0
        self.results = {}
        self.late = iter(())
        self.lateness = 0
        self.forget()
        self.listener = None
        self.stop_r = self.stop_w = None
        self.thread = None

    def forget(self):
        self.ikes, self.sas, self.children = {}, {}, {}
        self.acked = {}
        self.synced = False

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(self.path)
        self.listener.listen(4)
        self.stop_r, self.stop_w = os.pipe()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def stop(self):
        """As a daemon that is killed: the socket's file stays."""
        os.write(self.stop_w, b"x")
        self.thread.join()
        self.listener.close()
        os.close(self.stop_r)
        os.close(self.stop_w)

    def wait(self, what, condition, timeout=60):
        """Wait until condition() holds, which is called under .changed."""
        with self.changed:
            if not self.changed.wait_for(condition, timeout):
                raise AssertionError("waited %d s in vain: %s" % (timeout, what))

    def count(self, **match):
        return sum(all(m.get(k) == v for k, v in match.items())
                   for m in self.messages)

    def request(self, kind="INITIATE", seq=None, **attrs):
        """Ask charon for something; the number that its result has."""
        with self.changed:
            if seq is None:
                self.asked += 1
                seq = self.asked
            self.conn.send(encode(kind, seq, **attrs))
        return seq

    def result(self, seq, timeout=60):
        """What became of a request"""
        self.wait("result %d" % seq, lambda: seq in self.results, timeout)
        return self.results[seq]

    def wait_readable(self, sock):
        ready = select.select([sock, self.stop_r], [], [])[0]
        return self.stop_r not in ready

    def run(self):
        while self.wait_readable(self.listener):
            conn = self.listener.accept()[0]
            with self.changed:
                self.connections += 1
                self.synced = False
                self.conn = conn
                self.results = {}
                self.changed.notify_all()
            with conn:
                if not self.serve(conn):
                    return

    def serve(self, conn):
        """False if to stop"""
        first = True
        while True:
            if self.behaviour == "deaf":
                # until told otherwise; poll, as behaviour is a plain variable
                if select.select([self.stop_r], [], [], 0.02)[0]:
                    return False
                continue
            if not self.wait_readable(conn):
                return False
            try:
                data = conn.recv(20000)
            except ConnectionError:
                data = b""
            if not data:
                return True
            try:
                msg = decode(data)
                if first != (msg["type"] == "HELLO"):
                    raise ProtocolError("HELLO out of place")
            except ProtocolError as e:
                self.error("protocol: %s: %s" % (e, data.hex()))
                return True
            first = False
            self.take(msg)
            try:
                if not self.answer(conn, msg):
                    return True
            except ConnectionError:
                return True

    def error(self, text):
        with self.changed:
            self.errors.append(text)
            self.changed.notify_all()
        if self.out:
            print(json.dumps({"error": text}), file=self.out, flush=True)

    def take(self, msg):
        msg["time"] = time.monotonic()
        if self.out:
            print(json.dumps(msg), file=self.out, flush=True)
        with self.changed:
            self.messages.append(msg)
            problem = self.apply(msg)
            self.changed.notify_all()
        if problem:
            self.error("%s: %s" % (problem, msg))

    def apply(self, msg):
        kind = msg["type"]
        if kind == "SYNC_START":
            self.forget()
        elif kind == "SYNC_END":
            self.synced = True
            self.passed_over = msg.get("PASSED_OVER", 0)
        elif kind == "IKE":
            self.ikes[msg["IKE_ID"]] = msg
        elif kind == "IKE_DEL":
            # unknown, if it went shortly before charon connected
            ike = self.ikes.pop(msg["IKE_ID"], msg)
            if (ike["SPI_I"], ike["SPI_R"]) != (msg["SPI_I"], msg["SPI_R"]):
                return "IKE_DEL with other SPIs"
        elif kind == "SA":
            if msg["IKE_ID"] not in self.ikes:
                return "SA of an unknown IKE SA"
            self.sas[msg["DST"], msg["SPI"], msg["PROTO"]] = {
                "IKE_ID": msg["IKE_ID"], "PENDING": msg.get("PENDING", False)}
        elif kind == "SA_DEL":
            self.sas.pop((msg["DST"], msg["SPI"], msg["PROTO"]), None)
        elif kind == "CHILD":
            if msg["IKE_ID"] not in self.ikes:
                return "CHILD of an unknown IKE SA"
            self.children[msg["CHILD_ID"]] = msg
            for dst, spi in (("LOCAL", "SPI_IN"), ("REMOTE", "SPI_OUT")):
                self.sas[msg[dst], msg[spi], msg["PROTO"]] = {
                    "IKE_ID": msg["IKE_ID"], "PENDING": False}
        elif kind == "CHILD_DEL":
            self.children.pop(msg["CHILD_ID"], None)
        elif kind == "PASSED_OVER":
            self.passed_over = msg["PASSED_OVER"]
        elif kind == "RESULT":
            if msg["seq"] in self.results or msg["seq"] > self.asked:
                return "RESULT of nothing"
            self.results[msg["seq"]] = msg
        return None

    def answer(self, conn, msg):
        """False if to close"""
        behaviour = self.behaviour
        if behaviour == "silent":
            return True
        if msg["type"] == "HELLO":
            if behaviour == "refuse":
                conn.send(encode("ACK", msg["seq"], ERROR=errno.EPROTONOSUPPORT,
                                 MESSAGE="version %d is needed" % VERSION))
                return False
            conn.send(encode("HELLO", msg["seq"],
                             VERSION=VERSION + (behaviour == "version")))
            return True
        if not msg["flags"] & NLM_F_ACK:
            return True
        if behaviour == "close":
            return False
        if behaviour == "garbage":
            conn.send(b"\xff" * 77)
            return True
        if self.delay:
            time.sleep(self.delay)
        if msg["type"] == "SA" and next(self.late, False):
            time.sleep(self.lateness)
        if self.before_ack:
            self.before_ack(msg)
        if behaviour == "error":
            conn.send(encode("ACK", msg["seq"], ERROR=errno.ENOSPC,
                             MESSAGE="the table is full"))
            return True
        if msg["type"] == "SA":
            with self.changed:
                self.acked[msg["DST"], msg["SPI"], msg["PROTO"]] = \
                    time.monotonic()
        conn.send(encode("ACK", msg["seq"], ERROR=0, GROUP=1))
        return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-d", "--delay", type=int, default=0,
                        help="milliseconds before each answer")
    parser.add_argument("-b", "--behaviour", default="good")
    parser.add_argument("socket")
    args = parser.parse_args()
    sink = FeedSink(args.socket, args.behaviour, args.delay / 1000, sys.stdout)
    sink.start()
    sink.thread.join()


if __name__ == "__main__":
    main()
