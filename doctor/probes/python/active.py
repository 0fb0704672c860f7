"""The environment that the shell has activated, where its folder is gone: removed, or moved to a place beside it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from doctor.facts.python import GoneActive
from doctor.probes.listing import names_in
from doctor.reading.peek import is_there, peek_text

BESIDE = 200  # folders beside it that are looked at


def gone(environ: Mapping[str, str]) -> GoneActive | None:
    """By VIRTUAL_ENV alone: the variables of conda are another area's."""
    active = environ.get("VIRTUAL_ENV", "")
    if not active.startswith("/") or is_there(Path(active)):
        return None
    return GoneActive(path=active, moved_to=_moved(Path(active)))


def _moved(old: Path) -> str | None:
    beside = (old.parent / name for name in islice(names_in(old.parent), BESIDE))
    return next((str(folder) for folder in beside if _names(folder, str(old))), None)


def _names(folder: Path, old: str) -> bool:
    """Whether the folder's script for activating it names the old place."""
    said = peek_text(folder / "bin" / "activate", 20_000)
    lines = (line.strip().removeprefix("export ") for line in said.splitlines() if "VIRTUAL_ENV=" in line)
    return any(line.partition("=")[2].strip("'\"") == old for line in lines)
