# SPDX-License-Identifier: MIT
"""The commands that look at memory and at the CPU, and those that end the kernel.

What they say is compared with what QEMU's monitor, the guest's memory and kernel.elf say of the same machine.
"""
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, case, run_cases
from support.failure import Failure, check, check_equal
from support.machine import Outcome
from support.page_walk import PageTables
from support.session import PROMPT, Session
from support.stopped_kernel import Kernel

PAGE = 4096
DIRECT_MAP, DEVICES, STACKS = 0xffff_8000_0000_0000, 0xffff_e000_0000_0000, 0xffff_d000_0000_0000
KERNEL_IMAGE = 0xffff_ffff_8000_0000
NON_CANONICAL = 0x8000_0000_0000_0000
UNITS = {"B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}
ROW_LIMIT = 79


def field(lines, start):
    """The rest of the one line that begins so."""
    found = [line[len(start):].strip() for line in lines if line.startswith(start)]
    check_equal(len(found), 1, f"lines that begin with {start!r} in\n" + "\n".join(lines))
    return found[0]


def described(size):
    """As describe_size() says it."""
    unit, bits = next(((unit, bits) for unit, bits in reversed(UNITS.items()) if size >> bits or bits == 0))
    return f"{size} B" if bits == 0 else f"{size >> bits}.{(size & (1 << bits) - 1) * 10 >> bits} {unit}"


def require_rows(lines):
    for line in lines:
        check(len(line) <= ROW_LIMIT, f"a row of {len(line)} columns: {line!r}")


# ---- memory

@case()
def mem_agrees_with_page_tables_and_kernel_elf(context):
    kernel = Kernel(context)
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        lines = session.run("mem")
        require_rows(lines)
        tables = PageTables(machine)
        ranges = [(int(first, 16), int(last, 16), size.strip(), kind) for first, last, size, kind in
                  re.findall(r"^  (0x\w{12}) (0x\w{12}) (.{10})  (.+)$", "\n".join(lines), re.MULTILINE)]
        check(len(ranges) > 8, f"the map has {len(ranges)} ranges")
        check(all(before[1] < after[0] for before, after in zip(ranges, ranges[1:])), "the ranges are not sorted")
        check_equal([size for _, _, size, _ in ranges], [described(last + 1 - first) for first, last, _, _ in ranges],
                    "sizes of the ranges")
        for kind in {kind for *_, kind in ranges}:
            total = sum(last + 1 - first for first, last, _, other in ranges if other == kind)
            check(any(re.fullmatch(rf"  total +{re.escape(described(total))}  {kind}", line) for line in lines),
                  f"no total of {described(total)} for {kind}")
        check_equal(max(last for first, last, *_ in ranges if last < 1 << 30), (64 << 20) - 1, "the end of 64 MiB")

        end = max(last + 1 for _, last, _, kind in ranges if kind != "reserved")
        bar = re.fullmatch(r"  0 \[(.{64})\] (.+)", lines[1])
        check_equal(bar and bar[2], described(end), "where the bar ends")
        place = next(first for first, *_, kind in ranges if kind == "kernel") * 64 // end
        check_equal(bar[1][place], "K", "the letter where the kernel lies")
        check_equal(bar[1][32], ".", "the letter in the middle, which is free")

        for name, start, size in (("direct map", DIRECT_MAP, 64 << 40), ("devices", DEVICES, 16 << 40),
                                  ("kernel image", KERNEL_IMAGE, 2 << 30), ("lower half", 0, 1 << 47)):
            mapped = sum(leaf.size for leaf in tables.within(start, size))
            row = field(lines, f"  {start:#018x} {described(size):>10}")
            check_equal(row, f"{described(mapped)} mapped  {name}", f"how much of {name} is mapped")
        parts = {"text": ("text_start", "text_end"), "constants": ("constants_start", "constants_end"),
                 "sealed data": ("sealed_start", "sealed_end"), "data": ("data_start", "data_end"),
                 "boot stack": ("boot_stack_bottom", "boot_stack_top"),
                 "symbols": ("symbol_table_start", "symbol_table_end")}
        for name, (first, last) in parts.items():
            start, size = kernel[first], kernel[last] - kernel[first]
            leaf = next(leaf for leaf in tables.leaves if leaf.virtual <= start < leaf.end)
            rights = "r" + ("w" if leaf.is_writable else "-") + ("x" if leaf.is_executable else "-") + "-"
            physical = leaf.physical + start - leaf.virtual
            check(f"  {start:#018x} {described(size):>10}  {rights}  {physical:#014x}  {name}" in lines,
                  f"no such row for {name}, at {start:#x}")
        session.require_usage("mem", "mem", [("all", '"all" is one argument too many')])


@case()
def mem_lists_modules(context):
    from support.volumes import set_config
    image = context.copy_of(context.boot_image)
    set_config(image, "module = README.TXT\n")
    with context.machine(image) as machine:
        lines = Session(machine).run("mem")
        check(any(re.fullmatch(r"  0x\w{12} +[\d.]+ \w+  module README\.TXT", line) for line in lines),
              "no row for the module")
        check("M" in lines[1], f"no letter for the module: {lines[1]}")


@case()
def frames_add_up(context):
    with context.machine(cmdline="", memory="5G") as machine:
        session = Session(machine)
        lines = session.run("frames")
        require_rows(lines)
        rows = dict((name.strip(), (int(total), int(free))) for name, total, free in
                    re.findall(r"^  (.{12}) +(\d+) frames \(.+?\), +(\d+) free", "\n".join(lines), re.MULTILINE))
        check_equal(list(rows), ["below 1 MiB", "below 4 GiB", "above 4 GiB", "all"], "zones")
        for number in (0, 1):
            check_equal(sum(row[number] for name, row in rows.items() if name != "all"), rows["all"][number], "sum")
        told = int(re.search(r"memory: (\d+) frames of 4 KiB", machine.serial)[1])
        check_equal(rows["all"][0], told, "frames, as the boot report had them")
        counts = re.fullmatch(r"(\d+) allocations, (\d+) frees, 0 failures", field(lines, "  ")
                              if len(lines) == 1 else lines[-1].strip())
        check(counts and int(counts[1]) > int(counts[2]), f"counts: {lines[-1]!r}")
        session.require_usage("frames", "frames", [("4", '"4" is one argument too many')])


def heap_rows(lines):
    """(address, bytes, is taken) of each block of `heap walk`."""
    rows = []
    for address, size, state, count, last in re.findall(
            r"^(0x\w{16}) +(\d+)  (taken|free)(?:, (\d+) alike up to (0x\w{16}))?$", "\n".join(lines), re.MULTILINE):
        count, step = int(count or 1), 0
        if count > 1:
            step = (int(last, 16) - int(address, 16)) // (count - 1)
        rows += [(int(address, 16) + step * number, int(size), state == "taken") for number in range(count)]
    return rows


@case()
def heap_walk_statistics_and_check_agree(context):
    with context.machine(cmdline="heap=tlsf") as machine:
        session = Session(machine)
        lines = session.run("heap")
        check_equal(session.run("heap statistics"), lines, "heap without a word")
        require_rows(lines)
        check_equal(field(lines, "design"), "tlsf, not guarded", "the design")
        taken = int(re.search(r"(\d+) blocks$", field(lines, "taken"))[1])
        walk = session.run("heap walk")
        require_rows(walk)
        rows = heap_rows(walk)
        check_equal(sum(is_taken for *_, is_taken in rows), taken + 1, "blocks, with that of the list itself")
        check(all(start + size <= next_start for (start, size, _), (next_start, *_) in zip(sorted(rows), sorted(rows)[1:])),
              "blocks overlap")
        classes = re.findall(r"^ *[\d.]+ \w+ +(\d+) +[\d.]+ \w+ +(\d+) +[\d.]+ \w+$", "\n".join(walk), re.MULTILINE)
        check_equal(sum(int(count) for count, _ in classes), taken + 1, "taken blocks by size")
        check_equal(sum(int(count) for _, count in classes), sum(not is_taken for *_, is_taken in rows),
                    "free pieces by size")
        check_equal(session.run("heap check")[0].startswith(f"sound: the books of {taken} blocks"), True, "check")
        session.require_usage("heap", "heap [view]",
                              [("all", '"all" is no view; known: statistics walk check'),
                               ("walk walk", '"walk" is one argument too many')])
        # A block that nobody frees: the lines of the console. Its header lies in front of it.
        address = max(rows, key=lambda row: row[1] * row[2])[0]
        session.run(f"poke {address - 8:#x} 0x123456789")
        session.require_failure("heap check", re.compile("heap: .+"))


@case()
def heap_says_that_it_is_guarded(context):
    with context.machine(cmdline="heap_guard=on") as machine:
        session = Session(machine)
        check_equal(field(session.run("heap"), "design"), "default, with redzones and a quarantine around it", "design")
        check(session.run("heap check")[0].endswith("and no redzone has been written to"), "check")
        check(len(heap_rows(session.run("heap walk"))) > 2, "no blocks")


# ---- addresses

def read_entry(machine, table, index):
    return int.from_bytes(machine.physical_memory(table + 8 * index, 8), "little")


def require_walk(machine, session, tables, address, place):
    """All of `ptwalk` for ADDRESS."""
    lines = session.run(f"ptwalk {address:#x}")
    require_rows(lines)
    check_equal(lines[0], f"{address:#018x}, {place}", "the first line")
    text = re.sub(r",\n +", ", ", "\n".join(lines))  # what a list breaks
    table, levels = tables.cr3 & ~0xfff, 0
    for number, name in ((4, "PML4"), (3, "PDPT"), (2, "PD"), (1, "PT")):
        index = address >> 3 + 9 * number & 511
        entry = read_entry(machine, table, index)
        row = field(text.split("\n"), f"{name}[{index}]")
        levels += 1
        check(row.startswith(f"{entry:#018x} in the table at physical {table:#x}, "), f"{name}: {row}")
        is_page = number == 1 or entry & 0x80
        bits = [(1, "P present"), (2, "W writable"), (4, "U for ring 3, too"), (1 << 5, "A accessed"),
                (1 << 63, "NX not executable")]
        bits += [(1 << 6, "D dirty"), (1 << 8, "G global")] if is_page else []
        for bit, word in bits:
            check_equal(f", {word}" in row, bool(entry & 1 and entry & bit), f"whether {word!r} is said in {row!r}")
        if not entry & 1:
            check_equal(lines[-1], "nothing is mapped there", "the last line")
            break
        table = entry & 0xf_ffff_ffff_f000
        if is_page:
            break
        used = sum(byte & 1 for byte in machine.physical_memory(table, PAGE)[::8])
        check(f", names the table at {table:#x}, {used} entr" in row, f"{used} entries: {row}")
    check_equal(len(re.findall(r"^P\w+\[", text, re.MULTILINE)), levels, "levels")
    leaf = next((leaf for leaf in tables.leaves if leaf.virtual <= address < leaf.end), None)
    if leaf is None:
        return
    check_equal(field(lines, "physical"), f"{leaf.physical + address - leaf.virtual:#x}", "the physical address")
    check_equal(field(lines, "rights"), "read" + (", write" if leaf.is_writable else "") +
                (", execute" if leaf.is_executable else "") + ", in ring 0 alone", "the rights")
    kinds = {0: "write-back", 3: "uncached", 4: "write-combining"}
    check_equal(field(lines, "memory"), f"{kinds[leaf.cache]}, number {leaf.cache} of the PAT", "the memory type")


@case()
def ptwalk_agrees_with_the_tables_in_memory(context):
    kernel = Kernel(context)
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        tables = PageTables(machine)
        for address, place in ((kernel["text_start"] + 0x123, "kernel text"), (kernel["constants_start"], "kernel constants"),
                               (kernel["boot_stack_bottom"] - 8, "guard page of the boot stack"),
                               (kernel["sealed_start"], "kernel data that is read-only after initialisation"),
                               (DIRECT_MAP + 0x50_0321, "direct map"), (DEVICES + 0xb8000, "devices"),
                               (0, "null pointer + 0x0"),
                               (0x7fff_ffff_ffff, "lower half"), (0xffff_f000_0000_0000, "upper half, no part of the kernel")):
            require_walk(machine, session, tables, address, place)
        lines = session.run(f"ptwalk {STACKS:#x}")  # by tables that change with the stack of the command itself
        check_equal([lines[0], lines[-1]], [f"{STACKS:#018x}, guard page of the kernel stack at {STACKS + PAGE:#x}",
                                            "nothing is mapped there"], "a guard page")
        session.require_failure(f"ptwalk {NON_CANONICAL:#x}", f"ptwalk: {NON_CANONICAL:#x} is no address: bits 48 to 63 have "
                                "to be as bit 47, or the CPU does not even look")
        session.require_usage("ptwalk", "ptwalk <address>", [("", "<address> is missing"),
                                                             ("here", '"here" is no number, wanted for <address>'),
                                                             ("1 2", '"2" is one argument too many')])


NOT_MAPPED, READ_ONLY = "no page is mapped there", "the page is read-only, or not for this ring"


@case()
def peek_poke_and_hexdump_survive_every_address(context):
    kernel = Kernel(context)
    text, constants, guard = kernel["text_start"], kernel["constants_start"], kernel["boot_stack_bottom"] - 8
    hole = 0xffff_f000_0000_0000
    unreadable = ((0, "null pointer + 0x0"), (0x18, "null pointer + 0x18"), (guard, "guard page of the boot stack"),
                  (STACKS + 8, f"guard page of the kernel stack at {STACKS + PAGE:#x}"), (1 << 40, "lower half"),
                  (hole, "upper half, no part of the kernel"), (DIRECT_MAP + 0xa0000, "direct map"))
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        for address, place in unreadable:
            read = f"the kernel read from {address:#018x}: {place}; {NOT_MAPPED}"
            session.require_failure(f"peek {address:#x}", f"peek: {read}")
            session.require_failure(f"hexdump {address:#x}", f"{address:#018x}, {place}\nhexdump: {read}")
            session.require_failure(f"poke {address:#x} 0 1",
                                    f"poke: the kernel wrote to {address:#018x}: {place}; {NOT_MAPPED}")
        for address, place in ((text, "kernel text"), (constants, "kernel constants"),
                               (kernel["sealed_start"], "kernel data that is read-only after initialisation"),
                               (DIRECT_MAP + 0x20_0000, "direct map")):
            for size in (1, 2, 4, 8):
                before = session.run(f"peek {address:#x} {size}")
                session.require_failure(f"poke {address:#x} 0 {size}",
                                        f"poke: the kernel wrote to {address:#018x}: {place}; {READ_ONLY}")
                check_equal(session.run(f"peek {address:#x} {size}"), before, "what was to be written over")
        no_address = "is no address, or one of its bytes has none: bits 48 to 63 have to be as bit 47"
        for address in (NON_CANONICAL, 0x0000_8000_0000_0000, 0xffff_7fff_ffff_fff8):
            session.require_failure(f"peek {address:#x}", f"peek: {address:#018x} {no_address}")
            session.require_failure(f"poke {address:#x} 1", f"poke: {address:#018x} {no_address}")
            session.require_failure(f"hexdump {address:#x}", re.compile(f".*\nhexdump: {address:#018x} {no_address}"))
        # What begins on a page that is there and ends on one that is not.
        end = kernel["text_start"] - 4 + PAGE * ((kernel["boot_stack_top"] - kernel["text_start"]) // PAGE)
        session.require_failure(f"peek {end:#x} 8", re.compile(rf"peek: the kernel read from {end + 4:#018x}: .*{NOT_MAPPED}"))
        check_equal(len(session.run(f"peek {end:#x} 4")), 1, "lines of a peek up to the last byte")
        lines = session.run(f"hexdump {end - 16:#x} 64")
        check_equal([line[:7] for line in lines[1:3]], ["  +0000", "  +0010"], "rows of a hexdump up to the end of a page")
        check_equal(lines[2].count("|"), 2, "the last row")
        check(re.fullmatch(rf"hexdump: the kernel read from {end + 4:#018x}: .*", lines[3]), f"the end: {lines[3]!r}")
        check_equal(session.run("echo alive"), ["alive"], "the machine afterwards")


@case()
def peek_poke_and_hexdump_agree_with_the_monitor(context):
    kernel = Kernel(context)
    text = kernel["text_start"]
    spare = 0x6_0000  # usable memory that nobody has so early
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        content = kernel.elf.contents(kernel.section(".text"))
        for size in (1, 2, 4, 8):
            for offset in (0, 1, 0x123):
                value = int.from_bytes(content[offset:offset + size], "little")
                letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in content[offset:offset + size])
                check_equal(session.run(f"peek {text + offset:#x} {size}"),
                            [f'{text + offset:#018x}: {value:#0{2 + 2 * size}x}  {value}  "{letters}"'], "a peek")
        check_equal(session.run(f"peek {text:#x}"), session.run(f"peek {text:#x} 8"), "a peek without a size")
        expected = bytearray(machine.physical_memory(spare, 32))
        for size, offset, value in ((1, 0, 0x81), (2, 3, 0x8283), (4, 8, 0x84858687), (8, 17, 0x88898a8b8c8d8e8f)):
            check_equal(session.run(f"poke {DIRECT_MAP + spare + offset:#x} {value:#x} {size}"), [], "a poke")
            expected[offset:offset + size] = value.to_bytes(size, "little")
        check_equal(machine.physical_memory(spare, 32), bytes(expected), "memory after pokes")
        session.require_failure(f"poke {DIRECT_MAP + spare:#x} 0x100 1", "poke: 0x100 does not fit into a size of 1")
        session.require_failure(f"poke {DIRECT_MAP + spare:#x} 4G 4", "poke: 0x100000000 does not fit into a size of 4")
        check_equal(machine.physical_memory(spare, 32), bytes(expected), "memory after refused pokes")

        lines = session.run(f"hexdump {text + 5:#x} 70")
        require_rows(lines)
        check_equal(lines[0], f"{text + 5:#018x}, kernel text", "the place")
        rows = [re.fullmatch(r"  \+(\w{4})((?: +\w\w){1,16}) +\|(.{1,16})\|", line) for line in lines[1:]]
        check_equal([int(row[1], 16) for row in rows], [0, 16, 32, 48, 64], "offsets")
        check_equal(b"".join(bytes.fromhex(row[2]) for row in rows), content[5:75], "bytes")
        check_equal("".join(row[3] for row in rows),
                    "".join(chr(byte) if 32 <= byte < 127 else "." for byte in content[5:75]), "letters")
        check_equal(len(session.run(f"hexdump {text:#x}")), 1 + 128 // 16, "lines of a hexdump without a length")

        size = '"3" is no size; known: 1 2 4 8'
        session.require_usage("peek", "peek <address> [size]", [("", "<address> is missing"), ("0 3", size),
                                                                ("0 1 1", '"1" is one argument too many')])
        session.require_usage("poke", "poke <address> <value> [size]", [("0", "<value> is missing"), ("0 1 3", size)])
        session.require_usage("hexdump", "hexdump <address> [length]", [("x", '"x" is no number, wanted for <address>')])
        for length in ("0", "65537"):
            session.require_failure(f"hexdump 0 {length}", "hexdump: a length is 1 to 65536 bytes")
        session.require_failure("hexdump 0xfffffffffffffff8 9",
                                "hexdump: 0x9 bytes from 0xfffffffffffffff8 on go beyond the last address")


# ---- the CPU

def monitor_registers(machine):
    text = machine.qmp.monitor("info registers")
    values = {name: int(value, 16) for name, value in re.findall(r"\b(CR[0-4]|DR[0-7]|EFER)=([0-9a-f]+)", text)}
    for name, base, limit in re.findall(r"^(GDT|IDT)= +([0-9a-f]+) ([0-9a-f]+)", text, re.MULTILINE):
        values[name] = int(base, 16), int(limit, 16)
    for name, selector, base in re.findall(r"^(ES|CS|SS|DS|FS|GS|LDT|TR) *=([0-9a-f]{4}) ([0-9a-f]+)", text, re.MULTILINE):
        values[name] = int(selector, 16), int(base, 16)
    return values


def bits_said(lines, name):
    """The abbreviations behind a register, by the letters that they begin with."""
    text = re.sub(r",\n +", ", ", "\n".join(lines))
    return [item.split(" ")[0] for item in re.search(rf"^{name} +0x\w+ +(.+)$", text, re.MULTILINE)[1].split(", ")]


@case()
def regs_agrees_with_the_monitor(context):
    with context.machine(cmdline="", cpu="max") as machine:
        session = Session(machine)
        session.run("peek 0x1234")  # a value for CR2
        lines = session.run("regs")
        require_rows(lines)
        told = monitor_registers(machine)
        check_equal(told["CR2"], 0x1234, "CR2, as the monitor has it")
        for name in ("CR0", "CR2", "CR3", "CR4", "EFER", "DR0", "DR1", "DR2", "DR3", "DR6", "DR7"):
            check_equal(int(field(lines, f"{name} ").split()[0], 16), told[name], name)
        for name in ("CS", "SS", "DS", "ES", "FS", "GS", "TR"):
            check_equal(int(field(lines, f"{name:8}").split()[0], 16), told[name][0], name)
        for name, said in (("GDT", "{} bytes, 8 entries"), ("IDT", "{} bytes, 256 gates")):
            check_equal(field(lines, f"{name} "), f"{told[name][0]:#018x}  " + said.format(told[name][1] + 1), name)
        check_equal(int(field(lines, "GS base").split()[0], 16), told["GS"][1], "the base of GS")
        names = {"CR0": {0: "PE", 1: "MP", 4: "ET", 5: "NE", 16: "WP", 31: "PG"},
                 "CR4": {5: "PAE", 6: "MCE", 7: "PGE", 9: "OSFXSR", 10: "OSXMMEXCPT", 11: "UMIP", 18: "OSXSAVE",
                         20: "SMEP", 21: "SMAP"},
                 "EFER": {0: "SCE", 8: "LME", 10: "LMA", 11: "NXE"}}
        for register, bits in names.items():
            check_equal(bits_said(lines, register), [word for bit, word in bits.items() if told[register] >> bit & 1],
                        f"the bits of {register}")
        check("IF" in bits_said(lines, "RFLAGS"), "interrupts are closed")
        check(field(lines, "CS ").endswith("code of 64 bits"), "what CS is")
        check(field(lines, "TR ").endswith("task state of 64 bits"), "what TR is")
        check_equal(field(lines, "APIC "), "0x00000000fee00900  registers at physical 0xfee00000, boot CPU,", "the APIC")
        check(field(lines, "PAT ").endswith("0 write-back, 1 write-through, 2 uncached-,"), "the PAT")
        session.require_usage("regs", "regs", [("cr0", '"cr0" is one argument too many')])


@case()
def regs_reads_nothing_that_cpuid_denies(context):
    with context.machine(cmdline="", cpu="qemu64,-apic,-pat") as machine:
        lines = Session(machine).run("regs")
        names = {line.split(" ")[0] for line in lines}
        check("STAR" in names, "no STAR")
        check(not names & {"APIC", "PAT", "XCR0"}, f"registers that this CPU has not: {names}")


@case()
def cpuid_is_decoded(context):
    with context.machine(cmdline="", cpu="qemu64,vendor=GenuineIntel,model-id=A  name,+smep,+avx2,-svm,phys-bits=37,"
                         "host-phys-bits=off,family=6,model=0x9e,stepping=10") as machine:
        session = Session(machine)
        lines = session.run("cpuid")
        require_rows(lines)
        check_equal(field(lines, "vendor"), "GenuineIntel", "vendor")
        check_equal(field(lines, "brand"), "A  name", "brand")
        check_equal(field(lines, "signature"), "0x000906ea: family 6, model 158, stepping 10", "signature")
        check_equal(field(lines, "addresses"), "physical of 37 bits, virtual of 48 bits", "addresses")
        check(field(lines, "hypervisor").startswith("TCGTCGTCGTCG, "), "hypervisor")
        check(re.match(r"L1 data +\d+\.\d KiB, lines of 64 bytes, \d+ ways$", field(lines, "caches")), "caches")
        text = re.sub(r",\n +", ", ", "\n".join(lines)).split("\n")
        groups = {}
        for number, line in enumerate(text):
            if line.startswith("  without"):
                name = re.match(r"[a-z ]+?(?=  )", text[number - 1] + "  ")[0]
                groups[name] = [set(part[18:].split(", ")) for part in (text[number - 1], line)]
        check_equal(list(groups), ["instructions", "memory", "protection", "events and time", "virtual machines"], "groups")
        for group, word, is_there in (("protection", "smep", True), ("protection", "smap", False), ("protection", "nx", True),
                                      ("instructions", "sse2", True), ("instructions", "avx2", True),
                                      ("instructions", "rdrand", False), ("virtual machines", "svm", False),
                                      ("virtual machines", "hypervisor", True), ("events and time", "apic", True)):
            check_equal([word in words for words in groups[group]], [is_there, not is_there], f"{word} with and without")
        answer = re.fullmatch(r"eax (0x\w{8})  ebx (0x\w{8})  ecx (0x\w{8})  edx (0x\w{8})", session.run("cpuid 0")[1])
        check_equal(b"".join(int(answer[number], 16).to_bytes(4, "little") for number in (2, 4, 3)), b"GenuineIntel",
                    "leaf 0")
        check_equal(session.run("cpuid 4")[1], session.run("cpuid 4 0")[1], "a leaf without a subleaf")
        check(session.run("cpuid 4 0")[1] != session.run("cpuid 4 1")[1], "the subleaf does not matter")
        check_equal(session.run("cpuid 0x80000008")[0], "leaf 0x80000008, subleaf 0x0", "an extended leaf")
        for leaf in (0x4000_0010, 0x8000_ffff, 0x100):
            session.require_failure(f"cpuid {leaf:#x}", f"cpuid: this CPU has no leaf {leaf:#x}: what it answered would be "
                                    "another leaf's, or junk")
        for wrong in ("4G", "4 4G"):
            session.require_failure(f"cpuid {wrong}", "cpuid: leaves and subleaves are numbers of 32 bits")
        session.require_usage("cpuid", "cpuid [leaf] [subleaf]", [("x", '"x" is no number, wanted for <leaf>'),
                                                                  ("1 2 3", '"3" is one argument too many')])


@case()
def idt_agrees_with_the_table_in_memory(context):
    kernel = Kernel(context)
    stacks = ("current", "double fault", "NMI", "machine check", "debug")
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        lines = session.run("idt")
        require_rows(lines)
        base = monitor_registers(machine)["IDT"][0]
        virtual, physical = kernel["sealed_start"], int(re.search(
            r"0x[0-9a-f]+", machine.qmp.monitor(f"gva2gpa {kernel['sealed_start']:#x}"))[0], 16)
        table = machine.physical_memory(base - virtual + physical, 256 * 16)
        said = {}
        for first, last, ring, stack, handler in re.findall(
                r"^(\d+)(?:-(\d+))? +.{32} (\d) +(current|double fault|NMI|machine check|debug) +(\w+)$", "\n".join(lines),
                re.MULTILINE):
            for vector in range(int(first), int(last or first) + 1):
                said[vector] = int(ring), stack, handler
        check_equal(sorted(said), list(range(256)), "vectors")
        check(len(lines) < 40, f"{len(lines)} lines: equal gates are not folded")
        for vector in range(256):
            gate = int.from_bytes(table[16 * vector:16 * vector + 16], "little")
            wanted = gate >> 45 & 3, stacks[gate >> 32 & 7], "exception_enter" if vector < 32 else "irq_enter"
            check_equal(said[vector], wanted, f"vector {vector}")
        for vector, name in ((3, "breakpoint (#BP)"), (8, "double fault (#DF)"), (255, "interrupt")):
            gate = int.from_bytes(table[16 * vector:16 * vector + 16], "little")
            entry = gate & 0xffff | gate >> 48 << 16 & 0xffff0000 | gate >> 64 << 32
            check_equal(entry, kernel["trap_entries"] + 16 * vector, f"the entry of vector {vector} in the table")
            lines = session.run(f"idt {vector}")
            require_rows(lines)
            check_equal(lines[0], f"vector   {vector}, {name}", "the first line")
            check_equal(field(lines, "gate"), "interrupt gate, present", "the gate")
            check_equal(field(lines, "entry"), f"0x0008:{entry:#018x}", "the entry")
            check_equal(lines[3].split(" (")[0].strip(), f"trap_entries+{16 * vector:#x}", "the symbol of the entry")
            number = gate >> 32 & 7
            check_equal(field(lines, "stack"), stacks[number] + (f", number {number} of the interrupt stack table"
                                                                 if number else ""), "the stack")
            check_equal(field(lines, "ring"), f"INT {vector} may be executed in "
                        + ("every ring" if vector == 3 else "ring 0 alone"), "the ring")
            check_equal(field(lines, "code"), f"the CPU pushes {'an' if vector == 8 else 'no'} error code", "the code")
        session.require_failure("idt 256", "idt: there are vectors from 0 to 255")
        session.require_usage("idt", "idt [vector]", [("page", '"page" is no number, wanted for <vector>')])


# ---- crash

def exception(vector, name, code, cause):
    return [f"PANIC: exception {vector}: {name}", rf"cause: {cause}",
            rf"vector: {vector}  name: {name}  error_code: {code}"]


def page_fault(code, cause):
    return exception(14, r"page fault \(#PF\)", code, cause) + ["walk: PML4.*"]


# By kind: lines of the report, as regular expressions; a function that looks for itself.
REPORTS = {
    "divide": exception(0, r"divide error \(#DE\)", "none", "a division by zero, .*"),
    "single-step": exception(1, r"debug \(#DB\)", "none", "single step"),
    "nmi": exception(2, r"non-maskable interrupt \(NMI\)", "none", "none of the reasons of port 61h: .*"),
    "overflow": exception(4, r"overflow \(#OF\)", "none", "INT 4; .*"),
    "bound": exception(5, r"bound range exceeded \(#BR\)", "none", ".*INT 5"),
    "invalid-opcode": exception(6, r"invalid opcode \(#UD\)", "none", "UD2, .* bytes at RIP: 0f 0b .*"),
    "not-available": exception(7, r"device not available \(#NM\)", "none", "an x87, .* CR0.TS says .*"),
    "double-fault": exception(8, r"double fault \(#DF\)", "0x0", "the CPU could not deliver .*: null pointer - 0x8"),
    "task-state": exception(10, r"invalid task state segment \(#TS\)", "0x30", ".*: selector 0x30, entry 6 of the GDT"),
    "not-present": exception(11, r"segment not present \(#NP\)", "0x18", ".*: selector 0x18, entry 3 of the GDT"),
    "stack-segment": exception(12, r"stack fault \(#SS\)", "0x18", ".*: selector 0x18, entry 3 of the GDT"),
    "non-canonical": exception(13, r"general protection \(#GP\)", "0x0", ".* as an address, which is not canonical"),
    "read-null": page_fault("0x0", r"the kernel read from 0x0{14}18: null pointer \+ 0x18; no page .*"),
    "write-null": page_fault("0x2", r"the kernel wrote to 0x0{14}18: null pointer \+ 0x18; no page .*"),
    "call-null": page_fault("0x10", r"the kernel jumped to 0x0{16}: null pointer \+ 0x0; no page .*"),
    "read-unmapped": page_fault("0x0", r"the kernel read from 0xfffff00000000000: upper half, no part .*; no page .*"),
    "write-text": page_fault("0x3", "the kernel wrote to 0x\\w+: kernel text; the page is read-only, .*"),
    "write-constant": page_fault("0x3", "the kernel wrote to 0x\\w+: kernel constants; the page is read-only, .*"),
    "write-sealed": page_fault("0x3", "the kernel wrote to 0x\\w+: kernel data that is read-only .*; the page is read-only, .*"),
    "write-guard": page_fault("0x2", "the kernel wrote to 0x\\w+: guard page of the boot stack; no page .*"),
    "execute-data": page_fault("0x11", "the kernel jumped to 0x\\w+: kernel stack at 0x\\w+; the page is not executable"),
    "x87": exception(16, r"x87 floating-point error \(#MF\)", "none", "an x87 instruction .*"),
    "machine-check": exception(18, r"machine check \(#MC\)", "none", "the hardware has found .*"),
    "panic": ["PANIC: the command crash was asked for a panic"],
    "assert": [r"PANIC: assertion failed: is_well \(crash\.c:\d+\)"],
    "stack-overflow": exception(8, r"double fault \(#DF\)", "0x0",
                                "the CPU .*CR2 lies in the guard page of the kernel stack at 0x\\w+: that stack has overflown")
    + [r"  \d+: 0x\w+ descend\+0x\w+ \(kernel/commands/crash\.c:\d+\)"],
    "stack-smash": [r"PANIC: the stack was smashed: smash_stack\+0x\w+ \(kernel/commands/crash\.c(:\d+)?\) wrote .*"],
    "double-free": [r"PANIC: heap default: the block at 0x\w+ \(\d+ bytes\) is freed, but it is free already.*"],
    "bad-free": [r"PANIC: heap default: 0x\w+ is freed, but no block begins there"],
    "heap-overrun": [r"PANIC: heap default: the header of the block at 0x\w+ .* has been overwritten, .*"],
}
GUARDED = {
    "double-free": [r"PANIC: heap default: the block at 0x\w+ \(64 bytes\) is freed, but it is free already.*"],
    "bad-free": [r"PANIC: heap default: 0x\w+ is freed, but no block begins there"],
    "heap-overrun": [r"PANIC: heap default: .*offset 64 of the block at 0x\w+ \(64 bytes\).*"],
    "use-after-free": [r"PANIC: heap default: offset 8 of the block at 0x\w+ \(64 bytes\) has been written to after it was .*"],
}
# By kind: what is said before the next prompt.
SURVIVED = {"breakpoint": r"\[.*\] exception: breakpoint at 0x\w+", "simd": "no exception arrived; .*",
            "use-after-free": "nobody has noticed, .*"}


def report_case(kind, wanted, cmdline):
    def run(context):
        with context.machine(cmdline=cmdline) as machine:
            Session(machine)
            machine.send(f"crash {kind}\r")
            machine.require_fail()
            report = machine.serial[machine.serial.index(f"crash {kind}"):]
            for line in wanted:
                check(re.search(f"^{line}$", report, re.MULTILINE), f"no line {line!r} in\n{report}")
            check_equal(report.count("PANIC"), 1, f"reports in\n{report}")
            frames = re.findall(r"^  \d+: 0x\w+ (\w+)\+", report, re.MULTILINE)
            check(frames, f"no backtrace in\n{report}")
            if kind not in ("stack-overflow", "stack-smash", "call-null"):  # too deep; overwritten
                check({"run_crash", "run_words"} & set(frames), f"the backtrace does not lead to the shell: {frames}")
    return run


def survival_case(kind, wanted):
    def run(context):
        with context.machine(cmdline="") as machine:
            session = Session(machine)
            lines = session.run(f"crash {kind}")
            check(any(re.fullmatch(wanted, line) for line in lines), f"no line {wanted!r} in {lines}")
            check_equal(session.status(), 0, "status")
    return run


@case()
def crash_lists_its_kinds(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        lines = session.run("crash")
        require_rows(lines)
        names = [re.match(r"[a-z0-9-]+", line)[0] for line in lines[:-2]]
        check_equal(sorted(names), sorted({*REPORTS, *SURVIVED, "hang", "spin", "triple-fault"}),
                    "the kinds, and those that have a case here")
        session.require_usage("crash", "crash [kind]", [("softly", '"softly" is no kind; "help crash" lists what is'),
                                                        ("panic panic", '"panic" is one argument too many')])


@case()
def crash_hang(context):
    """Halted, with interrupts closed: nobody can say anything any more."""
    with context.machine(cmdline="") as machine:
        Session(machine)
        machine.send("crash hang\r")
        machine.expect("hang: the CPU stops with interrupts closed: nothing speaks again\n")
        machine.wait_halted()
        machine.send("echo here\r")
        flags = int(re.search(r"RFL=([0-9a-f]+)", machine.qmp.monitor("info registers"))[1], 16)
        check_equal(flags >> 9 & 1, 0, "RFLAGS.IF")
        check_equal(machine.serial.split("\n")[-1], "", "what is said afterwards")


@case()
def crash_spin(context):
    """The watchdog of the tasks names it; what is typed is not even echoed."""
    with context.machine(cmdline="") as machine:
        Session(machine)
        machine.send("crash spin\r")
        machine.expect(r"warning: task: command has run for 1000 ms without awaiting anything, and nobody else can\n")
        machine.send("echo here\r")
        check("here" not in machine.serial, "somebody else runs")


@case()
def crash_triple_fault(context):
    with context.machine(cmdline="") as machine:
        Session(machine)
        machine.send("crash triple-fault\r")
        check_equal(machine.wait(), Outcome("reset"), "the end")
        limit = time.monotonic() + 5  # the event of the reset may overtake what was said
        while not machine.serial.endswith("without a word\n") and time.monotonic() < limit:
            time.sleep(0.02)
        check(machine.serial.endswith("without a word\n"), f"what was said last: {machine.last_line()!r}")


for name, report in REPORTS.items():
    add_case(f"crash_{name}", report_case(name, report, ""))
for name, report in GUARDED.items():
    add_case(f"crash_{name}_guarded", report_case(name, report, "heap_guard=on"))
for name, sentence in SURVIVED.items():
    add_case(f"crash_{name}", survival_case(name, sentence))

run_cases()
