"""What can be said of a prefix from its path alone, and the mark of one that is being made."""

from __future__ import annotations

import os
from pathlib import Path

LONGEST = 110  # bytes; above it the first line of bin/conda is too long for the kernel
UNFIT = " :'\""  # the installer, or conda afterwards, cannot live with these


def unfit(prefix: str) -> str | None:
    """Why conda cannot live at this path, as evidence; None when it can."""
    for character in UNFIT:
        if character in prefix:
            return f"{prefix} contains {character!r}"
    length = len(os.fsencode(prefix))
    return f"{prefix} is {length} bytes long" if length > LONGEST else None


def marker(prefix: str | Path) -> Path:
    """The file beside a prefix that says: we are making it, and whatever is in there is ours.

    Written before the first byte of the prefix, removed after the last; scripts/install_miniconda.sh
    knows it by the same name.
    """
    return Path(f"{str(prefix).rstrip('/')}.groundwork-installing")
