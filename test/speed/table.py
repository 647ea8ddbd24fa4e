# SPDX-License-Identifier: MIT
"""Measures the boot and prints the tables of docs/performance.md; takes some minutes, wants an idle machine.

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
from measure import KIB, LIMITS, STAGES, VOLUMES, boot_image, floor_image, milliseconds, run, spread
from support.machine import QEMU

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
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
    text = "\n".join([
        BEGIN,
        f"Measured {date.today()}, QEMU {version}, median [least .. most] of {options.rounds} runs.", "",
        *totals(boots), "",
        "Where the time goes, in ms, on FAT16 (from the run with the median total):", "",
        *breakdown(boots), "",
        *sizes(build),
        END])
    if options.write is None:
        print(text)
        return
    page = options.write.read_text(encoding="utf-8")
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        sys.exit(f"{options.write}: has not exactly one {BEGIN} and one {END}")
    before, rest = page.split(BEGIN)
    options.write.write_text(before + text + rest.split(END)[1], encoding="utf-8")


main()
