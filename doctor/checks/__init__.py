"""Checks: one module an area, each with `check(facts, goal)`. Pure: no file, no process, no socket, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module

import msgspec

from doctor.catalogue import found, with_groups
from doctor.facts import AREAS, Facts, Unknown
from doctor.finding import Finding, settle
from doctor.goal import Goal
from doctor.probes import NOT_ASKED, short_traceback

# What the system says where no process, or no thread, can be had (EAGAIN).
NOT_STARTED = ("Resource temporarily unavailable", "can't start new thread", "[Errno 11]")


def judge(facts: Facts, goal: Goal, areas: Sequence[str] = AREAS) -> tuple[Finding, ...]:
    """All findings of the areas that were asked, in the order of the areas, consequences marked as such."""
    said = (finding for area in AREAS if area in areas for finding in _judge_area(area, facts, goal))
    return settle(tuple(map(_refused, said)))


def _refused(finding: Finding) -> Finding:
    """Whatever was not started because nothing more may be: what limits that is told of by the area host."""
    if finding.area == "host" or not any(words in finding.evidence.en for words in NOT_STARTED):
        return finding
    limits = with_groups(("no-processes",))
    return msgspec.structs.replace(finding, blocked_by=(*finding.blocked_by, *limits))


def prepare(areas: Sequence[str]) -> None:
    """Import the checks of these areas, and read their tables; there is time for it while facts are gathered."""
    for area in areas:
        with suppress(Exception):  # told when it is used
            checks = import_module(f"doctor.checks.{area}")
            getattr(checks, "prepare", bool)()


def _judge_area(area: str, facts: Facts, goal: Goal) -> Iterator[Finding]:
    said = getattr(facts, area)
    if isinstance(said, Unknown):
        if said != NOT_ASKED:
            yield _could_not_tell(area, said.reason)
        return
    try:
        # All of them before any is passed on: half of an area's findings would mislead.
        yield from tuple(import_module(f"doctor.checks.{area}").check(facts, goal))
    except Exception:  # a crashed check is a result, never the end of the run
        yield _could_not_tell(area, f"the {area} check crashed: {short_traceback()}")


def _could_not_tell(area: str, reason: str) -> Finding:
    return found(area, f"{area}-unknown", area_name=area, reason=reason)
