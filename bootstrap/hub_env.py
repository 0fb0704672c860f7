"""The Hub endpoint that models were fetched from, remembered so that notebooks use it too."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bootstrap.files import write_atomically
from doctor.goal import Goal


class HubEnv(msgspec.Struct, frozen=True):
    endpoint: str


def path_of(goal: Goal) -> Path:
    return Path(goal.home) / "hub.json"


def read(goal: Goal) -> str | None:
    """The recorded endpoint, None when none was recorded or the record cannot be read."""
    try:
        return msgspec.json.decode(path_of(goal).read_bytes(), type=HubEnv).endpoint
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None


def record(goal: Goal, endpoint: str) -> None:
    """Remember the endpoint for the kernel's environment."""
    write_atomically(path_of(goal), msgspec.json.encode(HubEnv(endpoint)))
