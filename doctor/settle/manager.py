"""Which environment manager `auto` means, as far as the machine itself says; no host is asked."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from doctor.facts import CondaInstall
from doctor.goal import Goal, Manager
from doctor.goal.prefix import marker, unfit
from doctor.goal.settings import default_conda_root
from doctor.probes.conda import look, roots
from doctor.reading.peek import is_file, is_there

SIGNS: tuple[tuple[Manager, str], ...] = (("conda", "conda-meta/history"), ("venv", "pyvenv.cfg"))


def settle_by_sight(goal: Goal) -> Goal:
    """The goal with its manager decided by what is there; where nothing is, as uv would make it."""
    goal = with_conda(goal)
    if goal.manager != "auto":
        return goal
    return as_manager(goal, made_by(goal) or ("conda" if usable(goal) else "venv"))


def as_manager(goal: Goal, manager: Manager) -> Goal:
    return msgspec.structs.replace(goal, manager=manager)


def with_conda(goal: Goal) -> Goal:
    """The goal with an existing conda as its root, unless a prefix was asked for or holds a conda already."""
    if goal.conda_root != default_conda_root() or goal.manager not in ("auto", "conda"):
        return goal
    installs = [look(Path(goal.conda_root)), *(look(root) for root in roots(os.environ))]
    found = next((install for install in installs if _fit(install)), None)
    return msgspec.structs.replace(goal, conda_root=found.prefix) if found else goal


def _fit(install: CondaInstall) -> bool:
    return install.state == "complete" and install.writable and unfit(install.prefix) is None


def usable(goal: Goal) -> bool:
    return _fit(look(Path(goal.conda_root)))


def made_by(goal: Goal) -> Manager | None:
    """The manager of the environment of this name that was made already. One only begun decides nothing:
    its hosts may have fallen silent since."""
    for manager, sign in SIGNS:
        prefix = Path(as_manager(goal, manager).prefix)
        if is_file(prefix / sign) and not is_there(marker(prefix)):
            return manager
    return None
