"""A reader of ELF files, as far as the dynamic linker cares: what a library asks for and what it offers.

Pure Python, a few pages of the file at a time, so that a library of 400 MB costs no more than a small one. Nothing in a file is believed: every offset is
checked, every list has an end, and what makes no sense is `Unknown`.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from doctor.elf.image import Damaged, Elf, Image, Wanted
from doctor.facts.unknown import Unknown

__all__ = ["Elf", "Wanted", "lacks", "read", "undefined"]


def read(path: str) -> Elf | Unknown:
    """The library at `path`; Unknown when it cannot be read or is no whole ELF file."""
    try:
        with _opened(path) as image:
            return image.elf() if image.ours else Elf(machine=image.machine)
    except (Damaged, OSError, ValueError, struct.error, IndexError) as error:
        return Unknown(str(error) or type(error).__name__)


def undefined(path: str) -> tuple[tuple[str, str | None], ...] | Unknown:
    """Symbols that others must define, with the version asked for; those that may stay undefined are left out."""
    try:
        with _opened(path) as image:
            return tuple(image.undefined())
    except (Damaged, OSError, ValueError, struct.error, IndexError) as error:
        return Unknown(str(error) or type(error).__name__)


def lacks(path: str, names: tuple[str, ...]) -> tuple[str, ...] | Unknown:
    """Those of `names` that the library does not define; found by its hash table, so its size does not matter."""
    try:
        with _opened(path) as image:
            return tuple(name for name in names if not image.defines(name.encode()))
    except (Damaged, OSError, ValueError, struct.error, IndexError) as error:
        return Unknown(str(error) or type(error).__name__)


@contextmanager
def _opened(path: str) -> Iterator[Image]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO must not hold us
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Damaged("not a regular file")
        if status.st_size < 64:
            raise Damaged(f"{status.st_size} bytes")
        yield Image(descriptor, status.st_size)
    finally:
        os.close(descriptor)
