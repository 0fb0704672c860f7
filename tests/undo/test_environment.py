"""Undoing an environment: what we installed goes, what the person installed, added or changed stays and is named."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bootstrap.safety.claims import claims, noting
from doctor.goal import Goal
from doctor.goal.prefix import marker
from tests.undo.place import a_run, install, left, listing, make_wheel, plan, run_step, undo
from tests.wait import until

Environ = dict[str, str]


@pytest.fixture
def made(goal: Goal, uv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Goal:
    """An environment of ours with one package in it."""
    monkeypatch.setenv("GROUNDWORK_UV", uv)
    with a_run(goal) as journal:
        run_step("environment", goal, journal, ("host", "python"))
        install(uv, goal, make_wheel(tmp_path, "base"))
        install(uv, goal, make_wheel(tmp_path, "ours"))
    return goal


def site(goal: Goal) -> Path:
    return next(Path(goal.prefix).glob("lib/python3*/site-packages"))


def test_nothing_is_left_of_it(goal: Goal, environ: Environ, made: Goal) -> None:
    said = undo(environ, "--yes")
    assert said.returncode == 0, said.stderr
    assert listing(Path(environ["HOME"])) == {}


def test_what_the_person_added_or_changed_stays_and_is_named(
    goal: Goal, environ: Environ, made: Goal, uv: str, tmp_path: Path
) -> None:
    """Compared are the files that stay, byte for byte."""
    (Path(goal.prefix) / "work").mkdir()
    (Path(goal.prefix) / "work" / "lecture.ipynb").write_text("{}")
    edited = site(goal) / "ours" / "more.py"
    edited.write_text("print('mine')\n")
    activate = Path(goal.prefix) / "bin" / "activate"
    activate.write_text(f"{activate.read_text()}export MINE=1\n")
    install(uv, goal, make_wheel(tmp_path, "theirs"))
    mine = [
        Path(goal.prefix) / "work" / "lecture.ipynb",
        edited,
        activate,
        *(site(goal) / "theirs").rglob("*.py*"),
    ]
    kept = {path: path.read_bytes() for path in mine}
    why = left(environ)
    assert why[str(Path(goal.prefix) / "work")] == "added or changed since"
    assert why[str(activate)] == "added or changed since"
    assert why[str(edited)] == "a file of a package, changed since"
    assert why[str(site(goal) / "theirs")] == "theirs 1.0: installed by you"
    said = undo(environ, "--yes")
    assert said.returncode == 0, said.stderr
    assert f"rm -r {Path(goal.prefix) / 'work'}" in said.stdout
    assert {path: path.read_bytes() for path in mine} == kept
    assert len(kept) == 7
    assert not (Path(goal.prefix) / "pyvenv.cfg").exists()
    assert not list(site(goal).glob("ours-*"))
    assert not (site(goal) / "ours" / "__init__.py").exists()
    assert undo(environ, "--yes").stdout.startswith("Nothing to undo.")
    assert {path: path.read_bytes() for path in mine} == kept


def test_a_newer_version_that_the_person_installed_stays(
    goal: Goal, environ: Environ, made: Goal, uv: str, tmp_path: Path
) -> None:
    install(uv, goal, make_wheel(tmp_path, "ours", "2.0"))
    assert left(environ)[str(site(goal) / "ours")] == "ours 2.0: installed by you"


def test_what_came_between_two_setups_stays(
    goal: Goal, environ: Environ, made: Goal, uv: str, tmp_path: Path
) -> None:
    install(uv, goal, make_wheel(tmp_path, "theirs"))
    notes = Path(goal.prefix) / "notes.txt"
    notes.write_text("mine")
    assert until(lambda: time.time() > notes.stat().st_ctime + 0.01)
    with a_run(goal):
        install(uv, goal, make_wheel(tmp_path, "late"))
    assert set(left(environ)) == {
        str(site(goal) / "theirs"),
        str(site(goal) / "theirs-1.0.dist-info"),
        str(Path(goal.prefix) / "notes.txt"),
    }


def test_a_making_that_was_killed_is_taken_back(goal: Goal, environ: Environ) -> None:
    with a_run(goal) as journal:
        noting(journal, "environment")("created", goal.prefix)
        Path(goal.prefix, "bin").mkdir(parents=True)
        marker(goal.prefix).touch()
        Path(goal.prefix, "bin", "python").symlink_to("/usr/bin/python3")
    assert undo(environ, "--yes").returncode == 0
    assert listing(Path(environ["HOME"])) == {}


def test_an_environment_of_the_person_in_our_house_stays(goal: Goal, environ: Environ, made: Goal) -> None:
    own = Path(goal.home) / "envs" / "mine"
    own.mkdir()
    (own / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (Path(goal.home) / "notes.txt").write_text("mine")
    assert set(left(environ)) == {str(own), str(Path(goal.home) / "notes.txt")}
    assert undo(environ, "--yes").returncode == 0
    home = Path(environ["HOME"])
    assert [path for path, about in listing(home).items() if about[0] == "file"] == [
        ".groundwork/envs/mine/pyvenv.cfg",
        ".groundwork/notes.txt",
    ]


def test_its_claim_is_gone_with_it(goal: Goal, environ: Environ, made: Goal) -> None:
    """So a later setup does not take a person's environment of that name for its own."""
    assert [c.path for c in claims(Path(goal.journal)).of_kind("created")] == [goal.prefix]
    assert plan(environ)["remove"][0]["path"] == goal.prefix
    undo(environ, "--yes")
    assert not Path(goal.journal).exists()
