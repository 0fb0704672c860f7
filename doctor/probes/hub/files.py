"""Reading a file that may be anything: a pipe, a device, another user's, gigabytes long."""

from __future__ import annotations

import os
import stat
from pathlib import Path

SMALL = 256 << 10


def small_bytes(path: Path, most: int = SMALL, offset: int = 0) -> bytes | None:
    """The first bytes of a regular file; None when it is none or cannot be read. A pipe cannot hold us."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with os.fdopen(number, "rb") as file:
        file.seek(offset)
        return file.read(most)


def small_text(path: Path) -> str:
    """The beginning of a text file; empty when there is none."""
    return (small_bytes(path) or b"").decode("utf-8", "replace")
