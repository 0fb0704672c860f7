"""Facts of ffmpeg."""

from __future__ import annotations

import msgspec


class Ffmpeg(msgspec.Struct, frozen=True, kw_only=True, tag="ffmpeg"):
    path: str | None  # the command as a process of the environment would find it
    version: str | None
    error: str | None = None
