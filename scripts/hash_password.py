#!/usr/bin/env python3
"""Make the argon2id hash of a JupyterLab password. Run it with the interpreter that has JupyterLab.

The password comes on standard input, so that no process list shows it; the hash goes into a file that only
its owner may read.

    PREFIX/bin/python scripts/hash_password.py --out FILE < password
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="the file that gets the hash (mode 0600)")
    out: Path = parser.parse_args().out
    password = sys.stdin.buffer.read().decode("utf-8").rstrip("\n")
    if not password:
        print("no password on standard input", file=sys.stderr)
        return 2
    write_private(out, hash_of(password))
    return 0


def hash_of(password: str) -> str:
    from jupyter_server.auth import passwd

    hashed: str = passwd(password, algorithm="argon2")
    if not hashed.startswith("argon2:$argon2id$"):
        raise SystemExit("jupyter_server made a hash of another kind than argon2id")
    return hashed


def write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
