"""Which models are wanted, from which Hub, and what has come of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bootstrap.hub.job import Job
from doctor.goal import Goal
from doctor.goal.profile import ModelWant
from doctor.probes.hub import cached_models, hub_folder, repo_folder
from tests.conftest import ROOT
from tests.hub.models import WEIGHTS, write_mirrors
from tests.hub.server import Hub, Repo

LARGE = 3_000_000  # bytes: several of the chunks in which the client writes to disk


def goal_of(goal: Goal, *wants: ModelWant) -> Goal:
    return msgspec.structs.replace(goal, models=wants)


def use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *hubs: Hub | str, official: bool = False) -> None:
    path = write_mirrors(tmp_path / "mirrors.toml", *hubs, official=official)
    monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(path))


def cached(goal: Goal, repo: Repo, name: str = WEIGHTS) -> bytes:
    return (repo_folder(hub_folder(goal.cache), repo.id) / "snapshots" / repo.commit / name).read_bytes()


def states(goal: Goal) -> list[str]:
    return [model.state for model in cached_models(goal)]


def assert_whole(goal: Goal, repos: tuple[Repo, ...]) -> None:
    assert states(goal) == ["complete"] * len(repos)
    for repo in repos:
        for name in ("config.json", "vocab.txt", WEIGHTS):
            assert cached(goal, repo, name) == (repo.folder / name).read_bytes()


def start_fetch(job: Job) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-m", "bootstrap.hub"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "HF_HUB_DISABLE_XET": "1"},
    )
    assert child.stdin
    child.stdin.write(msgspec.json.encode(job))
    child.stdin.close()
    return child
