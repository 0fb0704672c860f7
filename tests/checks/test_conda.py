"""What is said of each state that a conda can be in."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from doctor.checks import judge
from doctor.facts import Conda, CondaInstall, CondaState, Facts
from doctor.finding import due_steps
from doctor.goal import Goal, Manager
from doctor.probes import gather
from doctor.probes.conda import look
from tests.conda_host import builder
from tests.conda_host.machine import machine


def facts(goal: Goal, state: CondaState, writable: bool = True) -> Facts:
    install = CondaInstall(prefix=goal.conda_root, state=state, version=None, writable=writable)
    return msgspec.structs.replace(gather(goal, ()), conda=Conda(install, (install,)))


@pytest.fixture
def goal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Goal:
    return machine(tmp_path, monkeypatch, [], builder.installer())


@pytest.mark.parametrize(
    ("state", "finding_id", "step"),
    [
        ("absent", "conda-missing", "conda"),
        ("half", "conda-half-installed", "conda"),
        ("damaged", "conda-damaged", None),
        ("foreign", "conda-prefix-foreign", None),
    ],
)
def test_each_state_has_its_finding(goal: Goal, state: CondaState, finding_id: str, step: str | None) -> None:
    found = judge(facts(goal, state), goal, ("conda",))
    assert [(f.id, f.remedy.step, f.severity) for f in found] == [(finding_id, step, "fail")]
    assert found[0].remedy.commands
    assert due_steps(found) == ({step} if step else set())


def test_a_whole_one_is_silent(goal: Goal) -> None:
    assert judge(facts(goal, "complete"), goal, ("conda",)) == ()


def test_one_of_another_user_is_said(goal: Goal) -> None:
    found = judge(facts(goal, "complete", writable=False), goal, ("conda",))
    assert [f.id for f in found] == ["conda-not-writable"]


@pytest.mark.parametrize("bad", ["/home/a b/m", "/a:b/m", "/a'b/m", "/" + "x" * 120])
def test_a_path_that_conda_cannot_live_at(goal: Goal, bad: str) -> None:
    goal = msgspec.structs.replace(goal, conda_root=bad)
    assert [f.id for f in judge(facts(goal, "absent"), goal, ("conda",))] == ["conda-prefix-not-allowed"]


@pytest.mark.parametrize("manager", ["venv", "system", "auto"])
@pytest.mark.parametrize("state", ["absent", "half", "damaged", "foreign"])
def test_silent_where_conda_is_not_used(goal: Goal, manager: Manager, state: CondaState) -> None:
    goal = msgspec.structs.replace(goal, manager=manager)
    assert judge(facts(goal, state), goal, ("conda",)) == ()


# --- the states, read from files


def prefix(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
        (folder / name).chmod(0o755)
    return folder


WHOLE = ("bin/python", "bin/conda", "conda-meta/conda-26.5.3-py_0.json")
LIBRARY = "lib/python3.11/site-packages/conda/__init__.py"


def test_whole(tmp_path: Path) -> None:
    install = look(prefix(tmp_path / "m", *WHOLE, LIBRARY))
    assert (install.state, install.version) == ("complete", "26.5.3")


def test_absent_and_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert look(tmp_path / "none").state == look(tmp_path / "empty").state == "absent"


def test_a_conda_whose_library_was_removed_is_damaged(tmp_path: Path) -> None:
    assert look(prefix(tmp_path / "m", *WHOLE)).state == "damaged"


def test_an_interrupted_install_of_somebody_else_is_damaged_and_ours_is_half(tmp_path: Path) -> None:
    half = prefix(tmp_path / "m", "_conda", "install_tmp/x", "pkgs/x")
    assert look(half).state == "damaged"
    prefix(tmp_path, "m.groundwork-installing")
    assert look(half).state == "half"


def test_anything_else_is_foreign(tmp_path: Path) -> None:
    assert look(prefix(tmp_path / "m", "thesis.doc")).state == "foreign"
    assert look(prefix(tmp_path, "file") / "file").state == "foreign"
