"""The doctor's own words: gather, judge, tell. Reads, never writes (but the file that --save names)."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from doctor.checks import judge, prepare
from doctor.errors import Exit, bad_input
from doctor.facts import AREAS
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.probes import DEADLINE, DEEP_DEADLINE, gather
from doctor.report.snapshot import Snapshot, read


def pick_areas(names: str | None) -> tuple[str, ...]:
    """The areas to look at. Raises Trouble (exit 2) on a name that is none."""
    wanted = tuple(name.strip() for name in names.split(",")) if names else AREAS
    for name in wanted:
        if name not in AREAS:
            listing = ", ".join(AREAS)
            raise bad_input(
                f"unknown area {name!r}; areas: {listing}", f"没有区域 {name!r}；区域有：{listing}"
            )
    return tuple(area for area in AREAS if area in wanted)


def diagnose(goal: Goal, areas: tuple[str, ...], saved: Path | None) -> tuple[Snapshot, tuple[Finding, ...]]:
    """The machine, live or from a file, and what is wrong with it."""
    if saved:
        snapshot = read(saved)
    else:
        seconds = DEEP_DEADLINE if goal.deep else DEADLINE
        snapshot = Snapshot(goal, gather(goal, areas, seconds, partial(prepare, areas)))
    return snapshot, judge(snapshot.facts, snapshot.goal, areas)


def exit_code(findings: tuple[Finding, ...]) -> Exit:
    return Exit.FAILED if any(f.severity == "fail" for f in findings) else Exit.FINE


def write(path: Path, data: bytes) -> None:
    """Write what the person asked for, whole or not at all. Raises Trouble (exit 2) when it cannot be written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise bad_input(
            f"cannot write {path}: {error.strerror}", f"无法写入 {path}：{error.strerror}"
        ) from error
