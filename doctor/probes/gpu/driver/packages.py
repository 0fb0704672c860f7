"""Packages of the driver, as dpkg keeps them: its status file is read, no process started."""

from __future__ import annotations

import re
from pathlib import Path

from doctor.reading.peek import peek

STATUS = Path("/var/lib/dpkg/status")
MOST = 20_000_000  # bytes: of many thousand packages
NAME = b"\nPackage: "
OF_THE_DRIVER = re.compile(
    rb"nvidia-(driver|container-toolkit\n|headless|dkms|kernel|open|fabricmanager|compute|utils|alternative)|libnvidia-(compute|ml)"
    rb"|libcuda1|cuda-(drivers|compat)|linux-modules-nvidia|xserver-xorg-video-nvidia"
)


def driver_packages(status: Path = STATUS) -> dict[str, str]:
    """Name and version of each installed one."""
    found: dict[str, str] = {}
    text = b"\n" + (peek(status, MOST) or b"")
    at = text.find(NAME)
    while at >= 0:
        if OF_THE_DRIVER.match(text, at + len(NAME)):
            paragraph = text[at : _end(text, at + 1)]
            if _field(paragraph, b"Status").endswith(b" installed"):
                name = _field(paragraph, b"Package").decode("utf-8", "replace")
                found[name] = _field(paragraph, b"Version").decode("utf-8", "replace")
        at = text.find(NAME, at + 1)
    return found


def _end(text: bytes, start: int) -> int:
    """Where the paragraph ends that `start` is in."""
    end = text.find(b"\n\n", start)
    return end if end >= 0 else len(text)


def _field(paragraph: bytes, name: bytes) -> bytes:
    match = re.search(rb"^" + name + rb": *(.*)$", paragraph, re.MULTILINE)
    return match.group(1).strip() if match else b""
