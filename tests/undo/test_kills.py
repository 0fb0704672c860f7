"""`kill -9` in the middle of an undo: whatever was removed by then, the next undo ends with nothing of ours left.

The process kills itself right before its n-th removal; then it is run again.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from doctor.goal import Goal
from tests.conftest import ROOT
from tests.hub.models import make_repo, want, write_mirrors
from tests.hub.server import serve
from tests.undo.place import a_run, install, listing, make_wheel, run_step, undo

Environ = dict[str, str]
EVENTS = "('os.remove', 'os.rmdir', 'os.rename')"
KILL = f"""
import os, signal, sys
left = [NUMBER]
def hook(event, arguments):
    if event in {EVENTS}:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
"""
POINTS = (1, 1, 2, 3, 2, 5, 3, 8, 5, 8, 13, 8, 5, 3, 2, 1, 1, 2, 3, 5, 8, 13, 21, 34)


def make_machine(goal: Goal, uv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small machine with an environment, a model, and a file of the person's in the environment."""
    monkeypatch.setenv("GROUNDWORK_UV", uv)
    for name in [name for name in os.environ if name.startswith("HF_")]:
        monkeypatch.delenv(name)
    repo = make_repo(tmp_path / "repos", "org/model", aliases=("model",))
    goal = msgspec.structs.replace(goal, models=(want(repo),))
    with serve(repo) as hub, a_run(goal) as journal:
        path = write_mirrors(tmp_path / "mirrors.toml", hub)
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(path))
        run_step("environment", goal, journal, ("host", "python"))
        install(uv, goal, make_wheel(tmp_path, "ours"))
        run_step("models", goal, journal, ("hub", "disk"))
    monkeypatch.delenv("GROUNDWORK_MIRRORS_FILE")
    mine = Path(goal.prefix) / "lecture.ipynb"
    mine.write_text("{}")
    return mine


def test_the_next_undo_ends_wherever_it_was_killed(
    goal: Goal, environ: Environ, uv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of the machine would bear new times, so each kill meets what the one before left, until nothing is left."""
    mine = make_machine(goal, uv, tmp_path, monkeypatch)
    killed = 0
    for number in POINTS:
        said = undo(environ, "--yes", prelude=KILL.replace("NUMBER", str(number)))
        killed += said.returncode == -9
        if said.returncode == 0:
            break
        assert said.returncode == -9, said.stderr
        assert mine.read_text() == "{}"
    assert killed >= 10
    said = undo(environ, "--yes")
    assert said.returncode == 0, said.stderr
    files = [path for path, about in listing(Path(environ["HOME"])).items() if about[0] != "folder"]
    assert files == [str(mine.relative_to(environ["HOME"]))]


@pytest.mark.parametrize("removed", ["stamp", "python", "uv", "all"])
def test_what_stage_0_made_goes_without_a_python_of_ours(environ: Environ, removed: str) -> None:
    """Cut short in its last part, undo has no interpreter left: the shell ends it, and asks no network."""
    home = Path(environ["HOME"]) / "deep" / ".groundwork"
    environ = {**environ, "GROUNDWORK_HOME": str(home)}
    (home / "tool-0123456789ab" / "bin").mkdir(parents=True)
    (home / "uv-0.1").mkdir()
    parts = {"stamp": home / "tool-0123456789ab/complete", "python": home / "tool-0123456789ab/bin/python"}
    for part in (*parts.values(), home / "uv-0.1/uv", home / "undoing", home / "stage0.lock"):
        part.touch()
    (home / ".ours").write_text(f"{home}\n{home.parent}\n")
    for name in {"stamp": ["stamp"], "python": ["stamp", "python"]}.get(removed, list(parts)):
        parts[name].unlink()
    if removed == "all":
        (home / "uv-0.1/uv").unlink()
    said = shell(environ, "--json")
    assert json.loads(said.stdout)["exit_code"] == said.returncode == 0
    assert listing(Path(environ["HOME"])) == {}
    assert "Nothing to undo." in shell(environ).stdout
    assert listing(Path(environ["HOME"])) == {}


def test_a_file_of_somebody_else_keeps_the_folder(environ: Environ) -> None:
    home = Path(environ["GROUNDWORK_HOME"])
    home.mkdir()
    for name in ("undoing", "notes.txt", ".ours"):
        (home / name).write_text(f"{home}\n")
    assert shell(environ).returncode == 0
    assert list(listing(home)) == ["notes.txt"]


def shell(environ: Environ, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(ROOT / "scripts/setup.sh"), "undo", *words], env={**environ, "LANG": "C.UTF-8"},
        capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
