"""Disk: for each folder that setup writes to, the mount that carries it and what is free there."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from doctor.facts import Disk, Place
from doctor.goal import Goal


def probe(goal: Goal) -> Disk:
    wanted = (("home", goal.home), ("environment", goal.prefix), ("cache", goal.cache))
    return Disk(tuple(place(role, Path(path)) for role, path in wanted))


def place(role: str, path: Path) -> Place:
    """What is known of the mount below `path`, which need not exist yet."""
    existing = next(p for p in (path, *path.parents) if p.exists())
    stat = os.statvfs(existing)
    mount, filesystem = mount_of(existing)
    return Place(
        role=role,
        path=str(path),
        mount=mount,
        filesystem=filesystem,
        free_bytes=stat.f_bavail * stat.f_frsize,
        total_bytes=stat.f_blocks * stat.f_frsize,
        free_inodes=stat.f_favail if stat.f_files else None,
        writable=os.access(existing, os.W_OK | os.X_OK) and not stat.f_flag & os.ST_RDONLY,
    )


def mount_of(path: Path) -> tuple[str, str]:
    """Mount point and filesystem type that carry an existing path."""
    real = path.resolve()
    mounts = {part.mountpoint: part.fstype for part in psutil.disk_partitions(all=True)}
    point = next((str(p) for p in (real, *real.parents) if str(p) in mounts), "/")
    return point, mounts.get(point, "unknown")
