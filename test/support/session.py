# SPDX-License-Identifier: MIT
"""A person at the kernel's prompt, over the serial line.

    with context.machine(cmdline="") as machine:
        session = Session(machine)
        lines = session.run("uptime")
        session.require_failure("uptime now", "uptime: \"now\" is one argument too many. Usage: uptime")
"""
import re

from support.failure import Failure, check_equal

PROMPT = "hewn> "
SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")


def without_sequences(text):
    return SEQUENCE.sub("", text)


class Session:
    def __init__(self, machine):
        """Waits for the first prompt."""
        self.machine = machine
        machine.expect(f"^{PROMPT}$")

    def run(self, line, timeout=None):
        """Types LINE and Enter; what is said until the next prompt, as lines without control sequences."""
        self.machine.send(line + "\r")
        match = self.machine.expect(f"{re.escape(line)}\n((?:.*\n)*?)(?:{SEQUENCE.pattern})*{PROMPT}$", timeout)
        return without_sequences(match[1]).split("\n")[:-1]

    def status(self):
        """What $? stands for."""
        return int(self.run("echo $?")[0])

    def require_failure(self, line, sentence):
        """LINE fails, and says SENTENCE: a text, or a compiled regular expression for the whole of it."""
        lines = self.run(line)
        said = "\n".join(lines)
        if isinstance(sentence, re.Pattern):
            if not sentence.fullmatch(said):
                raise Failure(f"{line!r} says {said!r}, which does not match {sentence.pattern!r}")
        else:
            check_equal(said, sentence, f"what {line!r} says")
        check_equal(self.status() != 0, True, f"whether {line!r} fails")

    def require_usage(self, name, usage, wrong):
        """For each wrong use of the command NAME, (arguments, problem): the sentence ends with its usage."""
        for arguments, problem in wrong:
            if not isinstance(problem, re.Pattern):
                problem = re.compile(re.escape(problem))
            self.require_failure(f"{name} {arguments}".rstrip(),
                                 re.compile(f"{re.escape(name)}: {problem.pattern}\\. {re.escape(f'Usage: {usage}')}"))
