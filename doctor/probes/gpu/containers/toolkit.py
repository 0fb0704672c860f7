"""What NVIDIA's container toolkit is told in its config.toml, where that keeps GPUs from containers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doctor.facts import Setting
from doctor.reading.peek import is_folder, is_there, peek

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONFIG = Path("/etc/nvidia-container-runtime/config.toml")
CLI, RUNTIME = "nvidia-container-cli", "nvidia-container-runtime"
MODES = ("auto", "legacy", "cdi", "csv", "jit-cdi")
ENV_ALONE = "accept-nvidia-visible-devices-envvar-when-unprivileged"
NO_CGROUPS = f"{CLI}.no-cgroups"
UNREADABLE = "config.toml"  # in the place of a setting's name


def settings(cdi: bool, path: Path = CONFIG) -> tuple[Setting, ...]:
    """`cdi`: a specification for it is there."""
    content = peek(path)
    if not content or not content.strip():
        return ()
    try:
        said = tomllib.loads(content.decode())
    except ValueError as error:
        return (Setting(name=UNREADABLE, fault=f"not valid TOML: {error}"[:200]),)
    cli, runtime = (said.get(name) for name in (CLI, RUNTIME))
    found = (
        *_cli(cli if isinstance(cli, dict) else {}),
        *_runtime(runtime if isinstance(runtime, dict) else {}, cdi),
    )
    return (*found, *_top(said))


def _cli(said: dict[str, Any]) -> Iterator[Setting]:
    if said.get("no-cgroups") is True:
        yield Setting(name=NO_CGROUPS, value="true")
    root = said.get("root")
    if isinstance(root, str) and root.strip("/") and not is_folder(root):
        yield _absent(f"{CLI}.root", root, "there is no such folder")
    path = said.get("path")
    if isinstance(path, str) and path.startswith("/") and not is_there(Path(path)):
        yield _absent(f"{CLI}.path", path, "there is no such file")
    ldconfig = said.get("ldconfig")
    if isinstance(ldconfig, str) and ldconfig.startswith("@/"):  # @: of the host, not of the image
        base = root.rstrip("/") if isinstance(root, str) else ""
        if not is_there(Path(f"{base}{ldconfig[1:]}")) and not is_there(Path(ldconfig[1:])):
            yield _absent(f"{CLI}.ldconfig", ldconfig, "there is no such file")


def _runtime(said: dict[str, Any], cdi: bool) -> Iterator[Setting]:
    mode = said.get("mode")
    if isinstance(mode, str) and mode and mode not in MODES:
        yield Setting(name=f"{RUNTIME}.mode", value=mode[:80], fault="no mode that there is")
    elif mode == "cdi" and not cdi:
        yield Setting(
            name=f"{RUNTIME}.mode", value="cdi", fault="no CDI specification in /etc/cdi or /var/run/cdi"
        )


def _top(said: dict[str, Any]) -> Iterator[Setting]:
    if said.get(ENV_ALONE) is False:
        yield Setting(name=ENV_ALONE, value="false")


def _absent(name: str, value: str, fault: str) -> Setting:
    return Setting(name=name, value=value[:200], fault=fault)
