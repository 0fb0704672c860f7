"""Variables that steer CUDA, torch and NCCL, as this shell, kernel specifications, running kernels and NCCL's files set them;
and whether the files, folders and interfaces that they name are there."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from doctor.elf import read
from doctor.facts import Unknown, Variable
from doctor.goal import Goal
from doctor.probes.listing import names_in
from doctor.reading.peek import is_file, is_folder, is_there, peek_text

ARCHS = "TORCH_CUDA_ARCH_LIST"
TOOLKIT, CACHE, INJECTED = ("CUDA_HOME", "CUDA_PATH"), "CUDA_CACHE_PATH", "CUDA_INJECTION64_PATH"
INTERFACES = ("NCCL_SOCKET_IFNAME", "GLOO_SOCKET_IFNAME")
WATCHED = (
    *TOOLKIT, CACHE, INJECTED, *INTERFACES,
    "CUDA_CACHE_DISABLE", "CUDA_DEVICE_ORDER", "CUDA_LAUNCH_BLOCKING", "PYTORCH_NO_CUDA_MEMORY_CACHING",
    "CUDA_FORCE_PTX_JIT", "CUDA_DISABLE_PTX_JIT", "CUDA_FORCE_JIT", "CUDA_DISABLE_JIT",
    ARCHS, "NCCL_P2P_DISABLE", "NCCL_IB_DISABLE",
)  # fmt: skip
LONGEST = 200  # characters of a value that are told
ADAPTERS = Path("/sys/class/infiniband")


def variables(goal: Goal, notebooks: Iterable[tuple[str, Mapping[str, object]]]) -> tuple[Variable, ...]:
    """Those that are set. `notebooks`: what specifications and running kernels have; what the shell has too is told of it."""
    shell = _watched(os.environ)
    found = [("shell", shell)]
    for where, environ in notebooks:
        own = {name: value for name, value in _watched(environ).items() if shell.get(name) != value}
        found.append((where, own))
    known = dict(shell)
    for path in (Path("~/.nccl.conf").expanduser(), Path("/etc/nccl.conf")):  # the first that says it wins
        own = {name: value for name, value in _of_nccl(path).items() if name not in known}
        known |= own
        found.append((str(path), own))
    return tuple(
        Variable(
            name=name,
            value=value[:LONGEST],
            where=where,
            fault=fault(name, value),
            one=one_of(value) if name in TOOLKIT else "",
            unknown=_unknown(goal, value) if name == ARCHS else (),
        )
        for where, said in found
        for name, value in said.items()
    )


def _watched(environ: Mapping[str, object]) -> dict[str, str]:
    """An empty value says nothing."""
    said = ((name, environ.get(name)) for name in WATCHED)
    return {name: value for name, value in said if isinstance(value, str) and value.strip()}


def _of_nccl(path: Path) -> dict[str, str]:
    """NCCL's own file: NAME=VALUE in each line, # before what is none."""
    lines = (line.strip().partition("=") for line in peek_text(path).splitlines())
    return _watched({name.strip(): value.strip() for name, _, value in lines if name.startswith("NCCL_")})


def fault(name: str, value: str) -> str:
    """Why what it names cannot be used; "" where it can, or where it names no file."""
    if name in TOOLKIT:
        return _no_toolkit(value)
    if name == CACHE:
        return _no_cache(value)
    return _no_library(value) if name == INJECTED else ""


def one_of(value: str) -> str:
    """Of folders in a row, as PATH has them, the one with a compiler; "" for a single one."""
    if ":" not in value or is_there(value):
        return ""
    folders = [part.rstrip("/") for part in value.split(":")]
    return next((folder for folder in folders if folder and is_file(f"{folder}/bin/nvcc")), "")


def _unknown(goal: Goal, value: str) -> tuple[str, ...]:
    from doctor.probes.gpu.steering import known_archs  # few set it

    return known_archs.unknown(goal, value)


def _no_toolkit(folder: str) -> str:
    if not is_folder(folder):
        return "it is no folder" if is_there(folder) else "there is no such folder"
    return "" if is_file(f"{folder}/bin/nvcc") else "no nvcc in it"


def _no_cache(folder: str) -> str:
    """CUDA makes the folder, and those on the way to it."""
    if not folder.startswith("/"):  # as seen from where each program runs
        return ""
    place = Path(folder)
    while not is_there(place) and place != place.parent:
        place = place.parent
    if not is_folder(place):
        return "it is no folder" if str(place) == os.path.normpath(folder) else f"{place} is no folder"
    return "" if os.access(place, os.W_OK | os.X_OK) else f"{place} may not be written"


def _no_library(path: str) -> str:
    if "/" not in path:  # the linker looks for it
        return ""
    if not is_file(path):
        return "there is no such file"
    whole = read(path)
    return whole.reason if isinstance(whole, Unknown) else ""


def interfaces(those: Iterable[Variable]) -> tuple[str, ...]:
    """Of this machine; asked where a variable chooses among them."""
    chosen = any(one.name in INTERFACES for one in those)
    return tuple(sorted(name for _, name in socket.if_nameindex())) if chosen else ()


def infiniband(those: Iterable[Variable]) -> bool:
    return any(one.name == "NCCL_IB_DISABLE" for one in those) and bool(names_in(ADAPTERS))
