"""Is there room: for anything at all, and for what setup still has to bring?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Disk, Facts, Gpu, Hub, Packages, Place
from doctor.facts.disk import DeletedFile, Leftovers
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.text import human_bytes

TOOL_BYTES = 300_000_000  # tool environment, logs, the installer
CPU_ENVIRONMENT_BYTES = 2_500_000_000  # measured: 1.9 GB with the package cache
CUDA_ENVIRONMENT_BYTES = 12_000_000_000  # CUDA libraries, once in the cache and once linked or copied
FEW_INODES = 60_000  # the environment alone has 33 000 files
FULL_BYTES = 20_000_000  # less than that is no room
FULL_SHARE, FULL_AT_MOST = 0.01, 1_000_000_000  # of a large disk, but never more than this
NO_INODES = 16
SMALL_DISK = 40_000_000_000  # the system disk of a rented server: 20 to 30 GB
MODEL_BYTES = 5_000_000_000  # what the next model may need where nothing says which it will be
WRITTEN = ("home", "environment", "cache", "tmp", "notebooks")


def check(disk: Disk, facts: Facts, goal: Goal) -> Iterator[Finding]:
    needs = needed(facts, goal)
    by_mount: dict[str, list[Place]] = defaultdict(list)
    for place in disk.places:
        if not place.read_only and place.total_bytes:
            by_mount[place.mount].append(place)
    for places in by_mount.values():
        if disk.leftovers and places[0].role == "shm" and 2 * disk.leftovers.bytes > places[0].total_bytes:
            yield _leftovers(disk.leftovers, places[0])
            continue
        full = list(_full(disk, places, goal))
        yield from full
        if not full:
            yield from _room(disk, places, needs, goal)


def _leftovers(left: Leftovers, place: Place) -> Finding:
    """They go by their names: what somebody still uses is not among them."""
    names = [word for pattern in left.patterns for word in ("-o", "-name", pattern)][1:]
    return found(
        "disk",
        "shm-full-of-leftovers",
        count=left.count,
        size=human_bytes(left.bytes),
        total=human_bytes(place.total_bytes),
        free=human_bytes(place.free_bytes),
        names=left.names,
        commands=(("find", place.path, "-maxdepth", "1", "(", *names, ")", "-mmin", "+1", "-delete"),),
    )


def needed(facts: Facts, goal: Goal) -> dict[str, int]:
    """Bytes that setup still writes, by role. Nothing is set up in an environment that is only looked at."""
    if goal.foreign:
        return {"cache": MODEL_BYTES}
    return {"home": TOOL_BYTES, "environment": environment_bytes(facts), "cache": cache_bytes(facts)}


def environment_bytes(facts: Facts) -> int:
    """Bytes that the environment still needs: none once torch is in it."""
    if isinstance(facts.packages, Packages) and "torch" in facts.packages.installed:
        return 0
    has_gpu = isinstance(facts.gpu, Gpu) and isinstance(facts.gpu.driver, str)
    return CUDA_ENVIRONMENT_BYTES if has_gpu else CPU_ENVIRONMENT_BYTES


def cache_bytes(facts: Facts) -> int:
    return sum(m.missing_bytes for m in facts.hub.models) if isinstance(facts.hub, Hub) else 0


def is_full(place: Place) -> bool:
    few = min(FULL_SHARE * place.total_bytes, FULL_AT_MOST)
    if place.role == "shm":
        return place.free_bytes <= few
    return place.free_bytes < max(few, min(FULL_BYTES, place.total_bytes))


def has_no_inodes(place: Place) -> bool:
    if place.free_inodes is None:
        return False
    few = min(0.01 * (place.total_inodes or 0), 10_000)
    return place.free_inodes < max(few, NO_INODES)


def _full(disk: Disk, places: list[Place], goal: Goal) -> Iterator[Finding]:
    """The disk is full for everybody. One that carries none of our folders counts less."""
    first = next((place for place in places if place.role in WRITTEN), places[0])
    only_models = first.role == "cache" and not goal.foreign  # setup goes on without them
    severity: Severity = "fail" if first.role in WRITTEN and not only_models else "warn"
    if first.role == "cache" and not goal.foreign:  # setup goes on without models
        severity = "warn"
    roles = tuple(place.path for place in places if place.role in WRITTEN) or (first.path,)
    if is_full(first):
        yield _no_bytes(disk, first, roles, severity)
    elif has_no_inodes(first):
        yield found(
            "disk",
            "inodes-full",
            severity=severity,
            mount=first.mount,
            free=first.free_inodes or 0,
            total=first.total_inodes or "?",
            room=human_bytes(first.free_bytes),
            paths=roles,
        )


def _no_bytes(disk: Disk, place: Place, paths: tuple[str, ...], severity: Severity) -> Finding:
    free, total = human_bytes(place.free_bytes), human_bytes(place.total_bytes)
    holder = _holder(disk, place)
    if holder:
        return found(
            "disk",
            "deleted-but-open-files",
            severity=severity,
            mount=place.mount,
            free=free,
            size=human_bytes(holder.bytes),
            pid=holder.pid,
            program=holder.name,
        )
    bigger = _elsewhere(disk, place, MODEL_BYTES)
    if bigger and _only_a_small_cache(disk, place):
        return found("disk", "hf-home-small-disk", mount=place.mount, free=free, total=total, bigger=bigger)
    return found(
        "disk", "disk-full", severity=severity, mount=place.mount, free=free, total=total, paths=paths
    )


def _only_a_small_cache(disk: Disk, place: Place) -> bool:
    roles = {p.role for p in disk.places if p.mount == place.mount}
    return place.role == "cache" and roles <= {"cache", "root"} and place.total_bytes < SMALL_DISK


def _holder(disk: Disk, place: Place) -> DeletedFile | None:
    """The process whose end would make room: the deleted files on this disk explain a good part of it."""
    held = [one for one in disk.deleted if one.mount == place.mount]
    enough = sum(one.bytes for one in held) > 0.1 * place.total_bytes
    return held[0] if enough else None


def _elsewhere(disk: Disk, place: Place, needed: int) -> str | None:
    """Another disk with far more room, as path and room: the data disk of a rented server, or the one with HOME."""
    homes = [p for p in disk.places if p.role in ("notebooks", "home") and p.writable and p.exists]
    rooms = [(m.path, m.free_bytes) for m in disk.others]
    rooms += [(p.path, p.free_bytes) for p in homes if p.mount != place.mount]
    path, free = max(rooms, key=lambda one: one[1], default=("", 0))
    return f"{path} ({human_bytes(free)})" if free > max(2 * place.free_bytes, needed) else None


def _room(disk: Disk, places: list[Place], needs: dict[str, int], goal: Goal) -> Iterator[Finding]:
    place = places[0]
    needed = sum(needs.get(p.role, 0) for p in places)
    rest = needed - sum(needs.get(p.role, 0) for p in places if p.role == "cache")
    if place.free_bytes < needed:
        yield from _too_small(disk, places, needed, rest, goal)
    few = place.free_inodes is not None and place.free_inodes < FEW_INODES
    if few and not goal.foreign and needed > TOOL_BYTES:
        yield found("disk", "disk-few-inodes", mount=place.mount, free=place.free_inodes or 0)


def _too_small(disk: Disk, places: list[Place], needed: int, rest: int, goal: Goal) -> Iterator[Finding]:
    """Where only the models do not fit, the cache belongs elsewhere; else there is too little room for setup."""
    place = places[0]
    bigger = _elsewhere(disk, place, needed)
    free, total = human_bytes(place.free_bytes), human_bytes(place.total_bytes)
    if place.free_bytes >= rest and bigger and place.total_bytes < SMALL_DISK:
        yield found(
            "disk",
            "hf-home-small-disk",
            severity="warn",
            mount=place.mount,
            free=free,
            total=total,
            bigger=bigger,
        )
    elif not goal.foreign:
        ours = [p.role for p in places if p.role in ("home", "environment", "cache")]
        yield found(
            "disk",
            "disk-too-small",
            severity="fail" if ours != ["cache"] else "warn",
            mount=place.mount,
            free=free,
            needed=human_bytes(needed),
            roles=tuple(ours),
            short=human_bytes(needed - place.free_bytes),
        )
