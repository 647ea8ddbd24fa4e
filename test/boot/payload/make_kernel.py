# SPDX-License-Identifier: MIT
"""Makes a test kernel whose file has exactly the size that is asked for. Run by CMake (CMakeLists.txt beside it).

    python3 make_kernel.py <nasm> <ld.lld> <work folder> <bytes> <output> <object>...

The payload is pseudo-random; its size is found by linking once without it. The checksum note is filled in by
test/support/elf.py, not by the tool that seals Hewn's kernel: two opinions of one contract.
"""
import random
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from support.elf import sealed

HERE = Path(__file__).resolve().parent
# The linker aligns a few sections to 8 or 16 bytes, which can move the end of the file a little between two links.
ALIGNMENT_SLACK = 64
HASH_START = 0xcbf29ce484222325
HASH_FACTOR = 0x100000001b3


def write_payload(folder, payload_bytes, file_bytes):
    """payload.bin, and its hash for payload.asm."""
    data = random.Random(file_bytes).randbytes(payload_bytes // 8 * 8)
    value = HASH_START
    for (word,) in struct.iter_unpack("<Q", data):
        value = (value ^ word) * HASH_FACTOR & 0xffffffffffffffff
    (folder / "payload.bin").write_bytes(data)
    (folder / "payload.inc").write_text(
        f"%define PAYLOAD_HASH {value:#x}\n%define PAYLOAD_FILE_BYTES {file_bytes}\n")


def link(nasm, lld, folder, objects, payload_bytes, file_bytes):
    write_payload(folder, payload_bytes, file_bytes)
    linked, payload = folder / "linked.elf", folder / "payload.o"
    subprocess.run([nasm, "-f", "elf64", "-w+all", "-I", f"{folder}/", "-o", payload, HERE / "payload.asm"], check=True)
    subprocess.run([lld, "-m", "elf_x86_64", "-T", HERE / "kernel.ld", "-z", "max-page-size=4096", "-z", "noexecstack",
                    "--build-id=none", "--strip-all", "-o", linked, *objects, payload],
                   check=True)
    return linked.read_bytes()


def main():
    nasm, lld, folder, file_bytes, output, *objects = sys.argv[1:]
    folder, file_bytes = Path(folder), int(file_bytes)
    folder.mkdir(parents=True, exist_ok=True)
    overhead = len(link(nasm, lld, folder, objects, 0, file_bytes)) + ALIGNMENT_SLACK
    data = sealed(link(nasm, lld, folder, objects, file_bytes - overhead, file_bytes))
    if not 0 <= file_bytes - len(data) <= 2 * ALIGNMENT_SLACK:
        sys.exit(f"{output}: linked to {len(data)} bytes where {file_bytes} were wanted")
    Path(output).parent.mkdir(parents=True, exist_ok=True)
    Path(output).write_bytes(data + bytes(file_bytes - len(data)))
    # Tens of megabytes, of use to nobody from here on.
    for name in ("payload.bin", "payload.o", "linked.elf"):
        (folder / name).unlink()


main()
