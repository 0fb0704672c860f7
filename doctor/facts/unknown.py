""" "Could not tell" as a value: different from "no"."""

from __future__ import annotations

import msgspec


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """Could not tell, because of `reason`."""

    reason: str
