# SPDX-License-Identifier: MIT
"""The tests inside the kernel as seen from outside: which there are, by their sources, and one run of the test kernel.
Used by the scripts of test/kernel."""
import re
from dataclasses import dataclass
from pathlib import Path

from support.bochs import Bochs
from support.failure import Failure, check_equal
from support.tap import parse
from support.volumes import set_config

SOURCES = Path(__file__).resolve().parents[1] / "kernel"
DECLARATION = re.compile(r"^(?:(TEST)\((\w+), (\w+)|(TEST_DIES)\((\w+), (\w+), \".*\"|(TEST_DIES_BY)\((\w+), (\w+), \d+)\)$",
                         re.MULTILINE)
MENTION = re.compile(r"^\s*TEST(?:_DIES|_DIES_BY)?\s*\(", re.MULTILINE)
HIDDEN_SUITE = "selftest"


@dataclass(frozen=True)
class KernelTest:
    name: str  # suite.name
    dies: bool
    source: Path

    @property
    def is_hidden(self):
        return self.name.startswith(HIDDEN_SUITE + ".")


def scan_tests():
    """Every test that the sources declare. A declaration that this cannot read stops the build."""
    tests = []
    for source in sorted(SOURCES.rglob("*.c")):
        text = source.read_text()
        found = DECLARATION.findall(text)
        if len(found) != len(MENTION.findall(text)):
            raise SystemExit(f"{source}: a declaration of a test is not one line of the form that framework/test.h shows")
        for words in found:
            macro, suite, name = (word for word in words if word)
            tests.append(KernelTest(f"{suite}.{name}", macro != "TEST", source))
    names = [test.name for test in tests]
    for name in names:
        if names.count(name) > 1:
            raise SystemExit(f"two tests are called {name}")
    return tests


def test_image(context, name="boot-test.img"):
    return context.build / name


def test_machine(context, selection, cmdline="", is_driven=False, image="boot-test.img", **options):
    """A machine that runs the tests that `selection` (None: all) means; driven ones skip themselves unless is_driven."""
    return context.machine(test_image(context, image), cmdline=_command_line(selection, cmdline, is_driven), **options)


def _command_line(selection, cmdline, is_driven=False):
    words = [f"test={selection}"] if selection is not None else []
    words += ["driver"] if is_driven else []
    return " ".join(words + ([cmdline] if cmdline else []))


def finish(machine):
    """Waits for the verdict of a run; the Run. Failure names the test that failed, died, or hung."""
    try:
        passed = machine.require_pass()
    except Failure as failure:
        raise Failure(explain(machine.serial, failure)) from failure
    run = parse(machine.serial)
    run.require_complete()
    check_verdict(run, passed)
    return run


def check_verdict(run, passed):
    """The last line's number of tests, against the results before it."""
    failed = [each.name for each in run.results if not each.passed]
    if failed:
        raise Failure(f"the kernel calls it a pass, but not ok: {', '.join(failed)}")
    check_equal(passed, sum(each.skipped is None for each in run.results), "tests that the last line counts")


def explain(serial, failure):
    """A sentence that names what failed, in front of the harness's own."""
    try:
        run = parse(serial)
        for each in run.results:
            if not each.passed:
                last = next((line for line in reversed(each.said) if line.strip()), "")
                return f"{each.name} is not ok: {each.died or last.removeprefix('# ')} ({failure})"
        run.require_complete()
    except Failure as more:
        return f"{more} ({failure})"
    return str(failure)


def _bochs(context, selection, cmdline, is_driven, **options):
    image = context.copy_of(test_image(context))
    set_config(image, f"kernel = KERNEL.ELF\nmodule = INITRD.TAR\n"
                      f"cmdline = {_command_line(selection, cmdline, is_driven)}\n")
    return Bochs(image, context.work / "bochs", **options)


def look_at_bochs(context, selection, cmdline, until, look):
    """look(bochs) when the serial line has `until`; how the run ends is not waited for."""
    bochs = _bochs(context, selection, cmdline, is_driven=True, has_window=True)
    try:
        bochs.run(until, lambda: look(bochs))
    except Failure as failure:
        raise Failure(f"{failure}\n{bochs.report()}") from failure


def run_on_bochs(context, selection, cmdline="", is_driven=False, **options):
    """The Run of what `selection` (None: all) means on Bochs, where only the serial line speaks."""
    bochs = _bochs(context, selection, cmdline, is_driven, **options)
    try:
        bochs.require_pass()
    except Failure as failure:
        raise Failure(explain(bochs.serial, failure)) from failure
    run = parse(bochs.serial)
    run.require_complete()
    return run


def switch_off_bochs(context, selection):
    """What `selection` means switches Bochs off."""
    _bochs(context, selection, "", is_driven=True).require_power_off()
