"""The installs of conda: where they are, and whether each is whole."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor import elf
from doctor.facts import CondaInstall, CondaState, Unknown
from doctor.goal.prefix import marker
from doctor.probes.conda import openssl
from doctor.reading.peek import is_file, is_folder, is_there, peek

USUAL = (
    "~/miniconda3",
    "~/miniconda",
    "~/anaconda3",
    "~/miniforge3",
    "~/mambaforge",
    "/opt/conda",
    "/opt/miniconda3",
    "/opt/anaconda3",
    "/opt/miniforge3",
    "/root/miniconda3",  # where images for rented servers have it, whoever logs in
)
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

SYSTEMS = re.compile(r"(?:ld-linux.*|lib(?:c|m|dl|rt|pthread|resolv|util))\.so\.\d+$")  # the C library's own


def look(prefix: Path) -> CondaInstall:
    """What stands at a prefix, judged from its files alone."""
    record = _record(prefix)
    python, library = python_of(prefix), library_of(prefix)
    without = openssl.lost(prefix)
    return CondaInstall(
        prefix=str(prefix),
        state=_state(prefix, record),
        version=_version(record),
        writable=_writable(prefix),
        python=python,
        library=library if library != python else None,
        command=os.path.lexists(prefix / "bin" / "conda"),
        shebang=_lost_interpreter(prefix / "bin" / "conda"),
        lacks=_lacks(prefix / "lib"),
        openssl_lost=without,
        openssl_kept=openssl.kept(prefix, without),
        libmamba=any(prefix.glob("conda-meta/conda-libmamba-solver-*.json")),
    )


def _state(prefix: Path, record: Path | None) -> CondaState:
    if not is_there(prefix) or (is_folder(prefix) and not _entries(prefix)):
        return "absent"
    if is_file(marker(prefix)):
        return "half"
    if record and _works(prefix):
        return "complete"
    return "damaged" if any(is_there(prefix / name) for name in REMAINS) else "foreign"


def _works(prefix: Path) -> bool:
    """Interpreter, command and library are there, and belong together. A base whose Python was replaced has all three."""
    commands = (prefix / "bin" / "python", prefix / "bin" / "conda")
    if not all(os.access(path, os.X_OK) for path in commands) or _lost_interpreter(commands[1]):
        return False
    library, python = library_of(prefix), python_of(prefix)
    return library is not None and (python is None or library == python)


def python_of(prefix: Path) -> str | None:
    """The X.Y of the prefix's own interpreter, by the name that bin/python links to; None when that says nothing."""
    found = re.search(r"python(3\.\d+)$", os.path.realpath(prefix / "bin" / "python"))
    return found.group(1) if found else None


def library_of(prefix: Path) -> str | None:
    """The X.Y that conda's own code is installed for: the interpreter's, if it is there for several."""
    found = [
        path.parts[-4].removeprefix("python")
        for path in prefix.glob("lib/python3*/site-packages/conda/__init__.py")
    ]
    return python_of(prefix) if python_of(prefix) in found else next(iter(sorted(found)), None)


def _lost_interpreter(command: Path) -> str | None:
    """What the first line of a command asks for, when that is a path where nothing is: the folder was moved."""
    line = (peek(command, 300) or b"").partition(b"\n")[0]
    found = re.match(rb"#!\s*(/\S+)", line)
    interpreter = os.fsdecode(found.group(1)) if found else ""
    return interpreter if interpreter and not is_there(Path(interpreter)) else None


def _lacks(lib: Path) -> tuple[str, ...]:
    """Libraries that the fast solver asks for and conda's folder does not have: it looks nowhere else for them."""
    solver = next(iter(sorted(lib.glob("libmamba.so*"))), None)
    said = elf.read(str(solver)) if solver else Unknown("no libmamba")
    needed = () if isinstance(said, Unknown) else said.needed
    return tuple(name for name in needed if not SYSTEMS.match(name) and not os.path.lexists(lib / name))


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
    existing = next(p for p in (prefix, *prefix.parents) if is_there(p))
    return os.access(existing, os.W_OK | os.X_OK)


def roots(environ: Mapping[str, str], owner: Path | None = None) -> tuple[Path, ...]:
    """Where a conda may be: the environment's own, what the shell says, then the usual places. Each once."""
    usual = (Path(place).expanduser() for place in USUAL)
    found = (*((owner,) if owner else ()), *from_shell(environ), *usual)
    return tuple(dict.fromkeys(root for root in found if _is_dir(root)))


def from_shell(environ: Mapping[str, str]) -> Iterator[Path]:
    if environ.get("CONDA_EXE"):
        yield Path(environ["CONDA_EXE"]).parent.parent
    for folder in environ.get("PATH", "").split(os.pathsep):
        if folder and os.access(command := Path(folder) / "conda", os.X_OK):
            yield command.resolve().parent.parent


def _is_dir(path: Path) -> bool:
    try:
        return is_folder(path)
    except OSError:  # below a folder that this user may not enter
        return False
