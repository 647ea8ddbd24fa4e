# SPDX-License-Identifier: MIT
"""boot.img on every machine, drive and CPU that it promises to boot on; and the CPUs that it refuses. memory.py has
the sizes of memory.

Each case boots to the report with `exit=pass` and looks at what the report says of the machine. Texts that the boot
chain or the kernel print are in TEXT, once.
"""
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.bochs import Bochs
from support.case import add_case, case, run_cases
from support.failure import check, check_equal
from support.kernel_tests import test_image
from support.volumes import set_config

TEXT = {
    # First line of the report.
    "banner": r"Hewn \d+\.\d+\.\d+",
    # The features that the CPU has, and those that it has not.
    "with": r"\bcpu\b.*\bwith( .*)$",
    "without": r"\bcpu\b.*\bwithout( .*)$",
    # The kernel is up and waits for input.
    "up": r"main: Hewn is up",
    "no long mode": "this CPU has no long mode",
}
CONFIG = "kernel=KERNEL.ELF\ncmdline=exit=pass\n"

# name: what is unlike the default machine (pc, any drive, 64 MiB, qemu64)
DRIVES = {
    "pc_ide": {"drive": "ide"},
    "pc_ahci": {"drive": "ahci"},
    "pc_virtio_blk": {"drive": "virtio-blk"},
    "pc_virtio_scsi": {"drive": "virtio-scsi"},
    "pc_nvme": {"drive": "nvme"},
    "pc_usb_xhci": {"drive": "usb-xhci"},
    "pc_usb_ehci": {"drive": "usb-ehci"},
    "pc_usb_uhci": {"drive": "usb-uhci"},
    "pc_floppy": {"drive": "floppy"},
    "pc_cd_hard_disk_emulation": {"drive": "cd"},
    "q35_ahci": {"machine": "q35", "drive": "ahci"},
    "q35_piix4_ide": {"machine": "q35", "drive": "ide"},
    "q35_virtio_blk": {"machine": "q35", "drive": "virtio-blk"},
    "q35_virtio_scsi": {"machine": "q35", "drive": "virtio-scsi"},
    "q35_nvme": {"machine": "q35", "drive": "nvme"},
    "q35_usb_xhci": {"machine": "q35", "drive": "usb-xhci"},
    "q35_floppy": {"machine": "q35", "drive": "floppy"},
    "q35_cd_hard_disk_emulation": {"machine": "q35", "drive": "cd"},
}

# name: (model, features that the report must show, features that it must not show)
CPUS = {
    "cpu_qemu64": ("qemu64", ("nx",), ()),
    "cpu_core2duo": ("core2duo", ("nx",), ("1gib-pages",)),
    "cpu_nehalem": ("Nehalem", ("nx",), ()),
    "cpu_epyc": ("EPYC", ("nx", "1gib-pages"), ()),
    "cpu_max": ("max", ("nx", "1gib-pages"), ()),
    "cpu_without_nx": ("qemu64,-nx", (), ("nx",)),
    "cpu_1gib_pages": ("qemu64,+pdpe1gb", ("1gib-pages",), ()),
}
REFUSED_CPUS = {
    "cpu_without_long_mode_is_refused": "qemu64,-lm",
    "cpu_qemu32_is_refused": "qemu32",
    "cpu_486_is_refused": "486",
}


def boot(context, **options):
    """Boots to the end of the report; its text."""
    with context.machine(cmdline="exit=pass", **options) as machine:
        machine.expect(TEXT["banner"])
        machine.require_pass()
        return machine.serial


def find(report, what):
    match = re.search(TEXT[what], report, re.MULTILINE)
    check(match, f"the report has nothing like {TEXT[what]!r}")
    return match


def drive_case(options):
    return lambda context: boot(context, **options)


def cpu_case(model, shown, hidden):
    def run(context):
        report = boot(context, cpu=model)
        present, absent = find(report, "with")[1].split(), find(report, "without")[1].split()
        print("with", *present)
        for feature in shown:
            check(feature in present, f"{model}: {feature} is not among {present}")
        for feature in hidden:
            check(feature in absent, f"{model}: {feature} is not among the absent {absent}")
    return run


def refused_cpu_case(model):
    def run(context):
        with context.machine(cpu=model) as machine:
            machine.require_stop(TEXT["no long mode"])
    return run


@case()
def report_is_on_the_screen(context):
    with context.machine(memory="64M") as machine:
        machine.expect(TEXT["banner"])
        machine.wait_halted()
        print(machine.screen())
        # The report may be longer than the screen; what is on it must be the end of what went to the serial port.
        rows = [row.strip() for row in machine.screen().split("\n") if len(row.strip()) > 20]
        check(rows, "the screen is empty")
        serial = "".join(machine.serial.split())
        missing = [row for row in rows if "".join(row.split()) not in serial]
        check(not missing, f"on the screen, but not on the serial port: {missing[:3]}")
        machine.screenshot(context.work / "screen.png")


@case()
def boot_drive_is_not_written(context):
    with context.machine() as machine:
        machine.expect(TEXT["banner"])
        machine.wait_halted()
        check_equal(machine.disk_writes(), 0, "writes to the boot drive")


@case()
def exit_fail_is_a_fail(context):
    with context.machine(cmdline="exit=fail") as machine:
        machine.require_fail()


# Where a CPU is, per "info registers -a": 64-bit registers have other names than 32-bit ones.
CPU_STATE = re.compile(r"^CPU#(\d+).*?IP=(\w+).*?HLT=(\d).*?^CS =\w+ (\w+).*?^CR0=(\w+)", re.MULTILINE | re.DOTALL)
CR0_PAGING = 1 << 31
# The firmware's code below 1 MiB, where it parked them; or the top of 4 GiB, where they wait for a start-up message.
FIRMWARE = (range(0xe0000, 0x100000), range(0xffff0000, 0x100000000))


def require_parked(machine, count):
    """Every CPU but the first is in HLT, in the firmware, and cannot reach the kernel's addresses."""
    text = machine.qmp.monitor("info registers -a").replace("\r", "")
    states = [(int(number), *(int(field, 16) for field in fields)) for number, *fields in CPU_STATE.findall(text)]
    check_equal([number for number, *_ in states], list(range(count)), "CPUs")
    check(states[0][4] & CR0_PAGING, f"the first CPU is not where the kernel runs:\n{text}")
    for number, pointer, is_halted, base, cr0 in states[1:]:
        place = base + pointer
        print(f"CPU {number}: halted {is_halted}, at {place:#x}, CR0 {cr0:#x}")
        check(is_halted, f"CPU {number} runs, at {place:#x}")
        check(not cr0 & CR0_PAGING and any(place in each for each in FIRMWARE), f"CPU {number} is at {place:#x}")


def parked_case(machine_type):
    def run(context):
        with context.machine(test_image(context), cmdline="echo", machine=machine_type, smp=4) as machine:
            machine.expect(TEXT["up"])
            require_parked(machine, 4)
            for round in range(20):  # interrupts, ticks and keys are the first one's
                machine.send(f"{round}\n")
                machine.expect(f"^{round}$")
            time.sleep(0.2)
            require_parked(machine, 4)
    return run


@case()
def four_cpus(context):
    boot(context, smp=4)


add_case("other_cpus_stay_parked_pc", parked_case("pc"))
add_case("other_cpus_stay_parked_q35", parked_case("q35"))


@case(lock="bochs")
def bochs(context):
    image = context.copy_of(context.boot_image)
    set_config(image, CONFIG)
    Bochs(image, context.work / "bochs").require_pass()


for name, options in DRIVES.items():
    add_case(name, drive_case(options))
for name, (model, shown, hidden) in CPUS.items():
    add_case(name, cpu_case(model, shown, hidden))
for name, model in REFUSED_CPUS.items():
    add_case(name, refused_cpu_case(model))

run_cases()
