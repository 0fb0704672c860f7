"""The server as a service of the person's own systemd: it comes back after a crash, and after a reboot.

The service runs the launcher's `--serve`, so that everything else (pid file, log, status) is as without it.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bootstrap.hub.choice import hub_environment
from bootstrap.lab.watch import LAUNCHER
from bootstrap.safety.files import write_atomically
from doctor.errors import Exit, Trouble
from doctor.goal import Goal
from doctor.lab.wanted import UNIT_VARIABLE, unit_name
from doctor.text import Text

SECONDS = 60.0
UNIT = """[Unit]
Description=JupyterLab of Groundwork ({name})
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=exec
{environment}ExecStart=/bin/sh {launcher} --serve --python {python} --dir {folder}
Restart=always
RestartSec=2
KillMode=mixed
TimeoutStopSec=20

[Install]
WantedBy=default.target
"""


def unit_path(goal: Goal, environ: Mapping[str, str] = os.environ) -> Path:
    base = environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser().absolute() / "systemd" / "user" / unit_name(goal)


def wants_path(goal: Goal) -> Path:
    """The link that `systemctl enable` makes."""
    unit = unit_path(goal)
    return unit.parent / "default.target.wants" / unit.name


def refuse_without(goal: Goal) -> None:
    """Raise Trouble (exit 2) where this person's systemd cannot be reached."""
    if goal.keep_up != "systemd":
        return
    said = _systemctl("show", "--property=Version")
    if said.returncode != 0:
        why = (said.stderr or said.stdout).strip() or f"exit code {said.returncode}"
        raise Trouble(
            Text(
                f"KEEP_UP=systemd: user services of systemd do not work here: {why}",
                f"KEEP_UP=systemd：此处无法使用 systemd 用户服务：{why}",
            ),
            Exit.USAGE,
            Text(
                "make lab KEEP_UP=watch does without; containers have no systemd, and after su there is none: log in by ssh",
                "make lab KEEP_UP=watch 不需要它；容器中没有 systemd，su 之后也没有：请通过 ssh 登录",
            ),
        )


def start(goal: Goal) -> None:
    """Write the service, have it started now and at each boot. Raises Trouble with what systemctl said."""
    write_atomically(unit_path(goal), unit(goal).encode())
    for words in (
        ("daemon-reload",),
        ("reset-failed", unit_name(goal)),
        ("enable", "--now", unit_name(goal)),
    ):
        said = _systemctl(*words)
        if said.returncode != 0 and words[0] != "reset-failed":  # which fails where there is nothing to reset
            text = f"systemctl --user {' '.join(words)}: {said.stderr.strip()}"
            raise Trouble(Text(text, text), Exit.FAILED)


def stop(goal: Goal) -> None:
    """End the service, now and for the next boots; the file stays for the next start."""
    if unit_path(goal).is_file():
        _systemctl("disable", "--now", unit_name(goal))


def forget(goal: Goal) -> None:
    """Remove the service: somebody else keeps the server up from now on, or nobody."""
    if unit_path(goal).is_file():
        stop(goal)
        unit_path(goal).unlink()
        _systemctl("daemon-reload")


def lingers() -> bool:
    """Whether this person's services outlive their last login, and start without one."""
    return Path("/var/lib/systemd/linger", pwd.getpwuid(os.geteuid()).pw_name).exists()


def unit(goal: Goal) -> str:
    environ = {UNIT_VARIABLE: unit_name(goal), **hub_environment(goal)}
    variables = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in environ.items())
    return UNIT.format(
        name=goal.env_name,
        environment=variables,
        launcher=_quoted(str(LAUNCHER)),
        python=_quoted(goal.interpreter),
        folder=_quoted(goal.jupyter_dir),
    )


def _quoted(word: str) -> str:
    """As systemd.syntax(7) and systemd.service(5) read it: % and $ mean something there."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + plain.replace("%", "%%").replace("$", "$$") + '"'


def _systemctl(*words: str) -> subprocess.CompletedProcess[str]:
    argv = ["systemctl", "--user", "--no-ask-password", *words]
    runtime = f"/run/user/{os.geteuid()}"
    env = {"XDG_RUNTIME_DIR": runtime, **os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            argv,
            env=env,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(argv, 127, "", "there is no systemctl")
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(argv, 124, "", f"no answer within {SECONDS:.0f} s")
