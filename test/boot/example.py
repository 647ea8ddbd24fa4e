# SPDX-License-Identifier: MIT
"""The example kernel of docs/boot-protocol.md: the commands at its top build it, and it boots and speaks.

Every kernel in the tree but this one is built by CMake; here the commands are those that a reader types.
"""
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import case, run_cases
from support.failure import Skip, check, check_equal

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path("test/boot/example/hello.c")


def commands():
    """The commands in the comment at the file's top, as lists of words."""
    lines = re.findall(r"^//   +(.*)$", (ROOT / SOURCE).read_text(), re.MULTILINE)
    return [shlex.split(line) for line in "\n".join(lines).replace("\\\n", " ").split("\n")]


def placed(word, work):
    """A word of a command as it is here: sources from the tree, and what is made in the case's own folder."""
    if word.startswith("build/"):
        return work / Path(word).name
    return ROOT / word if (ROOT / word).exists() else word


# docs/boot-protocol.md, "The machine at entry".
ENTRY_REGISTERS = {
    "RSP": "0000000000007bf8", "CR0": "80010031", "CR4": "00000020", "EFER": "0000000000000d00",
    **{name: "0" * 16 for name in ("RBX", "RCX", "RDX", "RSI", "RBP", "R8 ", "R9 ", "R10", "R11", "R12", "R13", "R14",
                                   "R15")},
}
ENTRY_SEGMENTS = {"CS": "0028", **{name: "0010" for name in ("DS", "ES", "FS", "GS", "SS")}}
ALWAYS_SET_FLAG = 1 << 1
ZERO_BYTES = bytes(8)


def image_with_example(context):
    found = commands()
    check_equal(len(found), 2, "commands at the top of hello.c")
    for command in found:
        if shutil.which(command[0]) is None:
            raise Skip(f"{command[0]} is not installed under this name, and the page names it so")
        subprocess.run([placed(word, context.work) for word in command], check=True)
    image = context.copy_of(context.boot_image)
    subprocess.run(["mcopy", "-o", "-i", f"{image}@@1M", context.work / "hello.elf", "::/KERNEL.ELF"], check=True)
    return image


@case()
def hello(context):
    with context.machine(image_with_example(context)) as machine:
        machine.expect(r"KERNEL\.ELF: no checksum note")
        machine.require_stop("Hello from a kernel of your own")


@case()
def machine_state_at_entry(context):
    image = image_with_example(context)
    entry = int.from_bytes((context.work / "hello.elf").read_bytes()[24:32], "little")
    with context.machine(image, gdb=True) as machine:
        machine.gdb.run_to(entry)
        text = machine.qmp.monitor("info registers")
        print(text)
        for name, value in ENTRY_REGISTERS.items():
            check(f"{name}={value}" in text, f"{name} is not {value}")
        for name, value in ENTRY_SEGMENTS.items():
            check(re.search(rf"\b{name} *={value} ", text), f"{name} is not {value}")
        flags = int(re.search(r"RFL=([0-9a-f]+)", text)[1], 16)
        check_equal(flags, ALWAYS_SET_FLAG, "RFLAGS")
        info = int(re.search(r"RDI=([0-9a-f]+)", text)[1], 16)
        check_equal(machine.physical_memory(info, 8), b"HEWNBOOT", "what RDI leads to")
        check_equal(machine.physical_memory(0x7bf8, 8), ZERO_BYTES, "the return address")


run_cases()
