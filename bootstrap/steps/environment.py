"""The environment that the course runs in: a conda environment, or one made by uv. Never over an existing one."""

from __future__ import annotations

import shutil
from pathlib import Path

from bootstrap.env import conda, venv
from bootstrap.safety import journal
from bootstrap.step import Cost, Work
from doctor.errors import Exit, Trouble
from doctor.facts import Facts, Python
from doctor.goal import Goal
from doctor.goal.prefix import marker
from doctor.text import Text

NAME = "environment"
TITLE = Text("Python environment", "Python 环境")
AFTER = ("conda",)
WAITS: tuple[str, ...] = ()
AREAS = ("python", "conda", "packages", "torch")
CONDA_COST = Cost(130_000_000, 60)  # the channel's index is most of it
VENV_COST = Cost(0, 2)  # with the machine's own Python; 35 MB more where one has to be fetched


def cost(facts: Facts, goal: Goal) -> Cost:
    return {"conda": CONDA_COST, "venv": VENV_COST}.get(goal.manager, Cost())


def changes(facts: Facts, goal: Goal) -> tuple[Text, ...]:
    if goal.manager == "conda":
        how = Text("conda-forge, default channels switched off", "conda-forge，不使用默认频道")
    else:
        how = Text("made by uv", "由 uv 创建")
    return (
        Text(
            f"Python {goal.python} in {goal.prefix} ({how.en})",
            f"在 {goal.prefix} 创建 Python {goal.python}（{how.zh}）",
        ),
    )


def run(work: Work) -> None:
    _make_room(work)
    prefix = Path(work.goal.prefix)
    work.note("created", str(prefix))
    if work.goal.manager == "conda":
        work.note("created", str(Path("~/.conda/environments.txt").expanduser()))
    prefix.parent.mkdir(parents=True, exist_ok=True)
    marker(prefix).touch()
    try:
        (conda if work.goal.manager == "conda" else venv).create(work)
    except BaseException:
        if not prefix.exists():
            marker(prefix).unlink()
        raise
    marker(prefix).unlink()


def _make_room(work: Work) -> None:
    """Take away what a making of ours left half done. Anything else that stands there is refused."""
    prefix = Path(work.goal.prefix)
    state = work.facts.python.state if isinstance(work.facts.python, Python) else "unknown"
    if state == "half" and _ours(prefix, work.goal):
        work.tell(f"rm -r {prefix}")
        shutil.rmtree(prefix, ignore_errors=False)
    elif state != "absent":
        raise _in_the_way(prefix, state)


def _ours(prefix: Path, goal: Goal) -> bool:
    """Whether we began this environment: the mark of an interrupted making, or the journal of a finished one."""
    if marker(prefix).is_file():
        return True
    said = [e["event"] for e in journal.read(Path(goal.journal)) if e.get("path") == str(prefix)]
    return said[-1:] == ["created"]


def _in_the_way(prefix: Path, state: str) -> Trouble:
    return Trouble(
        Text(
            f"{prefix} is there ({state}) and was not made by this tool: it is left as it is",
            f"{prefix} 已存在（{state}），且不是本工具创建的：不会改动",
        ),
        Exit.PERSON,
        Text(
            f"another name: make setup ENV_NAME=another-name; or move it away: mv {prefix} {prefix}.old",
            f"换一个名称：make setup ENV_NAME=another-name；或移走它：mv {prefix} {prefix}.old",
        ),
    )
