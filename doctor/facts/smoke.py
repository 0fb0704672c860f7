"""Facts of the last proof."""

from __future__ import annotations

import msgspec


class SmokeTask(msgspec.Struct, frozen=True, kw_only=True):
    task: str
    model: str
    weights: str
    status: str
    note: str | None = None


class Smoke(msgspec.Struct, frozen=True, kw_only=True, tag="smoke"):
    """The last smoke test, and whether the environment is still the one that it proved."""

    taken_at: str | None
    proved: str | None  # fingerprint of what the last run tested
    current: str  # fingerprint of what is there now
    tasks: tuple[SmokeTask, ...]
