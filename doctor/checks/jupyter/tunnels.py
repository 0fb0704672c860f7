"""Can a JupyterLab that listens on this machine alone be reached through ssh?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.jupyter.effective import effective
from doctor.facts import Jupyter
from doctor.finding import Finding
from doctor.goal import Goal

LOCAL = ("localhost", "127.0.0.1", "::1")


def check(jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    listens = effective(jupyter).get("ServerApp.ip", "localhost") if goal.foreign else goal.ip
    if jupyter.tunnels_forbidden and listens in LOCAL:
        yield found("jupyter", "ssh-tunnel-forbidden", line=jupyter.tunnels_forbidden)
