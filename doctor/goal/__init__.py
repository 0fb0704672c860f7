"""The goal: what this machine should become. Profile and settings, settled into one record."""

from __future__ import annotations

from typing import Literal

import msgspec

from doctor.goal.profile import Extra, ModelWant, Profile

Manager = Literal["auto", "conda", "venv", "system"]
KeepUp = Literal["no", "watch", "systemd"]
MirrorPolicy = Literal["auto", "cn", "global", "off"]


class System(msgspec.Struct, frozen=True):
    """The Python that ENV_MANAGER=system uses: as it says of itself, for a command on PATH may be a shim."""

    executable: str
    prefix: str
    site: str  # where its packages are; not always below prefix/lib
    adopted: bool = True  # False: an environment of the person's that is only looked at (TARGET)


class Tls(msgspec.Struct, frozen=True):
    """The certificate and key that JupyterLab speaks TLS with, files in PEM form."""

    certificate: str
    key: str
    own: bool  # made by us, for this machine alone; else the person's


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that probes need to know where to look, and checks what to compare with.

    Holds no secret: the password travels apart, so that a goal can be saved and sent.
    """

    profile: Profile
    home: str  # GROUNDWORK_HOME
    manager: Manager
    env_name: str
    conda_root: str  # where Miniconda is, or would be, installed
    system: System | None  # only where ENV_MANAGER=system
    python: str  # "3.11"
    cache: str  # HF_HOME
    endpoint: str | None  # HF_ENDPOINT, when the person set it
    mirrors: MirrorPolicy
    models: tuple[ModelWant, ...]
    extras: tuple[Extra, ...] = ()  # what the wanted sets need besides models
    ip: str
    port: int
    root_dir: str
    tls: Tls | None = None
    keep_up: KeepUp = "no"  # who starts JupyterLab again when it ends
    deep: bool = (
        False  # the doctor may take its time: import torch in the target, hash files, measure the disk
    )

    offline: bool = False  # the doctor may make no request

    @property
    def prefix(self) -> str:
        """The environment's folder. While the manager is still `auto`, the one that uv would make."""
        if self.manager == "conda":
            return f"{self.conda_root}/envs/{self.env_name}"
        if self.system:
            return self.system.prefix
        return f"{self.home}/envs/{self.env_name}"

    @property
    def interpreter(self) -> str:
        return self.system.executable if self.system else f"{self.prefix}/bin/python"

    @property
    def foreign(self) -> bool:
        """An environment that the person made: judged for what it is, never compared with the profile's lock."""
        return self.system is not None and not self.system.adopted

    @property
    def jupyter_dir(self) -> str:
        """Our own JupyterLab files: configuration, password, pid, log. Private (mode 0700)."""
        return f"{self.home}/jupyter/{self.env_name}"

    @property
    def logs(self) -> str:
        return f"{self.home}/logs"

    @property
    def journal(self) -> str:
        return f"{self.home}/journal.jsonl"
