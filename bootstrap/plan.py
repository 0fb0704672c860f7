"""The plan: the steps that findings ask for, in order, with reasons and costs. Making it changes nothing."""

from __future__ import annotations

import difflib

import msgspec

from bootstrap.step import ORDER, Cost, load
from doctor.errors import bad_input
from doctor.facts import Facts
from doctor.finding import Finding, due_steps
from doctor.goal import Goal
from doctor.text import Text


class Planned(msgspec.Struct, frozen=True):
    """One step of the plan."""

    name: str
    title: Text
    reasons: tuple[str, ...]  # finding ids
    changes: tuple[Text, ...]
    cost: Cost
    after: tuple[str, ...]
    waits: tuple[str, ...]


def make_plan(
    findings: tuple[Finding, ...],
    facts: Facts,
    goal: Goal,
    *,
    only: str | None = None,
    start: str | None = None,
    also: tuple[str, ...] = (),
) -> tuple[Planned, ...]:
    """The due steps and those of `also`. `only` and `start` narrow them to some, or to one and those behind it."""
    due = due_steps(findings) | set(also)
    wanted = _narrow(only, start)
    names = [name for name in ORDER if name in due and name in wanted]
    return tuple(_planned(name, names, findings, facts, goal) for name in names)


def _narrow(only: str | None, start: str | None) -> tuple[str, ...]:
    if only is not None:
        return tuple(_known(name.strip()) for name in only.split(","))
    return ORDER[ORDER.index(_known(start)) :] if start is not None else ORDER


def _known(name: str) -> str:
    if name in ORDER:
        return name
    near = difflib.get_close_matches(name, ORDER, n=1)
    en = f" Did you mean {near[0]}?" if near else ""
    zh = f"是否想用 {near[0]}？" if near else ""
    raise bad_input(
        f"unknown step {name!r}.{en} Steps: {', '.join(ORDER)}.",
        f"没有步骤 {name!r}。{zh}步骤有：{', '.join(ORDER)}。",
    )


def _planned(name: str, names: list[str], findings: tuple[Finding, ...], facts: Facts, goal: Goal) -> Planned:
    step = load(name)
    return Planned(
        name=name,
        title=step.TITLE,
        reasons=tuple(finding.id for finding in findings if finding.remedy.step == name),
        changes=step.changes(facts, goal),
        cost=step.cost(facts, goal),
        after=tuple(other for other in step.AFTER if other in names),
        waits=tuple(other for other in step.WAITS if other.partition(":")[0] in names),
    )


def total(plan: tuple[Planned, ...]) -> Cost:
    return Cost(sum(p.cost.bytes for p in plan), sum(p.cost.seconds for p in plan))
