# SPDX-License-Identifier: MIT
"""The commands that show time, interrupts, tasks, the log and the boot, and those that end the machine.

What they say is held against what the emulator says of the same machine, or against other lines of the kernel.
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, case, run_cases
from support.failure import check, check_equal
from support.kernel_tests import scan_tests, test_image
from support.keys import Typist
from support.session import PROMPT, Session
from support.volumes import set_config

COLUMNS = 80


def match_line(lines, pattern):
    """The first line that matches as a whole."""
    for line in lines:
        if match := re.fullmatch(pattern, line):
            return match
    check(False, f"no line is like {pattern!r} in {lines}")
    return None


def require_width(lines):
    for line in lines:
        check(len(line) <= COLUMNS, f"wider than {COLUMNS} columns: {line!r}")


# ---- interrupts

LINE = (r"(\w+) +(\d+|-) +(?:(\d+)\.(\d+)|-) 0x([0-9a-f]{2}) (edge|level)(?: (high|low))? +(open|masked|storm) +(\d+) "
        r"+(\d+\.\d) +(\d+(?:\.\d)? \w+) (\w+)")
PIN = re.compile(r"pin (\d+) +0x[0-9a-f]{16} dest=0 vec=(\d+) +active-(hi|lo) +(edge|level) +(masked)? ")


def irq_lines(session):
    """line: the match of its row."""
    lines = session.run("irq")
    require_width(lines)
    return {match[1]: match for match in (re.fullmatch(LINE, line) for line in lines) if match}


@case()
def irq_says_what_the_io_apic_is_set_to(context):
    with context.machine(cmdline="", icount=True) as machine:
        session = Session(machine)
        lines = irq_lines(session)
        pins = {match[1]: match for match in PIN.finditer(machine.qmp.monitor("info pic"))}
        check_equal({match[4] for match in lines.values() if match[4]},
                    {number for number, pin in pins.items() if pin[5] is None}, "pins that are open")
        for name in ("1", "4"):
            line, pin = lines[name], pins[lines[name][4]]
            check_equal((int(line[5], 16), line[7], line[6], line[8]),
                        (int(pin[2]), {"hi": "high", "lo": "low"}[pin[3]], pin[4], "open"), f"the way of line {name}")
        check_equal((lines["1"][12], lines["4"][12], lines["timer"][12]), ("keyboard_irq", "serial_interrupt", "tick"),
                    "handlers")
        session.require_usage("irq", "irq", [("now", '"now" is one argument too many')])


@case()
def irq_counts_what_came(context):
    with context.machine(cmdline="", icount=True) as machine:
        session = Session(machine)
        before = irq_lines(session)
        typist = Typist(machine)
        typist.press("shift")
        typist.release("shift")
        session.run("echo between")
        after = irq_lines(session)
        check_equal(int(after["1"][9]) - int(before["1"][9]), 2, "interrupts of a key pressed and released")
        check(int(after["4"][9]) > int(before["4"][9]), "none came from the serial line")
        rate = float(after["timer"][10])
        check(990 <= rate <= 1010, f"the tick of 1000 Hz comes {rate} times a second")
        check_equal(session.run("irq")[-1], "0 spurious, 0 that no handler wanted, 0 storms masked", "the last line")


@case()
def irq_speaks_of_the_8259_pair(context):
    with context.machine(cmdline="irqchip=pic") as machine:
        session = Session(machine)
        check(session.run("irq")[0].startswith("8259 pair; "), "another controller")
        lines = irq_lines(session)
        masks = dict(re.findall(r"pic(\d): irr=\w+ imr=(\w+)", machine.qmp.monitor("info pic")))
        mask = int(masks["1"] + masks["0"], 16)
        check_equal({int(name) for name in lines} | {2}, {line for line in range(16) if not mask >> line & 1}, "open lines")
        for name, line in lines.items():
            check_equal((int(line[5], 16), line[2], line[6], line[8]), (0x20 + int(name), "-", "edge", "open"),
                        f"the way of line {name}")


# ---- time

CLOCK = r"(\*| ) (\w+) +(\d+\.\d{3}) MHz +(?:the clock in use|([+-]\d+) ppm \+- +(\d+))   (.*)"
TIMER = r" *(\d+(?:\.\d)? \w+) +(each tick|once|\d+(?:\.\d)? \w+)  (\w+)"
HOWS = {"tsc": "measured against hpet", "hpet": "its period register says", "pm": "fixed by its specification",
        "pit": "fixed by its specification"}
MHZ = {"tsc": 1000.0, "hpet": 100.0, "pm": 3.58, "pit": 1.193}
# name: (machine, what the tick comes from, the clock in use, all of them)
CLOCKS = {
    "pc": ({}, "local APIC timer", "tsc", ("tsc", "hpet", "pm", "pit")),
    "pc_with_clock_hpet": ({"cmdline": "clock=hpet"}, "local APIC timer", "hpet", ("tsc", "hpet", "pm", "pit")),
    "pc_without_pit": ({"machine": "pc,pit=off"}, "local APIC timer", "tsc", ("tsc", "hpet", "pm")),
    "pc_without_apic": ({"cpu": "qemu64,-apic"}, "PIT", "tsc", ("tsc", "hpet", "pm", "pit")),
}


def timers_case(options, tick, used, names):
    def run(context):
        with context.machine(**{"cmdline": "", "icount": True, **options}) as machine:
            lines = Session(machine).run("timers")
            require_width(lines)
            clocks = {match[2]: match for match in (re.fullmatch(CLOCK, line) for line in lines) if match}
            check_equal(tuple(clocks), names, "the clocks")
            check_equal([name for name in names if clocks[name][1] == "*"], [used], "the clock in use")
            for name, clock in clocks.items():
                check(abs(float(clock[3]) - MHZ[name]) <= MHZ[name] / 5000 + 0.001, f"{name} at {clock[3]} MHz")
                check_equal(clock[6], HOWS[name], f"how the rate of {name} is known")
                if name != used:
                    check(abs(int(clock[4])) <= int(clock[5]) + 100, f"{name} is {clock[4]} ppm off, +- {clock[5]}")
            match_line(lines, f"tick: 1000 Hz from the {tick}, \\d+ so far")
            timers = {match[3]: match[2] for match in (re.fullmatch(TIMER, line) for line in lines) if match}
            check_equal(timers, {"note_tick": "each tick", "watch_for_hogs": "250.0 ms", "watch_for_storms": "100.0 ms"},
                        "timers")
    return run


for each, row in CLOCKS.items():
    add_case(f"timers_of_{each}", timers_case(*row))


@case()
def date_is_that_of_the_rtc(context):
    rtc = ("-rtc", "base=2024-02-29T23:58:30,clock=vm")
    with context.machine(cmdline="", icount=True, extra=rtc) as machine:
        session = Session(machine)
        line, = session.run("date")
        match = re.fullmatch(r"2024-02-29 23:58:(\d\d) UTC", line)
        check(match and 30 <= int(match[1]) < 40, f"the date is {line!r}")
        lines = session.run("repeat 2 uptime")
        times = [re.fullmatch(r"up 0 d 00:00:0(\d\.\d{3}), (\d+) ticks", line) for line in lines]
        check(len(times) == 2 and all(times), f"uptime says {lines}")
        first, second = ((float(match[1]), int(match[2])) for match in times)
        check(0 < first[0] <= second[0] and first[1] <= second[1] <= second[0] * 1000, f"uptime says {lines}")
        session.require_usage("date", "date", [("tomorrow", '"tomorrow" is one argument too many')])
        session.require_usage("uptime", "uptime", [("x", '"x" is one argument too many')])
        session.require_usage("timers", "timers", [("x", '"x" is one argument too many')])


@case()
def date_without_an_rtc_is_an_error(context):
    with context.machine(machine="microvm,rtc=off", drive="virtio-mmio", cmdline="") as machine:
        Session(machine).require_failure("date", "date: this machine has no battery-backed clock")


# ---- tasks

TASK = (r"(\S+) +(urgent|normal|background) +(stack|steps) (runs|ready|waits|ends) +(\d+) +(\d+(?:\.\d)? \w+) +(\d+\.\d) % "
        r"+(\d+(?:\.\d)? \w+)")


@case()
def tasks_are_listed(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        lines = session.run("tasks")
        require_width(lines)
        tasks = [match for match in (re.fullmatch(TASK, line) for line in lines) if match]
        check_equal([match.group(1, 2, 3, 4) for match in tasks],
                    [("keyboard", "urgent", "stack", "waits"), ("serial", "urgent", "stack", "waits"),
                     ("shell", "normal", "stack", "waits"), ("command", "normal", "stack", "runs")], "the tasks")
        check(int(tasks[1][5]) >= len("tasks\r"), "the task of the serial line ran less often than bytes came")
        match_line(lines, r"4 tasks of \d+ bytes and their stacks; .* of the .* since the boot")
        session.require_usage("tasks", "tasks", [("all", '"all" is one argument too many')])


# ---- the log

LAST = r"(\d+) lines of (\d+) that are kept; (\d+) older ones gave way; none was lost"


@case()
def log_shows_what_was_logged(context):
    """All of it: what the level kept from the serial line, too."""
    with context.machine(cmdline="console=paper") as machine:
        session = Session(machine)
        logged = [line for line in machine.serial.split("\n") if line.startswith("[")]
        *lines, last = session.run("log info")
        check_equal(lines, logged, "the log from level info on")
        check_equal(session.run("log error"), [line for line in logged if "] error: " in line] +
                    [f"1 lines of {re.fullmatch(LAST, last)[2]} that are kept; 0 older ones gave way; none was lost"],
                    "its errors")
        *everything, last = session.run("log")
        check(any("] debug: memory: " in line for line in everything), "no line of level debug")
        check_equal(re.fullmatch(LAST, last)[1], str(len(everything)), "how many lines it says it shows")
        machine.send("log error\r")
        machine.expect("log error\n\x1b\\[91m\\[[^\n]*error: main: console=paper[^\n]*\x1b\\[m\n")
        machine.expect(f"{PROMPT}$")
        session.require_usage("log", "log [level]", [
            ("loud", '"loud" is no level; known: error warning info debug'),
            ("info x", '"x" is one argument too many')])


@case()
def log_says_how_many_lines_gave_way(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        session.run("repeat 40 bench log", timeout=40)
        *lines, last = session.run("log")
        match = re.fullmatch(LAST, last)
        check(match is not None, f"the last line is {last!r}")
        check(int(match[3]) > 0 and int(match[2]) == len(lines), f"the last line is {last!r}, of {len(lines)}")
        check(not any("hewn: Hewn" in line for line in lines), "the oldest line is still there")


# ---- the boot

STAGE = r"(\S.*?) +(\d+) +(\d+(?:\.\d)? \w+) +(\d+\.\d) %(?: +(#+))?"
KERNEL_STAGES = ["own page tables, frames", "heap", "serial port, screen", "boot report", "firmware tables, interrupts",
                 "clocks measured, first tick", "keyboard, serial input", "memory sealed, shell"]


@case()
def boot_tells_the_stages(context):
    image = context.copy_of(context.boot_image)
    set_config(image, "module = README.TXT\ncmdline = hello=1\n")
    with context.machine(image) as machine:
        session = Session(machine)
        lines = session.run("boot")
        require_width(lines)
        module = re.search(r"boot: (module README\.TXT: .*)\n", machine.serial)[1]
        check(lines[0].startswith("drive 0x80, volume at LBA 2048; kernel at physical 0x"), lines[0])
        check_equal(lines[1:3], ["command line from the loader: hello=1", module], "where the kernel came from")
        stages = {match[1]: match for match in (re.fullmatch(STAGE, line) for line in lines) if match}
        ticks = {name: int(match[2]) for name, match in stages.items()}
        total, firmware = ticks.pop("total"), ticks.pop("in INT 13h since stage 2")
        logged = dict(re.findall(r"boot: (\S.*?) +(\d+) +\d+\.\d %\n", machine.serial))
        of_loader = {name: count for name, count in ticks.items() if name in logged}
        check_equal([name for name in ticks if name not in logged], KERNEL_STAGES, "stages of the kernel")
        check_equal({name: str(count) for name, count in of_loader.items()},
                    {name: count for name, count in logged.items() if not name.startswith(("total", "of that"))},
                    "stages of the loader")
        check_equal(str(firmware), logged["of that in INT 13h since stage 2"], "ticks in INT 13h")
        check_equal(sum(ticks.values()), total, "all stages together")
        check(all(count > 0 for count in ticks.values()), f"a stage took no time: {ticks}")
        check(all(stages[name][5] for name in ticks), "a stage has no bar")
        session.require_usage("boot", "boot", [("again", '"again" is one argument too many')])


# ---- keyboard and screen

@case()
def layout_is_shown_and_set(context):
    with context.machine(cmdline="keyboard=fr") as machine:
        session = Session(machine)
        check_equal(session.run("layout"), ["  us", "  de", "* fr", "  dvorak"], "the layouts")
        check_equal(session.run("layout de"), [], "what setting one says")
        check_equal(session.run("layout")[1], "* de", "the layout in use")
        Typist(machine, "de").type("echo zyäöüß\n")
        machine.expect("^zyäöüß$")
        machine.expect(f"{PROMPT}$")
        session.require_usage("layout", "layout [name]", [
            ("klingon", '"klingon" is no name; known: us de fr dvorak'), ("us de", '"de" is one argument too many')])


@case()
def layout_without_a_keyboard_says_so(context):
    with context.machine(machine="q35,i8042=off", cmdline="") as machine:
        check_equal(Session(machine).run("layout")[-1], "no keyboard was found", "the last line")


GREY_ON_BLACK, YELLOW_ON_BLUE, RED_ON_BLACK = 0x07, 0x1e, 0x04


def colours_of(machine, text):
    """Of the last row that begins with TEXT."""
    rows, cells = machine.screen().split("\n"), machine.screen_cells()
    row = max(number for number, line in enumerate(rows) if line.startswith(text))
    return set(cells[row * 2 * COLUMNS + 1:row * 2 * COLUMNS + 2 * len(text):2])


@case()
def color_survives_the_prompt(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        session.run("color yellow blue")
        check("\x1b]10;#ffff55\x1b\\\x1b]11;#0000aa\x1b\\" in machine.serial, "the far terminal was not told")
        session.run("log error; echo yellow")
        check_equal(colours_of(machine, "yellow"), {YELLOW_ON_BLUE}, "the colours of a line")
        check_equal(colours_of(machine, PROMPT), {YELLOW_ON_BLUE}, "the colours of the prompt")
        session.run("color red; echo red")
        check_equal(colours_of(machine, "red"), {RED_ON_BLACK}, "the colours without a background")
        session.run("color; echo grey")
        check_equal(colours_of(machine, "grey"), {GREY_ON_BLACK}, "the colours of before")
        check("\x1b]110\x1b\\\x1b]111\x1b\\" in machine.serial, "the far terminal was not told to go back")
        session.require_failure("color red red", "color: red on red cannot be seen")
        session.require_failure("color black", "color: black on black cannot be seen")
        session.require_usage("color", "color [foreground] [background]", [
            ("mauve", '"mauve" is no foreground; "help color" lists what is'),
            ("red blue green", '"green" is one argument too many')])


@case()
def clear_leaves_the_prompt_alone(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        check_equal(session.run("clear"), [], "what it says")
        machine.expect_screen(f"\\A{PROMPT.strip()}\\Z")
        check_equal(session.run("echo on"), ["on"], "what comes after it")


# ---- what it is

@case()
def about_says_version_licence_and_where_to_read(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        lines = session.run("about")
        require_width(lines)
        version = re.search(r"hewn: Hewn (\S+)\n", machine.serial)[1]
        for words in (f"Hewn {version}, ", "MIT", "CC BY 4.0", "FONTS.TXT", "docs/", "Clang "):
            check(any(words in line for line in lines), f"nothing is said of {words!r}")
        session.require_usage("about", "about", [("you", '"you" is one argument too many')])
        for name in ("about", "bench", "boot", "clear", "color", "date", "exit", "irq", "layout", "log", "tasks", "timers",
                     "uptime"):
            lines = session.run(f"help {name}")
            require_width(line for line in lines if not re.match(r"\w+: ", line))  # the choices are the shell's to lay out


# ---- bench

MEASURED = r"(\S+) +(.*?) +(\d+)\.\d +(\d+)\.\d(?: +(\d+\.\d))?"
# Instructions that each takes at the least, and at the most.
BENCH = {"call": (2, 30), "tsc": (1, 30), "clock": (5, 60), "interrupt": (40, 200), "heap-64": (20, 80),
         "heap-4k": (20, 700), "frame": (20, 150), "memcpy": (500, 6000), "memset": (500, 6000), "switch": (30, 100),
         "spawn": (100, 20000), "screen": (100, 20000), "log": (100, 5000)}


@case()
def bench_measures_each_row(context):
    """One instruction is one tick, so each number has bounds that a wrong measurement would leave."""
    with context.machine(cmdline="", icount=True) as machine:
        session = Session(machine)
        lines = session.run("bench", timeout=40)
        require_width(lines)
        rows = {match[1]: match for match in (re.fullmatch(MEASURED, line) for line in lines) if match}
        print("\n".join(lines))
        check_equal(tuple(rows), tuple(BENCH), "the rows")
        for name, (least, most) in BENCH.items():
            check(least <= int(rows[name][3]) <= most, f"{name} takes {rows[name][3]} instructions")
            check(abs(int(rows[name][3]) - int(rows[name][4])) <= int(rows[name][3]) // 1000 + 1,
                  f"{name} takes {rows[name][3]} ticks of a nanosecond, and {rows[name][4]} ns")
        check_equal({name for name, match in rows.items() if match[5]}, {"memcpy", "memset"}, "rows with bytes")
        check_equal(lines[-1], "under a hypervisor or an emulator: good for comparison within this table alone",
                    "the last line")
        machine.expect_screen(f"{PROMPT.strip()}\\Z")
        check("What this row says" not in machine.screen(), "the measured row is left on the screen")
        one = session.run("bench heap-64")
        check_equal([match[1] for match in (re.fullmatch(MEASURED, line) for line in one) if match], ["heap-64"],
                    "the rows of one")
        session.require_usage("bench", "bench [name]", [("x y", f'"x" is no name; known: {" ".join(BENCH)}')])


@case()
def bench_ends_with_control_c(context):
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        machine.send("repeat 100000 bench spawn\r")
        machine.expect("^spawn ")
        machine.send("\x03")
        machine.expect(rf"\^C\n{PROMPT}$")
        check_equal(session.status(), 11, "the status of what was cancelled")
        lines = session.run("tasks")
        check_equal([line for line in lines if line.startswith("bench")], [], "tasks that it has left behind")


# ---- the end

@case()
def exit_gives_the_verdict(context):
    for verdict in ("pass", "fail"):
        with context.machine(cmdline="loglevel=error") as machine:
            session = Session(machine)
            session.require_usage("exit", "exit <verdict>", [("", "<verdict> is missing"),
                                                             ("maybe", '"maybe" is no verdict; known: pass fail')])
            machine.send(f"exit {verdict}\r")
            {"pass": machine.require_pass, "fail": machine.require_fail}[verdict]()


# ---- tests by hand

@case()
def test_runs_tests_and_comes_back(context):
    with context.machine(test_image(context), cmdline="shell") as machine:
        session = Session(machine)
        session.require_failure("test nonsense.*", "test: no test of this kernel is called nonsense.*")
        session.require_usage("test", "test <glob>", [("", "<glob> is missing"), ("a b", '"b" is one argument too many')])
        for suite in ("task", "boot", "task"):
            count = sum(test.name.startswith(f"{suite}.") for test in scan_tests())
            machine.send(f"test {suite}.*\r")
            machine.expect(f"^{count} to run; the shell ends for them and begins anew$")
            machine.expect(f"^1\\.\\.{count}$")
            machine.expect(f"^# of {count} tests, 0 failed and \\d+ were skipped$")
            machine.expect(f"^{PROMPT}$")
            machine.expect_screen("ALL \\d+ TESTS PASSED")
        check_equal(session.run("echo alive"), ["alive"], "what the shell does afterwards")


@case()
def test_that_fails_is_named_and_the_shell_comes_back(context):
    with context.machine(test_image(context), cmdline="shell") as machine:
        session = Session(machine)
        machine.send("test selftest.check_fails\r")
        machine.expect("^not ok 1 - selftest.check_fails$")
        machine.expect("^# of 1 tests, 1 failed and 0 were skipped$")
        machine.expect(f"^{PROMPT}$")
        machine.expect_screen("1 OF 1 TESTS FAILED")
        check_equal(session.run("echo alive"), ["alive"], "what the shell does afterwards")


run_cases()
