# SPDX-License-Identifier: MIT
"""Measures the boot and the kernel and prints the tables of docs/performance.md; takes some minutes, wants an idle machine.

    python3 test/speed/table.py build/dev                                  prints them
    python3 test/speed/table.py build/dev --write docs/performance.md      puts them there

Each round boots every configuration once, and the floor once, so that a change of the host's load hits all of them.
"""
import argparse
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from shutil import rmtree
from statistics import median_low

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from memory_ready import CASES as READY_CASES
from memory_ready import FIRST_BLOCK_LIMIT
from measure import KIB, LIMITS, STAGES, VOLUMES, boot_image, floor_image, milliseconds, run, spread
from support.machine import QEMU

BOOT_MARKS = "<!-- measured: begin -->", "<!-- measured: end -->"
KERNEL_MARKS = "<!-- measured in the kernel: begin -->", "<!-- measured in the kernel: end -->"
MEMORY_MARKS = "<!-- measured of memory: begin -->", "<!-- measured of memory: end -->"
TASK_MARKS = "<!-- measured of tasks: begin -->", "<!-- measured of tasks: end -->"
PROGRAM_MARKS = "<!-- measured of programs: begin -->", "<!-- measured of programs: end -->"
SCREEN_MARKS = "<!-- measured of the screen: begin -->", "<!-- measured of the screen: end -->"
KERNEL_TESTS = Path(__file__).resolve().parents[1] / "kernel" / "run.py"
MEMORY_READY = Path(__file__).with_name("memory_ready.py")
# What is measured: its case in test/kernel/speed, what the note begins with, the most that is wanted, blog_os's figure.
KERNEL_ROWS = {
    "timer interrupt, local APIC": ("speed.timer_interrupt", "timer interrupt", "<= 100", ""),
    "timer interrupt, 8259": ("speed.timer_interrupt@pic", "timer interrupt", "<= 100", "131"),
    "software interrupt, handler does nothing": ("speed.software_interrupt", "empty software interrupt", "", ""),
    "keyboard interrupt, byte into the ring": ("speed.keyboard_interrupt", "keyboard interrupt to ring", "", ""),
    "`time_now_ns()`, TSC": ("speed.time_now@tsc", "time_now_ns tsc", "", ""),
    "`time_now_ns()`, HPET": ("speed.time_now@hpet", "time_now_ns hpet", "", ""),
    "`time_now_ns()`, PM timer": ("speed.time_now@pm", "time_now_ns pm", "", ""),
    "`time_now_ns()`, PIT": ("speed.time_now@pit", "time_now_ns pit", "", ""),
}
FRAME, BLOCK, BLOCK_4G = "speed.frame", "speed.block_of_2_mib", "speed.block_of_2_mib@two_zones"
PAGE, STACK = "speed.page", "speed.kernel_stack"
MEMORY_ROWS = {
    "allocate a frame, all of 128 MiB: mean": (FRAME, "allocate 4 KiB, mean of all", "<= 60", ""),
    "allocate a frame: mean of the first 1000": (FRAME, "allocate 4 KiB, the first", "<= 60", "382 (the first)"),
    "allocate a frame: mean of the last 1000": (FRAME, "allocate 4 KiB, the last", "<= 60", "42 100 (after 5 228)"),
    "allocate a frame: the dearest": (FRAME, "allocate 4 KiB, most", "", ""),
    "free a frame, all of 128 MiB: mean": (FRAME, "free 4 KiB, mean of all", "<= 60", "cannot"),
    "free a frame: the dearest": (FRAME, "free 4 KiB, most", "", ""),
    "allocate 2 MiB, all of 2 GiB: mean": (BLOCK, "allocate 2 MiB, mean of all", "<= 60", "cannot"),
    "... of 4 GiB, once there is none above 4 GiB": (BLOCK_4G, "allocate 2 MiB, the last", "", ""),
    "allocate 2 MiB: the dearest": (BLOCK, "allocate 2 MiB, most", "", ""),
    "free 2 MiB, all of 2 GiB: mean": (BLOCK, "free 2 MiB, mean of all", "<= 60", "cannot"),
    "free 2 MiB: the dearest": (BLOCK, "free 2 MiB, most", "", ""),
    "map a page of 4 KiB": (PAGE, "map", "<= 120", ""),
    "map one, and three tables for it": (PAGE, "map, three new tables", "", ""),
    "change the rights of a page": (PAGE, "protect", "", ""),
    "unmap a page": (PAGE, "unmap", "", ""),
    "unmap one, and three tables with it": (PAGE, "unmap, three tables released", "", ""),
    "make a stack of 16 KiB with its guard": (STACK, "stack allocate", "", ""),
    "give a stack back": (STACK, "stack free", "", ""),
    **{f"64 bytes from the heap and back, `{heap}`": (f"speed.heap@{heap}", f"{heap}, 64 bytes and back",
                                                      "<= 40" if heap == "default" else "",
                                                      "64" if heap == "fixed_block" else "")
       for heap in ("bump", "linked_list", "fixed_block", "buddy", "tlsf", "default")},
    "the same, 16 KiB, `default`": ("speed.heap@default", "default, 16384 bytes and back", "", ""),
}
SPAWN, SWITCH, WAKE_UP = "speed.task_spawn_and_run", "speed.task_switch", "speed.task_wake_up"
TASK_ROWS = {
    "make a stepwise task, run it, its end": (SPAWN, "spawn and run, stepwise", "<= 150", "286"),
    "the same, sequential, with its stack of 16 KiB": (SPAWN, "spawn and run, sequential", "", ""),
    "from one sequential task to another": (SWITCH, "switch, sequential", "<= 60", ""),
    "from one stepwise task to another": (SWITCH, "switch, stepwise", "", ""),
    "from one kind to the other": (SWITCH, "switch, mixed", "", ""),
    "interrupt to sequential task, CPU asleep": (WAKE_UP, "interrupt to task, sequential", "", ""),
    "interrupt to stepwise task, CPU asleep": (WAKE_UP, "interrupt to task, stepwise", "", ""),
    **{f"a message and its wake-up, {count} tasks wait": ("speed.task_messages", f"wake-up by message, {count} tasks wait",
                                                         "" if count == 10 else "<= 1.5 x that of 10", "")
       for count in (10, 1000, 10000)},
    **{f"a sleep and its wake-up, {count} tasks sleep": ("speed.task_sleep", f"wake-up by time, {count} tasks wait",
                                                        "" if count == 10 else "<= 1.5 x that of 10", "")
       for count in (10, 1000, 10000)},
}
TASK_MEMORY_ROWS = {
    "stepwise task": ("speed.task_memory", "bytes of a stepwise task", "<= 256", ""),
    "sequential task": ("speed.task_memory", "bytes of a sequential task", "", ""),
    "sequential task with a stack of one page": ("speed.task_memory",
                                                 "bytes of a sequential task with a stack of one page", "", ""),
}
SCREENS = {"text, 80x25": "speed.console", "text, 80x50": "speed.console@80x50",
           "1024x768": "speed.console_of_pixels@1024x768", "1920x1080": "speed.console_of_pixels@1920x1080"}
LINE, MIB = "12 characters and a line feed with scroll", "1 MiB of log text"
COPY = "framebuffer, plain copy of all pixels"
SCREEN_ROWS = {
    **{f"{LINE}, {screen}": (case, LINE, "<= 1000" if "text" in screen else "", "8 988" if "80x25" in screen else "")
       for screen, case in SCREENS.items()},
    "the same, 80x25, the dearest": ("speed.console", "the same, most", "", ""),
    **{f"{MIB}, a line a write, {screen}": (case, f"{MIB}, a line a write", "", "") for screen, case in SCREENS.items()},
    **{f"{MIB}, 4 KiB a write, {screen}": (case, f"{MIB}, 4 KiB a write", "", "") for screen, case in SCREENS.items()},
    **{f"all of the screen anew, {screen}": (case, "all of the screen anew", "", "") for screen, case in SCREENS.items()},
    "for comparison: all pixels moved up a row, 1024x768": ("speed.framebuffer", f"0: {COPY}", "", ""),
    "for comparison: all pixels moved up a row, 1920x1080": ("speed.framebuffer", f"1: {COPY}", "", ""),
}
CALL, PROGRAM_SWITCH = "speed.program_call_and_page_fault", "speed.program_switch"
PROGRAM_START = "speed.program_start"
PROGRAM_ROWS = {
    "`getpid()` by SYSCALL": (CALL, "getpid by SYSCALL", "<= 80", ""),
    "`getpid()` by INT 80h": (CALL, "getpid by INT 80h", "<= 150", ""),
    "first touch of a page, without the clearing": (CALL, "page fault, without the clearing", "<= 300", ""),
    "from one program to another, by `sched_yield()`": (PROGRAM_SWITCH, "switch between programs", "<= 300", ""),
    "from `program_start()` to the first instruction, 1 MiB": (PROGRAM_START, "start of 1 MiB", "<= 50000", ""),
    "the same, a second time": (PROGRAM_START, "start of 1 MiB, again", "<= 50000", ""),
}
VOLUME_NAMES = {"fat16": "FAT16, 4 KiB clusters", "fat32": "FAT32, 512-byte clusters"}


def measure(build, work, rounds):
    """{(KiB, volume, has_note)} and {(KiB, "floor")} -> list of boots"""
    images = {}
    for kib in KIB:
        for volume in VOLUMES:
            for has_note in (False, True):
                folder = work / f"{kib}-{volume}-{has_note}"
                folder.mkdir(parents=True)
                images[kib, volume, has_note] = boot_image(build, folder, kib, has_note, volume)
        sectors = run(images[kib, "fat16", False], work / "machine").sectors
        folder = work / f"{kib}-floor"
        folder.mkdir()
        images[kib, "floor"] = floor_image(build, folder, sectors)
    boots = {key: [] for key in images}
    for number in range(rounds):
        for key, image in images.items():
            boots[key].append(run(image, work / "machine"))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return boots


def row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def totals(boots):
    yield row("kernel", "volume", "checksum note", "hand-over to kernel, ms", "wanted", "outside INT 13h, ms", "wanted",
              "reads", "sectors")
    yield row("---", "---", "---", "---:", "---:", "---:", "---:", "---:", "---:")
    for kib in KIB:
        for volume in VOLUMES:
            for has_note in (False, True):
                runs = boots[kib, volume, has_note]
                first, limits = runs[0], LIMITS[kib, has_note]
                yield row(f"{kib >> 10} MiB", VOLUME_NAMES[volume], "yes" if has_note else "no",
                          spread([boot.total for boot in runs]), f"<= {limits.total:g}",
                          f"**{milliseconds(first.outside_disk):.3f}**", f"<= {limits.outside_disk:g}",
                          len(first.reads), first.sectors)
        runs = boots[kib, "floor"]
        yield row(f"{kib >> 10} MiB", "raw reads, no file system", "", spread([boot.total for boot in runs]), "",
                  f"{milliseconds(runs[0].outside_disk):.3f}", "", len(runs[0].reads), runs[0].sectors)


def breakdown(boots):
    """Of the run with the median total, each."""
    chosen = []
    for kib in KIB:
        runs = boots[kib, "fat16", False]
        middle = median_low(boot.total for boot in runs)
        chosen.append(next(boot for boot in runs if boot.total == middle))
    # The note changes these two stages and no other.
    noted = [boots[kib, "fat16", True][0] for kib in KIB]
    yield row("stage", *(f"{kib >> 10} MiB: {what}" for kib in KIB for what in
                         ("own", "INT 10h, 12h, 15h", "INT 13h", "own, with note")))
    yield row("---", *["---:"] * (4 * len(KIB)))
    stages = [list(boot.stages()) for boot in chosen]
    stages_noted = [list(boot.stages()) for boot in noted]
    for index, name in enumerate(STAGES):
        cells = []
        for plain, note in zip(stages, stages_noted):
            _, _, disk, other, own = plain[index]
            cells += [f"{milliseconds(own):.3f}", f"{milliseconds(other):.3f}", f"{milliseconds(disk):.3f}",
                      f"{milliseconds(note[index][4]):.3f}"]
        yield row(name, *cells)
    cells = []
    for plain, note in zip(stages, stages_noted):
        for column, source in ((4, plain), (3, plain), (2, plain), (4, note)):
            cells.append(f"**{milliseconds(sum(stage[column] for stage in source)):.3f}**")
    yield row("**sum**", *cells)


def sizes(build):
    boot_sector, stage2 = ((build / name).stat().st_size for name in ("bootsector.bin", "stage2.bin"))
    yield row("part", "bytes on disk")
    yield row("---", "---:")
    yield row("boot sector", boot_sector)
    yield row("stage 2, whole sectors", stage2)
    yield row("**both**", f"**{boot_sector + stage2}**")


def kernel_figures(build, rows, unit="instructions"):
    cases = dict.fromkeys(case for case, _, _, _ in rows.values())
    subprocess.run([sys.executable, KERNEL_TESTS, "--build", build, *cases], check=True, stdout=sys.stderr)
    yield row("path", unit, "wanted", "blog_os")
    yield row("---", "---:", "---:", "---:")
    for name, (case, note, wanted, elsewhere) in rows.items():
        serial = (build / "test" / "run" / case / "serial.log").read_text(errors="replace")
        # "1: note": the second of several of that name
        which, note = (int(note[0]), note[3:]) if re.match(r"\d: ", note) else (None, note)
        figures = re.findall(rf"^# measured: {re.escape(note)}: (\d+)(?:\.\.(\d+))?\r?$", serial, re.MULTILINE)
        if len(figures) != 1 if which is None else len(figures) <= which:
            sys.exit(f"{case} left {len(figures)} figures called {note}")
        least, most = figures[which or 0]
        yield row(name, f"**{least}**" if most in ("", least) else f"**{least} .. {most}**", wanted, elsewhere)


def instructions_of(build, case):
    result = subprocess.run([sys.executable, MEMORY_READY, "--build", build, case], check=True,
                            stdout=subprocess.PIPE, text=True)
    return re.search(r"^\S+: (\d+) instructions$", result.stdout, re.MULTILINE)[1]


def ready_figures(build):
    yield row("memory of the machine", "pages of 1 GiB", "instructions", "wanted")
    yield row("---", "---", "---:", "---:")
    for case, (memory, options, limit) in READY_CASES.items():
        ticks = instructions_of(build, case)
        yield row(f"{memory[:-1]} {memory[-1]}iB", "yes" if "+pdpe1gb" in options.get("cpu", "") else "no",
                  f"**{ticks}**", f"<= {limit}" if limit else "")
    yield row("128 MiB, to the first block of the heap", "no", f"**{instructions_of(build, 'first_block_128m')}**",
              f"<= {FIRST_BLOCK_LIMIT}")


def write_between(page, marks, text):
    begin, end = marks
    if page.count(begin) != 1 or page.count(end) != 1:
        sys.exit(f"the page has not exactly one {begin} and one {end}")
    before, rest = page.split(begin)
    return before + "\n".join((begin, text, end)) + rest.split(end)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path, help="the build folder, for example build/dev")
    parser.add_argument("--rounds", type=int, default=7, help="boots of each configuration (default: 7)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables between the marks in this page")
    options = parser.parse_args()
    os.environ["LC_ALL"] = "C"
    build = options.build.resolve()
    work = build / "test" / "speed-table"
    rmtree(work, ignore_errors=True)
    boots = measure(build, work, options.rounds)
    rmtree(work)
    version = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"version (\S+)", version)[1]
    tables = {
        BOOT_MARKS: "\n".join([
            f"Measured {date.today()}, QEMU {version}, median [least .. most] of {options.rounds} runs.", "",
            *totals(boots), "",
            "Where the time goes, in ms, on FAT16 (from the run with the median total):", "",
            *breakdown(boots), "",
            *sizes(build)]),
        KERNEL_MARKS: "\n".join([f"Measured {date.today()}, QEMU {version}.", "", *kernel_figures(build, KERNEL_ROWS)]),
        MEMORY_MARKS: "\n".join([f"Measured {date.today()}, QEMU {version}.", "",
                                 *kernel_figures(build, MEMORY_ROWS), "", *ready_figures(build)]),
        TASK_MARKS: "\n".join([f"Measured {date.today()}, QEMU {version}.", "",
                               *kernel_figures(build, TASK_ROWS), "",
                               *kernel_figures(build, TASK_MEMORY_ROWS, "bytes")]),
        PROGRAM_MARKS: "\n".join([f"Measured {date.today()}, QEMU {version}.", "", *kernel_figures(build, PROGRAM_ROWS)]),
        SCREEN_MARKS: "\n".join([f"Measured {date.today()}, QEMU {version}.", "", *kernel_figures(build, SCREEN_ROWS)]),
    }
    if options.write is None:
        print("\n\n".join(tables.values()))
        return
    page = options.write.read_text(encoding="utf-8")
    for marks, text in tables.items():
        page = write_between(page, marks, text)
    options.write.write_text(page, encoding="utf-8")


main()
