# SPDX-License-Identifier: MIT
"""The sections and symbols of an ELF64 file, for the tools of this folder."""
import struct
import sys
from collections import namedtuple

SHT_SYMTAB = 2
SHF_ALLOC = 2
SHF_EXECUTABLE = 4

Section = namedtuple("Section", "name_offset kind flags address offset size link info alignment entry_size")
Symbol = namedtuple("Symbol", "name info section value size")


class Elf64:
    def __init__(self, path):
        with open(path, "rb") as file:
            self._data = file.read()
        if self._data[:5] != b"\x7fELF\x02":
            sys.exit(f"{path}: not an ELF64 file")
        self.entry, = struct.unpack_from("<Q", self._data, 24)
        position, = struct.unpack_from("<Q", self._data, 40)
        size, count, self._names = struct.unpack_from("<HHH", self._data, 58)
        self.sections = [Section(*struct.unpack_from("<IIQQQQIIQQ", self._data, position + i * size))
                         for i in range(count)]

    def _text_at(self, start):
        return self._data[start:self._data.index(b"\0", start)].decode()

    def name_of(self, section):
        return self._text_at(self.sections[self._names].offset + section.name_offset)

    def symbols(self):
        for table in self.sections:
            if table.kind != SHT_SYMTAB:
                continue
            names = self.sections[table.link].offset
            for at in range(table.offset, table.offset + table.size, 24):
                name, info, _, section, value, size = struct.unpack_from("<IBBHQQ", self._data, at)
                yield Symbol(self._text_at(names + name), info, section, value, size)
