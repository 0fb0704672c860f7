"""Facts of the environment's interpreter."""

from __future__ import annotations

from typing import Literal

import msgspec

EnvironmentState = Literal["absent", "complete", "half", "foreign"]


class Python(msgspec.Struct, frozen=True, kw_only=True, tag="python"):
    """The environment that the course runs in (not the one that runs this tool)."""

    prefix: str
    state: EnvironmentState
    interpreter: str | None
    version: str | None  # "3.11.7"
    kind: Literal["conda", "venv", "system"] | None
