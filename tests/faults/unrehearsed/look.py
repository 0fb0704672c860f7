"""Looking at what needs no packages: the machine, its disks, the Hub and the way to it."""

from __future__ import annotations

from tests.faults.patient import Diagnosis, diagnose


def look(environ: dict[str, str], **more: str) -> Diagnosis:
    return diagnose({**environ, **more}, "--area", "host,disk,hub,network")
