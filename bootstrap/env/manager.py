"""Which environment manager `auto` means on this machine, and which conda `conda` means."""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bootstrap.mirrors import measure as ask
from doctor.goal import Goal
from doctor.goal.prefix import unfit
from doctor.mirrors.table import Kind, installers
from doctor.probes.conda import look
from doctor.settle.manager import as_manager, made_by, usable, with_conda
from doctor.text import Text


def settle(goal: Goal) -> tuple[Goal, Text | None]:
    """The goal with its manager decided, and one line for the person when conda was wanted and cannot be had.

    Hosts are asked (up to 5 s) only where nothing on the machine decides it. No program is started.
    """
    goal = with_conda(goal)
    if goal.manager != "auto":
        return goal, None
    made = made_by(goal)
    if made:
        return as_manager(goal, made), None
    why = _why_no_conda(goal)
    return (as_manager(goal, "venv"), _instead(why)) if why else (as_manager(goal, "conda"), None)


def _why_no_conda(goal: Goal) -> Text | None:
    """What keeps conda from being used here; None when nothing does."""
    evidence = unfit(goal.conda_root)
    if evidence:
        return Text(f"conda cannot live here ({evidence})", f"conda 不能安装在此（{evidence}）")
    needed: tuple[Kind, ...] = ("conda_channel",)
    if not usable(goal):
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
