"""Has this very environment been proved, and did all pipelines pass?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Facts, Smoke
from doctor.finding import Finding
from doctor.goal import Goal


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    smoke = facts.smoke
    assert isinstance(smoke, Smoke)
    if goal.foreign:
        return  # nobody promised to prove an environment of the person's own
    failed = [task.task for task in smoke.tasks if task.status == "fail"]
    if smoke.proved != smoke.current:
        yield found("smoke", "smoke-not-proved", taken_at=smoke.taken_at or "-")
    elif failed:
        yield found("smoke", "smoke-failed", count=len(failed), names=failed)
