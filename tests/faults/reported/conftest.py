"""Somebody with a cache and an environment of their own, as among the unrehearsed faults."""

from __future__ import annotations

from tests.faults.unrehearsed.conftest import hub, person

__all__ = ("hub", "person")
