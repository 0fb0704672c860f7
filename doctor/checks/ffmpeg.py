"""Does the command ffmpeg work in the environment? Audio pipelines decode through it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from doctor.catalogue import Value, found
from doctor.facts import Conda, Facts, Ffmpeg, Host
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import Text

LINKING = re.compile(
    r"error while loading shared libraries: ([^:\s]+)|(undefined symbol: \S+)|version [`']?([\w.]+)'? not found"
)
SYSTEM = ("/usr/bin/", "/bin/")
NONE = Text("none", "无")
COURSE = ("wav", "flac", "mp3")  # what lecture 1 and most recordings come in


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    ffmpeg = facts.ffmpeg
    assert isinstance(ffmpeg, Ffmpeg)
    if ffmpeg.path is None:
        name = "ffmpeg-not-executable" if ffmpeg.not_executable else "ffmpeg-missing"
        yield _finding(name, goal, file=ffmpeg.not_executable or "-", prefix=goal.prefix)
        return
    if ffmpeg.snap:
        yield found(
            "ffmpeg",
            "ffmpeg-of-snap",
            commands=(("snap", "remove", ffmpeg.snap), ("apt-get", "install", "-y", "ffmpeg")),
            file=ffmpeg.path,
            snap=ffmpeg.snap,
        )
    if ffmpeg.version is None:
        finding = _broken(ffmpeg, ffmpeg.path, facts, goal)
        yield msgspec.structs.replace(
            finding,
            remedy=msgspec.structs.replace(finding.remedy, commands=_mended(ffmpeg.path, facts, goal)),
        )
        return
    if ffmpeg.cannot_write:
        yield found(
            "ffmpeg",
            "ffmpeg-lacks-encoders",
            severity="warn" if ffmpeg.others else "info",
            commands=_with_encoders(ffmpeg, ffmpeg.path, facts, goal),
            file=ffmpeg.path,
            version=ffmpeg.version,
            missing=ffmpeg.cannot_write,
            others=ffmpeg.others or NONE,
        )
    if ffmpeg.lacks:
        finding = _finding(
            "ffmpeg-lacks-codecs", goal, file=ffmpeg.path, missing=ffmpeg.lacks, version=ffmpeg.version
        )
        useless = any(name in COURSE for name in ffmpeg.lacks)
        yield finding if useless else msgspec.structs.replace(finding, severity="warn")


def _broken(ffmpeg: Ffmpeg, path: str, facts: Facts, goal: Goal) -> Finding:
    """Why it does not run: for another machine, no program at all, a library that is not there, or what it says itself."""
    said = ffmpeg.error or "-"
    linking = LINKING.search(said)
    if ffmpeg.machine and isinstance(facts.host, Host) and ffmpeg.machine != facts.host.machine:
        return _finding(
            "ffmpeg-wrong-architecture", goal, file=path, theirs=ffmpeg.machine, ours=facts.host.machine
        )
    if linking:
        what = next(group for group in linking.groups() if group)
        return _finding("ffmpeg-library-missing", goal, file=path, what=what, said=said)
    if ffmpeg.script or ffmpeg.damaged:
        return _finding(
            "ffmpeg-stub", goal, file=path, kind=ffmpeg.script or ffmpeg.damaged or "-", said=said
        )
    return _finding("ffmpeg-broken", goal, file=path, said=said)


def _is_of_conda(path: str, facts: Facts, goal: Goal) -> bool:
    environment = facts.conda.environment if isinstance(facts.conda, Conda) else None
    return (
        environment is not None
        and environment.prefix == goal.prefix
        and path.startswith(f"{goal.prefix}/bin/")
    )


def _mended(path: str, facts: Facts, goal: Goal) -> tuple[tuple[str, ...], ...]:
    """The broken one must not stay first: another one behind it would never be found."""
    if not goal.foreign:
        return (("make", "setup", "ARGS=--only ffmpeg"),)
    if _is_of_conda(path, facts, goal):
        return (("conda", "install", "-p", goal.prefix, "-c", "conda-forge", "--force-reinstall", "ffmpeg"),)
    aside = () if path.startswith(SYSTEM) else (("mv", path, f"{path}.broken"),)
    return (*aside, ("apt-get", "install", "-y", "--reinstall", "ffmpeg"))


def _with_encoders(ffmpeg: Ffmpeg, path: str, facts: Facts, goal: Goal) -> tuple[tuple[str, ...], ...]:
    if _is_of_conda(path, facts, goal):
        return (("conda", "install", "-p", goal.prefix, "-c", "conda-forge", "ffmpeg=*=gpl*"),)
    if ffmpeg.others and not path.startswith(SYSTEM):
        return (("mv", path, f"{path}.first"), ("hash", "-r"))
    return (("apt-get", "install", "-y", "ffmpeg"),)


def _finding(name: str, goal: Goal, **values: Value) -> Finding:
    """In a person's own environment the system's package mends it."""
    apt = (("apt-get", "install", "-y", "ffmpeg"),) if goal.foreign else None
    return found("ffmpeg", name, severity=None, commands=apt, **values)
