"""Processes that have a GPU open, by what /proc shows of them. Another container's are not in our /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from doctor.facts import GpuProcess
from doctor.reading.peek import peek, peek_text

PROC = Path("/proc")
SECONDS = 0.5  # for all file descriptors of the machine
# What a notebook or a data loader leaves behind when its parent is killed.
WORKERS = (b"ipykernel", b"multiprocessing.spawn", b"multiprocessing.fork", b"pt_data_worker")


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal())


def holders() -> tuple[GpuProcess, ...]:
    """Processes here that have a node of a GPU open. Their command lines are not read: that may hang with the driver."""
    until = time.monotonic() + SECONDS
    found = (pid for pid in _pids() if time.monotonic() < until and pid != os.getpid() and _holds(pid))
    return tuple(GpuProcess(pid=pid, name=peek_text(PROC / str(pid) / "comm").strip()) for pid in found)


def _holds(pid: int) -> bool:
    try:
        links = [str(entry.readlink()) for entry in (PROC / str(pid) / "fd").iterdir()]
    except OSError:  # gone, or another user's
        return False
    return any(link.startswith("/dev/nvidia") and link != "/dev/nvidiactl" for link in links)


def described(found: Iterable[GpuProcess]) -> tuple[GpuProcess, ...]:
    """The same with the names that they have here, and whether they have lost their parent."""
    return tuple(
        msgspec.structs.replace(
            one, name=peek_text(PROC / str(one.pid) / "comm").strip() or None, orphan=_is_orphan(one.pid)
        )
        for one in found
    )


def _is_orphan(pid: int) -> bool:
    """A worker whose parent is init. In a container the server itself may be process 1."""
    line = peek(PROC / str(pid) / "cmdline") or b""
    init = peek(PROC / "1" / "cmdline") or b""
    return _stat(pid)[1:2] == ["1"] and any(word in line for word in WORKERS) and b"python" not in init


def any_stuck(found: Iterable[GpuProcess]) -> bool:
    """Whether one of them waits in the kernel and cannot be killed."""
    return any(is_stuck(one.pid) for one in found)


def is_stuck(pid: int) -> bool:
    return _stat(pid)[:1] == ["D"]


def _stat(pid: int) -> list[str]:
    """State, parent and so on: the name before them may hold spaces and brackets."""
    return peek_text(PROC / str(pid) / "stat").rpartition(")")[2].split()


def named(name: str) -> tuple[int, ...]:
    """Processes of that name; the kernel keeps its first 15 characters."""
    return tuple(pid for pid in _pids() if peek_text(PROC / str(pid) / "comm").strip() == name[:15])
