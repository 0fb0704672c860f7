"""A disk that is too small, and what a plan costs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bootstrap.step import LeftOut
from bootstrap.steps import models
from doctor.goal import Goal
from tests.conftest import ROOT, missing
from tests.hub.models import make_repo, run, want
from tests.hub.server import Repo, serve
from tests.steps.models.course import LARGE, goal_of, use


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        missing("root", f"cannot mount a small disk: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_too_little_room_is_said_before_a_byte_moves(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...], small_disk: Path
) -> None:
    goal = msgspec.structs.replace(goal_of(goal, want(repos[0])), cache=str(small_disk / "hf"))
    with serve(*repos) as hub:
        use(monkeypatch, tmp_path, hub)
        with pytest.raises(LeftOut) as left:
            run(goal, tmp_path)
        assert hub.asked == []
    assert f"too little room on {small_disk}" in left.value.reason.en
    assert "CACHE=" in left.value.later.en


def test_a_disk_that_fills_up_is_said_as_such(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_disk: Path
) -> None:
    repo = make_repo(tmp_path / "repos", "org/large", LARGE)
    goal = msgspec.structs.replace(goal_of(goal, want(repo)), cache=str(small_disk / "hf"))
    monkeypatch.setattr(models, "SPARE", -10 * LARGE)  # someone else fills the disk after it was measured
    with serve(repo) as hub:
        use(monkeypatch, tmp_path, hub)
        with pytest.raises(LeftOut, match="No space left"):
            run(goal, tmp_path)


def test_to_plan_the_step_no_client_of_the_hub_is_loaded() -> None:
    code = "import sys, bootstrap.steps.models; sys.exit(bool({'requests', 'huggingface_hub'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False).returncode == 0
