"""A world without flock, as on some network and user-space file systems: a library that is loaded before the real one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.conftest import missing

SOURCE = """
#include <errno.h>
int flock(int descriptor, int operation) { errno = %s; return -1; }
"""


def no_flock(folder: Path, errno: str = "ENOLCK") -> dict[str, str]:
    """Variables under which every program finds that this file system cannot lock."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        missing("cc", "no C compiler; as root: apt-get install gcc libc6-dev")
    source, library = folder / "no_flock.c", folder / f"no_flock_{errno}.so"
    source.write_text(SOURCE % errno)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(source)], check=True, timeout=60)
    return {"LD_PRELOAD": str(library)}
