"""Whether files of a place can be mapped: safetensors maps weights, and some file systems of programs refuse that."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from doctor.probes.listing import names_in, shown
from doctor.reading.peek import is_file

REPOS = 50


def refused(cache: Path) -> str | None:
    """A file of the models that can be read and not mapped. Asked where a program, or another machine, keeps the files."""
    path = next(_files(cache / "hub"), None)
    if path is None:
        return None
    import mmap  # on few disks this is asked

    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_size:
            mmap.mmap(descriptor, 1, mmap.MAP_SHARED, mmap.PROT_READ).close()
    except OSError as error:
        return shown(path) if error.errno in (errno.ENODEV, errno.EOPNOTSUPP) else None
    finally:
        os.close(descriptor)
    return None


def _files(hub: Path) -> Iterator[Path]:
    """Those whose name is a hash of models: nothing else in the cache is mapped."""
    for repo in islice((name for name in names_in(hub) if name.startswith("models--")), REPOS):
        blobs = hub / repo / "blobs"
        yield from (blobs / name for name in names_in(blobs) if "." not in name and is_file(blobs / name))
