"""Asking the child process that opens the device nodes and talks to NVML, for as long as is reasonable."""

from __future__ import annotations

import grp
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from doctor.facts import GpuDevice, LostDevice, Node, Unknown
from doctor.probes.gpu.nvml.processes import is_stuck
from doctor.reading.ask import ask, clean_environ

DEV = Path("/dev")
CHILD = Path(__file__).with_name("child.py")
CUDA_CHILD = Path(__file__).with_name("cuda_child.py")
NODE = re.compile(r"nvidia(\d+|ctl|-uvm|-uvm-tools|-modeset|-nvswitch.*)\Z")
SECONDS = 12.0
# Without the persistence daemon each card is started anew for every question; eight of them take up to 20 s.
SECONDS_MANY = 17.0
FEW = 2
NO_LIBRARY = 12
OF_GROUP = stat.S_IRGRP | stat.S_IWGRP


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the child answered until it ended or was given up."""

    devices: tuple[GpuDevice, ...] | Unknown
    nodes: tuple[Node, ...] = ()
    lost: tuple[LostDevice, ...] = ()
    driver: str | None = None
    code: int | None = None
    hung: float | None = None
    stuck: bool = False


# What the child says where the library is nowhere.
NO_NVML = Said(devices=Unknown("NVML: NVML Shared Library Not Found"), code=NO_LIBRARY)


def listed(folder: Path = DEV) -> tuple[Node, ...]:
    """The nodes that are there before anybody asks NVML. Whether they open is the child's to say."""
    names = sorted(path.name for path in folder.iterdir() if NODE.match(path.name))
    return tuple(
        Node(path=str(folder / name), error=_kind(folder / name), group=_group(folder / name))
        for name in names
    )


def _group(path: Path) -> str:
    try:
        seen = path.stat()
    except OSError:
        return ""
    if seen.st_mode & OF_GROUP != OF_GROUP or seen.st_mode & stat.S_IROTH or seen.st_gid == 0:
        return ""
    try:
        return grp.getgrgid(seen.st_gid).gr_name
    except KeyError:
        return str(seen.st_gid)


def _kind(path: Path) -> str | None:
    try:
        return None if stat.S_ISCHR(path.stat().st_mode) else "not a device"
    except OSError as error:
        return error.strerror or "unreadable"


def ask_child(nodes: tuple[Node, ...], cards: int) -> Said:
    seconds = SECONDS if cards <= FEW else SECONDS_MANY
    argv = [sys.executable, "-I", str(CHILD), *(node.path for node in nodes if node.error is None)]
    # In memory: nothing is written to a disk, and no pipe stays open in a child that cannot be killed.
    with os.fdopen(os.memfd_create("nvml"), "w+b") as out:
        try:
            child = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=clean_environ()
            )
        except OSError as error:
            return Said(devices=Unknown(f"no child process: {error.strerror}"), nodes=nodes)
        hung, stuck = _wait(child, seconds)
        out.seek(0)
        return _read(out.read(), nodes, hung, stuck, child.returncode)


def cuda_code() -> int | None:
    """What CUDA's start answers, None where it has no library or gives no answer."""
    said = ask([sys.executable, "-I", str(CUDA_CHILD)], seconds=SECONDS)
    code = {} if isinstance(said, Unknown) else _answer(said.stdout.strip())
    return code.get("cuda_code")


def _wait(child: subprocess.Popen[bytes], seconds: float) -> tuple[float | None, bool]:
    """Seconds waited in vain, and whether the child cannot even be killed. It is not waited for after that."""
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        stuck = is_stuck(child.pid)
        child.kill()
        return seconds, stuck
    return None, False


def _read(
    output: bytes, nodes: tuple[Node, ...], hung: float | None, stuck: bool, returncode: int | None
) -> Said:
    answers: dict[str, Any] = {}
    lines = output.decode("utf-8", "replace").splitlines()
    for line in lines:
        answers.update(_answer(line))
    errors: dict[str, str] = answers.get("nodes", {})
    seen = tuple(msgspec.structs.replace(node, error=node.error or errors.get(node.path)) for node in nodes)
    said = Said(
        devices=Unknown(str(answers.get("said") or _why(lines, hung, returncode))),
        nodes=seen,
        code=answers.get("code"),
        driver=answers.get("driver"),
        hung=hung,
        stuck=stuck,
    )
    if "devices" not in answers:
        return said
    return msgspec.structs.replace(
        said,
        devices=msgspec.convert(answers["devices"], tuple[GpuDevice, ...]),
        lost=msgspec.convert(answers["lost"], tuple[LostDevice, ...]),
    )


def _answer(line: str) -> dict[str, Any]:
    """One line of the child; what a library prints in between is none."""
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _why(lines: list[str], hung: float | None, returncode: int | None) -> str:
    if hung is not None:
        return f"NVML gave no answer within {hung:.0f} s"
    if returncode is not None and returncode < 0:
        return f"NVML ended its process with signal {-returncode}"
    return lines[-1] if lines else f"NVML's process ended with code {returncode}"
