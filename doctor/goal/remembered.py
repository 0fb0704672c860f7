"""Settings of the last setup, so that `make lab` after `make setup PORT=9000` means port 9000.

Weaker than a flag or a variable, stronger than the profile. Holds no secret and nothing that a step is judged by.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from doctor.reading.peek import peek

KEPT = (
    "ENV_MANAGER",
    "ENV_NAME",
    "PYTHON",
    "PREFIX",
    "CACHE",
    "MIRRORS",
    "MODELS",
    "IP",
    "PORT",
    "TLS",
    "KEEP_UP",
    "ROOT_DIR",
)


class Remembered(msgspec.Struct, frozen=True):
    """The profile of the last setup, and for each profile the settings that it was given."""

    profile: str | None = None
    settings: dict[str, dict[str, str]] = {}


def path_in(home: str) -> Path:
    return Path(home) / "settings.json"


def read(home: str) -> Remembered:
    """What is remembered; nothing when there is no file, or none that can be read."""
    try:
        return msgspec.json.decode(peek(path_in(home)) or b"", type=Remembered)
    except ValueError:
        return Remembered()
