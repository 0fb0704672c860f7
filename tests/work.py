"""What a step is handed, for tests that run one step for real."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from bootstrap.step import Work
from doctor.goal import Goal
from doctor.probes import gather


def make_work(
    goal: Goal,
    secrets: Mapping[str, str] | None = None,
    notes: list[str] | None = None,
    areas: Sequence[str] = ("host",),
) -> Work:
    """Work on `goal` with fresh facts of `areas`; what the step notes in the journal goes into `notes`."""

    def note(event: str, path: str) -> None:
        if notes is not None:
            notes.append(f"{event} {path}")

    log = Path(goal.logs) / "step.log"
    return Work(
        goal,
        lambda: gather(goal, areas),
        log,
        lambda text: None,
        lambda done, total, **more: None,
        note,
        secrets or {},
    )


def make_venv(goal: Goal, uv: str) -> None:
    """An empty environment of the goal's Python, or of any Python here that it allows."""
    subprocess.run([uv, "venv", "--quiet", "--python", goal.python, goal.prefix], check=True, timeout=60)
