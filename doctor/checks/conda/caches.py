"""Have conda's package caches room, can they be written, are they whole, and does somebody hold them?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.conda.weight import is_used, weighed
from doctor.facts import Conda, CondaLock, PackageCache, Unknown
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import Text, human_bytes

LEAST_BYTES = 300_000_000  # a Python alone takes half of that, packed and unpacked
LEAST_INODES = 2_000
LONG = 60  # minutes; no install takes so long without asking something


def check(conda: Conda, goal: Goal) -> Iterator[Finding]:
    if not conda.caches or not is_used(conda, goal):
        return
    first = next((cache for cache in conda.caches if cache.writable), None)
    if first is None:
        severity = weighed("fail", conda, goal)
        yield found(
            "conda", "conda-pkgs-not-writable", severity=severity, paths=[c.path for c in conda.caches]
        )
    elif _is_full(first):
        severity = weighed("fail", conda, goal)
        yield found("conda", "conda-pkgs-no-space", severity=severity, path=first.path, room=_room(first))
    for cache in conda.caches:
        if cache.corrupt:
            package, wrong = cache.corrupt[0]
            packages = [name for name, _ in cache.corrupt]
            yield found(
                "conda",
                "conda-pkgs-corrupt",
                path=cache.path,
                packages=packages,
                package=package,
                wrong=wrong,
            )
    locks = () if isinstance(conda.locks, Unknown) else conda.locks
    for lock in {lock.pid: lock for lock in locks}.values():
        yield _held(lock)


def _is_full(cache: PackageCache) -> bool:
    inodes = cache.free_inodes
    return cache.free_bytes < LEAST_BYTES or (inodes is not None and inodes < LEAST_INODES)


def _room(cache: PackageCache) -> Text:
    size = human_bytes(cache.free_bytes)
    inodes = "-" if cache.free_inodes is None else str(cache.free_inodes)
    return Text(f"{size} free, {inodes} inodes free", f"剩余 {size}，剩余 inode {inodes}")


def _held(lock: CondaLock) -> Finding:
    """An install at work is nothing to complain of; one that is stopped, or hangs, lets nobody else in."""
    return found(
        "conda",
        "conda-lock-held",
        severity="warn" if lock.stopped or lock.minutes >= LONG else "info",
        pid=lock.pid,
        command=lock.command,
        path=lock.path,
        minutes=lock.minutes,
    )
