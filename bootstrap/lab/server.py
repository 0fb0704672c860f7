"""JupyterLab's life: start, stop, look. Used by the `server` step and by the words lab, stop and status."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec
import psutil

from bootstrap.lab import proof, systemd
from bootstrap.lab.password import is_new
from bootstrap.lab.screen import screen as screen  # one place for all that the words need
from bootstrap.lab.watch import LAUNCHER as LAUNCHER
from bootstrap.lab.watch import launch, unwatch, watch
from doctor.errors import Exit, Trouble
from doctor.facts import JupyterServer
from doctor.goal import Goal
from doctor.lab.files import last_lines
from doctor.lab.process import is_alive, launched, log_path, port_owner, running_process, running_server
from doctor.lab.sockets import listening
from doctor.lab.wanted import config_path
from doctor.text import Text

READY_SECONDS = 90.0
STOP_SECONDS = 15.0
LOOK_EVERY = 0.1

KEPT_UP = {"watcher": ", kept up by its watcher", "systemd": ", kept up by systemd"}
KEPT_UP_ZH = {"watcher": "，由监视程序保持运行", "systemd": "，由 systemd 保持运行"}

State = Literal["running", "not-answering", "ended", "stopped"]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How the server is; `text` says it to a person."""

    state: State
    text: Text
    pid: int | None = None
    started_at: float | None = None  # seconds since the epoch
    version: str | None = None
    log: str
    last_log_lines: tuple[str, ...] = ()


def start(goal: Goal, tell: Callable[[str], None] = lambda text: None) -> Status:
    """Start the server unless it runs; wait until it answers and a kernel of it imports torch. Raises Trouble with what was said."""
    if running_process(goal) is None:
        _refuse_impossible(goal)
        _forget(goal)  # a server that ended by itself; from here on the file names a new one
        proof.pending(goal)
        begin = systemd.start if goal.keep_up == "systemd" else launch
        begin(goal)
    _wait_until_it_answers(goal, tell)
    if proof.is_due(goal):
        proof.prove(goal, tell)
    keep_up = watch if goal.keep_up == "watch" else unwatch
    keep_up(goal)
    return status(goal)


def password_steps(goal: Goal, secrets: Mapping[str, str]) -> tuple[str, ...]:
    """The steps that a new PASSWORD asks for: no check can, since a goal holds no secret. Raises Trouble (exit 2)."""
    return ("jupyter", "server") if is_new(goal, secrets.get("PASSWORD")) else ()


def _refuse_impossible(goal: Goal) -> None:
    if not Path(config_path(goal)).is_file():
        raise Trouble(
            Text("JupyterLab is not set up yet", "JupyterLab 尚未安装"),
            Exit.FAILED,
            Text("make setup", "make setup"),
        )
    owner = port_owner(goal, None, listening())
    if owner is not None:
        who = f"pid {owner.pid or '?'}, {owner.user or '?'}: {owner.command or '?'}"
        raise Trouble(
            Text(f"port {goal.port} is used by another process: {who}", f"端口 {goal.port} 已被占用：{who}"),
            Exit.USAGE,
            Text(
                f"use another one: make lab PORT={goal.port + 1}",
                f"换一个端口：make lab PORT={goal.port + 1}",
            ),
        )


def _wait_until_it_answers(goal: Goal, tell: Callable[[str], None]) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        server = running_server(goal)
        if server is None and not _is_starting(goal):
            raise _died(goal)
        if server and server.answers:
            return
        lines = last_lines(log_path(goal))
        tell(lines[-1] if lines else "")
        time.sleep(LOOK_EVERY)
    raise _silent(goal)


def _is_starting(goal: Goal) -> bool:
    """Another launcher holds the lock and has not written its pid file yet."""
    return launched(goal) is None


def _died(goal: Goal) -> Trouble:
    return Trouble(
        Text(f"JupyterLab ended while starting\n{_tail(goal)}", f"JupyterLab 启动时退出\n{_tail(goal)}"),
        Exit.FAILED,
        _full_log(goal),
    )


def _silent(goal: Goal) -> Trouble:
    en = f"JupyterLab gave no answer within {READY_SECONDS:.0f} s\n{_tail(goal)}"
    zh = f"JupyterLab 在 {READY_SECONDS:.0f} 秒内没有响应\n{_tail(goal)}"
    return Trouble(Text(en, zh), Exit.FAILED, _full_log(goal))


def _tail(goal: Goal) -> str:
    return "\n".join(f"    {line}" for line in last_lines(log_path(goal))[-12:])


def _full_log(goal: Goal) -> Text:
    return Text(f"full log: {log_path(goal)}", f"完整日志：{log_path(goal)}")


def stop(goal: Goal) -> bool:
    """End the server and its kernels: ask, wait, kill. Returns whether there was one to end."""
    server = running_process(goal)
    systemd.stop(goal)  # who would start it again goes first
    unwatch(goal)
    if server is not None:
        _end(server)
    _forget(goal)
    return server is not None


def _end(server: psutil.Process) -> None:
    try:
        children = server.children(recursive=True)
        server.terminate()
    except psutil.NoSuchProcess:
        return
    for survivor in psutil.wait_procs([server], timeout=STOP_SECONDS)[1]:
        survivor.kill()
    # The server ends its kernels; what it left when it had to be killed is ended here.
    left = psutil.wait_procs([server, *children], timeout=3)[1]
    for survivor in left:
        survivor.kill()
    psutil.wait_procs(left, timeout=3)


def _forget(goal: Goal) -> None:
    """Remove the pid file of a server that is gone."""
    server = launched(goal)
    if server is not None and not is_alive(server):
        (Path(goal.jupyter_dir) / "server.json").unlink(missing_ok=True)


def status(goal: Goal) -> Status:
    """How the server is right now. An unexpected end comes with the last log lines."""
    server = running_server(goal)
    log = str(log_path(goal))
    if server is not None:
        return _of_running(server, log)
    record = launched(goal)
    if record is None:
        return Status(state="stopped", text=Text("JupyterLab is not running", "JupyterLab 未运行"), log=log)
    en, zh = (
        f"JupyterLab (pid {record.pid}) has ended unexpectedly",
        f"JupyterLab（pid {record.pid}）意外退出",
    )
    lines = last_lines(log_path(goal))
    return Status(state="ended", text=Text(en, zh), pid=record.pid, log=log, last_log_lines=lines)


def _of_running(server: JupyterServer, log: str) -> Status:
    port = server.settings.get("ServerApp.port")
    if server.answers:
        text = Text(
            f"JupyterLab runs on port {port} (pid {server.pid}){KEPT_UP.get(server.kept_up_by or '', '')}",
            f"JupyterLab 正在端口 {port} 上运行（pid {server.pid}）{KEPT_UP_ZH.get(server.kept_up_by or '', '')}",
        )
    else:
        text = Text(
            f"JupyterLab (pid {server.pid}) runs but does not answer on port {port}",
            f"JupyterLab（pid {server.pid}）正在运行，但端口 {port} 没有响应",
        )
    return Status(
        state="running" if server.answers else "not-answering",
        text=text,
        pid=server.pid,
        started_at=server.started_at,
        version=server.version,
        log=log,
        last_log_lines=() if server.answers else last_lines(Path(log)),
    )
