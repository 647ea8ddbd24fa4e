# SPDX-License-Identifier: MIT
"""The report of a death: names, order, files and lines of its backtrace, and that it comes whatever is broken.

docs/panic-report.md has the grammar. Expected lines are found in the sources by what stands there; each line of a
backtrace is compared with what LLVM's symbolizer says as well.
"""
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, case, run_cases
from support.failure import Failure, Skip, check, check_equal
from support.stopped_kernel import (END, FAIL_LINE, REPORT, Kernel, call, fail_and_read, gdb_machine,
                                    plant, pointer_at, report_of, require_lines, run_to_first)

ROOT = Path(__file__).resolve().parents[2]
PAGE = 4096
CHUNK = 512  # of memory, by one request to the gdb stub
SCRATCH = 0xffff_8000_0003_8000  # in the direct map: usable memory, and nobody's so far
HOLE = 0xfd00000000  # reserved on every AMD CPU that QEMU emulates
UD2 = b"\x0f\x0b"
LOAD = b"\x8a\x00"  # mov al, [rax]
PUSH_FOREVER = b"\x50\xeb\xfd"  # push rax; jmp to it
INVALID_OPCODE = (6, "invalid opcode (#UD)")
PAGE_FAULT = (14, "page fault (#PF)")
FRAME_LIMIT = 32  # of kernel/debug/backtrace.c
LOG_LINES = 12  # of kernel/debug/parts.h
RING_SIZE = 64 * 1024  # of kernel/log/record_ring; head and tail stand before the bytes
NESTED = "while another fatal error was being reported"

FRAME = re.compile(r"^  (\d+): (0x[0-9a-f]{16}) (\w+)\+0x([0-9a-f]+) \(([^:)]*)(?::(\d+))?\)$")


class Frame:
    def __init__(self, match):
        self.number, self.address, self.function = int(match[1]), int(match[2], 16), match[3]
        self.offset, self.file, self.line = int(match[4], 16), match[5], int(match[6] or 0)

    def __str__(self):
        return f"{self.function}+{self.offset:#x} ({self.file}:{self.line})"


def section_of(serial, title):
    """The lines of a report below `title`, up to the next title."""
    lines = serial.splitlines()
    if title not in lines:
        raise Failure(f"the serial port has no line {title!r}:\n{serial}")
    start = lines.index(title) + 1
    end = next((number for number in range(start, len(lines)) if not lines[number].startswith(" ")), len(lines))
    return lines[start:end]


def frames_of(serial):
    found = [Frame(match) for match in map(FRAME.match, section_of(serial, "backtrace:")) if match]
    check_equal([frame.number for frame in found], list(range(len(found))), "numbers of the frames")
    return found


def require_true_frames(context, kernel, frames, is_first_exact=False):
    """Every frame's name is the symbol that holds its address, its file and line are what LLVM's symbolizer says. All are
    return addresses, which stand behind the call, but for the place of an exception."""
    cache = (context.build / "CMakeCache.txt").read_text()
    objcopy = Path(re.search(r"^HEWN_OBJCOPY:\w+=(.+)$", cache, re.MULTILINE)[1])
    symbolizer = objcopy.with_name(objcopy.name.replace("objcopy", "symbolizer"))
    places = [frame.address - (not (is_first_exact and frame.number == 0)) for frame in frames]
    result = subprocess.run([symbolizer, f"--obj={context.build / 'kernel.elf'}", "--no-inlines", "--functions=none",
                             "--output-style=GNU", *map(hex, places)], stdout=subprocess.PIPE, text=True, check=True)
    for frame, answer in zip(frames, result.stdout.splitlines()):
        check_equal(f"{ROOT / frame.file}:{frame.line or '?'}", re.sub(r" \(.*\)$", "", answer).replace(":0", ":?"),
                    f"file and line of frame {frame.number}")
        check_equal(frame.address - frame.offset, kernel[frame.function], f"the start of {frame.function}()")


def line_of(file, text):
    """The number of the one line of a source that has this text."""
    numbers = [number for number, line in enumerate((ROOT / file).read_text().splitlines(), 1) if text in line]
    check_equal(len(numbers), 1, f"lines of {file} with {text!r}")
    return numbers[0]


# What is called on the way from the kernel's entry to record_ring_append() while report_boot() writes its first line;
# None: any line of that file. What is not required may be missing, because the compiler puts functions into others.
WAY_TO_THE_RING = [
    ("kernel/log/log.c", "record_ring_append(&log_state.ring, &record);", True),
    ("kernel/log/log.c", "        write_line(level, module, format, arguments);", False),
    ("kernel/report.c", None, True),
    ("kernel/report.c", None, False),
    ("kernel/main.c", "    report_boot(boot, command_line, entry_tsc);", True),
    ("kernel/arch/entry.asm", "call kernel_main", True),
]
ASSERTION = ("kernel/log/record_ring/record_ring.c", "ASSERT(is_sound(&oldest, tail));", True)
WAY_TO_THE_ASSERTION = [
    ASSERTION,
    ("kernel/log/record_ring/record_ring.c", "    make_room(ring, head, header->size_bytes);", False),
    ("kernel/log/record_ring/record_ring.c", "    append_piece(ring, &header, record->text);", False),
    *WAY_TO_THE_RING,
]


def require_way(frames, way):
    rest = list(frames)
    for file, text, is_required in way:
        line = text and line_of(file, text)
        if rest and rest[0].file == file and line in (None, rest[0].line):
            rest.pop(0)
        elif is_required:
            raise Failure(f"where {file}:{line} ({text}) was to come, the backtrace has {rest[0] if rest else 'ended'}; "
                          f"all of it:\n" + "\n".join(map(str, frames)))
    check(not rest, f"frames too many: {', '.join(map(str, rest))}")
    check_equal([frame.function for frame in frames[-2:]], ["kernel_main", "kernel_entry"], "the last two functions")


def run_to_ring(machine, kernel):
    """Stops at record_ring_append(), called for the first line of report_boot()."""
    run_to_first(machine, kernel, REPORT)
    run_to_first(machine, kernel, "record_ring_append")
    return machine.gdb.register("rdi")


# ---- backtraces

@case()
def panic_names_its_callers_with_files_and_lines(context):
    """A record of no length makes the log's assertion fail, five functions deep."""
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        ring = run_to_ring(machine, kernel)
        machine.gdb.set_memory(ring, RING_SIZE.to_bytes(8, "little") + bytes(8) + bytes(16))
        message = f"PANIC: assertion failed: is_sound(&oldest, tail) (record_ring.c:{line_of(*ASSERTION[:2])})"
        fail_and_read(machine, kernel, [message, "backtrace:"])
        frames = frames_of(machine.serial)
        require_way(frames, WAY_TO_THE_ASSERTION)
        require_true_frames(context, kernel, frames)
        check_equal(machine.serial.count("PANIC"), 1, "reports")


@case()
def page_fault_inside_the_log_gets_a_full_report(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_ring(machine, kernel)
        rip = plant(machine, LOAD, {"rax": 0x18})
        lines = [*report_of(*PAGE_FAULT, rip, 0, 0x18), "the kernel read from 0x0000000000000018: null pointer + 0x18",
                 "walk: PML4[0]", "backtrace:", "0: "]
        fail_and_read(machine, kernel, lines)
        frames = frames_of(machine.serial)
        check_equal((frames[0].address, frames[0].function), (rip, "record_ring_append"), "the first frame")
        require_way(frames[1:], WAY_TO_THE_RING)
        require_true_frames(context, kernel, frames, is_first_exact=True)


@case()
def backtrace_goes_through_an_interrupt(context):
    """The storm watch runs in the timer's interrupt, which comes while the kernel waits."""
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, "irq_mask_storms")
        rip = plant(machine, UD2)
        fail_and_read(machine, kernel, report_of(*INVALID_OPCODE, rip))
        frames = frames_of(machine.serial)
        require_lines(machine.serial, ["-: interrupt "], "the backtrace")
        functions = [frame.function for frame in frames]
        check_equal((functions[0], functions[-2:]), ("irq_mask_storms", ["kernel_main", "kernel_entry"]),
                    "the first and the last functions")
        lines = section_of(machine.serial, "backtrace:")
        crossing = next(number for number, line in enumerate(lines) if line.startswith("  -: interrupt "))
        before, after = functions[:crossing], functions[crossing:]
        check("irq_enter" in before, f"before the interrupt there is no irq_enter(): {before}")
        check(len(after) >= 2 and "irq_enter" not in after, f"behind the interrupt: {after}")


@case()
def jump_to_nowhere_names_who_jumped(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        machine.gdb.set_register("rip", 0)
        cause = "the kernel jumped to 0x0000000000000000: null pointer + 0x0; no page is mapped there"
        fail_and_read(machine, kernel, [*report_of(*PAGE_FAULT, 0, 0x10, 0), cause])
        lines = section_of(machine.serial, "backtrace:")
        check_equal(lines[0], "  0: 0x0000000000000000 (outside the kernel's text)", "the first frame")
        check("kernel_main+" in lines[1], f"the second frame is {lines[1]!r}, not kernel_main()")


# ---- broken chains of frame pointers

def link(saved, address):
    return saved.to_bytes(8, "little") + address.to_bytes(8, "little")


# name: (RBP, what lies at SCRATCH, what the report says)
BROKEN = {
    "misaligned": (SCRATCH + 1, lambda text: b"", f"{SCRATCH + 1:#x} is not a multiple of 8"),
    "unmapped": (0xffffffffff000000, lambda text: b"", "0xffffffffff000000 cannot be read"),
    "not_canonical": (0x4141414141414140, lambda text: b"", "0x4141414141414140 cannot be read"),
    "cyclic": (SCRATCH, lambda text: link(SCRATCH, text), f"{SCRATCH:#x} does not lie above the frame before"),
    "falling": (SCRATCH, lambda text: link(SCRATCH - 64, text), f"{SCRATCH - 64:#x} does not lie above"),
    "not_text": (SCRATCH, lambda text: link(SCRATCH + 16, 0x1234), "0x1234 is no address of the kernel's text"),
}


def broken_chain_case(rbp, content, sentence):
    def run(context):
        kernel = Kernel(context)
        with gdb_machine(context) as machine:
            run_to_first(machine, kernel, REPORT)
            text = kernel["kernel_main"] + 5
            if content(text):
                machine.gdb.set_memory(SCRATCH, content(text))
            rip = plant(machine, UD2, {"rbp": rbp})
            fail_and_read(machine, kernel, [*report_of(*INVALID_OPCODE, rip),
                                            f"-: the chain is broken: {sentence}"])
    return run


@case()
def chain_may_fall_where_it_leaves_an_interrupt(context):
    """The interrupted code may have had a stack below that of the handler."""
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        text, low, high = kernel["kernel_main"] + 5, SCRATCH, SCRATCH + 0x400
        registers = [0] * 22  # struct trap_frame
        registers[8], registers[15], registers[17], registers[18] = low, 2, text, 8  # RBP, vector, RIP, CS
        frame = b"".join(value.to_bytes(8, "little") for value in registers)
        machine.gdb.set_memory(low, link(0, text))
        machine.gdb.set_memory(high, link(high + 16, text) + link(0, kernel["trap_anywhere_return"]) + frame)
        rip = plant(machine, UD2, {"rbp": high})
        fail_and_read(machine, kernel, [*report_of(*INVALID_OPCODE, rip), "-: exception 2: non-maskable interrupt (NMI)"])
        lines = section_of(machine.serial, "backtrace:")
        check(lines[-3].startswith("  -: exception 2"), f"the backtrace is {lines}")
        check(all("kernel_main+0x5" in line for line in lines[-2:]), f"behind the interrupt: {lines[-2:]}")


@case()
def endless_chain_is_cut_and_the_screen_keeps_the_first_line(context):
    """As many frames as a report may have and more, on the longest report: that of a page fault."""
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        text = kernel["kernel_main"] + 5
        chain = b"".join(link(SCRATCH + 16 * (number + 1), text) for number in range(64))
        machine.gdb.set_memory(SCRATCH, chain)
        rip = plant(machine, LOAD, {"rax": HOLE, "rbp": SCRATCH})
        fail_and_read(machine, kernel, [*report_of(*PAGE_FAULT, rip, 0, HOLE), "walk: PML4[1]"])
        lines = section_of(machine.serial, "backtrace:")
        check_equal(len(frames_of(machine.serial)), FRAME_LIMIT, "frames")
        check_equal(lines[-1], "  -: and so on", "the end of the backtrace")
        require_grammar(machine.serial, EXCEPTION_GRAMMAR)


# ---- a report that fails

def fail_nested(machine, kernel, first, second):
    """The first report got as far as it could on the serial port, the second one is everywhere."""
    fail_and_read(machine, kernel, [NESTED, *second, FAIL_LINE])
    require_lines(machine.serial.split(NESTED)[0], first, "the serial port, before the second report")


@case()
def fault_while_reporting_is_told(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        rip = plant(machine, UD2)
        run_to_first(machine, kernel, "backtrace_write_exception")
        second = plant(machine, LOAD, {"rax": kernel.section(".nmi_stack").addr - 8})
        fail_nested(machine, kernel, report_of(*INVALID_OPCODE, rip), [
            f"PANIC: vector 14 at rip {second:#x}, cr2 ", "cause: the kernel read from",
            "guard page of the NMI stack; no page is mapped there", f"first: vector 6 at rip {rip:#x}, cr2 0x0"])


@case()
def panic_inside_a_panic_is_told(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        machine.gdb.set_memory(SCRATCH, b"the first\0the second\0")
        machine.gdb.set_register("rip", kernel["panic"])
        machine.gdb.set_register("rdi", SCRATCH)
        run_to_first(machine, kernel, "backtrace_write_caller")
        machine.gdb.set_register("rip", kernel["panic"])
        machine.gdb.set_register("rdi", SCRATCH + 10)
        machine.gdb.set_register("rax", 0)  # no vector registers hold arguments
        fail_nested(machine, kernel, ["PANIC: the first"],
                    [f"PANIC {NESTED}: the second", "first: panic: the first"])


@case()
def overflow_while_reporting_names_the_stack(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        rip = plant(machine, UD2)
        run_to_first(machine, kernel, "backtrace_write_exception")
        second = plant(machine, PUSH_FOREVER)
        fail_nested(machine, kernel, report_of(*INVALID_OPCODE, rip), [
            f"PANIC: vector 8 at rip {second:#x}, cr2 ",
            "CR2 lies in the guard page of the boot stack: that stack has overflown", f"first: vector 6 at rip {rip:#x}"])


@case()
def third_death_ends_without_words(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        plant(machine, UD2)
        run_to_first(machine, kernel, "backtrace_write_exception")
        plant(machine, UD2)
        run_to_first(machine, kernel, "cause_describe")
        third = plant(machine, UD2)
        run_to_first(machine, kernel, END)
        machine.gdb.detach()
        check_equal(str(machine.wait()), "QEMU ended with exit code 35, the guest's fail", "end")
        check_equal(machine.serial.count(NESTED), 1, "nested reports")
        check(f"{third:#x}" not in machine.serial.split(NESTED)[1], "the third death was reported")


# ---- stacks

@case()
def smashed_stack_names_the_function(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_ring(machine, kernel)
        canary = machine.gdb.memory(kernel["__stack_chk_guard"], 8)
        rsp, rbp = machine.gdb.register("rsp"), machine.gdb.register("rbp")
        place = machine.gdb.memory(rsp, rbp - rsp).rfind(canary)
        check(place >= 0, "the function that calls record_ring_append() has no canary on its stack")
        machine.gdb.set_memory(rsp + place, b"\x41" * (rbp + 16 - rsp - place))
        fail_and_read(machine, kernel, ["PANIC: the stack was smashed: ", "(kernel/log/log.c",
                                        "the chain is broken: 0x4141414141414141"])
        smashed = re.search(r"the stack was smashed: (\w+)\+0x", machine.serial)[1]
        check(smashed in ("log_write", "write_line"), f"{smashed}() was not smashed")
        first = next(frame for frame in frames_of(machine.serial))
        check_equal(first.function, smashed, "the first function of the backtrace")


@case()
def canary_follows_from_the_seed_and_has_a_zero_byte(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        seen = set()
        for seed in (0, 1, 2, 0xffffffffffffffff, 0):
            call(machine, kernel, "debug_set_canary", seed)
            seen.add(pointer_at(machine, kernel, "__stack_chk_guard"))
        check_equal(len(seen), 5, "canaries from five calls at different times")
        check(all(value & 0xff == 0 and value >> 8 for value in seen), f"canaries {[hex(value) for value in seen]}")
        check(all(bin(value).count("1") > 8 for value in seen), f"canaries {[hex(value) for value in seen]}")


# The vector whose handler runs on the stack; INT raises it without the hardware's help.
STACKS = {"boot": None, "double_fault": 8, "nmi": 2, "machine_check": 18, "db": 1}
STACK_NAMES = {"boot": "boot", "double_fault": "double fault", "nmi": "NMI", "machine_check": "machine check",
               "db": "debug"}


def overflow_case(name, vector):
    def run(context):
        kernel = Kernel(context)
        stack = kernel.section(f".{name}_stack")
        with gdb_machine(context) as machine:
            run_to_first(machine, kernel, REPORT)
            if vector is None:
                rip = plant(machine, PUSH_FOREVER)
            else:
                rip = plant(machine, bytes((0xcd, vector)) + PUSH_FOREVER) + 2
                machine.gdb.run_to(pointer_at(machine, kernel, "exception_handler"))
                machine.gdb.set_register("rip", rip)
            place = machine.gdb.register("rsp")
            check(stack.addr < place <= stack.addr + stack.size, f"RSP {place:#x} is not in {stack.name}")
            # A CPU may, or may not, load SS with zero on the way to another stack.
            lines = [line for line in report_of(8, "double fault (#DF)", rip, 0) if not line.startswith("ss: ")]
            fail_and_read(machine, kernel, [
                *lines, f"CR2 lies in the guard page of the {STACK_NAMES[name]} stack: that stack has overflown"])
            cr2 = int(re.search(r"cr2: (0x[0-9a-f]+)", machine.serial)[1], 16)
            check(stack.addr - PAGE <= cr2 < stack.addr, f"CR2 {cr2:#x} is not in the page below {stack.name}")
    return run


@case()
def report_leaves_most_of_an_exception_stack(context):
    """What a report needs: the stack of double faults is filled before, and searched for the deepest change after."""
    kernel = Kernel(context)
    stack = kernel.section(".double_fault_stack")
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        for address in range(stack.addr, stack.addr + stack.size, CHUNK):
            machine.gdb.set_memory(address, b"\xa5" * (CHUNK))
        plant(machine, PUSH_FOREVER)
        run_to_first(machine, kernel, END)
        left = b"".join(machine.gdb.memory(address, CHUNK)
                        for address in range(stack.addr, stack.addr + stack.size, CHUNK))
        free = len(left) - len(left.lstrip(b"\xa5"))
        print(f"the report took {stack.size - free} of {stack.size} bytes")
        check(free >= stack.size // 2, f"only {free} bytes of {stack.size} were left")


# ---- grammar: docs/panic-report.md

HEX = r"0x[0-9a-f]+"
WORD = r"0x[0-9a-f]{16}"
ENTRY = rf"P(ML5|ML4|DPT|D|T)\[\d+\] ({HEX} [P-][W-][U-][X-][L-]|cannot be read)"
BACKTRACE = [(r"backtrace:", 1, 1),
             (rf"  (\d+: {WORD} (\w+\+{HEX}( \([\w./]+(:\d+)?\))?|\(outside the kernel's text\))|-: .+)", 1, 34)]
LOG = [(r"log:", 1, 1), (r" \[ *\d+\.\d+M?\] .*", 0, LOG_LINES)]
END_OF_REPORT = [(re.escape(FAIL_LINE), 1, 1)]
EXCEPTION_GRAMMAR = [
    (r"PANIC: (exception|interrupt) \d+: .+", 1, 1), (r"cause: .+", 1, 1),
    (rf"vector: \d+  name: .+  error_code: ({HEX}|none)", 1, 1),
    (rf"rip: {WORD}  cs: 0x[0-9a-f]{{4}}  rflags: 0x[0-9a-f]{{8}}", 1, 1), (rf"rsp: {WORD}  ss: 0x[0-9a-f]{{4}}", 1, 1),
    (rf"cr0: {WORD}  cr2: {WORD}", 1, 1), (rf"cr3: {WORD}  cr4: {WORD}", 1, 1),
    *(("  ".join(f"{name}: {WORD}" for name in names.split()), 1, 1)
      for names in ("rax rbx rcx", "rdx rsi rdi", "rbp r8 r9", "r10 r11 r12", "r13 r14 r15")),
    (rf"walk: {ENTRY}( \| {ENTRY})*", 0, 1),
    (rf"bank: \d+  status: {WORD}(  address: {HEX})?  .+", 0, 32),
    *BACKTRACE, *LOG, *END_OF_REPORT]
PANIC_GRAMMAR = [(r"PANIC: .+", 1, 1), *BACKTRACE, *LOG, *END_OF_REPORT]


def require_grammar(serial, grammar):
    """Each row of the grammar takes as many lines as match it, at least and at most so many."""
    lines = serial[serial.index("PANIC"):].splitlines()
    for pattern, least, most in grammar:
        count = 0
        while lines and count < most and re.fullmatch(pattern, lines[0]):
            lines.pop(0)
            count += 1
        check(count >= least, f"{pattern!r} has {count} lines; next is {lines[0] if lines else 'the end'!r}")
    check_equal(lines, [], "lines behind the report")


@case()
def report_of_a_page_fault_keeps_its_grammar(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, "irq_mask_storms")
        rip = plant(machine, LOAD, {"rax": HOLE})
        fail_and_read(machine, kernel, report_of(*PAGE_FAULT, rip, 0, HOLE))
        require_grammar(machine.serial, EXCEPTION_GRAMMAR)
        check("walk: " in machine.serial, "a page fault without its walk")


@case()
def report_of_a_panic_keeps_its_grammar(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, "irq_mask_storms")
        machine.gdb.set_memory(SCRATCH, b"planted\0")
        machine.gdb.set_register("rdi", SCRATCH)
        machine.gdb.set_register("rip", kernel["panic"])
        fail_and_read(machine, kernel, ["PANIC: planted"])
        require_grammar(machine.serial, PANIC_GRAMMAR)


@case()
def machine_check_lists_its_banks(context):
    """Injected by QEMU: an uncorrected error of the memory controller in bank 3, with an address."""
    kernel = Kernel(context)
    status = 1 << 63 | 1 << 61 | 1 << 60 | 1 << 58 | 0x9f
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, "irq_mask_storms")
        machine.qmp.monitor(f"mce 0 3 {status:#x} 0x5 0x12345678 0x0")
        fail_and_read(machine, kernel, ["PANIC: exception 18: machine check (#MC)", "error_code: none",
                                        "cause: the hardware has found an error in itself",
                                        f"bank: 3  status: {status:#x}  address: 0x12345678",
                                        "memory controller, uncorrected"])
        require_grammar(machine.serial, EXCEPTION_GRAMMAR)


# ---- the log

@case()
def report_ends_with_the_last_lines_of_the_log(context):
    kernel = Kernel(context)
    with gdb_machine(context, cmdline="loglevel=debug") as machine:
        run_to_first(machine, kernel, "irq_mask_storms")
        plant(machine, UD2)
        fail_and_read(machine, kernel, ["log:"], screen=False)
        before = machine.serial[:machine.serial.index("PANIC")].splitlines()
        logged = [line for line in before if re.match(r"\[ *\d+\.\d+M?\] ", line)]
        check(len(logged) >= LOG_LINES, f"the log has only {len(logged)} lines: this test sees nothing")
        check_equal(section_of(machine.serial, "log:"), [f" {line}" for line in logged[-LOG_LINES:]],
                    "the log in the report")


@case()
def damaged_log_does_not_stop_the_report(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        ring = run_to_ring(machine, kernel)
        machine.gdb.set_memory(ring, (1 << 60).to_bytes(8, "little") + b"\xff" * 64)
        rip = plant(machine, UD2)
        fail_and_read(machine, kernel, [*report_of(*INVALID_OPCODE, rip), "backtrace:"])
        check_equal(section_of(machine.serial, "log:"), [], "the log in the report")
        check(NESTED not in machine.serial, "the report had trouble of its own")


# ---- undefined behaviour

@case()
def undefined_behaviour_is_told_with_file_and_line(context):
    """A level that no level has: an index outside a table of names."""
    if "HEWN_SANITIZE:BOOL=ON" not in (context.build / "CMakeCache.txt").read_text():
        raise Skip("this kernel is built without UBSan; the sanitize preset has it")
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        machine.gdb.set_memory(SCRATCH, b"planted\0text\0")
        for name, value in (("rdi", 100), ("rsi", SCRATCH), ("rdx", SCRATCH + 8), ("rax", 0)):
            machine.gdb.set_register(name, value)
        machine.gdb.set_register("rip", kernel["log_write"])
        fail_and_read(machine, kernel, ["PANIC: undefined behaviour: index 100 outside 'const char *const"])
        line = line_of("kernel/log/log.c", 'level == LOG_LEVEL_INFO ? "" : level_names[level];')
        told = re.search(r"PANIC: .* \((\S+):(\d+):\d+\)$", machine.serial, re.MULTILINE)
        check_equal((told[1], int(told[2])), ("kernel/log/log.c", line), "file and line of the undefined behaviour")
        frames = frames_of(machine.serial)
        check("__ubsan_handle_out_of_bounds" in frames[0].function, f"the first frame is {frames[0]}")
        require_true_frames(context, kernel, frames)


for name, row in BROKEN.items():
    add_case(f"broken_chain_{name}", broken_chain_case(*row))
for name, vector in STACKS.items():
    add_case(f"overflow_of_the_{name}_stack", overflow_case(name, vector))

run_cases()
