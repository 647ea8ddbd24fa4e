# SPDX-License-Identifier: MIT
"""The museum of planted bugs (cmake/planted_bugs.cmake): each makes the test that is named here fail, for the reason that
is named here, and without it the same test passes.

A broken kernel is made by the build, <build>/museum/<bug>.elf, and takes the place of the sound one on a copy of
boot-test.img. A boot chain is built here in <build>/museum/<bug>, of the same kind as <build>, with -DHEWN_BREAK, and
at night the whole image with each of the bugs in <build>/museum/whole; both stay there, so that only the first run is
slow.
"""
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, case, run_cases
from support.failure import Failure, check, check_equal
from support.volumes import edit, put_file

SOURCE = Path(__file__).resolve().parents[2]
RUN = Path(__file__).with_name("run.py")
IMAGE = "boot-test.img"
KEPT_SETTINGS = ("CMAKE_BUILD_TYPE", "CMAKE_C_COMPILER", "HEWN_SANITIZE", "HEWN_DEBUG_ASSERTS")

# bug: (case of run.py, what its refusal says)
BUGS = {
    "red_zone": ("trap.locals_of_a_leaf_function_survive_an_interrupt", r"stub\.c:\d+: difference is 0x"),
    "no_eoi": ("irq.line_interrupts_again_and_again@pic", r"irq\.c:\d+: not true: has_come"),
    "no_cld": ("trap.handlers_run_with_df_and_if_clear", r"the handler of vector 0 runs with rflags 0x\w*4\w\w "),
    "no_clac": ("trap.handlers_run_with_the_memory_of_programs_closed@smap",
                r"the handler of vector 0 runs with rflags 0x4\w{4}"),
    "misaligned_stack": ("trap.handlers_run_on_an_aligned_stack", r"the handler of vector 0 has its frame at 0x\w+8 "),
    "missing_ist": ("exception.double_fault_by_stack_overflow", r"has no result.*the guest reset itself"),
    "unsaved_register": ("trap.every_vector_keeps_every_register", r"vector 0 changes r11 to 0xffffffffffffffff"),
    "serial_full_ring": ("outside.serial_input_of_64_kib_waits_for_a_slow_reader", r"\d+ bytes came back of 65536"),
    "unzeroed_bss": ("boot.bss_is_zero", r"printed no plan|an array in \.bss is 0xa5"),
    "task_lost_wake_up": ("instruction.byte_wakes_a_sequential_reader_whenever_it_comes",
                          r"instruction\.c:\d+: a byte after instruction \d+ never woke who waits for it"),
    "task_short_stack": ("task.stack_has_the_size_that_was_asked_for", r"double fault"),
    "missing_invlpg": ("tlb.changes_of_a_page_of_4_kib_are_seen_at_once",
                       r"tlb\.c:\d+: protected: write at 0x\w+ raises nothing"),
    "missing_swapgs": ("program.hello_is_written", r"is not ok: (page fault|general protection|double fault) "),
    "unchecked_pointer": ("hostile.memory_of_the_kernel_is_not_given_away", r"run->exit_status is 0x1 "),
    "signed_index": ("hostile.numbers_of_files_are_unsigned", r"is not ok: (page fault|general protection) "),
    "tlb_not_flushed": ("program.address_spaces_are_apart", r"run->exit_status is 0x"),
    "fpu_not_saved": ("program.registers_of_sse_survive_preemption", r"run->exit_status is 0x1 "),
}


def settings_of(build):
    """The build's own choices, as arguments for CMake."""
    cache = dict(re.findall(r"^(\w+):\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE))
    return [f"-D{name}={cache[name]}" for name in KEPT_SETTINGS if cache.get(name)]


def call(arguments, what):
    result = subprocess.run([str(argument) for argument in arguments], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        raise Failure(f"{what} ended with {result.returncode}:\n{result.stdout[-4000:]}")


def configure(build, folder, bug):
    check(shutil.which("cmake"), "cmake is not in the PATH")
    call(["cmake", "-S", SOURCE, "-B", folder, "-G", "Ninja", "-DHEWN_TESTS=OFF", f"-DHEWN_BREAK={bug}",
          *settings_of(build)], f"cmake for {folder}")


def build_with(bug, build, folder, target):
    configure(build, folder, bug)
    call(["cmake", "--build", folder, "--target", target, "-j", "2"], f"the build in {folder}")
    return folder


def with_a_broken_kernel(bug, build, image):
    put_file(image, "KERNEL.ELF", (build / "museum" / f"{bug}.elf").read_bytes())


def with_a_broken_boot_chain(bug, build, image):
    folder = build_with(bug, build, build / "museum" / bug, "boot_sector")
    edit(image, 0, (folder / "bootsector.bin").read_bytes() + (folder / "stage2.bin").read_bytes())


def run_case(folder, name):
    """A case of run.py for the boot-test.img in FOLDER, which is a build folder as far as that case is concerned."""
    return subprocess.run([sys.executable, str(RUN), "--build", str(folder), name], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def require_pass(folder, case):
    result = run_case(folder, case)
    check_equal(result.returncode, 0, f"{case} without the bug: exit status, after\n{result.stdout[-2000:]}")


def require_refusal(folder, case, reason):
    result = run_case(folder, case)
    check_equal(result.returncode, 1, f"{case} with the bug: exit status, after\n{result.stdout[-2000:]}")
    verdict = next((line for line in result.stdout.splitlines() if line.startswith("FAILED: ")), "no verdict")
    print(verdict)
    check(re.search(reason, verdict), f"{case} fails, but for another reason than {reason!r}")


def museum_case(bug, plant, case, reason):
    def run(context):
        sound, broken = context.work / "sound", context.work / "broken"
        sound.mkdir()
        (sound / IMAGE).symlink_to(context.build / IMAGE)
        require_pass(sound, case)
        broken.mkdir()
        plant(bug, context.build, context.copy_of(context.build / IMAGE, broken / IMAGE))
        require_refusal(broken, case, reason)
    return run


def whole_build_case(bug, case, reason):
    def run(context):
        folder = context.build / "museum" / "whole" / bug
        require_refusal(build_with(bug, context.build, folder, "boot-test.img_image"), case, reason)
    return run


@case(labels=("museum",))
def unknown_bug_is_refused(context):
    try:
        configure(context.build, context.work / "build", "heisenbug")
    except Failure as failure:
        check("HEWN_BREAK=heisenbug is not known. Known: red_zone" in " ".join(str(failure).split()), f"it says {failure}")
    else:
        raise Failure("a build with an unknown bug was configured")


def planted_bugs(kind):
    text = (SOURCE / "cmake" / "planted_bugs.cmake").read_text()
    lines = re.search(rf"^set\({kind}\n((?: +\w.*\n)+)", text, re.MULTILINE)[1]
    return re.findall(r"^ +(\w+)", lines, re.MULTILINE)


PLANTS = {**dict.fromkeys(planted_bugs("HEWN_PLANTED_BUGS"), with_a_broken_kernel),
          **dict.fromkeys(planted_bugs("HEWN_PLANTED_BOOT_BUGS"), with_a_broken_boot_chain)}
if set(PLANTS) != set(BUGS):
    raise SystemExit(f"{__file__}: cmake/planted_bugs.cmake has other bugs: {set(PLANTS) ^ set(BUGS)}")
for name, row in BUGS.items():
    add_case(name, museum_case(name, PLANTS[name], *row), labels=("museum",), timeout=180)
    add_case(f"{name}_in_a_whole_build", whole_build_case(name, *row), labels=("museum", "nightly"), timeout=600)

run_cases()
