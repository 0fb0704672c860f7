"""The last smoke test's report, and a fingerprint of what it would test now."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from doctor.facts import Smoke, SmokeTask, Unknown
from doctor.goal import Goal
from doctor.goal.lockfile import lock_path, pins, torch_lock_path
from doctor.goal.model_sets import profile_models
from doctor.goal.target import site_packages
from doctor.probes.hub import cached_models
from doctor.probes.patience import within
from doctor.reading.peek import peek

PATIENCE = 5.0  # seconds for the fingerprint, which reads a few hundred names


class Report(msgspec.Struct, frozen=True):
    """The part of the smoke test's JSON that judging needs."""

    tasks: tuple[SmokeTask, ...] = ()
    taken_at: str | None = None
    fingerprint: str | None = None


def probe(goal: Goal) -> Smoke:
    report, now = read_report(goal), within(fingerprint, goal, seconds=PATIENCE)
    # A disk that does not answer says nothing of what has changed.
    current = (report.fingerprint or "") if isinstance(now, Unknown) else now
    return Smoke(taken_at=report.taken_at, proved=report.fingerprint, current=current, tasks=report.tasks)


def report_path(goal: Goal) -> Path:
    return Path(goal.home) / "smoke" / f"{goal.env_name}.json"


def read_report(goal: Goal) -> Report:
    try:
        return msgspec.json.decode(peek(report_path(goal)) or b"", type=Report)
    except ValueError:
        return Report()


def fingerprint(goal: Goal) -> str:
    """Hash of all that the result depends on: interpreter, distributions, models, the tasks and the test.

    A report whose fingerprint differs proves nothing about this environment.
    """
    parts = [goal.interpreter, goal.profile.name, *(f"{t.task} {t.model}" for t in goal.profile.smoke)]
    parts += sorted(info.name for info in site_packages(goal).glob("*.dist-info") if _proved(info, goal))
    whole = msgspec.structs.replace(goal, models=profile_models(goal.profile))
    parts += [f"{model.id} {model.revision} {model.state == 'complete'}" for model in cached_models(whole)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _proved(info: Path, goal: Goal) -> bool:
    """Whether the result depends on a distribution: on those of the locks, not on what a student added."""
    locked = _locked(goal.profile.name, goal.python)
    return not locked or canonicalize_name(info.name.partition("-")[0]) in locked


@cache
def _locked(profile: str, python: str) -> frozenset[str]:
    locks = (lock_path(profile, python), torch_lock_path(profile, python))
    return frozenset(name for lock in locks for name in pins(lock, python))
