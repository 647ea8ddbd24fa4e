# SPDX-License-Identifier: MIT
"""Page tables as they lie in the guest's memory, read from outside and believed in nothing (Intel SDM vol. 3, 4.5)."""
import re
import struct

from support.failure import check

PAGE = 4096
PRESENT, WRITE, USER, WRITE_THROUGH, CACHE_DISABLE, LARGE = 1, 2, 4, 1 << 3, 1 << 4, 1 << 7
GLOBAL, PAT_LARGE, NO_EXECUTE = 1 << 8, 1 << 12, 1 << 63
PAT_4K = 1 << 7
ADDRESS_MASK = 0x000ffffffffff000
HIGH_HALF = 0xffff800000000000


class Leaf:
    """A page, with the rights that all levels leave; cache is its number in the page attribute table."""

    def __init__(self, virtual, size, entry, rights):
        self.virtual, self.size = virtual, size
        self.physical = entry & ADDRESS_MASK & ~(size - 1)
        self.is_writable = bool(rights & WRITE)
        self.is_executable = not rights & NO_EXECUTE
        self.is_user = bool(rights & USER)
        self.is_global = bool(entry & GLOBAL)
        pat = PAT_4K if size == PAGE else PAT_LARGE
        self.cache = bool(entry & WRITE_THROUGH) + 2 * bool(entry & CACHE_DISABLE) + 4 * bool(entry & pat)

    @property
    def end(self):
        return self.virtual + self.size

    def __str__(self):
        access = ("W" if self.is_writable else "-") + ("X" if self.is_executable else "-")
        return f"{self.virtual:#x} + {self.size:#x} -> {self.physical:#x} {access} cache {self.cache}"


class PageTables:
    """The tables that CR3 names: all leaves by address, the frames of the tables, the entries of the root."""

    def __init__(self, machine, has_nx=True):
        self._machine, self._has_nx = machine, has_nx
        self.cr3 = int(re.search(r"CR3=([0-9a-f]+)", machine.qmp.monitor("info registers"))[1], 16)
        self.leaves, self.tables = [], set()
        self.root = self._visit(self.cr3 & ADDRESS_MASK, 3, 0, WRITE | USER)
        print(f"{len(self.leaves)} leaves, {len(self.tables)} tables, CR3 {self.cr3:#x}")

    def _visit(self, table, level, base, rights):
        check(table not in self.tables, f"the frame {table:#x} is a table in two places")
        self.tables.add(table)
        entries = struct.unpack("<512Q", self._machine.physical_memory(table, PAGE))
        for index, entry in enumerate(entries):
            if not entry & PRESENT:
                continue
            size = 1 << (12 + 9 * level)
            virtual = base + index * size
            if virtual & 1 << 47:
                virtual |= HIGH_HALF
            check(not entry & USER or virtual < HIGH_HALF, f"the entry {entry:#x} of {virtual:#x} lets ring 3 pass")
            check(self._has_nx or not entry & NO_EXECUTE,
                  f"a reserved bit is set on a CPU without NX: entry of {virtual:#x}")
            left = (rights & entry & (WRITE | USER)) | ((rights | entry) & NO_EXECUTE)
            if level == 0 or (level < 3 and entry & LARGE):
                check(level == 0 or not entry & (size - 1) & ADDRESS_MASK & ~PAT_LARGE,
                      f"reserved bits are set: entry {entry:#x} of {virtual:#x}")
                self.leaves.append(Leaf(virtual, size, entry, left))
            else:
                self._visit(entry & ADDRESS_MASK, level - 1, virtual, left)
        return entries

    def within(self, start, size):
        return [leaf for leaf in self.leaves if start <= leaf.virtual < start + size]
