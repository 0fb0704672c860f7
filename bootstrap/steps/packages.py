"""The profile's packages, exactly as locked, every file checked by its hash."""

from __future__ import annotations

from bootstrap.env.bytecode import compile_modules
from bootstrap.env.uv import install_locked, reinstall, spoilt
from bootstrap.step import Cost, Work
from doctor.errors import Exit, Trouble
from doctor.facts import Facts, Packages, Torch
from doctor.goal import Goal
from doctor.goal.lockfile import lock_path
from doctor.text import Text

NAME = "packages"
TITLE = Text("Python packages", "Python 软件包")
AFTER = ("environment",)
WAITS: tuple[str, ...] = ()
AREAS = ("packages", "torch")

ALL_BYTES = 260_000_000  # measured: the wheels of the default profile


def cost(facts: Facts, goal: Goal) -> Cost:
    missing, wanted = len(to_install(facts)), max(1, len(_wanted(facts)))
    size = int(ALL_BYTES * missing / wanted) if _wanted(facts) else ALL_BYTES
    return Cost(bytes=size, seconds=size / 12_500_000 + 10)


def changes(facts: Facts, goal: Goal) -> tuple[Text, ...]:
    lock = lock_path(goal.profile.name, goal.python).name
    count = len(to_install(facts))
    return (Text(f"install {count} packages as locked in {lock}", f"按 {lock} 安装 {count} 个软件包"),)


def run(work: Work) -> None:
    lock = lock_path(work.goal.profile.name, work.goal.python)
    if not lock.is_file():
        raise Trouble(
            Text(f"no lock for this profile: {lock}", f"此配置没有锁定文件：{lock}"),
            Exit.USAGE,
            Text("make one: make lock", "生成方法：make lock"),
        )
    install_locked(work, lock, reinstall(work.facts))
    work.fetched()
    if isinstance(work.facts.torch, Torch) and work.facts.torch.version:
        compile_modules(work)  # else the step behind this one does it, while the line brings torch


def to_install(facts: Facts) -> list[str]:
    """Names that are missing, of another version, or not whole."""
    if not isinstance(facts.packages, Packages):
        return []
    installed, (again, _) = facts.packages.installed, spoilt(facts)
    return [
        name for name, version in _wanted(facts).items() if installed.get(name) != version or name in again
    ]


def _wanted(facts: Facts) -> dict[str, str]:
    return facts.packages.wanted if isinstance(facts.packages, Packages) else {}
