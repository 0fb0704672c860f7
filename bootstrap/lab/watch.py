"""Keeping the server up: by a watcher beside it, or by the person's systemd. The launcher does the work of either."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil

from bootstrap import process
from bootstrap.hub.choice import hub_environment
from doctor.goal import Goal
from doctor.lab.process import running_process
from doctor.text import Text

LAUNCHER = Path(__file__).resolve().parents[2] / "scripts" / "launch_jupyter.sh"
LOCKED = 75  # the launcher's exit code when there is one already


def launch(goal: Goal, *mode: str) -> process.Done:
    """Run the launcher. One that loses the race against another one is fine: there is a server (or watcher) then."""
    log = Path(goal.logs) / "server.log"
    argv = ["sh", str(LAUNCHER), *mode, "--python", goal.interpreter, "--dir", goal.jupyter_dir]
    done = process.run(argv, log=log, seconds=30, env=hub_environment(goal), check=False)
    if done.code not in (0, LOCKED):
        raise process.failed(argv, log, done.tail, Text(f"exit code {done.code}", f"退出码 {done.code}"))
    return done


def watch(goal: Goal) -> None:
    """See that the running server is started again when it ends."""
    launch(goal, "--watch")


def unwatch(goal: Goal) -> None:
    """End the watcher, and what it waits with; servers that it started are in sessions of their own."""
    watcher = running_process(goal, "watcher")
    if watcher is not None:
        with suppress(ProcessLookupError):
            os.killpg(watcher.pid, signal.SIGKILL)  # it holds nothing that could be lost
        psutil.wait_procs([watcher], timeout=5)
    (Path(goal.jupyter_dir) / "watcher.json").unlink(missing_ok=True)
