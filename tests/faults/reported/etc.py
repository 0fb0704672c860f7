"""An /etc of a test's own: a copy of the machine's with some files more, mounted over it for one process."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import missing


def own_etc(folder: Path, files: Mapping[str, str]) -> list[str]:
    """What to start a program through. `files` are named from /etc."""
    if os.geteuid() != 0:
        missing("root", "mounting needs root")
    etc = folder / "etc"
    if not etc.exists():
        subprocess.run(["cp", "-a", "/etc", str(etc)], check=True, timeout=60)
    for name, text in files.items():
        (etc / name).parent.mkdir(parents=True, exist_ok=True)
        (etc / name).write_text(text)
    return ["unshare", "-m", "sh", "-ec", f'mount --bind {etc} /etc\nexec "$@"', "sh"]
