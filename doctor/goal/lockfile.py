"""Locked requirements: names and versions that a lock pins, and the inputs that it was made from."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from packaging.markers import Marker, default_environment
from packaging.utils import canonicalize_name

from doctor.goal.profile import CONFIGS, Profile

LOCKS = CONFIGS / "locks"
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>[^\s;\\]+)\s*(;(?P<marker>[^\\]+))?")


def lock_path(profile: str, python: str) -> Path:
    """The locked requirements of a profile for one Python ("3.11"), the torch family excepted."""
    return LOCKS / f"{profile}-py{python}.txt"


def torch_lock_path(profile: str, python: str) -> Path:
    """The torch family as the package index offers it by default, locked."""
    return LOCKS / f"{profile}-py{python}-torch.txt"


def inputs_digest(profile: Profile, python: str) -> str:
    """SHA-256 of what a lock is made from. Written into the lock, so that a stale one is told by reading."""
    companions = [f"{name}=={version}" for name, version in sorted(profile.torch.companions.items())]
    lines = [python, f"torch=={profile.torch.version}", *companions, *sorted(profile.requirements)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def recorded_inputs(path: Path) -> str | None:
    """The digest that a lock says it was made from."""
    match = re.search(r"^# inputs: ([0-9a-f]{64})$", "\n".join(_lines(path)[:5]), re.MULTILINE)
    return match.group(1) if match else None


def pins(path: Path, python: str) -> dict[str, str]:
    """Pinned versions by normalised name, for that Python ("3.11") on Linux. Empty when there is no lock."""
    found = (PIN.match(line) for line in _lines(path))
    return {
        canonicalize_name(match["name"]): match["version"]
        for match in found
        if match and _applies(match, python)
    }


def hashes(path: Path, name: str) -> frozenset[str]:
    """The SHA-256 (hex) of each file that a lock allows for a package."""
    entry = re.search(
        rf"^{re.escape(name)}==.*?(?=^\S|\Z)", "\n".join(_lines(path)), re.MULTILINE | re.DOTALL
    )
    return frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry.group(0))) if entry else frozenset()


def _applies(match: re.Match[str], python: str) -> bool:
    if not match["marker"]:
        return True
    environment = {**default_environment(), "python_version": python, "python_full_version": f"{python}.0"}
    return Marker(match["marker"].strip()).evaluate({k: str(v) for k, v in environment.items()})


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def digest(path: Path) -> str:
    """SHA-256 of the lock file, hex; of nothing when it is absent."""
    return hashlib.sha256(path.read_bytes() if path.is_file() else b"").hexdigest()
