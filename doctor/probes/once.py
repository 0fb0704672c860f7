"""What several areas read of the environment's packages: once, in a process that looks at them once and ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from doctor.reading.peek import peek_text

if TYPE_CHECKING:
    from doctor.probes.packages.metadata import Dist

LONGEST = 20_000_000  # bytes of one RECORD
Read = TypeVar("Read")

_kept: dict[str, Any] | None = None  # None: whoever asks twice may do so because something has changed


def keep() -> None:
    """From now on, to the end of this process."""
    global _kept
    _kept = {}


def distributions(site: Path) -> tuple[Sequence[Dist], tuple[str, ...]]:
    """All metadata folders of a site, and what an interrupted pip put aside there (`~ransformers`)."""
    from doctor.probes.packages.metadata import read_all

    return _once(str(site), lambda: read_all(site))


def record(site: Path, folder: str) -> str:
    """The RECORD in a metadata folder; empty when it cannot be read."""
    path = f"{site}/{folder}/RECORD"
    return _once(path, lambda: peek_text(path, LONGEST))


def _once(name: str, read: Callable[[], Read]) -> Read:
    if _kept is None:
        return read()
    if name not in _kept:
        _kept[name] = read()
    found: Read = _kept[name]
    return found
