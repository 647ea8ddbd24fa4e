# SPDX-License-Identifier: MIT
"""The test framework can fail: every way in which a test inside the kernel goes wrong is reported under its name, and the
run with it. The tests of the suite "selftest" go wrong on purpose; nothing else ever selects them.
"""
import fnmatch
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import add_case, case, run_cases
from support.elf import Elf
from support.failure import Failure, check, check_equal
from support.kernel_tests import finish, run_on_bochs, scan_tests, test_machine
from support.machine import DEBUG_EXIT_FAIL
from support.tap import VERSION, parse

LABELS = ("kernel",)

# selftest: what the refusal has to say.
FAILURES = {
    "check_fails": r"selftest\.c:\d+: not true: wanted == 4",
    "check_equal_fails": r"selftest\.c:\d+: answer is 0x2a \(42\), expected 54: 0x36 \(54\)",
    "check_string_fails": r'selftest\.c:\d+: "tick" is "tick", expected "tock"',
    "gives_up": r"selftest\.c:\d+: gave up after 3 tries",
    "check_fails_in_a_handler": r"selftest\.c:\d+: a check failed in an exception handler",
    "expected_fault_is_another": r"selftest\.c:\d+: the operation: vector 6, .* instead of vector 13, error code 0x0",
    "expected_fault_does_not_come": r"selftest\.c:\d+: the operation: raised nothing instead of vector 6",
    "leaves_interrupts_changed": r"selftest\.c:\d+: the test left IF, DF and TF as ",
    "lives_on": r'selftest\.c:\d+: the kernel lives on, but was to end with "which never comes"',
    "lives_on_too": r"selftest\.c:\d+: the kernel lives on, but vector 6 was to end it",
    "dies_by_another_vector": r"invalid opcode \(#UD\), error code 0x0",
    "panics_instead_of_faulting": r"invalid opcode \(#UD\), error code 0x0",
    "dies_of_something_else": r"the wrong reason",
    "panics": r"the selftest has panicked",
    "faults": r"invalid opcode",
    "smashes_its_frame": r"general protection",
}


def refusal(function):
    try:
        function()
    except Failure as failure:
        return str(failure)
    raise Failure("the harness let this pass")


def failure_case(name, sentence):
    def run(context):
        with test_machine(context, f"selftest.{name}") as machine:
            said = refusal(lambda: finish(machine))
            print(said)
            check(said.startswith(f"selftest.{name} is not ok: "), "the refusal does not begin with the test's name")
            check(re.search(sentence, said), f"the refusal does not say {sentence}")
            check_equal(machine.wait().code, DEBUG_EXIT_FAIL, "exit code")
            check_equal(machine.last_line(), "# hewn: end fail 1 tests", "last serial line")
    return run


@case(labels=LABELS)
def passing_test_passes(context):
    with test_machine(context, "selftest.passes") as machine:
        check_equal([each.name for each in finish(machine).results], ["selftest.passes"], "results")


@case(labels=LABELS)
def expected_death_is_a_pass(context):
    for name, sentence in (("dies_as_it_should", "the right reason"), ("dies_by_its_vector", "invalid opcode")):
        with test_machine(context, f"selftest.{name}") as machine:
            result = finish(machine).result(f"selftest.{name}")
            check(sentence in "\n".join(result.said), "the report is not on the serial line")
            check(sentence in (result.died or ""), "the result does not say what the test died of")


@case(labels=LABELS)
def skipped_test_gives_its_reason(context):
    with test_machine(context, "selftest.skips") as machine:
        check_equal(finish(machine).result("selftest.skips").skipped, "there is no drum memory here", "reason")


@case(labels=LABELS)
def hanging_test_is_named(context):
    with test_machine(context, "selftest.hangs", time_limit=6) as machine:
        said = refusal(lambda: finish(machine))
        print(said)
        check(said.startswith("selftest.hangs was started and has no result"), "the refusal does not name the test")
        check("did not end within" in said, "the refusal does not name the time limit")


@case(labels=LABELS)
def test_that_does_not_exist_is_a_failure(context):
    with test_machine(context, "serial.*is_telepathic") as machine:
        said = refusal(lambda: finish(machine))
        print(said)
        check("no test of this kernel is called what test= asks for" in said, "the refusal does not say why")


@case(labels=LABELS)
def hidden_tests_hide_from_globs(context):
    for pattern in ("selftest.*", "self????.passes"):
        with test_machine(context, pattern) as machine:
            check("no test of this kernel" in refusal(lambda: finish(machine)), f"{pattern} selects a hidden test")


@case(labels=LABELS)
def suite_and_name_part_at_a_slash_too(context):
    with test_machine(context, "selftest/passes") as machine:
        check_equal([each.name for each in finish(machine).results], ["selftest.passes"], "results")


@case(labels=LABELS)
def pattern_that_is_too_long_is_refused(context):
    with test_machine(context, "x" * 300) as machine:
        check("too long" in refusal(lambda: finish(machine)), "the refusal does not say why")


GLOBS = ("framework.*", "framework.glob_?", "*.glob_*", "*glob*b*", "framework.*_a", "*k.glob_a", "?ramework?glob_b",
         "framework.glob_ab", "*framework.glob_b*", "framework.glob_?*?")


@case(labels=LABELS)
def globs_select_what_they_mean(context):
    names = [test.name for test in scan_tests() if not test.is_hidden]
    for pattern in GLOBS:
        wanted = [name for name in names if fnmatch.fnmatchcase(name, pattern)]
        check(wanted, f"{pattern} means no test: this case shows nothing")
        with test_machine(context, pattern) as machine:
            check_equal(sorted(each.name for each in finish(machine).results), sorted(wanted), f"tests that {pattern} selects")


@case(labels=LABELS)
def verdict_is_on_the_screen(context):
    """As on a PC: there, nobody ends the machine."""
    with test_machine(context, "framework.*", gdb=True) as machine:
        show_end(context, machine, r" ALL \d+ TESTS PASSED", colour=0x2f)


@case(labels=LABELS)
def failure_is_named_on_the_screen(context):
    with test_machine(context, "selftest.check_fails", gdb=True) as machine:
        show_end(context, machine, r" 1 OF 1 TESTS FAILED: *\n selftest\.check_fails", colour=0x4f)


def show_end(context, machine, pattern, colour):
    machine.gdb.run_to(Elf.from_file(context.build / "kernel-test.elf").symbols()["emulator_exit"])
    screen = machine.screen()
    match = re.search(pattern, screen, re.MULTILINE)
    check(match, f"the screen lacks {pattern}:\n{screen}")
    row, column = screen[:match.start()].count("\n"), match.start() - screen.rfind("\n", 0, match.start()) - 1
    colours = machine.screen_cells()[2 * (80 * row + column) + 1]
    check_equal(colours, colour, "colours of the verdict")
    machine.gdb.detach()
    machine.wait()


@case(labels=("kernel", "bochs"), lock="bochs")
def bochs_failure_is_a_failure(context):
    print(refusal(lambda: run_on_bochs(context, "selftest.check_fails")).split("\n")[0])


# ---- the reader of what the test kernel prints

GOOD = f"""\
[   1.000M] log: a line
{VERSION}
1..3
# start one.first
ok 1 - one.first
# start one.second
# file.c:3: not true: x
not ok 2 - one.second
# start two.third
ok 3 - two.third # SKIP no such device
# hewn: end fail 3 tests
"""
BAD = {
    "plan_twice": ("1..3\n", "1..3\n1..3\n"),
    "result_before_plan": ("1..3\n", "ok 1 - one.first\n"),
    "result_of_another": ("ok 1 - one.first", "ok 1 - one.other"),
    "result_without_start": ("# start one.first\n", ""),
    "wrong_number": ("ok 1", "ok 2"),
    "more_than_planned": ("1..3", "1..2"),
    "bare_ok": ("ok 1 - one.first", "ok"),
    "misspelt": ("not ok 2", "Not ok 2"),
    "no_blank": ("not ok 2", "notok 2"),
    "indented": ("ok 1", "  ok 1"),
    "two_starts": ("ok 1 - one.first\n", ""),
    "skip_without_reason": (" # SKIP no such device", " # SKIP"),
    "skip_and_fail": ("ok 3", "not ok 3"),
    "unknown_directive": ("# SKIP no such device", "# TODO later"),
    "begun_twice": (VERSION, f"{VERSION}\n{VERSION}"),
    "same_name_twice": ("two.third", "one.first"),
}


@case(labels=LABELS)
def reader_reads_a_run(context):
    run = parse(GOOD)
    run.require_complete()
    check_equal([(each.name, each.passed, each.skipped) for each in run.results],
                [("one.first", True, None), ("one.second", False, None), ("two.third", True, "no such device")], "results")
    check_equal(run.result("one.second").said, ["# file.c:3: not true: x"], "what the second said")


@case(labels=LABELS)
def reader_refuses_what_is_no_run(context):
    for name, (old, new) in BAD.items():
        check(old in GOOD, f"{name} changes nothing")
        print(f"{name}: {refusal(lambda: parse(GOOD.replace(old, new)))}")


@case(labels=LABELS)
def reader_misses_what_is_not_there(context):
    for cut in ("# start two.third", "ok 3", "1..3", VERSION):
        print(refusal(lambda: parse(GOOD[:GOOD.index(cut)]).require_complete()))


for each, words in FAILURES.items():
    add_case(each, failure_case(each, words), labels=LABELS)
declared = {test.name for test in scan_tests() if test.is_hidden}
tested = {f"selftest.{name}" for name in (*FAILURES, "passes", "skips", "hangs", "dies_as_it_should",
                                            "dies_by_its_vector")}
if declared != tested:
    raise SystemExit(f"{__file__}: selftests and cases differ: {declared ^ tested}")

run_cases()
