"""Probes: one module an area, each with `probe(goal)`. They ask and never judge.

All start at once; one that hangs costs its deadline, one that crashes is a fact ("could not tell").
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from doctor import facts
from doctor.facts import AREAS, Facts, Unknown
from doctor.goal import Goal
from doctor.probes import apart
from doctor.redact import redacted, secrets_here

DEADLINE = 20.0  # seconds for all areas together; what a single area may take is its own matter
DEEP_DEADLINE = 150.0  # where it may take its time
AHEAD = ("ffmpeg",)  # a program that takes a while to start, and needs nothing of ours meanwhile
LARGE = ("packages", "torch")  # most of the work by far
# Seconds that the others have for themselves before the next one starts too: each question to the kernel gives the
# interpreter away, and threads that all ask many wait for each other at every one.
TURN = 0.05
NOT_ASKED = Unknown("not asked")


def gather(
    goal: Goal,
    areas: Sequence[str] = AREAS,
    seconds: float = DEADLINE,
    meanwhile: Callable[[], None] = lambda: None,
) -> Facts:
    """Facts of the given areas. The others are Unknown("not asked"). `meanwhile` is done while they are awaited."""
    answers: dict[str, Any] = {}
    until = time.monotonic() + seconds
    elsewhere = _start_apart(goal, areas, seconds)  # before any thread
    first = [area for area in areas if area in elsewhere or _waits(area, goal)]
    threads = [_start(area, goal, answers, elsewhere.get(area)) for area in first]
    for area in areas:
        if area not in first:
            threads.append(_start(area, goal, answers))
            threads[-1].join(TURN)
    known = secrets_here()
    meanwhile()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    late = Unknown(f"no answer within {seconds:.0f} s")
    asked = {area: answers.get(area, late) for area in areas}
    taken_at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return redacted(Facts(taken_at=taken_at, **_all(asked)), goal, known=known)


def short_traceback() -> str:
    """The error being handled, with the places in our code that it came through: enough to report it."""
    import traceback  # nothing crashes, as a rule

    kind, error, trace = sys.exc_info()
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(trace)[-4:]]
    return f"{kind.__name__ if kind else ''}: {error} ({' > '.join(places)})"


def _all(asked: dict[str, Any]) -> dict[str, Any]:
    return {area: asked.get(area, NOT_ASKED) for area in AREAS}


def _waits(area: str, goal: Goal) -> bool:
    """Whether an area waits for others, and takes no processor from anybody meanwhile."""
    return area in ("ffmpeg", "python") or (area == "network" and not goal.offline)


def _start_apart(goal: Goal, areas: Sequence[str], seconds: float) -> dict[str, apart.Waiting]:
    """What uses another processor, where there are other areas to do meanwhile."""
    if len(areas) < 2 or not apart.possible():
        return {}
    started: dict[str, apart.Waiting | None] = {}
    for area in (one for one in (*AHEAD, *LARGE) if one in areas):
        if area in LARGE:
            with suppress(Exception):  # told by the probe that needs it
                import_module("doctor.probes.packages")  # once, for most of them
        kind = getattr(facts, area.capitalize())
        started[area] = apart.start(area, partial(_ask, area, goal), seconds, kind)
    return {area: waiting for area, waiting in started.items() if waiting}


def _start(
    area: str, goal: Goal, answers: dict[str, Any], elsewhere: apart.Waiting | None = None
) -> threading.Thread:
    def answer() -> None:
        answers[area] = elsewhere() if elsewhere else _ask(area, goal)

    # Daemon threads: a probe stuck in the kernel must not keep the process from ending.
    thread = threading.Thread(target=answer, name=f"probe-{area}", daemon=True)
    thread.start()
    return thread


def _ask(area: str, goal: Goal) -> Any:
    try:
        return import_module(f"doctor.probes.{area}").probe(goal)
    except Exception:  # a crashed probe is a result, never the end of the run
        return Unknown(f"the {area} probe crashed: {short_traceback()}")
