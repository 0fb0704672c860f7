"""In Windows' subsystem: does what Windows hands in come together, and does the shell find it?"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from doctor.facts import DriverLibrary
from doctor.reading.peek import is_there

HOME = "/usr/lib/wsl/lib"
SMI = Path(HOME, "nvidia-smi")
USUAL = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
)  # where a container has them
ALWAYS = ("libdxcore.so",)
SINCE = ((555, ("libnvdxgdmal.so.1",)),)  # what the driver of Windows needs from a branch on


def lacks(libraries: Iterable[DriverLibrary], driver: str | None) -> tuple[str, ...]:
    """Libraries that libcuda opens when it starts, where they are neither beside it nor where ld.so looks."""
    cuda = next((one for one in libraries if one.name == "libcuda.so.1"), None)
    if cuda is None:
        return ()
    branch = int(said) if (said := (driver or "").partition(".")[0]).isdecimal() else 0
    needed = (*ALWAYS, *(name for first, names in SINCE if branch >= first for name in names))
    folders = dict.fromkeys((str(Path(cuda.real).parent), str(Path(cuda.path).parent), HOME, *USUAL))
    return tuple(name for name in needed if not any(is_there(Path(folder, name)) for folder in folders))


def smi_apart() -> str:
    """nvidia-smi as Windows hands it in, where no folder of PATH has one."""
    return str(SMI) if is_there(SMI) and shutil.which("nvidia-smi") is None else ""
