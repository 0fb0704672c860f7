"""Packages of the driver, as dpkg keeps them: its status file is read, no process started."""

from __future__ import annotations

import re
from pathlib import Path

from doctor.peek import peek

STATUS = Path("/var/lib/dpkg/status")
MOST = 20_000_000  # bytes: of many thousand packages
OF_THE_DRIVER = re.compile(
    rb"^Package: *((?:nvidia-(?:driver|headless|dkms|kernel|open|fabricmanager|compute|utils|alternative)"
    rb"|libnvidia-(?:compute|ml)|libcuda1|cuda-(?:drivers|compat)|linux-modules-nvidia"
    rb"|xserver-xorg-video-nvidia).*)$",
    re.MULTILINE,
)


def driver_packages(status: Path = STATUS) -> dict[str, str]:
    """Name and version of each installed one."""
    found: dict[str, str] = {}
    text = peek(status, MOST) or b""
    for match in OF_THE_DRIVER.finditer(text):
        paragraph = text[match.start() : _end(text, match.end())]
        if _field(paragraph, b"Status").endswith(b" installed"):
            found[match[1].strip().decode()] = _field(paragraph, b"Version").decode("utf-8", "replace")
    return found


def _end(text: bytes, start: int) -> int:
    """Where the paragraph ends that `start` is in."""
    end = text.find(b"\n\n", start)
    return end if end >= 0 else len(text)


def _field(paragraph: bytes, name: bytes) -> bytes:
    match = re.search(rb"^" + name + rb": *(.*)$", paragraph, re.MULTILINE)
    return match.group(1).strip() if match else b""
