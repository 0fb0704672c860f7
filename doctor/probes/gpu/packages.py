"""Packages of the driver, as dpkg keeps them: its status file is read, no process started."""

from __future__ import annotations

import re
from pathlib import Path

from doctor.peek import peek

STATUS = Path("/var/lib/dpkg/status")
MOST = 20_000_000  # bytes: of many thousand packages
OF_THE_DRIVER = re.compile(
    rb"^(nvidia-(driver|headless|dkms|kernel|open|fabricmanager|compute|utils|alternative)|libnvidia-(compute|ml)"
    rb"|libcuda1|cuda-(drivers|compat)|linux-modules-nvidia|xserver-xorg-video-nvidia)"
)


def driver_packages(status: Path = STATUS) -> dict[str, str]:
    """Name and version of each installed one."""
    found: dict[str, str] = {}
    for paragraph in (peek(status, MOST) or b"").split(b"\n\n"):
        name = _field(paragraph, b"Package")
        if OF_THE_DRIVER.match(name) and _field(paragraph, b"Status").endswith(b" installed"):
            found[name.decode()] = _field(paragraph, b"Version").decode("utf-8", "replace")
    return found


def _field(paragraph: bytes, name: bytes) -> bytes:
    match = re.search(rb"^" + name + rb": *(.*)$", paragraph, re.MULTILINE)
    return match.group(1).strip() if match else b""
