"""Probes: one module an area, each with `probe(goal)`. They ask and never judge.

All start at once; one that hangs costs its deadline, one that crashes is a fact ("could not tell"). A probe that leaves a
part of its work to another process has `begin(goal)` as well: the rest, to be called when the others have been asked.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial, reduce
from importlib import import_module
from operator import or_
from pathlib import Path
from typing import Any, cast

from doctor import facts
from doctor.facts import AREAS, Facts, Unknown
from doctor.goal import Goal
from doctor.probes import apart, once
from doctor.probes import threads as workers
from doctor.redact import redacted, secrets_here

DEADLINE = 20.0  # seconds for all areas together; what a single area may take is its own matter
DEEP_DEADLINE = 150.0  # where it may take its time
LARGE = ("packages", "torch")  # most of the work by far, and both read the same files
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
    large = tuple(area for area in LARGE if area in areas)
    hear = _start_apart(large, goal, seconds) if large and len(areas) > 1 else None  # before any thread
    threads = [_start(large, answers, partial(_hear, large, hear))] if hear else []
    left = [area for area in areas if not (hear and area in large)]
    for area in sorted(left, key=lambda area: not _waits(area, goal)):
        threads.append(_start((area,), answers, partial(_ask_all, (area,), goal)))
        if thread := threads[-1]:
            thread.join(0 if _waits(area, goal) else TURN)
    known = secrets_here()
    meanwhile()
    for thread in filter(None, threads):
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


def _start_apart(areas: Sequence[str], goal: Goal, seconds: float) -> apart.Waiting | None:
    """On another processor, while the others are asked on this one; None where there is no second one."""
    if not apart.possible():
        return None
    with suppress(Exception):  # told by the probe that needs it
        import_module("doctor.probes.packages")  # once, for most of them
    kind = dict[str, _kind(areas)]  # type: ignore[misc, valid-type]
    return apart.start(" and ".join(areas), partial(_ask_apart, areas, goal), seconds, kind)


def _kind(areas: Sequence[str]) -> Any:
    """What an answer of theirs may be."""
    return reduce(or_, (getattr(facts, area.capitalize()) for area in areas), Unknown)


def _hear(areas: Sequence[str], hear: apart.Waiting) -> dict[str, Any]:
    said = hear()
    return dict.fromkeys(areas, said) if isinstance(said, Unknown) else said


def _start(
    areas: Sequence[str], answers: dict[str, Any], ask: Callable[[], dict[str, Any]]
) -> threading.Thread | None:
    return workers.start(lambda: answers.update(ask()), f"probe-{'-'.join(areas)}")


def _ask_apart(areas: Sequence[str], goal: Goal) -> dict[str, Any]:
    once.keep()
    return _ask_all(areas, goal)


def _ask_all(areas: Sequence[str], goal: Goal) -> dict[str, Any]:
    """The answers of areas that one process or one thread asks, all begun before the first is waited for."""
    begun = {area: _try(area, partial(_begin, area, goal)) for area in areas}
    return {area: rest if isinstance(rest, Unknown) else _try(area, rest) for area, rest in begun.items()}


def _begin(area: str, goal: Goal) -> Callable[[], Any]:
    module = import_module(f"doctor.probes.{area}")
    if hasattr(module, "begin"):
        return cast("Callable[[], Any]", module.begin(goal))
    answer = module.probe(goal)
    return lambda: answer


def _try(area: str, ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Exception:  # a crashed probe is a result, never the end of the run
        return Unknown(f"the {area} probe crashed: {short_traceback()}")
