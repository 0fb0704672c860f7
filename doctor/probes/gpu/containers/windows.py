"""In Windows' subsystem: does what Windows hands in come together, and does the shell find it?"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from doctor.facts import DriverLibrary
from doctor.reading.peek import is_there, peek_text

HOME = "/usr/lib/wsl/lib"
CONF = Path("/etc/wsl.conf")
OFF = re.compile(r"\s*enabled\s*=\s*(?:false|0)\s*(?:#.*)?$", re.IGNORECASE)
SMI = Path(HOME, "nvidia-smi")
USUAL = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
)  # where a container has them
ALWAYS = ("libdxcore.so",)
SINCE = ((555, ("libnvdxgdmal.so.1",)),)  # what the driver of Windows needs from a branch on


def switched_off(path: Path = CONF) -> str:
    """The line by which this distribution is given no GPU."""
    section = ""
    for number, line in enumerate(peek_text(path).splitlines(), 1):
        head, off = re.match(r"\s*\[([^\]]*)\]", line), OFF.match(line)
        section = head[1].strip().lower() if head else section
        if off and section == "gpu":
            return f"{path}:{number}"
    return ""


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
