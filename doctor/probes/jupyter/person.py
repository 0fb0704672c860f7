"""The person's own Jupyter, gathered into facts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from doctor.facts import SettingsFile
from doctor.goal import Goal, Tls
from doctor.goal.tls import unfit_pair
from doctor.lab.sockets import Listening, is_absent
from doctor.lab.wanted import kernel_folder
from doctor.probes.jupyter import around, shell
from doctor.probes.jupyter.files.configs import person_files
from doctor.probes.jupyter.files.folders import folders
from doctor.probes.jupyter.files.places import data_path, home
from doctor.probes.jupyter.files.stores import stores
from doctor.probes.jupyter.kernels.sites import has_package
from doctor.probes.jupyter.kernels.specs import HUB_PACKAGES, kernels
from doctor.probes.jupyter.kernels.widgets import in_lab
from doctor.probes.jupyter.servers import names, tunnels
from doctor.probes.jupyter.servers.front import fronts
from doctor.probes.jupyter.servers.logs import log_lines
from doctor.probes.jupyter.servers.processes import kernel_process, processes
from doctor.probes.jupyter.servers.running import dead_servers, lab_process, port_holder
from doctor.reading.peek import is_file
from doctor.text import Text

DEFAULT_PORT = 8888
ASKED = 3  # servers at most: one that hangs costs its second
FILES = ("certfile", "keyfile")


def look_at_person(goal: Goal, ours: int | None, sockets: Sequence[Listening]) -> dict[str, Any]:
    """Facts by name. `ours` is the server that our launcher started: it and its kernels are judged elsewhere."""
    running = [p for p in processes() if ours is None or ours not in (p.pid, p.parent)]
    of_servers = [process for process in running if not process.is_kernel]
    files = person_files(goal.prefix)
    servers = tuple(lab_process(p, sockets, may_ask=at < ASKED) for at, p in enumerate(of_servers))
    company, ports = around.provider()
    databases, loose_modes = stores(files)
    return {
        "person_configs": tuple(file.path for file in files if not _below(file.path, goal.prefix)),
        "files": files,
        "ignored_folder": ignored_folder(),
        "kernels": kernels(goal.prefix, "" if goal.foreign else kernel_folder(goal)),
        "target_packages": tuple(name for name in HUB_PACKAGES if has_package(goal.prefix, name)),
        "folders": folders(files, servers),
        "servers": servers,
        "kernel_processes": tuple(kernel_process(p) for p in running if p.is_kernel),
        "exports": shell.exports(),
        "provided": shell.provided(),
        "startup_errors": shell.startup_errors(goal.prefix, Path(goal.root_dir)),
        "log_lines": log_lines(servers),
        "extensions": (extensions := around.extensions(goal.prefix)),
        "lab_widgets": in_lab(data_path(goal.prefix), extensions),
        "dead_servers": dead_servers(),
        "absent_addresses": tuple(ip for ip in _named(files, "ip") if is_absent(ip)),
        "absent_files": tuple(f for name in FILES for f in _named(files, name) if _is_absent_file(f)),
        "lost_assets": around.lost_assets(goal.prefix),
        "unfit_certificate": unfit_certificate(files),
        "wanted_port": wanted_port(files),
        "wanted_port_owner": port_holder(wanted_port(files), servers, sockets),
        "provider": company,
        "provider_ports": ports,
        "other_users": around.other_users(),
        "firewall": around.firewall(servers),
        "fronts": fronts(),
        "databases": databases,
        "loose_modes": loose_modes,
        "key_as_client_ca": key_as_client_ca(files),
        "localhost": names.of_localhost(),
        "no_ipv6": names.has_no_ipv6(),
        "tunnels_forbidden": tunnels.forbidden_by(),
    }


def _below(path: str, prefix: str) -> bool:
    return path.startswith(f"{prefix}/")


def _named(files: Iterable[SettingsFile], trait: str) -> Iterator[str]:
    """The texts that configurations give for a setting of the server."""
    for file in files:
        for name, value in file.settings.items():
            if name.rpartition(".")[2] == trait and isinstance(value, str) and value != "computed":
                yield value


def _is_absent_file(path: str) -> bool:
    return bool(path) and not is_file(Path(path).expanduser())


def unfit_certificate(files: Iterable[SettingsFile]) -> Text | None:
    """Why no server can use what the configurations name; nothing of files that are not there."""
    ordered = sorted(files, key=lambda file: file.rank)
    certificate, key = (next(filter(None, _named(ordered, name)), None) for name in FILES)
    if key and not certificate:
        return Text(
            f"{key} is a key, and no certificate (certfile) is named",
            f"{key} 是密钥，但没有指定证书（certfile）",
        )
    if not certificate or any(map(_is_absent_file, filter(None, (certificate, key)))):
        return None
    paths = [str(Path(path).expanduser()) for path in (certificate, key or certificate)]
    return unfit_pair(Tls(paths[0], paths[1], own=False))


def key_as_client_ca(files: Iterable[SettingsFile]) -> str | None:
    """client_ca is whose certificates browsers must show; a private key there is the server's own, in the wrong line."""
    from doctor.reading.pem import holds_key

    named = next(_named(sorted(files, key=lambda file: file.rank), "client_ca"), None)
    return named if named and holds_key(named) else None


def wanted_port(files: Iterable[SettingsFile]) -> int:
    """The port that the person's configuration asks for; of several the one that wins."""
    for file in sorted(files, key=lambda file: file.rank):
        port = file.settings.get("ServerApp.port")
        if isinstance(port, int) and file.error is None:
            return port
    return DEFAULT_PORT


def ignored_folder() -> str | None:
    """~/.jupyter with configurations in it, where JUPYTER_CONFIG_DIR says to look elsewhere."""
    usual, said = home() / ".jupyter", os.environ.get("JUPYTER_CONFIG_DIR")
    if not said or Path(said).resolve() == usual.resolve() or not any(usual.glob("jupyter*_config.*")):
        return None
    return str(usual)
