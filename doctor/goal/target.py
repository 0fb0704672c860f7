"""The environment that is looked at, found by its files, for it may not run: ours, or one of the person's own (TARGET)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from doctor.errors import bad_input
from doctor.goal import Goal, System
from doctor.reading.peek import is_file, is_folder, is_there

ACTIVE = ("VIRTUAL_ENV", "CONDA_PREFIX")  # what activating an environment sets


def target_at(path: str) -> System:
    """The environment at a folder, or of an interpreter. Raises Trouble (exit 2) when there is none."""
    place = Path(path).expanduser().absolute()
    if _is_hidden(place):
        raise bad_input(
            f"TARGET={path}: this user may not look there", f"TARGET={path}：当前用户无权查看该位置"
        )
    prefix = place if is_folder(place) else place.parent.parent
    python = place if is_file(place) else python_of(prefix)
    site = site_of(prefix)
    if site is None:
        raise bad_input(
            f"TARGET={path} is not an environment: no lib/python3*/site-packages there",
            f"TARGET={path} 不是环境：其中没有 lib/python3*/site-packages",
        )
    return System(str(python), str(prefix), str(site), adopted=False)


def python_of(prefix: Path) -> Path:
    """The interpreter of a prefix. Debian's own /usr has `python3` alone."""
    python, python3 = prefix / "bin" / "python", prefix / "bin" / "python3"
    lone = not os.path.lexists(python) and is_there(python3)
    return python3 if lone else python


def _is_hidden(place: Path) -> bool:
    try:
        place.stat()
    except PermissionError:
        return True
    except OSError:  # not there: told in other words
        return False
    return False


def site_of(prefix: Path) -> Path | None:
    """Where the packages of a prefix are; of several Pythons the newest."""
    found = [*prefix.glob("lib/python3*/site-packages"), *prefix.glob("local/lib/python3*/dist-packages")]
    found = found or [*prefix.glob("lib/python3/dist-packages")]
    if len(found) > 1:  # what an older or a newer Python left is not this one's
        own = Path(os.path.realpath(prefix / "bin" / "python")).name
        found = [site for site in found if site.parent.name == own] or found
    return max(
        found, key=lambda site: [int(part) for part in re.findall(r"\d+", site.parent.name)], default=None
    )


def site_packages(goal: Goal) -> Path:
    """The environment's site-packages folder; of several (an upgraded Python) the wanted one."""
    if goal.system:
        return Path(goal.system.site)
    lib = Path(goal.prefix) / "lib"
    wanted = lib / f"python{goal.python}" / "site-packages"
    others = sorted(lib.glob("python3*/site-packages"))
    return wanted if is_folder(wanted) or not others else others[-1]


def look_at_active(goal: Goal, environ: Mapping[str, str]) -> Goal:
    """Where setup made no environment, the one that is activated in the person's shell is the patient."""
    if goal.system or is_there(Path(goal.prefix)):
        return goal
    for name in ACTIVE:
        prefix = environ.get(name)
        if prefix and site_of(Path(prefix)):
            return msgspec.structs.replace(goal, manager="system", system=target_at(prefix))
    return goal


def adopted(goal: Goal) -> Goal:
    """The same environment as the course's own: from now on compared with the profile, and ours to change."""
    if goal.system is None:
        return goal
    return msgspec.structs.replace(goal, system=msgspec.structs.replace(goal.system, adopted=True))
