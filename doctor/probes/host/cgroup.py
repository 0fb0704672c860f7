"""What the control groups of this process allow it: version 2, version 1, and both at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from doctor.facts.host import Cgroup
from doctor.reading.peek import is_folder, is_there

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
UNLIMITED = 1 << 60  # version 1 writes a number near 2^63 for "no limit"


def cgroup(root: Path = ROOT, own: Path = OWN) -> Cgroup:
    places = own_groups(own)
    memory, cpu, pids = (list(folders(root, places, kind)) for kind in ("memory", "cpu", "pids"))
    pids_most, pids_now = tightest(pids)
    return Cgroup(
        version=version(root),
        memory=smallest(memory, "memory.max", "memory.limit_in_bytes"),
        cpus=min((quota for folder in cpu if (quota := cpu_quota(folder)) is not None), default=None),
        pids=pids_most,
        pids_now=pids_now,
        oom_kills=max((oom_kills(folder) for folder in memory), default=0),
    )


def version(root: Path) -> int | None:
    if is_there(root / "cgroup.controllers"):
        return 2
    return 1 if is_folder(root / "memory") or is_folder(root / "cpu") else None


def own_groups(own: Path) -> dict[str, str]:
    """The group of this process by controller; that of version 2 under the empty name."""
    lines = (line.split(":", 2) for line in text(own).splitlines())
    known = (words for words in lines if len(words) == 3)
    return {name: path for _, names, path in known for name in names.split(",")}


def folders(root: Path, places: dict[str, str], kind: str) -> Iterator[Path]:
    """The folders of the process's group and of its parents, own first. In a container the root is its own group."""
    for base, name in ((root / kind, kind), (root, "")):
        if name == "" and version(root) != 2:
            continue
        group = Path(base, *[part for part in places.get(name, "/").split("/") if part not in ("", "..")])
        while group != base:
            yield group
            group = group.parent
        yield base


def smallest(groups: list[Path], *names: str) -> int | None:
    """The smallest limit of a group and its parents: all of them count."""
    said = [number(group / name) for group in groups for name in names]
    return min((limit for limit in said if limit is not None and limit < UNLIMITED), default=None)


def tightest(groups: list[Path]) -> tuple[int | None, int | None]:
    """Of the limits of processes the one of which least is left, and what is used of it: a parent counts its other children too."""
    limits = [
        (most, number(g / "pids.current")) for g in groups if (most := number(g / "pids.max")) is not None
    ]
    counted = [(most - now, most, now) for most, now in limits if now is not None]
    if counted:
        _, most, now = min(counted)
        return most, now
    return min((most for most, _ in limits), default=None), None


def cpu_quota(folder: Path) -> float | None:
    """Processors that a group may use: `cpu.max` of version 2, the two files of version 1."""
    words = text(folder / "cpu.max").split()
    words = words or [text(folder / "cpu.cfs_quota_us"), text(folder / "cpu.cfs_period_us")]
    if len(words) == 2 and words[0].isdecimal() and words[1].isdecimal() and int(words[1]):
        return int(words[0]) / int(words[1])
    return None


def oom_kills(folder: Path) -> int:
    """Processes that the kernel killed in this group for want of memory."""
    said = text(folder / "memory.events") or text(folder / "memory.oom_control")
    return counter(said, "oom_kill")


def counter(said: str, name: str) -> int:
    """One number of a file that has `name number` lines."""
    pairs = (line.split() for line in said.splitlines())
    return next((int(p[1]) for p in pairs if len(p) == 2 and p[0] == name and p[1].isdecimal()), 0)


def number(path: Path) -> int | None:
    said = text(path)
    return int(said) if said.isdecimal() else None


def text(path: Path) -> str:
    """A small file of the kernel; empty when it is not there or not to be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
