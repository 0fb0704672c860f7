"""JupyterLab running, with the settings that are wanted now."""

from __future__ import annotations

from bootstrap.lab import server as lab
from bootstrap.lab.homes import note_homes
from bootstrap.step import Cost, Work
from doctor.facts import Facts, Jupyter
from doctor.goal import Goal
from doctor.text import Text

NAME = "server"
TITLE = Text("JupyterLab server", "JupyterLab 服务器")
AFTER = ("environment", "packages", "kernel", "jupyter")
WAITS = ("ffmpeg",)
AREAS = ("jupyter",)


def cost(facts: Facts, goal: Goal) -> Cost:
    return Cost(seconds=10)


def changes(facts: Facts, goal: Goal) -> tuple[Text, ...]:
    if isinstance(facts.jupyter, Jupyter) and facts.jupyter.server:
        return (Text("restart JupyterLab (open kernels end)", "重启 JupyterLab（已打开的内核会结束）"),)
    return (Text(f"start JupyterLab on port {goal.port}", f"在端口 {goal.port} 启动 JupyterLab"),)


def run(work: Work) -> None:
    """Asked for means: none runs, or one that is to be replaced. One of today's settings is only waited for."""
    note_homes(work)
    said = work.facts.jupyter
    server = said.server if isinstance(said, Jupyter) else None
    if server and (server.answers or not server.config_is_current):
        lab.stop(work.goal)
    lab.start(work.goal, work.tell)
