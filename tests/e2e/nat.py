#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ESP of several nodes behind one address, packet by packet: out it has the global
address, in it reaches the node whose SPI it is derived from, or is derived from its;
what fits nobody, or several, goes as the rule says; entries wait, are associated,
confirmed, move and end; ICMP errors are translated; conntrack sees nothing of it.

The topology is drawn in tests/lib/natpath.py.
"""
# newest: translation has hooks of its own, and counts on those of connection tracking
# ci-once: it is run on the newest
import hashlib
import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from natpath import FAR, GLOBAL, Path                       # noqa: E402
from rawesp import (Command, SLOW, answer, checksum, esp, icmp, ipv4, low16,  # noqa: E402
                    receive, send, sh, step, until)

path = Path()
node, far = path.node, path.far
node_icmp, far_icmp = path.node_icmp, path.far_icmp
all_of, nothing = path.all_of, path.nothing
qos = Command("nat")
table, count = qos.table, qos.count

sh("""ip netns exec nat nft -f - <<END
table ip t {
	chain p { type nat hook postrouting priority srcnat; oifname out masquerade; }
}
END
""")


def refused(text, *words):
    done = subprocess.run([*qos.command, *words], stderr=subprocess.PIPE, text=True)
    assert done.returncode and text in done.stderr, (words, done.stderr)


def out(inside, spi, dst=FAR):
    send(node, inside, dst, spi)
    assert receive(far) == (GLOBAL, dst, spi), (inside, spi)


def come(spi, src=FAR, dst=GLOBAL):
    send(far, src, dst, spi)


def arrives(inside, spi, src=FAR):
    come(spi, src)
    assert receive(node) == (src, inside, spi), (inside, hex(spi))


def tracked():
    """ESP that conntrack knows"""
    return sum(line.split()[3:4] == ["50"] for line in
               sh("ip netns exec nat cat /proc/net/nf_conntrack").split("\n"))


RULE = ["id", "10", "inside-dev", "in", "outside-dev", "out"]


def rule(*words):
    qos.rule(*RULE, *words)


step("without a rule nothing is translated")
assert qos("nat", "show") == [] and qos("nat", "rule", "show") == []
come(0x1234)
nothing(node)

step("rules: what they take and what not")
refused("the rule's outside is missing", "nat", "rule", "add", "id", "1", "inside-dev", "in")
refused("the rule's inside is missing", "nat", "rule", "add", "id", "1", "outside-dev", "out")
refused("takes a key", "nat", "rule", "add", *RULE, "scheme", "siphash-low16")
refused("takes a key", "nat", "rule", "add", *RULE, "key", "00" * 16)
refused("inside takes an IPv4 prefix", "nat", "rule", "add", "id", "1", "inside",
        "10.0.1.1/24", "outside-dev", "out")
refused("inside and outside", "nat", "rule", "add", "id", "1", "inside-dev", "out",
        "outside-dev", "out")
refused("no rule 7", "nat", "rule", "del", "id", "7")
qos("nat", "rule", "add", *RULE)
refused("rule 10 exists", "nat", "rule", "add", *RULE)
assert len(qos("nat", "rule", "show")) == 1

step("several nodes, one address: each reply reaches its own")
spis = {f"10.0.1.{i}": 0xa0000000 + 7919 * i for i in range(2, 34)}
for inside, spi in spis.items():
    out(inside, spi)
assert all(n["state"] == "waiting" for n in table().values())
for inside, spi in spis.items():
    if int(inside.split(".")[3]) & 1:
        arrives(inside, answer(spi))            # the far end answered
    else:
        # the node answered: its SPI is derived, the one it receives with is not
        pass
for inside, spi in spis.items():
    n = table()[spi]
    assert n["inside_local"] == inside and n["inside_global"] == GLOBAL
    if int(inside.split(".")[3]) & 1:
        assert n["state"] == "associated" and n["spi_in"] == answer(spi)
    else:
        assert n["state"] == "waiting"
out("10.0.1.3", spis["10.0.1.3"])
assert table()[spis["10.0.1.3"]]["state"] == "confirmed"
arrives("10.0.1.3", answer(spis["10.0.1.3"]))
assert table()[spis["10.0.1.3"]]["in"]["packets"] == 2
assert count("out") == 33 and count("in") == 17

step("what is known at one address fits nobody at another")
sh("ip -n nat addr add 192.0.2.4/24 dev out")
before = count("unmatched")
come(answer(spis["10.0.1.3"]), dst="192.0.2.4")
nothing(node)
assert count("unmatched") == before + 1
sh("ip -n nat addr del 192.0.2.4/24 dev out")

step("the other direction: the node's SPI is derived from the one that comes in")
for i in range(2, 34, 2):
    first = 0xb0000000 + 104729 * i             # the far end's, who began
    out(f"10.0.1.{i}", answer(first, 0x6000 + i))
    arrives(f"10.0.1.{i}", first)

step("what fits nobody is discarded and counted; conntrack has seen nothing")
before = count("unmatched")
come(0x00c0ffee)
nothing(node)
assert count("unmatched") == before + 1
assert tracked() == 1       # what came before there was a rule

step("events: made, associated, confirmed, collided, ended")


def monitor():
    """one that hears events; of what was before it has heard the end"""
    process = subprocess.Popen([*qos.command, "monitor", "nat"], stdout=subprocess.PIPE,
                               bufsize=0)
    spi = 0xdf000000
    while not select.select([process.stdout], [], [], 0.2 * SLOW)[0]:
        out("10.0.1.2", spi)
        spi += 1
    left = len(table())
    qos("nat", "flush")
    while left:
        left -= told(process)["event"] == "del"
    return process


def told(process=None):
    stream = (process or watch).stdout
    assert select.select([stream], [], [], 20 * SLOW)[0], "no event"
    return json.loads(stream.readline())


rule()
watch = monitor()
rule("wait", "3")
out("10.0.1.2", 0xd8000001)
event = told()
assert (event["event"], event["object"], event["inside_local"], event["state"]) == (
    "new", "nat", "10.0.1.2", "waiting"), event
arrives("10.0.1.2", answer(0xd8000001))
event = told()
assert (event["event"], event["state"], event["spi_in"]) == (
    "change", "associated", answer(0xd8000001)), event
out("10.0.1.2", 0xd8000001)
assert told()["state"] == "confirmed"
same = next(s for s in range(0xd9000001, 0xda000000) if low16(s) == low16(0xd9000000))
out("10.0.1.2", 0xd9000000)
out("10.0.1.3", same)
assert [told()["event"] for _ in range(2)] == ["new", "new"]
collided, begun = 0, time.monotonic()
while time.monotonic() < begun + 3.5:           # it is told once a second
    for _ in range(7):
        come(answer(same))
        collided += 1
    nothing(node)
    out("10.0.1.2", 0xd9000000)                 # both go on waiting
    out("10.0.1.3", same)
took, events = time.monotonic() - begun, []
while not events or events[-1]["event"] != "expire":
    events.append(told())
assert told()["event"] == "expire"
for event in events[:-1]:
    assert event["event"] == "collision", event
    assert {c["inside_local"] for c in event["candidates"]} == {"10.0.1.2", "10.0.1.3"}
assert 2 < len(events) <= 2 + took < collided, (len(events), took, collided)
watch.terminate()
watch.wait()
assert int(sh("ip netns exec nat cat /sys/kernel/ipsec_qos/nat_collision_packets")) == \
    collided

step("collisions: discard, oldest, newest")
twin = next(s for s in range(0xd0000001, 0xd1000000) if low16(s) == low16(0xd0000000))
for how, who in (("discard", None), ("oldest", "10.0.1.2"), ("newest", "10.0.1.3")):
    rule("collision", how)
    before = count("collision")
    out("10.0.1.2", 0xd0000000)
    time.sleep(0.05 * SLOW)
    out("10.0.1.3", twin)
    if who:
        arrives(who, answer(twin))
    else:
        come(answer(twin))
        nothing(node)
    assert count("collision") == before + 1

step("an association that the node never confirms gives way")
rule()
out("10.0.1.2", 0xe0000001)
arrives("10.0.1.2", answer(0xe0000001, 0x1111))
arrives("10.0.1.2", answer(0xe0000001, 0x2222))
assert table()[0xe0000001]["spi_in"] == answer(0xe0000001, 0x2222)


def gets(inside, spi):
    come(spi)
    return all_of(node) == [(FAR, inside, spi)]


step("one that it confirms does for a while")
rule()
mine, first, other = (answer(0xe0100001, upper) for upper in (0x1111, 0x2222, 0x3333))
out("10.0.1.2", 0xe0100001)
arrives("10.0.1.2", mine)
out("10.0.1.2", 0xe0100001)
arrives("10.0.1.2", first)
out("10.0.1.2", 0xe0100001)
assert table()[0xe0100001]["state"] == "confirmed"
settled = time.monotonic() + 6
while time.monotonic() < settled:
    arrives("10.0.1.2", first)
    out("10.0.1.2", 0xe0100001)
    time.sleep(0.1)
come(other)
nothing(node)

step("who was mistaken for another: the right one's packets find him")
rule()
left, right = next((a, x) for a in range(0xe0200001, 0xe0300000)
                   for x in (answer(a, upper) for upper in range(0x100, 0x200))
                   if low16(x) == 0x4242)
out("10.0.1.2", 0xe0004242)
arrives("10.0.1.2", right)              # 10.0.1.3's, but that has not sent yet
out("10.0.1.2", 0xe0004242)
arrives("10.0.1.2", answer(0xe0004242))
out("10.0.1.3", left)
arrives("10.0.1.3", right)
arrives("10.0.1.2", answer(0xe0004242))
arrives("10.0.1.3", right)

step("entries end: those that wait after theirs, the associated after theirs")
watch = monitor()
rule("wait", "2", "idle", "6")
out("10.0.1.2", 0xe1000001)
out("10.0.1.3", 0xe1000002)
arrives("10.0.1.3", answer(0xe1000002))
out("10.0.1.3", 0xe1000002)
assert [told()["event"] for _ in range(4)] == ["new", "new", "change", "change"]
for spi in (0xe1000001, 0xe1000002):
    event = told()
    assert (event["event"], event["spi_out"]) == ("expire", spi), event
assert not table()
watch.terminate()
watch.wait()

step("a node that moves")
rule()
out("10.0.1.2", 0xe2000001)
arrives("10.0.1.2", answer(0xe2000001))
out("10.0.1.9", 0xe2000001)
arrives("10.0.1.9", answer(0xe2000001))

step("a router that gets another address")
sh("""set -e
ip -n nat addr add 192.0.2.5/24 dev out
ip netns exec nat sysctl -qw net.ipv4.conf.out.promote_secondaries=1
ip -n nat addr del 192.0.2.1/24 dev out""")
send(node, "10.0.1.9", FAR, 0xe2000001)
assert receive(far) == ("192.0.2.5", FAR, 0xe2000001)
assert table()[0xe2000001]["inside_global"] == "192.0.2.5"
come(answer(0xe2000001), dst="192.0.2.5")
assert receive(node) == (FAR, "10.0.1.9", answer(0xe2000001))
sh("""set -e
ip -n nat addr add 192.0.2.1/24 dev out
ip -n nat addr del 192.0.2.5/24 dev out""")
out("10.0.1.9", 0xe2000001)

step("ceilings, where all is confirmed: of a node, of a rule")
rule()
watch = monitor()
rule("max-node", "3", "max", "5")


def confirmed(inside, spi):
    out(inside, spi)
    arrives(inside, answer(spi))
    out(inside, spi)
    assert [told()["event"] for _ in range(3)] == ["new", "change", "change"]


for i in range(3):
    confirmed("10.0.1.2", 0xe3000000 + i)
send(node, "10.0.1.2", FAR, 0xe3000009)
nothing(far)
assert told() == {"event": "ceiling", "object": "nat", "rule": 10,
                  "inside_local": "10.0.1.2"}
for i in range(2):
    confirmed("10.0.1.3", 0xe3000010 + i)


def too_many(process, inside, spi):
    """packets until an event comes of it: one a second and rule"""
    tries = 0
    while not select.select([process.stdout], [], [], 0.1)[0]:
        assert tries < 50 * SLOW
        send(node, inside, FAR, spi)
        tries += 1
    return tries


tries = too_many(watch, "10.0.1.4", 0xe3000020)
assert told() == {"event": "ceiling", "object": "nat", "rule": 10}
nothing(far)
assert count("ceiling") == 1 + tries
out("10.0.1.2", 0xe3000000)                     # who is there goes on
watch.terminate()
watch.wait()
watch = subprocess.Popen([*qos.command[:-1], "monitor", "nat"], stdout=subprocess.PIPE,
                         bufsize=0)
too_many(watch, "10.0.1.4", 0xe3000020)
said = watch.stdout.readline()
assert said == b"ceiling nat rule 10\n", said
qos("nat", "rule", "replace", *RULE, "max-node", "3")
while said == b"ceiling nat rule 10\n":         # there may have been more of them
    too_many(watch, "10.0.1.2", 0xe3000009)
    said = watch.stdout.readline()
assert said == b"ceiling nat rule 10 inside-local 10.0.1.2\n", said
nothing(far)
watch.terminate()
watch.wait()

step("a node that sprays random SPIs: its oldest give way, and it disturbs nobody")


def full(spi):
    """md5-full: that by chance two fit is too rare to be seen"""
    return int.from_bytes(hashlib.md5(struct.pack("!I", spi)).digest()[:4], "big")


def spray(n):
    for _ in range(n):
        spi = random.randrange(0x100, 0x100000000)
        send(node, "10.0.1.40", FAR, spi)
        assert receive(far) == (GLOBAL, FAR, spi)
        while select.select([watch.stdout], [], [], 0)[0]:
            told_of.append(told())


def exchange(inside, spi):
    out(inside, spi)
    arrives(inside, full(spi))


rule()
watch = monitor()
rule("max-node", "16", "scheme", "md5-full", "wait", "300")
begun, told_of = time.monotonic(), []
before, evicted = count("ceiling"), count("evicted")
spis = {f"10.0.1.{i}": random.randrange(0x100, 0x100000000) for i in range(2, 34)}
there, new = list(spis)[:16], list(spis)[16:]
for inside in there:
    exchange(inside, spis[inside])
spray(16)
for i, inside in enumerate(new):
    spray(10)
    exchange(inside, spis[inside])              # a new one
    spray(10)
    exchange(there[i], spis[there[i]])          # one that was there
nothing(far)
nothing(node)
assert count("ceiling") == before
assert count("evicted") == evicted + 10 * 2 * len(new)
assert sum(n["inside_local"] == "10.0.1.40" for n in table().values()) == 16
for inside, spi in spis.items():
    n, packets = table()[spi], 2 if inside in there else 1
    assert (n["inside_local"], n["spi_in"]) == (inside, full(spi)), n
    assert n["out"]["packets"] == n["in"]["packets"] == packets, n
    assert n["state"] == ("confirmed" if inside in there else "associated"), n
while sum(event["event"] == "del" for event in told_of) < 10 * 2 * len(new):
    told_of.append(told())
gone = [event for event in told_of if event["event"] == "del"]
assert all(event["inside_local"] == "10.0.1.40" for event in gone)
ceilings = [event for event in told_of if event["event"] == "ceiling"]
assert ceilings and all(c["inside_local"] == "10.0.1.40" for c in ceilings), ceilings
assert len(ceilings) <= 1 + time.monotonic() - begun, len(ceilings)
watch.terminate()
watch.wait()

step("peers that derive nothing: serialize, last")
rule("underived", "serialize")
out("10.0.1.2", 0xe4000001)
send(node, "10.0.1.3", FAR, 0xe4000002)
nothing(far)
assert count("serialized") == 1
out("10.0.1.3", 0xe4000003, "192.0.2.3")        # another responder
arrives("10.0.1.2", 0x77770001)
out("10.0.1.3", 0xe4000002)
arrives("10.0.1.3", 0x77770002)
arrives("10.0.1.2", 0x77770001)
rule("underived", "serialize", "wait", "3")
out("10.0.1.2", 0xe4000011)


def others_turn():
    """the turn may change between the two, and both get out"""
    for inside, spi in (("10.0.1.2", 0xe4000011), ("10.0.1.3", 0xe4000012)):
        send(node, inside, FAR, spi)
    return (GLOBAL, FAR, 0xe4000012) in all_of(far)


until("who gets no answer has his turn for ever", others_turn)
arrives("10.0.1.3", 0x77770012)
qos("nat", "flush")
out("10.0.1.3", 0xe4000013)             # a node's own do not keep each other
out("10.0.1.3", 0xe4000014)
rule("underived", "last", "wait", "3")
out("10.0.1.2", 0xe5000011)
arrives("10.0.1.2", 0x77770021)
until("what is not confirmed lasts", lambda: gets("10.0.1.2", 0x77770021) and
      table()[0xe5000011]["age"] > 4)
assert gets("10.0.1.2", 0x77770021)
rule("underived", "last")
out("10.0.1.2", 0xe5000001)
out("10.0.1.3", 0xe5000002)
arrives("10.0.1.3", 0x77770003)
arrives("10.0.1.2", 0x77770004)

step("AH is refused")
rule()
node.sendto(ipv4(51, "10.0.1.2", FAR, struct.pack("!BBHII", 50, 4, 0, 0x999, 1)
                 + bytes(44)), (FAR, 0))
until("AH is not counted", lambda: count("ah") == 1)

step("fragments are put together, and translated whole")
payload = esp("10.0.1.2", FAR, 0xe6000001, 1992)[20:]
node.sendto(ipv4(50, "10.0.1.2", FAR, payload[:1000], 0x2000, 77), (FAR, 0))
node.sendto(ipv4(50, "10.0.1.2", FAR, payload[1000:], 125, 77), (FAR, 0))
assert receive(far) == (GLOBAL, FAR, 0xe6000001)
sh("ip netns exec nat nft delete table ip t; rmmod nft_masq nft_chain_nat nf_nat "
   "nf_conntrack nf_defrag_ipv6 nf_defrag_ipv4 2>/dev/null || true")
payload = esp("10.0.1.2", FAR, 0xe6000001, 1992)[20:]
node.sendto(ipv4(50, "10.0.1.2", FAR, payload[1000:], 125, 78), (FAR, 0))
node.sendto(ipv4(50, "10.0.1.2", FAR, payload[:1000], 0x2000, 78), (FAR, 0))
assert receive(far) == (GLOBAL, FAR, 0xe6000001)

step("ICMP errors, from outside and from inside")
out("10.0.1.2", 0xe7000001)
sent = esp(GLOBAL, FAR, 0xe7000001)
error = icmp(3, 4, struct.pack("!HH", 0, 1300) + sent[:28])
far_icmp.sendto(ipv4(1, "192.0.2.3", GLOBAL, error), (GLOBAL, 0))
assert select.select([node_icmp], [], [], 10 * SLOW)[0]
data = node_icmp.recv(65536)
assert socket.inet_ntoa(data[16:20]) == "10.0.1.2"
assert checksum(data[20:]) == 0 and checksum(data[28:48]) == 0
assert socket.inet_ntoa(data[40:44]) == "10.0.1.2"      # the embedded source
assert struct.unpack("!I", data[48:52])[0] == 0xe7000001
arrives("10.0.1.2", answer(0xe7000001))
while select.select([far_icmp], [], [], 0)[0]:
    far_icmp.recv(65536)
came = esp(FAR, "10.0.1.2", answer(0xe7000001))
error = icmp(3, 4, struct.pack("!HH", 0, 1300) + came[:28])
node_icmp.sendto(ipv4(1, "10.0.1.2", FAR, error), (FAR, 0))
assert select.select([far_icmp], [], [], 10 * SLOW)[0]
data = far_icmp.recv(65536)
assert socket.inet_ntoa(data[12:16]) == GLOBAL
assert checksum(data[20:]) == 0
assert socket.inet_ntoa(data[44:48]) == GLOBAL          # the embedded destination

step("sysfs has the totals, of the only rule")
for name, counted in qos("nat", "rule", "show")[0]["counters"].items():
    assert int(sh("ip netns exec nat cat /sys/kernel/ipsec_qos/nat_%s_packets" % name)) \
        == counted["packets"], name

step("a rule that goes takes its entries along")
qos("nat", "rule", "del", "id", "10")
assert qos("nat", "show") == [] and qos("nat", "rule", "show") == []
print("all as it should be", flush=True)
