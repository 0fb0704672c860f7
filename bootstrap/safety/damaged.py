"""Where something of ours fails as it never should: is the environment that runs us whole? If not it is made anew, once.

Only the standard library is needed here, and loaded when it is: any other module may be the broken one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

AGAIN = "GROUNDWORK_REPAIR"  # set for the second start, which must not lead to a third
SETUP = Path(__file__).resolve().parents[2] / "scripts" / "setup.sh"


def restart_if_damaged() -> None:
    """Start the word again by way of stage 0 when a file of the tool environment is not as installed; else return."""
    stamp = Path(sys.prefix) / "complete"
    broken = None if os.environ.get(AGAIN) or not stamp.is_file() else first_broken(Path(sys.prefix))
    if broken is None:
        return
    said = "Groundwork's own environment is damaged and made anew · Groundwork 自身的环境已损坏，正在重新创建"
    print(f"{said} ({broken})", file=sys.stderr, flush=True)
    stamp.unlink()
    os.execve("/bin/sh", ["sh", str(SETUP), *sys.argv[1:]], {**os.environ, AGAIN: "1"})


def first_broken(prefix: Path) -> Path | None:
    """A file that is not there, or not what its package's RECORD says; without a RECORD its folder."""
    import csv

    for package in sorted(prefix.glob("lib/python3*/site-packages/*.dist-info")):
        if not (package / "RECORD").is_file():
            return package
        with (package / "RECORD").open(encoding="utf-8", newline="") as lines:
            for name, digest, _ in csv.reader(lines):
                if digest and not is_as_installed(package.parent / name, digest):
                    return package.parent / name
    return None


def is_as_installed(path: Path, digest: str) -> bool:
    """`digest`: sha256=… as in RECORD, base64 without its padding."""
    import base64
    import hashlib

    try:
        found = hashlib.new(digest.partition("=")[0], path.read_bytes()).digest()
    except OSError:
        return False
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode() == digest.partition("=")[2]
