#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The SA and IKE tables grow, shrink and change while packets flow: of those whose
SA is there all the time none goes untagged, and every one is counted, exactly.

    src 10.0.1.2, fd01::2 ---- router ---- 10.0.3.0/24, fd03::/64
"""
# ci-once: what compat.h has is not in it
import ctypes
import json
import socket
import struct
import subprocess
import tempfile
import threading

COMMAND = ["build/bin/ipsec-qos", "-n", "router"]
STEADY = 32                 # SAs of each kind that are there all the time
OTHERS = 20000              # that come and go
TURNS = 3


def sh(cmd):
    return subprocess.run(cmd, shell=True, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def batch(lines, ahead=False):
    """ahead: out of a file, so that the kernel knows how many SAs will come."""
    text = "\n".join(lines) + "\n"
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text if ahead else "")
        file.flush()
        subprocess.run([*COMMAND, "-batch", file.name if ahead else "-"], check=True,
                       text=True, input=text)


def get(*words):
    return json.loads(subprocess.run([*COMMAND, "-j", *words], check=True,
                                     stdout=subprocess.PIPE, text=True).stdout)


def ipv4(proto, payload, dst):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, proto,
                       0, socket.inet_aton("10.0.1.2"), socket.inet_aton(dst))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    return (b"\x08\x00" + head[:10]
            + struct.pack("!H", ~(total + (total >> 16)) & 0xffff)
            + head[12:] + payload)


def ipv6(proto, payload, dst):
    return b"\x86\xdd" + struct.pack(
        "!IHBB16s16s", 6 << 28, len(payload), proto, 64,
        socket.inet_pton(socket.AF_INET6, "fd01::2"),
        socket.inet_pton(socket.AF_INET6, dst)) + payload


def steady():
    """How the command names an SA that stays, and a packet of it."""
    for i in range(1, STEADY + 1):
        spi = 0x1000 + i
        esp = struct.pack("!II", spi, 1) + bytes(32)
        ah = struct.pack("!BBHII", 50, 4, 0, spi, 1) + bytes(12 + 32)
        ike = struct.pack("!QQBBBBII", spi, spi + 1, 46, 0x20, 37, 8, 1, 28)
        yield f"dst 10.0.3.{i} spi {spi}", ipv4(50, esp, f"10.0.3.{i}")
        yield f"dst 10.0.3.{i} spi {spi} proto ah", ipv4(51, ah, f"10.0.3.{i}")
        yield f"dst fd03::{i:x} spi {spi}", ipv6(50, esp, f"fd03::{i:x}")
        yield (f"spi-i {spi:016x} spi-r {spi + 1:016x}",
               ipv4(17, struct.pack("!HHHH", 500, 500, 8 + len(ike), 0) + ike,
                    f"10.0.3.{i}"))


def line(verb, key, rest=""):
    return f"{'ike' if key.startswith('spi-i') else 'sa'} {verb} {key} {rest}"


def raw_socket(netns, dev):
    setns = ctypes.CDLL(None).setns
    with open("/proc/self/ns/net") as own, open(f"/run/netns/{netns}") as other:
        setns(other.fileno(), 0)
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sock.bind((dev, 0))
        setns(own.fileno(), 0)
    return sock


sh("""
set -e
modprobe ipsec_qos
for n in src router; do ip netns add $n; ip -n $n link set lo up; done
ip -n router link add r1 type veth peer name s1 netns src
ip -n router link add r2 type veth peer name r3
ip -n router addr add 10.0.1.1/24 dev r1
ip -n router addr add 10.0.2.1/24 dev r2
ip -n router addr add fd01::1/64 dev r1 nodad
ip -n router addr add fd02::1/64 dev r2 nodad
ip -n src link set s1 up
for d in r1 r2 r3; do ip -n router link set $d up; done
ip -n router neigh add 10.0.2.2 lladdr 02:00:00:00:00:02 dev r2
ip -n router neigh add fd02::2 lladdr 02:00:00:00:00:02 dev r2
ip -n router route add 10.0.3.0/24 via 10.0.2.2
ip -n router route add fd03::/64 via fd02::2
ip netns exec router sysctl -qw net.ipv4.ip_forward=1 \
	net.ipv6.conf.all.forwarding=1
""")
kept = dict(steady())
batch(["group add a id 1 mark 0x1/0xff", "group add b id 2 mark 0x2/0xff"]
      + [line("add", key, "group a") for key in kept])
mac = bytes.fromhex(json.loads(sh("ip -n router -j link show r1"))[0]["address"]
                    .replace(":", ""))
out = raw_socket("src", "s1")
frames = [mac + bytes(6) + packet for packet in kept.values()]
sent = 0
stop = False


def flow():
    """One packet of each, again and again."""
    global sent
    while not stop:
        for frame in frames:
            out.send(frame)
        sent += 1


thread = threading.Thread(target=flow)
thread.start()
try:
    for turn in range(TURNS):
        others = [f"dst {'fd03:1::' if i & 1 else '10.0.4.'}{i % 200 + 1} "
                  f"spi {0x100000 + i}" for i in range(OTHERS)]
        # a peer may give many IKE SAs the same initiator's SPI
        others += [f"spi-i {0x200000 + i // 4:016x} spi-r {i + 1:016x}"
                   for i in range(OTHERS // 4)]
        before = sent
        batch([line("add", key, "group b") for key in others], turn & 1)
        status = get("status")
        assert status["sas"] == OTHERS + 3 * STEADY, status
        assert status["ikes"] == OTHERS // 4 + STEADY, status
        dump = subprocess.Popen([*COMMAND, "-j", "sa", "show"],
                                stdout=subprocess.PIPE, text=True)
        batch([line("change", key, f"group {'ab'[turn & 1]}") for key in kept])
        shown = json.loads(dump.communicate()[0])
        assert len({(s["dst"], s["spi"], s["proto"]) for s in shown}) == len(shown)
        assert len(shown) == OTHERS + 3 * STEADY, len(shown)
        if turn & 1:
            batch([line("del", key) for key in others])
        else:
            # the kept ones are in a
            batch(["sa flush group b", "ike flush group b"])
        print(f"turn {turn}: {sent - before} rounds of {len(frames)} packets beside it",
              flush=True)
        assert sent > before
finally:
    stop = True
    thread.join()

status = get("status")
shown = get("sa", "show") + get("ike", "show")
assert status["untagged"]["packets"] == 0, status
assert len(shown) == len(kept), (len(shown), len(kept))
wrong = [s for s in shown if s["packets"] != sent]
assert not wrong, (sent, wrong[:3])
print(f"{sent} packets of each of {len(kept)} SAs, each tagged and counted")

# What is counted beside the key is carried over at 128 MiB: nothing is lost then,
# and no counter goes back meanwhile.
key, packet = "dst 10.0.3.1 spi 4097", 60000
for netns, dev in ("src", "s1"), ("router", "r1"):
    sh(f"ip -n {netns} link set {dev} mtu 65000")
frame = mac + bytes(6) + ipv4(50, struct.pack("!II", 4097, 1) + bytes(packet - 28),
                              "10.0.3.1")


def count():
    entry = get("sa", "show", *key.split(), "proto", "esp")[0]
    return entry["packets"], entry["bytes"]


def large():
    for _ in range(5000):
        out.send(frame)


first = last = count()
thread = threading.Thread(target=large)
thread.start()
while thread.is_alive():
    now = count()
    assert now[0] >= last[0] and now[1] >= last[1], (last, now)
    last = now
thread.join()
now = count()
assert now == (first[0] + 5000, first[1] + 5000 * packet), (first, now)
print("5,000 packets of 60,000 bytes, each counted")
for netns in "src", "router":
    sh(f"ip netns del {netns}")
sh("rmmod ipsec_qos")
