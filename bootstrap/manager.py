"""Which environment manager `auto` means on this machine, and which conda `conda` means."""

from __future__ import annotations

import os
import platform
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from bootstrap.mirrors import measure as ask
from doctor.facts import CondaInstall
from doctor.goal import Goal, Manager
from doctor.mirrors import Kind, installers
from doctor.prefix import marker, unfit
from doctor.probes.conda import look, roots
from doctor.settings import default_conda_root
from doctor.text import Text

SIGNS: tuple[tuple[Manager, str], ...] = (("conda", "conda-meta/history"), ("venv", "pyvenv.cfg"))


def settle(goal: Goal, measure: bool = True) -> tuple[Goal, Text | None]:
    """The goal with its manager decided, and one line for the person when conda was wanted and cannot be had.

    With `measure` the hosts are asked (up to 6 s); without it the network is not used. No program is started.
    """
    goal = _with_conda(goal)
    if goal.manager != "auto":
        return goal, None
    made = _made(goal)
    if made:
        return _as(goal, made), None
    if not measure:
        return _as(goal, "conda" if _usable(goal) else "venv"), None
    why = _why_no_conda(goal)
    return (_as(goal, "venv"), _instead(why)) if why else (_as(goal, "conda"), None)


def _as(goal: Goal, manager: Manager) -> Goal:
    return msgspec.structs.replace(goal, manager=manager)


def _with_conda(goal: Goal) -> Goal:
    """The goal with an existing conda as its root, unless a prefix was asked for or holds a conda already."""
    if goal.conda_root != default_conda_root() or goal.manager not in ("auto", "conda"):
        return goal
    installs = [look(Path(goal.conda_root)), *(look(root) for root in roots(os.environ))]
    found = next((install for install in installs if _fit(install)), None)
    return msgspec.structs.replace(goal, conda_root=found.prefix) if found else goal


def _fit(install: CondaInstall) -> bool:
    return install.state == "complete" and install.writable and unfit(install.prefix) is None


def _usable(goal: Goal) -> bool:
    return _fit(look(Path(goal.conda_root)))


def _made(goal: Goal) -> Manager | None:
    """The manager of the environment of this name that was made already. One only begun decides nothing:
    its hosts may have fallen silent since."""
    for manager, sign in SIGNS:
        prefix = Path(_as(goal, manager).prefix)
        if (prefix / sign).is_file() and not marker(prefix).exists():
            return manager
    return None


def _why_no_conda(goal: Goal) -> Text | None:
    """What keeps conda from being used here; None when nothing does."""
    evidence = unfit(goal.conda_root)
    if evidence:
        return Text(f"conda cannot live here ({evidence})", f"conda 不能安装在此（{evidence}）")
    needed: tuple[Kind, ...] = ("conda_channel",)
    if not _usable(goal):
        if look(Path(goal.conda_root)).state not in ("absent", "half"):
            place = goal.conda_root
            return Text(f"{place} is there and is no working conda", f"{place} 已存在，但不是可用的 conda")
        if not installers(platform.machine()):
            return Text("no Miniconda is pinned for this machine", "没有适用于本机的 Miniconda")
        needed = ("conda_installer", "conda_channel")
    return _why_silent(needed, goal)


def _why_silent(needed: tuple[Kind, ...], goal: Goal) -> Text | None:
    with ThreadPoolExecutor(len(needed)) as pool:
        answers = list(pool.map(lambda kind: ask(kind, goal)[0], needed))
    silent = [kind for kind, answering in zip(needed, answers, strict=True) if not answering]
    if "conda_installer" in silent:
        return Text("no Miniconda host answered", "没有 Miniconda 站点响应")
    return Text("no conda-forge host answered", "没有 conda-forge 站点响应") if silent else None


def _instead(why: Text) -> Text:
    later = "make setup ENV_MANAGER=conda"
    return Text(
        f"{why.en}: the environment is made with uv instead, same packages. To switch later: {later}",
        f"{why.zh}：改用 uv 创建环境，软件包相同。以后切换：{later}",
    )
