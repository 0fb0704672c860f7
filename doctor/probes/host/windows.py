"""The file in which Windows is told how much its Linux may use. Read in WSL 2 only, and within a deadline: it lies on another system."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from doctor.facts import Unknown
from doctor.facts.host import WslConfig, WslFault
from doctor.probes.patience import within
from doctor.reading.peek import peek

USERS = Path("/mnt/c/Users")
OFF = re.compile(r"\s*(?:gpuSupport\s*=\s*(?:false|0)|safeMode\s*=\s*(?:true|1))\s*(?:#.*)?$", re.IGNORECASE)
UNITS = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}


def wslconfig(users: Path = USERS) -> WslConfig | None:
    """That of the first person of Windows who has one."""
    said = within(_look, users)
    return None if isinstance(said, Unknown) else said


def _look(users: Path) -> WslConfig | None:
    for name in (".wslconfig", ".wslconfig.txt"):
        for path in sorted(users.glob(f"*/{name}")):
            if (raw := peek(path, 100_000)) is not None:
                text, fault = _text(raw)
                fault = "name" if name.endswith(".txt") else fault or _fault(text)
                return WslConfig(
                    path=str(path), fault=fault, memory=_memory(text), gpu_off=_gpu_off(path, text)
                )
    return None


def _text(raw: bytes) -> tuple[str, WslFault]:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", "replace"), "encoding"
    if b"\0" in raw:
        return raw.replace(b"\0", b"").decode("utf-8", "replace"), "encoding"
    return raw.decode("utf-8-sig", "replace"), ""


def _fault(text: str) -> WslFault:
    """Why WSL does not take it as it is meant."""
    section = ""
    for line in (line.partition("#")[0].strip() for line in text.splitlines()):
        head = re.match(r"\[([^\]]*)\]\s*(.*)", line)
        if head and "=" in head[2]:
            return "one-line"
        if head:
            section = head[1].strip().lower()
        elif re.match(r"(memory|swap|processors)\s*=", line, re.IGNORECASE) and section != "wsl2":
            return "section"
    return ""


def _gpu_off(path: Path, text: str) -> str:
    """Safe mode hands in nothing at all."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        head = re.match(r"\s*\[([^\]]*)\]", line)
        section = head[1].strip().lower() if head else section
        if section == "wsl2" and OFF.match(line):
            return f"{path}:{number}"
    return ""


def _memory(text: str) -> int | None:
    said = re.search(r"\bmemory\s*=\s*(\d+)\s*([KMGT]?B?)\b", text, re.IGNORECASE)
    return int(said[1]) * UNITS.get(said[2].upper(), 1) if said else None
