# SPDX-License-Identifier: MIT
"""Runs one named case of a test script, for ctest and for a person.

A script declares its cases with @case or add_case() and ends with `run_cases()`. CMake asks it for the list
(cmake/qemu_test.cmake), ctest then calls it once a case:

    python3 test/boot/cases.py --list
    python3 test/boot/cases.py --build build/dev pc_ide

Exit status: 0 passed, 1 failed, 2 wrong usage, 77 skipped (ctest's SKIP_RETURN_CODE). What a case leaves for whoever
looks into a failure (serial log, command line, screen) is in <build>/test/<script>/<case>/.
"""
import argparse
import os
import shutil
import sys
import traceback
from pathlib import Path

from support.failure import Failure, Skip
from support.machine import Machine

EXIT_SKIPPED = 77
DEFAULT_TIMEOUT = 60
# ctest kills without a report, so machines stop this much earlier.
MARGIN_SECONDS = 10


class Case:
    def __init__(self, name, function, labels, timeout, run_serial, lock):
        self.name = name
        self.function = function
        self.labels = labels
        self.timeout = timeout
        self.run_serial = run_serial
        self.lock = lock


class Context:
    """What a case gets: where the build is, a work folder of its own, and its machines."""

    def __init__(self, build, work, timeout):
        self.build = build
        self.work = work
        self.timeout = timeout
        self.machines = []
        self._large_files = []

    @property
    def boot_image(self):
        return self.build / "boot.img"

    def machine(self, image=None, **options):
        """A Machine (see there) on `image`, or on the build's boot.img; logs go to the work folder."""
        options.setdefault("time_limit", self.timeout - MARGIN_SECONDS)
        number = len(self.machines)
        folder = self.work if number == 0 else self.work / f"machine{number}"
        machine = Machine(image or self.boot_image, work=folder, **options)
        self.machines.append(machine)
        return machine

    def scratch(self, name):
        """A path in the work folder for a large file; it is deleted when the case passes."""
        path = self.work / name
        self._large_files.append(path)
        return path

    def copy_of(self, image, name="disk.img"):
        """A private copy of an image, holes kept, for cases that edit bytes."""
        from support.volumes import copy_sparse
        path = self.scratch(name)
        copy_sparse(image, path)
        return path

    def delete_large_files(self):
        for path in self._large_files:
            path.unlink(missing_ok=True)
        for machine in self.machines:
            machine.delete_large_files()


_cases = {}


def add_case(name, function, labels=("boot",), timeout=DEFAULT_TIMEOUT, run_serial=False, lock=""):
    """function(context) passes by returning; it fails by any exception but Skip."""
    if name in _cases:
        raise ValueError(f"two cases are called {name}")
    _cases[name] = Case(name, function, tuple(labels), timeout, run_serial, lock)


def case(**options):
    """Decorator: the function's name is the name of the case."""
    def register(function):
        add_case(function.__name__, function, **options)
        return function
    return register


def _run(chosen, build, work):
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    context = Context(build, work, chosen.timeout)
    try:
        chosen.function(context)
    except Skip as reason:
        print(f"skipped: {reason}")
        context.delete_large_files()
        return EXIT_SKIPPED
    except Failure as failure:
        print(f"FAILED: {failure}")
    except Exception:
        traceback.print_exc(file=sys.stdout)
        print("FAILED: the test itself broke (above)")
    else:
        for machine in context.machines:
            print(machine.summary())
        context.delete_large_files()
        return 0
    for machine in context.machines:
        print(machine.report())
    print(f"\nEverything that was recorded: {work}")
    for machine in context.machines:
        machine.delete_large_files()
    return 1


def run_cases(arguments=None):
    script = Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="one line a case: name|labels|timeout|serial|lock")
    parser.add_argument("--build", type=Path, help="the build folder, for example build/dev")
    parser.add_argument("names", nargs="*", metavar="case", help="the cases to run (default: all)")
    options = parser.parse_args(arguments)
    if options.list:
        for entry in _cases.values():
            print("|".join((entry.name, ",".join(entry.labels), str(entry.timeout),
                            "serial" if entry.run_serial else "", entry.lock)))
        sys.exit(0)
    if options.build is None:
        parser.error("--build is missing: which build folder is to be tested?")
    unknown = [name for name in options.names if name not in _cases]
    if unknown:
        parser.error(f"no case is called {unknown[0]}; --list shows those there are")
    os.environ["LC_ALL"] = "C"
    status = 0
    names = options.names or list(_cases)
    for name in names:
        if len(names) > 1:
            print(f"--- {name}", flush=True)
        result = _run(_cases[name], options.build.resolve(), options.build.resolve() / "test" / script / name)
        if result != 0 and (status == 0 or result != EXIT_SKIPPED):
            status = result
    sys.exit(status)
