# SPDX-License-Identifier: MIT
"""What can be seen of boot.img and kernel.elf without running them. Each check prints the number it looked at.

The layout is design.md's "The disk image"; the constants below are its only copy on the test side.
"""
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import case, run_cases
from support.elf import MACHINE_X86_64, PF_W, PF_X, SHF_ALLOC, Elf, checksum_note, kernel_checksum
from support.failure import Failure, check, check_equal
from support.volumes import check_volume, chs, open_volume

SECTOR = 512
PAGE = 4096
IMAGE_SECTORS = 130 * 16 * 63
VOLUME_FIRST, VOLUME_LAST = 2048, 131039
STAGE2_LAST_LBA = 127
BOOT_CHAIN_WANTED = 28 * 1024
BOOT_CHAIN_LIMIT = 127 * SECTOR
PARTITION_TYPE = 0x0e
CLUSTER_BYTES = 4096
VOLUME_FILES = ("KERNEL.ELF", "HEWN.CFG", "EFI/BOOT/BOOTX64.EFI", "FONTS.TXT")

BPB = range(0x03, 0x5b)
# name: (first byte, length, value); a value of None is free.
BPB_FIELDS = {
    "OEM name": (0x03, 8, None),
    "bytes per sector": (0x0b, 2, 512),
    "sectors per track": (0x18, 2, 63),
    "heads": (0x1a, 2, 16),
}

KERNEL_BASE = 0xffffffff80000000
# Those of kernel/kernel.ld.
KNOWN_SECTIONS = re.compile(r"\.(text|rodata|sealed|data|bss|landings|commands|(boot|double_fault|nmi|machine_check|db)_stack|note\.hewn|symbols|symtab|strtab|shstrtab|debug_\w+)")
USES_VECTOR_REGISTERS = ("crash_not_available", "crash_x87", "crash_simd")  # to be refused, or to fail
VECTOR_REGISTER = re.compile(r"%(xmm|ymm|zmm|mm|st)\b|%(xmm|ymm|zmm|mm)\d|%st\(")
X87 = re.compile(r"^\s*[0-9a-f]+:\s+f(ld|st|ist|add|sub|mul|div|com|ucom|ch|xch|ild|bld|bst|tst|xam|abs|sqrt|"
                 r"rndint|ninit|init|nclex|nsave|rstor|nstcw|ldcw|nstsw)\w*\b")
LLVM_MINIMUM = 19


def image_bytes(context, start, length):
    with open(context.boot_image, "rb") as file:
        file.seek(start)
        return file.read(length)


def boot_sector(context):
    return image_bytes(context, 0, SECTOR)


# struct symbol_table of kernel/debug/symbols/include/symbols/symbols.h
SYMBOL_TABLE, FUNCTION_ENTRY, FILE_ENTRY = "<QQIIIIII", "<III", "<I"


def kernel(context):
    return Elf.from_file(context.build / "kernel.elf")


def tool(*arguments):
    result = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    check(result.returncode == 0, f"{' '.join(map(str, arguments))}: {result.stdout}")
    return result.stdout


def built_with(context, variable):
    """A tool's path from the build's CMake cache."""
    cache = (context.build / "CMakeCache.txt").read_text()
    match = re.search(rf"^{variable}:\w+=(.+)$", cache, re.MULTILINE)
    if not match:
        raise Failure(f"CMakeCache.txt has no {variable}")
    return match[1]


def image_check(function):
    return case(labels=("image",))(function)


@image_check
def image_size(context):
    size = context.boot_image.stat().st_size
    print(f"boot.img: {size} bytes = {size / SECTOR / 63 / 16} cylinders")
    check_equal(size, IMAGE_SECTORS * SECTOR, "bytes of boot.img")


@image_check
def boot_sector_signature(context):
    signature = struct.unpack_from("<H", boot_sector(context), 510)[0]
    print(f"signature: {signature:#06x}")
    check_equal(signature, 0xaa55, "signature")


@image_check
def boot_sector_is_the_built_one(context):
    built = (context.build / "bootsector.bin").read_bytes()
    print(f"bootsector.bin: {len(built)} bytes")
    check_equal(len(built), SECTOR, "bytes of bootsector.bin")
    differing = [f"{index:#x}" for index, (a, b) in enumerate(zip(built, boot_sector(context))) if a != b]
    outside = [each for each in differing if not 0x1b8 <= int(each, 16) < 0x1fe]
    check(not outside, f"boot.img's first sector is not bootsector.bin at {outside[:8]}")


@image_check
def bpb_area_holds_four_values(context):
    sector = boot_sector(context)
    check_equal(sector[0], 0xeb, "first byte (short jump)")
    target = 2 + sector[1]
    print(f"jump to {target:#x}")
    check(target > BPB[-1], f"the jump goes to {target:#x}, into the BPB area")
    allowed = set()
    for name, (start, length, value) in BPB_FIELDS.items():
        raw = sector[start:start + length]
        print(f"{name}: {raw!r}" if value is None else f"{name}: {int.from_bytes(raw, 'little')}")
        if value is not None:
            check_equal(int.from_bytes(raw, "little"), value, name)
        allowed.update(range(start, start + length))
    used = [f"{offset:#x}={sector[offset]:#04x}" for offset in BPB if offset not in allowed and sector[offset]]
    check(not used, f"the BPB area holds more: {used}")


@image_check
def kept_free_areas_are_free(context):
    sector = boot_sector(context)
    stamp = sector[0xda:0xe0]
    copy_protect = sector[0x1bc:0x1be]
    print(f"0xDA..0xDF: {stamp.hex()}, disk signature: {sector[0x1b8:0x1bc].hex()}, 0x1BC: {copy_protect.hex()}")
    check(not any(stamp), "0xDA..0xDF is not free: some BIOSes write a time stamp there")
    # A build may give the disk a signature; code may not reach it.
    built = (context.build / "bootsector.bin").read_bytes()
    check(not any(built[0x1b8:0x1be]), "bootsector.bin has something in 0x1B8..0x1BD")
    check(not any(copy_protect), "0x1BC..0x1BD is not zero")


@image_check
def one_active_partition_with_true_geometry(context):
    sector = boot_sector(context)
    entries = [sector[start:start + 16] for start in range(0x1be, 0x1fe, 16)]
    used = [entry for entry in entries if any(entry)]
    check_equal(len(used), 1, "partition entries in use")
    entry = used[0]
    first, count = struct.unpack_from("<II", entry, 8)
    print(f"status {entry[0]:#04x}, type {entry[4]:#04x}, LBA {first}..{first + count - 1}, "
          f"CHS {entry[1:4].hex()}..{entry[5:8].hex()}")
    check_equal(entry[0], 0x80, "status")
    check_equal(entry[4], PARTITION_TYPE, "type")
    check_equal((first, first + count - 1), (VOLUME_FIRST, VOLUME_LAST), "first and last sector")
    check_equal(entry[1:4], chs(first), "CHS of the first sector")
    check_equal(entry[5:8], bytes((15, 63 | (129 >> 2 & 0xc0), 129)), "CHS of the last sector (129/15/63)")


@image_check
def boot_chain_size(context):
    stage2 = (context.build / "stage2.bin").stat().st_size
    total = SECTOR + stage2
    print(f"boot sector {SECTOR} + stage 2 {stage2} = {total} bytes; wanted {BOOT_CHAIN_WANTED}, "
          f"limit {BOOT_CHAIN_LIMIT}")
    check(stage2 <= BOOT_CHAIN_LIMIT, f"stage 2 is over its hard limit by {stage2 - BOOT_CHAIN_LIMIT} bytes")
    check(total <= BOOT_CHAIN_WANTED, f"the boot chain is over what is wanted by {total - BOOT_CHAIN_WANTED} bytes")


@image_check
def stage2_lies_behind_the_boot_sector(context):
    stage2 = (context.build / "stage2.bin").read_bytes()
    check_equal(image_bytes(context, SECTOR, len(stage2)), stage2, "bytes from LBA 1 on")
    sectors = -(-len(stage2) // SECTOR)
    print(f"stage 2: LBA 1..{sectors}")
    check(sectors <= STAGE2_LAST_LBA, f"stage 2 ends at LBA {sectors}")
    gap = image_bytes(context, (1 + sectors) * SECTOR, (VOLUME_FIRST - 1 - sectors) * SECTOR)
    check(not any(gap), "something lies between stage 2 and the volume")


@image_check
def blkid_says_dos_partition_table(context):
    text = tool("blkid", "-p", context.boot_image)
    print(text.strip())
    check('PTTYPE="dos"' in text, "blkid sees no DOS partition table")
    check(' TYPE="' not in text, "blkid takes the whole disk for a file system")


@image_check
def volume_is_clean(context):
    image = context.copy_of(context.boot_image)
    print(check_volume(image).strip())
    with open_volume(image) as volume:
        print(f"FAT{volume.bits}, {volume.cluster_count} clusters of {volume.cluster_bytes} bytes")
        check_equal(volume.bits, 16, "FAT type")
        check_equal(volume.cluster_bytes, CLUSTER_BYTES, "bytes a cluster")
        check_equal(volume.total_sectors, VOLUME_LAST - VOLUME_FIRST + 1, "sectors of the volume")
        check_equal(struct.unpack("<I", volume.read(28, 4))[0], VOLUME_FIRST, "hidden sectors")
        check_equal(struct.unpack("<HH", volume.read(24, 4)), (63, 16), "sectors a track and heads")


@image_check
def volume_holds_the_files(context):
    image = context.copy_of(context.boot_image)
    with open_volume(image) as volume:
        for name in VOLUME_FILES:
            entry = volume.find(name)
            print(f"{name}: {entry.size} bytes in {volume.extents(name)} piece(s)")
            check(entry.size > 0, f"{name} is empty")
        check(volume.contents("EFI/BOOT/BOOTX64.EFI")[:2] == b"MZ", "BOOTX64.EFI is no PE file")
        stripped = Elf(volume.contents("KERNEL.ELF"))
    names = [section.name for section in stripped.sections if section.name.startswith((".debug", ".symtab"))]
    check(not names, f"the kernel on the volume is not stripped: {names}")
    full = kernel(context)
    check_equal([each.filesz for each in stripped.loads()], [each.filesz for each in full.loads()], "segment sizes")


@image_check
def kernel_segments_are_not_rwx(context):
    elf = kernel(context)
    for segment in elf.loads():
        print(segment)
        check(not (segment.flags & PF_W and segment.flags & PF_X), f"segment {segment} is writable and executable")
    check(len(elf.loads()) >= 3, "fewer than three segments: text, constants and data cannot differ")


@image_check
def kernel_stacks_have_a_free_page_below(context):
    elf = kernel(context)
    stacks = [section for section in elf.sections if section.name.endswith("_stack")]
    check(stacks, "no section is called ..._stack")
    for stack in stacks:
        print(f"{stack.name}: {stack.addr:#x} + {stack.size:#x}")
        own = [each for each in elf.loads() if each.vaddr <= stack.addr < each.vaddr + each.memsz]
        check_equal([each.vaddr for each in own], [stack.addr], f"start of the segment of {stack.name}")
        check_equal(stack.addr % PAGE, 0, f"start of {stack.name} in its page")
        for each in elf.loads():
            end = -(-(each.vaddr + each.memsz) // PAGE) * PAGE
            check(end <= stack.addr - PAGE or each.vaddr >= stack.addr,
                  f"segment {each} reaches into the page below {stack.name}")


@image_check
def kernel_entry_is_in_text(context):
    elf = kernel(context)
    text = elf.section(".text")
    print(f"entry {elf.entry:#x}, .text {text.addr:#x} + {text.size:#x}")
    check_equal(elf.machine, MACHINE_X86_64, "machine")
    check(text.addr <= elf.entry < text.addr + text.size, "the entry lies outside .text")
    check(all(each.vaddr >= KERNEL_BASE for each in elf.loads()), "a segment lies below the kernel's range")


@image_check
def kernel_has_known_sections_only(context):
    elf = kernel(context)
    loaded = [section for section in elf.sections if section.flags & SHF_ALLOC]
    print(", ".join(f"{section.name} {section.size}" for section in loaded))
    unknown = [section.name for section in elf.sections if not KNOWN_SECTIONS.fullmatch(section.name)]
    check(not unknown, f"sections that nobody has asked for: {unknown}")


def llvm_tool(context, name):
    objcopy = Path(built_with(context, "HEWN_OBJCOPY"))
    return objcopy.with_name(objcopy.name.replace("objcopy", name))


class SymbolTable:
    """The names and lines that the kernel carries, decoded: functions as (offset, name, rows), rows as (offset, file or
    None, line)."""

    def __init__(self, elf):
        data = self.data = elf.contents(elf.section(".symbols"))
        (_, self.start, self.size, functions, files, row_bytes, string_bytes, _) = struct.unpack_from(SYMBOL_TABLE, data)
        self._at = struct.calcsize(SYMBOL_TABLE)
        entries = list(struct.iter_unpack(FUNCTION_ENTRY, self._take(functions * struct.calcsize(FUNCTION_ENTRY))))
        places = list(struct.iter_unpack(FILE_ENTRY, self._take(files * struct.calcsize(FILE_ENTRY))))
        rows, self._strings = self._take(row_bytes), self._take(string_bytes)
        check_equal(self._at, len(data), "bytes of the tables by their header")
        self.files = [self._string(place) for place, in places]
        ends = [entry[2] for entry in entries[1:]] + [row_bytes]
        self.functions = [(offset, self._string(name), list(self._rows(offset, rows[first:end])))
                          for (offset, name, first), end in zip(entries, ends)]
        self.rows = [row for _, _, own in self.functions for row in own]

    def _take(self, size):
        self._at += size
        return self.data[self._at - size:self._at]

    def _string(self, place):
        return self._strings[place:self._strings.index(b"\0", place)].decode()

    def _rows(self, offset, data):
        numbers = []
        value = shift = 0
        for byte in data:
            value |= (byte & 0x7f) << shift
            shift += 7
            if not byte & 0x80:
                numbers.append(value)
                value = shift = 0
        check_equal(shift, 0, "bits of a number without its end")
        file = line = 0
        numbers = iter(numbers)
        for distance in numbers:
            offset += distance >> 1
            file = next(numbers) if distance & 1 else file
            lines = next(numbers)
            line += -(lines >> 1) - 1 if lines & 1 else lines >> 1
            yield offset, self.files[file - 1] if file else None, line


@image_check
def kernel_carries_its_names_and_lines(context):
    elf = kernel(context)
    table = SymbolTable(elf)
    text = elf.section(".text")
    print(f".symbols: {len(table.data)} bytes for {text.size} bytes of text: {len(table.functions)} functions, "
          f"{len(table.rows)} lines, {len(table.files)} files")
    check_equal((table.start, table.size), (text.addr, text.size), "the range that the tables are for")
    for name, entries in (("functions", table.functions), ("lines", table.rows)):
        offsets = [entry[0] for entry in entries]
        check(offsets == sorted(set(offsets)), f"the {name} are not in order")
        check(0 <= offsets[0] and offsets[-1] < text.size, f"the {name} leave the text")
    foreign = [file for file in table.files if not (Path(__file__).parents[2] / file).is_file()]
    check(not foreign, f"files that are not in the source tree: {foreign}")


@image_check
def kernel_lines_are_those_of_the_debug_information(context):
    """A second opinion on what cmake/tools/symbol_table.py reads: LLVM's symbolizer, asked for every row."""
    elf = kernel(context)
    table = SymbolTable(elf)
    rows = [row for row in table.rows if row[1] is not None and row[2] != 0]
    root = Path(__file__).resolve().parents[2]
    command = [llvm_tool(context, "symbolizer"), "--obj=" + str(context.build / "kernel.elf"), "--output-style=GNU",
               "--functions=none", "--no-inlines"]
    result = subprocess.run(command, input="\n".join(f"{table.start + row[0]:#x}" for row in rows), text=True,
                            stdout=subprocess.PIPE, check=True)
    told = [os.path.normpath(re.sub(r" \(.*\)$", "", line)) for line in result.stdout.splitlines() if line]
    check_equal(len(told), len(rows), "answers of the symbolizer")
    wrong = [(hex(table.start + offset), f"{file}:{line}", answer)
             for (offset, file, line), answer in zip(rows, told)
             if answer != f"{root / file}:{line}"]
    print(f"{len(rows)} lines compared")
    check(not wrong, f"{len(wrong)} lines differ, for example {wrong[:5]}")


@image_check
def kernel_uses_no_vector_registers(context):
    lines = tool(llvm_tool(context, "objdump"), "-d", "--no-show-raw-insn", context.build / "kernel.elf").splitlines()
    instructions, function = [], ""
    for line in lines:
        label = re.match(r"[0-9a-f]+ <(.+)>:", line)
        function = label[1] if label else function
        if re.match(r"\s*[0-9a-f]+:", line) and function not in USES_VECTOR_REGISTERS:
            instructions.append(line)
    print(f"{len(instructions)} instructions")
    check(len(instructions) > 100, "the disassembly is suspiciously short")
    found = [line.strip() for line in instructions if VECTOR_REGISTER.search(line) or X87.search(line)]
    check(not found, "SSE, MMX or x87 in kernel text:\n" + "\n".join(found[:10]))


@image_check
def kernel_checksum_note_is_right(context):
    image = context.copy_of(context.boot_image)
    with open_volume(image) as volume:
        elf = Elf(volume.contents("KERNEL.ELF"))
    position = checksum_note(elf)
    check(position is not None, "KERNEL.ELF has no checksum note")
    inside = [segment for segment in elf.loads() if segment.offset <= position < segment.offset + segment.filesz]
    check(not inside, "the note lies inside a loaded segment")
    noted = struct.unpack_from("<QQ", elf.data, position)
    print(f"note: {noted[0]:#x}, {noted[1]:#x}")
    check_equal(noted, kernel_checksum(elf), "sums over the loaded segments")


@image_check
def tools_are_new_enough(context):
    for variable in ("CMAKE_C_COMPILER", "HEWN_LLD", "HEWN_OBJCOPY", "HEWN_DWARFDUMP"):
        version = re.search(r"(\d+)\.\d+\.\d+", tool(built_with(context, variable), "--version"))
        print(f"{variable}: {version[0]}")
        check(int(version[1]) >= LLVM_MINIMUM, f"{variable} is older than {LLVM_MINIMUM}")


run_cases()
