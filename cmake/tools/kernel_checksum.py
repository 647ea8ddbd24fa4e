#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fills in a kernel's checksum note, in place (stage2/include/boot/boot_info.h says what it covers). Called by the build
after the link."""
import struct
import sys

PT_LOAD, PT_NOTE = 1, 4
MASK = (1 << 64) - 1


def program_headers(data):
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for i in range(count):
        kind, _, at, _, _, in_file = struct.unpack_from("<IIQQQQ", data, offset + i * size)
        yield kind, at, in_file


def main(path):
    with open(path, "r+b") as file:
        data = file.read()
        if data[:5] != b"\x7fELF\x02":
            sys.exit(f"{path}: not an ELF64 file")
        first = second = 0
        note = None
        for kind, offset, size in program_headers(data):
            if kind == PT_LOAD:
                segment = data[offset:offset + size] + bytes(-size % 8)
                for word, in struct.iter_unpack("<Q", segment):
                    first = (first + word) & MASK
                    second = (second + first) & MASK
            elif kind == PT_NOTE and data[offset:offset + 20] == struct.pack("<III8s", 5, 16, 1, b"Hewn"):
                note = offset + 20
        if note is None:
            sys.exit(f"{path}: has no checksum note to fill in")
        file.seek(note)
        file.write(struct.pack("<QQ", first, second))


if __name__ == "__main__":
    main(*sys.argv[1:])
