# SPDX-License-Identifier: MIT
"""One measured boot: the image it needs, the run, and what the ledger says of it. For speed.py and table.py.

The clock is the time-stamp counter under `-icount shift=0,sleep=off`: one instruction is one tick is one nanosecond of
virtual time, and a repeated string instruction is one for each repetition. What the CPU does by itself is therefore
exact; waiting for the disk is not. ledger.asm, in front of the boot sector under test, writes down every BIOS call.
"""
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from support.elf import without_note
from support.failure import Failure, check
from support.machine import Machine
from support.volumes import SECTOR, VOLUME_LBA, copy_sparse, edit, make_image

HERE = Path(__file__).resolve().parent
NEXT_LBA = VOLUME_LBA - 1  # where the boot sector under test goes: the last one before the volume, which is free

# ledger.inc
HEADER = struct.Struct("<4sI" + "Q" * 10 + "I28x")
RECORD = struct.Struct("<HHH2xII")
MAGIC = b"lder"
RECORD_LIMIT = 1024
DISK = 0x13
READ_FUNCTIONS = (0x02, 0x42)

STAGES = ("boot sector", "CPU, A20, memory map", "volume and HEWN.CFG", "kernel", "modules",
          "page tables, long mode, checksum")


KIB = (1024, 8192)
CHUNK = 127  # sectors that one BIOS call reads at most


@dataclass
class Limits:
    """What a boot may cost: milliseconds in all (where the disk has its say) and of CPU time outside INT 13h; reads and
    sectors beyond those of the kernel's file, for stage 2, partition table, volume, directory, HEWN.CFG and headers."""
    total: float
    outside_disk: float
    more_reads: int = 12
    more_sectors: int = 128


# (KiB, with checksum note). A note may cost the CPU what the totals allow for it.
LIMITS = {
    (1024, False): Limits(2.0, 0.9),
    (8192, False): Limits(12.0, 3.2),
    (1024, True): Limits(2.5, 0.9 + 0.5),
    (8192, True): Limits(15.0, 3.2 + 3.0),
}


@dataclass
class Call:
    number: int
    ax: int
    sectors: int
    start: int
    end: int


@dataclass
class Boot:
    hand_over: int
    arrival: int
    stamps: tuple
    in_firmware: int
    flags: int
    calls: list

    @property
    def total(self):
        return self.arrival - self.hand_over

    def firmware(self, numbers=None, start=None, end=None):
        """Ticks inside BIOS calls (of these interrupts), within a span; a call inside another counts once."""
        ticks, position = 0, start or self.hand_over
        for call in sorted(self.calls, key=lambda call: call.start):
            if numbers is None or call.number in numbers:
                first, last = max(call.start, position), min(call.end, end or self.arrival)
                if last > first:
                    ticks += last - first
                    position = last
        return ticks

    @property
    def disk(self):
        return self.firmware({DISK})

    @property
    def outside_disk(self):
        return self.total - self.disk

    @property
    def reads(self):
        """The calls that were to read; a failed one counts as well."""
        return [call for call in self.calls if call.number == DISK and call.ax >> 8 in READ_FUNCTIONS]

    @property
    def sectors(self):
        return sum(call.sectors for call in self.reads)

    def stages(self):
        """(name, all ticks, in INT 13h, in the rest of the BIOS, own) of each step."""
        limits = [self.hand_over, *self.stamps[1:6], self.arrival]
        for name, start, end in zip(STAGES, limits, limits[1:]):
            disk = self.firmware({DISK}, start, end)
            other = self.firmware(None, start, end) - disk
            yield name, end - start, disk, other, end - start - disk - other


def parse(text):
    data = bytes.fromhex(text)
    magic, count, hand_over, arrival, *rest = HEADER.unpack_from(data)
    if magic != MAGIC or len(data) != HEADER.size + count * RECORD.size:
        raise Failure(f"the ledger is damaged: {text[:64]}...")
    check(count < RECORD_LIMIT - 1, f"the ledger is full: more than {count} BIOS calls")
    calls = []
    for number, ax, sectors, start, end in RECORD.iter_unpack(data[HEADER.size:]):
        # Records have the low 32 bits, and a boot takes less than the four seconds after which they repeat.
        first = hand_over + (start - hand_over) % (1 << 32)
        calls.append(Call(number, ax, sectors, first, first + (end - start) % (1 << 32)))
    return Boot(hand_over, arrival, tuple(rest[:7]), rest[7], rest[8], calls)


def assemble(source, output, **defines):
    subprocess.run(["nasm", "-f", "bin", "-w+all", "-I", f"{HERE}/", "-o", output, HERE / source,
                    *(f"-D{name}={value}" for name, value in defines.items())], check=True)
    return output.read_bytes()


def put_ledger_in_front(image, work, boot_sector):
    """The boot sector under test moves to NEXT_LBA; the ledger's takes its code, not its partition table."""
    ledger = assemble("ledger.asm", work / "ledger.bin", NEXT_LBA=NEXT_LBA)
    check(not any(ledger[0x1b8:0x1fe]), "ledger.asm reaches into the partition table")
    edit(image, NEXT_LBA * SECTOR, boot_sector)
    edit(image, 0, ledger[:0x1b8])


# The shape of boot.img's own volume; and the most that a reader of cluster chains can be asked for, which is what the
# other loaders of docs/performance.md were measured on.
VOLUMES = {"fat16": (16, 4096), "fat32": (32, 512)}


def table_sectors(volume, file_sectors):
    """FAT sectors that a contiguous file's chain lies in, at most."""
    bits, cluster_bytes = VOLUMES[volume]
    return file_sectors * SECTOR // cluster_bytes * bits // 8 // SECTOR + 1


def boot_image(build, work, kib, has_note, volume="fat16"):
    """A disk image with the build's boot chain, the ledger in front of it, and a speed kernel on a fresh volume."""
    kernel = (build / "test-kernels" / f"speed-{kib}.elf").read_bytes()
    if not has_note:
        kernel = without_note(kernel)
    image = work / "disk.img"
    make_image(build / "boot.img", image, *VOLUMES[volume], kernel)
    with open(image, "rb") as file:
        boot_sector = file.read(SECTOR)
    put_ledger_in_front(image, work, boot_sector)
    return image


def floor_image(build, work, sectors):
    """An image whose boot sector reads that many sectors and no more: the floor."""
    image = copy_sparse(build / "boot.img", work / "floor.img")
    put_ledger_in_front(image, work, assemble("floor.asm", work / "floor.bin", SECTORS=sectors, LBA=VOLUME_LBA))
    return image


def run(image, work):
    with Machine(image, work, drive="ide", memory="256M", icount=True, time_limit=100) as machine:
        text = machine.expect(r"^ledger:\n([0-9a-f]+)\n")[1]
        machine.require_pass()
    return parse(text)


def milliseconds(ticks):
    return ticks / 1e6


def spread(values):
    """Median and range, for people."""
    return (f"{milliseconds(median(values)):.2f} "
            f"[{milliseconds(min(values)):.2f} .. {milliseconds(max(values)):.2f}]")
