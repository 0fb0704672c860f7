"""How a step ended."""

from __future__ import annotations

from typing import Literal

import msgspec

from doctor.text import Text

Status = Literal["done", "left-out", "failed", "not-run"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    title: Text
    status: Status
    seconds: float = 0
    reason: Text | None = None
    later: Text | None = None
    code: int = 0  # exit code that a failure asks for
