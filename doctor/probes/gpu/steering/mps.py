"""NVIDIA's server that shares a card among programs (MPS): CUDA looks for its socket whenever it starts."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

from doctor.facts import Mps
from doctor.reading.peek import is_folder, is_there

NAME, USUAL = "CUDA_MPS_PIPE_DIRECTORY", "/tmp/nvidia-mps"
LONGEST = 107  # bytes of a socket's path


def mps() -> Mps | None:
    """None where CUDA has no cause to look: no variable names a folder, and the usual one is not there."""
    named = os.environ.get(NAME, "")
    folder = named or USUAL
    if not named and not is_there(Path(folder)):
        return None
    return Mps(folder=folder[:200], named=bool(named), state=_state(Path(folder)))


def _state(folder: Path) -> str:
    if not is_folder(folder):
        return "no folder"
    control = folder / "control"
    try:
        mode = control.stat().st_mode
    except PermissionError:
        return "denied"
    except OSError:
        return "no control"
    return _answers(str(control)) if stat.S_ISSOCK(mode) else "alive"


def _answers(path: str) -> str:
    """Asked with another kind of socket than the daemon's: the kernel says whether anybody has it, and nobody is called."""
    if len(os.fsencode(path)) > LONGEST:
        return "alive"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        code = one.connect_ex(path)
    return {errno.ECONNREFUSED: "dead", errno.EACCES: "denied"}.get(code, "alive")
