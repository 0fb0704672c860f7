"""Is there room where setup and the programs have to write, and may they?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.disk import cache, places, room
from doctor.checks.disk.room import CPU_ENVIRONMENT_BYTES, CUDA_ENVIRONMENT_BYTES, FEW_INODES, TOOL_BYTES
from doctor.facts import Disk, Facts, Host, Hub, Packages
from doctor.facts.hub import Cache
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import human_bytes

__all__ = ["CPU_ENVIRONMENT_BYTES", "CUDA_ENVIRONMENT_BYTES", "FEW_INODES", "TOOL_BYTES", "check"]

LEFT, FULL, FILES_LEFT = 500_000_000, 20_000_000, 1_000  # of a quota: less is soon used, or is used up
SLOW = 20_000_000  # bytes a second; a spinning disk reads five times that


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    disk = facts.disk
    assert isinstance(disk, Disk)
    yield from _silent(disk)
    yield from _failing(facts)
    yield from places.check(disk, goal, wsl=isinstance(facts.host, Host) and facts.host.wsl is not None)
    yield from room.check(disk, facts, goal)
    yield from cache.check(disk, facts, goal)
    yield from _quotas(disk)
    yield from _slow(disk, goal)


def _silent(disk: Disk) -> Iterator[Finding]:
    if disk.silent:
        first = disk.silent[0]
        paths = tuple(dict.fromkeys(one.path for one in disk.silent))
        yield found(
            "disk",
            "disk-not-answering",
            path=first.path,
            paths=paths,
            filesystem=first.filesystem,
            said=first.reason,
        )


def _quotas(disk: Disk) -> Iterator[Finding]:
    for one in disk.quotas:
        bytes_left = one.most - one.used if one.most else LEFT
        files_left = one.files_most - one.files if one.files_most else FILES_LEFT
        if bytes_left < LEFT or files_left < FILES_LEFT:
            full = bytes_left < FULL or files_left < 1
            yield found(
                "disk",
                "quota-full",
                severity="fail" if full else "warn",
                mount=one.mount,
                used=human_bytes(one.used),
                most=human_bytes(one.most) if one.most else "-",
                files=one.files,
                files_most=one.files_most or "-",
            )
            return


def _failing(facts: Facts) -> Iterator[Finding]:
    """Met by whoever read the files: nothing is read only to find out."""
    packages = facts.packages.failing if isinstance(facts.packages, Packages) else ()
    paths = [f"{facts.packages.site}/{path}" for path in packages]  # type: ignore[union-attr]
    seen = facts.hub.seen if isinstance(facts.hub, Hub) else None
    if isinstance(seen, Cache):
        paths += [one.path for one in (*seen.bad_files, *seen.bad_texts) if one.kind == "failing"]
        paths += [path for damage in seen.damage for path in damage.failing]
    if paths:
        yield found("disk", "disk-read-error", path=paths[0], paths=paths[:5], count=len(paths))


def _slow(disk: Disk, goal: Goal) -> Iterator[Finding]:
    speed = disk.read_bytes_per_second
    if isinstance(speed, float) and speed < SLOW:
        yield found("disk", "disk-slow", path=goal.cache, speed=human_bytes(speed))
