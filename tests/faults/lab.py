"""A real JupyterLab of a person's, started as they would, for a test's few seconds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.wait import until

START_SECONDS = 40
LISTENING = "0A"  # in /proc/net/tcp


class Running(msgspec.Struct, frozen=True):
    """A server: its process, and what it wrote about itself (token included: for the test alone)."""

    pid: int
    port: int
    log: Path
    token: str


@contextmanager
def jupyterlab(
    python: str, environ: Mapping[str, str], *flags: str, prefix: Sequence[str] = (), log: str = "jupyter.log"
) -> Iterator[Running]:
    """`jupyter lab` with its output in ~/jupyter.log; ended, with all that it started, at the end."""
    path = Path(environ["HOME"]) / log
    with path.open("wb") as out:
        process = subprocess.Popen(
            [*prefix, python, "-B", "-m", "jupyterlab", "--no-browser", *flags],
            env=dict(environ),
            cwd=environ["HOME"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield _wait(process, path, Path(environ["HOME"]))
    finally:
        _end(process)


def _wait(process: subprocess.Popen[bytes], log: Path, home: Path) -> Running:
    runtime = home / ".local/share/jupyter/runtime"

    def ready() -> bool:
        """It writes about itself, and logs that it runs, before it listens."""
        assert process.poll() is None, log.read_text()
        files = [file for file in runtime.glob("jpserver-*.json") if file.stat().st_size]
        return bool(files) and "is running at:" in log.read_text() and _listens(_about(files[0]))

    assert until(ready, START_SECONDS), log.read_text()
    return _about(next(runtime.glob("jpserver-*.json")), log)


def _about(file: Path, log: Path = Path()) -> Running:
    said = json.loads(file.read_bytes())
    return Running(said["pid"], said["port"], log, said["token"])


def _listens(server: Running) -> bool:
    """Whether anybody listens on its port, in the network of its process."""
    tables = [Path(f"/proc/{server.pid}/net/{name}").read_text() for name in ("tcp", "tcp6")]
    lines = (line.split() for table in tables for line in table.splitlines())
    return any(words[3] == LISTENING and words[1].endswith(f":{server.port:04X}") for words in lines)


def _end(process: subprocess.Popen[bytes]) -> None:
    """The whole session that we started: the server and its kernels."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def refused(python: str, environ: Mapping[str, str], *flags: str) -> str:
    """What a JupyterLab that cannot start says, kept in ~/jupyter.log as with nohup."""
    path = Path(environ["HOME"]) / "jupyter.log"
    done = subprocess.run(
        [python, "-B", "-m", "jupyterlab", "--no-browser", *flags],
        env=dict(environ),
        cwd=environ["HOME"],
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    path.write_text(done.stdout + done.stderr)
    assert done.returncode != 0, path.read_text()
    return path.read_text()
