"""The hub check: speaks of missing models, and only of those that are wanted."""

from __future__ import annotations

from typing import Literal

import msgspec

from doctor.checks.hub import check
from doctor.facts import AREAS, CachedModel, Facts, Hub, Unknown
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.goal.model_sets import load_manifest

State = Literal["complete", "partial", "absent"]


def judge(goal: Goal, *states: State) -> list[Finding]:
    """What the check says of a cache in which the goal's first models are in these states."""
    models = tuple(
        CachedModel(
            id=want.id,
            revision=want.revision,
            state=state,
            missing_bytes=0 if state == "complete" else 1_000_000_000,
            cached_bytes=0,
        )
        for want, state in zip(load_manifest("lecture-1").model, states, strict=False)
    )
    others = dict.fromkeys(AREAS, Unknown("not asked")) | {
        "hub": Hub(endpoint=None, cache="/data/hf", models=models)
    }
    return list(check(Facts(taken_at="", **others), goal))  # type: ignore[arg-type]


def first(goal: Goal, count: int) -> Goal:
    return msgspec.structs.replace(goal, models=goal.models[:count])


def test_silent_when_all_are_there(goal: Goal) -> None:
    assert judge(first(goal, 2), "complete", "complete") == []


def test_silent_when_none_is_wanted(goal: Goal) -> None:
    assert judge(first(goal, 0)) == []


def test_counts_models_and_bytes_and_names_the_step(goal: Goal) -> None:
    (finding,) = judge(first(goal, 3), "complete", "partial", "absent")
    assert (finding.id, finding.severity, finding.remedy.step) == ("models-missing", "warn", "models")
    assert finding.title.en.startswith("2 of 3 ") and "2" in finding.title.zh
    assert (
        "2.0 GB" in finding.evidence.en
        and "/data/hf" in finding.evidence.en
        and "1 of them partly" in finding.evidence.en
    )
    assert finding.remedy.commands == (("make", "models"),)


def test_a_long_list_is_cut(goal: Goal) -> None:
    (finding,) = judge(first(goal, 6), "absent", "absent", "absent", "absent", "absent", "absent")
    assert finding.evidence.en.endswith("and 2 more")


def test_models_that_are_not_wanted_any_more_are_not_spoken_of(goal: Goal) -> None:
    (finding,) = judge(first(goal, 1), "absent", "absent")
    assert finding.title.en.startswith("1 of 1 ")
    assert goal.models[1].id not in finding.evidence.en
