"""Conda: is it where it is wanted, is it whole, and which others are there? Read from files, no conda is started."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.facts import Conda, CondaInstall, CondaState
from doctor.goal import Goal
from doctor.prefix import marker

USUAL = ("~/miniconda3", "~/anaconda3", "~/miniforge3", "/opt/conda", "/opt/miniconda3")
# What an installer leaves when it is ended half-way, or conda when parts of it are removed.
REMAINS = (
    "conda-meta",
    "condabin",
    "install_tmp",
    "_conda",
    "_conda.exe",
    "postconda.tar.bz2",
    ".installer.info",
)


def probe(goal: Goal) -> Conda:
    wanted = look(Path(goal.conda_root))
    others = (look(root) for root in roots(os.environ) if str(root) != wanted.prefix)
    return Conda(wanted, (wanted, *(install for install in others if install.state == "complete")))


def look(prefix: Path) -> CondaInstall:
    """What stands at a prefix, judged from its files alone."""
    record = _record(prefix)
    return CondaInstall(
        prefix=str(prefix),
        state=_state(prefix, record),
        version=_version(record),
        writable=_writable(prefix),
    )


def _state(prefix: Path, record: Path | None) -> CondaState:
    if not prefix.exists() or (prefix.is_dir() and not _entries(prefix)):
        return "absent"
    if marker(prefix).is_file():
        return "half"
    if record and _works(prefix):
        return "complete"
    return "damaged" if any((prefix / name).exists() for name in REMAINS) else "foreign"


def _works(prefix: Path) -> bool:
    """Interpreter, command and library are there. A base whose `conda` package was removed has the first two."""
    code = next(prefix.glob("lib/python3*/site-packages/conda/__init__.py"), None)
    commands = (prefix / "bin" / "python", prefix / "bin" / "conda")
    return code is not None and all(os.access(path, os.X_OK) for path in commands)


def _record(prefix: Path) -> Path | None:
    """conda's own record of itself: conda-meta/conda-26.5.3-….json."""
    return next((p for p in sorted(prefix.glob("conda-meta/conda-[0-9]*.json"))), None)


def _version(record: Path | None) -> str | None:
    found = re.match(r"conda-(\d[^-]*)-", record.name) if record else None
    return found.group(1) if found else None


def _entries(prefix: Path) -> bool:
    try:
        return any(prefix.iterdir())
    except OSError:
        return True  # there is something that we may not even look at


def _writable(prefix: Path) -> bool:
    existing = next(p for p in (prefix, *prefix.parents) if p.exists())
    return os.access(existing, os.W_OK | os.X_OK)


def roots(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where a conda may be: what the shell says first, then the usual places. Each once."""
    found = (*_from_shell(environ), *(Path(place).expanduser() for place in USUAL))
    return tuple(dict.fromkeys(root for root in found if root.is_dir()))


def _from_shell(environ: Mapping[str, str]) -> Iterator[Path]:
    if environ.get("CONDA_EXE"):
        yield Path(environ["CONDA_EXE"]).parent.parent
    for folder in environ.get("PATH", "").split(os.pathsep):
        if folder and os.access(command := Path(folder) / "conda", os.X_OK):
            yield command.resolve().parent.parent
