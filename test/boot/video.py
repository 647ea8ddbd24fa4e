# SPDX-License-Identifier: MIT
"""The screen that `video=` asks for, on each of QEMU's cards and on Bochs: what stage 2 tells the kernel of it, what it
says where the wish cannot be met, and that a framebuffer is where, and as, it was told.

BIOSes that lie about their graphics modes are in hostile_bios.py; what is made of each field is tested on this machine
(test/unit/stage2/portable/vbe.c).
"""
import re
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.bochs import Bochs
from support.case import add_case, case, run_cases
from support.elf import Elf, patched
from support.failure import check, check_equal
from support.volumes import put_file, set_config

TEXT = "text 80 x 25 at 0xb8000"
NO_MODE = "the BIOS has no such mode with 32 bits a pixel"
NO_VBE = "the BIOS has no VBE 2.0"
NO_WISH = "neither text, best nor WIDTHxHEIGHT"
UNMET = {"9999x9999": NO_MODE, "rubbish": NO_WISH}
SIZES = ("1024x768", "1920x1080")
WISHES = ("text", *SIZES, "best", *UNMET)

# card: (where its framebuffer is, what the best is). "std" alone tells what its monitor likes; the BIOS of "cirrus" has
# 24 bits a pixel at most.
CARDS = {
    "std": (0xfd000000, "1280x800"),
    "vmware": (0xfd000000, "1920x1080"),
    "qxl": (0xf4000000, "1920x1080"),
    "virtio": (0xfe000000, "1920x1080"),
    "cirrus": (None, NO_MODE),
    "none": (None, NO_VBE),
}
# wish: what Bochs makes of it. Its BIOS has VBE 2.0, and no mode that its window has no room for.
BOCHS = {
    "text": TEXT,
    "1024x768": "framebuffer 1024 x 768 at 0xe0000000",
    "best": "framebuffer 1280 x 960 at 0xe0000000",
    "9999x9999": TEXT,
}
REPORTED = r"video: (.*)\n"
RANGE = re.compile(r"memory: 0x([0-9a-f]+) 0x([0-9a-f]+) .* (\w+)$", re.MULTILINE)
REMARK = re.compile(r"^video=.*$", re.MULTILINE)

BOOT_INFO_VIDEO = 96  # docs/boot-protocol.md: offset of struct boot_video, and the struct
VIDEO = struct.Struct("<IIIIIBBBBBB6xQ")
FRAMEBUFFER = 2
BYTES_PER_PIXEL = 4
COLOURS = {"red": (0xff, 0, 0), "green": (0, 0xff, 0), "blue": (0, 0, 0xff), "orange": (0xff, 0x80, 0x10)}
TEXT_PIXELS = (720, 400)  # mode 3 on a VGA
UNDEFINED = b"\x0f\x0b"  # UD2


def expected(card, wish):
    """What the kernel is told, and what is wrong with the wish."""
    address, best = CARDS[card]
    size = best if wish == "best" else wish
    if address is not None and re.fullmatch(r"\d+x\d+", size) and wish not in UNMET:
        width, height = size.split("x")
        return f"framebuffer {width} x {height} at {address:#x}", None
    screen = "none" if card == "none" else TEXT
    if wish in ("text", "rubbish"):
        return screen, UNMET.get(wish)
    return screen, NO_VBE if card == "none" else NO_MODE


def check_framebuffer_is_no_memory(report, reported):
    place = re.search(r"framebuffer (\d+) x (\d+) at 0x([0-9a-f]+)", reported)
    if not place:
        return
    first = int(place[3], 16)
    last = first + int(place[1]) * int(place[2]) * BYTES_PER_PIXEL - 1
    for low, high, kind in RANGE.findall(report):
        if int(low, 16) <= last and first <= int(high, 16):
            check_equal(kind, "reserved", f"kind of {low}..{high}, which the framebuffer touches")


def wish_case(card, wish):
    def run(context):
        screen, problem = expected(card, wish)
        with context.machine(cmdline=f"exit=pass video={wish}", extra=("-vga", card)) as machine:
            machine.require_pass()
            report = machine.serial
        reported = re.search(REPORTED, report)[1]
        check_equal(reported, screen, "the screen that the kernel was told of")
        remarks = [f"video={wish}: {problem}; text it is"] if problem else []
        check_equal(REMARK.findall(report), remarks, "what stage 2 said of it")
        check_framebuffer_is_no_memory(report, reported)
    return run


def stop_at_entry(context, machine):
    entry = Elf.from_file(context.build / "kernel.elf").entry
    machine.gdb.run_to(entry)
    check_equal(machine.gdb.register("rip"), entry, "where the guest stopped")


def framebuffer_of(machine):
    info = machine.gdb.register("rdi")
    kind, *fields = VIDEO.unpack(machine.physical_memory(info + BOOT_INFO_VIDEO, VIDEO.size))
    check_equal(kind, FRAMEBUFFER, "kind of the screen")
    return fields


def pixel_of(colour, layout):
    value = 0
    for part, shift, bits in zip(colour, layout[::2], layout[1::2]):
        value |= part >> (8 - bits) << shift
    return value.to_bytes(BYTES_PER_PIXEL, "little")


def pixels_case(card, wish, size):
    """Pixels that are written by what boot_info says, at the addresses it says, are on the screen."""
    def run(context):
        with context.machine(cmdline=f"video={wish}", extra=("-vga", card), gdb=True) as machine:
            stop_at_entry(context, machine)
            width, height, pitch, bits_per_pixel, *layout, address = framebuffer_of(machine)
            check_equal((width, height, bits_per_pixel), (*size, 32), "width, height and bits of a pixel")
            places = dict(zip(COLOURS, ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1))))
            for name, (x, y) in places.items():
                machine.gdb.set_memory(address + y * pitch + x * BYTES_PER_PIXEL, pixel_of(COLOURS[name], layout))
            shown_width, shown_height, pixels = machine.screen_pixels()
            check_equal((shown_width, shown_height), size, "size of what the card shows")
            for name, (x, y) in places.items():
                at = (y * width + x) * 3
                check_equal(tuple(pixels[at:at + 3]), COLOURS[name], f"the {name} pixel at {x}, {y}")
    return run


@case()
def damaged_kernel_is_told_on_a_text_screen(context):
    """The checksum is verified when the graphics mode is set already."""
    image = context.copy_of(context.boot_image)
    kernel = Elf.from_file(context.build / "image/KERNEL.ELF")
    place = kernel.loads()[1].offset
    put_file(image, "KERNEL.ELF", patched(kernel.data, place, kernel.data[place] ^ 1, 1))
    with context.machine(image, cmdline="video=1024x768") as machine:
        machine.require_stop("Hewn cannot start: KERNEL.ELF: damaged")
        check_equal(machine.screen_size(), TEXT_PIXELS, "pixels of the screen")


@case()
def exception_without_an_idt_is_told_on_a_text_screen(context):
    with context.machine(cmdline="video=1024x768", gdb=True) as machine:
        stop_at_entry(context, machine)
        check_equal(machine.screen_size(), (1024, 768), "pixels of the screen before it")
        machine.gdb.set_memory(machine.gdb.register("rip"), UNDEFINED)
        machine.gdb.detach()
        machine.require_stop("Hewn cannot start: KERNEL.ELF: raised exception 6 ")
        check_equal(machine.screen_size(), TEXT_PIXELS, "pixels of the screen")


@case()
def configuration_file_has_a_say(context):
    image = context.copy_of(context.boot_image)
    set_config(image, "cmdline=exit=pass video=800x600\n")
    with context.machine(image) as machine:
        machine.require_pass()
        check_equal(re.search(REPORTED, machine.serial)[1], "framebuffer 800 x 600 at 0xfd000000", "the screen")


@case()
def best_follows_the_monitor(context):
    """Its EDID says what it likes best; the card has larger modes."""
    with context.machine(cmdline="exit=pass video=best",
                         extra=("-vga", "none", "-device", "VGA,xres=1600,yres=900")) as machine:
        machine.require_pass()
        check(re.search(REPORTED, machine.serial)[1].startswith("framebuffer 1600 x 900 at "), "another size is set")


def bochs_case(wish, screen):
    def run(context):
        image = context.copy_of(context.boot_image)
        set_config(image, f"cmdline=exit=pass video={wish}\n")
        bochs = Bochs(image, context.work / "bochs", has_window=True)
        bochs.require_pass()
        check_equal(re.search(REPORTED, bochs.serial)[1], screen, "the screen")
    return run


for each_wish, each_screen in BOCHS.items():
    add_case(f"bochs_{each_wish}", bochs_case(each_wish, each_screen), lock="bochs")
for each_card in CARDS:
    for each_wish in WISHES:
        add_case(f"{each_card}_{each_wish}", wish_case(each_card, each_wish))
    if CARDS[each_card][0] is not None:
        add_case(f"{each_card}_shows_what_is_written", pixels_case(each_card, "1920x1080", (1920, 1080)))
run_cases()
