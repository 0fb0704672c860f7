"""The command ffmpeg, as a process started in the environment would find it."""

from __future__ import annotations

import os
import re
import shutil

from doctor.ask import ask
from doctor.facts import Ffmpeg, Unknown
from doctor.goal import Goal


def probe(goal: Goal) -> Ffmpeg:
    path = shutil.which("ffmpeg", path=search_path(goal))
    if path is None:
        return Ffmpeg(path=None, version=None)
    said = ask([path, "-hide_banner", "-version"], seconds=10)
    if isinstance(said, Unknown):
        return Ffmpeg(path=path, version=None, error=said.reason)
    match = re.match(r"ffmpeg version (\S+)", said.stdout)
    if said.returncode != 0 or match is None:
        return Ffmpeg(path=path, version=None, error=said.stderr.strip()[-300:] or "does not run")
    return Ffmpeg(path=path, version=match.group(1))


def search_path(goal: Goal) -> str:
    """PATH of a kernel of the environment: its own bin first, then what the system has."""
    return os.pathsep.join([f"{goal.prefix}/bin", "/usr/local/bin", "/usr/bin", "/bin"])
