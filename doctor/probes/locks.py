"""Who holds a lock on a file, as the kernel has it. A lock file that merely exists is no lock."""

from __future__ import annotations

import os
import re
from pathlib import Path

from doctor.facts.host import Program

LINE = re.compile(r"^\d+: (?:POSIX|FLOCK|OFDLCK)\s+\S+\s+WRITE\s+(-?\d+)\s+([0-9a-f]+):([0-9a-f]+):(\d+)\s")
Held = dict[tuple[int, int], int]  # process id by device and inode


def holders(table: Path = Path("/proc/locks")) -> Held:
    """The processes that hold a write lock, by the file that it is on."""
    try:
        lines = table.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return {}
    found = (LINE.match(line) for line in lines)
    return {
        (os.makedev(int(match[2], 16), int(match[3], 16)), int(match[4])): int(match[1])
        for match in found
        if match
    }


def holder(path: Path, known: Held) -> Program | None:
    """The process that holds the lock on `path`."""
    try:
        about = path.stat()
    except OSError:
        return None
    pid = known.get((about.st_dev, about.st_ino))
    if pid is None and os.major(about.st_dev) == 0:  # an overlay may show another device than its lock table
        pid = next((who for (_, inode), who in known.items() if inode == about.st_ino), None)
    return Program(pid=pid, name=program_name(pid)) if pid is not None else None


def program_name(pid: int) -> str:
    """The name of a process, without its arguments; ? when it is not to be seen from here."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "?"


def state(pid: int) -> str:
    """The state letter of a process (R, S, D, T, Z); empty when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[0]
