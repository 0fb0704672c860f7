"""Names that errors speak of, and what brings them: configs/names.toml."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import msgspec

from doctor.reading.tomlfile import load

PATH = Path(__file__).resolve().parent.parent / "configs" / "names.toml"


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is installed for a module, a library, a command or a C header, and when Python's own library changed."""

    modules: dict[str, str]
    libraries: dict[str, str]
    commands: dict[str, str]
    headers: dict[str, str]
    dropped: dict[str, str]
    gone: dict[str, tuple[str, ...]]
    since: dict[str, tuple[str, ...]]


@cache
def names() -> Names:
    return load(PATH, Names)


def requirement_of(module: str) -> str:
    """What pip installs to bring a module: by the table, of its longest part that is known; "" where none is."""
    parts = module.split(".")
    known = names().modules
    for length in range(len(parts), 0, -1):
        if (found := known.get(".".join(parts[:length]))) is not None:
            return found
    return ""


def dropped_by_library(name: str) -> str:
    """The last releases that have a module or a name which a library dropped since ("transformers<5"); "" where none is known."""
    found = (
        wanted
        for pattern, wanted in names().dropped.items()
        if fnmatchcase(name, pattern) or name.startswith(f"{pattern}.")
    )
    return next(found, "")


def gone_from_python(name: str) -> str:
    """The release of Python that dropped a module or a name of its library ("imp", "time.clock"); "" where none did."""
    return _release(names().gone, name)


def new_in_python(name: str) -> str:
    """The release of Python that brought a module or a name of its library; "" where it was always there."""
    return _release(names().since, name)


def _release(table: dict[str, tuple[str, ...]], name: str) -> str:
    for release, listed in table.items():
        if any(name == one or name.startswith(f"{one}.") for one in listed):
            return release
    return ""
