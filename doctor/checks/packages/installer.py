"""Is the environment's pip one that knows the wheels of today?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.packages.needs import pip
from doctor.facts import Packages
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.release import before

# What each release of pip learnt to take: without it the wheel is "not supported", and its source is compiled.
LEARNT = (("19.0", "manylinux2010"), ("19.3", "manylinux2014"), ("20.3", "manylinux_2_17 (PEP 600)"))


def installer(packages: Packages, goal: Goal) -> Iterator[Finding]:
    """Of Debian's own Pythons pip lies beside the packages of the person."""
    version = {**packages.elsewhere, **packages.installed}.get("pip")
    if not goal.foreign or version is None:
        return
    unknown = [tag for floor, tag in LEARNT if before(version, floor)]
    if unknown:
        yield found(
            "packages",
            "pip-too-old",
            severity="warn" if len(unknown) > 1 else "info",
            commands=(pip(goal, "install", "--upgrade", "pip"),),
            version=version,
            tags=unknown,
        )
