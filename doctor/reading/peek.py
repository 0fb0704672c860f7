"""Reading a file of a machine that may be broken: a pipe in its place must not block, a huge one not fill the memory."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

PIECE = 1 << 16  # bytes read at once where a file does not say how many it has
MOST = 4_000_000  # bytes: more than any configuration, notebook or record that is read whole


def peek(path: Path | str, most: int = MOST, *, end: bool = False) -> bytes | None:
    """The first `most` bytes of a regular file (with `end` the last ones), None when it cannot be read as one."""
    try:
        # Opening a pipe without this waits for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return None
        if end:
            os.lseek(descriptor, max(0, found.st_size - most), os.SEEK_SET)
        return _read(descriptor, most, found.st_size)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _read(descriptor: int, most: int, size: int) -> bytes:
    """Up to `most` bytes of a file that says it has `size`; those in /proc say that they are empty and come in pieces."""
    first = os.read(descriptor, min(most, size or PIECE))
    if len(first) == size:
        return first
    parts = [first]
    while (most := most - len(parts[-1])) > 0 and parts[-1]:
        parts.append(os.read(descriptor, min(most, PIECE)))
    return b"".join(parts)


def peek_text(path: Path | str, most: int = MOST, *, end: bool = False) -> str:
    """The same as text, empty when it cannot be read; what is no UTF-8 is replaced."""
    return (peek(path, most, end=end) or b"").decode("utf-8", "replace")


def fails(path: Path | str) -> bool:
    """Whether the disk itself cannot give back a file, at its beginning or its end: an input/output error."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        return is_of_the_disk(error)
    try:
        os.pread(descriptor, MOST, 0)
        os.pread(descriptor, PIECE, max(0, os.fstat(descriptor).st_size - PIECE))
    except OSError as error:
        return is_of_the_disk(error)
    finally:
        os.close(descriptor)
    return False


def is_of_the_disk(error: OSError | ValueError) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.EIO, errno.EUCLEAN)


# Path.exists() and its like raise where a folder on the way is closed to us (before Python 3.14): /root, another's home.


def is_there(path: Path | str) -> bool:
    """Whether something can be had at a path; what we may not reach is not there for us."""
    return os.path.exists(path)  # noqa: PTH110


def is_file(path: Path | str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: Path | str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112
