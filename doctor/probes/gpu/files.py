"""Reading small files of /proc, /sys and /etc: what cannot be read is empty."""

from __future__ import annotations

from pathlib import Path

MOST = 20_000_000  # bytes: more than that is no such file


def words(path: Path) -> str:
    """The file as text, without white space around it."""
    return data(path).decode("utf-8", "replace").strip()


def data(path: Path) -> bytes:
    """The file's bytes; empty when it cannot be read, or is no file."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(MOST)
    except OSError:
        return b""
