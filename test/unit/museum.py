# SPDX-License-Identifier: MIT
"""One piece of the museum that needs no kernel (cmake/host_test.cmake): museum.py SOUND BROKEN TEST REASON.

TEST passes in the program SOUND. In BROKEN, which has one bug, it fails and says what the regular expression REASON
matches, or a sanitizer says something before.
"""
import re
import subprocess
import sys


def run(program, test):
    """Exit status, negative for a signal, and all that was said."""
    result = subprocess.run([program, test], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, errors="replace", timeout=50)
    return result.returncode, result.stdout


def refuse(sentence, output):
    print(output[-4000:])
    print(f"FAILED: {sentence}")
    sys.exit(1)


def main():
    sound, broken, test, reason = sys.argv[1:]
    status, output = run(sound, test)
    if status != 0 or f"[       OK ] {test}\n" not in output:
        refuse(f"{test} does not pass without the bug", output)
    status, output = run(broken, test)
    if status == 0:
        refuse(f"{test} passes with the bug", output)
    said = re.search(f"{reason}|(Address|UndefinedBehavior)Sanitizer: [a-z-]+", output)
    if not said:
        refuse(f"{test} fails with the bug, but says nothing of {reason!r}", output)
    print(f"{test} fails with the bug: {said[0]}")


main()
