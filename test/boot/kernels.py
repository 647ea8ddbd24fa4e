# SPDX-License-Identifier: MIT
"""Kernels of many sizes on many volumes: the test kernel (test/boot/payload) checks its own bytes after each boot.

The default suite takes every pair of values (type and cluster size of the volume, size of the kernel, contiguous or in
pieces, its path, with and without checksum note) at least once; `nightly` takes every combination that can exist.
"""
import re
import sys
from itertools import combinations, product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, run_cases
from support.elf import without_note
from support.failure import Failure, Skip, check
from support.volumes import is_possible, make_image

FACTORS = {
    "bits": (12, 16, 32),
    "cluster": (512, 1024, 2048, 4096, 8192, 16384, 32768),
    "kib": (63, 65, 1024),
    "layout": ("contiguous", "fragmented"),
    "path": ("KERNEL.ELF", "A long name with blanks, in the root.elf", "BOOT/KERNEL.ELF",
             "boot/Kernels of many kinds/the one that boots.elf"),
    "note": ("sealed", "unsealed"),
}
PATH_KINDS = ("root", "longname", "folder", "deep")
LARGE_KIB = (17408, 40960)
# Large kernels where each differs most: one big extent, and many small ones.
LARGE = (
    (16, 4096, 17408, "contiguous", "KERNEL.ELF", "sealed"),
    (32, 512, 17408, "fragmented", "boot/Kernels of many kinds/the one that boots.elf", "unsealed"),
    (32, 4096, 40960, "contiguous", "BOOT/KERNEL.ELF", "unsealed"),
    (16, 2048, 40960, "fragmented", "KERNEL.ELF", "sealed"),
)
# The whole of LARGE's file is in memory beside its hash.
LARGE_MEMORY = "128M"


def is_valid(values):
    bits, cluster, kib, *_ = values
    return is_possible(bits, cluster, kib << 10)


def pairs(values):
    return {(a, values[a], b, values[b]) for a, b in combinations(range(len(values)), 2)}


def pairwise():
    """A small list of valid combinations with every pair that any of them has: greedy, and always the same."""
    candidates = [values for values in product(*FACTORS.values()) if is_valid(values)]
    open_pairs = set().union(*map(pairs, candidates))
    chosen = []
    while open_pairs:
        # Ties go to the combination that has been looked at longest ago, for variety.
        start = len(chosen) * 97 % len(candidates)
        best = max(candidates[start:] + candidates[:start], key=lambda values: len(pairs(values) & open_pairs))
        open_pairs -= pairs(best)
        chosen.append(best)
    return chosen


def case_name(values):
    bits, cluster, kib, layout, path, note = values
    kind = PATH_KINDS[FACTORS["path"].index(path)]
    return f"{kib}k_fat{bits}_{cluster}_{layout}_{kind}_{note}"


def boot(context, values, name="disk.img"):
    bits, cluster, kib, layout, path, note = values
    kernel = (context.build / "test-kernels" / f"kernel-{kib}.elf").read_bytes()
    if note == "unsealed":
        kernel = without_note(kernel)
    image = context.scratch(name)
    pieces = make_image(context.boot_image, image, bits, cluster, kernel, path, layout == "fragmented")
    large = kib in LARGE_KIB
    with context.machine(image, memory=LARGE_MEMORY if large else "64M", time_limit=50) as machine:
        line = machine.expect(r"payload: file of (\d+) bytes.*\n")
        machine.require_pass()
    image.unlink()
    check(int(line[1]) == kib << 10, f"another kernel was booted: {line[0]}")
    verified = not re.search("not verified", line[0])
    check(verified == (note == "sealed"), f"{note}, but the kernel was told: {line[0]}")
    return f"{case_name(values)}: {pieces} piece(s), {line[0]}"


def single(values):
    return lambda context: print(boot(context, values))


def slice_of_product(bits, cluster):
    """All that fits on one shape of volume; every failure is collected before the verdict."""
    def run(context):
        failures = []
        sizes = FACTORS["kib"] + LARGE_KIB
        for values in product((bits,), (cluster,), sizes, FACTORS["layout"], FACTORS["path"], FACTORS["note"]):
            if not is_valid(values):
                continue
            try:
                print(boot(context, values), flush=True)
            except Skip:
                raise
            except Failure as failure:
                failures.append(f"{case_name(values)}: {failure}")
        check(not failures, f"{len(failures)} of the product failed:\n" + "\n".join(failures))
    return run


for chosen in pairwise() + list(LARGE):
    add_case(case_name(chosen), single(chosen), timeout=90)
for bits, cluster in product(FACTORS["bits"], FACTORS["cluster"]):
    add_case(f"product_fat{bits}_{cluster}", slice_of_product(bits, cluster), labels=("boot", "nightly"), timeout=3600)

run_cases()
