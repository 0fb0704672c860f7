"""Builds the stand-in installer: the head script and, behind it, a prefix that holds a small conda."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
CONDA_COMMAND = '#!/bin/sh\nexec "$(dirname "$(readlink -f "$0")")/python" -I -m conda "$@"\n'


def installer(stall: Path | None = None) -> bytes:
    """The installer's bytes. With `stall` it makes that file half-way and goes on when the file is gone."""
    payload = base64.encodebytes(_prefix())
    head = (HERE / "header.sh").read_text()
    head = head.replace("@MD5@", hashlib.md5(payload).hexdigest()).replace("@STALL@", str(stall or ""))
    return head.encode() + payload


def _prefix() -> bytes:
    real = os.path.realpath(sys.executable)
    site = f"lib/python{PYTHON}/site-packages"
    files = {
        "pyvenv.cfg": f"home = {Path(real).parent}\n",
        "bin/conda": CONDA_COMMAND,
        f"{site}/conda/__init__.py": "",
        f"{site}/conda/__main__.py": (HERE / "standin.py").read_text(),
        "conda-meta/conda-26.5.3-py_0.json": '{"name": "conda"}',
        "conda-meta/history": "==> install <==\n",
        "condabin/conda": CONDA_COMMAND,
        ".condarc": "channels: [defaults]\n",
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text.encode()), 0o755 if text.startswith("#!") else 0o644
            tar.addfile(entry, io.BytesIO(text.encode()))
        python = tarfile.TarInfo("bin/python")
        python.type, python.linkname = tarfile.SYMTYPE, real
        tar.addfile(python)
    return out.getvalue()


def repodata() -> dict[str, dict[str, object]]:
    """repodata.json of a channel that has this Python, ffmpeg and pip: by subdir."""
    python = {"name": "python", "version": f"{PYTHON}.{sys.version_info[2]}"}
    pip = {"name": "pip", "version": "25.0"}
    ffmpeg = {"name": "ffmpeg", "version": "7.1"}
    return {
        "linux-64": {"packages": {f"python-{python['version']}-0": python, "ffmpeg-7.1-0": ffmpeg}},
        "noarch": {"packages": {"pip-25.0-0": pip}},
    }


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
