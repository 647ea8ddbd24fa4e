# SPDX-License-Identifier: MIT
"""The shell: what lines mean, and the commands that speak of commands or run others."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.case import case, run_cases
from support.failure import check, check_equal
from support.session import Session


@case()
def lines_are_read_as_documented(context):
    rows = (
        ("echo a  b", ["a b"]),
        ("echo 'a  b' \"c  d\" e\\ f", ["a  b c  d e f"]),
        ("echo \"\\\"\\\\\\n\" '\\\"'", ["\"\\\\n \\\""]),
        ("echo a # b", ["a"]),
        ("echo a#b '#' \\#", ["a#b # #"]),
        ("# nothing", []),
        ("", []),
        (" ; ;; ", []),
        ("echo a;echo b ; echo c", ["a", "b", "c"]),
        ("echo 'a;b' c\\;d", ["a;b c;d"]),
        ("echo $? '$?' \"$?\"", ["0 $? 0"]),
        ("nonsense; echo $?; echo $?", ["nonsense: there is no such command; \"help\" lists them", "127", "0"]),
        ("echo a; echo 'b", ["a ' is never closed"]),
        ("echo a; echo \"b", ["a \" is never closed"]),
        ("echo a\\", ["the line ends with a backslash"]),
        ("echo " + "x " * 32, [" ".join("x" * 32)]),
        ("echo " + "x " * 33, ["a command has more than 32 arguments"]),
        ("echo größe €", ["größe €"]),
    )
    with context.machine(cmdline="") as machine:
        session = Session(machine)
        for line, said in rows:
            check_equal(session.run(line), said, f"what {line!r} says")


run_cases()
