"""Distributions in the environment, read from their metadata folders; nothing is imported."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from packaging.utils import canonicalize_name

from doctor.facts import Packages
from doctor.goal import Goal
from doctor.lockfile import digest, inputs_digest, lock_path, pins, recorded_inputs


def probe(goal: Goal) -> Packages:
    site = site_packages(goal)
    found = [split(info) for info in sorted(site.glob("*.dist-info"))]
    lock = lock_path(goal.profile.name, goal.python)
    current = recorded_inputs(lock) == inputs_digest(goal.profile, goal.python)
    count = Counter(name for name, _, _ in found)
    return Packages(
        site=str(site),
        wanted=pins(lock, goal.python) if current else {},  # a lock of other requirements says nothing
        lock=digest(lock),
        installed={name: version for name, version, _ in found},
        half_installed=tuple(name for name, _, whole in found if not whole),
        duplicates=tuple(name for name, times in count.items() if times > 1),
    )


def site_packages(goal: Goal) -> Path:
    """The environment's site-packages folder; of several (an upgraded Python) the wanted one."""
    if goal.system:
        return Path(goal.system.site)
    lib = Path(goal.prefix) / "lib"
    wanted = lib / f"python{goal.python}" / "site-packages"
    others = sorted(lib.glob("python3*/site-packages"))
    return wanted if wanted.is_dir() or not others else others[-1]


def split(info: Path) -> tuple[str, str, bool]:
    """Name, version and whether it is whole. Installers write RECORD last, so one without it was killed."""
    name, _, version = info.name.removesuffix(".dist-info").partition("-")
    return canonicalize_name(name), version, (info / "RECORD").is_file() and (info / "METADATA").is_file()
