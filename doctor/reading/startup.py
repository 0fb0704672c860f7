"""The files that shells read when they start: what a person typed into one of them holds in some programs and not in others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from doctor.reading.peek import peek_text

NAMES = (".bashrc", ".bash_profile", ".bash_login", ".bash_aliases", ".profile", ".zshrc", ".zshenv")
SYSTEM = ("/etc/environment", "/etc/profile", "/etc/bash.bashrc")
FOLDER = Path("/etc/profile.d")
LARGEST, MOST = 256 << 10, 50  # bytes of a file that are read, and files of that folder


def of_home(home: Path | str, shown: str = "~") -> list[tuple[str, Path]]:
    """A person's own, each with the name by which it may be told."""
    return [(f"{shown}/{name}", Path(home) / name) for name in NAMES]


def of_system() -> list[tuple[str, Path]]:
    more = sorted(FOLDER.glob("*.sh"))[:MOST]
    return [(str(path), path) for path in (*map(Path, SYSTEM), *more)]


def lines(files: list[tuple[str, Path]]) -> Iterator[tuple[str, str]]:
    """Each line with its place, FILE:LINE."""
    for shown, path in files:
        for number, line in enumerate(peek_text(path, LARGEST).splitlines(), 1):
            yield f"{shown}:{number}", line
