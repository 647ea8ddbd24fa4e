# SPDX-License-Identifier: MIT
"""A small reader and patcher of 64-bit ELF files, for the image checks and for tests that break a kernel on purpose."""
import struct
from dataclasses import dataclass
from pathlib import Path

from support.failure import Failure

PT_LOAD = 1
PT_NOTE = 4
PF_X, PF_W, PF_R = 1, 2, 4
SHF_ALLOC = 2
SHT_SYMTAB = 2
SHT_NOBITS = 8
MACHINE_X86_64 = 62

HEADER = "<16sHHIQQQIHHHHHH"
SEGMENT = "<IIQQQQQQ"
SECTION = "<IIQQQQIIQQ"

# Byte offsets of fields that tests overwrite.
OFFSET_CLASS = 4
OFFSET_MACHINE = 18
OFFSET_ENTRY = 24
SEGMENT_TYPE, SEGMENT_FLAGS, SEGMENT_OFFSET, SEGMENT_VADDR = 0, 4, 8, 16
SEGMENT_PADDR, SEGMENT_FILESZ, SEGMENT_MEMSZ = 24, 32, 40


@dataclass
class Segment:
    position: int  # of its program header in the file
    type: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    align: int

    def __str__(self):
        flags = "".join(letter if self.flags & bit else "-" for letter, bit in (("R", PF_R), ("W", PF_W), ("X", PF_X)))
        return f"{flags} {self.vaddr:#x} + {self.memsz:#x}"


@dataclass
class Section:
    name: str
    type: int
    flags: int
    addr: int
    offset: int
    size: int


class Elf:
    def __init__(self, data):
        self.data = data
        if data[:4] != b"\x7fELF" or data[4] != 2:
            raise Failure("not a 64-bit ELF file")
        (_, self.type, self.machine, _, self.entry, phoff, shoff, _, _, phentsize, phnum, shentsize, shnum,
         shstrndx) = struct.unpack_from(HEADER, data)
        self.segments = []
        for index in range(phnum):
            position = phoff + index * phentsize
            kind, flags, offset, vaddr, paddr, filesz, memsz, align = struct.unpack_from(SEGMENT, data, position)
            self.segments.append(Segment(position, kind, flags, offset, vaddr, paddr, filesz, memsz, align))
        raw = [struct.unpack_from(SECTION, data, shoff + index * shentsize) for index in range(shnum)]
        names = raw[shstrndx] if shnum else None
        self.sections = []
        for name, kind, flags, addr, offset, size, *_ in raw[1:]:
            start = names[4] + name
            text = data[start:data.index(b"\0", start)].decode()
            self.sections.append(Section(text, kind, flags, addr, offset, size))

    @classmethod
    def from_file(cls, path):
        with open(path, "rb") as file:
            return cls(file.read())

    def loads(self):
        return [segment for segment in self.segments if segment.type == PT_LOAD]

    def section(self, name):
        return next((section for section in self.sections if section.name == name), None)

    def contents(self, section):
        return b"" if section.type == SHT_NOBITS else self.data[section.offset:section.offset + section.size]

    def symbols(self):
        """The addresses of all symbols, by name; of names that several files use, one."""
        names = self.contents(self.section(".strtab"))
        return {names[name:names.index(b"\0", name)].decode(): value for name, _, _, _, value, _
                in struct.iter_unpack("<IBBHQQ", self.contents(self.section(".symtab")))}

    def notes(self):
        """(owner, type, position of the descriptor in the file, its length) of every note in a PT_NOTE."""
        for segment in self.segments:
            if segment.type != PT_NOTE:
                continue
            position = segment.offset
            while position + 12 <= segment.offset + segment.filesz:
                name_size, descriptor_size, kind = struct.unpack_from("<III", self.data, position)
                name = self.data[position + 12:position + 12 + name_size].rstrip(b"\0").decode(errors="replace")
                descriptor = position + 12 + (name_size + 3) // 4 * 4
                yield name, kind, descriptor, descriptor_size
                position = descriptor + (descriptor_size + 3) // 4 * 4


def symbols32(path):
    """The addresses of the symbols of a 32-bit ELF file (stage2.elf), by name."""
    data = Path(path).read_bytes()
    if data[:5] != b"\x7fELF\x01":
        raise Failure(f"{path} is not a 32-bit ELF file")
    table_at, = struct.unpack_from("<I", data, 32)
    entry_size, count = struct.unpack_from("<HH", data, 46)
    sections = [struct.unpack_from("<10I", data, table_at + index * entry_size) for index in range(count)]
    result = {}
    for _, kind, _, _, offset, size, names, *_ in sections:
        if kind != SHT_SYMTAB:
            continue
        for position in range(offset, offset + size, 16):
            name, value = struct.unpack_from("<II", data, position)
            start = sections[names][4] + name
            result[data[start:data.index(b"\0", start)].decode()] = value
    return result


def make_elf(segments, entry):
    """An executable made of nothing but (flags, virtual address, bytes, size in memory) segments; no note."""
    position = 64 + 56 * len(segments)
    header = struct.pack(HEADER, b"\x7fELF\2\1\1" + bytes(9), 2, MACHINE_X86_64, 1, entry, 64, 0, 0, 64, 56,
                         len(segments), 0, 0, 0)
    table = contents = b""
    for flags, vaddr, data, memsz in segments:
        table += struct.pack(SEGMENT, PT_LOAD, flags, position + len(contents), vaddr, vaddr, len(data), memsz, 4096)
        contents += data
    return header + table + contents


def patched(data, position, value, width):
    """A copy of the file's bytes with one little-endian field changed."""
    return data[:position] + value.to_bytes(width, "little") + data[position + width:]


def patched_segment(data, segment, field, value):
    """A copy with a field of a program header changed: field is one of the SEGMENT_ constants."""
    width = 4 if field in (SEGMENT_TYPE, SEGMENT_FLAGS) else 8
    return patched(data, segment.position + field, value, width)


def checksum_words64(data, first=0, second=0):
    """The two running sums of a checksum note (boot/boot_info.h) over 64-bit words, the last one zero-extended."""
    data = data + bytes(-len(data) % 8)
    for (word,) in struct.iter_unpack("<Q", data):
        first += word
        second += first
    return first % (1 << 64), second % (1 << 64)


def kernel_checksum(elf):
    first = second = 0
    for segment in elf.loads():
        first, second = checksum_words64(elf.data[segment.offset:segment.offset + segment.filesz], first, second)
    return first, second


def checksum_note(elf):
    """The position of the descriptor of the boot protocol's checksum note, or None."""
    return next((position for name, kind, position, _ in elf.notes() if name == "Hewn" and kind == 1), None)


def sealed(data):
    """A copy with the checksum note filled in, for kernels that a test has changed."""
    elf = Elf(data)
    position = checksum_note(elf)
    if position is None:
        raise Failure("the kernel has no checksum note to fill in")
    return data[:position] + struct.pack("<QQ", *kernel_checksum(elf)) + data[position + 16:]


def without_note(data):
    """A copy whose checksum note has another owner, so that nobody finds it."""
    position = checksum_note(Elf(data))
    return data if position is None else data[:position - 8] + b"None\0\0\0\0" + data[position:]
