# SPDX-License-Identifier: MIT
"""Puts a test's own code in front of the boot sector: the disk's first sector becomes a shim (test/boot/shim), which
chain-loads the real one from the sectors that no one uses before the volume."""
import subprocess
from pathlib import Path

from support.failure import Failure, check
from support.volumes import SECTOR, VOLUME_LBA, edit

SOURCES = Path(__file__).resolve().parents[1] / "boot" / "shim"
CODE_BYTES = 0x1b8  # what follows is disk signature, partition table and boot signature
BODY_LBA = 1900
BODY_SECTORS = 16
REAL_LBA = VOLUME_LBA - 1


def install_shim(image, source, work, **definitions):
    """Assembles test/boot/shim/<source> with these %defines and puts it on the image. Its first CODE_BYTES are the
    sector, whatever comes from byte 512 on lies from BODY_LBA on. Returns the real boot sector."""
    binary = Path(work) / "shim.bin"
    defines = [f"-D{name}={value}" for name, value in definitions.items()]
    result = subprocess.run(["nasm", "-f", "bin", "-w+all", f"-DREAL_LBA={REAL_LBA}", f"-DBODY_LBA={BODY_LBA}",
                             f"-DBODY_SECTORS={BODY_SECTORS}", *defines, "-o", binary, SOURCES / source],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0 or result.stdout:
        raise Failure(f"{source} does not assemble: {result.stdout}")
    code = binary.read_bytes()
    with open(image, "rb") as file:
        real = file.read(SECTOR)
        file.seek(BODY_LBA * SECTOR)
        check(not any(file.read((VOLUME_LBA - BODY_LBA) * SECTOR)), "the sectors before the volume are in use")
    sector, body = code[:CODE_BYTES], code[SECTOR:]
    check(not any(code[CODE_BYTES:SECTOR]), f"{source} is longer than a sector with a partition table has room for")
    check(len(body) <= BODY_SECTORS * SECTOR, f"{source}: the body has {len(body)} bytes")
    edit(image, 0, sector.ljust(CODE_BYTES, b"\0"))
    edit(image, BODY_LBA * SECTOR, body)
    edit(image, REAL_LBA * SECTOR, real)
    return real
