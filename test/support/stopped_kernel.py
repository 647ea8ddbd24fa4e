# SPDX-License-Identifier: MIT
"""The kernel under a debugger: stopped at one of its symbols, changed there, and read when it has died.

What the tests of test/boot that look into the kernel share. Because the end of a report ends QEMU, the screen is read
when the kernel arrives at emulator_exit().
"""
import struct

from support.elf import Elf
from support.failure import Failure, check, check_equal
from support.machine import Outcome

TIME_LIMIT = 40
FAIL_LINE = "# hewn: end fail 0 tests"
REPORT = "report_boot"  # the log works, nothing of the report is written yet
END = "emulator_exit"
CALLER_SAVED = ("rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11")
ARGUMENTS = ("rdi", "rsi", "rdx", "rcx")
SINK_WRITE_EMERGENCY = 8  # offset in struct log_sink (log/log.h)


class Kernel:
    """A kernel's file, of the context's build or the one at `path`: its segments, and its symbols by name."""

    def __init__(self, context=None, file="kernel.elf", path=None):
        self._file = file
        self.elf = Elf.from_file(path or context.build / file)
        names = self.elf.contents(self.elf.section(".strtab"))
        table = self.elf.contents(self.elf.section(".symtab"))
        self._symbols = {}
        for name, _, _, _, value, _ in struct.iter_unpack("<IBBHQQ", table):
            self._symbols[names[name:names.index(b"\0", name)].decode()] = value

    def __getitem__(self, name):
        if name not in self._symbols:
            raise Failure(f"{self._file} has no symbol {name}: this test must learn its new name")
        return self._symbols[name]

    def section(self, name):
        return self.elf.section(name)


def gdb_machine(context, **options):
    options.setdefault("time_limit", TIME_LIMIT)
    return context.machine(gdb=True, **options)


def run_to_first(machine, kernel, *names):
    """Lets the guest run to whichever of these symbols comes first; its name."""
    for name in names:
        machine.gdb.set_breakpoint(kernel[name])
    machine.gdb.run_to_stop()
    for name in names:
        machine.gdb.clear_breakpoint(kernel[name])
    place = machine.gdb.register("rip")
    for name in names:
        if place == kernel[name]:
            return name
    raise Failure(f"the kernel was to come to {' or '.join(names)}, but stopped at {place:#x}")


def pointer_at(machine, kernel, name):
    return int.from_bytes(machine.gdb.memory(kernel[name], 8), "little")


def plant(machine, code, registers=None):
    """Puts instructions where the guest stands; their address."""
    place = machine.gdb.register("rip")
    machine.gdb.set_memory(place, code)
    check_equal(machine.gdb.memory(place, len(code)), code, "planted code")
    for name, value in (registers or {}).items():
        machine.gdb.set_register(name, value)
    return place


def squeezed(text):
    """A long line goes on in the next row of the screen, so white space does not count."""
    return "".join(text.split())


def require_lines(text, lines, where):
    missing = [line for line in lines if squeezed(line) not in squeezed(text)]
    if missing:
        raise Failure(f"{where} lacks {missing}; it has:\n{text}")


def fail_and_read(machine, kernel, lines, serial=True, screen=True):
    """Runs to the end of a fatal report; `lines` are on both sinks, and the verdict is the protocol's fail."""
    stop = run_to_first(machine, kernel, END)
    check_equal(stop, END, "end of the run")
    shown = machine.screen()
    machine.gdb.detach()
    if serial:
        machine.require_fail()
        require_lines(machine.serial, lines, "the serial port")
        check_equal(machine.last_line(), FAIL_LINE, "last serial line")
    else:
        check_equal(machine.wait(), Outcome("exit", 35), "end")
        check_equal(machine.serial, "", "what came from a serial port that is not COM1")
    if screen:
        require_lines(shown, [*lines, FAIL_LINE], "the screen")


def report_of(vector, name, rip, error_code=None, cr2=None):
    kind = "exception" if vector < 32 else "interrupt"
    lines = [f"PANIC: {kind} {vector}: {name}", f"vector: {vector}\n", f"name: {name}\n",
             "error_code: none" if error_code is None else f"error_code: {error_code:#x}\n",
             f"rip: {rip:#018x}", "cs: 0x0008", "ss: 0x0010", "cr0: 0x0000000080010031"]
    return lines if cr2 is None else [*lines, f"cr2: {cr2:#018x}"]


def call(machine, kernel, function, *arguments):
    """Calls a function of the kernel from where the guest stands at REPORT."""
    gdb = machine.gdb
    kept = {name: gdb.register(name) for name in (*CALLER_SAVED, "rsp")}
    stack = kept["rsp"] - 256
    gdb.set_memory(stack, kernel[REPORT].to_bytes(8, "little"))
    gdb.set_register("rsp", stack)
    for name, value in zip(ARGUMENTS, arguments):
        gdb.set_register(name, value)
    gdb.set_register("rip", kernel[function])
    gdb.run_to(kernel[REPORT])
    check_equal(gdb.register("rip"), kernel[REPORT], f"place after {function}()")
    for name, value in kept.items():
        gdb.set_register(name, value)


def plant_in_sink(machine, kernel, module):
    """Makes the emergency output of a sink fault; the address."""
    pointer = machine.gdb.memory(kernel[f"{module}_attach_log.sink"] + SINK_WRITE_EMERGENCY, 8)
    address = int.from_bytes(pointer, "little")
    text = kernel.section(".text")
    check(text.addr <= address < text.addr + text.size, f"the sink of {module} has its function at {address:#x}")
    machine.gdb.set_memory(address, b"\x0f\x0b")
    return address
