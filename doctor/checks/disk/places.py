"""May this user write where setup and the programs write, and may programs be run from there?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Disk, Place
from doctor.finding import Finding
from doctor.goal import Goal

# Whoever only looks at a person's own environment does not ask that it can be changed; notebooks must be saved.
IN_WINDOWS = (
    ("wsl.exe", "--shutdown"),
    ("wsl.exe", "--mount", "--vhd", "PATH\\ext4.vhdx", "--bare"),
    ("wsl.exe", "-d", "ANOTHER", "-u", "root", "e2fsck", "-f", "/dev/sdX"),
)
OURS = ("home", "environment", "notebooks")


def check(disk: Disk, goal: Goal, *, wsl: bool) -> Iterator[Finding]:
    wrong = [place for place in disk.places if not place.writable and place.role in OURS]
    asked = ("notebooks",) if goal.foreign else OURS
    read_only = [place for place in wrong if place.read_only and place.role in asked]
    if read_only:
        yield _read_only(read_only, wsl=wsl)
    for place in wrong:
        if not place.read_only and not goal.foreign:
            yield _unwritable(place)
    yield from _temporary(disk)
    shm = next((place for place in disk.places if place.role == "shm"), None)
    if shm and shm.exists and not shm.writable:
        yield found("disk", "shm-not-writable", path=shm.path, owner=shm.owner or "?")


def _read_only(places: list[Place], *, wsl: bool) -> Finding:
    """After errors it must not be written to before it was checked."""
    first = next((place for place in places if place.errors), places[0])
    paths = tuple(place.path for place in places)
    if first.errors:
        return found(
            "disk",
            "disk-read-only-after-errors",
            commands=IN_WINDOWS if wsl else None,
            mount=first.mount,
            filesystem=first.filesystem,
            errors=first.errors,
            paths=paths,
        )
    return found("disk", "disk-read-only", mount=first.mount, filesystem=first.filesystem, paths=paths)


def _unwritable(place: Place) -> Finding:
    return found(
        "disk",
        "disk-not-writable",
        path=place.path,
        role=place.role,
        owner=place.owner or "?",
        mount=place.mount,
        filesystem=place.filesystem,
    )


def _temporary(disk: Disk) -> Iterator[Finding]:
    place = next((place for place in disk.places if place.role == "tmp"), None)
    if place is None:
        return
    if disk.tmpdir and disk.tmpdir.rstrip("/") != place.path.rstrip("/"):
        yield found("disk", "tmpdir-missing", path=disk.tmpdir)
    if not place.writable:
        yield found("disk", "tmp-not-writable", path=place.path, owner=place.owner or "?")
    elif place.closed:
        yield found("disk", "tmp-not-for-everyone", path=place.path, mode=place.closed)
    elif place.noexec:
        yield found("disk", "tmp-noexec", path=place.path, mount=place.mount)
