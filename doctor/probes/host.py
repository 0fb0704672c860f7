"""The machine itself: operating system, memory and processors that this process may really use."""

from __future__ import annotations

import os
import platform
import pwd
import shutil
import socket
from pathlib import Path

import psutil

from doctor.facts import Host, Unknown
from doctor.goal import Goal

CGROUP = Path("/sys/fs/cgroup")


def probe(goal: Goal) -> Host:
    release = os_release()
    return Host(
        os_id=release.get("ID", "unknown"),
        os_version=release.get("VERSION_ID", ""),
        os_name=release.get("PRETTY_NAME", platform.system()),
        kernel=platform.release(),
        machine=platform.machine(),
        glibc=glibc(),
        cpus=cpus(),
        memory_bytes=memory_bytes(),
        user=user_name(),
        is_root=os.geteuid() == 0,
        has_apt=shutil.which("apt-get") is not None,
        container=container(),
        name=socket.gethostname(),
    )


def os_release() -> dict[str, str]:
    """/etc/os-release as a mapping, empty when there is none."""
    path = Path("/etc/os-release")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key: value.strip().strip('"') for key, _, value in pairs}


def glibc() -> str | Unknown:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").removeprefix("glibc ") or Unknown("not glibc")
    except (OSError, ValueError) as error:
        return Unknown(str(error))


def cpus() -> float:
    """Processors that this process may use: affinity, cut by the cgroup's quota (v2, then v1)."""
    allowed = float(len(os.sched_getaffinity(0)))
    quota = _first_line(CGROUP / "cpu.max").split() or [
        _first_line(CGROUP / "cpu/cpu.cfs_quota_us"),
        _first_line(CGROUP / "cpu/cpu.cfs_period_us"),
    ]
    if len(quota) == 2 and quota[0].isdecimal() and quota[1].isdecimal():
        return min(allowed, int(quota[0]) / int(quota[1]))
    return allowed


def memory_bytes() -> int:
    """Memory that this process may use: what the machine has, cut by the cgroup's limit (v2, then v1)."""
    total = int(psutil.virtual_memory().total)
    limits = (CGROUP / "memory.max", CGROUP / "memory/memory.limit_in_bytes")
    said = [int(line) for line in map(_first_line, limits) if line.isdecimal()]
    return min([total, *said])


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # containers run with user ids that have no name
        return str(os.geteuid())


def container() -> str | None:
    if Path("/.dockerenv").exists():
        return "docker"
    if Path("/run/.containerenv").exists():
        return "podman"
    return _first_line(Path("/run/systemd/container")) or None
