"""Is a program still getting anywhere? What it and its children write, and the work they do, against a floor."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec


class Floor(msgspec.Struct, frozen=True):
    """Bytes that a program has to write within so many seconds. A second of computing counts as much as a floor."""

    bytes: int = 300_000
    seconds: float = 60.0


def watch(group: int, floor: Floor, ended: threading.Event, give_up: Callable[[], None]) -> None:
    """Until `ended`, or until a whole window passed below the floor; then `give_up` is called once."""
    mark = moved(group, floor)
    while not ended.wait(floor.seconds):
        now = moved(group, floor)
        if now - mark < floor.bytes:
            give_up()
            return
        mark = now


def moved(group: int, floor: Floor) -> float:
    """Bytes written and computing done by a process group; of children that ended, what their parent knows."""
    return sum(of_process(path, floor) for path in members(group))


def members(group: int) -> list[Path]:
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and group_of(int(path.name)) == group:
            found.append(path)
    return found


def group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return -1


def of_process(path: Path, floor: Floor) -> float:
    try:
        written = path.joinpath("io").read_text().split("wchar: ")[1].split()[0]
        ticks = path.joinpath("stat").read_text().rpartition(")")[2].split()[11:15]
    except (OSError, IndexError):  # it ended while we looked
        return 0.0
    computing = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return int(written) + computing * floor.bytes
