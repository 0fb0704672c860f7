"""configs/colab.toml: what is kept as the runtime has it, what is never installed, and where Drive is."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache

import msgspec

from doctor.goal.profile import CONFIGS
from doctor.reading.tomlfile import load


class Drive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mount: str
    cache: str
    line: str  # what to type to mount it


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    roots: tuple[str, ...]
    kept: tuple[str, ...]
    left_out: tuple[str, ...]
    drive: Drive


@cache
def table() -> Table:
    return load(CONFIGS / "colab.toml", Table)


def is_one_of(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
