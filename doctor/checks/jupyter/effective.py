"""What the person's configuration files come to, by precedence."""

from __future__ import annotations

import ipaddress

from doctor.facts import Jupyter, SettingsFile

OLD_FILE = 3  # rank of jupyter_notebook_config, which JupyterLab 4 does not read
RENAMED = {
    "ServerApp.notebook_dir": "ServerApp.root_dir",
    "ServerApp.password": "PasswordIdentityProvider.hashed_password",
    "ServerApp.token": "IdentityProvider.token",
}
Value = str | int | bool | None


def canonical(name: str) -> str:
    """One name for settings that moved: NotebookApp.password is PasswordIdentityProvider.hashed_password."""
    section, _, trait = name.partition(".")
    moved = f"ServerApp.{trait}" if section == "NotebookApp" else name
    return RENAMED.get(moved, moved)


def of(file: SettingsFile) -> dict[str, Value]:
    """All that a file sets, secrets by their shape."""
    return {canonical(name): value for name, value in {**file.settings, **file.secrets}.items()}


def read_by_lab(jupyter: Jupyter) -> list[SettingsFile]:
    """The whole files that JupyterLab reads, the winner first."""
    whole = [file for file in jupyter.files if file.error is None and file.rank[:1] < (OLD_FILE,)]
    return sorted(whole, key=lambda file: file.rank)


def effective(jupyter: Jupyter) -> dict[str, Value]:
    settings: dict[str, Value] = {}
    for file in reversed(read_by_lab(jupyter)):
        settings.update(of(file))
    return settings


def is_local(ip: object) -> bool:
    """Whether only this machine reaches that address. A name counts as local: nobody is blamed for what is not known."""
    if not isinstance(ip, str) or ip in ("localhost", "computed"):
        return True
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return ip not in ("*", "", "***")  # *** is a public address of this machine, kept out of facts
