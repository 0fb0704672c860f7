"""Running Jupyter servers and kernels of this person, read off /proc. Nothing is imported, nobody is signalled."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

import msgspec

from doctor.facts import KernelProcess
from doctor.probes.jupyter.files.places import home
from doctor.reading.peek import peek

PROC = Path("/proc")
SERVER = re.compile(
    r"(^|/)jupyter-(lab|notebook|server|labhub)$|^jupyterlab$|^notebook$|^jupyter_server(\.|$)|^nbclassic$"
)
WORDS = ("lab", "notebook", "server")  # jupyter WORD
KERNEL = ("ipykernel_launcher", "ipykernel")
HUB = re.compile(
    r"^(HF_|HUGGINGFACE_|TRANSFORMERS_|HUGGING_FACE_|all_proxy$|https?_proxy$|no_proxy$)", re.IGNORECASE
)
SECRET = re.compile(r"token|key|secret|password", re.IGNORECASE)
CREDENTIALS = re.compile(r"//[^/@\s]*@")
MOST_ENVIRON = 262144


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process of Jupyter's, its variables as it was started with."""

    pid: int
    parent: int
    uid: int
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    is_kernel: bool
    start_ticks: int


def processes() -> list[Process]:
    """Jupyter's servers and kernels that belong to this person: same user, same home."""
    return [process for process in _candidates() if _is_mine(process)]


def _candidates() -> Iterator[Process]:
    for name in os.listdir(PROC):  # noqa: PTH208 - names alone
        if name.isdecimal():
            argv = _words(f"{PROC}/{name}/cmdline")
            if is_kernel(argv) or is_server(argv):
                made = _process(int(name), argv)
                if made:
                    yield made


def is_server(argv: tuple[str, ...]) -> bool:
    """A program of Jupyter's that serves: `jupyter-lab`, `python -m jupyterlab`, `jupyter lab`."""
    head = [word for word in argv[:8] if word]
    if any(word in ("list", "stop", "password", "--version", "--generate-config", "build") for word in head):
        return False
    if "-c" in head or any(word.endswith((".sh", ".ipynb")) for word in head[:2]):
        return False
    spoken = any(one.endswith("jupyter") and two in WORDS for one, two in pairwise(head))
    return spoken or any(SERVER.search(word) for word in head[:6])


def is_kernel(argv: tuple[str, ...]) -> bool:
    return any(word in KERNEL for word in argv[:8]) and "-f" in argv


def _process(pid: int, argv: tuple[str, ...]) -> Process | None:
    try:
        fields = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        uid = (PROC / str(pid)).stat().st_uid
    except (OSError, IndexError):
        return None
    pairs = (word.partition("=") for word in _words(f"{PROC}/{pid}/environ"))
    return Process(
        pid=pid,
        parent=int(fields[1]),
        uid=uid,
        argv=argv,
        environ={name: value for name, _, value in pairs if name},
        is_kernel=is_kernel(argv),
        start_ticks=int(fields[19]),
    )


def _is_mine(process: Process) -> bool:
    """A supervisor may start a server without HOME, or with that of nobody."""
    at_home = process.environ.get("HOME") in (None, "", "/", str(home()))
    return process.uid == os.geteuid() and at_home


def _words(path: str) -> tuple[str, ...]:
    said = peek(path, MOST_ENVIRON)
    return () if said is None else tuple(word.decode(errors="replace") for word in said.split(b"\0"))


def hub_env(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that huggingface_hub and its way out go by; secrets only as `set`."""
    return {name: without_secret(name, value) for name, value in environ.items() if HUB.match(name)}


def without_secret(name: str, value: str) -> str:
    known = value.encode(errors="replace").decode()
    return "set" if SECRET.search(name) else CREDENTIALS.sub("//***@", known)[:200]


def kernel_process(process: Process) -> KernelProcess:
    return KernelProcess(pid=process.pid, server=process.parent, hub_env=hub_env(process.environ))


def prefix_of(process: Process) -> str | None:
    """The environment whose Python runs it: as it was called, since a link would lead out of a venv."""
    first = process.argv[0]
    if first.startswith("/") and Path(first).parent.name == "bin":
        return str(Path(first).parent.parent)
    try:
        return str((PROC / str(process.pid) / "exe").readlink().parent.parent)
    except OSError:
        return None


def started_at(process: Process) -> float:
    """Seconds since the epoch."""
    for line in (PROC / "stat").read_text().splitlines():
        if line.startswith("btime "):
            return int(line.split()[1]) + process.start_ticks / os.sysconf("SC_CLK_TCK")
    return 0.0
