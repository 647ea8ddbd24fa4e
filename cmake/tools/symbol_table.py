#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the names and source lines of a linked kernel as a NASM source for its second link.

    symbol_table.py <llvm-dwarfdump> <source root> <kernel of the first link> <symbols.asm>

Called by the build (cmake/kernel_link.cmake). The layout of what it writes is struct symbol_table of
kernel/debug/symbols/include/symbols/symbols.h. Same kernel, same output.
"""
import os
import re
import struct
import subprocess
import sys
from bisect import bisect_left, bisect_right

from elf64 import SHF_EXECUTABLE, Elf64

MAGIC = 0x4c424d59534e5748  # "HWNSYMBL"

NOTYPE, FUNCTION = 0, 2
GLOBAL = 1

DIRECTORY = re.compile(r'^include_directories\[\s*(\d+)\] = "(.*)"$')
FILE = re.compile(r"^file_names\[\s*(\d+)\]:$")
FILE_NAME = re.compile(r'^\s+name: "(.*)"$')
FILE_DIRECTORY = re.compile(r"^\s+dir_index: (\d+)$")
VERSION = re.compile(r"^\s+version: (\d+)$")
# Address, line, column, file, ISA, discriminator, operation, flags
ROW = re.compile(r"^0x([0-9a-f]{16})\s+(\d+)\s+\d+\s+(\d+)\s+\d+\s+\d+\s+\d+(.*)$")


class Kernel:
    """The executable range of an ELF64 file, and its symbols in there."""

    def __init__(self, path):
        elf = Elf64(path)
        code = [(index, each) for index, each in enumerate(elf.sections) if each.flags & SHF_EXECUTABLE]
        if len(code) != 1:
            sys.exit(f"{path}: {len(code)} executable sections; the table of symbols is made for one")
        index, section = code[0]
        self.start, self.end = section.address, section.address + section.size
        self.symbols = [(each.value, each.info & 15, each.info >> 4, each.name) for each in elf.symbols()
                        if each.section == index and each.info & 15 in (NOTYPE, FUNCTION)]


def functions_of(kernel):
    """(address, name), one an address: a C function before a label, a global name before a local one."""
    best = {}
    for address, kind, binding, name in kernel.symbols:
        # NASM's "..@" labels come from macros, "name.local" is a place within name, the linker's name is a boundary.
        if not name or name.startswith("..@") or (kind == NOTYPE and "." in name) or address >= kernel.end:
            continue
        rank = (kind != FUNCTION, binding != GLOBAL, len(name), name)
        if address not in best or rank < best[address]:
            best[address] = rank
    return sorted((address, rank[3]) for address, rank in best.items())


class Unit:
    """The files of one line table, by number."""

    def __init__(self, root):
        self.root = root
        self.version = 0
        self.directories = {}
        self.names = {}
        self.file_directories = {}

    def path(self, number):
        """Relative to the source root; of a file that lies elsewhere, its name alone."""
        directory = self.directories.get(self.file_directories[number], "")
        top = self.directories.get(0, "") if self.version >= 5 else ""
        path = os.path.normpath(os.path.join(top, directory, self.names[number]))
        inside = os.path.relpath(path, self.root)
        return os.path.basename(path) if inside.startswith("..") or not os.path.isabs(path) else inside


def rows_of(dwarfdump, path, root, kernel):
    """(address, file or None, line) in the order of addresses; None ends what is known. Of several rows for one address,
    the last counts."""
    text = subprocess.run([dwarfdump, "--debug-line", path], stdout=subprocess.PIPE, check=True, text=True).stdout
    rows, ends = {}, set()
    unit = number = None
    for line in text.splitlines():
        if line.startswith("debug_line["):
            unit = Unit(root)
        elif match := ROW.match(line):
            address = int(match[1], 16)
            if not kernel.start <= address <= kernel.end:
                continue  # dropped by the linker, which leaves 0 as its address
            if "end_sequence" in match[4]:
                ends.add(address)
            else:
                rows[address] = (unit.path(int(match[3])), int(match[2]))
        elif match := VERSION.match(line):
            unit.version = int(match[1])
        elif match := DIRECTORY.match(line):
            unit.directories[int(match[1])] = match[2]
        elif match := FILE.match(line):
            number = int(match[1])
        elif match := FILE_NAME.match(line):
            unit.names[number] = match[1]
        elif match := FILE_DIRECTORY.match(line):
            unit.file_directories[number] = int(match[1])
    if not rows:
        sys.exit(f"{path}: {dwarfdump} finds no source lines; the kernel must be compiled and assembled with -g")
    for address in ends - rows.keys():
        rows[address] = (None, 0)
    return without_repeats(sorted((address, file, line) for address, (file, line) in rows.items()))


def without_repeats(rows):
    result = []
    for row in rows:
        if not result or result[-1][1:] != row[1:]:
            result.append(row)
    return result


class Strings:
    def __init__(self):
        self.data = bytearray()
        self.places = {}

    def place(self, text):
        if text not in self.places:
            self.places[text] = len(self.data)
            self.data += text.encode() + b"\0"
        return self.places[text]


def number(value):
    """LEB128: seven bits a byte, the lowest first; the highest bit says that more follow."""
    result = bytearray()
    while value > 0x7f:
        result.append(value & 0x7f | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def signed_number(value):
    return number(value << 1 if value >= 0 else (-value << 1) - 1)


def encoded_rows(start, rows, files):
    """The rows of a function at `start`, each as its distance from the one before."""
    result = b""
    place, old_file, old_line = start, 0, 0
    for address, file, line in rows:
        file = 0 if file is None else files[file] + 1
        result += number((address - place) << 1 | (file != old_file))
        if file != old_file:
            result += number(file)
        result += signed_number(line - old_line)
        place, old_file, old_line = address, file, line
    return result


def rows_by_function(kernel, functions, rows):
    """(address, name, its rows) of each function. A row reaches to the next one, so the first row of a function may be
    the last one before it."""
    addresses = [row[0] for row in rows]
    ends = [address for address, _ in functions[1:]] + [kernel.end]
    for (start, name), end in zip(functions, ends):
        first, last = bisect_right(addresses, start), bisect_left(addresses, end)
        known = rows[first - 1][1:] if first > 0 else (None, 0)
        yield start, name, [(start, *known), *rows[first:last]]


def table(kernel, functions, rows):
    strings = Strings()
    files = sorted({file for _, file, _ in rows if file is not None})
    numbers = {file: number for number, file in enumerate(files)}
    entries = lines = b""
    for start, name, own in rows_by_function(kernel, functions, rows):
        entries += struct.pack("<III", start - kernel.start, strings.place(name), len(lines))
        lines += encoded_rows(start, own, numbers)
    places = b"".join(struct.pack("<I", strings.place(file)) for file in files)
    head = struct.pack("<QQIIIIII", MAGIC, kernel.start, kernel.end - kernel.start, len(functions), len(files),
                       len(lines), len(strings.data), 0)
    return head + entries + places + lines + bytes(strings.data)


def write_source(path, data):
    with open(path, "w") as file:
        file.write("; SPDX-License-Identifier: MIT\n"
                   "; Written by cmake/tools/symbol_table.py: names and lines of the kernel's first link.\n"
                   "section .symbols progbits alloc noexec nowrite align=8\n")
        for start in range(0, len(data), 16):
            file.write("db " + ",".join(map(str, data[start:start + 16])) + "\n")


def main(dwarfdump, root, path, source):
    kernel = Kernel(path)
    functions = functions_of(kernel)
    if not functions:
        sys.exit(f"{path}: has no symbols")
    rows = rows_of(dwarfdump, path, os.path.abspath(root), kernel)
    write_source(source, table(kernel, functions, rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
