#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Refuses a second link that moved something: the table of symbols describes the first one.

    kernel_layout_check.py <kernel of the first link> <kernel of the second link>

Everything but .symbols must be where it was. Called by the build (cmake/kernel_link.cmake).
"""
import struct
import sys
from collections import Counter

SHT_SYMTAB = 2
SHF_ALLOC = 2
STT_FILE = 4
TABLE = ".symbols"
TABLE_END = "symbol_table_end"


def text_at(data, start):
    return data[start:data.index(b"\0", start)].decode()


class Layout:
    """Sections that are loaded, by name, and all symbols, each with where it is."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        if data[:5] != b"\x7fELF\x02":
            sys.exit(f"{path}: not an ELF64 file")
        position, = struct.unpack_from("<Q", data, 40)
        size, count, names = struct.unpack_from("<HHH", data, 58)
        raw = [struct.unpack_from("<IIQQQQIIQQ", data, position + i * size) for i in range(count)]
        self.entry, = struct.unpack_from("<Q", data, 24)
        self.sections = {text_at(data, raw[names][4] + each[0]): (each[3], each[5]) for each in raw
                         if each[2] & SHF_ALLOC}
        self.table = self.sections.pop(TABLE, None)
        self.symbols = Counter()
        for section in raw:
            if section[1] != SHT_SYMTAB:
                continue
            for at in range(section[4], section[4] + section[5], 24):
                name, info, _, _, value, length = struct.unpack_from("<IBBHQQ", data, at)
                text = text_at(data, raw[section[6]][4] + name)
                if info & 15 != STT_FILE and text and text != TABLE_END:
                    self.symbols[text, value, length] += 1


def difference(first, second):
    """A sentence on what moved, or None."""
    if first.entry != second.entry:
        return f"the entry moved from {first.entry:#x} to {second.entry:#x}"
    for name in first.sections.keys() | second.sections.keys():
        one, other = first.sections.get(name), second.sections.get(name)
        if one != other:
            return f"section {name} changed: (address, size) was {one} and is {other}"
    moved = (first.symbols - second.symbols) + (second.symbols - first.symbols)
    if moved:
        name, value, _ = min(moved)
        return f"{len(moved)} symbols differ, for example {name} at {value:#x}"
    if second.table is None or second.table[1] == 0:
        return f"the second link has no {TABLE}"
    if any(address + size > second.table[0] for address, size in second.sections.values()):
        return f"{TABLE} is not the last section"
    return None


def main(first_path, second_path):
    first, second = Layout(first_path), Layout(second_path)
    sentence = difference(first, second)
    if sentence is not None:
        sys.exit(f"{second_path}: its table of symbols would be wrong, because the second link differs from the first: "
                 f"{sentence}")


if __name__ == "__main__":
    main(*sys.argv[1:])
