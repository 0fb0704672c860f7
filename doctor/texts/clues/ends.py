"""Programs that ended by a signal, without a message of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.texts.clues.clue import clue
from doctor.texts.match import Match
from doctor.texts.said import Said

ENDS = (
    ("program-crashed", re.compile(r"Segmentation fault|SIGSEGV|(?:exit(?:ed with)?(?: code| status)?|returncode|exitcode)[ :=]*(?:139|-11)\b|Fatal Python error: Segmentation")),
    ("program-bus-error", re.compile(r"Bus error|SIGBUS|(?:exit(?:ed with)?(?: code| status)?|returncode|exitcode)[ :=]*(?:135|-7)\b")),
    ("program-killed", re.compile(r"SIGKILL|\bKilled\b|OOMKilled|(?:exit(?:ed with)?(?: code| status)?|returncode|exitcode)[ :=]*(?:137|-9)\b")),
    ("program-aborted", re.compile(r"Aborted \(core dumped\)|SIGABRT|(?:exit(?:ed with)?(?: code| status)?|returncode|exitcode)[ :=]*(?:134|-6)\b")),
)  # fmt: skip
MODULE = re.compile(r'(?:Extension modules:|File "(?P<file>[^"]+)", line \d+ in)')


def clues(said: Said) -> Iterator[Match]:
    for name, pattern in ENDS:
        if hit := pattern.search(said.text):
            line = said.text[said.text.rfind("\n", 0, hit.start()) + 1 :].partition("\n")[0].strip()
            yield clue("host", name, line, hit.start())
            return
