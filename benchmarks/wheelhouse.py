"""The wheels that setup installs here, fetched once from where the person's pip gets its packages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.place import Place
from doctor.goal.lockfile import pins


def wheelhouse(place: Place) -> Path:
    """A folder with exactly what is in the course's environment, in our own, and uv. Kept for the next time."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "groundwork-bench"
    folder.mkdir(parents=True, exist_ok=True)
    tools = [*pinned(Path(place.root, "configs/locks/tool.txt")), uv(place)]
    for name, requirements in (("course", pinned_in(place.target)), ("tools", tools)):
        fetch(place, folder, folder / f"{name}.txt", "\n".join(sorted(requirements)))
    return folder


def fetch(place: Place, folder: Path, kept: Path, wanted: str) -> None:
    """Download what is wanted, unless it was downloaded before."""
    if kept.is_file() and kept.read_text() == wanted:
        return
    listing = kept.with_suffix(".new")
    listing.write_text(wanted)
    argv = [place.target, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*argv, "--dest", str(folder), "-r", str(listing)], check=True, timeout=600)
    listing.replace(kept)


def pinned_in(python: str) -> list[str]:
    """What is installed in an environment."""
    said = subprocess.run(
        [python, "-m", "pip", "freeze", "--all"], check=True, capture_output=True, text=True
    )
    return [line for line in said.stdout.splitlines() if re.fullmatch(r"[\w.-]+==\S+", line)]


def pinned(lock: Path) -> list[str]:
    """What a lock pins for this Python."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return [f"{name}=={version}" for name, version in pins(lock, python).items()]


def uv(place: Place) -> str:
    lines = Path(place.root, "configs/uv.txt").read_text().splitlines()
    return f"uv=={next(line.split()[0] for line in lines if line[:1].isdigit())}"
