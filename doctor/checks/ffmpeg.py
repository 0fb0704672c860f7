"""Does the command ffmpeg work in the environment? Audio pipelines decode through it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from doctor.catalogue import Value, found
from doctor.facts import Facts, Ffmpeg, Host
from doctor.finding import Finding
from doctor.goal import Goal

LINKING = re.compile(
    r"error while loading shared libraries: ([^:\s]+)|(undefined symbol: \S+)|version [`']?([\w.]+)'? not found"
)
COURSE = ("wav", "flac", "mp3")  # what lecture 1 and most recordings come in


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    ffmpeg = facts.ffmpeg
    assert isinstance(ffmpeg, Ffmpeg)
    if ffmpeg.path is None:
        name = "ffmpeg-not-executable" if ffmpeg.not_executable else "ffmpeg-missing"
        yield _finding(name, goal, file=ffmpeg.not_executable or "-", prefix=goal.prefix)
    elif ffmpeg.version is None:
        yield _broken(ffmpeg, ffmpeg.path, facts, goal)
    elif ffmpeg.lacks:
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


def _finding(name: str, goal: Goal, **values: Value) -> Finding:
    """In a person's own environment the system's package mends it."""
    apt = (("apt-get", "install", "-y", "ffmpeg"),) if goal.foreign else None
    return found("ffmpeg", name, severity=None, commands=apt, **values)
