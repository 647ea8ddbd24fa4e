# SPDX-License-Identifier: MIT
"""Dirty memory and a dirty CPU change nothing: a shim (shim/dirty.asm) fills all base memory that is not the BIOS's with
A5h, memory above 1 MiB holds A5h from the start, and the boot sector is entered in a state that no tidy BIOS leaves.

The test kernel (payload/main.c) then looks at every byte of its .bss and of its payload.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, case, run_cases
from support.failure import check, check_equal
from support.shim import install_shim
from support.volumes import put_file

FILL = 0xa5
MEMORY = "16M"
SECTOR_AT = 0x7c00
BASE_MEMORY_KIB_AT = 0x413  # BIOS data area
GDB_CHUNK = 1024

# name: how the boot sector is entered
ENTRIES = {
    "memory": {"ENTRY_SEGMENT": 0},
    "memory_entered_at_07c0": {"ENTRY_SEGMENT": 0x7c0},
    "memory_drive_55h_means_80h": {"ENTRY_SEGMENT": 0, "ENTRY_DL": 0x55},
    "memory_drive_ffh_means_80h": {"ENTRY_SEGMENT": 0x7c0, "ENTRY_DL": 0xff},
}


def dirty_image(context, kernel=None, **definitions):
    image = context.copy_of(context.boot_image)
    if kernel is not None:
        put_file(image, "KERNEL.ELF", kernel)
    return image, install_shim(image, "dirty.asm", context.work, **definitions)


def hewn_boots(definitions):
    def run(context):
        image, _ = dirty_image(context, **definitions)
        with context.machine(image, memory=MEMORY, memory_fill=FILL, cmdline="exit=pass") as machine:
            machine.require_pass()
    return run


def payload_arrives(definitions):
    def run(context):
        kernel = (context.build / "test-kernels" / "kernel-65.elf").read_bytes()
        image, _ = dirty_image(context, kernel, **definitions)
        with context.machine(image, memory=MEMORY, memory_fill=FILL) as machine:
            machine.require_pass()
    return run


def memory_of(gdb, start, end):
    return b"".join(gdb.memory(position, min(GDB_CHUNK, end - position)) for position in range(start, end, GDB_CHUNK))


def check_filled(gdb, start, end):
    wrong = next((start + index for index, byte in enumerate(memory_of(gdb, start, end)) if byte != FILL), None)
    check(wrong is None, f"{start:#x}..{end - 1:#x}: the byte at {wrong or 0:#x} is not {FILL:#x}")


@case()
def the_shim_fills_all(context):
    image, real = dirty_image(context, ENTRY_SEGMENT=0x7c0, ENTRY_DL=0x55)
    with context.machine(image, memory=MEMORY, memory_fill=FILL, cmdline="exit=pass", gdb=True) as machine:
        gdb = machine.gdb
        gdb.run_to(SECTOR_AT)  # the shim
        gdb.step()
        gdb.run_to(SECTOR_AT)  # the real boot sector
        check_equal(gdb.memory(SECTOR_AT, len(real)) == real, True, "the real boot sector is there")
        top = int.from_bytes(gdb.memory(BASE_MEMORY_KIB_AT, 2), "little") << 10
        check(top >= 512 << 10, f"only {top} bytes of base memory")
        check_filled(gdb, 0x500, SECTOR_AT)
        check_filled(gdb, SECTOR_AT + len(real), top)
        check_filled(gdb, 0x200000, 0x240000)  # where the kernel goes
        check_equal(gdb.register("rdx") & 0xff, 0x55, "DL")
        check_equal(gdb.register("cs"), 0x7c0, "CS")
        check(gdb.register("eflags") & 1 << 10, "the direction flag is clear")
        check(gdb.register("rsp") & 1, "the stack is even")
        gdb.detach()
        machine.require_pass()


for name, definitions in ENTRIES.items():
    add_case(name, hewn_boots(definitions))
    add_case(f"{name}_payload", payload_arrives(definitions))

run_cases()
