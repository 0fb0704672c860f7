"""Is the disk of the models' cache one that can hold it, and that answers quickly?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Disk, Facts, Hub, Packages, Place
from doctor.facts.hub import Cache
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.release import before

SHORT = 200  # eCryptfs takes 143, most others 255
ASKS_FOR_LENGTH = "2"  # datasets of before made names for locks of up to 255 letters
WINDOWS = ("9p", "drvfs")


def check(disk: Disk, facts: Facts, goal: Goal) -> Iterator[Finding]:
    yield from _unable(disk, facts)
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
    yield from _slow_kind(place)
    if 0 < place.name_max < SHORT:
        yield found(
            "disk",
            "cache-file-names-short",
            severity="warn" if before(_release(facts, "datasets"), ASKS_FOR_LENGTH) else "info",
            path=place.path,
            mount=place.mount,
            filesystem=place.filesystem,
            length=str(place.name_max),
        )


# Since then huggingface_hub does without the kernel's locks where there are none.
SOFT_LOCKS = "0.25"


def _unable(disk: Disk, facts: Facts) -> Iterator[Finding]:
    """Notebooks may lie on any disk, as long as no models do. Later libraries ask less of a disk."""
    later = not before(_release(facts, "huggingface-hub"), SOFT_LOCKS)
    for lack, name in (("locks", "cache-cannot-lock"), ("maps", "cache-cannot-map")):
        places = [place for place in disk.places if lack in place.lacks]
        for place in sorted(places, key=lambda place: place.role != "cache")[:1]:
            yield found(
                "disk",
                name,
                severity="info"
                if place.role != "cache"
                else "warn"
                if (later if lack == "locks" else "private maps" not in place.lacks)
                else "fail",
                path=place.path,
                mount=place.mount,
                filesystem=place.filesystem,
            )


def _release(facts: Facts, name: str) -> str | None:
    return facts.packages.installed.get(name) if isinstance(facts.packages, Packages) else None


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
