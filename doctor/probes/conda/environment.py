"""The goal's environment, where conda made it: conda's records of it, and what they say should be there."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from doctor.facts import CondaEnvironment
from doctor.goal import Goal
from doctor.probes.installers.pip import read_pip
from doctor.reading.peek import is_file, is_folder, peek, peek_text

LITTER = (".pyc", ".a", ".la", ".pc", ".map", ".txt")  # what people and images clean up
CLEANED = re.compile(r"/(?:tests?|idlelib|site-packages|pkgconfig|cmake)/")
LARGEST = 64_000_000  # bytes of a record: a package may have twenty thousand files
SECONDS = 0.3  # for comparing records with files; a whole environment takes half of that
YES = ("1", "true", "yes", "on", "y")


class Record(msgspec.Struct):
    """What is wanted of a package's record in conda-meta."""

    name: str = ""
    files: list[str] = []


def environment(goal: Goal, environ: Mapping[str, str]) -> CondaEnvironment | None:
    prefix = Path(goal.prefix)
    meta = prefix / "conda-meta"
    if not is_folder(meta):
        return None
    unreadable, incomplete = _records(prefix, time.monotonic() + (60 if goal.deep else SECONDS))
    return CondaEnvironment(
        prefix=str(prefix),
        root=root_of(prefix),
        is_base=root_of(prefix) == str(prefix),
        history=is_file(meta / "history"),
        frozen=is_file(meta / "frozen"),
        writable=os.access(meta, os.W_OK | os.X_OK),
        pins=_pins(meta / "pinned"),
        unreadable=unreadable,
        broken_states=tuple(_broken_states(prefix)),
        incomplete=incomplete,
        pip_user=_pip_user(prefix, environ),
    )


def root_of(prefix: Path) -> str | None:
    """The install that a conda environment belongs to: itself for base, else the one above `envs`."""
    if not is_folder(prefix / "conda-meta"):
        return None
    if is_folder(prefix / "condabin") or any(prefix.glob("conda-meta/conda-[0-9]*.json")):
        return str(prefix)
    above = prefix.parent.parent
    return str(above) if prefix.parent.name == "envs" and is_folder(above / "condabin") else None


def _records(prefix: Path, until: float) -> tuple[tuple[str, ...], tuple[tuple[str, str, int], ...]]:
    unreadable: list[str] = []
    incomplete: list[tuple[str, str, int]] = []
    decoder = msgspec.json.Decoder(Record)
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        content = peek(path, LARGEST)
        if content is None:  # of another user, say
            continue
        try:
            record = decoder.decode(content)
        except ValueError:
            record = Record()
        if not record.name:
            unreadable.append(str(path))
            continue
        missing = [file for file in _lasting(record.files) if not os.path.lexists(prefix / file)]
        if missing:
            incomplete.append((record.name, missing[0], len(missing)))
        if time.monotonic() > until:
            break
    return tuple(unreadable), tuple(incomplete)


def _broken_states(prefix: Path) -> Iterator[str]:
    """`conda env config vars set` keeps them in the first, packages in the others; conda takes nothing but JSON objects."""
    for path in (prefix / "conda-meta/state", *sorted(prefix.glob("etc/conda/env_vars.d/*.json"))):
        content = peek(path)
        try:
            said = {} if content is None else msgspec.json.decode(content, type=dict[str, object])
        except ValueError:
            yield str(path)
            continue
        if path.name == "state" and not isinstance(said.get("env_vars", {}), dict):
            yield str(path)


def _lasting(files: list[str]) -> list[str]:
    """Programs and libraries. Of a Python package none: pip may have put another version in its place."""
    if any(".dist-info/" in file or ".egg-info" in file for file in files):
        return []
    return [
        f
        for f in files
        if f.startswith(("bin/", "lib/")) and not f.endswith(LITTER) and not CLEANED.search(f)
    ]


def _pins(path: Path) -> tuple[str, ...]:
    return tuple(
        line.strip() for line in peek_text(path).splitlines() if line.strip() and not line.startswith("#")
    )


def _pip_user(prefix: Path, environ: Mapping[str, str]) -> str | None:
    """What makes `pip install` mean `pip install --user`."""
    said = read_pip(str(prefix), environ).get("user")
    return said.source if said and said.value.lower() in YES else None
