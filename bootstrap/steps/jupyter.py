"""JupyterLab's own configuration: address, port, folder, password. The person's files stay as they are."""

from __future__ import annotations

import json
import os
from pathlib import Path

from bootstrap.lab import certificate, password
from bootstrap.safety.files import private_folder, write_atomically
from bootstrap.step import Cost, Work
from doctor.facts import Facts
from doctor.goal import Goal
from doctor.lab.wanted import Setting, config_path, lab_config_path, lab_settings, server_settings
from doctor.reading.ask import APART
from doctor.text import Text

NAME = "jupyter"
TITLE = Text("JupyterLab configuration and password", "JupyterLab 配置与密码")
AFTER = ("environment", "packages", "torch")
WAITS: tuple[str, ...] = ()
AREAS = ("jupyter",)
HASH_PASSWORD = Path(__file__).resolve().parents[2] / "scripts" / "hash_password.py"


def cost(facts: Facts, goal: Goal) -> Cost:
    return Cost(seconds=2)


def changes(facts: Facts, goal: Goal) -> tuple[Text, ...]:
    config, kept = config_path(goal), password.password_path(goal)
    return (
        Text(f"write {config} (readable by its owner alone)", f"写入 {config}（仅所有者可读）"),
        Text(f"keep the password in {kept}", f"密码保存在 {kept}"),
        *_certificate(goal),
    )


def _certificate(goal: Goal) -> tuple[Text, ...]:
    """5 MB of a library come along, and go again."""
    if goal.tls is None or not goal.tls.own:
        return ()
    path = goal.tls.certificate
    return (Text(f"make the certificate {path}", f"创建证书 {path}"),)


def run(work: Work) -> None:
    """The password is kept before the configuration that has its hash: cut short, there is no configuration."""
    goal, config = work.goal, Path(config_path(work.goal))
    chosen, new = password.choose(goal, work.secrets.get("PASSWORD"))
    if not config.exists():  # the folder may be there already: the kernel step may use it too
        work.note("created", goal.jupyter_dir)
    private_folder(Path(goal.jupyter_dir))
    certificate.ensure(work)
    hashed = _hash(work, chosen)
    config.unlink(missing_ok=True)
    password.keep(goal, chosen, new=new)
    settings = {
        **server_settings(goal, os.geteuid() == 0),
        "PasswordIdentityProvider.hashed_password": hashed,
    }
    write_atomically(Path(lab_config_path(goal)), json.dumps(_nested(lab_settings())).encode(), 0o600)
    write_atomically(config, json.dumps(_nested(settings), indent=1).encode() + b"\n", 0o600)


def _hash(work: Work, chosen: str) -> str:
    """The hash, made by the environment's own jupyter_server. It travels through a private file, not the log."""
    out = Path(work.goal.jupyter_dir) / ".hash"
    try:
        work.call(
            [work.goal.interpreter, *APART, str(HASH_PASSWORD), "--out", str(out)], seconds=60, stdin=chosen
        )
        return out.read_text(encoding="ascii").strip()
    finally:
        out.unlink(missing_ok=True)


def _nested(settings: dict[str, Setting]) -> dict[str, dict[str, Setting]]:
    sections: dict[str, dict[str, Setting]] = {}
    for name, value in settings.items():
        section, _, trait = name.rpartition(".")
        sections.setdefault(section, {})[trait] = value
    return sections
