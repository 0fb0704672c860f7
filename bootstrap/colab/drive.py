"""CACHE=drive: models on the mounted Google Drive, so that the next session finds them there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bootstrap.colab.table import table
from doctor.errors import Exit, Trouble
from doctor.goal.settings import default_cache
from doctor.text import Text

WORD = "drive"


def with_drive(
    flags: Mapping[str, str | None], environ: Mapping[str, str] = os.environ
) -> dict[str, str | None]:
    """The settings with CACHE=drive said as a folder. Raises Trouble when Drive is not mounted."""
    asked = flags.get("CACHE") or environ.get("CACHE") or ""
    if asked.lower() != WORD:
        return dict(flags)
    require_mounted(table().drive.cache)
    return {**flags, "CACHE": table().drive.cache}


def on_drive(cache: str) -> bool:
    return Path(cache).is_relative_to(table().drive.mount)


def require_mounted(cache: str) -> None:
    """Raise Trouble when a cache on Drive would be written to the folder that Drive is mounted on."""
    drive = table().drive
    if not on_drive(cache) or Path(drive.mount).is_mount():
        return
    raise Trouble(
        Text(
            f"Google Drive is not mounted at {drive.mount}, so models cannot be kept there",
            f"Google Drive 未挂载到 {drive.mount}，无法把模型放在那里",
        ),
        Exit.PERSON,
        Text(
            f"type this in a cell of its own, allow it on the page, then run this cell again:\n    {drive.line}\n"
            f"  or keep models on the runtime's disk: CACHE={default_cache()}",
            f"请在单独的单元格中运行下面一行，在网页上允许后重新运行本单元格：\n    {drive.line}\n"
            f"  或把模型放在运行时的本地磁盘：CACHE={default_cache()}",
        ),
    )
