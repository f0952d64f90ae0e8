#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: -s 2 -m 1536 -t 900
# alone: it measures how long answers take
# once: it is the daemon's doing, whatever the kernel is
"""Whatever tc and devices keep the kernel busy with, charon has its answers and
ESP its marks: while 2,000 devices come and go, a file with 5,000 groups and 2,000
classes is reloaded, and then with another mark for each group, and classes are shown, a
charon states SAs and sends with them.
"""
import json
import os
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from busy import (CONF, ROOM, SOCK, Charon, Command, check, daemon_start,  # noqa: E402
                  eventually, network, sh, step, verdict)

DEVICES = 2000
GROUPS = 5000
CLASSES = 2000


def conf(groups, classes, more=0):
    """The peer's group is the first; each class is slower than those before. Marks are
    so much more."""
    with open(CONF, "w", encoding="utf-8") as f:
        f.write("settings { max-groups = 8192 }\n")
        for i in range(1, groups + 1):
            f.write("group g%d { id = %d  mark = 0x%x/0xffff0 }\n" % (i, i, (i + more) << 4))
        f.write('profile peer { identity = "peer.example"  group = g1 }\n')
        for i in range(2, groups + 1):
            f.write('profile p%d { identity = "h%d.example"  group = g%d }\n' %
                    (i, i, i))
        f.write("policy wan { device = r2  rate = 10gbit\n")
        for i in range(1, classes + 1):
            f.write("class g%d { bandwidth = %dkbit }\n" % (i, 5000 - i))
        f.write('default { bandwidth = "10%" } }\n')


def classes():
    with Command() as c:
        return c.query(4)


def reload_and_await():
    with Command() as c:
        said = c.query(5)
    eventually("all classes are there",
               lambda: all(c["state"] == "ok" for c in classes()), 240)
    return said


def come_and_go():
    """Devices come, and go at once: meanwhile nobody else has the RTNL."""
    lines = "".join("link add d%d group 7 type veth peer name e%d group 7\n" % (i, i)
                    for i in range(DEVICES // 2))
    subprocess.run(["ip", "-n", "router", "-batch", "-"], input=lines, text=True,
                   check=True)
    start = time.monotonic()
    sh("ip -n router link del group 7")
    return time.monotonic() - start


def background(*functions):
    threads = [threading.Thread(target=f) for f in functions]
    for t in threads:
        t.start()
    return threads


def changed(text):
    """Which classes and devices tc monitor told of"""
    return set(re.findall(r"(?:class htb|parent|flowid|classid) 4951:([0-9a-f]+)",
                          text))


network(0xffff0)
good = []

step("a daemon with few groups, a charon")
conf(4, 2)
daemon = daemon_start()
charon = Charon()
eventually("classes are there",
           lambda: all(c["state"] == "ok" for c in classes()), 60)

with charon:
    time.sleep(6)
good.append(verdict("nothing else happens", charon))

step("%d devices come and go" % DEVICES)
with charon:
    print("  RTNL held for %.2f s" % come_and_go())
good.append(verdict("devices come and go", charon))

step("%d groups and %d classes are loaded, devices come and go, classes are shown" %
     (GROUPS, CLASSES))
conf(GROUPS, CLASSES)
said = []
with charon:
    begin = time.monotonic()
    threads = background(come_and_go, lambda: said.append(reload_and_await()))
    for t in threads:
        t.join()
    print("  %.1f s; %s" % (time.monotonic() - begin, said[0]["warnings"]))
good.append(verdict("5,000 groups, 2,000 classes", charon))
check(len(classes()) == CLASSES + 1, "classes are missing")

step("one more class")
conf(GROUPS, CLASSES + 1)
with open(ROOM + "/monitor", "w", encoding="utf-8") as out:
    monitor = subprocess.Popen(["tc", "-n", "router", "monitor"], stdout=out)
    # tc does not say when it begins to listen
    sh("ip -n router link add probe type dummy")
    eventually("tc monitor listens", lambda: sh(
        "tc -n router qdisc replace dev probe root pfifo; grep -c pfifo %s/monitor || true"
        % ROOM) != "0\n", 20)
    with charon:
        reload_and_await()
    good.append(verdict("one class more", charon))
    sh("tc -n router qdisc replace dev probe root bfifo")
    eventually("all is told", lambda: sh(
        "grep -c bfifo %s/monitor || true" % ROOM) != "0\n", 20)
    monitor.terminate()
    monitor.wait()
with open(ROOM + "/monitor", encoding="utf-8") as told:
    touched = changed(told.read())
print("  tc monitor told of %d classes: %s" % (len(touched), sorted(touched)[:5]))
good.append(touched == {"%x" % (CLASSES + 1), "ffff", "0"} or
            touched == {"%x" % (CLASSES + 1), "ffff"})

step("the same file again")
with charon:
    reload_and_await()
good.append(verdict("nothing changes", charon))

step("another mark for each group")
conf(GROUPS, CLASSES + 1, 2 * GROUPS)
begin = time.monotonic()
with charon:
    reload_and_await()
print("  %.1f s" % (time.monotonic() - begin))
good.append(verdict("another mark for each group", charon))
marks = {g["id"]: g["mark"] for g in
         json.loads(sh("build/bin/ipsec-qos -n router -j group show"))}
wrong = [i for i in range(1, GROUPS + 1)
         if int(str(marks.get(i, 0)), 0) != (i + 2 * GROUPS) << 4]
check(not wrong, "marks are still as they were: %s" % wrong[:5])

step("the daemon ends while nobody else has the RTNL")
conf(4, 2)
subprocess.run(["ip", "-n", "router", "-batch", "-"], check=True, text=True,
               input="".join("link add d%d group 7 type veth peer name e%d group 7\n" %
                             (i, i) for i in range(DEVICES // 2)))
holder = subprocess.Popen(["ip", "-n", "router", "link", "del", "group", "7"])
time.sleep(0.2)
begin = time.monotonic()
daemon.send_signal(15)
eventually("the socket is gone", lambda: not os.path.exists(SOCK), 8)
print("  after %.2f s it serves nobody any more; RTNL was %s" % (
    time.monotonic() - begin, "held still" if holder.poll() is None else "free"))
check(daemon.wait(60) == 0, "the daemon ended with %s" % daemon.returncode)
holder.wait()
check(all(good), "not as it should be: %s" % good)
step("as it should be")
