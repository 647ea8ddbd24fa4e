# SPDX-License-Identifier: MIT
"""The keyboard as a person meets it: what is typed is echoed, on the serial line and on the screen. The test kernel echoes
it, so that no editor stands between a key and its character.

QEMU's keyboard sends what support/keys.py presses. Where a moment in the kernel matters, the guest is made to run on the
spot there (a jump to itself, planted by the gdb stub), because QEMU drops keys that are pressed while it stands still.
"""
import re
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.bochs import Bochs
from support.case import add_case, case, run_cases
from support.elf import Elf
from support.failure import Failure, Skip, check, check_equal
from support.kernel_tests import test_image
from support.keys import Typist
from support.machine import QEMU
from support.volumes import set_config

UP = r"main: Hewn is up; what you type is echoed\n"
FOUND = r"keyboard: PS/2 keyboard, layout %s\n"
HERE = b"\xeb\xfe"  # jmp to itself
RETURN = b"\xc3"
INTERRUPT_FLAG = 1 << 9

ASCII = "".join(map(chr, range(0x20, 0x7f)))
PANGRAM = "The quick brown fox jumps over the lazy dog.\nPack my box with five dozen liquor jugs!\n"
TEXTS = {
    "us": PANGRAM,
    "de": "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.\nÄÖÜ §°² é è ê à û Ô ´ €~µ|\n",
    "fr": "Portez ce vieux whisky au juge blond qui fume.\nNoël à l'été: où êtes-vous, ça va? ô û î â ï ü ÿ Â Ê ¨ € £ §\n",
    "dvorak": PANGRAM,
}
KEY_COUNT = 500


def echoing(context, cmdline="", **options):
    """A machine whose kernel echoes what is typed."""
    return context.machine(test_image(context), cmdline=f"echo {cmdline}", **options)


def echo_of(machine):
    """All that came after the kernel said that it echoes."""
    return re.split(UP, machine.serial, maxsplit=1)[1]


def typing_case(layout):
    def run(context):
        with echoing(context, cmdline=f"keyboard={layout}") as machine:
            machine.expect(FOUND % layout)
            machine.expect(UP)
            typist = Typist(machine, layout)
            typed, count = "", 0
            while count < KEY_COUNT:
                text = TEXTS[layout] + ASCII + "\n"
                count += typist.type(text)
                typed += text
            check_equal(echo_of(machine), typed, f"the echo of {count} keys in layout {layout}")
    return run


for each in TEXTS:
    add_case(f"types_500_keys_in_{each}", typing_case(each))


@case()
def typed_text_is_on_the_screen(context):
    with echoing(context) as machine:
        machine.expect(UP)
        Typist(machine).type("Hello, screen 42!")
        machine.expect_screen(r"Hello, screen 42!")


@case()
def without_a_name_the_layout_is_us(context):
    with context.machine(cmdline="") as machine:
        machine.expect(FOUND % "us")


@case()
def an_unknown_layout_is_an_error_and_us_is_used(context):
    with echoing(context, cmdline="keyboard=klingon") as machine:
        machine.expect(r"keyboard: keyboard=klingon is not known; keyboard=us it is. Known: us, de, fr, dvorak\n")
        machine.expect(FOUND % "us")
        machine.expect(UP)
        Typist(machine).type("yz[]\n")


def machine_case(name, **options):
    def run(context):
        with echoing(context, **options) as machine:
            machine.expect(FOUND % "us")
            machine.expect(UP)
            Typist(machine).type("Everything works here, too.\n")
    add_case(name, run)


machine_case("works_on_q35", machine="q35")
machine_case("works_with_the_8259_pair", cmdline="irqchip=pic")


@case()
def works_on_isapc(context):
    image = ("-drive", f"file={test_image(context)},format=raw,if=ide,snapshot=on")
    with echoing(context, machine="isapc", drive=None, extra=image) as machine:
        machine.expect(FOUND % "us")
        machine.expect(UP)
        Typist(machine).type("An old machine.\n")


def absence_case(name, machine_type):
    def run(context):
        with echoing(context, machine=machine_type) as machine:
            machine.expect(r"keyboard: there is no i8042 controller")
            machine.expect(UP)
            machine.send("over the wire\n")
            machine.expect(r"over the wire")
    add_case(name, run)


absence_case("absence_is_survived_on_q35", "q35,i8042=off")
absence_case("absence_is_survived_on_pc", "pc,i8042=off")


@case(lock="bochs")
def bochs_has_a_keyboard(context):
    image = context.copy_of(context.boot_image)
    set_config(image, "cmdline = exit=pass keyboard=fr\n")
    bochs = Bochs(image, context.work / "bochs")
    bochs.require_pass()
    if not re.search(FOUND % "fr", bochs.serial):
        raise Failure(f"no keyboard was found:\n{bochs.serial}")


# ---- keys that type nothing

@case()
def keys_without_text_print_nothing(context):
    silent = """shift shift_r ctrl ctrl_r alt alt_r meta_l meta_r menu f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 f11 f12 print pause
                insert delete home end pgup pgdn up down left right kp_1 kp_5 kp_9 kp_decimal scroll_lock scroll_lock
                volumeup audiomute calculator""".split()
    with echoing(context) as machine:
        machine.expect(UP)
        typist = Typist(machine)
        for key in silent:
            typist.tap(key)
            typist.type(".")
        for modifier in ("ctrl", "alt"):
            typist.tap("sysrq", (modifier,))
            typist.tap("pause", (modifier,))
            typist.type(".")
        check_equal(echo_of(machine), "." * (len(silent) + 2), "the echo")


@case()
def locks_and_modifiers_change_what_is_typed(context):
    with echoing(context, cmdline="keyboard=de") as machine:
        machine.expect(UP)
        typist = Typist(machine, "de")
        typist.tap("caps_lock")
        typist.tap("semicolon")
        typist.tap("1")
        typist.tap("a", ("shift",))
        machine.expect("Ö1a")
        typist.tap("caps_lock")
        typist.tap("num_lock")
        typist.tap("kp_7")
        typist.tap("kp_decimal")
        typist.tap("kp_7", ("shift",))
        typist.tap("up")  # with NumLock, between fake shifts
        typist.tap("kp_enter")
        machine.expect("7,\n")
        typist.tap("c", ("ctrl",))
        typist.tap("q", ("alt_r",))
        machine.expect(r"\^C@")
        check_equal(echo_of(machine), "Ö1a7,\n^C@", "the echo")


@case()
def a_held_key_repeats(context):
    with echoing(context) as machine:
        machine.expect(UP)
        typist = Typist(machine)
        typist.press("a", "a", "a")
        typist.release("a")
        typist.press("b", "c")  # two at once, released in the other order
        typist.release("b", "c")
        machine.expect("aaabc")
        typist.type("d")
        check_equal(echo_of(machine), "aaabcd", "the echo")


@case()
def keys_held_during_boot_leave_nothing_behind(context):
    with echoing(context) as machine:
        typist = Typist(machine)
        typist.press("shift", "x", "x", "x")
        machine.expect(UP)
        typist.release("x", "shift")
        typist.type("ok")
        check_equal(echo_of(machine), "ok", "the echo")


# ---- lights

@case()
def lights_follow_the_locks(context):
    events = subprocess.run([QEMU, "-trace", "help"], capture_output=True, text=True).stdout.split()
    if "ps2_set_ledstate" not in events:
        raise Skip("this QEMU does not say which lights are on")
    log = context.work / "lights.log"
    with echoing(context, extra=("-trace", "enable=ps2_set_ledstate", "-D", str(log))) as machine:
        machine.expect(UP)
        typist = Typist(machine)
        before = len(log.read_text().splitlines())
        for key in ("caps_lock", "num_lock", "caps_lock", "scroll_lock", "num_lock", "scroll_lock"):
            typist.tap(key)
            typist.type("1\n")  # the conversation takes some rounds of the reader
    states = [int(line.split()[-1]) for line in log.read_text().splitlines()[before:]]
    scroll, num, caps = 1, 2, 4
    check_equal(states, [caps, caps | num, num, num | scroll, scroll, 0], "the lights that were shown")


# ---- at a certain moment

class Moment:
    """Makes the guest run on the spot when it comes to an address, until it is let go."""

    def __init__(self, machine, address, open_interrupts=False):
        self._gdb = machine.gdb
        self._address = address
        self._gdb.run_to(address)
        if open_interrupts:
            self._gdb.set_register("eflags", self._gdb.register("eflags") | INTERRUPT_FLAG)
        self._code = self._gdb.memory(address, len(HERE))
        self._gdb.set_memory(address, HERE)

    def __enter__(self):
        self._gdb.resume()
        return self

    def __exit__(self, *_):
        self._gdb.interrupt()
        self._gdb.set_memory(self._address, self._code)


def symbol(context, name):
    elf = Elf.from_file(context.build / "kernel-test.elf")
    names = elf.contents(elf.section(".strtab"))
    for index, _, _, _, value, _ in struct.iter_unpack("<IBBHQQ", elf.contents(elf.section(".symtab"))):
        if names[index:names.index(b"\0", index)].decode() == name:
            return value
    raise Failure(f"kernel-test.elf has no symbol {name}: this test must learn its new name")


@case()
def keys_pressed_before_interrupts_are_open_are_kept(context):
    """As many as QEMU's keyboard holds: 16 bytes."""
    with echoing(context, gdb=True) as machine:
        machine.gdb.run_to(symbol(context, "keyboard_init"))
        stack = machine.gdb.register("rsp")
        after = int.from_bytes(machine.gdb.memory(stack, 8), "little")
        with Moment(machine, after):
            typist = Typist(machine)
            for key in "earlybrd":
                typist.tap(key)
        machine.gdb.detach()
        machine.expect(UP + "earlybrd")
        typist.type(" ok")
        check_equal(echo_of(machine), "earlybrd ok", "the echo")


@case()
def after_an_overflow_no_key_stays_down(context):
    """While nobody reads, the ring of 512 bytes fills, and the release of Shift is among what is lost."""
    with echoing(context, gdb=True) as machine:
        machine.gdb.run_to(symbol(context, "keyboard_init"))
        with Moment(machine, symbol(context, "keyboard_read"), open_interrupts=True):
            typist = Typist(machine)
            typist.press("shift")
            for _ in range(300):
                typist.tap("a")
            typist.release("shift")
        machine.gdb.detach()
        machine.expect(UP)
        machine.expect("A{200}")
        typist.type("b")
        # On a busy host the guest stands on the spot for long, and the watchdog says so.
        echo = re.sub(r"^\[ *\d+\.\d+\] warning: task: keyboard has run for .*\n", "", echo_of(machine), flags=re.MULTILINE)
        if not re.fullmatch("A{200,256}b", echo):
            raise Failure(f"the echo is {echo!r}")


@case()
def a_flood_on_the_serial_line_keeps_no_key_waiting(context):
    """What came while nobody read is read in turn."""
    with echoing(context, gdb=True) as machine:
        with Moment(machine, symbol(context, "kernel_ready")):
            machine.send("." * 2000)
            Typist(machine).tap("k")
            time.sleep(0.5)  # a guest that has not taken everything by then makes the test easier, not wrong
        machine.gdb.detach()
        machine.expect(UP + r"[.k]{2001}$")
        check(echo_of(machine).index("k") < 2, "the key waited until the serial line was quiet")


@case()
def a_lost_edge_does_not_silence_the_keyboard(context):
    """A handler that leaves the byte where it is: the controller raises its line no more."""
    with echoing(context, gdb=True) as machine:
        gdb, handler = machine.gdb, symbol(context, "keyboard_irq")
        gdb.run_to(symbol(context, "keyboard_init"))
        moment = Moment(machine, symbol(context, "keyboard_read"), open_interrupts=True)
        code = gdb.memory(handler, 1)
        gdb.set_memory(handler, RETURN)
        typist = Typist(machine)
        with moment:
            typist.tap("a")
            typist.tap("b")
        gdb.set_memory(handler, code)
        gdb.detach()
        machine.expect(UP + "ab")
        typist.type("c")
        check_equal(echo_of(machine), "abc", "the echo")


run_cases()
