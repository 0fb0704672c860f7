"""Whether what a text speaks of is so on this machine: the doctor looks at the environment that the text comes from.

Hosts are asked only where the text is about them: that takes seconds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from doctor.catalogue import entry_of, with_groups
from doctor.diagnose import diagnose
from doctor.explain.sight import with_sight
from doctor.facts import AREAS, Packages, Python
from doctor.finding import Finding
from doctor.goal.settings import resolve
from doctor.goal.target import look_at_active, site_of
from doctor.probes.patience import within
from doctor.reading.peek import is_file
from doctor.report.snapshot import Snapshot
from doctor.settle.hosted import look_at_runtime
from doctor.settle.manager import settle_by_sight
from doctor.texts.match import Match
from doctor.texts.said import Said, read
from doctor.texts.search import by_text

ONLINE = ("network", "hub", "no-release-fits")  # areas, and a finding, that hosts may be behind
OF_ENVIRONMENT = ("python", "packages", "torch", "conda", "jupyter", "smoke")
WORTH = ("fail", "warn", "unknown")
FRAMES = 8  # of a traceback that are looked for
MOST = 3  # other findings of the machine that are named


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the text speaks of, and what the machine has."""

    matches: tuple[Match, ...]
    others: tuple[Finding, ...] = ()  # what is broken here, and may be the cause
    elsewhere: str = ""  # the environment that the text comes from, where it is not on this machine
    looked: bool = False


def answer(
    text: str,
    saved: Path | None = None,
    flags: Mapping[str, str | None] = {"TARGET": None},
    environ: Mapping[str, str] = os.environ,
    *,
    offline: bool = False,
) -> Answer:
    """Raises Trouble (exit 2) where the saved facts, or the environment that TARGET names, cannot be read."""
    said = read(text)
    if not saved and not flags.get("TARGET") and said.prefix and not _are_here(said):
        return Answer(matches=by_text(text), elsewhere=said.prefix)
    asks = not offline and any(match.area in ONLINE or match.id in ONLINE for match in by_text(text))
    snapshot, findings = _look(_at(said, flags), saved, environ, offline=not asks)
    matches = _confirmed(by_text(text, *_environment(snapshot)), findings)
    matches = matches if saved else tuple(map(with_sight, matches))
    told = {match.id for match in matches if match.here}
    broken = tuple(finding for finding in findings if finding.severity == "fail" and finding.id not in told)
    return Answer(matches=matches, others=broken[:MOST], looked=True)


def _are_here(said: Said) -> bool:
    """Whether any of the code that a text came through is on this machine: /usr/local is on every one."""
    files = [frame.file for frame in said.frames if frame.prefix == said.prefix][:FRAMES]
    return any(within(is_file, Path(file).expanduser()) is True for file in files)


def _at(said: Said, flags: Mapping[str, str | None]) -> dict[str, str | None]:
    """The environment of the text as TARGET, where the person named none and it is one."""
    prefix = Path(said.prefix).expanduser() if said.prefix else None
    own = str(prefix) if prefix and isinstance(within(site_of, prefix), Path) else None
    return {**flags, "TARGET": flags.get("TARGET") or own}


def _confirmed(matches: tuple[Match, ...], findings: tuple[Finding, ...]) -> tuple[Match, ...]:
    """What this machine has of it comes first."""
    present = {finding.id: finding for finding in findings if finding.severity in (*WORTH, "blocked", "info")}
    seen = next((seen for match in matches if (seen := _cause(match, present))), None)
    return (seen, *(match for match in matches if match.id != seen.id)) if seen else matches


def _look(
    flags: Mapping[str, str | None], saved: Path | None, environ: Mapping[str, str], *, offline: bool
) -> tuple[Snapshot, tuple[Finding, ...]]:
    goal = look_at_runtime(resolve(flags, environ, changes=False), environ)
    goal = look_at_active(settle_by_sight(goal), environ)
    snapshot, findings = diagnose(msgspec.structs.replace(goal, offline=offline), AREAS, saved)
    return snapshot, findings if flags["TARGET"] else _of_what_is_there(snapshot, findings)


def _of_what_is_there(snapshot: Snapshot, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Where setup was never run, that is no cause of what another Python said: only the machine itself is asked."""
    python = snapshot.facts.python
    if not isinstance(python, Python) or python.state != "absent":
        return findings
    return tuple(finding for finding in findings if finding.area not in OF_ENVIRONMENT)


def _environment(snapshot: Snapshot) -> tuple[Mapping[str, str], str]:
    packages, python = snapshot.facts.packages, snapshot.facts.python
    version = python.version or "" if isinstance(python, Python) else ""
    short = ".".join(version.split(".")[:2])
    return (packages.installed if isinstance(packages, Packages) else {}), short


def _cause(match: Match, present: Mapping[str, Finding]) -> Match | None:
    """The finding of this machine that a match stands for, or the one that would explain it."""
    found = present.get(match.id) or _above(match.entry.blocked_by, present)
    if found is None:
        return None
    root = next((present[cause] for cause in found.blocked_by if cause in present), found)
    return _as_match(root, match)


def _above(causes: tuple[str, ...], present: Mapping[str, Finding]) -> Finding | None:
    there = (present[cause] for cause in with_groups(causes) if cause in present)
    return next((finding for finding in there if finding.severity != "info"), None)


def _as_match(finding: Finding, match: Match) -> Match:
    return Match(
        id=finding.id,
        area=finding.area,
        entry=entry_of(finding.area, finding.id),
        line=match.line,
        at=match.at,
        here=finding,
    )
