#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vici.py NAME=SOCKET... - ask charons what swanctl asks them

Starting swanctl takes an emulated processor a second. This is started once. A
line on standard input is a request, a line on standard output its answer:

  NAME sas                 KIND:STATE:ID:SPI of each IKE SA (KIND ike, the
                           initiator's SPI) and CHILD SA (child, inbound)
  NAME COMMAND KEY=VALUE   yes, or what is wrong; such as rekey child-id=1
"""
import socket
import struct
import sys

CMD_REQUEST, CMD_RESPONSE, _, EVENT_REGISTER, _, EVENT_CONFIRM, _, EVENT = range(8)
SECTION_START, SECTION_END, KEY_VALUE, LIST_START, LIST_ITEM, LIST_END = range(1, 7)


def name_bytes(name):
    return bytes([len(name)]) + name.encode()


def encode(values):
    """A message of strings without sections."""
    return b"".join(bytes([KEY_VALUE]) + name_bytes(name) +
                    struct.pack("!H", len(value)) + value.encode()
                    for name, value in values.items())


def decode(data):
    """A message: sections are dicts, lists lists, values strings."""
    sections, items, at = [{}], None, 0

    def take(lengths):
        nonlocal at
        length, = struct.unpack_from(lengths, data, at)
        at += struct.calcsize(lengths) + length
        return data[at - length:at].decode(errors="replace")

    while at < len(data):
        kind = data[at]
        at += 1
        if kind == SECTION_START:
            sections.append(sections[-1].setdefault(take("!B"), {}))
        elif kind == SECTION_END:
            sections.pop()
        elif kind == KEY_VALUE:
            name = take("!B")
            sections[-1][name] = take("!H")
        elif kind == LIST_START:
            items = sections[-1].setdefault(take("!B"), [])
        elif kind == LIST_ITEM:
            items.append(take("!H"))
        elif kind != LIST_END:
            raise ValueError(f"vici: element {kind}")
    return sections[0]


class Charon:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.send(EVENT_REGISTER, "list-sa")
        kind, _ = self.receive()
        if kind != EVENT_CONFIRM:
            raise ValueError(f"vici: packet {kind}")

    def send(self, kind, name, message=b""):
        packet = bytes([kind]) + name_bytes(name) + message
        self.socket.sendall(struct.pack("!I", len(packet)) + packet)

    def receive(self):
        def read(length):
            data = b""
            while len(data) < length:
                more = self.socket.recv(length - len(data))
                if not more:
                    raise EOFError("charon hung up")
                data += more
            return data

        packet = read(struct.unpack("!I", read(4))[0])
        return packet[0], packet[1:]

    def ask(self, command, values):
        """The answer, and the events that came before it."""
        events = []
        self.send(CMD_REQUEST, command, encode(values))
        while True:
            kind, data = self.receive()
            if kind == EVENT:
                events.append(decode(data[1 + data[0]:]))
            elif kind == CMD_RESPONSE:
                return decode(data), events
            else:
                raise ValueError(f"vici: packet {kind}")

    def close(self):
        self.socket.close()

    def list_sas(self):
        """Each IKE SA as charon describes it."""
        _, events = self.ask("list-sas", {})
        return [ike for event in events for ike in event.values()]

    def sas(self):
        for ike in self.list_sas():
            yield "ike", ike["state"], ike["uniqueid"], ike["initiator-spi"]
            for child in ike.get("child-sas", {}).values():
                yield ("child", child["state"], child["uniqueid"],
                       child.get("spi-in", ""))


def main():
    charons = {}
    for argument in sys.argv[1:]:
        name, path = argument.split("=", 1)
        charons[name] = Charon(path)
    for line in sys.stdin:
        name, command, *values = line.split()
        if command == "sas":
            answer = " ".join(":".join(sa) for sa in charons[name].sas())
        else:
            answer, _ = charons[name].ask(
                command, dict(value.split("=", 1) for value in values))
            answer = ("yes" if answer["success"] == "yes" else
                      answer.get("errmsg", "no"))
        print(answer, flush=True)


if __name__ == "__main__":
    main()
