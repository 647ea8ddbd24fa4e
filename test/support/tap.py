# SPDX-License-Identifier: MIT
"""What the test kernel prints (test/kernel/framework/run.c), read strictly: TAP version 14 on a serial line that carries
the log as well. A line that looks like TAP and breaks its rules is a Failure, never skipped.

    TAP version 14
    1..2
    # start serial.write
    ok 1 - serial.write
    # start irq.storm
    # storm.c:12: not true: count == 3
    not ok 2 - irq.storm
"""
import re
from dataclasses import dataclass, field

from support.failure import Failure

VERSION = "TAP version 14"
PLAN = re.compile(r"1\.\.(\d+)")
START = re.compile(r"# start (\w+\.\w+)")
RESULT = re.compile(r"(not )?ok (\d+) - (\w+\.\w+)(?: # (SKIP|died:) ?(.*))?")
LOOKS_LIKE_TAP = re.compile(r"\s*(not\s*)?ok\b|\s*\d+\.\.\d|TAP\b|\s*Bail out|# start\b", re.IGNORECASE)


@dataclass
class Result:
    name: str
    passed: bool
    skipped: str = None  # the reason
    died: str = None  # what of
    said: list = field(default_factory=list)  # every line between its start and its result


@dataclass
class Run:
    """What has been printed so far. `current` was started and has no result."""
    planned: int = None
    results: list = field(default_factory=list)
    current: Result = None
    bail_out: str = None

    def result(self, name):
        for each in self.results:
            if each.name == name:
                return each
        state = "hung or was cut off" if self.current and self.current.name == name else "was never started"
        raise Failure(f"{name} has no result: it {state}")

    def require_complete(self):
        """Every planned test has a result; Failure names the test that has none."""
        if self.bail_out is not None:
            raise Failure(f"the run was given up: {self.bail_out}")
        if self.planned is None:
            raise Failure("the test kernel printed no plan: it did not come as far as its tests")
        if self.current is not None:
            raise Failure(f"{self.current.name} was started and has no result: it hung, or ended the machine")
        if len(self.results) != self.planned:
            raise Failure(f"{self.planned} tests were planned, {len(self.results)} have a result")


def _result(run, match, line):
    is_not, number, name, directive, text = match.groups()
    if run.current is None or run.current.name != name:
        raise Failure(f"a result of a test that was not under way: {line!r}")
    if int(number) != len(run.results) + 1 or int(number) > run.planned:
        raise Failure(f"result number {number} after {len(run.results)} of {run.planned}: {line!r}")
    if any(each.name == name for each in run.results):
        raise Failure(f"a second result of {name}")
    if directive == "SKIP" and (is_not or not text):
        raise Failure(f"skipped, but failed or without a reason: {line!r}")
    run.current.passed = not is_not
    run.current.skipped = text if directive == "SKIP" else None
    run.current.died = text if directive == "died:" else None
    run.results.append(run.current)
    run.current = None


def _read_line(run, line):
    if match := PLAN.fullmatch(line):
        if run.planned is not None:
            raise Failure(f"a second plan: {line!r}")
        run.planned = int(match[1])
    elif line.startswith("Bail out! "):
        run.bail_out = line.removeprefix("Bail out! ")
    elif run.planned is None:
        if LOOKS_LIKE_TAP.match(line):
            raise Failure(f"before the plan: {line!r}")
    elif match := START.fullmatch(line):
        if run.current is not None:
            raise Failure(f"{line!r} while {run.current.name} has no result")
        run.current = Result(match[1], False)
    elif match := RESULT.fullmatch(line):
        _result(run, match, line)
    elif LOOKS_LIKE_TAP.match(line):
        raise Failure(f"looks like TAP, but is not what the test kernel prints: {line!r}")
    elif run.current is not None:
        run.current.said.append(line)


def parse(serial):
    """The Run in a serial log, complete or not."""
    lines = serial.split("\n")[:-1]  # what is not ended by a line feed is not a line yet
    if lines.count(VERSION) > 1:
        raise Failure("the test kernel began twice")
    run = Run()
    if VERSION in lines:
        for line in lines[lines.index(VERSION) + 1:]:
            _read_line(run, line)
    return run
