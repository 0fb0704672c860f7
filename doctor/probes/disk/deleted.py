"""Files that were deleted while a process keeps them open: `du` does not see them, `df` does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from doctor.facts.disk import DeletedFile
from doctor.probes.listing import names_in, processes
from doctor.probes.locks import program_name

SMALL = 1_000_000  # bytes; smaller ones explain no full disk
NAMED = 5


def deleted_files(points: frozenset[str], proc: Path = Path("/proc")) -> tuple[DeletedFile, ...]:
    """Of the given mounts, the largest first. Other users' processes are seen by root only."""
    if not points:
        return ()
    devices = {Path(point).stat().st_dev: point for point in points}
    pids = processes(proc)
    found = [one for pid in pids for one in _of_process(proc, pid, devices)]
    return tuple(sorted(found, key=lambda one: -one.bytes)[:NAMED])


def _of_process(proc: Path, pid: str, devices: dict[int, str]) -> Iterator[DeletedFile]:
    folder = proc / pid / "fd"
    seen: set[int] = set()
    for name in names_in(folder):
        try:
            stat = (folder / name).stat()  # does not open it, so a pipe cannot hold us
        except OSError:
            continue
        size = stat.st_blocks * 512
        if stat.st_nlink == 0 and size >= SMALL and stat.st_dev in devices and stat.st_ino not in seen:
            seen.add(stat.st_ino)
            where = devices[stat.st_dev]
            yield DeletedFile(pid=int(pid), name=program_name(int(pid)), bytes=size, mount=where)
