# SPDX-License-Identifier: MIT
"""The kernel's own behaviour: what it says when something goes wrong, and what it makes of bad input.

The machines stand still at a symbol of kernel.elf; the gdb stub then plants instructions, registers and boot
information. Because the end of a report ends QEMU, the screen is read when the kernel arrives at emulator_exit().
"""
import re
import struct
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, case, run_cases
from support.failure import check, check_equal
from support.kernel_tests import test_image
from support.machine import DEBUG_EXIT_PASS, Outcome
from support.stopped_kernel import (END, FAIL_LINE, REPORT, TIME_LIMIT, Kernel, call, fail_and_read,
                                    gdb_machine, plant, plant_in_sink, pointer_at, report_of, require_lines,
                                    run_to_first)

PAGE = 4096
DIRECTION_FLAG = 1 << 10
PASS_LINE = "# hewn: end pass 0 tests"
SCRATCH = 0x38000  # usable memory, and nobody's so far
DIRECT_MAP = 0xffff_8000_0000_0000  # where the kernel has it once it reports its boot
NON_CANONICAL = 0x8000000000000000
HYPERTRANSPORT_HOLE = 0xfd00000000  # reserved on every AMD CPU that QEMU emulates
NO_UART = {"extra": ("-serial", "none")}  # the harness's own serial port becomes COM2
NO_SCREEN = {"extra": ("-vga", "none")}
COM1 = 0x3f8
COM1_LINE_STATUS = 0x3fd

# Fields of struct trap_frame (arch/trap_frame.h) by offset.
FRAME_VECTOR, FRAME_ERROR_CODE, FRAME_RIP = 120, 128, 136
ERROR_CODE_VECTORS = (8, 10, 11, 12, 13, 14, 17, 21, 29, 30)


# ---- exceptions

# Where an address of the kernel is meant, a function of Kernel stands. "at" is the distance from the planted code's
# start to the reported RIP: faults name the instruction, traps the next one.
LOAD, STORE = b"\x8a\x00", b"\x88\x00"  # mov al, [rax]; mov [rax], al
PAGE_FAULT = (14, "page fault (#PF)")
PROTECTION = (13, "general protection (#GP)")
EXCEPTIONS = {
    "divide_by_zero": (b"\x31\xc9\xf7\xf1", 2, (0, "divide error (#DE)"), {}),
    "single_step": (b"\x9c\x81\x0c\x24\x00\x01\x00\x00\x9d\x90", 10, (1, "debug (#DB)"), {}),  # TF by popfq
"undefined_opcode": (b"\x0f\x0b", 0, (6, "invalid opcode (#UD)"), {}),
    # CR0.TS, then fnop
    "no_coprocessor": (b"\x0f\x20\xc0\x0c\x08\x0f\x22\xc0\xd9\xd0", 8, (7, "device not available (#NM)"),
                       {"cr0": 0x80010039}),
    "reserved_vector": (b"\xcd\x0f", 2, (15, "reserved exception"), {}),
    "unexpected_interrupt_32": (b"\xcd\x20", 2, (32, "unexpected interrupt"), {}),
    "unexpected_interrupt_200": (b"\xcd\xc8", 2, (200, "unexpected interrupt"), {}),
    "unexpected_interrupt_255": (b"\xcd\xff", 2, (255, "unexpected interrupt"), {}),
    "bad_selector": (b"\x8e\xd8", 0, PROTECTION, {"rax": 0x77f8, "error_code": 0x77f8}),  # mov ds, ax
    "non_canonical_address": (LOAD, 0, PROTECTION, {"rax": NON_CANONICAL, "error_code": 0}),
    "null_read": (LOAD, 0, PAGE_FAULT, {"rax": 0x18, "error_code": 0, "cr2": 0x18}),
    "null_write": (STORE, 0, PAGE_FAULT, {"rax": 0xff8, "error_code": 2, "cr2": 0xff8}),
    "hole_read": (LOAD, 0, PAGE_FAULT, {"rax": HYPERTRANSPORT_HOLE, "error_code": 0, "cr2": HYPERTRANSPORT_HOLE}),
    "text_write": (STORE, 0, PAGE_FAULT, {"rax": lambda kernel: kernel["kernel_main"], "error_code": 3,
                                          "cr2": lambda kernel: kernel["kernel_main"]}),
    "constant_write": (STORE, 0, PAGE_FAULT, {"rax": lambda kernel: kernel.section(".rodata").addr, "error_code": 3,
                                              "cr2": lambda kernel: kernel.section(".rodata").addr}),
    "guard_read": (LOAD, 0, PAGE_FAULT, {"rax": lambda kernel: kernel.section(".boot_stack").addr - 1, "error_code": 0,
                                         "cr2": lambda kernel: kernel.section(".boot_stack").addr - 1}),
}


def exception_case(code, at, event, details):
    def run(context):
        kernel = Kernel(context)
        facts = {name: value(kernel) if callable(value) else value for name, value in details.items()}
        with gdb_machine(context) as machine:
            run_to_first(machine, kernel, REPORT)
            rip = plant(machine, code, {"rax": facts["rax"]} if "rax" in facts else None)
            lines = report_of(*event, rip + at, facts.get("error_code"), facts.get("cr2"))
            if "cr0" in facts:
                lines[-1] = f"cr0: {facts['cr0']:#018x}"
            fail_and_read(machine, kernel, lines)
    return run


@case()
def data_execution_is_reported(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        place = kernel.section(".bss").addr
        machine.gdb.set_register("rip", place)
        fail_and_read(machine, kernel, report_of(*PAGE_FAULT, place, 0x11, place))


@case()
def every_register_is_reported(context):
    kernel = Kernel(context)
    names = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", *(f"r{number}" for number in range(8, 16)))
    values = {name: 0x1122334455667700 + number for number, name in enumerate(names)}
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        rip = plant(machine, b"\x0f\x0b", values)
        stack = machine.gdb.register("rsp")
        lines = [f"{name}: {value:#018x}" for name, value in values.items()]
        fail_and_read(machine, kernel, [*report_of(6, "invalid opcode (#UD)", rip), f"rsp: {stack:#018x}", *lines])


@case()
def every_vector_arrives_with_its_number(context):
    """int N for all N. It pushes no error code, so where the CPU would, RIP stands in its place."""
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        place, stack = machine.gdb.register("rip"), machine.gdb.register("rsp")
        handlers = [pointer_at(machine, kernel, name) for name in ("exception_handler", "interrupt_handler")]
        for handler in handlers:
            machine.gdb.set_breakpoint(handler)
        for vector in range(256):
            handler = handlers[vector >= 32]
            machine.gdb.set_register("rip", place)
            machine.gdb.set_register("rsp", stack)
            plant(machine, bytes((0xcd, vector)))
            machine.gdb.run_to_stop()
            check_equal(machine.gdb.register("rip"), handler, f"place after int {vector}")
            alignment = 0 if vector in ERROR_CODE_VECTORS else 8
            check_equal(machine.gdb.register("rsp") % 16, alignment, f"RSP modulo 16 in the handler of int {vector}")
            frame = machine.gdb.memory(machine.gdb.register("rdi"), FRAME_RIP + 8)
            number, error_code, rip = struct.unpack_from("<QQQ", frame, FRAME_VECTOR)
            check_equal(number, vector, f"vector of int {vector}")
            if vector in ERROR_CODE_VECTORS:
                check_equal(error_code, place + 2, f"what stands where int {vector} has an error code")
            else:
                check_equal((error_code, rip), (0, place + 2), f"error code and RIP of int {vector}")


@case()
def fault_with_direction_flag_is_reported(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        place = plant(machine, b"\xfd\x0f\x0b")  # std; ud2
        machine.gdb.run_to(pointer_at(machine, kernel, "exception_handler"))
        check(not flags(machine) & DIRECTION_FLAG, "C code is entered with DF set: the trap entry lacks its cld")
        frame = machine.gdb.register("rdi")
        saved = int.from_bytes(machine.gdb.memory(frame + FRAME_RIP + 16, 8), "little")
        check(saved & DIRECTION_FLAG, "DF was never set: this test provokes nothing")
        fail_and_read(machine, kernel, [*report_of(6, "invalid opcode (#UD)", place + 1), f"rflags: {saved:#010x}"])


def flags(machine):
    """RFLAGS as the guest sees them; the gdb stub's copy lacks DF."""
    return int(re.search(r"RFL=([0-9a-f]+)", machine.qmp.monitor("info registers"))[1], 16)


@case()
def non_maskable_interrupt_is_reported(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        machine.gdb.set_breakpoint(kernel[END])
        end = threading.Thread(target=machine.gdb.run_to_stop, daemon=True)
        end.start()
        machine.expect("Hewn is up")
        machine.wait_halted()
        idle = int(re.search(r"RIP=([0-9a-f]+)", machine.qmp.monitor("info registers"))[1], 16)
        machine.qmp.command("inject-nmi")
        end.join(TIME_LIMIT)
        check(not end.is_alive(), "the interrupt led nowhere")
        check_equal(machine.gdb.register("rip"), kernel[END], "where the kernel ended")
        shown = machine.screen()
        machine.gdb.detach()
        machine.require_fail()
        lines = report_of(2, "non-maskable interrupt (NMI)", idle)
        require_lines(machine.serial, lines, "the serial port")
        require_lines(shown, [*lines, FAIL_LINE], "the screen")


@case()
def stack_overflow_is_a_double_fault(context):
    kernel = Kernel(context)
    bottom = kernel.section(".boot_stack").addr
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        rip = plant(machine, b"\x50", {"rsp": bottom})  # push rax
        fail_and_read(machine, kernel, report_of(8, "double fault (#DF)", rip, 0))
        cr2 = int(re.search(r"cr2: (0x[0-9a-f]+)", machine.serial)[1], 16)
        check(bottom - PAGE <= cr2 < bottom, f"CR2 {cr2:#x} is not in the page below the stack")


@case()
def fault_in_the_screen_leaves_serial_complete(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        second = plant_in_sink(machine, kernel, "console")
        rip = plant(machine, b"\x0f\x0b")
        lines = [*report_of(6, "invalid opcode (#UD)", rip), f"PANIC: vector 6 at rip {second:#x}",
                 "while another fatal error was being reported"]
        fail_and_read(machine, kernel, lines, screen=False)


@case()
def fault_in_serial_is_told_on_the_screen(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, REPORT)
        second = plant_in_sink(machine, kernel, "serial")
        plant(machine, b"\x0f\x0b")
        run_to_first(machine, kernel, END)
        require_lines(machine.screen(), [f"PANIC: vector 6 at rip {second:#x}", FAIL_LINE], "the screen")
        machine.gdb.detach()
        check_equal(machine.wait(), Outcome("exit", 35), "end")


@case()
def fault_before_any_sink_is_told_on_serial(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, "log_init")
        rip = plant(machine, b"\x0f\x0b")
        fail_and_read(machine, kernel, report_of(6, "invalid opcode (#UD)", rip), screen=False)


# ---- missing hardware

@case()
def exception_without_uart(context):
    kernel = Kernel(context)
    with gdb_machine(context, **NO_UART) as machine:
        run_to_first(machine, kernel, REPORT)
        rip = plant(machine, b"\x0f\x0b")
        fail_and_read(machine, kernel, report_of(6, "invalid opcode (#UD)", rip), serial=False)


@case()
def exception_without_screen(context):
    kernel = Kernel(context)
    with gdb_machine(context, **NO_SCREEN) as machine:
        run_to_first(machine, kernel, REPORT)
        rip = plant(machine, b"\x0f\x0b")
        fail_and_read(machine, kernel, report_of(6, "invalid opcode (#UD)", rip), screen=False)


@case()
def report_without_uart(context):
    kernel = Kernel(context)
    with gdb_machine(context, cmdline="exit=pass", **NO_UART) as machine:
        check_equal(run_to_first(machine, kernel, REPORT, END), REPORT, "first stop")
        require_lines(machine.screen(), ["serial: no UART at port 0x0"], "the screen")
        run_to_first(machine, kernel, END)
        require_lines(machine.screen(), ["memory: total", "boot: no modules", "boot: total", "INT 13h since stage 2"],
                      "the screen")
        machine.gdb.detach()
        check_equal(machine.wait(), Outcome("exit", DEBUG_EXIT_PASS), "end")
        check_equal(machine.serial, "", "what came from a serial port that is not COM1")


@case()
def report_without_screen(context):
    with context.machine(cmdline="exit=pass", **NO_SCREEN) as machine:
        machine.require_pass()
        require_lines(machine.serial, ["hewn: Hewn", "screen: there is none", "boot: no modules", "INT 13h since stage 2"],
                      "the serial port")


# ---- boot_info: (offset, width) of its fields, docs/boot-protocol.md

FIELDS = {
    "magic": (0, 8), "version": (8, 4), "size": (12, 4), "flags": (16, 4), "command_line": (32, 8),
    "memory_map": (40, 8), "memory_count": (48, 4), "memory_entry_size": (52, 4), "modules": (80, 8),
    "module_count": (88, 4), "module_entry_size": (92, 4), "video_kind": (96, 4), "video_width": (100, 4),
    "video_height": (104, 4), "video_pitch": (108, 4), "video_bits": (112, 4), "video_channels": (116, 6),
    "video_address": (128, 8),
    "rsdp": (136, 8), "uart_port": (144, 4), "first_stamp": (184, 8),
}
FRAMEBUFFER = {"video_kind": 2, "video_width": 1024, "video_height": 768, "video_pitch": 4096, "video_bits": 32,
               "video_channels": int.from_bytes(bytes((16, 8, 8, 8, 0, 8)), "little"), "video_address": 0xfd000000}
PIXELS_WRONG = "its framebuffer has impossible dimensions"
ROWS_WRONG = "its framebuffer has rows that overlap, or end inside a pixel"
COLOURS_WRONG = "its framebuffer has colours that cannot be"
MODULES_WRONG = "its module table has impossible dimensions"
MAP_WRONG = "its memory map has impossible dimensions"
ADDRESS_WRONG = "RDI does not hold an address of the identity map"

BAD_INFO = {
    "magic": ({"magic": 0x544f4f424e574549}, "its magic number is wrong"),
    "version_0": ({"version": 0}, "its version is 0"),
    "size": ({"size": 247}, "its size is less than version 1 of the protocol has"),
    "no_memory_map": ({"memory_map": 0}, "it has no memory map"),
    "empty_memory_map": ({"memory_count": 0}, "it has no memory map"),
    "huge_memory_map": ({"memory_count": 65537}, MAP_WRONG),
    "hugest_memory_map": ({"memory_count": 0xffffffff}, MAP_WRONG),
    "small_memory_entries": ({"memory_entry_size": 23}, MAP_WRONG),
    "command_line_in_page_0": ({"command_line": 0xfff}, "its command line lies outside the identity map"),
    "command_line_high": ({"command_line": 1 << 47}, "its command line lies outside the identity map"),
    "memory_map_in_page_0": ({"memory_map": 0x800}, "its memory map lies outside the identity map"),
    "memory_map_high": ({"memory_map": 0xffffffff80000000}, "its memory map lies outside the identity map"),
    "modules_nowhere": ({"module_count": 1, "modules": 0}, "its module table lies outside the identity map"),
    "modules_high": ({"module_count": 1, "modules": NON_CANONICAL, "module_entry_size": 24},
                     "its module table lies outside the identity map"),
    "huge_module_table": ({"module_count": 4097, "modules": SCRATCH, "module_entry_size": 24}, MODULES_WRONG),
    "small_module_entries": ({"module_count": 1, "modules": SCRATCH, "module_entry_size": 23}, MODULES_WRONG),
}
# The same, of a framebuffer that is a sound one otherwise.
BAD_INFO.update({name: ({**FRAMEBUFFER, **changes}, problem) for name, (changes, problem) in {
    "unknown_screen": ({"video_kind": 3}, "its screen is of a kind that version 1 of the protocol does not have"),
    "framebuffer_of_24_bits": ({"video_bits": 24}, "its framebuffer has not 32 bits a pixel"),
    "framebuffer_without_rows": ({"video_height": 0}, PIXELS_WRONG),
    "huge_framebuffer": ({"video_height": 0xffffffff, "video_pitch": 0xfffffffc}, PIXELS_WRONG),
    "framebuffer_whose_rows_overlap": ({"video_pitch": 4092}, ROWS_WRONG),
    "framebuffer_without_colours": ({"video_channels": 0}, COLOURS_WRONG),
    "framebuffer_with_a_colour_beyond_the_pixel":
        ({"video_channels": int.from_bytes(bytes((25, 8, 8, 8, 0, 8)), "little")}, COLOURS_WRONG),
    "framebuffer_nowhere": ({"video_address": 0}, "its framebuffer lies where none can be"),
}.items()})
BAD_ADDRESSES = {
    "null": lambda address: 0,
    "page_0": lambda address: 0x800,
    "misaligned": lambda address: address + 4,
    "end_of_the_low_half": lambda address: 1 << 47,
    "high_half": lambda address: 0xffffffff80000000,
}
# What is odd, but no reason to stop, and the line that tells of it.
ODD_INFO = {
    "newer_protocol": ({"version": 7, "size": 4096}, "hewn: Hewn"),
    "no_command_line": ({"command_line": 0}, "boot: command line from the loader, 0 bytes"),
    "no_rsdp": ({"rsdp": 0}, "boot: no ACPI root pointer"),
    "unverified_kernel": ({"flags": 0}, "warning: kernel: not verified: the loader found no checksum note"),
    "no_stamps": ({"first_stamp": 0}, "boot: the loader left no time stamps"),
}


def set_info(machine, changes):
    address = machine.gdb.register("rdi")
    for name, value in changes.items():
        offset, width = FIELDS[name]
        machine.gdb.set_memory(address + offset, value.to_bytes(width, "little"))
    return address


def require_refusal(machine, kernel, problem):
    stop = run_to_first(machine, kernel, REPORT, END)
    check_equal(stop, END, f"what the kernel does although {problem}")
    fail_line = f"is not valid: {problem}. The loader must follow docs/boot-protocol.md"
    shown = machine.screen()
    machine.gdb.detach()
    machine.require_fail()
    require_lines(machine.serial, ["PANIC: the boot information at", fail_line], "the serial port")
    require_lines(shown, ["PANIC: the boot information at", fail_line, FAIL_LINE], "the screen")


def bad_info_case(changes, problem):
    def run(context):
        kernel = Kernel(context)
        with gdb_machine(context) as machine:
            run_to_first(machine, kernel, "kernel_entry")
            set_info(machine, changes)
            require_refusal(machine, kernel, problem)
    return run


def bad_address_case(change):
    def run(context):
        kernel = Kernel(context)
        with gdb_machine(context) as machine:
            run_to_first(machine, kernel, "kernel_entry")
            machine.gdb.set_register("rdi", change(machine.gdb.register("rdi")))
            require_refusal(machine, kernel, ADDRESS_WRONG)
    return run


def odd_info_case(changes, line):
    def run(context):
        kernel = Kernel(context)
        with gdb_machine(context) as machine:
            run_to_first(machine, kernel, "kernel_entry")
            set_info(machine, changes)
            machine.gdb.detach()
            machine.require_stop("main: Hewn is up")
            require_lines(machine.serial, [line], "the serial port")
    return run


@case()
def text_mode_is_the_kernels_own(context):
    """What the loader says of its geometry does not count."""
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, "kernel_entry")
        set_info(machine, {"video_width": 5000, "video_height": 0xffff, "video_pitch": 0xffffff})
        machine.gdb.detach()
        machine.expect("Hewn is up")
        machine.expect_screen("Hewn is up")


# name: (what is wrong with it, the sentence)
BAD_FRAMEBUFFERS = {
    "too_small": ({"video_width": 7}, "a framebuffer of 7 x 768 has no room for a character"),
    "in_memory": ({"video_address": 0x100000}, "the framebuffer at 0x100000 cannot be mapped"),
    "out_of_reach": ({"video_address": 1 << 46}, "the framebuffer at 0x400000000000 cannot be mapped"),
}


def bad_framebuffer_case(fields, sentence):
    def run(context):
        kernel = Kernel(context)
        with gdb_machine(context, cmdline="exit=pass") as machine:
            run_to_first(machine, kernel, "kernel_entry")
            set_info(machine, {**FRAMEBUFFER, **fields})
            machine.gdb.detach()
            machine.require_pass()
            require_lines(machine.serial, ["warning: screen: " + sentence], "the serial port")
    return run


@case()
def entry_sets_up_flags_and_stack(context):
    kernel = Kernel(context)
    with gdb_machine(context) as machine:
        run_to_first(machine, kernel, "kernel_entry")
        entry, elsewhere = kernel["kernel_entry"], kernel[REPORT]
        code = b"\xfd\xe9" + (entry - elsewhere - 6).to_bytes(4, "little", signed=True)  # std; jmp kernel_entry
        kept = machine.gdb.memory(elsewhere, len(code))
        machine.gdb.set_memory(elsewhere, code)
        machine.gdb.set_register("rip", elsewhere)
        machine.gdb.set_register("rbp", 0x1234)
        run_to_first(machine, kernel, "kernel_entry")
        check(flags(machine) & DIRECTION_FLAG, "DF was never set: this test provokes nothing")
        machine.gdb.set_memory(elsewhere, kept)
        run_to_first(machine, kernel, "kernel_main")
        check(not flags(machine) & DIRECTION_FLAG, "C code is entered with DF set")
        check_equal(machine.gdb.register("rbp"), 0, "RBP, the end of every backtrace")
        stack = kernel.section(".boot_stack")
        check_equal(machine.gdb.register("rsp"), stack.addr + stack.size - 8, "RSP in kernel_main()")


# ---- command line

LEVELS = ("error", "warning", "info", "debug")
LOG_LEVELS = {"error": 1, "warning": 2, "info": 3, "debug": 4, "nonsense": 3}
BUSY_HOST = "warning: time: the CPU was taken away while clocks were measured; time may be off"
NONSENSE = "error: main: loglevel=nonsense is not known; loglevel=info it is"


def log_level_case(name, count):
    def run(context):
        kernel = Kernel(context)
        with gdb_machine(context, cmdline=f"loglevel={name}") as machine:
            run_to_first(machine, kernel, REPORT)
            for number, level in enumerate(LEVELS):
                place = DIRECT_MAP + SCRATCH
                machine.gdb.set_memory(place, b"planted\0")
                machine.gdb.set_memory(place + 16, f"of {level}\0".encode())
                call(machine, kernel, "log_write", number, place, place + 16)
            shown = machine.screen()
            machine.gdb.detach()
            machine.expect("^hewn> $")
            machine.wait_halted()
            planted = [("" if level == "info" else f"{level}: ") + f"planted: of {level}" for level in LEVELS]
            wanted = planted[:count] + ([NONSENSE] if name == "nonsense" else [])
            for where, text in (("the serial port", machine.serial), ("the screen", shown)):
                require_lines(text, wanted, where)
                for line in planted[count:]:
                    check(line not in text, f"{where} has {line!r} in spite of loglevel={name}")
            has_report = [line for line in ("hewn: Hewn", "main: Hewn is up") if line in machine.serial]
            check_equal(len(has_report), 2 if count >= 3 else 0, "of two lines of level info, those that came")
            check_equal("Hewn is up" in machine.screen(), count >= 3, "an info line on the screen")
            if count < 3:
                own = re.findall(r"^\[ *\d+\.\d+M\] (.*)$", machine.serial, re.MULTILINE)
                own = [line for line in own if line != BUSY_HOST]
                check_equal(own, planted[:count], "the kernel's lines")
    return run


@case()
def unknown_exit_is_reported(context):
    with context.machine(cmdline="exit=nonsense") as machine:
        machine.require_stop("error: main: exit=nonsense is not known and does nothing. Known: pass, fail")
        machine.require_stop("main: Hewn is up")


@case()
def exit_fail_is_the_last_line(context):
    with context.machine(cmdline="loglevel=error exit=fail") as machine:
        machine.require_fail()
        check_equal(machine.last_line(), FAIL_LINE, "last serial line")


@case()
def exit_pass_is_said_at_any_log_level(context):
    with context.machine(cmdline="loglevel=error exit=pass") as machine:
        machine.require_pass()
        check_equal(machine.last_line(), PASS_LINE, "last serial line")


# ---- serial

@case()
def byte_that_waits_survives_the_fifo(context):
    kernel = Kernel(context, "kernel-test.elf")
    with gdb_machine(context, image=test_image(context), cmdline="echo") as machine:
        run_to_first(machine, kernel, "kernel_entry")
        machine.send("Z")
        limit = time.monotonic() + TIME_LIMIT / 2
        while not int(machine.qmp.monitor(f"i/b {COM1_LINE_STATUS:#x}").split("=")[1], 16) & 1:
            check(time.monotonic() < limit, "the byte has not arrived at the UART: this test provokes nothing")
            time.sleep(0.02)
        machine.gdb.detach()
        machine.expect(r"what you type is echoed\nZ$")


@case()
def nothing_is_echoed_when_nothing_was_sent(context):
    with context.machine(test_image(context), cmdline="echo") as machine:
        machine.require_stop("main: Hewn is up; what you type is echoed")
        check(machine.serial.endswith("what you type is echoed\n"), "the echo begins by itself")


for name, row in EXCEPTIONS.items():
    add_case(f"exception_{name}", exception_case(*row))
for name, row in BAD_INFO.items():
    add_case(f"bad_info_{name}", bad_info_case(*row))
for name, change in BAD_ADDRESSES.items():
    add_case(f"bad_info_at_{name}", bad_address_case(change))
for name, row in BAD_FRAMEBUFFERS.items():
    add_case(f"framebuffer_{name}", bad_framebuffer_case(*row), timeout=20)
for name, row in ODD_INFO.items():
    add_case(f"odd_info_{name}", odd_info_case(*row))
for name, count in LOG_LEVELS.items():
    add_case(f"log_level_{name}", log_level_case(name, count))

run_cases()
