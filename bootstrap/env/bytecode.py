"""Compiled modules: made at once on all processors, rather than at every first import. Some images switch writing them off."""

from __future__ import annotations

import re
import resource
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bootstrap.safety import no_room
from bootstrap.step import Work
from doctor.facts import Host
from doctor.goal.target import site_packages
from doctor.reading.ask import APART

ROOM = 600_000_000  # bytes; measured: those of the course take 360 MB
MOST = 8  # processes at once, each with a Python of its own in memory
SECONDS = 3600.0
# A third of all: nobody imports the tests of packages, and of two thousand modules of models a person uses a handful, which
# Python compiles when they are first imported.
LEFT_OUT = r"(?:.*/tests?/|transformers/models/(?!auto/))"


def compile_modules(work: Work) -> None:
    """Compile what is not compiled yet. What cannot be, such as a template or a file for a later Python, stays as it is.

    Raises Trouble when the disk says no.
    """
    work.tell("compiling modules")
    compile_all(work, [site_packages(work.goal)])


@contextmanager
def compiling_what_is_there(work: Work) -> Iterator[None]:
    """The same of what is installed already, while the line brings the rest. Nobody touches those files meanwhile."""
    site = site_packages(work.goal)
    there = sorted(site.iterdir()) if site.is_dir() else []
    with ThreadPoolExecutor(1) as pool:
        compiled = pool.submit(compile_all, work, there)
        yield
    compiled.result()


def compile_all(work: Work, paths: Sequence[Path]) -> None:
    site = site_packages(work.goal)
    if not paths or not has_room(site):
        return
    how = ["-q", "-j", str(processors(work)), "-x", f"^{re.escape(str(site))}/{LEFT_OUT}"]
    argv = [work.goal.interpreter, *APART, "-m", "compileall", *how, *map(str, paths)]
    no_room.stop(argv, work.log, work.call(argv, seconds=SECONDS, check=False, line=lambda text: None))


def has_room(place: Path) -> bool:
    """For all of it: Python takes half of a write for the whole, and could never read that file again."""
    limited = resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY
    return not limited and shutil.disk_usage(place).free > ROOM


def processors(work: Work) -> int:
    """How many this process may use: a container's share, not what the board has."""
    host = work.facts.host
    return min(MOST, max(1, int(host.cpus))) if isinstance(host, Host) else 1
