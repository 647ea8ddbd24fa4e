# SPDX-License-Identifier: MIT
"""Tests inside the kernel: each in a virtual machine of its own, and all of them in one.

The cases are read from the sources: a case is called as its TEST(suite, name) is, suite.name, and one for each way to
run it if VARIANTS says that there are several: suite.name@way. What a machine needs beyond the ordinary stands there; a
test that somebody outside has to take part in has a function in DRIVERS.
"""
import random
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, case, run_cases
from support.failure import Failure, Skip, check, check_equal
from support.console_screen import require_page, require_page_in_window
from support.keys import Typist
from support.kernel_tests import (finish, look_at_bochs, run_on_bochs, scan_tests, switch_off_bochs,
                                  test_machine)
from support.screen import Glyphs, difference_of, paint_text_mode
from support.stopped_kernel import Kernel, plant, run_to_first

TIMEOUT = 30
TIMEOUTS = {
    "outside.serial_input_of_64_kib_arrives_whole": 90,  # 5.7 s of line time, more on a busy host
    "outside.serial_input_of_64_kib_waits_for_a_slow_reader": 90,
    "boot.bss_is_zero": 20,  # where it is not, nothing answers
}

# suite.name: {way: options of test_machine(), or BOCHS for the other emulator}; way "" is the plain name.
BOCHS = "bochs"
ICOUNT = {"icount": True}  # one instruction, and one tick of the TSC, a nanosecond
EACH_CLOCK = {clock: {**ICOUNT, "cmdline": f"clock={clock}"} for clock in ("tsc", "hpet", "pm", "pit")}
PIC = {"cmdline": "irqchip=pic"}
ON_BOTH = {"": {}, "bochs": BOCHS}
BOTH_CONTROLLERS = {"apic": {}, "pic": PIC, "without_apic": {"cpu": "qemu64,-apic"}}
HEAPS = ("bump", "linked_list", "fixed_block", "buddy", "tlsf", "default")
EACH_HEAP = {heap: {"cmdline": f"heap={heap}"} for heap in HEAPS}
GUARDED = {"cmdline": "heap_guard=on"}
EACH_HEAP_AND_A_GUARDED_ONE = {**EACH_HEAP, "guarded": GUARDED}
CARDS = {card: {"extra": ("-vga", card)} for card in ("std", "cirrus", "vmware", "qxl", "virtio")}
SCREENS = {**CARDS, "80x50": {"cmdline": "rows=50"},
           **{f"{size}_{card}": {"extra": ("-vga", card), "cmdline": f"video={size}"}
              for card in ("std", "vmware", "qxl", "virtio") for size in ("1024x768", "1920x1080")},
           **{size: {"extra": ("-vga", "none", "-device", "VGA,vgamem_mb=64"), "cmdline": f"video={size}"}
              for size in ("2560x1440", "2560x1600")}}
WITH_SMAP = {"": {}, "smap": {"cpu": "qemu64,+smap"}}
WITH_1G_PAGES = {"": {"cpu": "qemu64,+pdpe1gb", "memory": "3G"}}
SPEED_OF_TASKS = ("speed.task_spawn_and_run", "speed.task_switch", "speed.task_wake_up", "speed.task_memory",
                  "speed.task_messages", "speed.task_sleep")
MICROVM = {"machine": "microvm", "drive": "virtio-mmio"}
PROGRAMS_OF_OTHERS = {"image": "boot-programs.img", "memory": "128M"}
SPEED_OF_PROGRAMS = ("speed.program_call_and_page_fault", "speed.program_switch")
VARIANTS = {
    "outside.serial_input_waits_for_a_slow_poller": {"": {"gdb": True}},
    "power.off_switches_the_machine_off": {"pc": {}, "q35": {"machine": "q35"}, "microvm": MICROVM, "bochs": BOCHS},
    "power.off_works_in_the_report_of_a_panic": {"": {}},
    "power.off_without_a_way_returns": {"isapc": {"machine": "isapc"}, "without_acpi": {"machine": "pc,acpi=off"}},
    "power.reset_by_acpis_register": {"q35": {"machine": "q35"}, "microvm": MICROVM},
    "power.reset_by_the_keyboard_controller": {"pc": {}, "q35": {"machine": "q35"}, "isapc": {"machine": "isapc"}},
    "power.reset_by_the_chipset": {"pc": {}, "q35": {"machine": "q35"}},
    "power.reset_by_a_triple_fault": {"pc": {}, "q35": {"machine": "q35"}, "isapc": {"machine": "isapc"},
                                      "microvm": MICROVM},
    "power.reset_begins_again": {
        "pc": {}, "q35": {"machine": "q35"}, "isapc": {"machine": "isapc"}, "microvm": MICROVM,
        "pc_without_i8042": {"machine": "pc,i8042=off"}, "isapc_without_i8042": {"machine": "isapc,i8042=off"}},
    "power.reset_knows_what_the_machine_has_not": {"pc_without_i8042": {"machine": "pc,i8042=off"}},
    "speed.timer_interrupt": {"": ICOUNT, "pic": {**ICOUNT, **PIC}, "smap": {**ICOUNT, "cpu": "qemu64,+smap"}},
    "speed.keyboard_interrupt": {"": ICOUNT},
    "speed.software_interrupt": {"": ICOUNT},
    "speed.time_now": EACH_CLOCK,
    "speed.frame": {"": {**ICOUNT, "memory": "128M"}},
    "speed.block_of_2_mib": {"": {**ICOUNT, "memory": "2G"}, "two_zones": {**ICOUNT, "memory": "4G"}},
    "speed.console": {"": ICOUNT, "80x50": {**ICOUNT, "cmdline": "rows=50"}},
    "speed.console_of_pixels": {"1024x768": {**ICOUNT, "cmdline": "video=1024x768"},
                                "1920x1080": {**ICOUNT, "cmdline": "video=1920x1080"}},
    "speed.page": {"": ICOUNT},
    "speed.kernel_stack": {"": ICOUNT},
    **dict.fromkeys(SPEED_OF_TASKS, {"": ICOUNT}),
    **dict.fromkeys(SPEED_OF_PROGRAMS, {"": ICOUNT, "newest_cpu": {**ICOUNT, "cpu": "max"}}),
    "speed.program_start": {"": {**ICOUNT, **PROGRAMS_OF_OTHERS},
                            "newest_cpu": {**ICOUNT, **PROGRAMS_OF_OTHERS, "cpu": "max"}},
    "speed.text_mode": {"": ICOUNT},
    "speed.framebuffer": {"": {**ICOUNT, "memory": "128M"}},
    "speed.heap": {heap: {**ICOUNT, **options} for heap, options in EACH_HEAP.items()},
    **dict.fromkeys(("heap_guard.write_behind_a_block_is_noticed", "heap_guard.write_before_a_block_is_noticed",
                     "heap_guard.write_to_a_freed_block_is_noticed",
                     "heap_guard.block_with_a_write_behind_it_is_not_valid"), {"": GUARDED}),
    "heap.block_freed_twice_ends_the_kernel": EACH_HEAP_AND_A_GUARDED_ONE,
    "heap.free_of_what_no_heap_has_ends_the_kernel": EACH_HEAP_AND_A_GUARDED_ONE,
    "heap.size_of_what_no_heap_has_ends_the_kernel": EACH_HEAP_AND_A_GUARDED_ONE,
    "vga.registers_are_those_of_text_mode": {**CARDS, "isapc": {"machine": "isapc"}, "bochs": BOCHS},
    "vga.screen_of_25_rows_scrolls_through_the_cards_memory": {**CARDS, "bochs": BOCHS},
    "vga.screen_of_50_rows_scrolls_through_the_cards_memory": {**CARDS, "bochs": BOCHS},
    "vga.picture_is_what_the_memory_says": CARDS,
    "vga.absent_card_is_not_found": {"": {"extra": ("-vga", "none")}},
    "console.page_of_every_feature": SCREENS,
    "exception.stack_fault_by_address": {"": BOCHS},
    "exception.simd_error": {"": BOCHS},
    "ring3.alignment_check": {"": BOCHS},
    "time.clock_never_goes_back": EACH_CLOCK,
    "time.clock_follows_virtual_time": EACH_CLOCK,
    "time.clock_survives_closed_interrupts": EACH_CLOCK,
    "time.clock_bears_a_reader_at_every_instruction": EACH_CLOCK,
    "time.clock_bears_readers_at_any_two_instructions": EACH_CLOCK,
    "time.clock_bears_a_reader_that_sleeps_for_a_turn": {"": {**ICOUNT, "cmdline": "clock=pit"}},
    "time.tick_comes_a_thousand_times_a_second": {
        "apic": ICOUNT, "pic": {**ICOUNT, **PIC}},
    "time.pit_takes_over_when_the_local_timer_is_mute": {"": ICOUNT},
    "timer.periods_do_not_drift": {"": {}, "pic": {"cmdline": "irqchip=pic clock=pit"}},
    "task.ten_thousand_live_for_ten_seconds": {"": ICOUNT},
    "hostile.flags_and_stacks_of_calls_are_its_own": ON_BOTH,
    "program.hello_is_written": ON_BOTH,
    "program.registers_of_sse_survive_preemption": {**ON_BOTH, "newest_cpu": {"cpu": "max"}},
    "boot.bss_is_zero": {"": {"memory": "16M", "memory_fill": 0xa5}},
    "trap.handlers_run_with_the_memory_of_programs_closed": WITH_SMAP,
    "ring3.may_not_ask_where_the_kernels_tables_are": {"": {}, "umip": {"cpu": "qemu64,+umip"}},
    "probe.memory_of_programs_is_copied_on_request_alone": WITH_SMAP,
    "permission.ring_0_reaches_memory_of_programs_with_the_access_flag_alone": WITH_SMAP,
    "permission.ring_0_does_not_execute_what_is_a_programs": {"": {}, "smep": {"cpu": "qemu64,+smep"}},
    "permission.cpu_uses_what_it_has": {"": {}, "newest_cpu": {"cpu": "max"}, "without_nx": {"cpu": "qemu64,-nx"}},
    "tlb.changes_of_a_page_of_1_gib_are_seen_at_once": WITH_1G_PAGES,
    "tlb.parts_of_a_page_of_1_gib_change_at_once": WITH_1G_PAGES,
    "irq.line_interrupts_again_and_again": BOTH_CONTROLLERS,
    "irq.masked_line_is_silent_until_it_is_unmasked": BOTH_CONTROLLERS,
    "irq.line_that_no_controller_has_is_out_of_range": BOTH_CONTROLLERS,
    "irq.storm_is_masked": BOTH_CONTROLLERS,
    "irq.storm_is_ended_by_the_kernels_watch": BOTH_CONTROLLERS,
    "irq.spurious_lines_of_the_8259s_are_counted": BOTH_CONTROLLERS,
    "irq.interrupt_instruction_with_the_vector_of_a_line": BOTH_CONTROLLERS,
    "irq.spurious_line_7_is_not_acknowledged": {"": PIC},
    "irq.open_line_of_the_8259s_is_masked_when_nobody_wants_it": {
        "pic": PIC, "without_apic": BOTH_CONTROLLERS["without_apic"]},
    "irq.storm_of_unclaimed_interrupts_is_survived": {"apic": {}, "pic": PIC},
    "irq.spurious_line_15_is_acknowledged_at_the_master": {"": PIC},
    "irq_hardware.io_apic_entries_say_how_lines_are_wired": ON_BOTH,
    "irq_hardware.takeover_masks_and_acknowledges_what_was_open": ON_BOTH,
    "irq_hardware.nmi_lines_of_the_io_apic_are_routed": ON_BOTH,
    "irq_hardware.nmi_pin_of_this_processor_is_opened": ON_BOTH,
    "irq_hardware.local_apic_lets_the_8259s_through": {"": PIC},
    "irq_hardware.x2apic_is_taken_over_and_ticks": {"": BOCHS},  # TCG has none
    "outside.nmi_arrives_on_its_own_stack_and_again": {"": {}, "pic": PIC},
    "outside.nmi_arrives_while_interrupts_are_closed": {"": {}, "pic": PIC},
    "outside.nmi_without_handler_is_fatal": {"": {}, "pic": PIC},
}


def cause(machine, command, *arguments, **options):
    """Does something to the machine when the test is ready for it. The test may end QEMU before that has answered, so
    only the verdict counts."""
    machine.expect("^# ready")
    try:
        command(*arguments, **options)
    except Failure as failure:
        print(failure)


def press_key(machine):
    cause(machine, machine.qmp.command, "send-key", keys=[{"type": "qcode", "data": "a"}])


def is_chosen(machine):
    """Nobody outside has to do anything; the test wants a machine that was chosen for it."""


def inject_nmi(machine):
    cause(machine, machine.qmp.command, "inject-nmi")


def inject_three_nmis(machine):
    for _ in range(3):
        inject_nmi(machine)


def inject_machine_check(machine):
    # CPU, bank, status, MCG status, address, miscellaneous
    cause(machine, machine.qmp.monitor, "mce 0 1 0xb200000000000005 0x0 0x0 0x0")


def type_a_line(machine):
    cause(machine, machine.send, "wake up\n")


def type_keys(machine):
    machine.expect("^# ready")
    typist = Typist(machine)
    for key in "hewn":
        typist.tap(key)
        machine.expect(f"keys: {key}$")
    typist.tap("ret")


def read_the_log(machine):
    machine.expect(r"warning: task: the hog has run for 1000 ms without awaiting anything, and nobody else can$")
    machine.expect("^# ready")
    check_equal(machine.serial.count("task: the hog has run"), 1, "times that the hog is named")
    check("task: polite" not in machine.serial, "a task that yields is called a hog")


REASONS = (
    r"signal 11 at 0x\w+ \(read_at\+0x\w+\): a program read from 0x0000000000000018: null pointer \+ 0x18; no page is mapped there",
    r"signal 11 at 0x\w+ \(write_at\+0x\w+\): a program wrote to 0x0000000000\w+: the program's addresses; the page is read-only, or not for this ring",
    r"signal 11 at 0x\w+ \(do_overflow\+0x\w+\): a program wrote to 0x00007fff\w+: guard page of the program's stack; no page is mapped there",
    r"signal 11 at 0x\w+ \(do_load_kernel_data\+0x\w+\): a segment or gate does not allow this use: selector 0x10, entry 2 of the GDT",
    r"signal 8 at 0x\w+ \(do_divide\+0x\w+\): a division by zero, or a quotient that does not fit",
    r"signal 4 at 0x\w+ \(do_ud2\+0x0\): UD2, where the compiler takes for granted that nobody comes; bytes at RIP: 0f 0b",
)


def read_the_reasons(machine):
    for reason in REASONS:
        machine.expect(rf"warning: program: hostile \(\d+\) is ended by {reason}")


SERIAL_CHUNK = 2048  # what the test takes at once


def send_64_kib(machine):
    data = random.Random(64).randbytes(65536)
    first = second = 0
    for byte in data:
        first += byte
        second += first
    for start in range(0, len(data), SERIAL_CHUNK):
        machine.expect("^# ready$")
        machine.send_bytes(data[start:start + SERIAL_CHUNK])
    match = machine.expect(r"^# received (\d+) bytes, sums (\d+) (\d+)$")
    check_equal(tuple(map(int, match.groups())), (len(data), first, second), "bytes and sums")


RETURN = b"\xc3"


def paste(machine, count=65536):
    """All at once: whoever reads it is slow, and echoes it, perhaps with dots between."""
    text = "".join(random.Random(count).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=count))
    machine.expect("^# ready$")
    machine.send(text)
    echo = machine.expect(r"^([a-z0-9.]+)\n")[1].replace(".", "")
    at = next((place for place, pair in enumerate(zip(text, echo)) if pair[0] != pair[1]), min(len(text), len(echo)))
    check(echo == text, f"{len(echo)} bytes came back of {len(text)}; they differ at byte {at}")


def paste_without_an_interrupt_line(machine):
    """The kernel's input never comes by interrupt: the function that would see to it returns at once."""
    run_to_first(machine, Kernel(path=machine.image.with_name("kernel-test.elf")), "serial_input_enable")
    plant(machine, RETURN)
    machine.gdb.detach()
    paste(machine, 8192)


def read_why_not(machine):
    machine.expect(r"error: power: the machine cannot be switched off by software: the firmware has no ACPI tables$")


TEXT_MEMORY, TEXT_MEMORY_SIZE = 0xb8000, 32 * 1024
PICTURES = 8


def compare_pictures(machine):
    """What the card shows, against what its memory and our font make of it."""
    glyphs = Glyphs(machine.image.parent)
    for number in range(PICTURES):
        match = machine.expect(r"^# show: start (\d+), rows (\d+)\n")
        start, rows = map(int, match.groups())
        cells = machine.physical_memory(TEXT_MEMORY, TEXT_MEMORY_SIZE)
        problem = difference_of(machine.screen_pixels(), paint_text_mode(cells, start, rows, glyphs))
        check(problem is None, f"picture {number}, of {rows} rows from cell {start} on: {problem}")
        machine.send_bytes(b".")


def look_at_page(machine):
    glyphs = Glyphs(machine.image.parent)
    for has_cursor in (False, False, True):
        machine.expect("^# ready$")
        require_page(machine, glyphs, has_cursor)
        machine.send_bytes(b".")


def look_at_page_on_bochs(cmdline, columns, rows):
    def run(context):
        glyphs = Glyphs(context.build)

        def look(bochs):
            limit = time.monotonic() + 20  # Bochs takes its time to show what there is
            while True:
                try:
                    return require_page_in_window(bochs.window_pixels(), glyphs, columns, rows, is_text_mode=not cmdline)
                except Failure:
                    if time.monotonic() > limit:
                        raise
                time.sleep(0.2)
        look_at_bochs(context, "console.page_of_every_feature", cmdline, re.compile("^# ready$", re.MULTILINE), look)
    return run


for way, row in {"bochs": ("", 80, 25), "bochs_1024x768": ("video=1024x768", 128, 48)}.items():
    add_case(f"console.page_of_every_feature@{way}", look_at_page_on_bochs(*row), labels=("kernel", "bochs"), timeout=60,
             lock="bochs")

TESTS = [test for test in scan_tests() if not test.is_hidden]
VARIANTS.update({test.name: {"": PROGRAMS_OF_OTHERS, "newest_cpu": {**PROGRAMS_OF_OTHERS, "cpu": "max"}}
                 for test in TESTS if test.name.startswith("others.")})

# suite.name: function(machine), called while the machine runs.
DRIVERS = {
    **dict.fromkeys((test.name for test in TESTS if test.name.startswith("others.")), is_chosen),
    "speed.timer_interrupt": is_chosen,
    "speed.keyboard_interrupt": press_key,
    "speed.software_interrupt": is_chosen,
    "speed.time_now": is_chosen,
    "speed.frame": is_chosen,
    "speed.block_of_2_mib": is_chosen,
    "speed.page": is_chosen,
    "speed.kernel_stack": is_chosen,
    "speed.heap": is_chosen,
    **dict.fromkeys(SPEED_OF_TASKS, is_chosen),
    **dict.fromkeys(SPEED_OF_PROGRAMS, is_chosen),
    "speed.program_start": is_chosen,
    "speed.console": is_chosen,
    "speed.console_of_pixels": is_chosen,
    "speed.text_mode": is_chosen,
    "speed.framebuffer": is_chosen,
    **dict.fromkeys((test.name for test in TESTS if test.name.startswith("vga.")), is_chosen),
    "vga.picture_is_what_the_memory_says": compare_pictures,
    "console.page_of_every_feature": look_at_page,
    "time.clock_follows_virtual_time": is_chosen,
    "time.clock_survives_closed_interrupts": is_chosen,
    "time.clock_bears_a_reader_at_every_instruction": is_chosen,
    "time.clock_bears_readers_at_any_two_instructions": is_chosen,
    "time.clock_bears_a_reader_that_sleeps_for_a_turn": is_chosen,
    "time.tick_comes_a_thousand_times_a_second": is_chosen,
    "time.pit_takes_over_when_the_local_timer_is_mute": is_chosen,
    "time.tick_is_given_up_when_no_interrupt_arrives": is_chosen,
    **dict.fromkeys((test.name for test in TESTS if test.name.startswith("irq_hardware.")), is_chosen),
    "outside.nmi_arrives_on_its_own_stack_and_again": inject_three_nmis,
    "outside.nmi_arrives_while_interrupts_are_closed": inject_nmi,
    "outside.nmi_without_handler_is_fatal": inject_nmi,
    "outside.machine_check_arrives_on_its_own_stack": inject_machine_check,
    "outside.machine_check_without_handler_is_fatal": inject_machine_check,
    "outside.machine_checks_of_before_are_forgotten": is_chosen,
    "outside.serial_input_of_64_kib_arrives_whole": send_64_kib,
    "outside.serial_input_of_64_kib_waits_for_a_slow_reader": paste,
    "outside.serial_input_waits_for_a_slow_poller": paste_without_an_interrupt_line,
    "task.hog_is_named_once": read_the_log,
    "hostile.million_random_calls_are_answered": is_chosen,
    "hostile.interrupt_instructions_end_it": is_chosen,
    "hostile.log_says_why_it_has_ended": read_the_reasons,
    "program.thousand_of_them_give_all_memory_back": is_chosen,
    "program.thousand_killed_at_random_points_give_all_memory_back": is_chosen,
    "input.keys_wake_a_sequential_task": press_key,
    "input.keys_wake_a_stepwise_task": press_key,
    "input.bytes_of_the_serial_line_wake_a_task": type_a_line,
    "example.keys_are_echoed_while_another_task_runs": type_keys,
    "task.ten_thousand_live_for_ten_seconds": is_chosen,
    "power.off_without_a_way_returns": read_why_not,
    "power.reset_knows_what_the_machine_has_not": is_chosen,
}

# Tests that pass by ending the machine's run: what QEMU has to say that the guest did.
ENDINGS = {
    "power.off_switches_the_machine_off": "power-off",
    "power.off_works_in_the_report_of_a_panic": "power-off",
    "power.reset_begins_again": "reset",
    "power.reset_by_acpis_register": "reset",
    "power.reset_by_the_keyboard_controller": "reset",
    "power.reset_by_the_chipset": "reset",
    "power.reset_by_a_triple_fault": "reset",
}

# The last way that power_reset() tries, because it works there; the only one that a test pulls.
CHIPSET, TRIPLE_FAULT = "the chipset's reset control", "a triple fault"
LAST_RESET = {
    "power.reset_begins_again": {
        "pc": "the keyboard controller", "q35": "ACPI's reset register", "isapc": "the keyboard controller",
        "microvm": "ACPI's reset register", "pc_without_i8042": CHIPSET,
        "isapc_without_i8042": TRIPLE_FAULT},
    "power.reset_by_a_triple_fault": dict.fromkeys(("pc", "q35", "isapc", "microvm"), TRIPLE_FAULT),
}

# With these words a test says that it is about another build than this.
OTHER_BUILDS = ("this kernel is built without UBSan",)

NEEDS_A_GIBIBYTE = dict.fromkeys(("tlb.changes_of_a_page_of_1_gib_are_seen_at_once",
                                  "tlb.parts_of_a_page_of_1_gib_change_at_once"), "no free block of that size")

NEEDS_A_HEAP_THAT_SHRINKS = {"heap.grows_until_memory_ends_and_gives_all_frames_back":
                             "this design gives nothing back"}

# Tests that skip themselves on the machine of all_in_one, with the reason to be seen there.
SKIPPED_IN_ONE = {
    "irq.spurious_line_7_is_not_acknowledged": "needs the 8259 pair",
    "irq.spurious_line_15_is_acknowledged_at_the_master": "needs the 8259 pair",
    "irq.open_line_of_the_8259s_is_masked_when_nobody_wants_it": "needs the 8259 pair",
    "exception.stack_fault_by_address": "TCG raises #GP for an address relative to RBP",
    "exception.simd_error": "TCG never raises #XM",
    "heap_guard.block_with_a_write_behind_it_is_not_valid": "needs a guarded heap",
    "ring3.alignment_check": "TCG never raises #AC",
    **NEEDS_A_GIBIBYTE,
}


def require_result(run, test):
    check_equal([each.name for each in run.results], [test.name], "tests that were run")
    result = run.results[0]
    if result.skipped in OTHER_BUILDS:
        raise Skip(result.skipped)
    check(result.skipped is None, f"{test.name} skipped itself: {result.skipped}")


NEEDS_PIC = {name: reason for name, reason in SKIPPED_IN_ONE.items() if reason == "needs the 8259 pair"}
NEEDS_A_GUARD = {name: reason for name, reason in SKIPPED_IN_ONE.items() if reason == "needs a guarded heap"}
SKIPPED_ON_BOCHS = {**NEEDS_PIC, **NEEDS_A_GIBIBYTE, **NEEDS_A_GUARD}
NEEDS_APIC = dict.fromkeys(("irq.spurious_vector_of_the_local_apic_is_counted",
                            "irq.spurious_vector_of_the_local_apic_is_not_acknowledged",
                            "irq.request_of_a_line_that_was_given_up_is_acknowledged"), "needs APICs")
NEEDS_LOCAL_APIC = {"irq.storm_of_unclaimed_interrupts_is_survived": "needs a local APIC"}
NEEDS_SCREEN = dict.fromkeys(("blog_os.println_simple", "blog_os.println_many", "blog_os.println_output",
                              "blog_os.println_without_interrupt_table"), "this machine has no text screen")
ASKING = [test.name for test in TESTS if test.source.name == "answer.c"]
SKIPPED_ON_PIC = {name: reason for name, reason in {**SKIPPED_IN_ONE, **NEEDS_APIC}.items() if name not in NEEDS_PIC}

SKIPPED_WITHOUT_APIC = {**SKIPPED_ON_PIC, **NEEDS_LOCAL_APIC}


def test_case(test, options):
    driver = DRIVERS.get(test.name)

    def run(context):
        with test_machine(context, test.name, is_driven=driver is not None, **options) as machine:
            if driver:
                driver(machine)
            require_result(finish(machine), test)
    return run


def ending_case(test, way, options):
    """A triple fault ends every machine, so it is looked for where it is not meant."""
    kind, last = ENDINGS[test.name], LAST_RESET.get(test.name, {}).get(way)

    def run(context):
        log = context.work / "cpu.log"
        options_here = {"cmdline": "loglevel=debug", "extra": ("-d", "cpu_reset", "-D", str(log)), **options}
        with test_machine(context, test.name, is_driven=True, **options_here) as machine:
            outcome = machine.wait()
        # From here on QEMU is gone, and all that it sent has been read.
        check_equal(outcome.kind, kind, f"how the run ended; last serial line {machine.last_line()!r}")
        check(f"# start {test.name}\n" in machine.serial, "the run ended before the test began")
        tried = re.findall(r"debug: power: reset by (.*)$", machine.serial, re.MULTILINE)
        if tried:
            check_equal(tried[-1], last, f"the last of {', '.join(tried)}")
        check_equal("Triple fault" in log.read_text(), last == TRIPLE_FAULT, "triple fault")
    return run


def bochs_case(test):
    def run(context):
        if ENDINGS.get(test.name) == "power-off":
            return switch_off_bochs(context, test.name)
        require_result(run_on_bochs(context, test.name, is_driven=test.name in DRIVERS), test)
    return run


def add_test_cases(test):
    for way, options in VARIANTS.get(test.name, {"": {}}).items():
        name = f"{test.name}@{way}" if way else test.name
        if options == BOCHS:
            add_case(name, bochs_case(test), labels=("kernel", "bochs"), timeout=60, lock="bochs")
        elif test.name in ENDINGS:
            add_case(name, ending_case(test, way, options), labels=("kernel",), timeout=TIMEOUT)
        else:
            add_case(name, test_case(test, options), labels=("kernel",), timeout=TIMEOUTS.get(test.name, TIMEOUT))


@case(labels=("kernel",))
def all_in_one(context):
    """The image as it is, without test=: what a person with a PC gets."""
    with test_machine(context, None) as machine:
        require_all(finish(machine), SKIPPED_IN_ONE)


@case(labels=("kernel", "bochs"), timeout=150, lock="bochs")
def all_in_one_on_bochs(context):
    """The second implementation of a PC skips less."""
    require_all(run_on_bochs(context, None, time_limit=120), SKIPPED_ON_BOCHS)


# What QEMU traces: an end of interrupt for the slave or the master, or a look at what the slave has in service.
TRACED = re.compile(r"pic_ioport_write master (?:(\d) addr 0x0 val 0x20|0 addr 0x0 val 0xb)$", re.MULTILINE)


@case(labels=("kernel",))
def interrupt_of_the_slave_ends_there_first(context):
    """The master may pass on the slave's next request as soon as it is open again. The handler of this test ends with a
    look at the slave, which marks its interrupts among the timer's."""
    trace = context.work / "trace.log"
    extra = ("-trace", "pic_ioport_write", "-D", str(trace))
    with test_machine(context, "irq.spurious_line_7_is_not_acknowledged", **PIC, extra=extra) as machine:
        finish(machine)
    letters = {"1": "m", "0": "s", "": "r"}
    events = "".join(letters[chip] for chip in TRACED.findall(trace.read_text()))
    print(events)
    check(events.count("rsm") >= 3, "the test's interrupts were not ended at the slave, then at the master")
    check("rm" not in events, "the master was told first")


def cause_of(context, name, **options):
    """The sentence of the report that ends the test called NAME."""
    with test_machine(context, name, **options) as machine:
        finish(machine)
        return re.search("^cause: (.*)$", machine.serial, re.MULTILINE)[1]


@case(labels=("kernel",))
def death_on_a_stack_made_at_run_time_names_it(context):
    overflow = cause_of(context, "kernel_stack.overflow_ends_the_kernel")
    check(re.fullmatch("the CPU could not deliver another exception; CR2 lies in the guard page of the kernel stack at "
                       "0xffffd0[0-9a-f]{7}000: that stack has overflown", overflow), overflow)
    write = re.fullmatch("the kernel wrote to 0x(ffffd0[0-9a-f]{7}ff8): guard page of the kernel stack at "
                         "0x(ffffd0[0-9a-f]{7}000); no page is mapped there",
                         cause_of(context, "kernel_stack.write_below_ends_the_kernel"))
    check(write, "the write below a stack is told otherwise")
    check_equal(int(write[1], 16) + 8, int(write[2], 16), "the stack above the write")


@case(labels=("kernel",))
def death_by_a_tasks_overflow_names_its_stack(context):
    cause = cause_of(context, "task.overflow_of_a_stack_ends_the_kernel")
    check(re.fullmatch("the CPU could not deliver another exception; CR2 lies in the guard page of the kernel stack at "
                       "0xffffd0[0-9a-f]{7}000: that stack has overflown", cause), cause)


@case(labels=("kernel",))
def death_of_a_program_shows_its_instruction(context):
    """The report reads the program's memory, which SMAP keeps the kernel from otherwise."""
    cause = cause_of(context, "ring3.invalid_opcode_ends_the_kernel", cpu="qemu64,+smap")
    check("bytes at RIP: 0f 0b" in cause, cause)


# What else the whole image runs on: way: (options of test_machine(), tests that skip themselves there).
MACHINES = {
    "pic": (PIC, SKIPPED_ON_PIC),
    "without_apic": ({"cpu": "qemu64,-apic"}, SKIPPED_WITHOUT_APIC),
    "without_acpi": ({"machine": "pc,acpi=off"}, SKIPPED_ON_PIC),
    "without_hpet": ({"machine": "pc,hpet=off"}, SKIPPED_IN_ONE),
    "without_pit": ({"machine": "pc,pit=off"}, SKIPPED_IN_ONE),
    "q35": ({"machine": "q35"}, SKIPPED_IN_ONE),
    "q35_without_i8042": ({"machine": "q35,i8042=off"}, SKIPPED_IN_ONE),
    "newest_cpu": ({"cpu": "max"}, SKIPPED_IN_ONE),
    "oldest_cpu": ({"cpu": "core2duo"}, SKIPPED_IN_ONE),
    "cpu_without_nx": ({"cpu": "qemu64,-nx"}, SKIPPED_IN_ONE),
    "cpu_without_pat_and_global_pages": ({"cpu": "qemu64,-pat,-pge"}, SKIPPED_IN_ONE),
    "cpu_with_smep_smap_and_umip": ({"cpu": "qemu64,+smep,+smap,+umip"}, SKIPPED_IN_ONE),
    "poisoned_frames": ({"cmdline": "poison=frames"}, SKIPPED_IN_ONE),
    **{f"heap_{heap}": (EACH_HEAP[heap], SKIPPED_IN_ONE) for heap in HEAPS[1:-1]},
    "heap_bump": (EACH_HEAP["bump"], {**SKIPPED_IN_ONE, **NEEDS_A_HEAP_THAT_SHRINKS}),
    "guarded_heap": (GUARDED, {name: reason for name, reason in SKIPPED_IN_ONE.items() if name not in NEEDS_A_GUARD}),
    "four_cpus": ({"smp": 4}, SKIPPED_IN_ONE),
    "isapc": ({"machine": "isapc"}, SKIPPED_ON_PIC),
    "microvm": ({"machine": "microvm", "drive": "virtio-mmio"},
                {**SKIPPED_IN_ONE, **NEEDS_SCREEN, **dict.fromkeys(ASKING, "this machine has no screen")}),
    "nothing_but_the_8259s": ({"machine": "pc,acpi=off,hpet=off", "cpu": "qemu64,-apic"}, SKIPPED_WITHOUT_APIC),
}


def whole_image_case(options, skipping):
    def run(context):
        with test_machine(context, None, **options) as machine:
            require_all(finish(machine), skipping)
    return run


for way, row in MACHINES.items():
    add_case(f"all_in_one@{way}", whole_image_case(*row), labels=("kernel",))


def require_all(run, skipping):
    others = {each.name for each in run.results} ^ {test.name for test in TESTS}
    check(not others, f"either the image or the sources lack {', '.join(sorted(others))}")
    dying = {test.name for test in TESTS if test.dies}
    for result in run.results:
        if result.name in dying or result.name in DRIVERS or result.name in ENDINGS:
            check(result.skipped is not None, f"{result.name} was to be skipped")
        else:
            check_equal(result.skipped, skipping.get(result.name), f"why {result.name} skipped itself")
    print(f"{len(run.results)} tests in one run")


for known in (*VARIANTS, *DRIVERS, *ENDINGS, *LAST_RESET, *SKIPPED_IN_ONE):
    if known not in [test.name for test in TESTS]:
        raise SystemExit(f"{__file__}: there is no test called {known}")
for each in TESTS:
    add_test_cases(each)

run_cases()
