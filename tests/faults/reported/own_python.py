"""A Python in a folder of its own, as pyenv and conda have it: the tests' own one, its files shared by hard links."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path


def own_python(prefix: Path) -> Path:
    """Its folder of compiled modules. To change a file use `replace`, or unlink it."""
    real, library = Path(sys.executable).resolve(), Path(sysconfig.get_path("stdlib"))
    (prefix / "bin").mkdir(parents=True)
    (prefix / "lib").mkdir()
    for name in (real.name, "python3", "python"):
        if not (prefix / "bin" / name).exists():
            shutil.copy(real, prefix / "bin" / name)
    copy = prefix / "lib" / library.name
    if subprocess.run(["cp", "-al", str(library), str(copy)], capture_output=True, check=False).returncode:
        shutil.rmtree(copy, ignore_errors=True)  # another filesystem
        shutil.copytree(library, copy, symlinks=True)
    for shared in real.parent.parent.glob("lib/libpython3*.so*"):
        shutil.copy(shared, prefix / "lib" / shared.name)
    (copy / "EXTERNALLY-MANAGED").unlink(missing_ok=True)  # a distribution's word on its own one
    (copy / "site-packages").mkdir(exist_ok=True)
    return copy / "lib-dynload"
