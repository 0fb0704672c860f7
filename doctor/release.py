"""Comparing releases of what a machine has: one that is not there, or that nobody can read, is neither earlier nor later."""

from __future__ import annotations

from packaging.version import InvalidVersion, Version


def release_of(version: str | None) -> Version | None:
    """None when there is none, or when it is no version."""
    try:
        return Version(version) if version else None
    except InvalidVersion:
        return None


def before(version: str | None, floor: str) -> bool:
    """Whether it is known to be earlier than `floor`."""
    known = release_of(version)
    return known is not None and known < Version(floor)


def since(version: str | None, floor: str) -> bool:
    """Whether it is known to be `floor` or later."""
    known = release_of(version)
    return known is not None and known >= Version(floor)
