# SPDX-License-Identifier: MIT
"""Boot speed, asserted where it is exact: CPU time outside INT 13h, and how much and how often the disk is asked.

Under icount both are the same in every run, on any host under any load; the time inside INT 13h is not, so totals are
only printed, as medians of runs taken alone, beside those of a boot sector that does nothing but read as much.
docs/performance.md says what the numbers mean; table.py makes its tables.
"""
import sys
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from measure import (CHUNK, KIB, LIMITS, VOLUMES, boot_image, floor_image, milliseconds, run, spread, table_sectors)
from support.case import add_case, case, run_cases
from support.failure import Failure, check, check_equal
from support.volumes import set_config

KERNEL_VERIFIED = 1  # BOOT_FLAG_KERNEL_VERIFIED
ROUNDS = 5


def check_boot(boot, kib, has_note, volume="fat16"):
    """What must hold for every boot, fast host or slow."""
    limits = LIMITS[kib, has_note]
    file_sectors = kib * 2
    outside = milliseconds(boot.outside_disk)
    print(f"outside INT 13h: {outside:.3f} ms (at most {limits.outside_disk}); "
          f"{len(boot.reads)} reads of {boot.sectors} sectors for a file of {file_sectors}", flush=True)
    check(outside <= limits.outside_disk, f"{outside:.3f} ms of CPU time outside INT 13h, {limits.outside_disk} wanted")
    most_reads = -(-file_sectors // CHUNK) + limits.more_reads
    check(len(boot.reads) <= most_reads, f"the disk was read {len(boot.reads)} times, {most_reads} wanted")
    most_sectors = file_sectors + table_sectors(volume, file_sectors) + limits.more_sectors
    check(boot.sectors <= most_sectors, f"{boot.sectors} sectors were read, {most_sectors} wanted")


def exact_case(kib, has_note, volume):
    def measure(context):
        image = boot_image(context.build, context.work, kib, has_note, volume)
        boot = run(image, context.work / "machine")
        image.unlink()
        for name, ticks, disk, other, own in boot.stages():
            print(f"  {name:33} {ticks:9} ticks: INT 13h {disk:9}, other BIOS {other:6}, own {own:8}")
        check_equal(bool(boot.flags & KERNEL_VERIFIED), has_note, "kernel verified by its note")
        check_boot(boot, kib, has_note, volume)
    return measure


def totals_case(kib):
    """Medians of rounds of a boot without note, one with, and the floor, one after the other so that all of them see
    the same load. Only what is exact is asserted: that it is the same each time."""
    def measure(context):
        boots = {}
        images = {}
        for has_note in (False, True):
            folder = context.work / ("note" if has_note else "plain")
            folder.mkdir()
            images[has_note] = boot_image(context.build, folder, kib, has_note)
        first = run(images[False], context.work / "machine")
        images["floor"] = floor_image(context.build, context.work, first.sectors)
        for _ in range(ROUNDS):
            for kind, image in images.items():
                boots.setdefault(kind, []).append(run(image, context.work / "machine"))
        for image in images.values():
            image.unlink()
        for kind, name in ((False, "without note"), (True, "with note"), ("floor", "raw reads")):
            totals = [boot.total for boot in boots[kind]]
            wanted = f", {LIMITS[kib, kind].total} wanted" if kind != "floor" else ""
            print(f"{kib} KiB {name}: {spread(totals)} ms from the boot sector on{wanted} (not asserted)")
        for kind, runs in boots.items():
            exact = {(boot.outside_disk, boot.sectors, len(boot.reads)) for boot in runs}
            check(len(exact) == 1, f"{kind}: not the same in each run: ticks outside INT 13h, sectors, reads {exact}")
        check_equal(boots["floor"][0].sectors, first.sectors, "sectors of the floor")
    return measure


@case(labels=("speed",), timeout=120)
def slow_boot_is_noticed(context):
    """Three modules as large as the kernel are more than the limit has room for."""
    image = boot_image(context.build, context.work, 1024, False)
    set_config(image, "kernel=KERNEL.ELF\n" + "module=KERNEL.ELF\n" * 3)
    boot = run(image, context.work / "machine")
    image.unlink()
    try:
        check_boot(boot, 1024, False)
    except Failure as failure:
        print(f"noticed: {failure}")
    else:
        raise Failure("a boot that loads 4 MiB passes for one that loads 1 MiB")


for kib, has_note, volume in product(KIB, (False, True), VOLUMES):
    name = f"{kib}k_{volume}_{'note' if has_note else 'plain'}"
    add_case(name, exact_case(kib, has_note, volume), labels=("speed",), timeout=120)
for kib in KIB:
    add_case(f"{kib}k_totals", totals_case(kib), labels=("speed",), timeout=300, run_serial=True)

run_cases()
