"""JupyterLab running, with the settings that are wanted now, kept up as wanted, and a kernel that works."""

from __future__ import annotations

from bootstrap.lab import server as lab
from bootstrap.lab import systemd
from bootstrap.lab.homes import note_homes
from bootstrap.step import Cost, Work
from doctor.facts import Facts, Jupyter
from doctor.goal import Goal
from doctor.lab.process import running_server
from doctor.lab.wanted import is_as_wanted
from doctor.text import Text

NAME = "server"
TITLE = Text("JupyterLab server", "JupyterLab 服务器")
AFTER = ("environment", "packages", "kernel", "jupyter")
WAITS = ("ffmpeg",)
AREAS = ("jupyter",)


def cost(facts: Facts, goal: Goal) -> Cost:
    return Cost(seconds=10)


def changes(facts: Facts, goal: Goal) -> tuple[Text, ...]:
    server = facts.jupyter.server if isinstance(facts.jupyter, Jupyter) else None
    kept = KEPT_UP.get(goal.keep_up)
    more = (kept,) if kept else ()
    if server and is_as_wanted(server, goal):
        return (Text("prove that a kernel starts", "验证内核可以启动"), *more)
    if server:
        return (Text("restart JupyterLab (open kernels end)", "重启 JupyterLab（已打开的内核会结束）"), *more)
    return (Text(f"start JupyterLab on port {goal.port}", f"在端口 {goal.port} 启动 JupyterLab"), *more)


KEPT_UP = {
    "watch": Text("start a watcher that keeps it up", "启动一个监视程序，使其保持运行"),
    "systemd": Text("make it a service of your systemd", "把它设为你的 systemd 用户服务"),
}


def run(work: Work) -> None:
    """Asked for means: none runs, or one that is to be replaced. One of today's settings is only waited for, and proven."""
    note_homes(work)
    goal = work.goal
    server = running_server(goal)
    if server and not is_as_wanted(server, goal):
        lab.stop(goal)
    if goal.keep_up == "systemd":
        for path in (systemd.unit_path(goal), systemd.wants_path(goal)):
            work.note("created", str(path))
    else:
        systemd.forget(goal)
    lab.start(goal, work.tell)
