"""Facts of the conda installations."""

from __future__ import annotations

from typing import Literal

import msgspec

# half: being made by us when it was interrupted; damaged: a conda, not whole, and not ours to mend
CondaState = Literal["absent", "complete", "half", "damaged", "foreign"]


class CondaInstall(msgspec.Struct, frozen=True, kw_only=True):
    prefix: str
    state: CondaState
    version: str | None
    writable: bool


class Conda(msgspec.Struct, frozen=True, tag="conda"):
    """`wanted` is the prefix that setup would install into; `installs` all that were found, that one first."""

    wanted: CondaInstall
    installs: tuple[CondaInstall, ...]
