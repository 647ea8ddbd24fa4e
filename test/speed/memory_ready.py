# SPDX-License-Identifier: MIT
"""How many instructions lie between the kernel's first line of C and memory that is ready: page tables of its own, the
frame allocator, the copy of what the loader left; and how many until the heap has given its first block.

The clock is the time-stamp counter under -icount shift=0,sleep=off. No disk is touched in that span, so it is the same
in each run. docs/performance.md has the table.
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, run_cases
from support.failure import check, check_equal

BIG = {"machine": "q35", "drive": "ahci"}
# name: (memory, options, the most instructions that are wanted)
CASES = {
    "128m": ("128M", {}, 22_000),
    "64g_1gib_pages": ("64G", {**BIG, "cpu": "qemu64,phys-bits=48,+pdpe1gb"}, 100_000),
    "64g": ("64G", {**BIG, "cpu": "qemu64,phys-bits=48"}, 600_000),
    "1t_1gib_pages": ("1T", {**BIG, "cpu": "qemu64,phys-bits=48,+pdpe1gb"}, None),
    "1t": ("1T", {**BIG, "cpu": "qemu64,phys-bits=48"}, None),
}
FIRST_BLOCK_LIMIT = 25_000  # instructions, with 128 MiB
READY = re.compile(r"memory: ready (\d+) TSC ticks after the kernel's entry$", re.MULTILINE)
FIRST_BLOCK = re.compile(r"memory: heap \w+, .*; its first block (\d+) TSC ticks after the kernel's entry$", re.MULTILINE)
RUNS = 2


def is_sanitized(build):
    """The checks of preset sanitize are instructions, too: there the figures are taken, but held to nothing."""
    return "HEWN_SANITIZE:BOOL=ON" in (build / "CMakeCache.txt").read_text()


def ticks_of(context, expression, memory, options):
    with context.machine(memory=memory, cmdline="exit=pass", icount=True, **options) as machine:
        machine.require_pass()
        return int(expression.search(machine.serial)[1])


def ready_case(memory, options, limit, expression=READY):
    def run(context):
        ticks = [ticks_of(context, expression, memory, options) for _ in range(RUNS)]
        print(f"{memory}: {ticks[0]} instructions")
        check_equal(ticks, ticks[:1] * RUNS, "instructions in each run")
        check(ticks[0] > 5_000, f"{ticks[0]} instructions are too few to be true")
        check(limit is None or is_sanitized(context.build) or ticks[0] <= limit, f"{ticks[0]} are more than {limit}")
    return run


for name, row in CASES.items():
    add_case(name, ready_case(*row), labels=("speed",))
add_case("first_block_128m", ready_case("128M", {}, FIRST_BLOCK_LIMIT, FIRST_BLOCK), labels=("speed",))

if __name__ == "__main__":
    run_cases()
