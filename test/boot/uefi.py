# SPDX-License-Identifier: MIT
"""boot.img on a PC that starts by UEFI: EFI/BOOT/BOOTX64.EFI explains why Hewn does not start there, and goes back.

The firmware is OVMF, which looks for that file on every FAT volume that it knows, as removable media are looked at.
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import case, run_cases
from support.failure import Skip, check

FIRMWARE = ("/usr/share/ovmf/OVMF.fd", "/usr/share/edk2/ovmf/OVMF.fd", "/usr/share/edk2-ovmf/x64/OVMF.fd")
SOURCE = Path(__file__).resolve().parents[2] / "uefi" / "bootx64.c"
# The firmware moves the cursor and sets colours on the serial line too.
TERMINAL_SEQUENCE = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]")
LAST_WORDS = "Press a key to go back to the firmware."
# What OVMF does after a boot program has ended: tries the next one, or shows its own menu.
FIRMWARE_AGAIN = r"BdsDxe:|EFI Internal Shell|Boot Manager"


def firmware():
    path = next((path for path in FIRMWARE if Path(path).exists()), None)
    if path is None:
        raise Skip(f"OVMF is not installed (Debian: ovmf); looked for {', '.join(FIRMWARE)}")
    return path


def explanation():
    """The sentences of the program, one a line of text, from its source."""
    text = SOURCE.read_text().split("explanation[] =", 1)[1].split(";\n", 1)[0]
    lines = [line.replace('\\"', '"') for line in re.findall(r'u"((?:[^"\\]|\\")+)\\r\\n"', text)]
    check(len(lines) >= 5 and lines[-1] == LAST_WORDS, f"{SOURCE} has no explanation that this test understands")
    return lines


@case(timeout=120)
def explains(context):
    with context.machine(machine="q35", drive="ahci", memory="256M", extra=["-bios", firmware()]) as machine:
        machine.expect(re.escape(LAST_WORDS))
        said = TERMINAL_SEQUENCE.sub("", machine.serial)
        print(said[said.index("Hewn"):].strip())
        check(re.search(r"^Hewn \d+\.\d+\.\d+$", said, re.MULTILINE), "no line with the version")
        lines = said.split("\n")
        missing = [line for line in explanation() if line not in lines]
        check(not missing, f"not said: {missing}")
        machine.screenshot(context.work / "screen.png")
        machine.send(" ")
        machine.expect(FIRMWARE_AGAIN)


run_cases()
