"""Is the environment there, whole, ours, and of the wanted Python?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.facts import Facts, Python
from doctor.finding import Finding, Remedy
from doctor.goal import Goal
from doctor.text import Text, both

BLOCKERS = (
    "conda-missing",
    "conda-half-installed",
    "conda-prefix-foreign",
    "conda-prefix-not-allowed",
    "conda-damaged",
    "conda-not-writable",
)


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    python = facts.python
    assert isinstance(python, Python)
    if python.state == "absent":
        yield _environment(
            "environment-missing", python, Text("the environment is not there yet", "环境尚未创建")
        )
    elif python.state == "half":
        yield _environment(
            "environment-half-made", python, Text("the environment is half made", "环境只创建了一半")
        )
    elif python.state == "foreign":
        yield _foreign(python)
    elif python.version and not python.version.startswith(f"{goal.python}."):
        yield _wrong_python(python, goal)


def _environment(finding_id: str, python: Python, title: Text) -> Finding:
    return Finding(
        id=finding_id,
        area="python",
        severity="fail",
        title=title,
        evidence=both(f"{python.prefix}: {python.state}"),
        cause=Text("it was never made, or its making was interrupted", "从未创建，或创建过程被中断"),
        remedy=Remedy(commands=(("make", "setup"),), step="environment"),
        blocked_by=BLOCKERS,
    )


def _foreign(python: Python) -> Finding:
    return Finding(
        id="environment-foreign",
        area="python",
        severity="fail",
        title=Text(
            "an unknown folder stands where the environment belongs", "环境的位置上有一个未知的文件夹"
        ),
        evidence=both(f"{python.prefix} is not empty and is no Python environment"),
        cause=Text("it is not ours, so it is not touched", "它不是我们创建的，因此不会改动"),
        remedy=Remedy(commands=(("make", "setup", "ENV_NAME=another-name"),)),
    )


def _wrong_python(python: Python, goal: Goal) -> Finding:
    return Finding(
        id="environment-wrong-python",
        area="python",
        severity="fail" if goal.manager != "system" else "warn",
        title=Text(
            f"the environment has Python {python.version}, wanted is {goal.python}",
            f"环境的 Python 是 {python.version}，需要 {goal.python}",
        ),
        evidence=both(f"{python.interpreter}"),
        cause=Text("it was made for another PYTHON setting", "它是为另一个 PYTHON 设置创建的"),
        remedy=Remedy(commands=(("make", "setup", f"ENV_NAME=py{goal.python}"),)),
    )
