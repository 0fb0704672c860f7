"""Reading Jupyter's JSON files: absent, half-written or foreign ones are simply empty."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from doctor.lab.wanted import Setting
from doctor.reading.peek import peek, peek_text

LAST_LINES = 15
LAST_BYTES = 64_000  # enough for that many lines of any log
SECRET_TRAITS = ("hashed_password",)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty when there is none, or it is not one."""
    try:
        data = json.loads(peek(path) or b"")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def settings_of(path: Path) -> dict[str, Setting]:
    """The settings of a configuration file as `Class.trait`, secrets left out."""
    settings: dict[str, Setting] = {}
    for section, traits in read_json(path).items():
        for trait, value in (traits if isinstance(traits, dict) else {}).items():
            if trait not in SECRET_TRAITS:
                plain = value is None or isinstance(value, str | int | bool)
                settings[f"{section}.{trait}"] = value if plain else json.dumps(value)
    return settings


def hash_of(path: Path) -> str | None:
    """The password's hash in a configuration file. For comparing; it never becomes a fact."""
    section: Any = read_json(path).get("PasswordIdentityProvider")
    value = section.get("hashed_password") if isinstance(section, dict) else None
    return value if isinstance(value, str) and value.startswith("argon2:") else None


def mode_of(path: Path) -> int | None:
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return None


def last_lines(path: Path) -> tuple[str, ...]:
    """The end of a log, however long it is."""
    lines = peek_text(path, LAST_BYTES, end=True).splitlines()
    return tuple(line.rstrip() for line in lines[-LAST_LINES:])
