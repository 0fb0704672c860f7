"""Facts of the Hugging Face client and its cache."""

from __future__ import annotations

from typing import Literal

import msgspec


class CachedModel(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    revision: str
    state: Literal["complete", "partial", "absent"]
    missing_bytes: int
    cached_bytes: int


class Hub(msgspec.Struct, frozen=True, kw_only=True, tag="hub"):
    endpoint: str | None  # HF_ENDPOINT as the person set it
    cache: str  # HF_HOME
    models: tuple[CachedModel, ...]
