"""The person's running servers: where they listen, what guards them, with which settings they were started."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from doctor.facts import LabProcess, PortOwner
from doctor.lab.answers import get
from doctor.lab.files import read_json
from doctor.lab.process import describe_owner
from doctor.lab.sockets import Listening, sockets_of
from doctor.probes.jupyter.files.places import runtime_dir
from doctor.probes.jupyter.kernels.specs import hub_packages
from doctor.probes.jupyter.servers.processes import Process, hub_env, prefix_of, started_at
from doctor.reading.peek import is_file, is_there

ANSWER_SECONDS = 1.0
LOOPBACK = ("127.", "::1")
ALIASES = {
    "--ip": "ServerApp.ip",
    "--port": "ServerApp.port",
    "--notebook-dir": "ServerApp.root_dir",
    "--port-retries": "ServerApp.port_retries",
    "--allow-root": "ServerApp.allow_root",
}
SECRET_WORDS = ("token", "password")


def lab_process(process: Process, all_sockets: Sequence[Listening], *, may_ask: bool) -> LabProcess:
    mine = sockets_of(process.pid)
    at = [one for one in all_sockets if one.inode in mine]
    record = read_json(_runtime_file(process))
    said = dict(_settings(process.argv))
    port = record.get("port") if isinstance(record.get("port"), int) else (at[0].port if at else None)
    at = [one for one in at if one.port == port]  # a kernel's sockets are not the server's
    prefix = prefix_of(process)
    return LabProcess(
        pid=process.pid,
        started_at=started_at(process),
        user=str(process.uid),
        prefix=prefix,
        hub_packages=hub_packages(prefix) if prefix else None,
        addresses=tuple(sorted({one.address for one in at})),
        port=port,
        root_dir=str(record["root_dir"]) if record.get("root_dir") else None,
        settings={name: value for name, value in said.items() if not _is_secret(name)},
        secret_words=tuple(name for name, value in said.items() if _is_secret(name) and value),
        guard=_guard(record, at if may_ask else ()),
        hub_env=hub_env(process.environ),
    )


def _is_secret(name: str) -> bool:
    return name.rpartition(".")[2].lower().endswith(SECRET_WORDS)


def _runtime_file(process: Process) -> Path:
    folder = Path(process.environ.get("JUPYTER_RUNTIME_DIR") or runtime_dir())
    name = next(
        (n for n in ("jpserver", "nbserver") if is_file(folder / f"{n}-{process.pid}.json")), "jpserver"
    )
    return folder / f"{name}-{process.pid}.json"


def _settings(argv: Sequence[str]) -> Iterator[tuple[str, str | int | bool]]:
    """What a command line says: `--ip=0.0.0.0`, `--ServerApp.port 8888`, `--allow-root`."""
    for word, after in zip(argv, (*argv[1:], ""), strict=True):
        name, is_given, value = word.partition("=")
        if not name.startswith("--"):
            continue
        if not is_given and name != "--allow-root" and after and not after.startswith("-"):
            value = after
        setting = ALIASES.get(name, name[2:])
        if name in ALIASES or "." in setting:
            yield setting, _typed(setting, value)


def _typed(setting: str, value: str) -> str | int | bool:
    if setting.endswith(".allow_root"):
        return value.lower() not in ("false", "0")
    return int(value) if value.isdecimal() and setting.endswith((".port", ".port_retries")) else value


def _guard(record: dict[str, Any], at: Sequence[Listening]) -> str:
    """What a visitor must show: taken from the server's own runtime file, else asked."""
    if record.get("password"):
        return "password"
    if record.get("token"):
        return "token"
    if record.get("secure") or not at:
        return "unknown"
    return _asked(at[0], str(record.get("base_url") or "/"))


def _asked(at: Listening, base: str) -> str:
    """Two requests that a guarded server answers without a complaint in its log, and an open one with its door open."""
    login = _get(at, f"{base}login")
    if login == 200:
        return "password"
    if login in (302, 404) and _get(at, f"{base}api/status") == 200:
        return "none"
    return "unknown"


def _get(at: Listening, path: str) -> int | None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(at.address, at.address)
    answer = get(host, at.port, path, ANSWER_SECONDS)
    return answer.status if answer else None


def port_holder(
    port: int, servers: Sequence[LabProcess], all_sockets: Sequence[Listening]
) -> PortOwner | None:
    """Who holds the port that the person's Jupyter wants, when it is none of their servers."""
    held = [one for one in all_sockets if one.port == port]
    if not held or any(server.port == port for server in servers):
        return None
    inodes = {one.inode for one in held}
    pid = next((int(n) for n in os.listdir("/proc") if n.isdecimal() and sockets_of(int(n)) & inodes), None)  # noqa: PTH208
    return describe_owner(pid, held[0].uid)


def dead_servers() -> int:
    """Runtime files of servers whose process is gone."""
    try:
        names = os.listdir(runtime_dir())  # noqa: PTH208 - names alone
    except OSError:
        return 0
    pids = [name[9:-5] for name in names if name.startswith("jpserver-") and name.endswith(".json")]
    return sum(1 for pid in pids if pid.isdecimal() and not is_there(Path(f"/proc/{pid}")))
