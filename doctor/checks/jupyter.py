"""Is JupyterLab set up as wanted, does it run, and can only its owner enter?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from doctor.facts import Facts, Jupyter, JupyterServer
from doctor.finding import Finding, Remedy, Severity
from doctor.goal import Goal
from doctor.lab.wanted import kernel_env, kernel_title, server_settings
from doctor.text import Text, both

BLOCKERS = (
    "environment-missing",
    "environment-half-made",
    "environment-foreign",
    "packages-missing",
    "packages-half-installed",
)
SHOWN_SETTINGS = ("ServerApp.ip", "ServerApp.port", "ServerApp.root_dir")


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    jupyter = facts.jupyter
    assert isinstance(jupyter, Jupyter)
    yield from _kernel(jupyter, goal)
    yield from _config(jupyter, goal)
    yield from _port(jupyter, goal)
    yield from _server(jupyter, goal)
    if jupyter.person_configs:
        yield _person_configs(jupyter)


def _kernel(jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    spec = jupyter.kernelspec
    if spec is None:
        missing = Text("the environment's kernel is not registered", "环境的内核尚未注册")
        yield _finding("kernel-missing", "kernel", missing, "no kernelspec for python3", NOT_YET)
        return
    if not spec.interpreter_exists:
        gone = Text("the kernel points to a Python that is not there", "内核指向的 Python 不存在")
        cause = Text("the environment was moved or removed", "环境被移动或删除")
        yield _finding("kernel-interpreter-gone", "kernel", gone, f"{spec.path}: {spec.interpreter}", cause)
        return
    wanted = {"interpreter": goal.interpreter, "display_name": kernel_title(goal)}
    wanted |= kernel_env(goal, jupyter.hub_endpoint)
    there = {"interpreter": spec.interpreter, "display_name": spec.display_name, **spec.env}
    other = _differences(there, wanted)
    if other:
        differs = Text("the kernel is not the environment's own", "内核与环境不符")
        yield _finding("kernel-differs", "kernel", differs, f"{spec.path}: {other}", OTHER_SETTINGS)


def _config(jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    if jupyter.config_mode is None or not jupyter.has_password:
        missing = Text("JupyterLab is not configured yet", "JupyterLab 尚未配置")
        what = "no file" if jupyter.config_mode is None else "no password"
        yield _finding(
            "jupyter-config-missing", "jupyter", missing, f"{jupyter.config_path}: {what}", NOT_YET
        )
        return
    other = _differences(jupyter.config, server_settings(goal, jupyter.as_root))
    if other:
        differs = Text("JupyterLab's settings are not the wanted ones", "JupyterLab 的设置与需要的不同")
        yield _finding("jupyter-config-differs", "jupyter", differs, other, OTHER_SETTINGS)
    if jupyter.config_mode != 0o600 or jupyter.password_mode != 0o600:
        yield _readable(jupyter)


def _readable(jupyter: Jupyter) -> Finding:
    modes = f"configuration {jupyter.config_mode:o}, password {jupyter.password_mode or 0:o}; wanted 600"
    title = Text("other users may read JupyterLab's password", "其他用户可以读取 JupyterLab 的密码")
    cause = Text("the file's permissions were changed", "文件权限被更改")
    return _finding("jupyter-config-readable", "jupyter", title, f"{jupyter.config_path}: {modes}", cause)


def _port(jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    owner = jupyter.port_owner
    if owner is None:
        return
    who = ", ".join(
        (
            f"pid {owner.pid}" if owner.pid else "pid not visible to this user",
            f"user {owner.user or '?'}",
            f"command: {owner.command or '?'}",
        )
    )
    yield Finding(
        id="jupyter-port-taken",
        area="jupyter",
        severity="fail",
        title=Text(f"port {goal.port} is used by another process", f"端口 {goal.port} 已被其他进程占用"),
        evidence=both(who),
        cause=Text(
            "that process was there first, and is not ours to end", "该进程先占用了端口，我们不会结束它"
        ),
        remedy=Remedy(commands=(("make", "setup", f"PORT={_another(goal.port)}"),)),
    )


def _another(port: int) -> int:
    return port + 1 if port < 65535 else 8888


def _server(jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    server = jupyter.server
    if server is None:
        yield _down(jupyter)
    elif not server.answers:
        title = Text("JupyterLab runs but does not answer", "JupyterLab 正在运行但没有响应")
        cause = Text("it is still starting, or it hangs", "仍在启动，或已停滞")
        yield _server_finding(
            "jupyter-server-not-answering", title, f"pid {server.pid}; {_last(jupyter)}", cause
        )
    else:
        yield from _other_settings(server, jupyter, goal)


def _down(jupyter: Jupyter) -> Finding:
    """Ended by itself is a failure; never started, or stopped by the person, is merely to be known and started."""
    if jupyter.ended_pid is None:
        title = Text("JupyterLab is not running", "JupyterLab 未运行")
        return _server_finding("jupyter-server-down", title, "not started, or stopped", NOT_STARTED, "warn")
    title = Text("JupyterLab has ended unexpectedly", "JupyterLab 意外退出")
    evidence = f"pid {jupyter.ended_pid} is gone; {_last(jupyter)}"
    cause = Text("it crashed, was killed, or the machine was restarted", "它崩溃、被结束，或机器重启过")
    return _server_finding("jupyter-server-down", title, evidence, cause)


def _other_settings(server: JupyterServer, jupyter: Jupyter, goal: Goal) -> Iterator[Finding]:
    wanted = server_settings(goal, jupyter.as_root)
    other = _differences(server.settings, {name: wanted[name] for name in SHOWN_SETTINGS})
    if not other and not server.config_is_current:
        other = "the configuration was changed after it had started"
    if other:
        title = Text("JupyterLab runs with other settings", "JupyterLab 以其他设置运行")
        yield _server_finding(
            "jupyter-server-other-settings", title, f"pid {server.pid}: {other}", OTHER_SETTINGS
        )


def _person_configs(jupyter: Jupyter) -> Finding:
    return Finding(
        id="jupyter-person-config",
        area="jupyter",
        severity="info",
        title=Text("other Jupyter configuration files are there", "存在其他 Jupyter 配置文件"),
        evidence=both(", ".join(jupyter.person_configs)),
        cause=Text(
            "they stay as they are; our server has its own", "它们保持不变；我们的服务器使用自己的配置"
        ),
    )


def _differences(there: object, wanted: object) -> str:
    """What is there and what is wanted, for each wanted name where they differ."""
    have, want = msgspec.convert(there, dict[str, object]), msgspec.convert(wanted, dict[str, object])
    other = (name for name, value in want.items() if have.get(name) != value)
    return "; ".join(f"{name} is {have.get(name)!r}, wanted {want[name]!r}" for name in other)


def _last(jupyter: Jupyter) -> str:
    return "last log lines: " + (" | ".join(jupyter.last_log_lines[-3:]) or "none")


def _finding(finding_id: str, step: str, title: Text, evidence: str, cause: Text) -> Finding:
    return Finding(
        id=finding_id,
        area="jupyter",
        severity="fail",
        title=title,
        evidence=both(evidence),
        cause=cause,
        remedy=Remedy(commands=(("make", "setup"),), step=step),
        blocked_by=BLOCKERS,
    )


def _server_finding(
    finding_id: str, title: Text, evidence: str, cause: Text, severity: Severity = "fail"
) -> Finding:
    return Finding(
        id=finding_id,
        area="jupyter",
        severity=severity,
        title=title,
        evidence=both(evidence),
        cause=cause,
        remedy=Remedy(commands=(("make", "lab"),), step="server"),
        blocked_by=(*BLOCKERS, "jupyter-config-missing", "jupyter-port-taken"),
    )


NOT_YET = Text("setup has not come this far, or was interrupted", "安装尚未进行到这一步，或被中断")
OTHER_SETTINGS = Text(
    "it was made for other settings, or changed since", "它是为其他设置创建的，或之后被更改"
)
NOT_STARTED = Text("setup has not started it yet, or it was stopped", "安装尚未启动它，或它已被停止")
