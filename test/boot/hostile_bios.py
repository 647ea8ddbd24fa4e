# SPDX-License-Identifier: MIT
"""BIOSes that destroy registers, fail reads, have no extensions, or describe memory and graphics modes madly: the boot
reaches its end.

A shim (shim/bios.asm) in front of the boot sector hooks INT 10h, 13h and 15h. Texts that stage 2 prints are in TEXT, once.
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, case, run_cases
from support.failure import check, check_equal
from support.shim import install_shim

TEXT = {
    "retried": r"^disk: LBA \d+ read after (\d+) failures \(BIOS status ([0-9a-f]{2})h\)$",
    "no E820": r"^memory map: no usable E820",
    "no mode": r"^video=1024x768: the BIOS has no such mode with 32 bits a pixel; text it is$",
    "set fails": r"^video=1024x768: the BIOS cannot set its own mode; text it is$",
    # A line of the kernel's memory map.
    "range": r"memory: 0x([0-9a-f]+) 0x([0-9a-f]+) .* (\w+)$",
}

# name: (what the BIOS does, lines that stage 2 must print)
BIOSES = {
    "destroys_registers": ({"RUIN": 1}, ()),
    "sets_direction_flag": ({"SET_DF": 1}, ()),
    "loses_ds_while_it_writes": ({"LOSE_DS": 1}, ()),
    "without_extensions": ({"HIDE_EDD": 1}, ()),
    "without_extensions_destroys_registers": ({"HIDE_EDD": 1, "RUIN": 1}, ()),
    "fails_first_reads": ({"FAIL_FIRST": 5}, ()),
    "fails_first_reads_until_chs": ({"FAIL_FIRST": 20, "RUIN": 1}, ()),
    "fails_first_reads_by_chs": ({"HIDE_EDD": 1, "FAIL_FIRST": 5, "RUIN": 1}, ()),
    "fails_large_reads": ({"FAIL_ABOVE": 8, "RUIN": 1}, ("retried",)),
    "reads_single_sectors_only": ({"FAIL_ABOVE": 1}, ("retried",)),
    "without_e820": ({"NO_E820": 1}, ("no E820",)),
    "e801_in_cx_and_dx": ({"NO_E820": 1, "E801_CX_DX": 1}, ("no E820",)),
    "with_88h_alone": ({"NO_E820": 1, "NO_E801": 1}, ("no E820",)),
    "e820_never_ends": ({"ENDLESS_E820": 1}, ()),
    "a20_closed_to_the_bios": ({"CLOSED_A20": 1}, ()),
}
# name: (what the video BIOS does, line that stage 2 must print or None, what becomes of video=1024x768)
VIDEO_BIOSES = {
    "vbe_destroys_registers": ({"VBE_RUIN": 1}, None, "framebuffer"),
    "vbe_list_never_ends": ({"VBE_ENDLESS_LIST": 1}, "no mode", "text"),
    "vbe_list_is_apart": ({"VBE_LIST_APART": 1}, None, "framebuffer"),
    "vbe_framebuffer_nowhere": ({"VBE_ADDRESS": 0}, "no mode", "text"),
    "vbe_framebuffer_in_ram": ({"VBE_ADDRESS": 0x200000}, "no mode", "text"),
    "vbe_framebuffer_in_low_memory": ({"VBE_ADDRESS": 0xa0000}, "no mode", "text"),
    "vbe_framebuffer_wraps_round": ({"VBE_ADDRESS": 0xfff00000}, "no mode", "text"),
    "vbe_without_colour_fields": ({"VBE_NO_FIELDS": 1}, None, "framebuffer"),
    "vbe_without_linear_pitch": ({"VBE_NO_LINEAR_PITCH": 1}, None, "framebuffer"),
    "vbe_fails_to_set_the_mode": ({"VBE_SET_FAILS": 1}, "set fails", "text"),
}
VIDEO_LINES = {"framebuffer": "video: framebuffer 1024 x 768 at 0xfd000000", "text": "video: text 80 x 25 at 0xb8000"}
# Of mode 3 on a VGA, which has 9 x 16 pixels a character.
TEXT_SCREEN_PIXELS = (720, 400)
# What shim/bios.asm's mad table comes to, page 0 and what the boot chain takes aside: (first byte, last byte, kind).
MAD_RANGES = (
    (0x9fc00, 0x9ffff, "reserved"),
    (0x2000123, 0x2001123, "reserved"),
    (0x3000000, 0x3000fff, "reserved"),
    (0x3100000, 0x3100fff, "bad"),
    (0xfffc0000, 0xffffffff, "reserved"),
)
# SeaBIOS drives the others from SMM, whose memory QEMU lays over the card's: in a graphics mode that hangs.
DRIVE = "ide"
GARBAGE = 0x0badc0de
STAGE2_ENTRY = 0x10010
MAD_USABLE_FROM, MAD_USABLE_TO = 0x1000, 0x3fdffff


def hostile_image(context, definitions):
    image = context.copy_of(context.boot_image)
    install_shim(image, "bios.asm", context.work, **definitions)
    return image


def boot(context, definitions, cmdline="exit=pass"):
    with context.machine(hostile_image(context, definitions), drive=DRIVE, cmdline=cmdline) as machine:
        machine.require_pass()
        return machine.serial


def check_lines(report, lines):
    for name, pattern in TEXT.items():
        if name != "range":
            seen = re.search(pattern, report, re.MULTILINE) is not None
            check_equal(seen, name in lines, f"a line like {pattern!r}")


def bios_case(definitions, lines):
    return lambda context: check_lines(boot(context, definitions), lines)


def video_case(definitions, line, kind):
    def run(context):
        report = boot(context, definitions, cmdline="exit=pass video=1024x768")
        check_lines(report, [line])
        check(VIDEO_LINES[kind] in report, f"the kernel was not given {VIDEO_LINES[kind]!r}:\n{report}")
    return run


@case()
def e820_is_mad(context):
    report = boot(context, {"MAD_E820": 1})
    ranges = [(int(first, 16), int(last, 16), kind)
              for first, last, kind in re.findall(TEXT["range"], report, re.MULTILINE)]
    for wanted in MAD_RANGES:
        check(wanted in ranges, f"the kernel's map has no {wanted[0]:#x}..{wanted[1]:#x} {wanted[2]}:\n{report}")
    end = 0
    for first, last, kind in ranges:
        check(end <= first <= last, f"the map is not sorted or overlaps at {first:#x}")
        end = last + 1
        if kind == "usable":
            check(MAD_USABLE_FROM <= first and last <= MAD_USABLE_TO, f"{first:#x}..{last:#x} is called usable")


@case()
def without_video_no_vbe_call_is_made(context):
    """It would not return."""
    check(VIDEO_LINES["text"] in boot(context, {"VBE_HANGS": 1}), "there is no text screen")


@case()
def graphics_mode_that_is_left_gives_way_to_text(context):
    check(VIDEO_LINES["text"] in boot(context, {"VIDEO_MODE": 0x12}), "there is no text screen")


@case()
def failed_graphics_mode_gives_way_to_text_that_can_be_read(context):
    image = hostile_image(context, {"VBE_SET_FAILS": 1})
    with context.machine(image, drive=DRIVE, cmdline="video=1024x768") as machine:
        machine.expect("Hewn is up")
        check_equal(machine.screen_size(), TEXT_SCREEN_PIXELS, "pixels of the screen")
        machine.expect_screen("Hewn is up")


@case()
def the_shim_is_hostile(context):
    image = hostile_image(context, {"RUIN": 1, "CLOSED_A20": 1})
    with context.machine(image, cmdline="exit=pass", gdb=True) as machine:
        machine.gdb.run_to(STAGE2_ENTRY)
        # The boot sector has no use for EBP.
        check_equal(machine.gdb.register("rbp"), GARBAGE, "EBP after the boot sector's last read")
        check("A20=0" in machine.qmp.monitor("info registers"), "address line 20 is open")
        machine.gdb.detach()
        machine.require_pass()


@case()
def boot_sectors_code_is_readable_all_the_same(context):
    with context.machine(hostile_image(context, {"FAIL_FIRST": 1000, "SET_DF": 1, "LOSE_DS": 1})) as machine:
        machine.require_stop("Hewn R80")


for name, (definitions, lines) in BIOSES.items():
    add_case(name, bios_case(definitions, lines))
for name, (definitions, line, kind) in VIDEO_BIOSES.items():
    add_case(name, video_case(definitions, line, kind))

run_cases()
