"""Is the environment there, whole, of the wanted Python, and does nothing outside of it come between?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from doctor.catalogue import found
from doctor.checks.python.base import base, venv_package
from doctor.checks.python.commands import commands_astray, gone_active, search_path
from doctor.checks.python.outside import outside
from doctor.checks.python.startup import inserted, stopped, whole
from doctor.checks.python.version import headers, version
from doctor.facts import Facts, Packages, Python
from doctor.finding import Finding
from doctor.goal import Goal


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    python = facts.python
    assert isinstance(python, Python)
    yield from outside(python, facts, goal)  # an interpreter that does not start may owe it to PYTHONHOME
    yield from gone_active(python)
    yield from stopped(python, goal)
    yield from base(python, facts, goal)
    if not python.entered:
        yield _not_entered(python)
        return
    if python.version is None or python.state != "complete":
        yield from _not_usable(python, goal)
        return
    yield from version(python, facts, goal)
    yield from headers(python, facts)
    yield from whole(python, goal)
    yield from inserted(python, facts, goal)
    yield from commands_astray(python, facts)
    yield from search_path(python, facts)
    if goal.system and python.externally_managed:
        yield _externally_managed(python, facts)
    elif goal.foreign and not python.pip and python.maker != "uv":
        yield found("python", "pip-missing", interpreter=goal.interpreter)


def _not_entered(python: Python) -> Finding:
    """venv writes the missing file again, and leaves what is there."""
    python3 = f"{python.base}/bin/python{'.'.join(str(python.version).split('.')[:2])}"
    return found(
        "python",
        "environment-config-gone",
        commands=((python3, "-m", "venv", "--without-pip", python.prefix),),
        prefix=python.prefix,
        base=python.base or "?",
    )


def _not_usable(python: Python, goal: Goal) -> Iterator[Finding]:
    if python.refusal and not python.unfinished:
        yield _broken(python, goal)
    elif python.state == "absent":
        yield found("python", "environment-missing", prefix=python.prefix)
    elif python.state == "half":
        yield found("python", "environment-half-made", prefix=python.prefix)
    elif python.state == "foreign":
        yield found("python", "environment-foreign", prefix=python.prefix)


def _broken(python: Python, goal: Goal) -> Finding:
    """Our own is made anew by its step; the person's is left as it is."""
    finding = found(
        "python",
        "interpreter-broken",
        commands=None if goal.foreign else (("make", "fix"),),
        prefix=python.prefix,
        said=str(python.refusal),
        base=python.base or "?",
    )
    if not goal.foreign:
        return finding
    return msgspec.structs.replace(finding, remedy=msgspec.structs.replace(finding.remedy, step=None))


def _externally_managed(python: Python, facts: Facts) -> Finding:
    """Nobody can install into it: bad where the course is not in it yet, worth knowing where it is."""
    there = isinstance(facts.packages, Packages) and "transformers" in facts.packages.installed
    return found(
        "python",
        "externally-managed",
        severity="info" if there else "fail",
        commands=None
        if python.ensurepip
        else (
            ("apt-get", "install", "-y", venv_package(python)),
            (python.interpreter or "python3", "-m", "venv", "hf-env"),
        ),
        file=str(python.externally_managed),
        interpreter=python.interpreter or "python3",
    )
