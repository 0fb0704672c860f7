"""What setup read of ELF files: of those that have not changed, nothing is read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from doctor.elf import Elf, read
from doctor.facts.unknown import Unknown
from doctor.reading.peek import peek
from doctor.reading.unchanged import State, state

MOST = 50_000_000  # bytes of what is kept; a thousand modules take half a million
Seen = dict[str, tuple[State, Elf]]
Reader = Callable[[str], Elf | Unknown]


def reader(kept: Path) -> Reader:
    """Reads like `elf.read`, and knows what is kept in that file."""
    try:
        seen = msgspec.json.decode(peek(kept, MOST) or b"", type=Seen)
    except ValueError:
        return read

    def remember(path: str) -> Elf | Unknown:
        before, elf = seen.get(path, (None, None))
        return elf if elf and state(path) == before else read(path)

    return remember


def see(paths: Iterable[str]) -> bytes:
    """For setup to keep."""
    found: Seen = {}
    for path in paths:
        before, elf = state(path), read(path)
        if before and isinstance(elf, Elf) and state(path) == before:
            found[path] = (before, elf)
    return msgspec.json.encode(found)
