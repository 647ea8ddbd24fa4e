# SPDX-License-Identifier: MIT
"""The two ways a case ends early, and the sentences for them. Used by everything under test/."""


class Failure(Exception):
    """What was expected was not seen; the text is a sentence for whoever reads the test log."""


class Skip(Exception):
    """This host cannot run the case; the text says why."""


def check(condition, sentence):
    if not condition:
        raise Failure(sentence)


def check_equal(actual, expected, what):
    if actual != expected:
        raise Failure(f"{what}: expected {expected!r}, got {actual!r}")
