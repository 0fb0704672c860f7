"""Is there room where setup has to write?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from doctor.facts import Disk, Facts, Gpu, Hub, Packages, Place
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import Text, both, human_bytes

TOOL_BYTES = 300_000_000  # tool environment, logs, the installer
CPU_ENVIRONMENT_BYTES = 2_500_000_000  # measured: 1.9 GB with the package cache
CUDA_ENVIRONMENT_BYTES = 12_000_000_000  # CUDA libraries, once in the cache and once linked or copied
FEW_INODES = 60_000  # the environment alone has 33 000 files


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    disk = facts.disk
    assert isinstance(disk, Disk)
    needs = {"home": TOOL_BYTES, "environment": environment_bytes(facts), "cache": cache_bytes(facts)}
    by_mount: dict[str, list[Place]] = defaultdict(list)
    for place in disk.places:
        if not place.writable:
            yield _unwritable(place)
        by_mount[place.mount].append(place)
    for places in by_mount.values():
        yield from _room(places, sum(needs[place.role] for place in places))


def environment_bytes(facts: Facts) -> int:
    """Bytes that the environment still needs: none once torch is in it."""
    if isinstance(facts.packages, Packages) and "torch" in facts.packages.installed:
        return 0
    has_gpu = isinstance(facts.gpu, Gpu) and isinstance(facts.gpu.driver, str)
    return CUDA_ENVIRONMENT_BYTES if has_gpu else CPU_ENVIRONMENT_BYTES


def cache_bytes(facts: Facts) -> int:
    return sum(m.missing_bytes for m in facts.hub.models) if isinstance(facts.hub, Hub) else 0


def _room(places: list[Place], needed: int) -> Iterator[Finding]:
    place = places[0]
    roles = ", ".join(p.role for p in places)
    if place.free_bytes < needed:
        yield Finding(
            id="disk-too-small",
            area="disk",
            severity="fail" if any(p.role != "cache" for p in places) else "warn",
            title=Text(f"too little room on {place.mount}", f"{place.mount} 空间不足"),
            evidence=both(f"{human_bytes(place.free_bytes)} free, {human_bytes(needed)} needed for {roles}"),
            cause=Text(
                f"free {human_bytes(needed - place.free_bytes)}, or put the models elsewhere: CACHE=/big/disk",
                f"请腾出 {human_bytes(needed - place.free_bytes)}，或把模型放到别处：CACHE=/big/disk",
            ),
        )
    if place.free_inodes is not None and place.free_inodes < FEW_INODES and needed > TOOL_BYTES:
        yield Finding(
            id="disk-few-inodes",
            area="disk",
            severity="warn",
            title=Text(f"few inodes left on {place.mount}", f"{place.mount} 的 inode 不足"),
            evidence=both(f"{place.free_inodes} free"),
            cause=Text("an environment has tens of thousands of files", "一个环境有数万个文件"),
        )


def _unwritable(place: Place) -> Finding:
    return Finding(
        id="disk-not-writable",
        area="disk",
        severity="fail",
        title=Text(f"{place.path} cannot be written to", f"{place.path} 不可写"),
        evidence=both(f"{place.role} on {place.mount} ({place.filesystem})"),
        cause=Text("read-only, or owned by another user", "只读，或属于其他用户"),
    )
