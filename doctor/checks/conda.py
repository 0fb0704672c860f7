"""Is the conda that is wanted there, whole, and ours to use? Silent where another manager is used."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.facts import Conda, CondaInstall, Facts
from doctor.finding import Finding, Remedy
from doctor.goal import Goal
from doctor.prefix import unfit
from doctor.text import Text, both

INSTALL = Remedy(commands=(("make", "setup", "ENV_MANAGER=conda"),), step="conda")


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    conda = facts.conda
    assert isinstance(conda, Conda)
    if goal.manager != "conda":
        return
    wanted = conda.wanted
    if wanted.state == "complete":
        if not wanted.writable:
            yield _not_writable(wanted)
    elif unfit(goal.conda_root):
        yield _unfit(goal)
    elif wanted.state == "absent":
        yield _missing(wanted)
    elif wanted.state == "half":
        yield _half(wanted)
    elif wanted.state == "damaged":
        yield _damaged(wanted)
    else:
        yield _foreign(wanted)


def _missing(wanted: CondaInstall) -> Finding:
    return Finding(
        id="conda-missing",
        area="conda",
        severity="fail",
        title=Text("Miniconda is not installed yet", "Miniconda 尚未安装"),
        evidence=both(f"{wanted.prefix}: absent or empty"),
        cause=Text("it was never installed", "从未安装"),
        remedy=INSTALL,
    )


def _half(wanted: CondaInstall) -> Finding:
    return Finding(
        id="conda-half-installed",
        area="conda",
        severity="fail",
        title=Text("Miniconda is half installed", "Miniconda 只安装了一半"),
        evidence=both(f"{wanted.prefix}: our installer did not get to its end there"),
        cause=Text("its installation was interrupted", "安装过程被中断"),
        remedy=INSTALL,
    )


def _damaged(wanted: CondaInstall) -> Finding:
    return Finding(
        id="conda-damaged",
        area="conda",
        severity="fail",
        title=Text("the conda that is there is not whole", "现有的 conda 不完整"),
        evidence=both(
            f"{wanted.prefix}: parts of conda are there, but not its interpreter, command, record and library"
        ),
        cause=Text(
            "another installation was interrupted, or files were removed; installing over it repairs nothing",
            "其他安装被中断，或文件被删除；覆盖安装无法修复",
        ),
        remedy=Remedy(
            commands=(
                ("mv", wanted.prefix, f"{wanted.prefix}.damaged"),
                ("make", "setup", "ENV_MANAGER=conda"),
            ),
            safe=False,
        ),
    )


def _foreign(wanted: CondaInstall) -> Finding:
    return Finding(
        id="conda-prefix-foreign",
        area="conda",
        severity="fail",
        title=Text(
            "an unknown folder stands where Miniconda belongs", "Miniconda 的位置上有一个未知的文件夹"
        ),
        evidence=both(f"{wanted.prefix} is not empty and is no conda"),
        cause=Text("it is not ours, so it is not touched", "它不是我们创建的，因此不会改动"),
        remedy=_elsewhere(wanted.prefix + "-course"),
    )


def _not_writable(wanted: CondaInstall) -> Finding:
    return Finding(
        id="conda-not-writable",
        area="conda",
        severity="fail",
        title=Text("this user may not make environments in that conda", "当前用户无权在该 conda 中创建环境"),
        evidence=both(f"{wanted.prefix} is not writable"),
        cause=Text("it belongs to another user", "它属于其他用户"),
        remedy=_elsewhere("~/miniconda3-course"),
    )


def _unfit(goal: Goal) -> Finding:
    return Finding(
        id="conda-prefix-not-allowed",
        area="conda",
        severity="fail",
        title=Text("conda cannot live at that path", "conda 不能安装在该路径"),
        evidence=both(unfit(goal.conda_root) or goal.conda_root),
        cause=Text(
            "its installer and its commands fail with a space, a colon, a quote or a very long path",
            "路径含空格、冒号、引号或过长时，conda 的安装程序和命令会失败",
        ),
        remedy=_elsewhere("/opt/miniconda3"),
    )


def _elsewhere(prefix: str) -> Remedy:
    return Remedy(commands=(("make", "setup", "ENV_MANAGER=conda", f"PREFIX={prefix}"),))
