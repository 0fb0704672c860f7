"""How fast the cache's disk reads: from a file that is there, since nothing is written."""

from __future__ import annotations

import os
import time
from itertools import islice
from pathlib import Path

from doctor.facts import Unknown
from doctor.reading.peek import is_file

PART = 4 << 20
MOST = 128 << 20
SECONDS = 3.0
LARGE = 32 << 20


def read_speed(cache: str) -> float | Unknown:
    """Bytes a second of the largest of some cached files, read anew from the disk."""
    blobs = [blob for blob in islice(Path(cache).glob("hub/models--*/blobs/*"), 2000) if is_file(blob)]
    largest = max(blobs, key=lambda blob: blob.stat().st_size, default=None)
    if largest is None or largest.stat().st_size < LARGE:
        return Unknown("no large file in the cache to read")
    return _measure(largest)


def _measure(path: Path) -> float:
    with path.open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # not from memory
        began, count = time.monotonic(), 0
        while count < MOST and time.monotonic() - began < SECONDS:
            part = len(file.read(PART))
            count += part
            if not part:
                break
    return count / max(time.monotonic() - began, 1e-6)
