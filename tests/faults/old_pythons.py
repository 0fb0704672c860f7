"""Pythons of before, where the machine of the tests has some: pyenv keeps each in a folder of its own."""

from __future__ import annotations

import os
import pwd
from pathlib import Path


def old_pythons(release: str) -> list[Path]:
    """Those of this user, whatever HOME is now. `release` is a pattern: `3.[6-9]`."""
    homes = {Path.home(), Path(pwd.getpwuid(os.geteuid()).pw_dir)}
    found = (
        python for home in sorted(homes) for python in home.glob(f".pyenv/versions/{release}.*/bin/python3")
    )
    return [python for python in found if os.access(python, os.X_OK)]
