"""Does the environment hold exactly what the profile's lock pins?"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from doctor.catalogue import found
from doctor.checks.packages.needs import some
from doctor.facts import Packages
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.goal.lockfile import lock_path


def lock(packages: Packages, goal: Goal) -> Iterator[Finding]:
    wanted = packages.wanted
    if not wanted:
        path = str(lock_path(goal.profile.name, goal.python))
        yield found("packages", "packages-not-locked", profile=goal.profile.name, path=path)
    missing = [f"{name} {version}" for name, version in wanted.items() if name not in packages.installed]
    other = [
        f"{name} {packages.installed[name]} ≠ {version}"
        for name, version in wanted.items()
        if name in packages.installed and _differs(packages.installed[name], version)
    ]
    if missing:
        yield found("packages", "packages-missing", count=len(missing), names=some(missing))
    if other:
        yield found("packages", "packages-other-version", count=len(other), names=some(other))


def _differs(installed: str, wanted: str) -> bool:
    return not installed or Version(installed) != Version(wanted)
