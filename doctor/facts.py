"""Facts: what the machine answered. Frozen, typed, JSON and back without loss.

Every fact may be `Unknown`: "could not tell, because …" is different from "no". Sizes are bytes, times seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

AREAS = (
    "host",
    "gpu",
    "disk",
    "network",
    "conda",
    "python",
    "packages",
    "torch",
    "hub",
    "ffmpeg",
    "jupyter",
    "colab",
    "smoke",
)
SCHEMA = 1


class Unknown(msgspec.Struct, frozen=True, tag="unknown"):
    """Could not tell, because of `reason`."""

    reason: str


class Host(msgspec.Struct, frozen=True, kw_only=True, tag="host"):
    os_id: str
    os_version: str
    os_name: str
    kernel: str
    machine: str  # x86_64, aarch64
    glibc: str | Unknown
    cpus: float  # what this process may use: affinity and cgroup quota, not what the board has
    memory_bytes: int  # likewise: the cgroup limit where there is one
    user: str
    is_root: bool
    has_apt: bool
    container: str | None  # docker, podman, …
    name: str


class GpuDevice(msgspec.Struct, frozen=True, kw_only=True):
    index: int
    name: str
    compute_capability: str  # "8.9"
    memory_bytes: int


class Gpu(msgspec.Struct, frozen=True, kw_only=True, tag="gpu"):
    pci: tuple[str, ...]  # PCI addresses of NVIDIA display and compute controllers
    driver: str | Unknown | None  # version of the loaded kernel module
    devices: tuple[GpuDevice, ...] | Unknown


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One folder that setup writes to, and the mount that carries it."""

    role: str  # home, environment, cache
    path: str
    mount: str
    filesystem: str
    free_bytes: int
    total_bytes: int
    free_inodes: int | None  # None where the filesystem has no fixed number
    writable: bool


class Disk(msgspec.Struct, frozen=True, tag="disk"):
    places: tuple[Place, ...]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How one source answered: seconds to the first byte, or why it did not."""

    kind: str  # conda_installer, conda_channel, hub, python_build
    name: str
    url: str
    seconds: float | None
    error: str | None = None


def said_by(answers: Iterable[Answer]) -> str:
    """Who said what, those with the same words together: `A, B: timed out; C: HTTP 404`."""
    names: dict[str, list[str]] = {}
    for answer in answers:
        names.setdefault(answer.error or "answers", []).append(answer.name)
    return "; ".join(f"{', '.join(who)}: {error}" for error, who in names.items())


class Network(msgspec.Struct, frozen=True, tag="network"):
    answers: tuple[Answer, ...]


# half: being made by us when it was interrupted; damaged: a conda, not whole, and not ours to mend
CondaState = Literal["absent", "complete", "half", "damaged", "foreign"]


class CondaInstall(msgspec.Struct, frozen=True, kw_only=True):
    prefix: str
    state: CondaState
    version: str | None
    writable: bool


class Conda(msgspec.Struct, frozen=True, tag="conda"):
    """`wanted` is the prefix that setup would install into; `installs` all that were found, that one first."""

    wanted: CondaInstall
    installs: tuple[CondaInstall, ...]


EnvironmentState = Literal["absent", "complete", "half", "foreign"]


class Python(msgspec.Struct, frozen=True, kw_only=True, tag="python"):
    """The environment that the course runs in (not the one that runs this tool)."""

    prefix: str
    state: EnvironmentState
    interpreter: str | None
    version: str | None  # "3.11.7"
    kind: Literal["conda", "venv", "system"] | None


class Packages(msgspec.Struct, frozen=True, kw_only=True, tag="packages"):
    """Distributions in the environment, by normalised name; `wanted` is what the profile's lock pins."""

    site: str
    wanted: dict[str, str]
    lock: str  # SHA-256 of the lock file
    installed: dict[str, str]
    half_installed: tuple[str, ...]  # metadata without a RECORD: the installer was killed
    duplicates: tuple[str, ...]


class Torch(msgspec.Struct, frozen=True, kw_only=True, tag="torch"):
    version: str | None  # "2.13.0+cpu"
    cuda: str | None  # CUDA the build was made for, None for CPU builds
    torchvision: str | None


class CachedModel(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    revision: str
    state: Literal["complete", "partial", "absent"]
    missing_bytes: int
    cached_bytes: int


class Hub(msgspec.Struct, frozen=True, kw_only=True, tag="hub"):
    endpoint: str | None  # HF_ENDPOINT as the person set it
    cache: str  # HF_HOME
    models: tuple[CachedModel, ...]


class Ffmpeg(msgspec.Struct, frozen=True, kw_only=True, tag="ffmpeg"):
    path: str | None  # the command as a process of the environment would find it
    version: str | None
    error: str | None = None


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


class Colab(msgspec.Struct, frozen=True, tag="colab"):
    kind: str | None  # colab, kaggle, …
    signs: tuple[str, ...]


class SmokeTask(msgspec.Struct, frozen=True, kw_only=True):
    task: str
    model: str
    weights: str
    status: str
    note: str | None = None


class Smoke(msgspec.Struct, frozen=True, kw_only=True, tag="smoke"):
    """The last smoke test, and whether the environment is still the one that it proved."""

    taken_at: str | None
    proved: str | None  # fingerprint of what the last run tested
    current: str  # fingerprint of what is there now
    tasks: tuple[SmokeTask, ...]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    schema: int = SCHEMA
    taken_at: str  # ISO 8601, UTC
    host: Host | Unknown
    gpu: Gpu | Unknown
    disk: Disk | Unknown
    network: Network | Unknown
    conda: Conda | Unknown
    python: Python | Unknown
    packages: Packages | Unknown
    torch: Torch | Unknown
    hub: Hub | Unknown
    ffmpeg: Ffmpeg | Unknown
    jupyter: Jupyter | Unknown
    colab: Colab | Unknown
    smoke: Smoke | Unknown


AreaFacts = (
    Host | Gpu | Disk | Network | Conda | Python | Packages | Torch | Hub | Ffmpeg | Jupyter | Colab | Smoke
)
