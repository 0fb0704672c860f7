"""Proxies that git, curl, wget and apt have in files of their own. They outlive the proxy program that they were written for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from doctor.facts.network import Proxy
from doctor.probes.network.told.proxies import read
from doctor.reading.peek import peek_text

PROXY = r"[\"']?(?P<value>[^\s\"';]+)"
GIT = re.compile(rf"^\s*proxy\s*=\s*{PROXY}", re.IGNORECASE)
SECTION = re.compile(r'^\s*\[\s*(\w+)(?:\s+"([^"]*)")?')
CURL = re.compile(rf"^\s*(?:(?:--)?proxy(?:\s*[=:]\s*|\s+)|-x\s*){PROXY}")
WGET = re.compile(rf"^\s*https?_proxy\s*=\s*{PROXY}", re.IGNORECASE)
APT = re.compile(rf"^\s*Acquire::https?::proxy\s+{PROXY}", re.IGNORECASE)
NO_PROXY = ("direct", "false", "none")


def tool_proxies() -> tuple[Proxy, ...]:
    """Each once, with the file that names it, and git's own key. Not asked yet."""
    found: dict[tuple[str, str], Proxy] = {}
    for path, value in _values():
        if value.lower() not in NO_PROXY:
            found.setdefault((path, value), read(value, (path,)))
    return tuple(found.values())


def _values() -> Iterator[tuple[str, str]]:
    home = Path(os.environ.get("HOME") or "/")
    for path in (Path("/etc/gitconfig"), home / ".gitconfig", home / ".config/git/config"):
        yield from _of_git(path)
    apt = [Path("/etc/apt/apt.conf"), *sorted(Path("/etc/apt/apt.conf.d").glob("*"))]
    for pattern, files in ((CURL, [home / ".curlrc"]), (WGET, [home / ".wgetrc"]), (APT, apt)):
        for path in files:
            yield from ((str(path), value) for value in _matches(path, pattern))


def _matches(path: Path, pattern: re.Pattern[str]) -> list[str]:
    found = map(pattern.match, peek_text(path, 200_000).splitlines())
    return [match["value"] for match in found if match]


def _of_git(path: Path) -> Iterator[tuple[str, str]]:
    """`proxy` in a section [http] or [https], be it for one host alone."""
    section, host = "", ""
    for line in peek_text(path, 200_000).splitlines():
        if head := SECTION.match(line):
            section, host = head[1].lower(), head[2]
        elif section in ("http", "https") and (match := GIT.match(line)):
            key = ".".join(part for part in (section, host, "proxy") if part)
            yield f"{path}: {key}", match["value"]
