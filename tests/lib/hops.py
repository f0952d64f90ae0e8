#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes over the wires of engines and of devices, compared with a table of hops as
document 003 has them: for chains.sh, which drives this through a pipe.

A table has a row for each pass of a packet through an engine:

    IN FROM FLOW   OUT TO FLOW      it came in by this interface, from this MAC, and left so
    "              OUT TO FLOW      the same, beside that: a copy
    IN FROM FLOW   -                it came, and nothing left
    -              OUT TO FLOW      the engine made it
    aside FLOW                      is let be, whichever way it goes
    only INTERFACE…                 no others count
    ports BRIDGE INTERFACE…         what comes in by one of these for the bridge's MAC has come
                                    in by the bridge. What the ports send is let be, and so is
                                    what the bridge gets of them: that is the same once more,
                                    unless netfilter has had it at the port

An interface is of the host engine, or HOST:INTERFACE of another one. FLOW is
SOURCE:PORT>DESTINATION:PORT, or = where it left as it came. An address or a port is a name
that was given, or *; a port also a number, or a word in small letters, which is bound to
what stands there first, and has to be the same in all rows then. A port's name says the
protocol as well: "tcp/80"; "icmp/0" where there are no ports.

Each packet that an engine gets has to fit a row and to leave as this says, with one hop
less to go (a copy with as many, as what watches has to see what there was), from the engine's
own MAC, and to get to the host whose MAC that is, with checksums that are right. Each row has
to have been seen, the first time in the order of the table.
"""
import copy
import ctypes
import json
import socket
import struct
import subprocess
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
SLOW = int(__import__("os").environ.get("SLOW") or 1)
AUXDATA = 8             # of SOL_PACKET, which is 263
NOT_READY = 1 << 3      # TP_STATUS_CSUMNOTREADY
OUTGOING, HOST = 4, 0
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 50: "esp", 58: "icmp6"}


class Wrong(Exception):
    pass


class Packet:
    """one, as it was on a wire"""

    def __init__(self, host, dev, kind, frame, ready):
        self.host, self.dev, self.out, self.mine = host, dev, kind == OUTGOING, kind == HOST
        self.dmac, self.smac = frame[:6].hex(":"), frame[6:12].hex(":")
        self.taken = False
        if frame[12:14] == b"\x81\x00":         # a trunk's
            raise Wrong("tagged")
        ip = frame[14:]
        if frame[12:14] == b"\x08\x00":
            self.family, size = 4, (ip[0] & 15) * 4
            self.proto, self.ttl = ip[9], ip[8]
            addresses = ip[12:16], ip[16:20]
            whole = struct.unpack("!H", ip[2:4])[0]
            frag = struct.unpack("!H", ip[6:8])[0]
            self.fragment = frag & 0x3fff != 0
            self.ident = struct.unpack("!H", ip[4:6])[0] if self.fragment else None
            first = frag & 0x1fff == 0
            self.good = not checksum(ip[:size])
            pseudo = ip[12:20]
        elif frame[12:14] == b"\x86\xdd":
            self.family, size = 6, 40
            self.proto, self.ttl = ip[6], ip[7]
            addresses = ip[8:24], ip[24:40]
            whole = 40 + struct.unpack("!H", ip[4:6])[0]
            self.fragment, first, self.good, self.ident = False, True, True, None
            pseudo = ip[8:40]
            if self.proto == 44:
                self.proto, frag = ip[40], struct.unpack("!H", ip[42:44])[0]
                self.fragment, first, size = True, frag & 0xfff8 == 0, 48
                self.ident = struct.unpack("!I", ip[44:48])[0]
        else:
            raise Wrong("no IP packet")
        self.src, self.dst = (socket.inet_ntop(
            socket.AF_INET if self.family == 4 else socket.AF_INET6, a) for a in addresses)
        body = ip[size:whole or None]
        self.length = len(ip)
        self.body = body
        self.sport = self.dport = 0
        rest = body
        if self.proto in (6, 17) and first and len(body) >= 8:
            self.sport, self.dport = struct.unpack("!HH", body[:4])
            # ports and checksums may change on the way
            rest = body[4:16] + body[18:] if self.proto == 6 else body[8:]
            if ready and not self.fragment and whole and (self.proto == 6 or body[6:8] != b"\0\0"):
                pseudo += struct.pack("!HH" if self.family == 4 else "!IBBBB",
                                      *((self.proto, len(body)) if self.family == 4
                                        else (len(body), 0, 0, 0, self.proto)))
                self.good = self.good and not checksum(pseudo + body)
        elif self.proto in (1, 58):
            rest = body[:2] + body[4:]
        self.key = self.proto, self.ident, rest

    def chatter(self):
        """neighbour discovery, MLD, and what is for a group"""
        return self.proto == 58 and 130 <= self.body[0] <= 143 or \
            self.dst.startswith("ff") or int(self.dmac[:2], 16) & 1

    def __str__(self):
        return f"{self.host}:{self.dev} {'out to ' + self.dmac if self.out else 'in from ' + self.smac}" \
               f" {self.src}:{self.sport}>{self.dst}:{self.dport} protocol {self.proto}" \
               f" ttl {self.ttl}, {self.length} bytes"


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s ^ 0xffff


class Wires:
    """all interfaces of some hosts"""

    def __init__(self):
        self.sockets, self.packets = {}, []
        self.own = open("/proc/self/ns/net")
        self.names, self.macs, self.engines = {}, {}, {}

    def host(self, host, engine):
        with open(f"/run/netns/{host}") as f:
            if libc.setns(f.fileno(), 0x40000000):
                raise OSError(ctypes.get_errno(), "setns")
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        s.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)    # SO_RCVBUFFORCE
        s.setsockopt(263, AUXDATA, 1)
        s.setblocking(False)
        self.sockets[host] = s
        libc.setns(self.own.fileno(), 0x40000000)
        links = subprocess.check_output(["ip", "-n", host, "-j", "link"])
        for link in json.loads(links):
            if link.get("address"):
                self.macs.setdefault(link["address"], (host, link["ifname"]))
                self.names[f"{host}:{link['ifname']}"] = link["address"]
        if engine:
            self.engines[host] = {li["ifname"]: li.get("address") for li in json.loads(links)}

    def drain(self):
        """Return: something was there"""
        some = False
        for host, s in self.sockets.items():
            while True:
                try:
                    frame, control, _, (dev, _, kind, _, _) = s.recvmsg(70000, 128)
                except BlockingIOError:
                    break
                if dev == "lo":
                    continue
                status = 0
                for level, which, value in control:
                    if (level, which) == (263, AUXDATA):
                        status = struct.unpack("=I", value[:4])[0]
                        if status & 1 << 4:             # TP_STATUS_VLAN_VALID
                            status = None
                if status is None:
                    continue
                try:
                    p = Packet(host, dev, kind, frame, not status & NOT_READY)
                except (Wrong, struct.error, IndexError):
                    continue
                if not p.chatter():
                    self.packets.append(p)
                    some = True
        return some

    def begin(self):
        self.drain()
        self.packets.clear()

    def settle(self):
        """until nothing comes for a moment"""
        quiet = time.monotonic()
        while time.monotonic() - quiet < 0.2 * SLOW:
            if self.drain():
                quiet = time.monotonic()
            time.sleep(0.02)


class Table:
    def __init__(self, wires, lines):
        self.wires, self.rows, self.aside = wires, [], []
        self.only, self.bridge, self.ports = set(), None, set()
        for line in lines:
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "aside":
                self.aside.append(self.flow(words[1]))
                continue
            if words[0] == "only":
                self.only = set(words[1:])
                continue
            if words[0] == "ports":
                self.bridge, self.ports = words[1], set(words[2:])
                continue
            if words[0] == '"':
                self.rows[-1]["outs"].append(self.end(words[1:], self.rows[-1]["in"]))
                continue
            row = {"text": line.strip(), "in": None, "outs": []}
            if words[0] == "-":
                words = words[1:]
            else:
                row["in"] = self.end(words[:3], None)
                words = words[3:]
            if words != ["-"]:
                row["outs"].append(self.end(words, row["in"]))
            self.rows.append(row)

    def end(self, words, came):
        if len(words) != 3:
            raise Wrong(f"three words expected, not {' '.join(words)}")
        dev, mac, flow = words
        host, _, dev = dev.rpartition(":")
        if mac not in self.wires.names and mac != "*":
            raise Wrong(f"no MAC {mac}")
        return host or "engine", dev, self.wires.names.get(mac), \
            came[3] if flow == "=" else self.flow(flow)

    def flow(self, text):
        src, dst = text.split(">")
        return (*src.rsplit(":", 1), *dst.rsplit(":", 1))

    def address(self, word, is_):
        return word == "*" or self.wires.names.get(word, word) == is_

    def port(self, word, proto, is_, env):
        word = self.wires.names.get(word, word)
        if word == "*":
            return True
        if "/" in word:
            which, word = word.split("/")
            if {"tcp": 6, "udp": 17, "icmp": 1 if env["family"] == 4 else 58,
                    "esp": 50}[which] != proto:
                return False
        if word[0].isdigit():
            return int(word) == is_
        return env.setdefault(word, is_) == is_

    def flows(self, flow, p, env):
        src, sport, dst, dport = flow
        env["family"] = p.family
        return self.address(src, p.src) and self.address(dst, p.dst) and \
            self.port(sport, p.proto, p.sport, env) and self.port(dport, p.proto, p.dport, env)

    def fits(self, end, p, env):
        host, dev, mac, flow = end
        return (host, dev) == (p.host, p.dev) and \
            mac in (None, p.dmac if p.out else p.smac) and self.flows(flow, p, env)

    def bridged(self, p):
        """p, as it counts: as the bridge's own where it comes in by a port of it; or None"""
        if p.dev in self.ports and not p.out and \
                p.dmac == self.wires.engines[p.host].get(self.bridge):
            p = copy.copy(p)
            p.dev, p.mine = self.bridge, True
            return p
        return None if p.dev in self.ports or (p.dev == self.bridge and not p.out) else p

    def check(self):
        """Return: the rows not yet seen; raises Wrong at what is in none"""
        packets = [p for p in self.wires.packets if not any(
            self.flows(f, p, {}) for f in self.aside)]
        for p in packets:
            p.taken = False
        engines = [q for q in (self.bridged(p) for p in packets if p.host in self.wires.engines)
                   if q and (not self.only or q.dev in self.only)]
        env, seen, last = {}, set(), -1
        for n, p in enumerate(engines):
            if p.taken or not (p.out or p.mine):
                continue
            found = self.find(p, env)
            if found is None:
                raise Wrong(f"in no row: {p}; {env}")
            p.taken = True
            if not p.out:
                env = self.leave(found, p, engines[n + 1:], packets, env)
            if found not in seen:
                if found < last:
                    raise Wrong(f"before its turn: {self.rows[found]['text']}")
                last = found
                seen.add(found)
        return [r["text"] for n, r in enumerate(self.rows) if n not in seen]

    def find(self, p, env):
        for n, row in enumerate(self.rows):
            end = row["outs"][0] if p.out and row["in"] is None else row["in"]
            if end is None or p.out != (row["in"] is None):
                continue
            trial = dict(env)
            if self.fits(end, p, trial):
                env.update(trial)
                return n
        return None

    def leave(self, n, p, later, packets, env):
        """it left as its row says, and got there"""
        row = self.rows[n]
        mine = [q for q in later if q.out and not q.taken and q.host == p.host and q.key == p.key]
        for nth, end in enumerate(row["outs"]):
            for q in mine:
                trial = dict(env)
                if self.fits(end, q, trial) and not q.taken:
                    break
            else:
                raise Wrong(f"{row['text']}: {p} did not leave as it says; " +
                            ("; ".join(map(str, mine)) or "it did not leave"))
            q.taken = True
            env = trial
            self.sound(row, p, q, packets, 1 if nth == 0 else 0)
        extra = [q for q in later if q.out and not q.taken and q.host == p.host and
                 q.key == p.key and not row["outs"]]
        if extra:
            raise Wrong(f"{row['text']}: it left: {extra[0]}")
        return env

    def sound(self, row, p, q, packets, hops):
        if q.ttl != p.ttl - hops:
            raise Wrong(f"{row['text']}: ttl {p.ttl} became {q.ttl}")
        own = self.wires.engines[q.host].get(q.dev)
        if q.smac != own:
            raise Wrong(f"{row['text']}: sent from {q.smac}, and {q.dev} has {own}")
        if q.dmac not in self.wires.macs:
            return
        host, dev = self.wires.macs[q.dmac]
        if host not in self.wires.sockets:
            return
        for r in packets:
            if (r.host, r.dev) == (host, dev) and r.mine and r.key == q.key and \
                    (r.src, r.dst, r.sport, r.dport) == (q.src, q.dst, q.sport, q.dport):
                if not r.good:
                    raise Wrong(f"{row['text']}: checksums are wrong: {r}")
                return
        raise Wrong(f"{row['text']}: {q} did not get to {host}:{dev}")


def expect(wires, lines, seconds):
    table = Table(wires, lines)
    deadline = time.monotonic() + seconds * SLOW
    while True:
        wires.drain()
        try:
            missing = table.check()
            if not missing:
                wires.settle()
                missing = table.check()
            wrong = missing and f"not seen: {missing[0]}"
        except Wrong as e:
            wrong = str(e)
        if not wrong:
            return
        if time.monotonic() > deadline:
            raise Wrong(wrong)
        time.sleep(0.05)


def names_of(wires):
    """the names of addresses and MACs"""
    back = {}
    for name, value in wires.names.items():
        if value not in back or ":" in back[value]:
            back[value] = name
    return back


def flow_of(p, back):
    return f"{back.get(p.src, p.src)}:{p.sport}>{back.get(p.dst, p.dst)}:{p.dport}"


def seen(wires):
    """what engines got and sent, in words"""
    back = names_of(wires)
    for p in wires.packets:
        if p.host in wires.engines and (p.out or p.mine):
            mac = p.dmac if p.out else p.smac
            yield "%-10s %-3s %-12s %s, protocol %d, ttl %d, %d bytes" % (
                f"{p.host}:{p.dev}", "out" if p.out else "in", back.get(mac, mac),
                flow_of(p, back), p.proto, p.ttl, p.length)


def passes(wires):
    """likewise, one line for packets that went the same way, with their number"""
    back, rows = names_of(wires), {}
    engines = [p for p in wires.packets if p.host in wires.engines]
    for n, p in enumerate(engines):
        if p.out or not p.mine:
            continue
        outs = []
        for q in engines[n + 1:]:
            if q.out and q.key == p.key and not q.taken:
                q.taken = True
                outs.append((q.dev, back.get(q.dmac, q.dmac), flow_of(q, back)))
            elif q.mine and q.key == p.key:
                break
        row = p.dev, back.get(p.smac, p.smac), PROTOCOLS.get(p.proto, str(p.proto)), \
            flow_of(p, back), tuple(outs)
        rows[row] = rows.get(row, 0) + 1
    for (dev, mac, proto, flow, outs), count in rows.items():
        for n, (out, to, left) in enumerate(outs or [("-", "", "")]):
            first = (dev, mac, proto, flow, str(count)) if not n else ("",) * 5
            yield "%-4s %-7s %-5s %-24s %7s   %-4s %-7s %s" % (
                *first, out, to, "" if left == flow else left)


def main():
    wires = Wires()
    for line in sys.stdin:
        words = line.split()
        said = []
        try:
            if words[0] in ("host", "engine"):
                wires.host(words[1], words[0] == "engine")
            elif words[0] == "name":
                wires.names[words[1]] = words[2]
            elif words[0] == "begin":
                wires.begin()
            elif words[0] == "seen":
                wires.settle()
                said = list(seen(wires))
            elif words[0] == "passes":
                wires.settle()
                for p in wires.packets:
                    p.taken = False
                said = list(passes(wires))
            elif words[0] == "table":
                rows = []
                for row in sys.stdin:
                    if row.strip() == "end":
                        break
                    rows.append(row)
                expect(wires, rows, float(words[1]))
            else:
                raise Wrong(f"{words[0]}?")
            said.append("ok")
        except Wrong as e:
            said = [f"wrong: {e}", *("       " + s for s in seen(wires)), "no"]
        print(*said, sep="\n", flush=True)


main()
