"""Is our JupyterLab set up as wanted, and does it run?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from doctor.catalogue import found, in_chinese
from doctor.facts import Jupyter, JupyterServer, PortOwner
from doctor.finding import Finding, Severity
from doctor.goal import Goal
from doctor.lab.wanted import SHOWN_SETTINGS, kernel_env, kernel_title, lab_settings, server_settings
from doctor.text import Text, both

SOON = 30.0  # days that a certificate should still be good for
KEEPER = {"watch": "watcher", "systemd": "systemd"}


def check(jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    yield from _kernel(jupyter, goal)
    yield from _config(jupyter, goal)
    yield from _certificate(jupyter, goal)
    if jupyter.port_owner:
        again = ("make", "setup", f"PORT={another(goal.port)}")
        yield port_in_use(goal.port, jupyter.port_owner, OURS, (again,))
    yield from _server(jupyter, goal)


def _kernel(jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    spec = jupyter.kernelspec
    if spec is None:
        yield found("jupyter", "kernel-missing")
        return
    if not spec.interpreter_exists:
        yield found(
            "jupyter", "jupyter-stale-kernelspec", name="python3", file=spec.path, python=spec.interpreter
        )
        return
    wanted = {"interpreter": goal.interpreter, "display_name": kernel_title(goal)}
    wanted |= kernel_env(goal, jupyter.hub_endpoint)
    other = _differences(
        {"interpreter": spec.interpreter, "display_name": spec.display_name, **spec.env}, wanted
    )
    if other:
        wrong = spec.interpreter != goal.interpreter  # else notebooks run, with other variables
        yield found(
            "jupyter", "kernel-differs", severity="fail" if wrong else "warn", file=spec.path, other=other
        )


def _config(jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    if jupyter.config_mode is None or not jupyter.has_password:
        missing = NO_FILE if jupyter.config_mode is None else NO_PASSWORD
        yield found("jupyter", "jupyter-config-missing", file=jupyter.config_path, missing=missing)
        return
    other = _differences(jupyter.config, server_settings(goal, jupyter.as_root) | lab_settings())
    if other:
        yield found("jupyter", "jupyter-config-differs", other=other)
    if jupyter.config_mode != 0o600 or jupyter.password_mode != 0o600:
        config, password = f"{jupyter.config_mode:o}", f"{jupyter.password_mode or 0:o}"
        yield found(
            "jupyter", "jupyter-config-readable", file=jupyter.config_path, config=config, password=password
        )


def port_in_use(
    port: int,
    owner: PortOwner,
    why: Text,
    commands: tuple[tuple[str, ...], ...] | None = None,
    severity: Severity | None = None,
) -> Finding:
    pid = Text(f"pid {owner.pid}", f"pid {owner.pid}") if owner.pid else NO_PID
    user, command = owner.user or "?", owner.command or "?"
    return found(
        "jupyter",
        "jupyter-port-in-use",
        commands=commands,
        severity=severity,
        port=port,
        other=another(port),
        pid=pid,
        user=user,
        command=command,
        why=why,
    )


def another(port: int) -> int:
    return port + 1 if port < 65535 else 8888


def _server(jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    server = jupyter.server
    if server is None:
        yield _down(jupyter)
    elif not server.answers:
        yield found("jupyter", "jupyter-server-not-answering", pid=server.pid, log=_last(jupyter))
    else:
        yield from _other_settings(server, jupyter, goal)
        yield from _proof(jupyter)
        yield from _kept_up(server, goal)


def _certificate(jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    """Ours is made anew; the person's they have to mend."""
    certificate = jupyter.certificate
    if certificate is None or goal.tls is None:
        return
    if not goal.tls.own:
        if certificate.error:
            yield found("jupyter", "jupyter-tls-unfit", said=certificate.error)
    elif certificate.error or certificate.days_left is None:
        yield found("jupyter", "jupyter-tls-missing", said=certificate.error or both(certificate.path))
    elif certificate.days_left < SOON:
        yield found(
            "jupyter", "jupyter-tls-ends-soon", path=certificate.path, days=f"{certificate.days_left:.0f}"
        )


def _proof(jupyter: Jupyter) -> Iterator[Finding]:
    """No proof at all is no finding: whoever runs the launcher by hand has not asked for one."""
    if jupyter.proof and jupyter.proof.state == "pending":
        yield found("jupyter", "jupyter-kernel-unproven")
    if jupyter.proof and jupyter.proof.state == "fails":
        yield found("jupyter", "jupyter-kernel-fails", said=jupyter.proof.said)


def _kept_up(server: JupyterServer, goal: Goal) -> Iterator[Finding]:
    wanted = KEEPER.get(goal.keep_up)
    if wanted != server.kept_up_by:
        yield found(
            "jupyter", "jupyter-kept-up-otherwise", wanted=wanted or "-", seen=server.kept_up_by or "-"
        )


def _down(jupyter: Jupyter) -> Finding:
    """Ended by itself is a failure; never started, or stopped by the person, is merely to be known and started."""
    if jupyter.ended_pid is None:
        return found(
            "jupyter", "jupyter-server-down", severity="warn", how=STOPPED, seen=STOPPED_SEEN, why=NOT_STARTED
        )
    pid, log = jupyter.ended_pid, _last(jupyter)
    seen = Text(f"pid {pid} is gone; last log lines: {log}", f"pid {pid} 已不存在；日志末尾：{log}")
    return found("jupyter", "jupyter-server-down", how=ENDED, seen=seen, why=CRASHED)


def _other_settings(server: JupyterServer, jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    wanted = server_settings(goal, jupyter.as_root)
    shown = _differences(server.settings, {name: wanted[name] for name in SHOWN_SETTINGS})
    other = Text(shown, in_chinese(shown)) if shown else None
    if not other and not server.config_is_current:
        other = CHANGED_SINCE
    if other:
        yield found("jupyter", "jupyter-server-other-settings", pid=server.pid, other=other)


def _differences(there: object, wanted: object) -> str:
    """What is there and what is wanted, for each wanted name where they differ."""
    have, want = msgspec.convert(there, dict[str, object]), msgspec.convert(wanted, dict[str, object])
    other = (name for name, value in want.items() if have.get(name) != value)
    return "; ".join(f"{name} is {have.get(name)!r}, wanted {want[name]!r}" for name in other)


def _last(jupyter: Jupyter) -> str:
    return " | ".join(jupyter.last_log_lines[-3:]) or "-"


OURS = Text("that process was there first, and is not ours to end", "该进程先占用了端口，我们不会结束它")
NO_PID = Text("pid not visible to this user", "当前用户看不到 pid")
NO_FILE = Text("no file", "没有该文件")
NO_PASSWORD = Text("no password", "没有密码")
STOPPED = Text("is not running", "未运行")
STOPPED_SEEN = Text("not started, or stopped", "尚未启动，或已停止")
NOT_STARTED = Text("setup has not started it yet, or it was stopped", "安装尚未启动它，或它已被停止")
ENDED = Text("has ended unexpectedly", "意外退出")
CRASHED = Text("it crashed, was killed, or the machine was restarted", "它崩溃、被结束，或机器重启过")
CHANGED_SINCE = Text("the configuration was changed after it had started", "配置在它启动之后被更改")
