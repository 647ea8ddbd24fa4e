# SPDX-License-Identifier: MIT
"""The screen that `video=` asks for, on each of QEMU's cards and on Bochs: what stage 2 tells the kernel of it, what it
says where the wish cannot be met, and that a framebuffer is where, and as, it was told. And what is seen on it when the
kernel lacks memory for it, or cannot map it.

BIOSes that lie about their graphics modes are in hostile_bios.py; what is made of each field is tested on this machine
(test/unit/stage2/portable/vbe.c).
"""
import re
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.bochs import Bochs
from support.case import add_case, case, run_cases
from support.console_screen import log_lines, require_rows, rows_of, screen_of, shown_rows, write_lines
from support.elf import Elf, patched
from support.failure import Failure, check, check_equal
from support.kernel_tests import test_image
from support.keys import Typist
from support.screen import Glyphs, decode_framebuffer, text_of
from support.stopped_kernel import END, FAIL_LINE, Kernel, pointer_at, require_lines, run_to_first
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

BOOT_INFO_MEMORY_COUNT = 48
BOOT_INFO_VIDEO = 96  # docs/boot-protocol.md: offset of struct boot_video, and the struct
VIDEO = struct.Struct("<IIIIIBBBBBB6xQ")
FRAMEBUFFER = 2
BYTES_PER_PIXEL = 4
COLOURS = {"red": (0xff, 0, 0), "green": (0, 0xff, 0), "blue": (0, 0, 0xff), "orange": (0xff, 0x80, 0x10)}
TEXT_PIXELS = (720, 400)  # mode 3 on a VGA
UNDEFINED = b"\x0f\x0b"  # UD2
RETURN_NULL = b"\x31\xc0\xc3"  # xor eax, eax; ret

UP = r"main: Hewn is up; .*\n"
SCREEN = re.compile(r"screen: framebuffer, (\d+) x (\d+) characters$", re.MULTILINE)
SMALL = (80, 48)  # characters that need no heap
GRIDS = {"1024x768": (128, 48), "1920x1080": (240, 67), "2560x1600": (160, 50)}
SCROLLBACK = 1000  # lines that have left the screen


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


def stop_at_entry(context, machine, kernel="kernel.elf"):
    entry = Elf.from_file(context.build / kernel).entry
    machine.gdb.run_to(entry)
    check_equal(machine.gdb.register("rip"), entry, "where the guest stopped")


def framebuffer_of(machine):
    info = machine.gdb.register("rdi")
    kind, *fields = VIDEO.unpack(machine.physical_memory(info + BOOT_INFO_VIDEO, VIDEO.size))
    check_equal(kind, FRAMEBUFFER, "kind of the screen")
    return fields


def set_framebuffer(machine, **changes):
    """Other words of the loader, where the guest stands at its entry."""
    names = ("width", "height", "pitch", "bits_per_pixel")
    info = machine.gdb.register("rdi")
    for name, value in changes.items():
        place = info + BOOT_INFO_VIDEO + (VIDEO.size - 8 if name == "address" else 4 + 4 * names.index(name))
        machine.gdb.set_memory(place, value.to_bytes(8 if name == "address" else 4, "little"))


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


# ---- a kernel that lacks something

def shown_at_the_end(context, machine, kernel):
    """The rows of the screen when all is said, on a machine that ends by itself."""
    run_to_first(machine, kernel, END)
    rows = shown_rows(machine, Glyphs(context.build))
    machine.gdb.detach()
    return rows


def screen_told_of(machine):
    found = SCREEN.search(machine.serial)
    check(found, f"the serial line names no screen:\n{machine.serial}")
    return int(found[1]), int(found[2])


def require_log_on(rows, size, machine):
    """The end of the log, a row of characters beyond which there is nothing."""
    columns, count = size
    lines = [line for line in log_lines(machine) if not line.startswith("# hewn")]
    check_equal([row for row in rows[:count] if row], [row for row in screen_of(rows_of(lines, columns), count) if row],
                "what the screen shows")
    check(not any(rows[count:]), f"below row {count} there is text")


def require_death_on(rows, machine):
    machine.require_fail()
    cause = re.search("^PANIC: .*$", machine.serial, re.MULTILINE)[0]
    require_lines("\n".join(rows), [cause, "backtrace:", FAIL_LINE], "the screen")


def lacking_a_frame_case(share, shares):
    """One allocation of a frame fails, the first, the second and so on, until it is none that the screen needs: those of
    the kernel's tables, which the loader's map outlives, of the heap, of the framebuffer's tables, of its cells."""
    def run(context):
        kernel, seen = Kernel(context), set()
        for number in range(1 + share, 100, shares):
            cmdline = f"video=1024x768 exit=pass fail_alloc={number}"
            with context.machine(cmdline=cmdline, gdb=True) as machine:
                rows = shown_at_the_end(context, machine, kernel)
                size = screen_told_of(machine)
                if "PANIC" in machine.serial:
                    check_equal(size, SMALL, "characters without a heap")
                    require_death_on(rows, machine)
                    seen.add("no memory for the heap" if "no memory for the heap" in machine.serial else "no memory")
                else:
                    machine.require_pass()
                    require_log_on(rows, size, machine)
                    seen.add(size)
            print(f"fail_alloc={number}: {size}")
            if "no memory for lines to look back at" in machine.serial and size == GRIDS["1024x768"]:
                check_equal(seen, {"no memory", "no memory for the heap", (128, 25), (128, 48)}, "ways to fail")
                return
        raise Failure("the screen does not notice that memory lacks")
    return run


def death_before_the_heap_case(size):
    def run(context):
        kernel = Kernel(context)
        with context.machine(cmdline=f"video={size} fail_alloc=1", gdb=True) as machine:
            rows = shown_at_the_end(context, machine, kernel)
            require_lines(machine.serial, ["screen: no memory for {} x {} characters".format(*GRIDS[size])], "the log")
            check_equal(screen_told_of(machine), SMALL, "characters without a heap")
            require_death_on(rows, machine)
    return run


def lacking_lines_case(size):
    """The heap has no room for lines to look back at: all of the screen is there, and nothing beyond it."""
    def run(context):
        with context.machine(test_image(context), cmdline=f"echo video={size} fail_heap=2") as machine:
            machine.expect(UP)
            glyphs, (columns, count) = Glyphs(context.build), GRIDS[size]
            require_lines(machine.serial, ["screen: no memory for lines to look back at"], "the log")
            check_equal(screen_told_of(machine), (columns, count), "characters of the screen")
            write_lines(machine, 100)
            Typist(machine).tap("pgup", ("shift",))
            Typist(machine).type("end")
            rows = rows_of(log_lines(machine), columns)
            require_rows(machine, glyphs, [*rows[1 - count:], "end"], "the screen")
    return run


def empty_heap_case(size):
    """There is a heap, and nothing in it for the screen: what can be had is the top left of it."""
    def run(context):
        kernel = Kernel(context, "kernel-test.elf")
        with context.machine(test_image(context), cmdline=f"echo video={size}", gdb=True) as machine:
            run_to_first(machine, kernel, "screen_start")
            allocate = pointer_at(machine, kernel, "kernel_heap")  # its first field, the design's function
            place = int.from_bytes(machine.gdb.memory(allocate, 8), "little")
            kept = machine.gdb.memory(place, len(RETURN_NULL))
            machine.gdb.set_memory(place, RETURN_NULL)
            run_to_first(machine, kernel, "console_attach_log")
            machine.gdb.set_memory(place, kept)
            machine.gdb.detach()
            machine.expect(UP)
            check_equal(screen_told_of(machine), SMALL, "characters of the screen")
            columns, count = GRIDS[size]
            rows = screen_of(rows_of(log_lines(machine), SMALL[0]), SMALL[1])
            check(len(rows) <= count and columns > SMALL[0], "the small screen is no part of the whole one")
            require_rows(machine, Glyphs(context.build), rows + [""] * (count - len(rows)), "the screen")
    return run


@case()
def wrong_boot_information_is_told_in_graphics_mode(context):
    """Memory map, modules and so on may be wrong; the framebuffer is as sound as before."""
    kernel = Kernel(context)
    with context.machine(cmdline="video=1024x768", gdb=True) as machine:
        stop_at_entry(context, machine)
        machine.gdb.set_memory(machine.gdb.register("rdi") + BOOT_INFO_MEMORY_COUNT, bytes(4))
        rows = shown_at_the_end(context, machine, kernel)
        require_death_on(rows, machine)
        require_lines("\n".join(rows), ["is not valid: it has no memory map. The loader must follow"], "the screen")


@case()
def framebuffer_of_absurd_height_is_used_as_far_as_characters_go(context):
    """Where nothing else is: what it shows, nobody sees."""
    with context.machine(cmdline="video=1024x768 exit=pass", gdb=True) as machine:
        stop_at_entry(context, machine)
        set_framebuffer(machine, height=65536, address=1 << 36)
        machine.gdb.detach()
        machine.require_pass()
        check_equal(screen_told_of(machine), (128, 256), "characters of the screen")


def painted_rows(machine, context, width, height):
    memory = machine.physical_memory(CARDS["std"][0], width * height * BYTES_PER_PIXEL)
    pixels = bytearray(3 * width * height)
    for part in range(3):
        pixels[part::3] = memory[2 - part::BYTES_PER_PIXEL]
    return text_of(decode_framebuffer((width, height, bytes(pixels)), Glyphs(context.build)))


@case()
def more_than_100_rows_keep_as_many_lines(context):
    """In a mode that the card does not have: its memory is painted all the same."""
    width, height, rows = 320, 1632, 102
    with context.machine(test_image(context), cmdline="echo video=1024x768", gdb=True) as machine:
        stop_at_entry(context, machine, "kernel-test.elf")
        set_framebuffer(machine, width=width, height=height, pitch=width * BYTES_PER_PIXEL)
        machine.gdb.detach()
        machine.expect(UP)
        check_equal(screen_told_of(machine), (40, rows), "characters of the screen")
        write_lines(machine, 1500)
        typist = Typist(machine)
        for _ in range(2 * SCROLLBACK // rows + 3):
            typist.tap("pgup", ("shift",))
            time.sleep(0.005)  # QEMU's keyboard holds few
        first = f"line {1500 + 2 - rows - SCROLLBACK}"
        limit = time.monotonic() + 10
        while (top := painted_rows(machine, context, width, height)[0]) != first and time.monotonic() < limit:
            typist.tap("pgup", ("shift",))
        check_equal(top, first, "the first line that can be looked at")


for each_share in range(2):
    add_case(f"memory_that_lacks_a_frame_leaves_a_screen_{each_share}", lacking_a_frame_case(each_share, 2), timeout=180)
for each_size in GRIDS:
    add_case(f"death_before_the_heap_is_seen_{each_size}", death_before_the_heap_case(each_size))
    add_case(f"heap_without_lines_leaves_the_screen_{each_size}", lacking_lines_case(each_size))
    add_case(f"empty_heap_leaves_a_small_screen_{each_size}", empty_heap_case(each_size))
for each_wish, each_screen in BOCHS.items():
    add_case(f"bochs_{each_wish}", bochs_case(each_wish, each_screen), lock="bochs")
for each_card in CARDS:
    for each_wish in WISHES:
        add_case(f"{each_card}_{each_wish}", wish_case(each_card, each_wish))
    if CARDS[each_card][0] is not None:
        add_case(f"{each_card}_shows_what_is_written", pixels_case(each_card, "1920x1080", (1920, 1080)))
run_cases()
