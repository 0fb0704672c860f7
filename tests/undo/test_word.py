"""The word `undo`: what it shows, what it asks, what it restores, and with which code it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bootstrap.safety.claims import noting
from bootstrap.safety.lock import only_run
from bootstrap.undo.act import remove_files, remove_folders
from bootstrap.undo.pile import Pile
from doctor.goal import Goal
from tests.conftest import missing
from tests.undo.place import a_run, left, listing, plan, stage0_home, undo

Environ = dict[str, str]


def make(goal: Goal, *paths: Path) -> None:
    """A run of a step that writes these files, as any step of the future may."""
    with a_run(goal) as journal:
        for path in paths:
            noting(journal, "unit")("created", str(path))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("ours\n")


def test_showing_the_plan_changes_nothing(goal: Goal, environ: Environ) -> None:
    unit = Path(environ["HOME"]) / ".config/systemd/user/lab.service"
    make(goal, unit)
    before = listing(Path(environ["HOME"]))
    said = undo(environ, "--plan")
    assert said.returncode == 0
    assert f"{unit}  (5 B, 1 file)  unit" in said.stdout
    assert str(unit) in undo(environ, "--plan", "--files").stdout.splitlines()[2]
    assert plan(environ)["remove"] == [
        {"path": str(unit), "step": "unit", "bytes": 5, "files": 1, "restores": False}
    ]
    assert listing(Path(environ["HOME"])) == before


def test_without_a_yes_nothing_is_removed(goal: Goal, environ: Environ) -> None:
    make(goal, Path(environ["HOME"]) / "made")
    before = listing(Path(environ["HOME"]))
    said = undo(environ)
    assert said.returncode == 4
    assert "add --yes" in said.stderr
    assert listing(Path(environ["HOME"])) == before


def test_folders_made_for_it_go_and_those_that_were_there_stay(goal: Goal, environ: Environ) -> None:
    home = Path(environ["HOME"])
    (home / ".config").mkdir()
    before = listing(home)
    make(goal, home / ".config/systemd/user/lab.service", home / ".cache/a/b")
    assert undo(environ, "--yes").returncode == 0
    assert listing(home) == before


def test_an_empty_folder_of_the_persons_in_which_we_worked_stays(goal: Goal, environ: Environ) -> None:
    prefix = Path(environ["HOME"]) / "big disk" / "prefix"
    prefix.mkdir(parents=True)
    with a_run(goal) as journal:
        noting(journal, "unit")("created", str(prefix))
        (prefix / "bin").mkdir()
        (prefix / "bin" / "tool").write_text("ours")
    assert undo(environ, "--yes").returncode == 0
    assert list(listing(Path(environ["HOME"]))) == ["big disk", "big disk/prefix"]


def test_a_file_that_we_replaced_is_as_before(goal: Goal, environ: Environ) -> None:
    home = Path(environ["HOME"])
    (home / "config").write_text("mine\n")
    (home / "config").chmod(0o640)
    (home / "link").symlink_to("config")
    before = listing(home)
    make(goal, home / "config")
    with a_run(goal) as journal:
        noting(journal, "unit")("created", str(home / "link"))
        (home / "link").unlink()
        (home / "link").symlink_to("/elsewhere")
    assert (home / "config").read_text() == "ours\n"
    assert plan(environ)["remove"][0]["restores"]
    assert undo(environ, "--yes").returncode == 0
    assert listing(home) == before


def test_a_file_that_we_replaced_and_the_person_changed_since_stays(goal: Goal, environ: Environ) -> None:
    config = Path(environ["HOME"]) / "config"
    config.write_text("mine\n")
    make(goal, config)
    config.write_text("mine, later\n")
    assert ".before-groundwork" in left(environ)[str(config)]
    assert undo(environ, "--yes").returncode == 0
    assert config.read_text() == "mine, later\n"
    assert Path(f"{config}.before-groundwork").read_text() == "mine\n"


def test_a_file_that_was_changed_since_stays(goal: Goal, environ: Environ) -> None:
    made, kept = Path(environ["HOME"]) / "made", Path(environ["HOME"]) / "kept"
    make(goal, made, kept)
    kept.write_text("mine\n")
    said = undo(environ, "--yes")
    assert said.returncode == 0
    assert f"rm {kept}" in said.stdout
    assert (made.exists(), kept.read_text()) == (False, "mine\n")


def test_it_waits_for_no_run_that_is_at_work(goal: Goal, environ: Environ) -> None:
    made = Path(environ["HOME"]) / "made"
    make(goal, made)
    with only_run(Path(goal.home), "setup"):
        said = undo(environ, "--yes", "--json")
    assert said.returncode == json.loads(said.stdout)["exit_code"] == 4
    assert f"setup, pid {os.getpid()}" in said.stderr
    assert made.exists()


def test_nothing_to_undo_is_said(goal: Goal, environ: Environ) -> None:
    said = undo(environ, "--yes")
    assert (said.returncode, said.stdout) == (0, "Nothing to undo.\n")
    assert listing(Path(environ["HOME"])) == {}


def test_what_cannot_be_removed_is_named_and_tried_again(
    goal: Goal, environ: Environ, tmp_path: Path
) -> None:
    """A folder that became read-only; root may write there all the same."""
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "made").write_text("ours")
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):
        folder.chmod(0o700)
        stuck = list(remove_files(Pile(path="/proc/1", step="", files=("/proc/1/stat",))))
    else:
        stuck = list(remove_files(Pile(path=str(folder), step="", files=(str(folder / "made"),))))
    assert len(stuck) == 1 and stuck[0].why.en


def test_a_folder_that_holds_something_is_left_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "theirs").touch()
    assert list(remove_folders((str(tmp_path / "full"), str(tmp_path / "gone")))) == []
    assert (tmp_path / "full").is_dir()


def test_it_speaks_chinese(goal: Goal, environ: Environ) -> None:
    make(goal, Path(environ["HOME"]) / "made")
    said = undo({**environ, "GROUNDWORK_LANG": "zh"}, "--plan")
    assert said.stdout.startswith("将移除：")
    assert "1 个文件" in said.stdout


def test_packages_of_the_system_are_told_with_the_command(goal: Goal, environ: Environ) -> None:
    if not Path("/var/lib/dpkg/status").is_file():
        missing("root", "no dpkg")
    with a_run(goal) as journal:
        noting(journal, "ffmpeg")("apt-installed", "dpkg")  # one that every such machine has
        noting(journal, "ffmpeg")("apt-installed", "no-such-package")
    kept = [one["command"] for one in plan(environ)["kept"] if one["command"][0] == "apt-get"]
    assert kept == [["apt-get", "remove", "dpkg"]]


def test_changed_packages_of_an_adopted_environment_are_told(
    goal: Goal, environ: Environ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "env/lib/python3.11/site-packages"
    for name, version in (("kept", "1.0"), ("changed", "2.0"), ("added", "1.0")):
        info = site / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
    stage0_home(goal)
    with a_run(goal) as journal:
        journal.write("adopted", path=str(site), before={"kept": "1.0", "changed": "1.0", "gone": "3"})
    commands = [one["command"][3:] for one in plan(environ)["kept"] if "pip" in one["command"]]
    assert commands == [["install", "changed==1.0", "gone==3"], ["uninstall", "-y", "added"]]
