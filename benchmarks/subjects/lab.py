"""From nothing to a kernel that has imported torch: `make lab`, and the lecture's bare commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

from benchmarks.measure import Case
from benchmarks.place import Place
from bootstrap.lab.password import password_path
from bootstrap.lab.proof import PROVE
from doctor.goal.settings import resolve
from doctor.lab.wanted import config_path

TITLE = "JupyterLab, from nothing to a kernel that has imported torch"
ABOUT = "`make lab`, with its look at the machine, against nohup jupyter lab. Both are ready when a kernel has imported torch."
TIMES, WARM = 5, True


def cases(place: Place) -> tuple[Case, ...]:
    """The person's own server is stopped meanwhile, and started again."""
    goal = resolve({}, place.environ)
    folder = place.open.enter_context(tempfile.TemporaryDirectory())
    config = json.loads(Path(config_path(goal)).read_bytes())
    hashed = {"hashed_password": config["PasswordIdentityProvider"]["hashed_password"]}
    Path(folder, "jupyter_server_config.json").write_text(json.dumps({"PasswordIdentityProvider": hashed}))

    def stop() -> None:
        subprocess.run(
            place.ours("stop"), env=place.environ, cwd=place.root, check=True, stdout=subprocess.DEVNULL
        )
        end_bare(Path(folder, "pid"))

    def start_again() -> None:
        end_bare(Path(folder, "pid"))
        subprocess.run(
            place.ours("lab"), env=place.environ, cwd=place.root, check=True, stdout=subprocess.DEVNULL
        )

    place.open.callback(start_again)
    bare = f'exec sh {place.root}/benchmarks/bare_lab.sh "$@" <{password_path(goal)}'
    words = (place.target, str(goal.port), folder, str(PROVE))
    environ, root = place.environ, place.root
    return (
        Case(name="make lab", argv=("make", "-s", "lab"), environ=environ, folder=root, before=stop),
        Case(
            name="nohup jupyter lab",
            argv=("sh", "-c", bare, "sh", *words),
            environ=environ,
            folder=root,
            before=stop,
            bar=1.3,
        ),
    )


def end_bare(pid: Path) -> None:
    """End the server that the bare commands started, if they did."""
    if not pid.is_file():
        return
    with suppress(psutil.NoSuchProcess):
        server = psutil.Process(int(pid.read_text()))
        family = [server, *server.children(recursive=True)]
        os.kill(server.pid, signal.SIGTERM)
        psutil.wait_procs(family, timeout=15)
    pid.unlink()
