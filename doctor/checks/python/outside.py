"""Settings and folders outside the environment that Python takes packages from before it."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.utils import canonicalize_name

from doctor.catalogue import found
from doctor.facts import Facts, Packages, Python, Shadow
from doctor.finding import Finding, Severity
from doctor.goal import Goal

DISTRIBUTIONS = {"sklearn": "scikit-learn", "PIL": "pillow", "yaml": "pyyaml"}


def outside(python: Python, facts: Facts, goal: Goal) -> Iterator[Finding]:
    installed = facts.packages.installed if isinstance(facts.packages, Packages) else {}
    # JupyterLab and the programs that we start are kept from both; the person's own terminal is not.
    severity: Severity = "fail" if goal.foreign else "warn"
    if python.pythonhome:
        yield found("python", "pythonhome-set", home=python.pythonhome, base=python.base or "?")
    ahead = {shadow.path: said for shadow in python.pythonpath if (said := _others(shadow, installed))}
    if ahead:
        names = [name for said in ahead.values() for name in said]
        yield found("python", "pythonpath-shadow", severity=severity, paths=list(ahead), names=names)
    user = python.user_site
    # A system's own Python has nowhere else to put what its users install.
    if user and python.kind != "system" and (said := _both(user, installed)):
        yield found("python", "user-site-shadows-env", severity=severity, path=user.path, names=said)


def _others(shadow: Shadow, installed: dict[str, str]) -> list[str]:
    """What a folder holds in another version than the environment, or instead of it."""
    return [
        f"{module} {version}".strip()
        for module, version in shadow.holds.items()
        if not version or installed.get(_distribution(module)) != version
    ]


def _both(shadow: Shadow, installed: dict[str, str]) -> list[str]:
    """What lies there and in the environment too, in different versions."""
    return [
        f"{module} {version or '?'} ≠ {installed[_distribution(module)]}"
        for module, version in shadow.holds.items()
        if _distribution(module) in installed and installed[_distribution(module)] != version
    ]


def _distribution(module: str) -> str:
    return DISTRIBUTIONS.get(module) or canonicalize_name(module)
