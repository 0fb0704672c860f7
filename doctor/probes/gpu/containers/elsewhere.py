"""Which daemon this person's `docker` talks to: that of this machine, or one in a virtual machine or on another host."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from doctor.lab.files import read_json

HERE = ("unix:///var/run/docker.sock", "unix:///run/docker.sock")
USUAL = ("", "default")
DESKTOP = "desktop-linux"
OF_USER = re.compile(r"unix:///run/user/\d+/docker\.sock\Z")
ROOTLESS = re.compile(
    r"unix:///run/user/\d+/(?:docker|podman/podman)\.sock\Z|unix:///run/podman/podman\.sock\Z"
)


def daemon(home: Path | None = None) -> tuple[str, str]:
    """Who chose it, and its address; nothing where it is this machine's own."""
    who, address = _chosen(home)
    return ("", "") if not address or _is_here(address) else (who[:80], _plain(address))


def rootless(home: Path | None = None) -> str:
    """The address of a daemon of this user, where `docker` talks to one: by a variable, or by the context that its setup makes."""
    address = _chosen(home)[1]
    return address if OF_USER.match(address) else ""


def _chosen(home: Path | None) -> tuple[str, str]:
    """A variable wins over the context."""
    address = os.environ.get("DOCKER_HOST", "")
    if address:
        return "DOCKER_HOST", address
    folder = Path(os.environ.get("DOCKER_CONFIG") or (home or Path.home()) / ".docker")
    name = os.environ.get("DOCKER_CONTEXT") or read_json(folder / "config.json").get("currentContext")
    if not isinstance(name, str) or name in USUAL:
        return "", ""
    return name, _of_context(folder, name) or (
        f"unix://{folder}/desktop/docker.sock" if name == DESKTOP else ""
    )


def _of_context(folder: Path, name: str) -> str:
    key = hashlib.sha256(name.encode()).hexdigest()
    endpoints = read_json(folder / "contexts/meta" / key / "meta.json").get("Endpoints")
    docker = endpoints.get("docker") if isinstance(endpoints, dict) else None
    address = docker.get("Host") if isinstance(docker, dict) else None
    return address if isinstance(address, str) else ""


def _is_here(address: str) -> bool:
    return address.rstrip("/") in HERE or ROOTLESS.match(address) is not None


def _plain(address: str) -> str:
    """Without who logs in there."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return "?"
    return f"{parts.scheme}://{host}{parts.path}"[:200]
