"""Facts of JupyterLab."""

from __future__ import annotations

from typing import Literal

import msgspec

from doctor.text import Text


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
    kept_up_by: str | None = None  # who starts it again when it ends: watcher, systemd


class KernelProof(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the kernel that the server was last started with: does it start, and import torch?"""

    state: Literal["pending", "works", "fails"]
    said: str = ""  # the error's last lines


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate that our server is to speak TLS with."""

    path: str
    error: Text | None = None  # why no server can be started with it
    fingerprint: str = ""  # SHA-256, as browsers show it
    days_left: float | None = None  # known of those that we made


class SettingsFile(msgspec.Struct, frozen=True, kw_only=True):
    """One of the person's configuration files, read without running it."""

    path: str
    rank: tuple[int, ...] = ()  # of two files with the same setting the lower one wins
    mode: int = 0o600
    open_to_others: bool = False  # another user can walk to it and read it
    changed_at: float = 0.0
    error: str | None = None  # why Jupyter cannot read it
    line: int | None = None  # where
    settings: dict[str, str | int | bool | None] = {}  # Class.trait; a text that may be private is a mark
    secrets: dict[str, str] = {}  # Class.trait: empty, hash#1, plain#1, or computed
    lost_classes: dict[str, str] = {}  # Class.trait: the class of a package that is not there


class KernelVariable(msgspec.Struct, frozen=True):
    """A variable in the `env` of a kernel.json that leads its notebooks elsewhere than a shell."""

    name: str
    leads: Literal["packages", "home", "libraries", "endpoint", "path", "cache", "offline"]
    value: str  # without a secret; of a search path the part that does it


class Kernel(msgspec.Struct, frozen=True, kw_only=True):
    """A kernel that the person's Jupyter offers, or would if its file were whole."""

    name: str
    path: str
    error: str | None = None  # why kernel.json cannot be read
    display_name: str = ""
    interpreter: str = ""  # the first word; a bare `python` is the server's own
    prefix: str | None = None  # of the environment of that interpreter
    runs: bool = True  # it is there and may be run
    is_ipykernel: bool = True
    has_ipykernel: bool | None = None  # None: could not tell
    hub_packages: tuple[str, ...] | None = None  # torch, transformers, … in that environment
    widgets: str | None = None  # the version of ipywidgets in an environment that is not the one looked at
    env: tuple[str, ...] = ()  # names alone
    lost_home: str | None = None  # what it sets PYTHONHOME to, where its own Python is not
    astray: tuple[KernelVariable, ...] = ()
    shadows: str | None = None  # the kernel of the same name that it hides


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that a person's Jupyter writes to."""

    role: str  # config, data, runtime, root_dir
    path: str
    exists: bool
    writable: bool
    in_the_way: str | None = None  # a file where a folder is wanted
    owner: str = ""
    free_bytes: int | None = None
    total_bytes: int | None = None
    free_inodes: int | None = None
    named_by: str = ""  # the file or process that names it


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """One of Jupyter's or IPython's, on the disk of another machine, or of a program."""

    path: str
    filesystem: str
    refused: str | None = None  # why no lock can be had there


class LooseModes(msgspec.Struct, frozen=True, kw_only=True):
    """The runtime folder, on a file system where what is secret stays open to others."""

    folder: str
    filesystem: str
    mode: int


class LabProcess(msgspec.Struct, frozen=True, kw_only=True):
    """A Jupyter server of the person's, as its process shows it."""

    pid: int
    started_at: float
    user: str
    prefix: str | None = None  # of its interpreter
    addresses: tuple[str, ...] = ()  # those it listens on
    port: int | None = None
    root_dir: str | None = None
    settings: dict[str, str | int | bool | None] = {}  # from its command line
    secret_words: tuple[str, ...] = ()  # words of its command line that hold a secret, by name
    hub_packages: tuple[str, ...] | None = None  # torch, transformers, … in its environment
    guard: str = "unknown"  # none, token, password, unknown
    hub_env: dict[str, str] = {}


class KernelProcess(msgspec.Struct, frozen=True, kw_only=True):
    pid: int
    server: int | None = None
    hub_env: dict[str, str] = {}


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A variable that the person's shell has."""

    name: str
    value: str  # without a secret; empty where it cannot be known
    place: str  # the file and line, or `this shell`


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a log's end that names a fault."""

    sign: str
    path: str
    line: str
    pid: int | None = None  # of the server that writes this log


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a web server's configuration that hands requests to a program behind it."""

    program: str  # nginx, apache
    file: str
    host: str
    port: int
    target: str = ""  # as the file names what is behind it
    names: str = ""  # the file, the server's name, the place: whose it is
    own_headers: bool = True  # the headers are named at this very place
    http11: bool = True
    upgrade: bool = False  # what makes a WebSocket of a request is handed on
    keeps_host: bool = False  # the name that the browser asked for is handed on
    body_bytes: int = 0  # the largest request that is let through; 0: any


class LabExtension(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    path: str
    built_for: int | None = None  # JupyterLab's major version
    disabled: bool = False


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
    proof: KernelProof | None = None
    certificate: Certificate | None = None  # where TLS is wanted
    # Of the person's own Jupyter:
    files: tuple[SettingsFile, ...] = ()
    ignored_folder: str | None = None  # ~/.jupyter, where JUPYTER_CONFIG_DIR names another one
    kernels: tuple[Kernel, ...] = ()
    target_packages: tuple[str, ...] = ()  # torch, transformers, … in the environment that is looked at
    folders: tuple[Folder, ...] = ()
    servers: tuple[LabProcess, ...] = ()
    kernel_processes: tuple[KernelProcess, ...] = ()
    exports: tuple[Export, ...] = ()  # of the variables that huggingface_hub and proxies go by
    provided: tuple[str, ...] = ()  # variables that an IPython startup file sets
    log_lines: tuple[LogLine, ...] = ()
    extensions: tuple[LabExtension, ...] = ()
    lab_widgets: bool = (
        True  # the part of ipywidgets that belongs into JupyterLab, built into it or beside it
    )
    startup_errors: tuple[str, ...] = ()  # IPython startup files that cannot be compiled
    dead_servers: int = 0  # runtime files of servers that are gone
    absent_addresses: tuple[str, ...] = ()  # that a configuration names and no interface of this machine has
    absent_files: tuple[str, ...] = ()  # that a configuration names: certificates
    lost_assets: str | None = None  # where JupyterLab's page should be, and is not
    unfit_certificate: Text | None = None  # why no server can use the certificate that a configuration names
    wanted_port: int = 8888
    wanted_port_owner: PortOwner | None = None  # who holds the port that the person's Jupyter wants
    provider: str | None = None  # autodl, runpod, vast
    provider_ports: tuple[int, ...] = ()  # ports of this machine that the provider lets through
    other_users: bool = False  # other people have accounts on this machine
    fronts: tuple[Front, ...] = ()
    databases: tuple[Database, ...] = ()
    loose_modes: LooseModes | None = None
    key_as_client_ca: str | None = None  # the private key that a configuration names as client_ca
    localhost: tuple[str, ...] = ()  # what /etc/hosts says of it
    no_ipv6: bool = False  # not even this machine itself is to be reached by IPv6
    tunnels_forbidden: str | None = None  # the line of sshd's settings by which it lets no port through
    firewall: str | None = (
        None  # the file of a firewall that is on and does not let the server's port through
    )
