# SPDX-License-Identifier: MIT
"""Bad input gets a sentence: every way in which the boot chain refuses to go on, provoked, with the sentence required on
the serial port and on the screen, and then a CPU that stands still. What is reported but does not stop has cases too.

The words that a sentence must have are in TEXT, once; `{}` takes what the case knows. CPUs that are refused are in
cases.py; the machines that no emulator has (no CPUID, stuck A20) are also simulated in test/unit/stage2.
"""
import re
import struct
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import elf
from support.case import add_case, case, run_cases
from support.elf import PF_R, PF_W, PF_X, Elf, make_elf, patched, patched_segment, symbols32
from support.failure import check, check_equal
from support.machine import ReadError
from support.shim import install_shim
from support.volumes import PARTITION_ENTRY, SECTOR, VOLUME_LBA, edit, delete_file, make_folder, open_volume, put_file, \
    set_config

STOP = "Hewn cannot start: "
BOOT_SECTOR_CODE = r"^Hewn [A-Z]\w\w$"
TEXT = {
    # the boot sector's codes
    "disk": "Hewn R{:02X}",
    "stage 2": "Hewn S",
    # machine
    "no CPUID": ("no CPUID",),
    "A20": ("A20", "closed"),
    "no map": ("memory map", "E820", "E801", "88h"),
    "low memory": ("{} KiB", "INT 12h"),
    # disk and volume
    "LBA": ("LBA {}", "drive 80h", "status {:02x}h"),
    "no signature": ("partition table", "{:x}"),
    "no partition": ("partition table", "no FAT partition"),
    "two partitions": ("partition table", "2 FAT partitions"),
    "bad partition": ("partition table", "{} sectors at sector {}"),
    "FAT": ("FAT volume", "{}"),
    # HEWN.CFG
    "config line": ("HEWN.CFG", "line {}", "{}"),
    "config size": ("HEWN.CFG", "{} bytes", "4096"),
    "command line size": ("HEWN.CFG", "cmdline", "2047"),
    "fw_cfg size": ("fw_cfg", "{} bytes", "2047"),
    # files
    "missing": ("{}", "no such file"),
    "empty": ("{}", "empty"),
    "directory": ("{}", "directory"),
    "through a file": ("{}", "through a file"),
    "chain ends": ("{}", "truncated", "chain"),
    "chain breaks": ("{}", "{} cluster after {} bytes"),
    "chain leaves": ("{}", "leaves the volume after {} bytes"),
    "larger than volume": ("{}", "{} bytes", "volume"),
    # the kernel
    "truncated": ("{}", "truncated", "has {}"),
    "no ELF": ("{}", "not an ELF"),
    "32-bit": ("{}", "not 64-bit"),
    "big-endian": ("{}", "not little-endian"),
    "machine": ("{}", "machine {}"),
    "ET_DYN": ("{}", "position-independent"),
    "ET_REL": ("{}", "not an executable"),
    "interpreter": ("{}", "dynamically linked"),
    "no segment": ("{}", "no segment"),
    "file larger": ("{}", "segment {}", "more bytes in the file"),
    "overlap": ("{}", "segments {} and {}", "overlap"),
    "entry": ("{}", "entry point {:x}", "outside"),
    "W+X": ("{}", "segment {}", "writable and executable"),
    "placement": ("{}", "{:x}..{:x}", "4 GiB"),
    "page 0": ("{}", "page 0"),
    "address space": ("{}", "leaves the address space"),
    "not usable": ("{}", "{:x}..{:x}", "memory"),
    "checksum": ("{}", "damaged", "checksum"),
    "kernel memory": ("{}", "KiB", "memory"),
    "module memory": ("{}", "{} KiB", "memory"),
    "page tables": ("page tables", "memory"),
    "exception": ("{}", "exception {} ", "RIP {:x}"),
    "page fault": ("{}", "exception 14 ", "RIP {:x}", "CR2 {:x}"),
}
# What is said on the way, without a stop.
REMARKS = {
    "retried": r"^disk: LBA (\d+) read after \d+ failures \(BIOS status 0ch\)$",
    "unknown key": r"^HEWN.CFG: line {}: .*\"{}\"",
    "no config": r"^HEWN.CFG: .*not on the volume",
    "no checksum": r"^{}: no checksum",
}
# The kernel's report says where usable memory is.
USABLE = r"memory: 0x([0-9a-f]+) 0x([0-9a-f]+) .* usable$"
COMMAND_LINE = r"^.*boot:   {}$"

BIOS_BAD_SECTOR = 0x0c  # what SeaBIOS says when a drive reports an error
BIOS_TIMEOUT = 0x80
CONFIG = "kernel=KERNEL.ELF\ncmdline=exit=pass\n"
CONFIG_MODULE = CONFIG + "module=DATA.BIN\n"
MIB = 1 << 20
PAGE = 4096
POOL_PAGES = 16  # stage 2 claims page tables in pieces of this many pages
HIGH = 0xffffffff80000000
XOR_AND_POPF = rb"[\x35\xf0-\xf7]\x00\x00\x20\x00[\x50-\x57]\x9d"  # xor r, 200000h; push r; popfd
A20_TESTED = 0x100500
STAGE2 = 0x10000  # stage2.ld
HALT = b"\xfa\xf4\xeb\xfc"
UNDEFINED = b"\x0f\x0b"  # UD2
READ_PAGE_0 = b"\x8b\x04\x25\x08\x00\x00\x00"  # mov eax, [8]
CODE, DATA = PF_R | PF_X, PF_R | PF_W
BOUNCE_BUFFER = 0x20000  # stage2.ld


def words(key, *values):
    """The texts of a sentence, with the values put where the table has braces."""
    values = list(values)
    result = []
    for text in TEXT[key]:
        count = text.count("{")
        result.append(text.format(*values[:count]))
        del values[:count]
    return result


def require_sentence(machine, wanted):
    """Says a sentence with these words on both outputs, then stands still."""
    machine.require_stop(STOP)
    sentence = machine.serial.rpartition(STOP)[2].split("\n")[0]
    print(sentence)
    for text in wanted:
        check(text in sentence, f"{text!r} is not in the sentence {sentence!r}")
    check("".join(sentence.split()) in "".join(machine.screen().split()), f"not on the screen: {sentence!r}")
    check_equal(machine.serial.count(STOP), 1, "number of sentences")


def require_code(machine, code):
    """The boot sector's code on both outputs, then nothing more."""
    machine.require_stop(code)
    machine.expect(r"\n")
    check(re.search(BOOT_SECTOR_CODE, machine.serial, re.MULTILINE), "the code does not stand alone in its line")


def refuse(name, key, *values, change=None, timeout=60, **options):
    """A case: a copy of boot.img, changed, must end in the sentence. A value that can be called gets the image, changed."""
    def run(context):
        image = context.copy_of(context.boot_image)
        set_config(image, CONFIG)
        if change is not None:
            change(image)
        known = [value(image) if callable(value) else value for value in values]
        with context.machine(image, **options) as machine:
            require_sentence(machine, words(key, *known))
    add_case(name, run, timeout=timeout)


def accept(name, *remarks, change=None, **options):
    """A case: it must boot to its pass, and say these things on the way."""
    def run(context):
        image = context.copy_of(context.boot_image)
        set_config(image, CONFIG)
        if change is not None:
            change(image)
        with context.machine(image, **options) as machine:
            for remark in remarks:
                machine.expect(remark)
            machine.require_pass()
    add_case(name, run)


# ---- the boot sector

def bad_code(name, code, change, **options):
    def run(context):
        image = context.copy_of(context.boot_image)
        change(context, image)
        with context.machine(image, **options) as machine:
            require_code(machine, code)
    add_case(name, run)


def stage2_bytes(context):
    return (context.build / "stage2.bin").stat().st_size


def flip(image, position):
    with open(image, "rb") as file:
        file.seek(position)
        byte, = file.read(1)
    edit(image, position, bytes((byte ^ 0x10,)))


bad_code("disk_error_in_stage2s_sectors", TEXT["disk"].format(BIOS_BAD_SECTOR), lambda context, image: None,
         read_errors=[ReadError(1)])
bad_code("disk_error_in_stage2s_sectors_ahci", TEXT["disk"].format(BIOS_BAD_SECTOR), lambda context, image: None,
         read_errors=[ReadError(20)], drive="ahci")
bad_code("disk_never_answers", TEXT["disk"].format(BIOS_TIMEOUT),
         lambda context, image: install_shim(image, "bios.asm", context.work, FAIL_FIRST=1000))
bad_code("stage2_with_one_bit_flipped", TEXT["stage 2"],
         lambda context, image: flip(image, SECTOR + stage2_bytes(context) // 2))
bad_code("stage2_with_its_last_code_bit_flipped", TEXT["stage 2"],
         lambda context, image: flip(image, stage2_bytes(context) + SECTOR - 1))
bad_code("stage2_with_its_magic_flipped", TEXT["stage 2"], lambda context, image: flip(image, SECTOR))
bad_code("stage2_zeroed", TEXT["stage 2"],
         lambda context, image: edit(image, SECTOR, bytes(stage2_bytes(context))))
bad_code("stage2_with_a_sector_zeroed", TEXT["stage 2"],
         lambda context, image: edit(image, 8 * SECTOR, bytes(SECTOR)))
bad_code("stage2_with_two_sectors_swapped", TEXT["stage 2"], lambda context, image: swap(image, 7, 8))


def swap(image, first, second):
    with open(image, "rb") as file:
        data = [(file.seek(lba * SECTOR), file.read(SECTOR))[1] for lba in (first, second)]
    edit(image, first * SECTOR, data[1])
    edit(image, second * SECTOR, data[0])


@case()
def image_truncated_in_stage2(context):
    image = context.copy_of(context.boot_image)
    with open(image, "r+b") as file:
        file.truncate(12 * SECTOR)
    with context.machine(image, drive="ide") as machine:
        machine.expect(BOOT_SECTOR_CODE)
        code = machine.last_line()
        machine.wait_halted()
        check(code in machine.screen(), "the code is not on the screen")


# ---- CPU, A20, memory map

def patch_stage2(context, pattern, old, new, wanted):
    """Changes stage 2 in memory, wherever `pattern` matches: `old` in it becomes `new`. For machines that no emulator has."""
    length = stage2_bytes(context)
    with context.machine(gdb=True) as machine:
        machine.gdb.run_to(symbols32(context.build / "stage2.elf")["stage2_main"])
        code = b"".join(machine.gdb.memory(STAGE2 + start, min(1024, length - start)) for start in range(0, length, 1024))
        places = list(re.finditer(pattern, code, re.DOTALL))
        check(places, "stage 2 has no such code any more: the pattern in this test must follow it")
        for place in places:
            machine.gdb.set_memory(STAGE2 + place.start(), place[0].replace(old, new))
        machine.gdb.detach()
        require_sentence(machine, wanted)


@case()
def cpu_without_cpuid(context):
    # The flag that tells of CPUID is replaced by one that no CPU can set.
    flag_id, reserved = struct.pack("<I", 1 << 21), struct.pack("<I", 1 << 15)
    patch_stage2(context, XOR_AND_POPF, flag_id, reserved, words("no CPUID"))


@case()
def a20_that_will_not_open(context):
    # The address that the test of the line writes to loses bit 20, as on the bus of a machine where it stays closed.
    high = struct.pack("<I", A20_TESTED)
    patch_stage2(context, re.escape(high), high, struct.pack("<I", A20_TESTED & ~(1 << 20)), words("A20"))


@case()
def no_usable_memory_map(context):
    image = context.copy_of(context.boot_image)
    install_shim(image, "bios.asm", context.work, NO_E820=1, NO_E801=1, NO_88=1)
    with context.machine(image) as machine:
        require_sentence(machine, words("no map"))


@case()
def too_little_low_memory(context):
    symbols = symbols32(context.build / "stage2.elf")
    with context.machine(gdb=True) as machine:
        machine.gdb.run_to(symbols["stage2_main"])
        machine.gdb.set_memory(0x413, struct.pack("<H", 128))  # BIOS data area: base memory in KiB
        machine.gdb.detach()
        require_sentence(machine, words("low memory", 128))


# ---- the disk, from stage 2 on

def kernel_lba(image, index):
    """The first sector of the kernel's cluster `index`, and one more, so that it begins no cluster."""
    with open_volume(image) as volume:
        return volume.cluster_lba(volume.clusters("KERNEL.ELF")[index]) + 1


def fat_lba(image):
    with open_volume(image) as volume:
        return VOLUME_LBA + volume.reserved_sectors


def root_lba(image):
    with open_volume(image) as volume:
        return VOLUME_LBA + volume.root_start // SECTOR


def disk_error(name, where, once=False, drive="ide"):
    def run(context):
        image = context.copy_of(context.boot_image)
        put_file(image, "KERNEL.ELF", (context.build / "test-kernels" / "kernel-1024.elf").read_bytes())
        lba = where(image)
        with context.machine(image, drive=drive, read_errors=[ReadError(lba, once)]) as machine:
            if once:
                first = machine.expect(REMARKS["retried"])
                check(int(first[1]) <= lba, f"a read from LBA {first[1]} on met the error at LBA {lba}")
                machine.require_pass()
                check_equal(len(re.findall(REMARKS["retried"], machine.serial, re.MULTILINE)), 1, "lines about retries")
            else:
                require_sentence(machine, words("LBA", lba, BIOS_BAD_SECTOR))
    add_case(name, run)


DISK_PLACES = {
    "volumes_first_sector": lambda image: VOLUME_LBA,
    "fat": fat_lba,
    "root_directory": root_lba,
    "kernels_header": lambda image: kernel_lba(image, 0) - 1,
    "kernels_data": lambda image: kernel_lba(image, 100),
}
for place, where in DISK_PLACES.items():
    disk_error(f"disk_error_in_{place}", where)
    disk_error(f"disk_error_in_{place}_once", where, once=True)
for drive in ("ahci", "nvme", "usb-xhci", "virtio-blk", "virtio-scsi"):
    name = drive.replace("-", "_")
    disk_error(f"disk_error_in_kernels_data_{name}", DISK_PLACES["kernels_data"], drive=drive)
    disk_error(f"disk_error_in_kernels_data_once_{name}", DISK_PLACES["kernels_data"], once=True, drive=drive)


@case()
def disk_error_in_the_partition_table(context):
    image = context.copy_of(context.boot_image)
    install_shim(image, "bios.asm", context.work, FAIL_SECTOR_0=0x20)
    with context.machine(image) as machine:
        require_sentence(machine, words("LBA", 0, 0x20))


@case()
def disk_error_in_stage2s_sectors_once(context):
    image = context.copy_of(context.boot_image)
    with context.machine(image, read_errors=[ReadError(3, once=True)], cmdline="exit=pass") as machine:
        machine.require_pass()


# ---- partition table and volume

def set_partition(image, index=0, **fields):
    position = PARTITION_ENTRY + 16 * index
    for offset, name, width in ((0, "status", 1), (4, "type", 1), (8, "lba", 4), (12, "sectors", 4)):
        if name in fields:
            edit(image, position + offset, fields[name].to_bytes(width, "little"))


@case()
def partition_table_without_signature(context):
    # A BIOS does not boot such a disk, so the signature goes after it has.
    image = context.copy_of(context.boot_image)
    install_shim(image, "bios.asm", context.work, SPOIL_SIGNATURE=0x1234)
    with context.machine(image) as machine:
        require_sentence(machine, words("no signature", 0x1234))


refuse("partition_is_not_fat", "no partition", change=partial(set_partition, type=0x83))
refuse("partition_table_is_empty", "no partition",
       change=lambda image: edit(image, PARTITION_ENTRY, b"\x80" + bytes(63)))
refuse("two_fat_partitions_none_active", "two partitions", change=lambda image: (
    set_partition(image, status=0), set_partition(image, 1, type=0x0c, lba=VOLUME_LBA, sectors=1000)))
refuse("partition_without_sectors", "bad partition", 0, VOLUME_LBA, change=partial(set_partition, sectors=0))
refuse("partition_at_sector_0", "bad partition", 1000, 0, change=partial(set_partition, lba=0, sectors=1000))
refuse("volume_is_missing", "FAT", "signature 0",
       change=lambda image: edit(image, VOLUME_LBA * SECTOR, bytes(64 * SECTOR)))
refuse("partition_points_elsewhere", "FAT", "signature 0", change=partial(set_partition, lba=VOLUME_LBA + 10000))

# name: (offset in the volume's first sector, bytes, words)
BOOT_RECORD_DAMAGES = {
    "signature": (510, b"\0\0", "signature 0"),
    "sector_size": (11, struct.pack("<H", 4096), "4096 bytes"),
    "cluster_size_0": (13, b"\0", "0 sectors per cluster"),
    "cluster_size_3": (13, b"\3", "3 sectors per cluster"),
    "no_reserved_sectors": (14, b"\0\0", "0 reserved sectors"),
    "no_fats": (16, b"\0", "0 FATs"),
    "more_root_entries_than_sectors": (17, b"\xff\xff\0\1", "do not fit"),
    "no_root_directory": (17, b"\0\0", "0 root entries"),
    "larger_than_its_partition": (32, struct.pack("<I", 200000), "200000 sectors"),
    "fats_too_small": (22, struct.pack("<H", 3), "too small"),
    "fats_too_large": (22, struct.pack("<H", 0xffff), "65535 sectors"),
}
for name, (offset, data, text) in BOOT_RECORD_DAMAGES.items():
    def damage(image, offset=offset, data=data):
        # The 16-bit number of sectors stands before the 32-bit one, which counts only where that is 0.
        if offset == 32:
            edit(image, VOLUME_LBA * SECTOR + 19, b"\0\0")
        edit(image, VOLUME_LBA * SECTOR + offset, data)
    refuse(f"volume_damaged_{name}", "FAT", text, change=damage)


# ---- HEWN.CFG

def config(text):
    return lambda image: put_file(image, "HEWN.CFG", text if isinstance(text, bytes) else text.encode())


def padded(length):
    text = CONFIG + "#"
    return text + "x" * (length - len(text))


refuse("config_without_equals_sign", "config line", 4, "'='", change=config("# one\n\ncmdline=\nkernel KERNEL.ELF\n"))
refuse("config_without_key", "config line", 2, "key", change=config("cmdline=\r\n = KERNEL.ELF\r\n"))
refuse("config_without_file_name", "config line", 1, "file name", change=config("kernel=\n"))
refuse("config_without_module_name", "config line", 3, "file name", change=config(CONFIG + "module=\n"))
refuse("config_with_a_zero_byte", "config line", 2, "zero byte", change=config(b"cmdline=\nkernel=KERN\0EL.ELF\n"))
refuse("config_repeats_kernel", "config line", 3, "before", change=config(CONFIG + "kernel=OTHER.ELF\n"))
refuse("config_repeats_cmdline", "config line", 3, "before", change=config(CONFIG + "cmdline=exit=fail\n"))
refuse("config_with_too_many_modules", "config line", 19, "modules", change=config(CONFIG + "module=DATA.BIN\n" * 17))
refuse("config_too_large", "config size", 4097, change=config(padded(4097)))
refuse("config_is_a_directory", "directory", "HEWN.CFG",
       change=lambda image: (delete_file(image, "HEWN.CFG"), make_folder(image, "HEWN.CFG")))
accept("config_of_4096_bytes", change=config(padded(4096)))
accept("config_with_unknown_key", REMARKS["unknown key"].format(2, "colour"),
       change=config("# comment\ncolour = red\n" + CONFIG))
accept("config_is_missing", REMARKS["no config"], COMMAND_LINE.format("exit=pass"), cmdline="exit=pass",
       change=lambda image: delete_file(image, "HEWN.CFG"))
accept("config_is_empty", cmdline="exit=pass", change=config(""))
refuse("command_line_too_long", "command line size", change=config("cmdline=" + "x" * 2048))
accept("command_line_of_2047_bytes", change=config("cmdline=exit=pass " + "x" * (2047 - 10)))
refuse("command_line_too_long_in_fw_cfg", "fw_cfg size", 2048, cmdline="x" * 2048)
accept("command_line_of_2047_bytes_in_fw_cfg", cmdline="exit=pass " + "x" * (2047 - 10))


@case()
def config_is_missing_on_a_pc(context):
    # Without QEMU's command line the kernel idles after its report.
    image = context.copy_of(context.boot_image)
    delete_file(image, "HEWN.CFG")
    with context.machine(image) as machine:
        machine.expect(REMARKS["no config"])
        machine.expect(USABLE)
        machine.wait_halted()


# ---- files

def set_size(path, size):
    def change(image):
        with open_volume(image) as volume:
            volume.set_size(volume.find(path), size)
    return change


def set_chain(path, index, value):
    """Cluster `index` of the file is followed by `value`."""
    def change(image):
        with open_volume(image) as volume:
            volume.set_next_cluster(volume.clusters(path)[index], value)
            volume.write_tables()
    return change


def with_module(*changes):
    def change(image):
        put_file(image, "DATA.BIN", bytes(range(256)) * 200)
        set_config(image, CONFIG_MODULE)
        for each in changes:
            each(image)
    return change


CLUSTER_BYTES = 4096
END_OF_CHAIN = 0xffff
BAD_CLUSTER = 0xfff7
refuse("kernel_is_missing", "missing", "KERNEL.ELF", change=lambda image: delete_file(image, "KERNEL.ELF"))
refuse("kernel_named_in_config_is_missing", "missing", "boot/Other kernel.elf",
       change=lambda image: (make_folder(image, "boot"), set_config(image, "kernel = boot/Other kernel.elf\n")))
refuse("kernels_folder_is_missing", "missing", "nowhere/kernel.elf", change=config("kernel=nowhere/kernel.elf\n"))
refuse("kernels_folder_is_a_file", "through a file", "README.TXT/k.elf", change=config("kernel=README.TXT/k.elf\n"))
refuse("kernel_is_a_directory", "directory", "EFI", change=config("kernel=EFI\n"))
refuse("kernel_is_empty", "empty", "KERNEL.ELF", change=lambda image: put_file(image, "KERNEL.ELF", b""))
refuse("kernel_smaller_than_a_header", "truncated", "KERNEL.ELF", 40,
       change=lambda image: put_file(image, "KERNEL.ELF", b"\x7fELF" + bytes(36)))
refuse("kernel_truncated_by_its_size", "truncated", "KERNEL.ELF", 16385, change=set_size("KERNEL.ELF", 16385))
refuse("kernel_truncated_by_its_chain", "chain ends", "KERNEL.ELF", change=set_chain("KERNEL.ELF", 3, END_OF_CHAIN))
refuse("kernel_runs_into_a_free_cluster", "chain breaks", "KERNEL.ELF", "free", 5 * CLUSTER_BYTES,
       change=set_chain("KERNEL.ELF", 4, 0))
refuse("kernel_runs_into_a_bad_cluster", "chain breaks", "KERNEL.ELF", "bad", 5 * CLUSTER_BYTES,
       change=set_chain("KERNEL.ELF", 4, BAD_CLUSTER))
refuse("kernel_leaves_the_volume", "chain leaves", "KERNEL.ELF", 5 * CLUSTER_BYTES,
       change=set_chain("KERNEL.ELF", 4, 0xfff0))
refuse("kernel_larger_than_the_volume", "larger than volume", "KERNEL.ELF", 0xf0000000,
       change=set_size("KERNEL.ELF", 0xf0000000))
accept("module_is_loaded", change=with_module())
refuse("module_is_missing", "missing", "DATA.BIN", change=config(CONFIG_MODULE))
refuse("module_is_empty", "empty", "DATA.BIN", change=with_module(lambda image: put_file(image, "DATA.BIN", b"")))
refuse("module_is_truncated", "chain ends", "DATA.BIN", change=with_module(set_chain("DATA.BIN", 2, END_OF_CHAIN)))
refuse("module_runs_into_a_free_cluster", "chain breaks", "DATA.BIN", "free", 3 * CLUSTER_BYTES,
       change=with_module(set_chain("DATA.BIN", 2, 0)))
refuse("module_larger_than_its_chain", "chain ends", "DATA.BIN", change=with_module(set_size("DATA.BIN", 60000)))
refuse("module_too_large_for_memory", "module memory", "DATA.BIN", 20 << 10, memory="16M",
       change=with_module(lambda image: put_file(image, "DATA.BIN", bytes(20 * MIB))))


# ---- the kernel: test/boot/payload's, changed in one place, or one that is made up

def changed_kernel(name, key, *values, change, **options):
    """change(data, Elf(data)) -> the kernel's bytes."""
    def run(context):
        image = context.copy_of(context.boot_image)
        set_config(image, CONFIG)
        data = (context.build / "test-kernels" / "kernel-65.elf").read_bytes()
        put_file(image, "KERNEL.ELF", change(data, Elf(data)))
        with context.machine(image, **options) as machine:
            require_sentence(machine, words(key, "KERNEL.ELF", *values))
    add_case(name, run)


def change_segment(index, field, value):
    """A field of PT_LOAD number `index`; a value that can be called gets all of them."""
    def change(data, kernel):
        loads = kernel.loads()
        return patched_segment(data, loads[index], field, value(loads) if callable(value) else value)
    return change


changed_kernel("kernel_truncated", "truncated", 60000, change=lambda data, kernel: data[:60000])
changed_kernel("kernel_is_no_elf", "no ELF", change=lambda data, kernel: b"MZ" + data[2:])
changed_kernel("kernel_is_32_bit", "32-bit", change=lambda data, kernel: patched(data, elf.OFFSET_CLASS, 1, 1))
changed_kernel("kernel_is_big_endian", "big-endian", change=lambda data, kernel: patched(data, 5, 2, 1))
changed_kernel("kernel_for_another_machine", "machine", 183,
               change=lambda data, kernel: patched(data, elf.OFFSET_MACHINE, 183, 2))
changed_kernel("kernel_is_position_independent", "ET_DYN", change=lambda data, kernel: patched(data, 16, 3, 2))
changed_kernel("kernel_is_an_object_file", "ET_REL", change=lambda data, kernel: patched(data, 16, 1, 2))
changed_kernel("kernel_is_dynamically_linked", "interpreter", change=change_segment(1, elf.SEGMENT_TYPE, 3))
changed_kernel("kernel_segment_larger_in_file", "file larger", 2,
               change=change_segment(2, elf.SEGMENT_MEMSZ, 1))
changed_kernel("kernel_segments_overlap", "overlap", 1, 0,
               change=change_segment(1, elf.SEGMENT_VADDR, lambda loads: loads[0].vaddr))
changed_kernel("kernel_segments_share_a_page", "overlap", 1, 0,
               change=change_segment(1, elf.SEGMENT_VADDR,
                                     lambda loads: (loads[0].vaddr + loads[0].memsz - 1 | PAGE - 1) - 7))
changed_kernel("kernel_entry_outside", "entry", HIGH, change=lambda data, kernel: patched(data, elf.OFFSET_ENTRY, HIGH, 8))
changed_kernel("kernel_entry_in_data", "entry", HIGH,
               change=lambda data, kernel: change_segment(0, elf.SEGMENT_FLAGS, PF_R)(
                   patched(data, elf.OFFSET_ENTRY, HIGH, 8), kernel))
changed_kernel("kernel_writable_and_executable", "W+X", 0, change=change_segment(0, elf.SEGMENT_FLAGS, PF_R | PF_W | PF_X))
changed_kernel("kernel_wraps_round", "address space",
               change=change_segment(2, elf.SEGMENT_MEMSZ, 1 << 32))
changed_kernel("kernel_too_large_for_memory", "kernel memory", memory="16M",
               change=change_segment(2, elf.SEGMENT_MEMSZ, 100 * MIB))
changed_kernel("kernel_byte_flipped", "checksum",
               change=lambda data, kernel: patched(data, kernel.loads()[1].offset + 12345,
                                                   data[kernel.loads()[1].offset + 12345] ^ 1, 1))
changed_kernel("kernel_checksum_note_wrong", "checksum",
               change=lambda data, kernel: patched(data, elf.checksum_note(kernel), 0, 8))
changed_kernel("kernel_checksum_second_sum_wrong", "checksum",
               change=lambda data, kernel: patched(data, elf.checksum_note(kernel) + 8, 0, 8))


def made_kernel(name, key, *values, segments, entry=None, **options):
    data = make_elf(segments, segments[0][1] if entry is None else entry)
    refuse(name, key, "KERNEL.ELF", *values, change=lambda image: put_file(image, "KERNEL.ELF", data), **options)


LOW = 2 * MIB
GIB5 = 5 << 30
LOW_CODE = (CODE, LOW, HALT, PAGE)
made_kernel("kernel_without_segments", "no segment", segments=[(CODE, LOW, b"", 0)])
made_kernel("kernel_at_5_gib", "placement", GIB5, GIB5 + PAGE - 1, segments=[(CODE, GIB5, HALT, PAGE)])
made_kernel("kernel_low_and_high", "placement", LOW, HIGH + PAGE - 1, segments=[LOW_CODE, (DATA, HIGH, b"x", PAGE)])
made_kernel("kernel_across_4_gib", "placement", LOW, (4 << 30) + PAGE - 1,
            segments=[LOW_CODE, (DATA, (4 << 30) - PAGE, b"x", 2 * PAGE)])
made_kernel("kernel_just_below_the_top_2_gib", "placement", HIGH - PAGE, HIGH - 1,
            segments=[(CODE, HIGH - PAGE, HALT, PAGE)])
made_kernel("kernel_in_page_0", "page 0", segments=[(CODE, 0x800, HALT, 0x100)])
made_kernel("kernel_not_canonical", "address space", segments=[(CODE, 1 << 47, HALT, PAGE)])
for name, address in {"video_memory": 0xa0000, "stage_2s_memory": 0x10000, "stage_2s_stack": 0x7000,
                      "stage_2s_buffers": BOUNCE_BUFFER, "the_bios": 0xf0000, "no_memory_at_all": 0x7000000}.items():
    made_kernel(f"kernel_in_{name}", "not usable", address, address + PAGE - 1,
                segments=[LOW_CODE, (DATA, address, b"x" * 64, PAGE)])
made_kernel("kernel_bss_reaches_reserved_memory", "not usable", 3 * MIB, 80 * MIB - 1,
            segments=[LOW_CODE, (DATA, 3 * MIB, b"x", 77 * MIB)])
made_kernel("kernel_raises_invalid_opcode", "exception", 6, LOW + 1, segments=[(CODE, LOW, b"\x90" + UNDEFINED, PAGE)])
made_kernel("kernel_raises_invalid_opcode_high", "exception", 6, HIGH, segments=[(CODE, HIGH, UNDEFINED, PAGE)])
made_kernel("kernel_lets_interrupts_in", "exception", 8, LOW + 1, segments=[(CODE, LOW, b"\xfb\xeb\xfe", PAGE)])
made_kernel("kernel_reads_page_0", "page fault", LOW, 8, segments=[(CODE, LOW, READ_PAGE_0, PAGE)])
made_kernel("kernel_writes_its_code", "page fault", LOW, LOW + 16,
            segments=[(CODE, LOW, b"\xc6\x04\x25" + struct.pack("<I", LOW + 16) + b"\0", PAGE)])
made_kernel("kernel_jumps_to_its_data", "page fault", LOW + PAGE, LOW + PAGE,
            segments=[(CODE, LOW, b"\xe9" + struct.pack("<i", PAGE - 5), PAGE), (DATA, LOW + PAGE, HALT, PAGE)])


@case()
def kernel_without_checksum_note(context):
    image = context.copy_of(context.boot_image)
    data = (context.build / "test-kernels" / "kernel-65.elf").read_bytes()
    put_file(image, "KERNEL.ELF", elf.without_note(data))
    with context.machine(image) as machine:
        machine.expect(REMARKS["no checksum"].format("KERNEL.ELF"))
        machine.require_pass()


# ---- no memory for page tables: a kernel at fixed addresses that takes all that there is

def usable_end(context, memory):
    """Where usable memory ends, by the kernel's own report."""
    with context.machine(memory=memory, cmdline="exit=pass") as machine:
        machine.require_pass()
        ranges = re.findall(USABLE, machine.serial, re.MULTILINE)
    return max(int(last, 16) for _, last in ranges) + 1


def greedy_kernel(context, memory, steps, pages_left):
    """A kernel from 1 MiB on, its data in `steps` segments, after which so many pages are left."""
    end = usable_end(context, memory) - pages_left * PAGE
    borders = [MIB + PAGE + index * 2 * MIB for index in range(steps)] + [end]
    check(borders == sorted(borders), f"{memory} is too little for {steps} segments")
    data = make_elf([(CODE, MIB, HALT, PAGE)] + [(DATA, first, b"", next_one - first)
                                                 for first, next_one in zip(borders, borders[1:])], MIB)
    image = context.copy_of(context.boot_image)
    put_file(image, "KERNEL.ELF", data)
    return image


@case()
def no_memory_for_page_tables(context):
    image = greedy_kernel(context, "16M", 1, 0)
    with context.machine(image, memory="16M") as machine:
        require_sentence(machine, words("page tables"))


@case()
def no_memory_for_the_last_page_tables(context):
    # Each border between two segments takes a table of its own: more than one piece of POOL_PAGES.
    image = greedy_kernel(context, "32M", 15, 2 * POOL_PAGES - 1)
    with context.machine(image, memory="32M") as machine:
        require_sentence(machine, words("page tables"))


@case()
def memory_for_page_tables_just_enough(context):
    # The same with one piece more boots: the CPU stands still in the kernel's HLT, without a word.
    image = greedy_kernel(context, "32M", 15, 2 * POOL_PAGES)
    with context.machine(image, memory="32M") as machine:
        machine.expect(REMARKS["no checksum"].format("KERNEL.ELF"))
        machine.wait_halted()
        check(STOP not in machine.serial, "it stopped")
        check_equal(int(re.search(r"RIP=([0-9a-f]+)", machine.qmp.monitor("info registers"))[1], 16) & -PAGE, MIB,
                    "page of RIP")


run_cases()
