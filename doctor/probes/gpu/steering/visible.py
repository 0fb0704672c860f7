"""CUDA_VISIBLE_DEVICES wherever programs get it from: this shell, kernel specifications, running notebook kernels."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from doctor.facts import Visible
from doctor.goal import Goal
from doctor.lab.files import read_json
from doctor.reading import startup
from doctor.reading.peek import peek, peek_text

NAME = "CUDA_VISIBLE_DEVICES"
PROC = Path("/proc")
PLAIN = re.compile(r"[\w,.:/\- \"'\[\](){};，、]{0,400}\Z")  # a list of devices, well or ill written
Source = tuple[str, Mapping[str, object]]  # where, and the variables that are set there


def plain(value: object) -> str | None:
    """The value of a variable that lists devices or abilities; anything else in it is not kept."""
    if not isinstance(value, str):
        return None
    return value if PLAIN.match(value) else "?"


def visible(notebooks: Iterable[Source]) -> tuple[Visible, ...]:
    found = [("shell", plain(os.environ.get(NAME)))]
    found += [(where, plain(environ.get(NAME))) for where, environ in notebooks]
    return tuple(Visible(value=value, where=where) for where, value in found if value is not None)


def kernelspecs(goal: Goal) -> Iterator[Source]:
    """Those of the environment and of this user, with the variables that they set."""
    folders = (
        Path(goal.prefix) / "share/jupyter/kernels",
        Path("~/.local/share/jupyter/kernels").expanduser(),
    )
    paths = (path for folder in folders for path in sorted(folder.glob("*/kernel.json")))
    said = ((path.parent.name, read_json(path).get("env")) for path in paths)
    return ((f"kernelspec {name}", environ) for name, environ in said if isinstance(environ, dict))


def kernels() -> Iterator[Source]:
    """Notebook kernels that run now: their environment is what a notebook really has."""
    mine = (entry for entry in PROC.iterdir() if entry.name.isdecimal() and _is_mine(entry))
    for entry in mine:
        if "python" in peek_text(entry / "comm") and b"ipykernel" in (peek(entry / "cmdline") or b""):
            pairs = (
                pair.decode("utf-8", "replace").partition("=")
                for pair in (peek(entry / "environ") or b"").split(b"\0")
            )
            yield f"notebook kernel {entry.name}", {name: value for name, _, value in pairs}


def _is_mine(entry: Path) -> bool:
    try:
        return entry.stat().st_uid == os.geteuid()
    except OSError:  # has ended
        return False


def set_in(goal: Goal, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The lines of start-up files that set one of these variables, as path:line."""
    one = "|".join({NAME: None, **dict.fromkeys(names)})
    sets = re.compile(rf"^(?!\s*#).*?\b({one})\s*=|^\s*set\s+-\w*x\w*\s+({one})\b")
    of_environment = [
        *(Path(goal.prefix) / "etc/conda/activate.d").glob("*.sh"),
        Path(goal.prefix) / "bin/activate",
    ]
    files = [
        *startup.of_home(Path.home()),
        *startup.of_system(),
        *((_short(path), path) for path in of_environment),
    ]
    found: dict[str, tuple[str, ...]] = {}
    for place, line in startup.lines(files):
        if said := sets.search(line):
            name = said[1] or said[2]
            found[name] = (*found.get(name, ()), place)
    return found


def _short(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
