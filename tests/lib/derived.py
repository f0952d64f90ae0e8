#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""derived.py SCHEME [KEY] ORIGINATOR [ANSWER] - an SPI and the one that answers it

SPIs are 8 hexadecimal digits. Without ANSWER the derived digits are printed; with
it, succeeds where these are its last ones.
"""
import hashlib
import struct
import sys

DIGITS = {"md5-low16": 4, "md5-low24": 6, "md5-full": 8, "siphash-low16": 4}
MASK = (1 << 64) - 1


def siphash(key, message):
    """SipHash-2-4 of less than 8 bytes, as its 8 bytes"""
    def rol(x, n):
        return (x << n | x >> (64 - n)) & MASK

    def rounds(n):
        for _ in range(n):
            v[0] = (v[0] + v[1]) & MASK
            v[2] = (v[2] + v[3]) & MASK
            v[1], v[3] = rol(v[1], 13) ^ v[0], rol(v[3], 16) ^ v[2]
            v[0] = (rol(v[0], 32) + v[3]) & MASK
            v[2] = (v[2] + v[1]) & MASK
            v[1], v[3] = rol(v[1], 17) ^ v[2], rol(v[3], 21) ^ v[0]
            v[2] = rol(v[2], 32)

    k0, k1 = struct.unpack("<QQ", key)
    v = [k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
         k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573]
    last, = struct.unpack("<Q", message.ljust(7, b"\0") + bytes([len(message)]))
    v[3] ^= last
    rounds(2)
    v[0] ^= last
    v[2] ^= 0xff
    rounds(4)
    return struct.pack("<Q", v[0] ^ v[1] ^ v[2] ^ v[3])


def derived(scheme, key, originator):
    spi = bytes.fromhex(originator)
    if scheme == "siphash-low16":
        return siphash(bytes.fromhex(key), spi).hex()[:4]
    return hashlib.md5(spi).hexdigest()[:DIGITS[scheme]]


def main():
    scheme, *rest = sys.argv[1:]
    key = rest.pop(0) if scheme == "siphash-low16" else None
    digits = derived(scheme, key, rest[0])
    if len(rest) == 1:
        print(digits)
        return 0
    return not rest[1].endswith(digits)


if __name__ == "__main__":
    sys.exit(main())
