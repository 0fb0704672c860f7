"""What is in a folder that may not be there, or not be ours to read."""

from __future__ import annotations

import os
from pathlib import Path


def names_in(folder: Path) -> list[str]:
    """Names in a folder; none when it cannot be read."""
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []


def shown(path: Path | str) -> str:
    """A path as text that can be printed and saved, whatever bytes are in it."""
    return os.fsencode(path).decode("utf-8", "replace")


def processes(proc: Path = Path("/proc"), most: int = 4096) -> list[str]:
    """Ids of the running processes that can be seen, as text; of a great many the first."""
    return [name for name in names_in(proc) if name.isdecimal()][:most]
