"""What ffmpeg told setup, which holds for as long as none of its files has changed.

The distribution's loads 200 libraries: starting it takes a sixth of a look. With --deep it is started all the same.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from doctor.elf import read
from doctor.elf.linker import CACHE
from doctor.facts import Ffmpeg, Unknown
from doctor.goal import Goal
from doctor.reading.ask import ask
from doctor.reading.peek import peek
from doctor.reading.unchanged import State, states


class Proof(msgspec.Struct, frozen=True):
    """What the command told of itself, and all files that took part in it."""

    said: Ffmpeg
    files: dict[str, State]


def path_in(goal: Goal) -> Path:
    return Path(goal.home) / "smoke" / f"{goal.env_name}.ffmpeg.json"


def kept(goal: Goal, path: str | None) -> Ffmpeg | None:
    """What the command at `path` told setup; None where that cannot be relied on."""
    if goal.deep or goal.foreign or _may_be_led_astray():
        return None
    try:
        proof = msgspec.json.decode(peek(path_in(goal)) or b"", type=Proof)
    except ValueError:
        return None
    return proof.said if proof.said.path == path and states(proof.files) == proof.files else None


def prove(said: Ffmpeg) -> Proof | None:
    """For setup to keep; None for one that does not run, or whose libraries are not known."""
    if said.path is None or said.version is None or _may_be_led_astray():
        return None
    libraries = libraries_of(said.path)
    files = None if libraries is None else states((said.path, str(CACHE), *libraries))
    return Proof(said, files) if files else None


def libraries_of(path: str) -> tuple[str, ...] | None:
    """The files that the dynamic linker takes for it (ldd asks the linker itself); None where that cannot be told."""
    elf = read(path)
    if isinstance(elf, Unknown):  # a script starts whatever it likes
        return None
    if not elf.needed:
        return ()
    listed = ask(["ldd", path], seconds=5)
    if isinstance(listed, Unknown) or listed.returncode != 0 or "not found" in listed.stdout:
        return None
    words = (word for line in listed.stdout.splitlines() for word in line.split())
    return tuple(dict.fromkeys(word for word in words if word.startswith("/")))


def _may_be_led_astray() -> bool:
    """Whether a variable may make the linker take other libraries."""
    return any(name.startswith("LD_") for name in os.environ)
