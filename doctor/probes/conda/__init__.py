"""Conda: its installs, its settings, the shell that starts it, the environment and the caches. Read from files alone:
no conda is started, for a broken one may hang, and a whole one takes half a second."""

from __future__ import annotations

import os
from pathlib import Path

from doctor.facts import Conda, CondaInstall
from doctor.goal import Goal
from doctor.probes.conda.installs import look, roots

__all__ = ["look", "probe", "roots"]


def probe(goal: Goal) -> Conda:
    # Every word looks for installs; the rest is for this one.
    from doctor.probes.conda import condarc
    from doctor.probes.conda.caches import caches, locks
    from doctor.probes.conda.environment import environment
    from doctor.probes.conda.person import closed_files, environment_files, installers
    from doctor.probes.conda.settings import settings, terms
    from doctor.probes.conda.shell import shell

    wanted = look(Path(goal.conda_root))
    seen = (look(root) for root in roots(os.environ, owner(goal)) if str(root) != wanted.prefix)
    others = tuple(install for install in seen if install.state == "complete" or _is_broken(install))
    used = used_by(goal, (wanted, *others))
    said = condarc.read(used, os.environ)
    places = caches(said, used)
    return Conda(
        wanted,
        (wanted, *others),
        settings(said),
        terms(said, used, os.environ),
        shell(os.environ),
        environment(goal, os.environ),
        places,
        locks(places),
        closed=closed_files(used, os.environ),
        environment_files=environment_files(goal, os.uname().machine),
        installers=installers(goal),
    )


def owner(goal: Goal) -> Path | None:
    """The install that the goal's environment belongs to."""
    from doctor.probes.conda.environment import root_of

    root = root_of(Path(goal.prefix))
    return Path(root) if root else None


def used_by(goal: Goal, installs: tuple[CondaInstall, ...]) -> str | None:
    """The install whose settings count: the environment's, else the first that was found."""
    root = owner(goal)
    if root:
        return str(root)
    return next((install.prefix for install in installs if install.state not in ("absent", "foreign")), None)


def _is_broken(install: CondaInstall) -> bool:
    """Damaged, but surely a conda: it has its command."""
    return install.state == "damaged" and install.command
