"""In a container? A session over ssh does not inherit the container's variables; its first process has them."""

from __future__ import annotations

import os
import re

from doctor.probes.host.machine import container as marked
from doctor.reading.peek import peek, peek_text

CGROUP = re.compile(r"kubepods|/docker[/-]|containerd|libpod")
STARTED = 19  # field of /proc/PID/stat, behind the name
KUBERNETES = "KUBERNETES_SERVICE_HOST"


def container() -> str | None:
    """The kind of container that this is, None on a host."""
    said = marked()
    if said is None and variable(KUBERNETES) is not None:
        return "kubernetes"
    return said or ("container" if CGROUP.search(peek_text("/proc/1/cgroup")) else None)


def variable(name: str) -> str | None:
    """A variable with which the container was started: of this session, else of its first process."""
    first = (pair.decode("utf-8", "replace").partition("=") for pair in _first_environ().split(b"\0"))
    values = {key: value for key, _, value in first}
    return os.environ.get(name, values.get(name))


def seconds() -> float | None:
    """Since this container's first process was started."""
    uptime = peek_text("/proc/uptime").split()
    fields = peek_text("/proc/1/stat").rpartition(")")[2].split()
    if not uptime or len(fields) <= STARTED:
        return None
    return float(uptime[0]) - int(fields[STARTED]) / os.sysconf("SC_CLK_TCK")


def _first_environ() -> bytes:
    return peek("/proc/1/environ") or b""
