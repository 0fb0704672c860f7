"""Does the environment hold exactly what the profile's lock pins?"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from doctor.facts import Facts, Packages
from doctor.finding import Finding, Remedy
from doctor.goal import Goal
from doctor.lockfile import lock_path
from doctor.text import Text, both

REMEDY = Remedy(commands=(("make", "setup"),), step="packages")
BLOCKERS = ("environment-missing", "environment-half-made", "environment-foreign")


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    packages = facts.packages
    assert isinstance(packages, Packages)
    wanted = packages.wanted
    if not wanted:
        yield _not_locked(goal)
    missing = [f"{name} {version}" for name, version in wanted.items() if name not in packages.installed]
    other = [
        f"{name} {packages.installed[name]} (wanted {version})"
        for name, version in wanted.items()
        if name in packages.installed and Version(packages.installed[name]) != Version(version)
    ]
    if missing:
        yield _finding("packages-missing", Text("packages are missing", "缺少软件包"), missing)
    if other:
        yield _finding(
            "packages-other-version", Text("packages differ from the lock", "软件包版本与锁定不符"), other
        )
    if packages.half_installed:
        yield _finding(
            "packages-half-installed",
            Text("packages are half installed", "软件包只安装了一半"),
            list(packages.half_installed),
        )


def _not_locked(goal: Goal) -> Finding:
    name = goal.profile.name
    return Finding(
        id="packages-not-locked",
        area="packages",
        severity="fail",
        title=Text(
            f"the profile {name} has no lock that belongs to it", f"配置 {name} 没有与之对应的锁定文件"
        ),
        evidence=both(str(lock_path(name, goal.python))),
        cause=Text(
            f"only locked packages are installed: put it at configs/profiles/{name}.toml and run make lock",
            f"只安装已锁定的软件包：请把它放到 configs/profiles/{name}.toml，再运行 make lock",
        ),
        remedy=Remedy(commands=(("make", "lock"),)),
    )


def _finding(finding_id: str, title: Text, names: list[str]) -> Finding:
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return Finding(
        id=finding_id,
        area="packages",
        severity="fail",
        title=Text(f"{title.en}: {len(names)}", f"{title.zh}：{len(names)} 个"),
        evidence=both(shown),
        cause=Text(
            "setup has not finished, or another installer changed them", "安装未完成，或被其他安装工具改动"
        ),
        remedy=REMEDY,
        blocked_by=BLOCKERS,
    )
