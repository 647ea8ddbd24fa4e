#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Says how much room is left in the boot sector, or how many bytes are too many. Called by the build with the assembled
file and NASM's symbol map; the two parts are what lies before and after the hole that Windows 9x stamps."""
import re
import sys

SECTOR_START = 0x7C00
PARTS = {"part1_end": 0xDA, "part2_end": 0x1B8}


def main(binary, symbol_map):
    symbols = {}
    with open(symbol_map) as file:
        for line in file:
            match = re.match(r"\s*([0-9A-F]+)\s+[0-9A-F]+\s+(\w+)$", line)
            if match:
                symbols[match[2]] = int(match[1], 16) - SECTOR_START
    with open(binary, "rb") as file:
        code = file.read()
    for name, limit in PARTS.items():
        if symbols[name] > limit:
            sys.exit(f"boot sector: {symbols[name] - limit} bytes over (before {limit:#x})")
    if len(code) != 512:
        sys.exit(f"boot sector: {len(code)} bytes, not 512")
    # Padding is the run of zero bytes before each limit; a variable that is zero may stand there and count as free.
    free = [limit - len(code[:limit].rstrip(b"\0")) for limit in PARTS.values()]
    print(f"boot sector: {sum(free)} bytes left ({free[0]} before 0xda, {free[1]} before 0x1b8)")


if __name__ == "__main__":
    main(*sys.argv[1:])
