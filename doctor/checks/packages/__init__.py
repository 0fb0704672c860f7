"""Do the distributions of the environment fit together, are their files there, and does the person's code fit them?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.checks.packages.code import code
from doctor.checks.packages.damage import damage
from doctor.checks.packages.installer import installer
from doctor.checks.packages.lock import lock
from doctor.checks.packages.names import names
from doctor.checks.packages.needs import usable
from doctor.checks.packages.origin import origin
from doctor.checks.packages.pairs import pairs
from doctor.checks.packages.requirements import requirements
from doctor.checks.packages.sound import sound
from doctor.facts import Facts, Packages, Python
from doctor.finding import Finding
from doctor.goal import Goal


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    packages = facts.packages
    assert isinstance(packages, Packages)
    for finding in _all(packages, facts, goal):
        yield usable(finding, packages, goal)


def _all(packages: Packages, facts: Facts, goal: Goal) -> Iterator[Finding]:
    if not goal.foreign:
        yield from lock(packages, goal)
    yield from damage(packages, goal)
    yield from origin(packages, goal)
    yield from requirements(packages, facts, goal)
    yield from pairs(packages, facts, goal)
    yield from names(packages, goal)
    yield from installer(packages, goal)
    yield from sound(packages, goal)
    yield from code(packages, goal)
    if packages.tried:
        from doctor.checks.packages.tried import tried  # reads texts, which nobody else here does

        yield from tried(packages, facts.python if isinstance(facts.python, Python) else None, goal)
