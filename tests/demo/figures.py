# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the demonstrations print: tables of figures, each with a verdict, and what arrives
of competing load. GW is how one comes to the gateway.
"""
import json
import os
import re
import shlex
import subprocess
import sys

GW = os.environ["GW"].split() + ["ipsec-qos", "-j"]
SECONDS, ATTEMPTS = 6, 5
BUSY = 3        # what load.py exits with where this machine is too busy
wrong = 0


def qos(*args):
    return json.loads(subprocess.check_output(GW + list(args)))


def verdict(good):
    global wrong
    wrong += not good
    return "ok" if good else "NOT OK"


def table(title, head, rows):
    """Columns as wide as they need to be; numbers to the right"""
    rows = [[str(c) for c in r] for r in rows]
    width = [max(len(r[i]) for r in [head] + rows) for i in range(len(head))]
    right = [all(re.fullmatch(r"[\d ]+(\.\d+)?", r[i]) for r in rows)
             for i in range(len(head))]
    print("\n%s\n" % title)
    for r in [head, ["-" * w for w in width]] + rows:
        print("  " + "  ".join(c.rjust(w) if n else c.ljust(w)
                               for c, w, n in zip(r, width, right)).rstrip())
    sys.stdout.flush()


def esp_frame(size):
    """An Ethernet frame of AES-GCM in tunnel mode, RFC 4303 section 2"""
    return 14 + 20 + 8 + 8 + (20 + 8 + size + 2 + 3) // 4 * 4 + 16


def measure(flood, flows):
    """Megabits a second that arrived of each, sent with so many, and what class show said"""
    command = " ".join(shlex.quote(w) for w in GW + ["class", "show"])
    for attempt in range(ATTEMPTS):
        if attempt:
            print("  this machine was too busy: measured again", flush=True)
        done = subprocess.run([sys.executable, "tests/lib/load.py", str(flood),
                               str(SECONDS), command, *flows],
                              stdout=subprocess.PIPE, check=False)
        if done.returncode != BUSY:
            break
    if done.returncode:
        sys.exit("nothing measured: load.py ended with %d" % done.returncode)
    out = json.loads(done.stdout)
    return [r / 1e6 for r in out["rates"]], out["said"]


def bar(share):
    return "#" * round(20 * share)


def near(got, want):
    return 0.85 * want <= got <= 1.15 * want


def end():
    print("\n%s" % ("%d figures are not as configured." % wrong if wrong else
                    "Every figure is as configured (rates within 15 %)."))
    sys.exit(1 if wrong else 0)
