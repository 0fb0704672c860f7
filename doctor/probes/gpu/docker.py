"""On a host with Docker: can it hand GPUs to containers?"""

from __future__ import annotations

import shutil
from pathlib import Path

from doctor.facts import Docker
from doctor.lab.files import read_json

CONFIG = Path("/etc/docker/daemon.json")
CDI = ("/etc/cdi", "/var/run/cdi")
PROGRAMS = (
    "nvidia-ctk",
    "nvidia-container-runtime-hook",
    "nvidia-container-toolkit",
    "nvidia-container-runtime",
)


def docker() -> Docker:
    runtimes = read_json(CONFIG).get("runtimes")
    found = (shutil.which(name) for name in PROGRAMS)
    return Docker(
        command=shutil.which("docker"),
        toolkit=next(filter(None, found), None),
        runtime=isinstance(runtimes, dict) and "nvidia" in runtimes,
        cdi=any(path for folder in CDI for path in Path(folder).glob("*nvidia*")),
    )
