"""Whether a file is still the one that setup saw: then what was found out about it holds.

Whoever writes to a file, replaces it or gives it other rights changes its inode's number or its change time, which no
ordinary program can set.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

State = tuple[int, int, int, int]  # inode, bytes, time of modification and of change in ns


def state(path: str) -> State | None:
    """Of the file that a path leads to; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - of hundreds, for speed
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def states(paths: Iterable[str]) -> dict[str, State] | None:
    """Of all these files; None where one is not there."""
    found: dict[str, State] = {}
    for path in paths:
        seen = state(path)
        if seen is None:
            return None
        found[path] = seen
    return found
