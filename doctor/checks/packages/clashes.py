"""Releases that go wrong beside each other, and whose metadata does not say so: the table of pairs, and the classic notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from doctor.checks.packages.needs import course, mended, pip
from doctor.facts import Packages
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.pairs import PAIRS, Pair, met

# Extensions of the classic notebook that import what notebook 7 no longer has; no release of theirs does without.
OF_CLASSIC_SERVERS = (
    "jupyter-contrib-nbextensions",
    "jupyter-nbextensions-configurator",
    "jupyter-contrib-core",
)
# Import works, and only what is named here runs into it: nobody needs it who does not train, or draw.
LATE = frozenset({("transformers", "accelerate"), ("seaborn", "pandas"), ("trl", "transformers")})


def clashes(packages: Packages) -> Iterator[Pair]:
    """The pairs that are installed."""
    return (pair for pair in PAIRS if met(pair, packages.installed))


def told(packages: Packages, goal: Goal) -> Iterator[Finding]:
    for pair in islice(clashes(packages), 1):
        name, other = pair.package, pair.other
        core = course(packages, goal)
        yield mended(
            "releases-do-not-fit",
            goal,
            None,
            *(pip(goal, "install", *words) for words in pair.ways),
            severity="fail" if name in core and (name, other) not in LATE else "warn",
            package=f"{name} {packages.installed[name]}",
            other=f"{other} {packages.installed[other]}",
            what=pair.what,
        )


def of_classic(installed: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the names that are installed beside a notebook that has no place for them."""
    major = installed.get("notebook", "").partition(".")[0]
    new = major.isdecimal() and int(major) >= 7
    return tuple(name for name in names if new and name in installed)
