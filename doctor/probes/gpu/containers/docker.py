"""On a host with Docker: can it hand GPUs to containers?"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from doctor.facts import Docker, Setting
from doctor.reading.peek import is_there, peek_text

CONFIG = Path("/etc/docker/daemon.json")
TOOLKIT = Path("/etc/nvidia-container-runtime/config.toml")
SNAP, OF_SNAP = "/snap/", Path("/var/snap/docker/current/config/daemon.json")
SOCKET = Path("/var/run/docker.sock")
CLIENT = Path("~/.docker/config.json")
CDI = ("/etc/cdi", "/var/run/cdi")
CHOSEN = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG")  # variables that choose a daemon
# What else starts containers.
OTHERS = ("containerd", "podman", "kubelet", "k3s", "apptainer")
ROOTLESS = re.compile(r"unix:///run/user/\d+/docker\.sock\Z")
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
    context, endpoint = _elsewhere() if command else ("", "")
    return Docker(
        command=command,
        toolkit=next(filter(None, found), None),
        runtime=runtime,
        cdi=cdi,
        fault=fault,
        context=context,
        endpoint=endpoint,
        settings=_settings(cdi) if is_there(TOOLKIT) else (),
        rootless=bool(command) and ROOTLESS.match(os.environ.get("DOCKER_HOST", "")) is not None,
        rootful=bool(command) and _is_rootful(),
        toolkit_version=packages.get("nvidia-container-toolkit", ""),
        others=() if has_nodes else tuple(name for name in OTHERS if shutil.which(name)),
    )


def _is_rootful() -> bool:
    """The daemon's own socket, not one of Podman's under its name."""
    return is_there(SOCKET) and "podman" not in os.path.realpath(SOCKET)


def _elsewhere() -> tuple[str, str]:
    if not (any(name in os.environ for name in CHOSEN) or is_there(CLIENT.expanduser())):
        return "", ""
    from doctor.probes.gpu.containers import elsewhere  # most have chosen no daemon

    return elsewhere.daemon()


def _settings(cdi: bool) -> tuple[Setting, ...]:
    from doctor.probes.gpu.containers import toolkit  # most machines have no such file

    return toolkit.settings(cdi)


def _said_by_config() -> tuple[bool, str]:
    from doctor.probes.gpu.containers import daemon  # most machines have no such file

    return daemon.look()
