#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""rekey_times.py SOCKET - rekey the only CHILD SA of a charon again and again

Each time, how many milliseconds it took is printed.
"""
import sys
import time

from vici import Charon


def installed(charon):
    """SPI and ID of each CHILD SA that is up; not of one that is gone in a moment."""
    return [(spi, uid) for kind, state, uid, spi in charon.sas()
            if (kind, state) == ("child", "INSTALLED")]


def main():
    charon = Charon(sys.argv[1])
    while True:
        (before, uid), = installed(charon)
        started = time.monotonic()
        charon.ask("rekey", {"child-id": uid})
        while True:
            up = installed(charon)
            if len(up) == 1 and up[0][0] != before:
                break
            time.sleep(0.05)
        print(round((time.monotonic() - started) * 1000), flush=True)


if __name__ == "__main__":
    main()
