# SPDX-License-Identifier: MIT
"""Tests of the test harness: a pass is told from all that is not one, and faults are really injected.

Every case boots test/boot/verdict.asm, a sector that ends in a chosen way. Needs no other part of the build.
"""
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.bochs import Bochs
from support.case import case, run_cases
from support.failure import Failure, check, check_equal
from support.machine import ReadError, stream_pair

SOURCE = Path(__file__).with_name("verdict.asm")
EXIT, TRIPLE_FAULT, RESET, HALT, SPIN, READ, ECHO, PEEK, WRITE = range(9)
PASS_LINE = "# hewn: end pass 3 tests"
FAIL_LINE = "# hewn: end fail 1 tests"
SECTORS = 16 * 63 * 2
UNREAD_BYTES = 20_000  # more than any report has


def sector_image(context, way, line="hello", code=0x10, lba=1):
    sector = context.work / "sector.bin"
    subprocess.run(["nasm", "-f", "bin", f"-DWAY={way}", f"-DLINE='{line}'", f"-DCODE={code}", f"-DLBA={lba}",
                    "-o", sector, SOURCE], check=True)
    image = context.scratch("sector.img")
    image.write_bytes(sector.read_bytes() + bytes((SECTORS - 1) * 512))
    return image


def refused(function):
    """The sentence with which the harness refuses; no refusal is this test's failure."""
    try:
        function()
    except Failure as failure:
        return str(failure)
    raise Failure("the harness let this pass")


@case()
def pass_needs_code_and_line(context):
    with context.machine(sector_image(context, EXIT, PASS_LINE)) as machine:
        check_equal(machine.require_pass(), 3, "number of tests")


@case()
def code_without_line_is_no_pass(context):
    with context.machine(sector_image(context, EXIT, "hello")) as machine:
        print(refused(machine.require_pass))


@case()
def line_without_code_is_no_pass(context):
    with context.machine(sector_image(context, EXIT, PASS_LINE, code=0x11)) as machine:
        print(refused(machine.require_pass))


@case()
def fail_is_fail(context):
    with context.machine(sector_image(context, EXIT, FAIL_LINE, code=0x11)) as machine:
        machine.require_fail()


@case()
def triple_fault_is_no_pass(context):
    with context.machine(sector_image(context, TRIPLE_FAULT, PASS_LINE)) as machine:
        check("reset" in refused(machine.require_pass), "the refusal does not name the reset")
        check(PASS_LINE in machine.screen(), "the screen cannot be read after a reset")


@case()
def reset_is_no_pass(context):
    with context.machine(sector_image(context, RESET, PASS_LINE)) as machine:
        check("reset" in refused(machine.require_pass), "the refusal does not name the reset")


@case()
def standing_still_is_no_pass(context):
    with context.machine(sector_image(context, HALT, PASS_LINE), time_limit=5) as machine:
        check("did not end" in refused(machine.require_pass), "the refusal does not name the time limit")


@case()
def stop_is_seen_on_serial_and_screen(context):
    sentence = "Hewn: this sentence is long enough to go on in the second row of a screen of 80 columns."
    with context.machine(sector_image(context, HALT, sentence)) as machine:
        machine.require_stop(sentence)


@case()
def running_on_is_no_stop(context):
    with context.machine(sector_image(context, SPIN, "sentence")) as machine:
        machine.expect("sentence")
        check("runs on" in refused(lambda: machine.wait_halted(2)), "the refusal does not name HLT")


@case()
def read_error_for_ever(context):
    with context.machine(sector_image(context, READ, lba=5), read_errors=[ReadError(5)]) as machine:
        machine.expect(r"^0C\n0C$")


@case()
def read_error_once(context):
    with context.machine(sector_image(context, READ, lba=5), read_errors=[ReadError(5, once=True)]) as machine:
        machine.expect(r"^0C\n00$")


@case()
def read_error_elsewhere(context):
    with context.machine(sector_image(context, READ, lba=5), read_errors=[ReadError(6)]) as machine:
        machine.expect(r"^00\n00$")


@case()
def memory_is_filled(context):
    with context.machine(sector_image(context, PEEK), memory="16M", memory_fill=0xa5) as machine:
        machine.expect(r"^A5$")


@case()
def serial_input_arrives(context):
    with context.machine(sector_image(context, ECHO, code=0x10)) as machine:
        machine.expect("hello")
        machine.send("typed text\x03")
        machine.expect("typed text")
        check_equal(machine.wait().code, 33, "exit code")


@case()
def serial_output_waits_for_a_slow_reader(context):
    ours, theirs = stream_pair()
    with ours, theirs:
        theirs.setblocking(False)
        for _ in range(UNREAD_BYTES):
            theirs.sendall(b"x")  # BlockingIOError when the channel is full


@case()
def gdb_stub_changes_the_guest(context):
    with context.machine(sector_image(context, EXIT, PASS_LINE), gdb=True) as machine:
        machine.gdb.run_to(0x7c00)
        check_equal(machine.gdb.register("rip"), 0x7c00, "address of the breakpoint")
        check_equal(machine.gdb.memory(0x7dfe, 2), b"\x55\xaa", "boot signature in memory")
        line = machine.gdb.memory(0x7c00, 512).index(PASS_LINE.encode()) + 0x7c00
        machine.gdb.set_memory(line, FAIL_LINE.encode())
        machine.gdb.set_register("rdx", 0x80)
        machine.gdb.detach()
        machine.expect(re.escape(FAIL_LINE))
        refused(machine.require_pass)


@case()
def boot_drive_is_seen_unwritten(context):
    with context.machine(sector_image(context, HALT)) as machine:
        machine.expect("hello")
        check_equal(machine.disk_writes(), 0, "writes to the boot drive")


@case()
def write_to_boot_drive_is_seen(context):
    with context.machine(sector_image(context, WRITE, lba=9)) as machine:
        machine.expect(r"^00$")
        machine.wait_halted()
        check(machine.disk_writes() >= 1, "a write that the BIOS calls good was not counted")


@case(lock="bochs")
def bochs_gives_a_verdict(context):
    Bochs(sector_image(context, HALT, PASS_LINE), context.work / "bochs").require_pass()


@case(lock="bochs")
def bochs_fail_is_no_pass(context):
    print(refused(Bochs(sector_image(context, HALT, FAIL_LINE), context.work / "bochs").require_pass).split("\n")[0])


run_cases()
