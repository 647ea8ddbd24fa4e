# SPDX-License-Identifier: MIT
"""Memory as the kernel takes it over: every frame accounted for, page tables with the rights they need and no more,
and a sentence whenever there is not enough.

Numbers are compared with the memory map that the boot prints or the loader left, page tables are read from outside.
"""
import re
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, case, run_cases
from support.elf import PF_W, PF_X
from support.failure import Failure, check, check_equal
from support.machine import DEBUG_EXIT_FAIL, DEBUG_EXIT_PASS
from support.page_walk import PAGE, PageTables
from support.stopped_kernel import FAIL_LINE, Kernel, gdb_machine, require_lines, run_to_first

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40
READY = "kernel_ready"  # everything is up, and sealed

# enum boot_memory_kind (docs/boot-protocol.md)
USABLE, RESERVED, ACPI_TABLES, ACPI_NVS, BAD, LOADER, KERNEL, MODULE = range(1, 9)
KIND_NAMES = {"usable": USABLE, "reserved": RESERVED, "ACPI tables": ACPI_TABLES, "ACPI NVS": ACPI_NVS, "bad": BAD,
              "loader": LOADER, "kernel": KERNEL, "module": MODULE}
RAM = (USABLE, LOADER, KERNEL, MODULE)
ACPI = (ACPI_TABLES, ACPI_NVS)

# The address space of docs/memory.md.
DIRECT_MAP, DIRECT_MAP_SIZE = 0xffff800000000000, 64 * TIB
HEAP, HEAP_SIZE = 0xffffc00000000000, 16 * TIB
DEVICES, DEVICES_SIZE = 0xffffe00000000000, 16 * TIB
IMAGE = 0xffffffff80000000
WRITE_BACK, UNCACHED, WRITE_COMBINING = 0, 3, 4  # numbers of the page attribute table


# ---- frames

BIG = {"cpu": "qemu64,phys-bits=48"}
BIG_1G = {"cpu": "qemu64,phys-bits=48,+pdpe1gb"}
# name: (size for QEMU, more options)
SIZES = {
    "8m": ("8M", {}),
    "16m": ("16M", {}),
    "64m": ("64M", {}),
    "128m": ("128M", {}),
    "128m_1gib_pages": ("128M", {"cpu": "qemu64,+pdpe1gb"}),
    "3073m": ("3073M", {}),
    "4g_pc": ("4G", {}),
    "4g_q35": ("4G", {"machine": "q35"}),
    "4g_q35_newest_cpu": ("4G", {"machine": "q35", "cpu": "max"}),
    "16g": ("16G", {}),
    "16g_1gib_pages": ("16G", {"cpu": "qemu64,+pdpe1gb"}),
    "512g": ("512G", {"machine": "q35", **BIG}),
    "512g_1gib_pages": ("512G", {"machine": "q35", **BIG_1G}),
    "1t": ("1T", {"machine": "q35", **BIG}),
    "1t_1gib_pages": ("1T", {"machine": "q35", **BIG_1G}),
}
ENTRY_LINE = re.compile(r"memory: 0x([0-9a-f]{12,}) 0x([0-9a-f]{12,}) +[\d.]+ \w+  (.*)$", re.MULTILINE)
FRAMES_LINE = re.compile(r"memory: (\d+) frames of 4 KiB, (\d+) free; metadata (\d+\.\d+) %$", re.MULTILINE)
EARLY_LINE = re.compile(r"(\d+) frames taken before there was an allocator$", re.MULTILINE)
COUNTS_LINE = re.compile(r"(\d+) allocations, (\d+) frees, (\d+) failures$", re.MULTILINE)
ZONE_LINE = re.compile(r"memory: (below 1 MiB|below 4 GiB|above 4 GiB|all) +(\d+) frames \(.*?\), +(\d+) free",
                       re.MULTILINE)
ZONES = {"below 1 MiB": (0, MIB), "below 4 GiB": (MIB, 4 * GIB), "above 4 GiB": (4 * GIB, 1 << 64)}
METADATA_MOST_PERCENT = 0.1
HEAP_FRAMES = 4  # that the heap begins with
HEAP_SPARE_FRAMES = 16  # that are there for its first step
# What the firmware and the kernel itself take of the machine's memory.
TAKEN, TAKEN_SHARE = 4 * MIB, 0.01
UNITS = {"M": MIB, "G": GIB, "T": TIB}


def printed(report, expression):
    found = expression.findall(report)
    check_equal(len(found), 1, f"lines like {expression.pattern!r}")
    return found[0]


def printed_map(report):
    entries = [(int(first, 16), int(last, 16) + 1, KIND_NAMES[kind]) for first, last, kind in
               ENTRY_LINE.findall(report)]
    check(entries, "the report has no memory map")
    return entries


def check_zones(report, entries, early):
    """Each zone has what the map says; the early frames come from the largest usable entry."""
    largest = max((entry for entry in entries if entry[2] == USABLE), key=lambda entry: entry[1] - entry[0])
    zones = {name: int(total) for name, total, _ in ZONE_LINE.findall(report)}
    for name, (start, end) in ZONES.items():
        frames = sum(max(0, min(last, end) - max(first, start)) // PAGE for first, last, kind in entries
                     if kind in (USABLE, LOADER))
        if start <= largest[0] < end:
            frames -= early
        check_equal(zones.get(name, 0), frames, f"frames {name}")
    check_equal(zones["all"], sum(zones.values()) - zones["all"], "frames of all zones")


def frames_case(size, options):
    def run(context):
        with context.machine(memory=size, drive="ahci", cmdline="loglevel=debug exit=pass", **options) as machine:
            machine.require_pass()
            report = machine.serial
        entries = printed_map(report)
        total, free, share = printed(report, FRAMES_LINE)
        early = int(printed(report, EARLY_LINE))
        allocations, frees, failures = map(int, printed(report, COUNTS_LINE))
        wanted = sum(last - first for first, last, kind in entries if kind in (USABLE, LOADER)) // PAGE
        print(f"{size}: {wanted} frames, {early} taken early, {total} managed, {free} free, metadata {share} %")
        machine_bytes = int(size[:-1]) * UNITS[size[-1]]
        least_bytes = machine_bytes * (1 - TAKEN_SHARE) - TAKEN
        check(least_bytes <= wanted * PAGE <= machine_bytes, f"{wanted} frames are not the memory of this machine")
        check_equal(int(total) + early, wanted, "frames that the allocator has or the kernel took")
        # The heap's first frames come in two blocks, all others by themselves.
        check(0 <= int(total) - int(free) <= allocations - frees + HEAP_FRAMES - 1 + HEAP_SPARE_FRAMES - 1,
              "frames in use, of those managed")
        check_equal(failures, 0, "failed allocations")
        check(0 < float(share) <= METADATA_MOST_PERCENT, f"metadata is {share} % of memory")
        check_zones(report, entries, early)
    return run


# ---- page tables

# Fields of struct boot_info: (offset, width)
FIELDS = {"memory_map": (40, 8), "memory_count": (48, 4), "memory_entry_size": (52, 4), "kernel_phys_base": (56, 8),
          "kernel_virt_base": (64, 8), "kernel_size": (72, 8), "modules": (80, 8), "module_count": (88, 4),
          "module_entry_size": (92, 4)}
ENTRY = struct.Struct("<QQII")


class Info:
    """struct boot_info, where the guest stands at kernel_entry."""

    def __init__(self, machine):
        self._gdb = machine.gdb
        self.address = machine.gdb.register("rdi")

    def __getitem__(self, name):
        offset, width = FIELDS[name]
        return int.from_bytes(self._gdb.memory(self.address + offset, width), "little")

    def __setitem__(self, name, value):
        offset, width = FIELDS[name]
        self._gdb.set_memory(self.address + offset, value.to_bytes(width, "little"))

    def map(self):
        """[(base, length, kind)]"""
        size, count = self["memory_entry_size"], self["memory_count"]
        data = self._gdb.memory(self["memory_map"], size * count)
        return [ENTRY.unpack_from(data, number * size)[:3] for number in range(count)]

    def set_map(self, entries, entry_size=ENTRY.size):
        data = b"".join(ENTRY.pack(*entry, 0).ljust(entry_size, b"\xa5") for entry in entries)
        self._gdb.set_memory(MAP_ROOM, data)
        check_equal(self._gdb.memory(MAP_ROOM, len(data)), data, "planted memory map")
        self["memory_map"], self["memory_count"], self["memory_entry_size"] = MAP_ROOM, len(entries), entry_size


MAP_ROOM = 0x20000  # the loader's bounce buffer, dead at entry, and the loader's memory in the map


def page_ranges(entries, kinds):
    """Whole pages of these kinds, neighbours joined."""
    ranges = []
    for base, length, kind in entries:
        if kind not in kinds:
            continue
        start, end = base & -PAGE, -(-(base + length) // PAGE) * PAGE
        if ranges and start <= ranges[-1][1]:
            ranges[-1][1] = max(end, ranges[-1][1])
        else:
            ranges.append([start, end])
    return ranges


class Image:
    """Where each page of kernel.elf is to be: {virtual page: (physical page, is_writable, is_executable)}."""

    def __init__(self, kernel, phys_base, has_nx):
        self.pages = {}
        sealed = kernel.section(".sealed")
        base = min(segment.vaddr for segment in kernel.elf.loads())
        for segment in kernel.elf.loads():
            for page in range(segment.vaddr & -PAGE, segment.vaddr + segment.memsz, PAGE):
                is_sealed = sealed.addr <= page < sealed.addr + sealed.size
                self.pages[page] = (phys_base + page - base, bool(segment.flags & PF_W) and not is_sealed,
                                    bool(segment.flags & PF_X) or not has_nx)
        check(any(sealed.addr <= page < sealed.addr + sealed.size for page in self.pages), "nothing is sealed")
        self.constant = {physical for physical, is_writable, _ in self.pages.values() if not is_writable}
        self.guards = [kernel.section(section.name).addr - PAGE for section in kernel.elf.sections
                       if section.name.endswith("_stack")]
        check_equal(len(self.guards), 5, "stacks that the kernel is linked with")


def page_sizes(machine_has_1g):
    return (GIB, 2 * MIB, PAGE) if machine_has_1g else (2 * MIB, PAGE)


def wanted_direct_map(ranges, constant, sizes):
    """{virtual: (size, is_writable)}: each time the largest page that is RAM or ACPI as a whole, with equal rights."""
    wanted = {}
    for start, end in ranges:
        while start < end:
            for size in sizes:
                if start % size or start + size > end:
                    continue
                is_writable = start not in constant
                if size == PAGE or not any(start <= page < start + size for page in constant):
                    break
            wanted[DIRECT_MAP + start] = (size, is_writable)
            start += size
    return wanted


def check_direct_map(tables, entries, image, sizes):
    wanted = wanted_direct_map(page_ranges(entries, RAM), image.constant, sizes)
    acpi = wanted_direct_map(page_ranges(entries, ACPI), set(), sizes)
    check(not wanted.keys() & acpi.keys(), "a page is RAM and an ACPI area at once")
    wanted.update(acpi)
    leaves = tables.within(DIRECT_MAP, DIRECT_MAP_SIZE)
    for leaf in leaves:
        check_equal(leaf.virtual - leaf.physical, DIRECT_MAP, f"distance of {leaf}")
        check_equal(leaf.cache, WRITE_BACK, f"memory type of {leaf}")
    found = {leaf.virtual: (leaf.size, leaf.is_writable) for leaf in leaves}
    for address in sorted(wanted.keys() | found.keys()):
        check_equal(found.get(address), wanted.get(address), f"direct map at {address:#x}: size and writable")
    print("direct map:", {f"{size >> 10} KiB": sum(1 for each, _ in found.values() if each == size) for size in sizes})


def check_image(tables, image):
    found = {}
    for leaf in tables.leaves:
        if leaf.virtual >= IMAGE:
            check_equal(leaf.cache, WRITE_BACK, f"memory type of {leaf}")
            for offset in range(0, leaf.size, PAGE):
                found[leaf.virtual + offset] = (leaf.physical + offset, leaf.is_writable, leaf.is_executable)
    check(len({rights[1:] for rights in image.pages.values()}) > 1, "kernel.elf has segments of one kind only")
    for page in sorted(image.pages.keys() | found.keys()):
        check_equal(found.get(page), image.pages.get(page), f"page {page:#x}: physical, writable, executable")
    for guard in image.guards:
        check(guard not in found, f"the guard page {guard:#x} is mapped")
    print(f"{len(found)} pages of the kernel")


# What drivers map on a PC: registers and the video card's memory, writable; the rest is the firmware's, to be read.
LOCAL_APIC, IO_APIC, HPET, SCREEN = 0xfee00000, 0xfec00000, 0xfed00000, range(0xa0000, 0xc0000, PAGE)


def check_devices(tables, entries, screen_cache):
    ram = [(start, end) for start, end in page_ranges(entries, RAM + ACPI)]
    leaves = tables.within(DEVICES, DEVICES_SIZE)
    found = {}
    for leaf in leaves:
        check_equal(leaf.virtual - leaf.physical, DEVICES, f"distance of {leaf}")
        check(all(leaf.physical + leaf.size <= start or end <= leaf.physical for start, end in ram),
              f"{leaf} is in the direct map, too")
        for page in range(leaf.physical, leaf.physical + leaf.size, PAGE):
            found[page] = (leaf.cache, leaf.is_writable)
    wanted = {page: (UNCACHED, True) for page in (LOCAL_APIC, IO_APIC, HPET)}
    wanted.update((page, (screen_cache, True)) for page in SCREEN)
    for page, kind in wanted.items():
        check_equal(found.pop(page, None), kind, f"device page {page:#x}: memory type and writable")
    for page, kind in found.items():
        check_equal(kind, (WRITE_BACK, False), f"page {page:#x} of the firmware: memory type and writable")
    print(f"{len(wanted)} pages of devices, {len(found)} of the firmware")


def check_aliases(tables, image, has_nx):
    """Of one physical page, all that maps it: never written here and executed there; constants written nowhere."""
    writable = [leaf for leaf in tables.leaves if leaf.is_writable]
    if has_nx:
        for code in (leaf for leaf in tables.leaves if leaf.is_executable):
            for leaf in writable:
                check(leaf.physical + leaf.size <= code.physical or code.physical + code.size <= leaf.physical,
                      f"{leaf} can write what {code} executes")
    for page in image.constant:
        for leaf in writable:
            check(not leaf.physical <= page < leaf.physical + leaf.size, f"{leaf} can write {page:#x}, a constant")


CONTROL = re.compile(r"CR0=(\w+).*?CR4=(\w+).*?EFER=(\w+)", re.DOTALL)
CR0_WRITE_PROTECT, CR4_GLOBAL_PAGES, CR4_SMEP, CR4_SMAP, EFER_NX = 1 << 16, 1 << 7, 1 << 20, 1 << 21, 1 << 11


def check_registers(machine, has_nx, has_global_pages, has_smep_and_smap):
    cr0, cr4, efer = (int(value, 16) for value in CONTROL.search(machine.qmp.monitor("info registers")).groups())
    check(cr0 & CR0_WRITE_PROTECT, "ring 0 may write to what is read-only")
    check_equal(bool(efer & EFER_NX), has_nx, "EFER.NXE")
    for bit, wanted, name in ((CR4_GLOBAL_PAGES, has_global_pages, "PGE"), (CR4_SMEP, has_smep_and_smap, "SMEP"),
                              (CR4_SMAP, has_smep_and_smap, "SMAP")):
        check_equal(bool(cr4 & bit), wanted, f"CR4.{name}")


def check_heap(tables, usable, constant):
    """Pages from the region's beginning on, to write to, in frames that were usable and are no one else's."""
    pages = tables.within(HEAP, HEAP_SIZE)
    check_equal([page.virtual for page in pages[:HEAP_FRAMES]], [HEAP + number * PAGE for number in range(HEAP_FRAMES)],
                "first pages of the heap")
    for page in pages:
        check_equal(page.size, PAGE, f"size of {page}")
        check(page.is_writable and page.cache == WRITE_BACK, f"{page} is no memory to write to")
        check(any(start <= page.physical < end for start, end in usable), f"{page} is not in usable memory")
        check(page.physical not in constant and page.physical not in tables.tables, f"{page} is in use otherwise")
    check_equal(len({page.physical for page in pages}), len(pages), "frames of the heap's pages")


def run_to_ready(machine, kernel):
    check_equal(run_to_first(machine, kernel, READY, "emulator_exit"), READY, "where the boot comes to")


def page_tables_case(has_nx=True, has_1g=False, has_global_pages=True, has_smep_and_smap=False,
                     screen_cache=WRITE_COMBINING, **options):
    def run(context):
        kernel = Kernel(context)
        with gdb_machine(context, **options) as machine:
            run_to_first(machine, kernel, "kernel_entry")
            info = Info(machine)
            entries, phys_base = info.map(), info["kernel_phys_base"]
            run_to_ready(machine, kernel)
            tables = PageTables(machine, has_nx)
            check_registers(machine, has_nx, has_global_pages, has_smep_and_smap)
            check_equal([entry for entry in tables.root[:256] if entry], [], "entries of the root for the lower half")
            for leaf in tables.leaves:
                check(leaf.is_global, f"{leaf} is not global")
                check(not leaf.is_executable or not has_nx or leaf.virtual >= IMAGE, f"{leaf} is executable")
            image = Image(kernel, phys_base, has_nx)
            check_direct_map(tables, entries, image, page_sizes(has_1g))
            check_image(tables, image)
            check_devices(tables, entries, screen_cache)
            check_aliases(tables, image, has_nx)
            check_heap(tables, page_ranges(entries, (USABLE, LOADER)), image.constant)
            regions = ((DIRECT_MAP, DIRECT_MAP_SIZE), (HEAP, HEAP_SIZE), (DEVICES, DEVICES_SIZE), (IMAGE, 2 * GIB))
            others = len(tables.leaves) - sum(len(tables.within(*region)) for region in regions)
            check_equal(others, 0, "pages outside the direct map, the heap, the devices and the image")
    return run


# ---- the loader's tables, at the kernel's first instruction

STAGE2_ROOM = range(0x1000, 0x38000)


def check_loader_image(kernel, leaves, phys_base, has_nx):
    wanted, found = {}, {}
    base = min(segment.vaddr for segment in kernel.elf.loads())
    for segment in kernel.elf.loads():
        for page in range(segment.vaddr & -PAGE, segment.vaddr + segment.memsz, PAGE):
            wanted[page] = (phys_base + page - base, bool(segment.flags & PF_W),
                            bool(segment.flags & PF_X) or not has_nx)
    for leaf in leaves:
        if leaf.virtual >= 1 << 47:
            for offset in range(0, leaf.size, PAGE):
                found[leaf.virtual + offset] = (leaf.physical + offset, leaf.is_writable, leaf.is_executable)
    check(len({rights[1:] for rights in wanted.values()}) > 1, "kernel.elf has segments of one kind only")
    for page in sorted(wanted.keys() | found.keys()):
        check_equal(found.get(page), wanted.get(page), f"page {page:#x}: physical address, writable, executable")


def check_identity_map(leaves, ram_above_4g):
    low = sorted((leaf for leaf in leaves if leaf.virtual < 1 << 47), key=lambda leaf: leaf.virtual)
    ranges = []
    for leaf in low:
        check_equal(leaf.physical, leaf.virtual, f"physical address of {leaf}")
        if not leaf.is_writable:
            check(leaf.virtual in STAGE2_ROOM and leaf.end <= STAGE2_ROOM.stop, f"{leaf} is read-only")
        if ranges and ranges[-1][1] == leaf.virtual and leaf.virtual != 4 * GIB:
            ranges[-1][1] = leaf.end
        else:
            ranges.append([leaf.virtual, leaf.end])
    check_equal([[f"{edge:#x}" for edge in each] for each in ranges],
                [[f"{edge:#x}" for edge in each] for each in ((PAGE, 4 * GIB), *ram_above_4g)], "identity map")


def loader_tables_case(ram_above_4g=(), has_nx=True, **options):
    def run(context):
        kernel = Kernel(context)
        with gdb_machine(context, **options) as machine:
            run_to_first(machine, kernel, "kernel_entry")
            phys_base = Info(machine)["kernel_phys_base"]
            leaves = PageTables(machine, has_nx).leaves
            for leaf in leaves:
                check(not leaf.is_user, f"{leaf} is the user's too")
                check(not has_nx or not leaf.is_executable or not leaf.is_writable,
                      f"{leaf} is writable and executable")
            check_loader_image(kernel, leaves, phys_base, has_nx)
            check_identity_map(leaves, ram_above_4g)
    return run


# ---- out of memory at every allocation of the boot

PANIC = re.compile(r"PANIC: (.*)")
FAILED_BOOT = re.compile(r"(?:not enough memory (?:for|to)|no memory for) \w+")
TROUBLE = re.compile(r"^\[ *[\d.]+M?\] (?:warning|error): (.*)$", re.MULTILINE)
BUSY_HOST = "time: the CPU was taken away while clocks were measured; time may be off"
SWEEP_SHARES = 2
SWEEP_MACHINES = {
    "q35": {"machine": "q35", "drive": "ahci"},
    "5g_newest_cpu": {"memory": "5G", "cpu": "max"},
    "microvm": {"machine": "microvm", "drive": "virtio-mmio"},
}
ALLOCATIONS_LIMIT = 200
ALLOCATORS = ("early_allocate", "frame_allocate")


def count_allocations(context, kernel, options):
    """How many calls for memory a boot makes, from its first to the last."""
    with gdb_machine(context, **options) as machine:
        run_to_first(machine, kernel, "kernel_entry")
        for count in range(ALLOCATIONS_LIMIT):
            if run_to_first(machine, kernel, *ALLOCATORS, READY) == READY:
                return count
            stack = machine.gdb.register("rsp")
            machine.gdb.run_to(int.from_bytes(machine.gdb.memory(stack, 8), "little"))
        raise Failure(f"the boot has allocated {ALLOCATIONS_LIMIT} times and is not ready")


def troubles(text):
    return {line for line in TROUBLE.findall(text) if line != BUSY_HOST}


def boot_with(context, cmdline, **options):
    """A boot to its end: its exit code and what it said."""
    with context.machine(cmdline=f"{cmdline} exit=pass", **options) as machine:
        outcome = machine.wait()
        check_equal(outcome.kind, "exit", f"end of the boot with {cmdline}")
        return outcome.code, machine.serial


def verdict_of(code, text, usual):
    """What a boot that lacked memory says of it; None when it says nothing."""
    panics = PANIC.findall(text)
    if code == DEBUG_EXIT_FAIL and len(panics) == 1 and FAILED_BOOT.search(panics[0]):
        return "panic: " + panics[0]
    missing = [line for line in troubles(text) - usual if FAILED_BOOT.search(line)]
    if code == DEBUG_EXIT_PASS and not panics and missing:
        return "; ".join(sorted(troubles(text) - usual))
    return None


def sweep_case(share, shares, **options):
    def run(context):
        kernel = Kernel(context)
        count = count_allocations(context, kernel, options)
        usual = troubles(boot_with(context, "", **options)[1])
        code, text = boot_with(context, f"fail_alloc={count + 1}", **options)
        check_equal((code, troubles(text)), (DEBUG_EXIT_PASS, usual), f"boot where allocation {count + 1} would fail")
        for number in range(1 + share, count + 1, shares):
            code, text = boot_with(context, f"fail_alloc={number}", **options)
            said = verdict_of(code, text, usual)
            check(said, f"fail_alloc={number} of {count}: exit code {code}, and no word of it:\n{text[-2000:]}")
            print(f"{number} of {count}: {said}")
    return run


@case()
def fail_alloc_wants_a_number(context):
    code, text = boot_with(context, "fail_alloc=often")
    check_equal(code, DEBUG_EXIT_PASS, "end")
    require_lines(text, ["error: main: fail_alloc wants a number: which allocation of a frame is to fail, the first "
                         "being 1"], "the serial port")


@case()
def unknown_poison_is_reported(context):
    code, text = boot_with(context, "poison=nonsense")
    check_equal(code, DEBUG_EXIT_PASS, "end")
    require_lines(text, ["error: main: poison=nonsense is not known and does nothing. Known: frames"],
                  "the serial port")


# ---- the heap

HEAPS = ("bump", "linked_list", "fixed_block", "buddy", "tlsf", "default")
HEAP_LINE = re.compile(r"memory: heap (\w+)(?:, guarded)?, [\d.]+ [KM]iB; its first block (\d+) TSC ticks after the kernel's entry$",
                       re.MULTILINE)
HEAP_DETAIL_LINE = re.compile(r"debug: memory: heap (\w+), ([\d.]+ [KM]iB): (\d+) blocks \(.*\) taken, .* free, the largest "
                              r".*, .* for books$", re.MULTILINE)
BOOT_BLOCKS = 2  # what the firmware's tables say, and the screen's lines


@case()
def each_heap_boots(context):
    usual = troubles(boot_with(context, "")[1])
    for heap in HEAPS:
        code, text = boot_with(context, f"heap={heap} loglevel=debug")
        check_equal((code, troubles(text) - usual), (DEBUG_EXIT_PASS, set()), f"boot with heap={heap}")
        check_equal(printed(text, HEAP_LINE)[0], heap, "heap that the report names")
        name, size, blocks = printed(text, HEAP_DETAIL_LINE)
        check_equal((name, int(blocks)), (heap, BOOT_BLOCKS), "heap that is described, and its blocks by then")
        print(f"{heap}: {size}")


@case()
def each_heap_boots_guarded(context):
    usual = troubles(boot_with(context, "")[1])
    for heap in HEAPS:
        code, text = boot_with(context, f"heap={heap} heap_guard=on")
        check_equal((code, troubles(text) - usual), (DEBUG_EXIT_PASS, set()), f"guarded boot with heap={heap}")
        require_lines(text, [f"memory: heap {heap}, guarded, "], "the serial port")


@case()
def unknown_heap_guard_is_reported(context):
    code, text = boot_with(context, "heap_guard=maybe")
    check_equal(code, DEBUG_EXIT_PASS, "end")
    require_lines(text, ["error: main: heap_guard=maybe is not known and does nothing. Known: on"], "the serial port")


@case()
def unknown_heap_is_reported(context):
    code, text = boot_with(context, "heap=pile")
    check_equal((code, printed(text, HEAP_LINE)[0]), (DEBUG_EXIT_PASS, "default"), "end of the boot, and its heap")
    require_lines(text, [f"error: main: heap=pile is not known; heap=default it is. Known: {', '.join(HEAPS)}"],
                  "the serial port")


@case()
def every_allocation_of_the_heap_may_fail(context):
    usual = troubles(boot_with(context, "")[1])
    for number in range(1, ALLOCATIONS_LIMIT):
        code, text = boot_with(context, f"fail_heap={number}")
        if code == DEBUG_EXIT_PASS and troubles(text) == usual:
            check(number > 1, "the boot allocates nothing")
            return
        said = verdict_of(code, text, usual)
        check(said, f"fail_heap={number}: exit code {code}, and no word of it:\n{text[-2000:]}")
        print(f"{number}: {said}")
    raise Failure(f"the boot has allocated {ALLOCATIONS_LIMIT} times and is not ready")


@case()
def fail_heap_wants_a_number(context):
    code, text = boot_with(context, "fail_heap=never")
    check_equal(code, DEBUG_EXIT_PASS, "end")
    require_lines(text, ["error: main: fail_heap wants a number: which allocation of the heap is to fail, the first "
                         "being 1"], "the serial port")


@case()
def boot_with_poisoned_frames(context):
    code, text = boot_with(context, "poison=frames")
    check_equal(code, DEBUG_EXIT_PASS, "end")
    check(not troubles(text) - troubles(boot_with(context, "")[1]), "poison brings warnings")


# ---- memory maps that nobody should believe. Each change gets the loader's map of a PC with 64 MiB and gives another.

def index_of(entries, kind):
    """The largest entry of this kind."""
    return max((number for number, entry in enumerate(entries) if entry[2] == kind), key=lambda n: entries[n][1])


def replaced(entries, number, *others):
    return entries[:number] + list(others) + entries[number + 1:]


def swapped(entries):
    number = index_of(entries, USABLE)
    return replaced(replaced(entries, number, entries[number - 1]), number - 1, entries[number])


def overlapping(entries):
    number = index_of(entries, USABLE)
    base, length, kind = entries[number]
    return replaced(entries, number, (base - PAGE, length + PAGE, kind))


def last_changed(**change):
    def run(entries):
        base, length, kind = entries[-1]
        return [*entries[:-1], (change.get("base", base), change.get("length", length), kind)]
    return run


def first_page_usable(entries):
    return [(0, PAGE, USABLE), *(entry for entry in entries if entry[0] >= PAGE)]


def kernel_becomes(kind):
    def run(entries):
        number = index_of(entries, KERNEL)
        return replaced(entries, number, (*entries[number][:2], kind))
    return run


def loader_becomes_usable(start, end):
    """A part of the loader's lowest entry."""
    def run(entries):
        number = next(number for number, entry in enumerate(entries) if entry[2] == LOADER)
        base, length, kind = entries[number]
        check(base < start and end < base + length, f"{start:#x}..{end:#x} is not the loader's")
        return replaced(entries, number, (base, start - base, kind), (start, end - start, USABLE),
                        (end, base + length - end, kind))
    return run


def tables_become_usable(entries):
    """The loader's second entry, above 1 MiB."""
    number = [number for number, entry in enumerate(entries) if entry[2] == LOADER][1]
    return replaced(entries, number, (*entries[number][:2], USABLE))


def largest_usable(start=0, length=0):
    """Its first page and its length moved by so many bytes."""
    def run(entries):
        number = index_of(entries, USABLE)
        base, size, kind = entries[number]
        return replaced(entries, number, (base + start, size - start + length, kind))
    return run


def without(*kinds):
    return lambda entries: [entry for entry in entries if entry[2] not in kinds]


def usable_pages(count):
    """Only so much of it."""
    def run(entries):
        base = entries[index_of(entries, USABLE)][0]
        rest = [entry for entry in entries if entry[2] != USABLE]
        return sorted([*rest, (base, count * PAGE, USABLE)]) if count else rest
    return run


UNSORTED = "is not sorted, or overlaps the one before"
ENDLESS = "is empty or ends beyond any physical address"
TORN = "does not consist of whole pages"
KERNELS = "takes the kernel's own memory for something else"
LOADERS = "calls usable what the loader itself left there"
ALL_ADDRESS_BITS = "qemu64,phys-bits=52"  # 40 without it
BAD_MAPS = {
    "unsorted": (swapped, UNSORTED),
    "overlapping": (overlapping, UNSORTED),
    "the_same_entry_twice": (lambda entries: [*entries, entries[-1]], UNSORTED),
    "empty_entry": (last_changed(length=0), ENDLESS),
    "wrapping_entry": (last_changed(base=-PAGE & (1 << 64) - 1, length=2 * PAGE), ENDLESS),
    "entry_of_all_memory": (last_changed(base=1 << 51, length=(1 << 64) - 1), ENDLESS),
    "entry_beyond_52_bits": (last_changed(base=1 << 52, length=PAGE), ENDLESS),
    "page_0_usable": (first_page_usable, "calls page 0 usable, which is the firmware's"),
    "kernel_usable": (kernel_becomes(USABLE), KERNELS),
    "kernel_loader": (kernel_becomes(LOADER), KERNELS),
    "kernel_module": (kernel_becomes(MODULE), KERNELS),
    "boot_info_usable": (loader_becomes_usable(0x10000, 0x20000), LOADERS),
    "page_tables_usable": (tables_become_usable, LOADERS),
    "memory_map_usable": (loader_becomes_usable(MAP_ROOM, MAP_ROOM + PAGE), LOADERS),
    "base_off_a_page": (largest_usable(start=0x10), TORN),
    "length_off_a_page": (largest_usable(length=-0x10), TORN),
    "no_usable_memory": (without(USABLE), "the memory map has no usable memory"),
    "usable_memory_out_of_reach": (
        lambda entries: [*without(USABLE)(entries), (1 << 46, GIB, USABLE)], "the memory map has no usable memory",
        ALL_ADDRESS_BITS),
    "usable_memory_beyond_the_cpu": (
        lambda entries: [*entries, (1 << 40, PAGE, USABLE)], "ends beyond any physical address of this CPU"),
    "loader_memory_beyond_the_cpu": (
        lambda entries: [*entries, (1 << 40, PAGE, LOADER)], "ends beyond any physical address of this CPU"),
    "kernel_in_no_entry": (without(KERNEL), "the memory map and the kernel's place in it do not fit together"),
    "one_usable_page": (usable_pages(1), "not enough memory for the page tables"),
    "five_usable_pages": (usable_pages(5), "not enough memory for the page tables"),
}


def require_panic(machine, kernel, sentence):
    stop = run_to_first(machine, kernel, "emulator_exit", READY)
    check_equal(stop, "emulator_exit", f"where the kernel comes to, although {sentence}")
    shown = machine.screen()
    machine.gdb.detach()
    machine.require_fail()
    for where, text in (("the serial port", machine.serial), ("the screen", shown)):
        require_lines(text, ["PANIC: the kernel cannot set up its memory: ", sentence, FAIL_LINE], where)


def bad_map_case(change, sentence, cpu="qemu64"):
    def run(context):
        kernel = Kernel(context)
        with gdb_machine(context, cpu=cpu) as machine:
            run_to_first(machine, kernel, "kernel_entry")
            info = Info(machine)
            info.set_map(change(info.map()))
            require_panic(machine, kernel, sentence)
    return run


FEW_PAGES = (*range(1, 32), *range(32, 192, 16))  # most of them for the screen's lines


@case(timeout=120)
def few_usable_pages_are_enough_or_not(context):
    """More and more of them, until the boot goes on; before that, each time a sentence."""
    kernel = Kernel(context)
    for count in FEW_PAGES:
        with gdb_machine(context, cmdline="loglevel=debug exit=pass") as machine:
            run_to_first(machine, kernel, "kernel_entry")
            info = Info(machine)
            info.set_map(usable_pages(count)(info.map()))
            machine.gdb.detach()
            code, text = machine.wait().code, machine.serial
        said = verdict_of(code, text, set())
        print(f"{count}: {said}")
        if code == DEBUG_EXIT_PASS and not troubles(text):
            return
        check(said, f"{count} usable pages: exit code {code}, and no word of it:\n{text[-2000:]}")
    raise Failure(f"{FEW_PAGES[-1]} usable pages and the loader's memory are not enough")


PLACE = "kernel_phys_base, kernel_virt_base and kernel_size of the boot information do not describe this kernel"
def unchanged(entries):
    return entries


# name: (fields of boot_info, the map, the sentence)
BAD_PLACES = {
    "phys_base_off_a_page": ({"kernel_phys_base": lambda value: value + 0x800}, largest_usable(start=PAGE), PLACE),
    "phys_base_of_others": ({"kernel_phys_base": lambda value: value + PAGE}, unchanged, KERNELS),
    "no_phys_base": ({"kernel_phys_base": lambda value: 0}, unchanged, KERNELS),
    "virt_base_too_high": ({"kernel_virt_base": lambda value: value + PAGE}, unchanged, PLACE),
    "size_that_wraps": ({"kernel_size": lambda value: (1 << 64) - (1 << 20)}, unchanged,
                        "the kernel ends beyond any physical address of this CPU"),
    "size_too_small": ({"kernel_size": lambda value: 2 * PAGE}, unchanged, PLACE),
}


def bad_place_case(fields, change, sentence):
    def run(context):
        kernel = Kernel(context)
        with gdb_machine(context) as machine:
            run_to_first(machine, kernel, "kernel_entry")
            info = Info(machine)
            info.set_map(change(info.map()))
            for name, field_change in fields.items():
                info[name] = field_change(info[name])
            require_panic(machine, kernel, sentence)
    return run


MODULE_ENTRY = struct.Struct("<QQQ")
MODULE_ROOM = MAP_ROOM + 0x8000  # like MAP_ROOM
MODULES = "takes a module's memory for something else"
FREE = 0x38000  # usable memory
# name: (where the table, the name and the module are; the sentence)
BAD_MODULES = {
    "table_in_usable_memory": (FREE, MODULE_ROOM, None, LOADERS),
    "name_in_usable_memory": (MODULE_ROOM, FREE, None, MODULES),
    "in_usable_memory": (MODULE_ROOM, MODULE_ROOM + 0x100, FREE, MODULES),
    "in_the_loaders_memory": (MODULE_ROOM, MODULE_ROOM + 0x100, MODULE_ROOM + 0x1000, MODULES),
    "that_wraps": (MODULE_ROOM, MODULE_ROOM + 0x100, (1 << 64) - 1, MODULES),
}


def bad_module_case(table, name, place, sentence):
    def run(context):
        kernel = Kernel(context)
        with gdb_machine(context) as machine:
            run_to_first(machine, kernel, "kernel_entry")
            info = Info(machine)
            machine.gdb.set_memory(table, MODULE_ENTRY.pack(name, place or 0xa0000, 2))
            machine.gdb.set_memory(name, b"module\0")
            info["modules"], info["module_count"], info["module_entry_size"] = table, 1, MODULE_ENTRY.size
            require_panic(machine, kernel, sentence)
    return run


ODD_ACPI = [(0xfd0_0010, 0x20, ACPI_TABLES), (0xfd0_0030, 0xd0, ACPI_NVS), (0xfd0_1ff0, 0x1020, ACPI_TABLES)]
# What is odd, but may be: all of it ends up in the right place.
ODD_MAPS = {
    "larger_entries": (unchanged, {"entry_size": 40}),
    "unknown_kind": (lambda entries: [*entries, (1 << 50, PAGE, 77)], {}),
    "usable_memory_beyond_the_direct_map": (
        lambda entries: [*entries, (1 << 50, GIB, USABLE)], {}, ALL_ADDRESS_BITS),
    "acpi_areas_that_share_pages": (lambda entries: sorted([*entries, *ODD_ACPI]), {}),
}


def odd_map_case(change, options, cpu="qemu64"):
    def run(context):
        kernel = Kernel(context)
        with gdb_machine(context, cmdline="loglevel=debug", cpu=cpu) as machine:
            run_to_first(machine, kernel, "kernel_entry")
            info = Info(machine)
            entries = change(info.map())
            info.set_map(entries, **options)
            phys_base = info["kernel_phys_base"]
            run_to_ready(machine, kernel)
            tables = PageTables(machine)
            mapped = [entry for entry in entries if entry[0] < DIRECT_MAP_SIZE]
            check_direct_map(tables, mapped, Image(kernel, phys_base, True), page_sizes(False))
            machine.gdb.detach()
            machine.expect("Hewn is up")
            wanted = [(base, base + length, kind if kind in KIND_NAMES.values() else RESERVED)
                      for base, length, kind in entries]
            check_equal(printed_map(machine.serial), wanted, "memory map that the kernel kept and printed")
    return run


for name, row in SIZES.items():
    add_case(f"frames_{name}", frames_case(*row))
add_case("loader_tables", loader_tables_case())
add_case("loader_tables_without_nx", loader_tables_case(has_nx=False, cpu="qemu64,-nx"))
# pc splits RAM of 3.5 GiB and more at 3 GiB.
add_case("loader_tables_5g", loader_tables_case(((4 * GIB, 6 * GIB),), memory="5G"))
add_case("loader_tables_5g_1gib_pages", loader_tables_case(((4 * GIB, 6 * GIB),), memory="5G", cpu="qemu64,+pdpe1gb"))
add_case("tables", page_tables_case(memory="128M"))
add_case("tables_without_nx", page_tables_case(has_nx=False, cpu="qemu64,-nx"))
add_case("tables_without_global_pages", page_tables_case(has_global_pages=False, cpu="qemu64,-pge"))
add_case("tables_without_pat", page_tables_case(screen_cache=UNCACHED, cpu="qemu64,-pat"))
add_case("tables_newest_cpu", page_tables_case(has_1g=True, has_smep_and_smap=True, cpu="max", memory="128M"))
add_case("tables_5g", page_tables_case(memory="5G"))
add_case("tables_5g_1gib_pages", page_tables_case(has_1g=True, memory="5G", cpu="qemu64,+pdpe1gb"))
add_case("tables_5g_newest_cpu", page_tables_case(has_1g=True, has_smep_and_smap=True, memory="5G", cpu="max"))
for share in range(SWEEP_SHARES):
    add_case(f"every_allocation_may_fail_{share + 1}_of_{SWEEP_SHARES}", sweep_case(share, SWEEP_SHARES), timeout=120)
for name, options in SWEEP_MACHINES.items():
    add_case(f"every_allocation_may_fail_{name}", sweep_case(0, 1, **options), labels=("boot", "nightly"),
             timeout=180)
for name, row in BAD_MAPS.items():
    add_case(f"bad_map_{name}", bad_map_case(*row))
for name, row in BAD_PLACES.items():
    add_case(f"bad_place_{name}", bad_place_case(*row))
for name, row in BAD_MODULES.items():
    add_case(f"bad_module_{name}", bad_module_case(*row))
for name, row in ODD_MAPS.items():
    add_case(f"odd_map_{name}", odd_map_case(*row))

run_cases()
