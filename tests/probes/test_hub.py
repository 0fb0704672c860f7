"""What the cache holds, read from caches that the real client laid out and from damaged ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from huggingface_hub import snapshot_download

from doctor.facts import CachedModel
from doctor.goal import Goal
from doctor.probes.hub import hub_folder, probe, repo_folder
from tests.conftest import ROOT
from tests.hub.models import WEIGHTS, make_repo, want
from tests.hub.server import Repo, serve


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return make_repo(tmp_path / "repos", "org/model", aliases=("model",))


@pytest.fixture
def goal(goal: Goal, repo: Repo) -> Goal:
    return msgspec.structs.replace(goal, models=(want(repo, refs=("main",), aliases=()),))


def look(goal: Goal) -> CachedModel:
    return probe(goal).models[0]


def fill(goal: Goal, repo: Repo, *files: str) -> None:
    with serve(repo) as hub:
        snapshot_download(
            repo.id, cache_dir=hub_folder(goal.cache), endpoint=hub.url, allow_patterns=list(files) or None
        )


def test_an_empty_cache(goal: Goal) -> None:
    seen = look(goal)
    assert (seen.state, seen.cached_bytes, seen.missing_bytes) == ("absent", 0, goal.models[0].bytes)
    assert not Path(goal.cache).exists()


def test_a_cache_that_the_persons_own_client_filled(goal: Goal, repo: Repo) -> None:
    fill(goal, repo)
    assert look(goal).state == "complete"
    assert look(goal).cached_bytes == goal.models[0].bytes


def test_a_model_without_its_weights_is_partial(goal: Goal, repo: Repo) -> None:
    fill(goal, repo, "*.json", "*.txt")
    assert look(goal).state == "partial"
    assert look(goal).missing_bytes == (repo.folder / WEIGHTS).stat().st_size


def test_a_file_under_way_counts_by_its_bytes(goal: Goal, repo: Repo) -> None:
    blobs = repo_folder(hub_folder(goal.cache), repo.id) / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "abc.incomplete").write_bytes(b"x" * 7000)
    assert look(goal).state == "partial"
    assert look(goal).cached_bytes == 7000


def test_a_dangling_link_and_a_cut_blob_are_missing(goal: Goal, repo: Repo) -> None:
    fill(goal, repo)
    blob = repo_folder(hub_folder(goal.cache), repo.id) / "blobs" / repo.etag(WEIGHTS)
    blob.write_bytes(b"short")
    assert look(goal).state == "partial"
    blob.unlink()
    assert look(goal).state == "partial"


def test_a_name_that_leads_nowhere_is_not_complete(goal: Goal, repo: Repo) -> None:
    fill(goal, repo)
    ref = repo_folder(hub_folder(goal.cache), repo.id) / "refs" / "main"
    ref.write_text("f" * 40)
    seen = look(goal)
    assert (seen.state, seen.missing_bytes) == ("partial", 0)
    without_alias = msgspec.structs.replace(goal, models=(want(repo, refs=()),))
    assert look(without_alias).state == "partial"


def test_a_newer_main_of_the_persons_own_is_accepted(goal: Goal, repo: Repo, tmp_path: Path) -> None:
    fill(goal, repo)
    newer = Repo.of_folder(repo.id, repo.folder, commit="a" * 40)
    fill(goal, newer)
    assert (repo_folder(hub_folder(goal.cache), repo.id) / "refs" / "main").read_text() == "a" * 40
    assert look(goal).state == "complete"


def test_looking_does_not_import_the_client(goal: Goal) -> None:
    code = "import doctor.probes.hub, doctor.checks.hub, bootstrap.steps.models, sys; print('huggingface_hub' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
