# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the users of tests/lib/users.sh get, up and down: users.py DOWN UP NAME=ADDRESS...,
in kilobits a second, with each one's address out of the pool.
"""
import sys

from figures import bar, end, esp_frame, measure, near, qos, table, verdict

SIZE = 400
DOWN, UP = (float(word) for word in sys.argv[1:3])
USERS = dict(word.split("=") for word in sys.argv[3:])


def clear_frame(size):
    return 14 + 20 + 8 + size


def main():
    flows = []
    for name, inner in USERS.items():
        flows.append("srv,%s,%s,5000,%d,%d" % (name, inner, SIZE, esp_frame(SIZE)))
        flows.append("%s,srv,10.1.1.80,6%s,%d,%d" % (
            name, inner.split(".")[-1], SIZE, clear_frame(SIZE)))
    rates, _ = measure(3 * DOWN / 1e3, flows)
    peers = {p["eap"]: p for p in qos("daemon", "status")["peers"]}
    groups = {g["name"]: g for g in qos("group", "show")}
    rows = []
    for i, (name, inner) in enumerate(USERS.items()):
        peer = peers.get(name + "@corp.example", {})
        group = groups.get(peer.get("group"), {"mark": 0, "mask": 0})
        down, up = (rate * 1e3 for rate in rates[2 * i:2 * i + 2])
        rows.append((peer.get("eap", "-"), peer.get("remote", "-"), inner,
                     peer.get("group", "-"), "%#x" % group["mark"],
                     "%.0f" % down, bar(down / DOWN / 2).ljust(11),
                     "%.0f" % up, bar(up / DOWN / 2).ljust(11),
                     verdict(group["mark"] and near(down, DOWN) and near(up, UP))))
    table("A limit for each: %g kbit/s down, %g up, all at once, three times that offered"
          % (DOWN, UP),
          ["proved in EAP", "from", "address", "group", "mark", "down", "", "up", "", ""],
          rows)
    end()


main()
