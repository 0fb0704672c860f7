"""The environment's commands and search path, read off its files: whose Python they start, where they lead."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from doctor.facts import Script
from doctor.reading.peek import is_file, is_there, peek

MOST = 400  # commands that are looked at
KEPT = 12  # of what is found
LINE = 1024  # bytes of a first line; the kernel reads 256, older ones 128
KERNEL = 255
PYTHON = re.compile(r"python[0-9.]*$")
TRAMPOLINE = re.compile(rb"""'''exec' ["']?(.+?)["']? "\$0\"""")


class Found(msgspec.Struct, frozen=True):
    """What the commands' first lines say."""

    count: int = 0
    astray: tuple[Script, ...] = ()
    unusable: tuple[str, ...] = ()
    not_executable: tuple[str, ...] = ()
    windows_lines: tuple[str, ...] = ()


class Line(msgspec.Struct, frozen=True):
    """The first line of a command that a Python runs."""

    name: str
    text: str
    direct: bool  # the kernel itself reads it
    windows: bool  # it ends as Windows ends its lines
    may_run: bool  # by the file's mode: that of a whole file system is another matter


def look(prefix: Path) -> Found:
    """The Python commands in bin whose first line starts another Python, or cannot start any."""
    lines = list(_first_lines(prefix / "bin"))
    astray = [script for line in lines if (script := _astray(line.name, line.text, prefix))]
    return Found(
        len(lines),
        _worst(astray),
        unusable=tuple(line.name for line in lines if line.direct and _unusable(line.text, prefix))[:KEPT],
        not_executable=tuple(line.name for line in lines if not line.may_run),
        windows_lines=tuple(line.name for line in lines if line.windows),
    )


def _worst(scripts: list[Script]) -> tuple[Script, ...]:
    return tuple(sorted(scripts, key=lambda script: script.there)[:KEPT])


def _first_lines(folder: Path) -> Iterator[Line]:
    """Of each script that a Python runs."""
    try:
        entries = sorted((e for e in os.scandir(folder) if e.is_file()), key=lambda e: e.name)[:MOST]
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink():
            continue
        text, direct, windows = _first_line(entry.path)
        if PYTHON.search(text.split(" -")[0].strip()):
            yield Line(entry.name, text, direct, windows, bool(entry.stat().st_mode & 0o111))


def _first_line(path: str) -> tuple[str, bool, bool]:
    """What stands behind #!, and whether Windows ended it. Of a trampoline, which installers write for long paths, what
    it calls, and that the kernel does not read it."""
    first, _, second = (peek(path, LINE) or b"").partition(b"\n")
    called = TRAMPOLINE.match(second)
    if called:
        return os.fsdecode(called.group(1)), False, False
    return (os.fsdecode(first[2:]).strip() if first.startswith(b"#!") else ""), True, first.endswith(b"\r")


def _astray(name: str, line: str, prefix: Path) -> Script | None:
    """A script whose Python is not in this environment, unless it takes whatever is on PATH."""
    program = line.split(" -")[0].strip()
    if program.startswith("/usr/bin/env") or not program.startswith("/"):
        return None
    if _within(program, prefix):
        return None if is_there(Path(program)) else Script(name=name, interpreter=program, there=False)
    if os.path.realpath(program) == os.path.realpath(prefix / "bin" / "python") and _is_base(prefix):
        return None
    return Script(name=name, interpreter=program, there=is_there(Path(program)))


def _is_base(prefix: Path) -> bool:
    """An installation of its own, where every path to the one Python is as good as the other."""
    return not is_file(prefix / "pyvenv.cfg")


def _within(program: str, prefix: Path) -> bool:
    folder = program.rpartition("/")[0]  # nearly always in these very words
    return folder == f"{prefix}/bin" or os.path.realpath(folder) == os.path.realpath(prefix / "bin")


def _unusable(line: str, prefix: Path) -> bool:
    """A first line that the kernel cuts at the first space, or at its limit. Trampolines are read through before."""
    program = line.split(" -")[0].strip()
    raw = program.startswith(f"{prefix}/") and not program.startswith("/bin/sh")
    return raw and (" " in program or len(os.fsencode(line)) > KERNEL)


def other_sites(prefix: Path, version: str | None) -> tuple[str, ...]:
    """The Pythons, other than the one that runs, for which packages lie here."""
    if version is None:
        return ()
    minor = ".".join(version.split(".")[:2])
    others = (
        p.parent.name.removeprefix("python") for p in prefix.glob("lib/python3.*/site-packages") if _held(p)
    )
    return tuple(sorted(other for other in others if other != minor))


def site_empty(prefix: Path, version: str | None) -> bool:
    """Whether the Python that runs has no packages here at all."""
    if version is None:
        return False
    minor = ".".join(version.split(".")[:2])
    return not _held(prefix / "lib" / f"python{minor}" / "site-packages")


def _held(site: Path) -> int:
    """How many distributions lie there, pip and its like left out."""
    try:
        names = [path.name for path in site.iterdir()]
    except OSError:
        return 0
    return sum(
        name.endswith(".dist-info") and not name.startswith(("pip-", "setuptools-", "wheel-"))
        for name in names
    )
