"""Whether this machine's sshd lets a port through: `ssh -L` is how a JupyterLab that listens on localhost is reached."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path

from doctor.reading.peek import peek_text

SSHD = Path("/etc/ssh/sshd_config")
FORBIDS = {"allowtcpforwarding": ("no", "remote"), "disableforwarding": ("yes",), "permitopen": ("none",)}
MOST = 50  # files that are included


def forbidden_by(config: Path = SSHD) -> str | None:
    """The file and the line by which it does not, as sshd_config(5) reads them: of each setting the first line counts."""
    seen: set[str] = set()
    for path, line in _lines(config):
        name, _, value = line.replace("=", " ", 1).strip().partition(" ")
        key, said = name.lower(), value.strip().strip('"').lower()
        if key in FORBIDS and key not in seen and said in FORBIDS[key]:
            return f"{path}: {line.strip()}"
        seen.add(key)
    return None


def _lines(path: Path) -> Iterator[tuple[Path, str]]:
    """Those that hold for everybody: what follows `Match` holds for some."""
    for line in peek_text(path, 100_000).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word.lower() == "match":
            return
        if word.lower() == "include":
            yield from _included(rest.split())
        elif word and not word.startswith("#"):
            yield path, line


def _included(patterns: list[str]) -> Iterator[tuple[Path, str]]:
    for pattern in patterns:
        whole = pattern if pattern.startswith("/") else f"/etc/ssh/{pattern}"
        for name in sorted(glob.glob(whole))[:MOST]:  # noqa: PTH207 - an absolute pattern
            yield from _lines(Path(name))
