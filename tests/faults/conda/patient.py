"""A person with a conda, to be broken."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.faults.patient import Diagnosis, diagnose

AREAS = (
    "host,disk,conda,python"  # the other areas speak of the course's packages, which these environments lack
)


class Patient(msgspec.Struct):
    """A person with a conda of their own, an environment in it, and a shell that knows it."""

    home: Path
    root: Path
    env: Path
    environ: dict[str, str]

    def said(self, *prefix: str, **more: str) -> Diagnosis:
        return diagnose({**self.environ, **more}, "--area", AREAS, prefix=prefix)


def in_namespace(*lines: str) -> tuple[str, ...]:
    """A start in a mount namespace of its own, after those commands."""
    return ("unshare", "-m", "sh", "-c", " && ".join((*lines, 'exec "$@"')), "sh")
