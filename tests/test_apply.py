"""What stands before a run: a plan that cannot be had, a wish that names nothing, a run that is turned away."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bootstrap import words
from bootstrap.known import Known
from bootstrap.remember import remember
from bootstrap.safety.lock import only_run
from bootstrap.setup import Wish, look, objection, plan_for, refuse_headless, refuse_unknown
from bootstrap.telling.screen import activation
from doctor.errors import Exit, Trouble
from doctor.facts import Facts
from doctor.goal import Goal
from doctor.goal.profile import PROFILES
from doctor.goal.remembered import read
from doctor.goal.settings import resolve
from doctor.probes import NOT_ASKED, gather

Environ = dict[str, str]


def own_profile(folder: Path, name: str = "mine.toml") -> str:
    path = folder / name
    text = (PROFILES / "llm-quickstart.toml").read_text("utf-8")
    path.write_text(text.replace("requirements = [", 'requirements = [\n    "emoji",', 1), "utf-8")
    return str(path)


def set_environ(monkeypatch: pytest.MonkeyPatch, environ: Environ) -> None:
    for name in ("PROFILE", "PORT", "HF_HOME", "CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("name", ["mine.toml", "llm-quickstart.toml"])
def test_a_profile_without_a_lock_of_its_own_is_refused(environ: Environ, tmp_path: Path, name: str) -> None:
    goal = resolve({"PROFILE": own_profile(tmp_path, name), "ENV_MANAGER": "venv"}, environ)
    facts, findings = look(goal)
    against = objection(findings, plan_for(goal, facts, findings, Wish()), goal)
    assert against is not None
    assert against.code == Exit.USAGE
    assert "make lock" in against.message.en


def test_a_finding_that_is_not_there_cannot_be_mended(environ: Environ) -> None:
    goal = resolve({"ENV_MANAGER": "venv"}, environ)
    facts, findings = look(goal)
    with pytest.raises(Trouble, match="no finding 'torch-mising'") as caught:
        refuse_unknown(findings, Wish(ids=("torch-mising",)))
    assert caught.value.code == Exit.USAGE
    refuse_unknown(findings, Wish(ids=("torch-missing",)))
    assert [s.name for s in plan_for(goal, facts, findings, Wish(ids=("torch-missing",)))] == ["torch"]


def test_a_setup_that_is_turned_away_is_not_remembered(
    environ: Environ, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environ(monkeypatch, environ)
    goal = resolve({}, environ)
    flags = {"PORT": "9123", "ENV_MANAGER": "venv"}
    with only_run(Path(goal.home), "setup"), pytest.raises(Trouble) as caught:
        words.setup(flags, {}, "en", plan_only=False, as_json=False, only="environment", start=None)
    assert caught.value.code == Exit.PERSON
    assert read(goal.home).settings == {}


def test_a_profile_of_ones_own_is_found_again_from_anywhere(
    environ: Environ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(own_profile(tmp_path)).parent)
    flags: dict[str, str | None] = {"PROFILE": "mine.toml"}
    remember(resolve(flags, environ), flags, environ)
    monkeypatch.chdir("/")
    assert resolve({}, environ).profile.name == "mine"


def test_no_is_no(
    environ: Environ, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A plan that was declined is not "nothing to do"."""
    set_environ(monkeypatch, environ)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    flags = {"ENV_MANAGER": "venv"}
    code = words.fix(
        flags,
        {},
        "en",
        words.Fix(plan_only=False, as_json=False, yes=False, ids=("environment-missing",), adopt=False),
    )
    assert code == Exit.PERSON
    assert capsys.readouterr().out == "Nothing was changed.\n"


def test_a_plan_that_would_be_refused_says_so(
    environ: Environ, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_environ(monkeypatch, environ)
    foreign = Path(resolve({"ENV_MANAGER": "venv"}, environ).prefix)
    foreign.mkdir(parents=True)
    (foreign / "thesis.txt").write_text("mine")
    flags = {"ENV_MANAGER": "venv"}
    with pytest.raises(Trouble, match="unknown folder") as caught:
        words.setup(flags, {}, "en", plan_only=True, as_json=False, only=None, start=None)
    assert caught.value.code == Exit.PERSON
    capsys.readouterr()
    assert words.setup(flags, {}, "en", plan_only=True, as_json=True, only=None, start=None) == Exit.PERSON
    assert "unknown folder" in json.loads(capsys.readouterr().out)["objection"]


def test_the_activation_line_survives_a_space(environ: Environ, tmp_path: Path) -> None:
    flags: dict[str, str | None] = {"ENV_MANAGER": "venv"}
    goal = resolve(flags, {**environ, "GROUNDWORK_HOME": str(tmp_path / "a b")})
    assert activation(goal) == f"source '{tmp_path}/a b/envs/llm-quickstart/bin/activate'"


def test_only_and_from_exclude_each_other() -> None:
    with pytest.raises(Trouble) as caught:
        words.setup({}, {}, "en", plan_only=True, as_json=False, only="torch", start="kernel")
    assert caught.value.code == Exit.USAGE


def test_a_remembered_setting_that_went_wrong_says_where_it_comes_from(
    environ: Environ, tmp_path: Path
) -> None:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    flags: dict[str, str | None] = {"ROOT_DIR": str(folder)}
    remember(resolve(flags, environ), flags, environ)
    folder.rmdir()
    with pytest.raises(Trouble, match="notebooks is not a folder") as caught:
        resolve({}, environ)
    assert caught.value.hint is not None
    assert "settings.json" in caught.value.hint.en
    assert resolve({"ROOT_DIR": str(tmp_path)}, environ).root_dir == str(tmp_path)


def test_a_mistake_in_the_mirrors_file_is_bad_input(environ: Environ, tmp_path: Path) -> None:
    file = tmp_path / "mirrors.toml"
    file.write_text('[[sourse]]\nkind = "hub"\n', "utf-8")
    with pytest.raises(
        Trouble, match=r"mirrors\.toml:1: unknown key `sourse`; did you mean `source`"
    ) as caught:
        resolve({}, {**environ, "GROUNDWORK_MIRRORS_FILE": str(file)})
    assert caught.value.code == Exit.USAGE
    with pytest.raises(Trouble, match="cannot read"):
        resolve({}, {**environ, "GROUNDWORK_MIRRORS_FILE": str(tmp_path / "none.toml")})


def test_a_step_alone_waits_for_its_cause(environ: Environ) -> None:
    goal = resolve({"ENV_MANAGER": "venv"}, environ)
    facts, findings = look(goal)
    with pytest.raises(Trouble, match="PyTorch has to wait: the environment is not there yet"):
        refuse_headless(findings, plan_for(goal, facts, findings, Wish(only="torch")))
    refuse_headless(findings, plan_for(goal, facts, findings, Wish(only="environment,torch")))
    refuse_headless(findings, plan_for(goal, facts, findings, Wish()))


def test_behind_a_step_only_what_was_asked_before_is_looked_at_again(
    environ: Environ, monkeypatch: pytest.MonkeyPatch
) -> None:
    goal = resolve({}, environ)
    known = Known(gather(goal, ("host", "disk")), goal)
    looked: list[tuple[str, ...]] = []

    def look_again(goal: Goal, areas: tuple[str, ...]) -> Facts:
        looked.append(areas)
        return gather(goal, areas)

    monkeypatch.setattr("bootstrap.known.gather", look_again)
    known.again(("host", "jupyter"))
    known.again(("smoke",))
    assert looked == [("host", "disk")]
    assert known.facts.jupyter == NOT_ASKED
