"""Imports that failed when they were tried (--deep). What explains them best is the error's own text, as `explain` reads it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from packaging.utils import canonicalize_name

from doctor.catalogue import entries
from doctor.checks.packages.needs import course, mended, pip
from doctor.facts import Packages, Python
from doctor.facts.packages import Tried
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import Text
from doctor.texts.clues.clue import OF_PIP, distribution
from doctor.texts.match import Match, commands, title
from doctor.texts.search import by_text

SHOWN = 4
# An import that fails is explained by whatever else is broken in these.
EXPLAIN = ("host", "disk", "conda", "python", "packages", "torch")
UNKNOWN = Text(
    "the innermost error is the cause; no sign on the disk told it before",
    "最内层的错误就是原因；磁盘上没有迹象能事先看出",
)


def tried(packages: Packages, python: Python | None, goal: Goal) -> Iterator[Finding]:
    failed = [one for one in packages.tried if not _is_left_out(one, packages)]
    if not failed:
        return
    core = course(packages, goal)
    first = min(failed, key=lambda one: canonicalize_name(distribution(one.module)) not in core)
    name = canonicalize_name(distribution(first.module))
    match = _cause(first, packages, python)
    others = [one.module for one in failed if one != first]
    finding = mended(
        "import-fails",
        goal,
        None,
        *(_typed(match, goal) or (pip(goal, "install", "--upgrade", name),)),
        severity="fail" if name in core else "warn",
        package=f"{name} {packages.installed.get(name, '')}".strip(),
        error=first.chain[-1],
        chain=" ← ".join(first.chain[:SHOWN]),
        others=Text(f"; nor can {', '.join(others[:SHOWN])}", f"；{'、'.join(others[:SHOWN])} 也不能")
        if others
        else Text("", ""),
        why=Text(title(match, "en"), title(match, "zh")) if match else UNKNOWN,
    )
    yield msgspec.structs.replace(finding, blocked_by=_whatever_is_broken())


def _is_left_out(one: Tried, packages: Packages) -> bool:
    """torchvision is left out where no source has the one that belongs to torch: told as such."""
    return "torchvision" not in packages.installed and "No module named 'torchvision'" in one.chain[-1]


def _typed(match: Match | None, goal: Goal) -> tuple[tuple[str, ...], ...]:
    """The commands of what the text says, with this environment's own pip."""
    lines = commands(match) if match else ()
    own = len(OF_PIP) - 1
    return tuple(pip(goal, *line[own:]) if line[: len(OF_PIP)] == OF_PIP else line for line in lines)


def _cause(one: Tried, packages: Packages, python: Python | None) -> Match | None:
    """What the text says, where it says more than where it stopped."""
    version = ".".join((python.version or "").split(".")[:2]) if python else ""
    found = by_text(one.trace, packages.installed, version)
    return next((match for match in found if match.entry.severity in ("fail", "warn")), None)


def _whatever_is_broken() -> tuple[str, ...]:
    return tuple(
        name
        for area in EXPLAIN
        for name, entry in entries(area).items()
        if entry.severity in ("fail", "warn") and not entry.told and name != "import-fails"
    )
