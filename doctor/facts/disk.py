"""Facts of the folders that the course writes to."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One folder that setup writes to, and the mount that carries it."""

    role: str  # home, environment, cache
    path: str
    mount: str
    filesystem: str
    free_bytes: int
    total_bytes: int
    free_inodes: int | None  # None where the filesystem has no fixed number
    writable: bool


class Disk(msgspec.Struct, frozen=True, tag="disk"):
    places: tuple[Place, ...]
