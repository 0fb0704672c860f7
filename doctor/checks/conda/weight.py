"""How much a fault of conda weighs on this machine."""

from __future__ import annotations

from doctor.facts import Conda, CondaInstall
from doctor.finding import Severity
from doctor.goal import Goal


def is_used(conda: Conda, goal: Goal) -> bool:
    """The goal's environment is conda's, or will be."""
    return goal.manager == "conda" or conda.environment is not None


def is_needed(conda: Conda, goal: Goal) -> bool:
    """The person works with conda in an environment of their own. Setup's own environments get along without."""
    return conda.environment is not None and goal.foreign


def weighed(worst: Severity, conda: Conda, goal: Goal) -> Severity:
    """`worst` where conda is needed, less where it is not."""
    if is_needed(conda, goal):
        return worst
    if is_used(conda, goal):
        return "warn" if worst == "fail" else worst
    return "info"


def weighed_setting(worst: Severity, conda: Conda, goal: Goal) -> Severity:
    """The same for the person's own settings: setup keeps them out of what it does."""
    return worst if is_needed(conda, goal) else "info"


def main_install(conda: Conda) -> CondaInstall | None:
    """The install that counts: the environment's own, else the wanted one, else the first that was found."""
    root = conda.environment.root if conda.environment else None
    there = [install for install in conda.installs if install.state in ("complete", "damaged")]
    return next((install for install in there if install.prefix == root), next(iter(there), None))
