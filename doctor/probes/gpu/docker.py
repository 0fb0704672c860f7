"""On a host with Docker: can it hand GPUs to containers?"""

from __future__ import annotations

import shutil
from pathlib import Path

from doctor.facts import Docker
from doctor.reading.peek import is_there

CONFIG = Path("/etc/docker/daemon.json")
CDI = ("/etc/cdi", "/var/run/cdi")
PROGRAMS = (
    "nvidia-ctk",
    "nvidia-container-runtime-hook",
    "nvidia-container-toolkit",
    "nvidia-container-runtime",
)


def docker() -> Docker:
    command = shutil.which("docker")
    runtime, fault = _said_by_config() if command and is_there(CONFIG) else (False, "")
    found = (shutil.which(name) for name in PROGRAMS)
    return Docker(
        command=command,
        toolkit=next(filter(None, found), None),
        runtime=runtime,
        cdi=any(path for folder in CDI for path in Path(folder).glob("*nvidia*")),
        fault=fault,
    )


def _said_by_config() -> tuple[bool, str]:
    from doctor.probes.gpu import daemon  # most machines have no such file

    return daemon.look()
