"""The exit codes, one table for every word, and the one exception that carries them."""

from __future__ import annotations

from enum import IntEnum

from doctor.text import Text


class Exit(IntEnum):
    """Exit codes, the same for every word; the README lists them."""

    FINE = 0
    FAILED = 1  # findings of severity fail remain, or a step failed
    USAGE = 2  # bad input; nothing was changed
    DEFECT = 3  # our own fault
    PERSON = 4  # needs the person: a reboot, a licence, a decision
    NETWORK = 5
    INTERRUPTED = 130


class Trouble(Exception):
    """Something the person must read: what is wrong, what to type next, and the exit code it ends with."""

    def __init__(self, message: Text, code: Exit, hint: Text | None = None) -> None:
        super().__init__(message.en)
        self.message = message
        self.code = code
        self.hint = hint


def bad_input(en: str, zh: str, hint: Text | None = None) -> Trouble:
    """Trouble for bad input: exit code 2, and nothing was changed."""
    return Trouble(Text(en, zh), Exit.USAGE, hint)
