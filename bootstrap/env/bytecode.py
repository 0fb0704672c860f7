"""Compiled modules: made at once on all processors, rather than at every first import. Some images switch writing them off."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path

from bootstrap.safety import no_room
from bootstrap.step import Work
from doctor.ask import APART
from doctor.facts import Host
from doctor.probes.packages import site_packages

ROOM = 600_000_000  # bytes; measured: those of the course take 360 MB
MOST = 8  # processes at once, each with a Python of its own in memory
SECONDS = 3600.0


def compile_modules(work: Work) -> None:
    """Compile what is not compiled yet. What cannot be, such as a template or a file for a later Python, stays as it is.

    Raises Trouble when the disk says no.
    """
    site = site_packages(work.goal)
    if not has_room(site):
        return
    work.tell("compiling modules")
    argv = [work.goal.interpreter, *APART, "-m", "compileall", "-q", "-j", str(processors(work)), str(site)]
    no_room.stop(argv, work.log, work.call(argv, seconds=SECONDS, check=False, line=lambda text: None))


def has_room(site: Path) -> bool:
    """For all of it: Python takes half of a write for the whole, and could never read that file again."""
    limited = resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY
    return not limited and shutil.disk_usage(site).free > ROOM


def processors(work: Work) -> int:
    """How many this process may use: a container's share, not what the board has."""
    host = work.facts.host
    return min(MOST, max(1, int(host.cpus))) if isinstance(host, Host) else 1
