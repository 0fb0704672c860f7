"""Running notebook kernels whose libraries were replaced under them: an install from within a notebook does that."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from doctor.facts import StaleKernel
from doctor.reading.peek import peek_text

if TYPE_CHECKING:
    import psutil

KERNEL = re.compile(r"ipykernel|colab_kernel_launcher")
# A library in a folder of packages that is mapped, and has no name any more: it was replaced or removed.
REPLACED = re.compile(
    r"^\S+ \S+ \S+ \S+ \S+\s+(/.*/(?:site|dist)-packages)/([^/]+)\S* \(deleted\)$", re.MULTILINE
)
LARGEST = 16_000_000  # bytes of the list of mapped files
LONGEST = 16384  # bytes of a command line: its first words are enough
SECONDS = 0.3


def stale_kernels(prefix: Path) -> tuple[StaleKernel, ...]:
    """Kernels of the environment at `prefix`. Those of other users cannot be looked into, and are left out."""
    until = time.monotonic() + SECONDS
    found = (stale(process, prefix) for process in _kernels(until))
    return tuple(kernel for kernel in found if kernel)


def _kernels(until: float) -> Iterator[psutil.Process]:
    pids = (name for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208 - names alone
    for pid in pids:
        if time.monotonic() > until:
            return
        words = peek_text(f"/proc/{pid}/cmdline", LONGEST).split("\0")[:4]
        if any(KERNEL.search(word) for word in words):
            import psutil  # few run a notebook while they ask the doctor

            with suppress(psutil.NoSuchProcess):
                yield psutil.Process(int(pid))


def stale(process: psutil.Process, prefix: Path) -> StaleKernel | None:
    import psutil

    try:
        started = process.create_time()
    except psutil.Error:
        return None
    maps = peek_text(f"/proc/{process.pid}/maps", LARGEST)
    places = {str(prefix), str(prefix.resolve())}
    names = (name for site, name in REPLACED.findall(maps) if any(site.startswith(f"{p}/") for p in places))
    packages = tuple(dict.fromkeys(name.removesuffix(".libs").split(".")[0] for name in names))
    if not packages:
        return None
    return StaleKernel(pid=process.pid, packages=packages, minutes=int((time.time() - started) / 60))
