"""Facts of JupyterLab."""

from __future__ import annotations

import msgspec


class Kernelspec(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    display_name: str
    interpreter: str
    interpreter_exists: bool
    env: dict[str, str]


class PortOwner(msgspec.Struct, frozen=True, kw_only=True):
    pid: int | None
    user: str | None
    command: str


class JupyterServer(msgspec.Struct, frozen=True, kw_only=True):
    """The server that our launcher started, if its process is still that process."""

    pid: int
    started_at: float  # seconds since the epoch
    answers: bool  # GET /api said 200
    version: str | None
    settings: dict[str, str | int | bool | None]  # those it was started with, without the password hash
    config_is_current: bool  # it was started with the configuration file as it is now


class Jupyter(msgspec.Struct, frozen=True, kw_only=True, tag="jupyter"):
    kernelspec: Kernelspec | None
    config_path: str
    config_mode: int | None  # permission bits of our file, None when it is absent
    config: dict[str, str | int | bool | None]  # our settings, without the password hash
    has_password: bool  # the hash is in the configuration, and the password in its file
    password_mode: int | None  # permission bits of the password file
    as_root: bool
    hub_endpoint: str | None  # recorded by the models step
    person_configs: tuple[str, ...]  # the person's own files, by precedence
    server: JupyterServer | None
    ended_pid: int | None  # a server was started and not stopped, and its process is gone
    port_owner: PortOwner | None  # who listens on the wanted port when it is not our server
    last_log_lines: tuple[str, ...]
