# SPDX-License-Identifier: MIT
"""The kernel's clocks, tick and date on every machine that lacks some of them; what it says of each.

The rates are those of `-icount`: one instruction, and one tick of the TSC, a nanosecond. That the clocks then tell the
right time is tested inside the kernel (test/kernel/time).
"""
import re
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.bochs import Bochs
from support.case import add_case, case, run_cases
from support.failure import Failure, check, check_equal
from support.volumes import set_config

# The texts that the kernel prints, once.
CLOCK = r"\btime: clock (\w+) at (\d+\.\d{3}) MHz(?:, (.*?); (.*))?$"
TICK = r"\btime: tick 1000 Hz from the (.*)$"
DATE = r"\btime: date (\S+ \S+) UTC$"
STAMP_TSC = r"^\[ *(\d+)\.(\d{3})M\] "
STAMP_SECONDS = r"^\[ *(\d+)\.(\d{6})\] "
UP = "Hewn is up"  # after the clock has started
HYPERVISOR = "a hypervisor keeps the TSC"

LOCAL_TIMER, PIT = "local APIC timer", "PIT"
RATES_MHZ = {"tsc": 1000.0, "hpet": 100.0, "pm": 3.580, "pit": 1.193}
RATE_ERROR_MHZ = 0.1  # of the TSC's 1000: 100 ppm
NAMES = {"hpet": "HPET", "pm": "PM timer", "pit": "PIT"}

# name: (options of the machine, the clocks that it has, what its tick comes from)
MACHINES = {
    "pc": ({}, ("tsc", "hpet", "pm", "pit"), LOCAL_TIMER),
    "q35": ({"machine": "q35", "drive": "ahci"}, ("tsc", "hpet", "pm", "pit"), LOCAL_TIMER),
    "pc_without_hpet": ({"machine": "pc,hpet=off"}, ("tsc", "pm", "pit"), LOCAL_TIMER),
    "pc_without_pit": ({"machine": "pc,pit=off"}, ("tsc", "hpet", "pm"), LOCAL_TIMER),
    "pc_without_acpi": ({"machine": "pc,acpi=off"}, ("tsc", "pit"), PIT),
    "pc_without_apic": ({"cpu": "qemu64,-apic"}, ("tsc", "hpet", "pm", "pit"), PIT),
    "pc_without_apic_and_pit": ({"cpu": "qemu64,-apic", "machine": "pc,pit=off"}, ("tsc", "hpet", "pm"), None),
    "pc_with_8259": ({"cmdline": "irqchip=pic"}, ("tsc", "hpet", "pm", "pit"), PIT),
    "isapc": ({"machine": "isapc"}, ("tsc", "pit"), PIT),
    "microvm": ({"machine": "microvm", "drive": "virtio-mmio"}, ("tsc", "pit"), LOCAL_TIMER),
}


def boot(context, clock="", **options):
    words = [options.pop("cmdline", ""), f"clock={clock}" if clock else "", "exit=pass"]
    options.setdefault("icount", True)
    with context.machine(cmdline=" ".join(word for word in words if word), **options) as machine:
        machine.require_pass()
        return machine.serial


def find(text, pattern):
    match = re.search(pattern, text, re.MULTILINE)
    if not match:
        raise Failure(f"the kernel said nothing like {pattern!r}")
    return match


def check_says(text, sentence):
    check(sentence in text, f"the kernel did not say {sentence!r}")


def check_says_not(text, sentence):
    check(sentence not in text, f"the kernel said {sentence!r}")


def check_clock(text, name):
    """The clock that was chosen, and its rate; what the line says beyond that."""
    match = find(text, CLOCK)
    check_equal(match[1], name, "the clock")
    rate, expected = float(match[2]), RATES_MHZ[name]
    print(match[0])
    check(abs(rate - expected) <= RATE_ERROR_MHZ * expected / RATES_MHZ["tsc"] + 0.0005,
          f"{name} at {rate} MHz instead of {expected}")
    return match[3], match[4]


def check_tick(text, source):
    if source is None:
        check_says(text, "warning: time: no tick")
        check_says_not(text, "time: tick")
    else:
        check_equal(find(text, TICK)[1], source, "what the tick comes from")
        check_says_not(text, "no tick")


def best_clock_case(options, clocks, tick):
    def run(context):
        text = boot(context, **options)
        check_equal(check_clock(text, "tsc"), (f"measured against the {NAMES[clocks[1]]}", HYPERVISOR),
                    "what the clock's line says")
        check_tick(text, tick)
        find(text, DATE)
        for clock, name in NAMES.items():
            if clock in clocks:
                check_says_not(text, f"time: no {name}")
            else:
                check_says(text, f"time: no {name}")
    return run


def forced_clock_case(options, clock, tick):
    def run(context):
        text = boot(context, clock, **options)
        check_clock(text, clock)
        check_tick(text, tick)
        check_says_not(text, "cannot be")
    return run


def missing_clock_case(options, clock):
    def run(context):
        text = boot(context, clock, **options)
        check_says(text, f"error: time: clock={clock} cannot be: there is no {NAMES[clock]} that runs")
        check_clock(text, "tsc")
    return run


def with_command_line(context, words):
    """A copy of the image with these words in it: without the hypervisor bit nobody asks QEMU for its command line."""
    image = context.copy_of(context.boot_image)
    set_config(image, f"kernel=KERNEL.ELF\ncmdline=exit=pass {words}\n")
    return image


def boot_image(context, words, **options):
    with context.machine(with_command_line(context, words), icount=True, **options) as machine:
        machine.require_pass()
        return machine.serial


@case()
def tsc_that_may_change_its_rate_is_no_clock(context):
    text = boot_image(context, "", cpu="qemu64,-hypervisor")
    check_says(text, "this CPU's TSC changes its rate: it is no clock")
    check_clock(text, "hpet")
    check_tick(text, LOCAL_TIMER)


@case()
def tsc_that_may_change_its_rate_is_one_when_asked_for(context):
    text = boot_image(context, "clock=tsc", cpu="qemu64,-hypervisor")
    check_says(text, "warning: time: this CPU's TSC changes its rate, but clock=tsc is obeyed")
    check_clock(text, "tsc")


@case()
def tsc_of_a_constant_family_is_a_clock(context):
    text = boot_image(context, "", cpu="core2duo,-hypervisor")
    check_equal(check_clock(text, "tsc")[1], "this CPU's TSC has a constant rate", "why the TSC is trusted")


@case()
def machine_without_any_clock_boots(context):
    text = boot(context, machine="pc,pit=off,acpi=off", cpu="qemu64,-apic")
    check_says(text, "error: time: no clock")
    check_says(text, "warning: time: no tick")
    check_says_not(text, "time: clock ")


@case()
def unknown_clock_is_refused_by_name(context):
    text = boot(context, "sundial")
    check_says(text, "clock=sundial is not known")
    check_clock(text, "tsc")


# An HPET that the firmware describes, but that is no more than two words in memory: capabilities (revision 1, three
# timers, 64 bits), then the period in femtoseconds.
FALSE_HPET = 1 << 32  # a DIMM that the memory map does not have: what it does have is not taken for a device
HPET_CAPABILITIES = 0x8086a201
FALSE_HPETS = {
    "hpet_that_stands_still_is_no_clock": (HPET_CAPABILITIES, 10_000_000, "time: the HPET stands still"),
    "hpet_without_a_period_is_no_clock": (HPET_CAPABILITIES, 0, "time: the HPET breaks its specification"),
    "hpet_with_a_slow_period_is_no_clock": (HPET_CAPABILITIES, 100_000_001, "time: the HPET breaks its specification"),
    "hpet_with_a_fast_period_is_no_clock": (HPET_CAPABILITIES, 999_999, "time: the HPET breaks its specification"),
    "hpet_without_a_revision_is_no_clock":
        (HPET_CAPABILITIES & ~0xff, 10_000_000, "time: the HPET breaks its specification"),
    "hpet_of_all_ones_is_none": (0xffffffff, 0xffffffff, "time: no HPET"),
}


HPET_IN_RAM = 0x3000000


def false_hpet_case(capabilities, period, sentence, address=FALSE_HPET):
    def run(context):
        table = context.work / "hpet.bin"  # IA-PC HPET 1.0a, 3.2.4, behind the header
        table.write_bytes(struct.pack("<IBBBBQBHB", HPET_CAPABILITIES, 0, 64, 0, 0, address, 0, 100, 0))
        text = boot(context, machine="pc,hpet=off", extra=(
            "-m", "64M,slots=1,maxmem=1G", "-object", "memory-backend-ram,id=dimm,size=128M",
            "-device", f"pc-dimm,memdev=dimm,addr={FALSE_HPET:#x}",
            "-acpitable", f"sig=HPET,rev=1,data={table}",
            "-device", f"loader,addr={address:#x},data={period << 32 | capabilities:#x},data-len=8"))
        check_says(text, sentence)
        check_equal(check_clock(text, "tsc")[0], "measured against the PM timer", "how the clock was measured")
    return run


@case()
def date_is_what_the_battery_backed_clock_says(context):
    text = boot(context, extra=("-rtc", "base=2024-02-29T12:34:56,clock=vm"))
    date, _, second = find(text, DATE)[1].rpartition(":")
    check_equal(date, "2024-02-29 12:34", "the date")
    check(56 <= int(second) <= 59, f"the date's seconds are {second}, of a machine that started at 56")


@case()
def machine_without_a_battery_backed_clock_says_so(context):
    text = boot(context, machine="microvm,rtc=off", drive="virtio-mmio")
    check_says(text, "time: no RTC: the date is not known")


# The last stamp in millions of TSC ticks and the first in seconds, some lines later, come from one time 0.
def stamps_go_on(context, clock):
    with context.machine(cmdline=f"clock={clock}", icount=True) as machine:
        machine.expect(UP)
        text = machine.serial
    last = re.findall(STAMP_TSC, text, re.MULTILINE)[-1]
    first = find(text, STAMP_SECONDS)
    last_us, first_us = int(last[0] + last[1]), int(first[1] + first[2])
    print(f"{clock}: from {last_us} us to {first_us} us")
    check(last_us <= first_us + 1, f"time goes from {last_us} us back to {first_us} us")
    check(first_us - last_us < 2000, f"time jumps from {last_us} us to {first_us} us")


@case(lock="bochs")
def bochs(context):
    image = context.copy_of(context.boot_image)
    set_config(image, "kernel=KERNEL.ELF\ncmdline=exit=pass\n")
    machine = Bochs(image, context.work / "bochs")
    machine.require_pass()
    print(find(machine.serial, CLOCK)[0])
    find(machine.serial, TICK)
    find(machine.serial, DATE)


for name, (options, clocks, tick) in MACHINES.items():
    add_case(name, best_clock_case(options, clocks, tick))
for name, facts in FALSE_HPETS.items():
    add_case(name, false_hpet_case(*facts))
add_case("hpet_in_memory_is_refused",
         false_hpet_case(HPET_CAPABILITIES, 10_000_000, "it is memory, not a device", HPET_IN_RAM))
for clock in RATES_MHZ:
    add_case(f"forced_{clock}", forced_clock_case({}, clock, LOCAL_TIMER))
    add_case(f"stamps_go_on_with_{clock}", lambda context, clock=clock: stamps_go_on(context, clock))
add_case("forced_pit_with_8259", forced_clock_case({"cmdline": "irqchip=pic"}, "pit", PIT))
add_case("forced_pit_on_microvm", forced_clock_case(MACHINES["microvm"][0], "pit", LOCAL_TIMER))
add_case("missing_hpet_cannot_be_forced", missing_clock_case({"machine": "pc,hpet=off"}, "hpet"))
add_case("missing_pm_timer_cannot_be_forced", missing_clock_case({"machine": "isapc"}, "pm"))
add_case("missing_pit_cannot_be_forced", missing_clock_case({"machine": "pc,pit=off"}, "pit"))

run_cases()
