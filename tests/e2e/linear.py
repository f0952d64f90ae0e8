#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: -m 2048 -t 600
# alone: it compares times
# once: it takes minutes
"""What a request takes grows with what is in it, not with what is there: groups of
which there are 512 or 16 times as many, and IKE SAs that all have one initiator's SPI,
beside others that have one each. All times are the kernel's, in this process.
"""
import resource
import subprocess
import tempfile

COMMAND = ["build/bin/ipsec-qos", "-n", "many"]
IKES = 10000
FEW, MANY = 512, 8192
ROUNDS = 2          # the shortest counts: others want the processor too
MOST = 4            # and take up to two thirds of it; lists took 16 times as long, and 20


def sh(cmd):
    subprocess.run(cmd, shell=True, check=True)


def batch(lines):
    """Seconds that the kernel took for them."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_stime
        subprocess.run([*COMMAND, "-batch", file.name], check=True)
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_stime - before


def groups(n, verb, mark):
    # names that differ late, as customers' numbers do
    return [f"group {verb} customer-of-the-house-{i:06d} id {i + 1} mark {mark + i}"
            for i in range(n)]


def group_times(n):
    """Microseconds for each of n groups: to add it, to state it again, to change it."""
    best = {}
    for _ in range(ROUNDS):
        for what, lines in (("add", groups(n, "add", 1)),
                            ("again", groups(n, "replace", 1)),
                            ("change", groups(n, "replace", 2)),
                            ("flush", ["group flush"])):
            took = batch(lines) / n * 1e6
            best[what] = min(best.get(what, took), took)
    return best


def ikes(verb, alike, rest=""):
    # the order is not that in which they came
    order = [i * 7919 % IKES for i in range(IKES)] if verb == "del" else range(IKES)
    return [f"ike {verb} spi-i {0x51 if alike else i + 1:016x} spi-r {i + 1:016x}{rest}"
            for i in order]


def ike_times(alike):
    """Microseconds for each: to add it, to remove it, to flush it."""
    best = {}
    for _ in range(ROUNDS):
        for what, lines in (("add", ikes("add", alike, " group g")),
                            ("del", ikes("del", alike)),
                            ("add", ikes("add", alike, " group g")),
                            ("flush", ["ike flush"])):
            took = batch(lines) / IKES * 1e6
            best[what] = min(best.get(what, took), took)
    return best


def compare(name, few, many):
    """How much longer each takes; where it is too much: what."""
    wrong = []
    for what in few:
        # what is as good as nothing has no ratio
        ratio = (many[what] + 1) / (few[what] + 1)
        print(f"{name}, {what}: {few[what]:.1f} and {many[what]:.1f} us each, "
              f"{ratio:.2f} times", flush=True)
        if ratio > MOST:
            wrong.append(f"{name}, {what}: {ratio:.2f} times as long")
    return wrong


sh("modprobe ipsec_qos && ip netns add many")
subprocess.run([*COMMAND, "settings", "set", "max-groups", "65536"], check=True)
subprocess.run([*COMMAND, "group", "add", "g", "id", "1", "mark", "1"], check=True)
bad = compare("IKE SAs, distinct and alike", ike_times(False), ike_times(True))
subprocess.run([*COMMAND, "group", "flush"], check=True)
bad += compare(f"groups, {FEW:,} and {MANY:,}", group_times(FEW), group_times(MANY))
sh("ip netns del many && rmmod ipsec_qos")
assert not bad, bad
