"""Checks: one module an area, each with `check(facts, goal)`. Pure: no file, no process, no socket, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module

from doctor.facts import AREAS, Facts, Unknown
from doctor.finding import Finding, settle
from doctor.goal import Goal
from doctor.probes import NOT_ASKED
from doctor.text import Text, both


def judge(facts: Facts, goal: Goal, areas: Sequence[str] = AREAS) -> tuple[Finding, ...]:
    """All findings of the areas that were asked, in the order of the areas, consequences marked as such."""
    return settle(
        tuple(finding for area in AREAS if area in areas for finding in _judge_area(area, facts, goal))
    )


def _judge_area(area: str, facts: Facts, goal: Goal) -> Iterator[Finding]:
    said = getattr(facts, area)
    if not isinstance(said, Unknown):
        yield from import_module(f"doctor.checks.{area}").check(facts, goal)
    elif said != NOT_ASKED:
        yield _could_not_tell(area, said)


def _could_not_tell(area: str, said: Unknown) -> Finding:
    return Finding(
        id=f"{area}-unknown",
        area=area,
        severity="unknown",
        title=Text(f"could not look at: {area}", f"无法检查：{area}"),
        evidence=both(said.reason),
        cause=Text("the probe gave no answer", "探测没有得到结果"),
    )
