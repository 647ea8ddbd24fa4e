# SPDX-License-Identifier: MIT
"""What a person sees of the kernel: the log on each kind of screen, lines that have left it, colours, the options that
choose, and the report of a death whatever it interrupts.

The page of every feature is a test inside the kernel (test/kernel/console); the terminal by itself is tested on this
machine.
"""
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, case, run_cases
from support.console_screen import log_lines, require_rows, rows_of, screen_of, shown_rows, write_lines
from support.failure import check, check_equal
from support.kernel_tests import test_image
from support.keys import Typist
from support.screen import TEXT_PIXELS, Glyphs, decode_framebuffer
from support.stopped_kernel import (END, FAIL_LINE, REPORT, Kernel, call, gdb_machine, plant, report_of, require_lines,
                                    run_to_first)

UP = r"main: Hewn is up; .*\n"
TEXT_COLUMNS = 80
UD2 = b"\x0f\x0b"
LOAD = b"\x8a\x00"  # mov al, [rax]
SCRATCH = 0xffff_8000_0003_8000  # in the direct map: usable memory, and nobody's so far
SCROLLBACK = 1000  # lines that have left the screen

# name: (what the command line says, rows and columns, the card)
SCREENS = {
    "text": ("", 25, 80, "std"),
    "80x50": ("rows=50", 50, 80, "std"),
    "1024x768": ("video=1024x768", 48, 128, "std"),
    "1920x1080": ("video=1920x1080", 67, 240, "std"),
    "1024x768_virtio": ("video=1024x768", 48, 128, "virtio"),
    "2560x1600": ("video=2560x1600", 50, 160, "std"),
    "best": ("video=best", 50, 160, "std"),
    "text_cirrus": ("video=1024x768", 25, 80, "cirrus"),
}
PLACES = ("text", "80x50", "1024x768")  # that stand for the others


def machine_of(context, screen, cmdline="", **options):
    words, _, _, card = SCREENS[screen]
    return context.machine(cmdline=f"{words} {cmdline}".strip(), extra=("-vga", card), **options)


def echoing(context, screen, cmdline=""):
    """The same with the test kernel, which echoes what is typed."""
    return machine_of(context, screen, f"echo {cmdline}", image=test_image(context))


def glyphs_of(context):
    return Glyphs(context.build)


# ---- the log

def log_case(screen):
    def run(context):
        _, rows, columns, _ = SCREENS[screen]
        with echoing(context, screen) as machine:
            machine.expect(UP)
            require_rows(machine, glyphs_of(context), screen_of(rows_of(log_lines(machine), columns), rows), "the log")
    return run


# What the log's levels look like, and a boot that has a line of each before its report.
LEVELS = {"error: main: console=": 12, "warning: screen: no memory for lines": 14, "hewn: Hewn": 7}
COLOURFUL = "console=paper fail_heap="
LINES_BLOCK = 2  # which allocation is that of the screen, lines to look back at included


def require_colours(rows, colours):
    for words, colour in colours.items():
        found = [seen for text, seen in rows if words in text]
        check_equal(found, [{colour}], f"colours of the row with {words!r}")


def colour_rows(machine, glyphs):
    """[(text, {colours of the cells that are not blank})] of the screen: background and foreground as text mode has them."""
    picture = machine.screen_pixels()
    if picture[:2] == TEXT_PIXELS:
        cells = machine.screen_cells()
        pairs = list(zip(cells[::2].decode("cp437"), cells[1::2]))
        rows = [pairs[start:start + TEXT_COLUMNS] for start in range(0, len(pairs), TEXT_COLUMNS)]
    else:
        rows = [[(character, paper << 4 | (ink or 0)) for character, ink, paper in row]
                for row in decode_framebuffer(picture, glyphs)]
    return [("".join(character for character, _ in row), {colours for character, colours in row if character != " "})
            for row in rows]


def level_case(screen):
    def run(context):
        kernel, glyphs = Kernel(context), glyphs_of(context)
        with machine_of(context, screen, f"{COLOURFUL}{LINES_BLOCK}", gdb=True) as machine:
            run_to_first(machine, kernel, "processor_identify")
            require_colours(colour_rows(machine, glyphs), LEVELS)
    return run


@case()
def debug_lines_are_dim(context):
    kernel = Kernel(context)
    with machine_of(context, "80x50", "loglevel=debug", gdb=True) as machine:
        run_to_first(machine, kernel, "irq_init")
        require_colours(colour_rows(machine, None), {"debug: memory: metadata": 8, "memory: heap default, ": 8,
                                                     "debug: memory: largest free": 8})


@case()
def loglevel_keeps_lines_from_both(context):
    with echoing(context, "text", "loglevel=warning console=paper") as machine:
        machine.expect("error: main: console=paper is not known")
        machine.wait_halted()
        lines = log_lines(machine)
        check(all(re.search(r"\] (error|warning): ", line) for line in lines), f"the serial line has {lines}")
        require_rows(machine, None, screen_of(rows_of(lines, TEXT_COLUMNS), 25), "the screen")


# ---- looking back

def view_of(rows, count, distance):
    """What the screen shows that many rows further up."""
    everything = [*rows, ""]
    end = len(everything) - distance
    return everything[max(end - count, 0):end]


def look_back_case(screen):
    def run(context):
        _, count, columns, _ = SCREENS[screen]
        glyphs, half = glyphs_of(context), count // 2
        with echoing(context, screen) as machine:
            machine.expect(UP)
            write_lines(machine, 150)
            rows = rows_of(log_lines(machine), columns)
            typist = Typist(machine)

            def look(key, distance, modifiers=("shift",)):
                typist.tap(key, modifiers)
                require_rows(machine, glyphs, view_of(rows, count, distance), f"the view {distance} rows up")

            look("pgup", half)
            look("pgup", 2 * half)
            look("pgup", 3 * half)
            look("pgdn", 2 * half)
            look("pgup", 2 * half, modifiers=())
            look("pgdn", half)
            look("pgdn", 0)
            look("pgdn", 0)
            look("pgup", half)
            typist.type("typed\n")  # brings the end back
            rows.append("typed")
            require_rows(machine, glyphs, view_of(rows, count, 0), "the end")
    return run


def far_back_case(screen):
    """As far as there are lines, and no further."""
    def run(context):
        _, count, columns, _ = SCREENS[screen]
        glyphs, half = glyphs_of(context), count // 2
        with echoing(context, screen) as machine:
            machine.expect(UP)
            typist = Typist(machine)
            first = log_lines(machine)[0]
            for _ in range(5):
                typist.tap("pgup", ("shift",))
            write_lines(machine, 1)
            for _ in range(200 // half):
                typist.tap("pgup", ("shift",))
            rows = rows_of(log_lines(machine), columns)
            require_rows(machine, glyphs, [*rows, *[""] * count][:count], "the first lines")
            check_equal(shown_rows(machine, glyphs)[0], first[:columns].rstrip(), "the first line")
            write_lines(machine, 1500)
            for _ in range(1500 // half + 2):
                typist.tap("pgup", ("shift",))
                time.sleep(0.005)  # QEMU's keyboard holds few
            rows = rows_of(log_lines(machine), columns)
            limit = time.monotonic() + 10
            while (top := shown_rows(machine, glyphs)[0]) not in rows[:-SCROLLBACK] and time.monotonic() < limit:
                typist.tap("pgup", ("shift",))
            number = int(re.fullmatch(r"line (\d+)", top)[1])
            check_equal(number, 1500 + 2 - count - SCROLLBACK, "the first of 1500 lines that can be looked at")
            at = rows.index(top, len(rows) - 1500)
            require_rows(machine, glyphs, rows[at:at + count], "the oldest lines")
    return run


# ---- options

@case()
def console_serial_leaves_the_screen_alone(context):
    kernel = Kernel(context, "kernel-test.elf")
    with gdb_machine(context, image=test_image(context), cmdline="echo console=serial rows=50") as machine:
        run_to_first(machine, kernel, "kernel_entry")
        before = machine.text_rows(), machine.screen_cells()
        machine.gdb.detach()
        machine.expect(UP)
        machine.send("typed\n")
        machine.expect("^typed$")
        Typist(machine).tap("pgup", ("shift",))
        Typist(machine).type("keys, too\n")
        check_equal((machine.text_rows(), machine.screen_cells()), before, "the screen")


@case()
def console_vga_leaves_the_serial_line_to_the_test_protocol(context):
    kernel = Kernel(context)
    with gdb_machine(context, cmdline="console=vga exit=pass") as machine:
        run_to_first(machine, kernel, END)
        rows = shown_rows(machine, None)
        check(any("keyboard: PS/2 keyboard" in row for row in rows), f"the screen lacks the log: {rows}")
        machine.gdb.detach()
        machine.require_pass()
        check("[" not in machine.serial, f"the log is on the serial line:\n{machine.serial}")


@case()
def console_vga_echoes_on_the_screen_alone(context):
    with context.machine(test_image(context), cmdline="echo console=vga") as machine:
        machine.expect_screen("Hewn is up")
        machine.send("from afar ")
        machine.expect_screen("from afar")
        typist = Typist(machine)
        for key in "near":
            typist.tap(key)
        machine.expect_screen("from afar near")
        check("a" not in machine.serial.split("\n")[-1], f"what was typed is on the serial line:\n{machine.serial}")


@case()
def both_names_in_any_order_are_both(context):
    for words in ("console=vga,serial", "console=serial,vga"):
        with context.machine(cmdline=words) as machine:
            machine.expect(UP)
            machine.expect_screen("Hewn is up")
            check("is not known" not in machine.serial, f"{words} is not known")


# option: what is said of it.
UNKNOWN = {
    "console=paper": "error: main: console=paper is not known; console=vga,serial it is. Known: vga, serial, vga,serial",
    "rows=33": "error: screen: rows=33 is not known; rows=25 it is. Known: 25, 50",
    "loglevel=loud": "error: main: loglevel=loud is not known; loglevel=info it is. Known: error, warning, info, debug",
}


@case()
def unknown_values_get_their_sentence(context):
    for option, sentence in UNKNOWN.items():
        with context.machine(cmdline=option) as machine:
            machine.expect(re.escape(sentence) + "$")
            machine.expect(UP)
            machine.expect_screen("Hewn is up")
            check_equal(machine.text_rows(), 25, f"rows of the screen with {option}")


def no_card_case(cmdline):
    def run(context):
        with context.machine(cmdline=f"{cmdline} exit=pass", extra=("-vga", "none")) as machine:
            machine.require_pass()
            if "console=vga" not in cmdline:
                require_lines(machine.serial, ["hewn: Hewn", "screen: there is none to write to",
                                               "keyboard: PS/2 keyboard"], "the serial line")
    return run


# ---- deaths

def whole_report(machine, kernel, glyphs, lines):
    """Runs to the end of a report; what the screen shows of it. All of it, and the serial line has it, too."""
    run_to_first(machine, kernel, END)
    rows = shown_rows(machine, glyphs)
    machine.gdb.detach()
    machine.require_fail()
    require_lines(machine.serial, [*lines, FAIL_LINE], "the serial line")
    require_lines("\n".join(rows), [*lines, FAIL_LINE], "the screen")
    return rows


def death_case(screen):
    """The longest report: that of a page fault."""
    def run(context):
        kernel = Kernel(context)
        with machine_of(context, screen, gdb=True) as machine:
            run_to_first(machine, kernel, REPORT)
            rip = plant(machine, LOAD, {"rax": 0x18})
            rows = whole_report(machine, kernel, glyphs_of(context), [
                *report_of(14, "page fault (#PF)", rip, 0, 0x18), "null pointer + 0x18; no page is mapped there",
                "r13: ", "walk: PML4[0]", "backtrace:", "report_boot+0x0 (kernel/report.c:", "kernel_main+",
                "kernel_entry+"])
            check_equal(sum(row.startswith("PANIC") for row in rows), 1, "reports")
    return run


# What a program may leave behind: text everywhere, a scroll region of two rows, insertion, no wrap, line drawing, reverse
# video, no cursor at the top, and a sequence that has only begun.
RUDE = b"its text\n" * 100 + b"\033[24;25r\033[4h\033[?7l\033(0\033[7;31m\033[?25l\033[3;3H\033[12;"


def rude_case(screen):
    def run(context):
        kernel = Kernel(context)
        with machine_of(context, screen, gdb=True) as machine:
            run_to_first(machine, kernel, REPORT)
            machine.gdb.set_memory(SCRATCH, RUDE)
            call(machine, kernel, "console_write", SCRATCH, len(RUDE))
            rip = plant(machine, UD2)
            lines = report_of(6, "invalid opcode (#UD)", rip)
            run_to_first(machine, kernel, END)
            glyphs = glyphs_of(context)
            shown, colours = shown_rows(machine, glyphs), colour_rows(machine, glyphs)
            machine.gdb.detach()
            machine.require_fail()
            require_lines("\n".join(shown), [*lines, FAIL_LINE], "the screen")
            first = next((number for number, row in enumerate(shown) if row.startswith("PANIC")), None)
            check(first is not None, f"no row begins with PANIC: {shown}")
            last = shown.index(FAIL_LINE)
            check(not any(shown[last + 1:]), f"below the report stands {shown[last + 1:]}")
            for text, seen in colours[first:last + 1]:
                check_equal(seen, {15}, f"colours of {text.rstrip()!r}")
            for row in shown[first:last]:
                check(row in machine.serial or row.startswith("  "), f"{row!r} is no row of the report")
    return run


@case()
def death_brings_the_end_back(context):
    """Somebody looks at older lines when it happens."""
    kernel = Kernel(context)
    with machine_of(context, "text", gdb=True) as machine:
        run_to_first(machine, kernel, REPORT)
        machine.gdb.set_memory(SCRATCH, b"a line\n" * 100)
        call(machine, kernel, "console_write", SCRATCH, 700)
        call(machine, kernel, "console_look_back", 4)
        rip = plant(machine, UD2)
        rows = whole_report(machine, kernel, None, report_of(6, "invalid opcode (#UD)", rip))
        check_equal(rows[0], "a line", "the row above the report")


MESSAGE = b"interrupted\0"

# Where a write is interrupted for good: at this function, and so many instructions on.
MOMENTS = {
    "text": {"terminal_write": (0, 30, 90, 200), "grid_scroll_screen": (0, 12, 40), "grid_show": (0, 25, 60, 110, 180),
             "text_memory_scroll": (0, 10, 20, 30), "text_memory_draw": (0, 12, 25, 40, 90)},
    "1024x768": {"terminal_write": (0, 90), "grid_show": (25, 110), "paint_changes": (0, 15, 40, 77, 130, 333)},
}


def interrupted_case(screen, place, steps):
    def run(context):
        kernel = Kernel(context)
        with machine_of(context, screen, gdb=True) as machine:
            gdb = machine.gdb
            run_to_first(machine, kernel, REPORT)
            lines = b"".join(b"a line of text, number %d\n" % number for number in range(60))
            gdb.set_memory(SCRATCH, lines)
            call(machine, kernel, "console_write", SCRATCH, len(lines))  # so that everything scrolls
            run_to_first(machine, kernel, place)
            for _ in range(steps):
                gdb.step()
            gdb.set_memory(SCRATCH, MESSAGE)
            gdb.set_register("rsp", gdb.register("rsp") - 256 & -16 | 8)
            gdb.set_register("rip", kernel["panic"])
            gdb.set_register("rdi", SCRATCH)
            gdb.set_register("rax", 0)  # no vector registers hold arguments
            rows = whole_report(machine, kernel, glyphs_of(context), ["PANIC: interrupted", "backtrace:"])
            first = rows.index("PANIC: interrupted")
            above = [row for row in rows[:first] if not row.startswith("a line of text, number ")]
            check(len(above) <= 3 and sum(row != "" for row in above) <= 1, f"above the report stands {above}")
    return run


# The function of a card that draws.
DRAWERS = {"text": "text_memory_draw", "1024x768": "paint_changes"}


def broken_card_case(screen):
    """The log's next line faults in the card, and so does the report of that: the serial line has it all."""
    def run(context):
        kernel = Kernel(context)
        with machine_of(context, screen, gdb=True) as machine:
            run_to_first(machine, kernel, REPORT)
            place = kernel[DRAWERS[screen]]
            machine.gdb.set_memory(place, UD2)
            machine.gdb.detach()
            machine.require_fail()
            lines = [*report_of(6, "invalid opcode (#UD)", place), "backtrace:", f"0: {place:#018x} {DRAWERS[screen]}+0x0",
                     "log:", "while another fatal error was being reported", FAIL_LINE]
            require_lines(machine.serial, lines, "the serial line")
    return run


for each in SCREENS:
    add_case(f"log_is_on_the_screen_{each}", log_case(each))
for each in PLACES:
    add_case(f"looks_back_{each}", look_back_case(each))
    add_case(f"report_is_whole_{each}", death_case(each))
    add_case(f"report_is_clean_after_a_rude_program_{each}", rude_case(each))
    add_case(f"levels_have_colours_{each}", level_case(each))
for each in ("1920x1080", "2560x1600"):
    add_case(f"report_is_whole_{each}", death_case(each))
add_case("looks_far_back_text", far_back_case("text"))
add_case("looks_far_back_1024x768", far_back_case("1024x768"))
for each in ("", "video=1024x768", "video=best rows=50", "console=vga"):
    add_case(f"no_card_{re.sub('[^a-z0-9]+', '_', each) or 'at_all'}", no_card_case(each))
for each, places in MOMENTS.items():
    for each_place, moments in places.items():
        for moment in moments:
            add_case(f"report_interrupts_{each}_{each_place}_{moment}", interrupted_case(each, each_place, moment))
for each in DRAWERS:
    add_case(f"card_that_faults_leaves_serial_complete_{each}", broken_card_case(each))
run_cases()
