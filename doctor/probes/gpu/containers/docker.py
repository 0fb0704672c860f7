"""On a host with Docker: can it hand GPUs to containers?"""

from __future__ import annotations

import os
import re
import shutil
from datetime import datetime
from pathlib import Path

import psutil

from doctor.facts import Docker, Setting
from doctor.reading.peek import is_there, peek_text

CONFIG = Path("/etc/docker/daemon.json")
TOOLKIT = Path("/etc/nvidia-container-runtime/config.toml")
SNAP, OF_SNAP = "/snap/", Path("/var/snap/docker/current/config/daemon.json")
LOG, TAIL = Path("/var/log/dpkg.log"), 400_000
INSTALLED = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) install nvidia-container-toolkit:")
SOCKET = Path("/var/run/docker.sock")
CLIENT = Path("~/.docker/config.json")
CDI = ("/etc/cdi", "/var/run/cdi")
CHOSEN = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG")  # variables that choose a daemon
# What else starts containers.
OTHERS = ("containerd", "podman", "kubelet", "k3s", "apptainer")
PID = Path("/var/run/docker.pid")
PROGRAMS = (
    "nvidia-ctk",
    "nvidia-container-runtime-hook",
    "nvidia-container-toolkit",
    "nvidia-container-runtime",
)


def docker(packages: dict[str, str], has_nodes: bool) -> Docker:
    """`has_nodes`: the cards' device files were there before anybody asked for them."""
    command = shutil.which("docker")
    if command and command.startswith(SNAP):
        runtime, fault = "nvidia" in re.findall(r"[\w-]+", peek_text(OF_SNAP)), ""
    else:
        runtime, fault = _said_by_config() if command and is_there(CONFIG) else (False, "")
    found = (shutil.which(name) for name in PROGRAMS)
    cdi = any(path for folder in CDI for path in Path(folder).glob("*nvidia*"))
    context, endpoint, rootless = _elsewhere() if command else ("", "", "")
    toolkit = next(filter(None, found), None)
    return Docker(
        command=command,
        toolkit=toolkit,
        runtime=runtime,
        cdi=cdi,
        fault=fault,
        context=context,
        endpoint=endpoint,
        settings=_settings(cdi) if is_there(TOOLKIT) else (),
        rootless=rootless,
        outdated=_outdated() if command and toolkit and is_there(PID) else "",
        rootful=bool(command) and _is_rootful(),
        toolkit_version=packages.get("nvidia-container-toolkit", ""),
        others=() if has_nodes else tuple(name for name in OTHERS if shutil.which(name)),
    )


def _is_rootful() -> bool:
    """The daemon's own socket, not one of Podman's under its name."""
    return is_there(SOCKET) and "podman" not in os.path.realpath(SOCKET)


def _elsewhere() -> tuple[str, str, str]:
    if not (any(name in os.environ for name in CHOSEN) or is_there(CLIENT.expanduser())):
        return "", "", ""
    from doctor.probes.gpu.containers import elsewhere  # most have chosen no daemon

    return *elsewhere.daemon(), elsewhere.rootless()


def _outdated() -> str:
    """When the toolkit was installed, where the running daemon is older: it looks for it when it starts. An update is no matter."""
    lines = (INSTALLED.match(line) for line in peek_text(LOG, TAIL, end=True).splitlines())
    said = [match[1] for match in lines if match]
    try:
        daemon = psutil.Process(int(peek_text(PID).strip()))
        since, name = daemon.create_time(), daemon.name()
        installed = datetime.strptime(said[-1], "%Y-%m-%d %H:%M:%S").timestamp() if said else 0.0
    except (ValueError, OverflowError, psutil.Error):
        return ""
    return said[-1] if name == "dockerd" and installed > since else ""


def _settings(cdi: bool) -> tuple[Setting, ...]:
    from doctor.probes.gpu.containers import toolkit  # most machines have no such file

    return toolkit.settings(cdi)


def _said_by_config() -> tuple[bool, str]:
    from doctor.probes.gpu.containers import daemon  # most machines have no such file

    return daemon.look()
