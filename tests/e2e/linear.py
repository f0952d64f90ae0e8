#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: -m 2048 -t 600
# alone: it compares times
# once: it takes minutes
"""What a request takes grows with what is in it, not with what is there: 500 groups
beside 10, 10,000 and 60,000, with their folders in sysfs, and IKE SAs that all have one
initiator's SPI, beside others that have one each. All times are the kernel's, in this
process. And what a group takes of the kernel's memory.
"""
import resource
import subprocess
import tempfile

COMMAND = ["build/bin/ipsec-qos", "-n"]
IKES = 10000
SOME = 500          # groups that come and go
FEW = 10            # that stay in one namespace
MANY = (10000, 60000)   # and in another
ROUNDS = 2          # the shortest counts: others want the processor too
GROUP_ROUNDS = 6    # these are short
GROUP_KIB = 1
MOST = 4            # and take up to two thirds of it; lists took 16 times as long, and 20


def sh(cmd):
    subprocess.run(cmd, shell=True, check=True)


def qos(where, *words):
    subprocess.run([*COMMAND, where, *words], check=True)


def batch(lines, where="many"):
    """Seconds that the kernel took for them."""
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_stime
        qos(where, "-batch", file.name)
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_stime - before


def groups(first, n, verb, mark):
    # names that differ late, as customers' numbers do
    return [f"group {verb} customer-of-the-house-{i:06d} id {i} mark {mark + i}"
            for i in range(first, first + n)]


def group_times(where, best):
    """Microseconds for each of some groups, beside those that are there: to add it, to
    state it again, to change it, to remove it."""
    first = MANY[-1] + 1
    # neither the order in which they came nor that of their ids
    gone = [f"group del id {first + i * 211 % SOME}" for i in range(SOME)]
    for what, lines in (("add", groups(first, SOME, "add", 0)),
                        ("again", groups(first, SOME, "replace", 0)),
                        ("change", groups(first, SOME, "replace", 1)),
                        ("del", gone)):
        took = batch(lines, where) / SOME * 1e6
        best[what] = min(best.get(what, took), took)


def groups_compare():
    """Where it takes too long beside many: what."""
    wrong, present = [], 0
    batch(groups(1, FEW, "add", 0), "few")
    for n in MANY:
        batch(groups(1 + present, n - present, "add", 0))
        present = n
        few, many = {}, {}
        # in turns: how fast the processor is for us is others' business
        for _ in range(GROUP_ROUNDS):
            group_times("few", few)
            group_times("many", many)
        wrong += compare(f"groups beside {FEW} and {n:,}", few, many)
    many = {"flush": batch(["group flush"]) / present * 1e6}
    batch(groups(FEW + 1, SOME - FEW, "add", 0), "few")
    few = {"flush": batch(["group flush"], "few") / SOME * 1e6}
    return wrong + compare(f"{SOME} and {present:,} groups", few, many)


def kernel_memory():
    """KiB that the kernel has for itself, and does not give back"""
    with open("/proc/meminfo", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file
                   if line.startswith(("SUnreclaim:", "Percpu:")))


def group_memory():
    """What is wrong with what a group takes that has no folder in sysfs, as those of `each`"""
    before = kernel_memory()
    batch([line + " sysfs off" for line in groups(1, MANY[0], "add", 0)])
    takes = (kernel_memory() - before) / MANY[0]
    print(f"{MANY[0]:,} groups take {takes:.2f} KiB each", flush=True)
    batch(["group flush"])
    return [] if 0.1 < takes < GROUP_KIB else [f"a group takes {takes:.2f} KiB"]


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


sh("modprobe ipsec_qos && ip netns add few && ip netns add many")
for name in "few", "many":
    qos(name, "settings", "set", "max-groups", "65536")
qos("many", "group", "add", "g", "id", "1", "mark", "1")
bad = compare("IKE SAs, distinct and alike", ike_times(False), ike_times(True))
qos("many", "group", "flush")
bad += group_memory()
bad += groups_compare()
sh("ip netns del few && ip netns del many && rmmod ipsec_qos")
assert not bad, bad
