"""Locks of the cache that somebody really holds: the files stay behind for ever and say nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from doctor.facts import Unknown
from doctor.facts.host import Program
from doctor.facts.hub import HeldLock
from doctor.probes.listing import shown
from doctor.probes.locks import holder, holders, state
from doctor.probes.patience import PATIENCE, start

FILES, NAMED = 4000, 8


def begin(hub: Path) -> Callable[[], tuple[HeldLock, ...]]:
    """Find the lock files. What is returned is to be called when all else has been looked at: the kernel takes 15 ms for
    its table of locks."""
    paths = list(islice((hub / ".locks").glob("*/*.lock"), FILES))
    if not paths:
        return tuple  # none
    table = start(holders)

    def held() -> tuple[HeldLock, ...]:
        known = table(PATIENCE)
        if isinstance(known, Unknown):
            return ()
        programs = ((path, holder(path, known)) for path in paths)
        return tuple(_held(hub, path, program) for path, program in programs if program)[:NAMED]

    return held


def _held(hub: Path, path: Path, program: Program) -> HeldLock:
    under_way = list((hub / path.parent.name / "blobs").glob("*.incomplete"))
    newest = max((_modified(one) for one in [*under_way, path]), default=0.0)
    return HeldLock(
        path=shown(path),
        pid=program.pid,
        name=program.name,
        stopped=state(program.pid) in ("T", "t", "Z"),
        idle_seconds=round(max(0.0, time.time() - newest)),
    )


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
