"""The environment's interpreter, looked at from outside: is it there, whole, and of which kind."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from doctor.ask import ask
from doctor.facts import EnvironmentState, Python, Unknown
from doctor.goal import Goal
from doctor.prefix import marker

ASK_VERSION = "import sys; print('.'.join(map(str, sys.version_info[:3])))"


def probe(goal: Goal) -> Python:
    prefix = Path(goal.prefix)
    version = version_of(goal.interpreter)
    kind = kind_of(prefix) if goal.manager != "system" else "system"
    return Python(
        prefix=str(prefix),
        state=state_of(prefix, kind, version),
        interpreter=goal.interpreter if version else None,
        version=version,
        kind=kind,
    )


def version_of(interpreter: str) -> str | None:
    """The version that the interpreter itself prints, None when it does not run."""
    said = ask([interpreter, "-I", "-c", ASK_VERSION], seconds=10)
    if isinstance(said, Unknown) or said.returncode != 0:
        return None
    return said.stdout.strip() or None


def kind_of(prefix: Path) -> Literal["conda", "venv"] | None:
    if (prefix / "conda-meta").is_dir():
        return "conda"
    return "venv" if (prefix / "pyvenv.cfg").is_file() else None


def state_of(prefix: Path, kind: str | None, version: str | None) -> EnvironmentState:
    if kind == "system":
        return "complete" if version else "absent"
    if not prefix.exists() or (prefix.is_dir() and not any(prefix.iterdir())):
        return "absent"
    if marker(prefix).is_file():
        return "half"
    if kind is None:
        return "foreign"
    if kind == "conda" and not (prefix / "conda-meta" / "history").is_file():
        return "half"  # a killed `conda create` leaves an empty conda-meta
    return "complete" if version else "half"
