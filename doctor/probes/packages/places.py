"""Where an environment's packages are: its own folder, and those that its interpreter sees beside it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from doctor.goal import Goal
from doctor.goal.target import site_packages
from doctor.probes.python.interpreter import config, sees_system
from doctor.reading.peek import is_folder


def python_of(goal: Goal) -> str:
    """The Python that the packages are for, "3.11", as the path of their folder says."""
    match = re.search(r"/python(3\.\d+)/", f"{site_packages(goal)}/")
    return match.group(1) if match else goal.python


def beside(goal: Goal) -> tuple[Path, ...]:
    """Folders that the interpreter searches beside its own: the system's where it may, and the person's ~/.local."""
    prefix, python = Path(goal.prefix), python_of(goal)
    venv = config(prefix)
    if venv and not sees_system(prefix):
        return ()
    base = Path(venv["home"]).parent if venv.get("home") else prefix
    user = Path(os.environ.get("PYTHONUSERBASE") or "~/.local").expanduser()
    places = (
        base / "lib" / f"python{python}" / "site-packages",
        base / "lib" / "python3" / "dist-packages",
        base / "local" / "lib" / f"python{python}" / "dist-packages",
        user / "lib" / f"python{python}" / "site-packages",
    )
    own = os.path.realpath(site_packages(goal))
    return tuple(place for place in places if is_folder(place) and os.path.realpath(place) != own)
