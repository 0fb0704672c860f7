"""Where a limit of this shell was set: lines of start-up files, and of the system's own table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from doctor.reading import startup
from doctor.reading.peek import peek_text

TABLES = (Path("/etc/security/limits.conf"), Path("/etc/security/limits.d"))
# The letter of `ulimit`, and the word of the table.
ITEMS = {"v": "as", "n": "nofile", "f": "fsize", "u": "nproc"}
TYPED = re.compile(r"(?:^|[;&|]|then|\bdo)\s*ulimit\s+(?:-[SH]+\s+)*-[SH]*(?P<letter>[vnfu])\s+\d")
LISTED = re.compile(r"\s*(?P<who>[^\s#]+)\s+(?:soft|hard|-)\s+(?P<item>as|nofile|fsize|nproc)\s+\d")


def lines(user: str) -> dict[str, tuple[str, ...]]:
    """By the letter of `ulimit`. A group of the table may or may not be this user's: such a line is named."""
    found: dict[str, tuple[str, ...]] = {}
    for letter, place in (*_typed(), *_listed(user)):
        found[letter] = (*found.get(letter, ()), place)
    return found


def _typed() -> Iterator[tuple[str, str]]:
    for place, line in startup.lines([*startup.of_home(Path.home()), *startup.of_system()]):
        if said := TYPED.search(line.partition("#")[0]):
            yield said["letter"], place


def _listed(user: str) -> Iterator[tuple[str, str]]:
    letters = {item: letter for letter, item in ITEMS.items()}
    for path in (TABLES[0], *sorted(TABLES[1].glob("*.conf"))):
        for number, line in enumerate(peek_text(path).splitlines(), 1):
            said = LISTED.match(line)
            if said and (said["who"] in ("*", user) or said["who"].startswith("@")):
                yield letters[said["item"]], f"{path}:{number}"
