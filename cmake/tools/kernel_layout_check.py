#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Refuses a second link that moved something: the table of symbols describes the first one.

    kernel_layout_check.py <kernel of the first link> <kernel of the second link>

Everything but .symbols must be where it was. Called by the build (cmake/kernel_link.cmake).
"""
import sys
from collections import Counter

from elf64 import SHF_ALLOC, Elf64

STT_FILE = 4
TABLE = ".symbols"
TABLE_END = "symbol_table_end"


class Layout:
    """Sections that are loaded, by name, and all symbols, each with where it is."""

    def __init__(self, path):
        elf = Elf64(path)
        self.entry = elf.entry
        self.sections = {elf.name_of(each): (each.address, each.size) for each in elf.sections
                         if each.flags & SHF_ALLOC}
        self.table = self.sections.pop(TABLE, None)
        self.symbols = Counter((each.name, each.value, each.size) for each in elf.symbols()
                               if each.info & 15 != STT_FILE and each.name not in ("", TABLE_END))


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
