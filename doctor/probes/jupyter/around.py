"""What stands around a server: the provider's map of ports, the firewall's files, other people, JupyterLab's extensions."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.facts import LabExtension, LabProcess
from doctor.lab.files import read_json
from doctor.probes.jupyter.files.places import config_path, data_path
from doctor.probes.jupyter.kernels.sites import has_package
from doctor.reading.peek import is_file, is_folder, peek_text

AUTODL_PORTS = (
    6006,
    6008,
    8888,
)  # what AutoDL lets in: two mapped ports, and its own JupyterLab by its proxy
UFW = Path("/etc/ufw")
FIRST_PERSON, NOBODY = 1000, 65534


def provider(environ: Mapping[str, str] = os.environ) -> tuple[str | None, tuple[int, ...]]:
    """The company that rents this machine out, and the ports it lets in, as far as its own variables say."""
    if "AutoDLContainerUUID" in environ or is_folder(Path("/root/autodl-tmp")):
        return "AutoDL", AUTODL_PORTS
    for name, sign, ports in (
        ("RunPod", "RUNPOD_POD_ID", "RUNPOD_TCP_PORT_"),
        ("Vast.ai", "VAST_CONTAINERLABEL", "VAST_TCP_PORT_"),
    ):
        if sign in environ:
            numbers = [key.removeprefix(ports) for key in environ if key.startswith(ports)]
            return name, tuple(sorted(int(number) for number in numbers if number.isdecimal()))
    return None, ()


def firewall(servers: tuple[LabProcess, ...]) -> str | None:
    """The file of ufw's rules where it is on and has none for a server's port."""
    on = re.search(r"^ENABLED=yes", peek_text(UFW / "ufw.conf"), re.MULTILINE)
    rules = peek_text(UFW / "user.rules")
    allowed = re.findall(r"--dports?\s+([\d,:]+).*-j ACCEPT", rules)
    ports = [server.port for server in servers if server.port]
    closed = [port for port in ports if not any(_covers(one, port) for one in allowed)]
    return str(UFW / "user.rules") if on and rules and closed else None


def _covers(spec: str, port: int) -> bool:
    spans = (part.partition(":") for part in spec.split(",") if part)
    return any(int(low) <= port <= int(high or low) for low, _, high in spans)


def lost_assets(prefix: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """JupyterLab's own folder, where the page that it serves is not in it. Made anew by a build, so RECORD tells nothing."""
    places = [Path(environ["JUPYTERLAB_DIR"])] if environ.get("JUPYTERLAB_DIR") else []
    places += [folder / "lab" for folder in data_path(prefix)]
    if any(is_file(place / "static" / "index.html") for place in places):
        return None
    if not has_package(prefix, "jupyterlab"):
        return None
    return f"{prefix}/share/jupyter/lab/static"


def other_users() -> bool:
    """Whether other people may log in here."""
    try:
        accounts = pwd.getpwall()
    except OSError:
        return False
    people = [one for one in accounts if FIRST_PERSON <= one.pw_uid < NOBODY]
    return any(
        not one.pw_shell.endswith(("nologin", "false")) and one.pw_uid != os.geteuid() for one in people
    )


def extensions(prefix: str) -> tuple[LabExtension, ...]:
    """Prebuilt extensions that JupyterLab would load or refuse, and those that a person switched off."""
    off = disabled(prefix)
    found = {
        name: package for folder in data_path(prefix) for name, package in _packages(folder / "labextensions")
    }
    there = [
        LabExtension(name=name, path=str(path), built_for=_major(path), disabled=name in off)
        for name, path in sorted(found.items())
    ]
    core = [LabExtension(name=name, path=off[name], disabled=True) for name in off if name not in found]
    return (*there, *core)


def _packages(folder: Path) -> Iterator[tuple[str, Path]]:
    for pattern in ("*/package.json", "@*/*/package.json"):
        for path in folder.glob(pattern):
            yield str(path.parent.relative_to(folder)), path


def _major(path: Path) -> int | None:
    """The JupyterLab that an extension was built for, from what it asks of the application."""
    wanted = read_json(path).get("dependencies")
    said = wanted.get("@jupyterlab/application") if isinstance(wanted, dict) else None
    numbers = [int(n) for n in re.findall(r"(?:^|[\s^~>=|])(\d+)\.", str(said or ""))]
    return max(numbers, default=None)


def disabled(prefix: str) -> dict[str, str]:
    """Extensions that some page_config.json switches off, with that file."""
    found = {}
    for folder in config_path(prefix):
        path = folder / "labconfig" / "page_config.json"
        said = read_json(path).get("disabledExtensions")
        names = [n for n, is_off in said.items() if is_off] if isinstance(said, dict) else said
        found.update({str(name): str(path) for name in names or ()} if isinstance(names, list) else {})
    return found
