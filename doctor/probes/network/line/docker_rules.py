"""Does the host let Docker's networks out: does its kernel forward, and may the daemon make the rules that it needs?"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doctor.probes.host.cgroup import text
from doctor.probes.listing import names_in, processes
from doctor.reading.peek import peek, peek_text

FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
OPTION = re.compile(r"--iptables[= ]\"?false")
DEFAULTS = Path("/etc/default/docker")
UNITS = Path("/etc/systemd/system/docker.service.d")
SECONDS = 2.0


def way_out(daemon: Mapping[str, object]) -> dict[str, Any]:
    no_rules = _no_rules(daemon)
    return {
        "forwards": text(FORWARD) != "0",
        "no_rules": no_rules,
        "masked": _masked() if no_rules else None,
    }


def _no_rules(daemon: Mapping[str, object]) -> str:
    """The daemon that runs is asked first: a file may have been changed since, or be read by no service."""
    for pid in processes():
        if text(Path(f"/proc/{pid}/comm")) == "dockerd":
            line = (
                (peek(f"/proc/{pid}/cmdline", 65_536) or b"").replace(b"\0", b" ").decode("utf-8", "replace")
            )
            if OPTION.search(line):
                return next(
                    (str(path) for path in _files() if OPTION.search(peek_text(path))),
                    f"dockerd, process {pid}",
                )
    return "/etc/docker/daemon.json" if daemon.get("iptables") is False else ""


def _files() -> list[Path]:
    return [DEFAULTS, *(UNITS / name for name in names_in(UNITS) if name.endswith(".conf"))]


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def _masked() -> bool | None:
    """Whether anybody else made a rule for them: only root can see it. Where no program is that makes any, nobody did."""
    program = _program("iptables-save")
    if program is None:
        return None if _program("nft") else False
    try:
        done = subprocess.run(
            [program, "-t", "nat"], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return None if done.returncode else bool(re.search(r"-j (?:MASQUERADE|SNAT)", done.stdout))
