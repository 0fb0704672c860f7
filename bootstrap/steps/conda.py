"""Miniconda: a pinned installer from the fastest host, verified, run unattended into its own prefix."""

from __future__ import annotations

import platform
from pathlib import Path

from bootstrap.download import Candidate, fetch
from bootstrap.mirrors import keep, leave, measure, why_silent
from bootstrap.step import Cost, Work
from doctor.errors import Exit, Trouble
from doctor.facts import Answer, Facts
from doctor.goal import Goal
from doctor.goal.prefix import marker
from doctor.mirrors.table import Installer, installers
from doctor.text import Text

NAME = "conda"
TITLE = Text("Miniconda", "Miniconda")
AFTER: tuple[str, ...] = ()
WAITS: tuple[str, ...] = ()
AREAS = ("conda", "python")
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "install_miniconda.sh"
SIZE = 160_000_000  # bytes, about; no host states the sizes of the pinned releases
SECONDS = 1200.0  # unpacking takes 15 s here; a network disk takes minutes
CONTINUE = Text(
    "make setup ENV_MANAGER=venv does without conda", "make setup ENV_MANAGER=venv 可不使用 conda"
)


def cost(facts: Facts, goal: Goal) -> Cost:
    return Cost(SIZE, 45)


def changes(facts: Facts, goal: Goal) -> tuple[Text, ...]:
    return (
        Text(
            f"Miniconda into {goal.conda_root} (no shell file is changed)",
            f"将 Miniconda 安装到 {goal.conda_root}（不修改 shell 配置文件）",
        ),
    )


def run(work: Work) -> None:
    pinned = _pinned()
    hosts = _hosts(work)
    candidates = [Candidate(host.name, host.url.format(file=pinned.file)) for host in hosts]
    target = Path(work.goal.home) / "downloads" / pinned.file
    known = {host.name: host for host in hosts}
    installer = fetch(
        candidates,
        pinned.sha256,
        target,
        tell=work.tell,
        failed=lambda name, why: leave(work, known[name], why),
        progress=work.progress,
    )
    if not marker(work.goal.conda_root).exists():
        work.note("created", work.goal.conda_root)
        work.note("created", str(Path("~/.conda/environments.txt").expanduser()))
    _install(installer, pinned, work)
    installer.unlink()  # 150 MB that nothing needs any more


def _pinned() -> Installer:
    machine = platform.machine()
    pinned = installers(machine)
    if pinned:
        return pinned[0]
    raise Trouble(
        Text(
            f"no Miniconda installer is pinned for {machine}", f"没有适用于 {machine} 的 Miniconda 安装程序"
        ),
        Exit.PERSON,
        CONTINUE,
    )


def _hosts(work: Work) -> tuple[Answer, ...]:
    answering, silent = measure("conda_installer", work.goal)
    if answering:
        keep(work.goal)
        return answering
    said = why_silent(silent)
    raise Trouble(
        Text(f"no Miniconda host answers: {said}", f"没有 Miniconda 站点响应：{said}"), Exit.NETWORK, CONTINUE
    )


def _install(installer: Path, pinned: Installer, work: Work) -> None:
    arguments = ("--installer", str(installer), "--sha256", pinned.sha256, "--prefix", work.goal.conda_root)
    done = work.call(("sh", str(SCRIPT), *arguments), seconds=SECONDS, check=False)
    if done.code == 0:
        return
    why = next((line for line in reversed(done.tail) if line.startswith("install_miniconda:")), "")
    last = "\n".join(f"    {line}" for line in done.tail[-12:])
    raise Trouble(
        Text(f"Miniconda was not installed. {why}\n{last}", f"Miniconda 未能安装。{why}\n{last}"),
        Exit.PERSON if done.code in (2, 4) else Exit.FAILED,
        Text(f"full log: {work.log}", f"完整日志：{work.log}"),
    )
