"""Is the disk of the models' cache one that can hold it, and that answers quickly?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Disk, Facts, Hub, Place
from doctor.facts.hub import Cache
from doctor.finding import Finding, Severity
from doctor.goal import Goal

WINDOWS = ("9p", "drvfs")


def check(disk: Disk, facts: Facts, goal: Goal) -> Iterator[Finding]:
    place = next((place for place in disk.places if place.role == "cache"), None)
    if place is None:
        return
    if place.read_only:
        severity = _without_writing(facts, goal)
        yield found("disk", "hf-home-read-only", severity=severity, path=place.path, mount=place.mount)
    elif not place.writable and not place.exists:
        yield found(
            "disk",
            "disk-not-writable",
            path=place.path,
            role=place.role,
            owner=place.owner or "?",
            mount=place.mount,
            filesystem=place.filesystem,
        )
    if place.unmapped:
        yield found(
            "disk",
            "files-cannot-be-mapped",
            path=place.unmapped,
            mount=place.mount,
            filesystem=place.filesystem,
        )
    else:
        yield from _slow_kind(place)


def _without_writing(facts: Facts, goal: Goal) -> Severity:
    """A shared cache that nobody may write to serves well, as long as all that is needed is in it."""
    if not isinstance(facts.hub, Hub):
        return "fail"
    if not goal.foreign:
        return "info" if all(m.state == "complete" for m in facts.hub.models) else "fail"
    return "info" if isinstance(facts.hub.seen, Cache) and facts.hub.seen.repos else "fail"


def _slow_kind(place: Place) -> Iterator[Finding]:
    if not place.network or place.mount == "/":  # the root of a sandbox (gVisor, Kata) is 9p too
        return
    windows = place.filesystem in WINDOWS and place.mount.startswith("/mnt/")
    name = "wsl-drvfs-slow-or-no-symlink" if windows else "hf-home-network-fs"
    yield found("disk", name, path=place.path, mount=place.mount, filesystem=place.filesystem)
