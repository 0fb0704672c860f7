"""Conda: is the install that is wanted whole and ours to use, and does the person's own conda work?

How much a fault of conda weighs depends on who needs it: an environment of the person's that conda made needs all of it,
one that setup made needs none of the person's settings, and where another manager is used it is worth knowing at most.
"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.checks.conda import caches, environment, installs, person, settings, shell
from doctor.facts import Conda, Facts
from doctor.finding import Finding
from doctor.goal import Goal


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    conda = facts.conda
    assert isinstance(conda, Conda)
    yield from installs.check(facts, conda, goal)
    yield from settings.check(facts, conda, goal)
    yield from shell.check(facts, conda, goal)
    yield from environment.check(facts, conda, goal)
    yield from caches.check(conda, goal)
    yield from person.check(facts, conda, goal)
