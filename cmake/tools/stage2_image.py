#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pads stage 2 to whole sectors, fills in its header (stage2/entry.asm) and tells the boot sector how many sectors that
are. Called by the build."""
import struct
import sys

SECTOR = 512
SECTORS_MOST = 127  # one BIOS call (Phoenix EDD)
MAGIC, VERSION = b"HWN2", 1
CHECK_WORDS_AT = 8  # byte offset of the two words that make the sums zero


def sums(words):
    """The boot sector's two sums: it starts the first one with 1."""
    first, second = 1, 0
    for word in words:
        first = (first + word) & 0xFFFF
        second = (second + first) & 0xFFFF
    return first, second


def main(flat, image, include):
    with open(flat, "rb") as file:
        data = bytearray(file.read())
    if data[:4] != MAGIC or struct.unpack_from("<H", data, 4)[0] != VERSION:
        sys.exit(f"stage 2: {flat} does not begin with its header")
    size = len(data)
    data += bytes(-size % SECTOR)
    sectors = len(data) // SECTOR
    if sectors > SECTORS_MOST:
        sys.exit(f"stage 2: {size - SECTORS_MOST * SECTOR} bytes over ({SECTORS_MOST} sectors are the most)")
    struct.pack_into("<HHH", data, 6, sectors, 0, 0)

    # A word x at index i adds x to the first sum and (count - i) * x to the second one. Two neighbours c, d can
    # therefore take away any pair of sums: c + d = -first and (n)c + (n-1)d = -second.
    words = struct.unpack(f"<{len(data) // 2}H", data)
    first, second = sums(words)
    weight = len(words) - CHECK_WORDS_AT // 2
    c = (-second + (weight - 1) * first) & 0xFFFF
    struct.pack_into("<HH", data, CHECK_WORDS_AT, c, (-first - c) & 0xFFFF)
    if sums(struct.unpack(f"<{len(data) // 2}H", data)) != (0, 0):
        sys.exit("stage 2: the checksum words do not do their work")

    with open(image, "wb") as file:
        file.write(data)
    with open(include, "w") as file:
        file.write(f"STAGE2_SECTORS equ {sectors}\n")
    print(f"stage 2: {size} bytes, {sectors} sectors; {SECTORS_MOST * SECTOR - size} bytes left")


if __name__ == "__main__":
    main(*sys.argv[1:])
