"""Probes: one module an area, each with `probe(goal)`. They ask and never judge.

All start at once; one that hangs costs its deadline, one that crashes is a fact ("could not tell").
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import Any

from doctor.facts import AREAS, Facts, Unknown
from doctor.goal import Goal
from doctor.redact import redacted

DEADLINE = 20.0  # seconds for all areas together; what a single area may take is its own matter
DEEP_DEADLINE = 150.0  # where it may take its time
NOT_ASKED = Unknown("not asked")


def gather(goal: Goal, areas: Sequence[str] = AREAS, seconds: float = DEADLINE) -> Facts:
    """Facts of the given areas. The others are Unknown("not asked")."""
    answers: dict[str, Any] = {}
    threads = [(area, _start(area, goal, answers)) for area in areas]
    until = time.monotonic() + seconds
    for _, thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    late = Unknown(f"no answer within {seconds:.0f} s")
    asked = {area: answers.get(area, late) for area in areas}
    taken_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return redacted(Facts(taken_at=taken_at, **_all(asked)), goal)


def short_traceback() -> str:
    """The error being handled, with the places in our code that it came through: enough to report it."""
    kind, error, trace = sys.exc_info()
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(trace)[-4:]]
    return f"{kind.__name__ if kind else ''}: {error} ({' > '.join(places)})"


def _all(asked: dict[str, Any]) -> dict[str, Any]:
    return {area: asked.get(area, NOT_ASKED) for area in AREAS}


def _start(area: str, goal: Goal, answers: dict[str, Any]) -> threading.Thread:
    # Daemon threads: a probe stuck in the kernel must not keep the process from ending.
    thread = threading.Thread(target=_answer, args=(area, goal, answers), name=f"probe-{area}", daemon=True)
    thread.start()
    return thread


def _answer(area: str, goal: Goal, answers: dict[str, Any]) -> None:
    try:
        answers[area] = import_module(f"doctor.probes.{area}").probe(goal)
    except Exception:  # a crashed probe is a result, never the end of the run
        answers[area] = Unknown(f"the {area} probe crashed: {short_traceback()}")
