"""git, as people fetch models with it: large files come through git-lfs, a program of its own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from doctor.reading.peek import is_file, peek_text

FILTER = re.compile(r"^\s*\[filter \"lfs\"\]", re.MULTILINE)
BESIDE_GIT = "/usr/lib/git-core/git-lfs"  # git looks there too


def lfs_wanted_by(environ: Mapping[str, str]) -> str | None:
    """The settings of git that hand large files to git-lfs, where that is not here: such a clone stops half-way."""
    path = environ.get("PATH")
    if not shutil.which("git", path=path) or shutil.which("git-lfs", path=path) or is_file(Path(BESIDE_GIT)):
        return None
    home = Path(environ.get("HOME") or "~").expanduser()
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = (home / ".gitconfig", config / "git" / "config", Path("/etc/gitconfig"))
    return next((str(file) for file in files if FILTER.search(peek_text(file, 200_000))), None)
