"""Facts of the distributions in the environment."""

from __future__ import annotations

import msgspec


class Packages(msgspec.Struct, frozen=True, kw_only=True, tag="packages"):
    """Distributions in the environment, by normalised name; `wanted` is what the profile's lock pins."""

    site: str
    wanted: dict[str, str]
    lock: str  # SHA-256 of the lock file
    installed: dict[str, str]
    half_installed: tuple[str, ...]  # metadata without a RECORD: the installer was killed
    duplicates: tuple[str, ...]
