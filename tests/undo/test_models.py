"""Undoing models: the cache is as it was, whatever the person had in it, and what came later stays whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from bootstrap.hub.partial import ENDING
from bootstrap.step import LeftOut
from doctor.goal import Goal
from doctor.probes.hub import hub_folder, repo_folder
from tests.hub.models import WEIGHTS, make_repo, want, write_mirrors
from tests.hub.server import Fault, Repo, serve
from tests.undo.place import a_run, left, listing, run_step, undo

Environ = dict[str, str]


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    for name in [name for name in os.environ if name.startswith("HF_")]:
        monkeypatch.delenv(name)
    return make_repo(tmp_path / "repos", "openai-community/gpt2", aliases=("gpt2",))


def fetch(goal: Goal, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Goal:
    goal = msgspec.structs.replace(goal, models=(want(repo),))
    with serve(repo) as hub, a_run(goal) as journal:
        path = write_mirrors(tmp_path / "mirrors.toml", hub)
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(path))
        run_step("models", goal, journal, ("hub", "disk"))
    monkeypatch.delenv("GROUNDWORK_MIRRORS_FILE")
    assert (snapshot(goal, repo) / WEIGHTS).read_bytes() == (repo.folder / WEIGHTS).read_bytes()
    return goal


def snapshot(goal: Goal, repo: Repo) -> Path:
    return repo_folder(hub_folder(goal.cache), repo.id) / "snapshots" / repo.commit


def test_an_empty_cache_is_empty_again(
    goal: Goal, environ: Environ, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(goal, repo, tmp_path, monkeypatch)
    assert undo(environ, "--yes").returncode == 0
    assert listing(Path(environ["HOME"])) == {}


def put(folder: Path, blob: str, data: bytes, link: Path) -> None:
    (folder / "blobs").mkdir(parents=True, exist_ok=True)
    (folder / "blobs" / blob).write_bytes(data)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(os.path.relpath(folder / "blobs" / blob, link.parent))


def test_what_was_in_the_cache_before_stays(
    goal: Goal, environ: Environ, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another model, another revision of the same one, one file of the same revision, and a ref that we write anew."""
    hub = hub_folder(goal.cache)
    other, same = hub / "models--org--other", repo_folder(hub, repo.id)
    put(other, "b" * 64, b"other", other / "snapshots" / ("1" * 40) / WEIGHTS)
    put(same, "c" * 64, b"older", same / "snapshots" / ("2" * 40) / WEIGHTS)
    config = (repo.folder / "config.json").read_bytes()
    put(same, repo.etag("config.json"), config, snapshot(goal, repo) / "config.json")
    (same / "refs").mkdir()
    (same / "refs" / "main").write_text("3" * 40)
    before = listing(Path(environ["HOME"]))
    fetch(goal, repo, tmp_path, monkeypatch)
    assert (same / "refs" / "main").read_text() == repo.commit
    said = undo(environ, "--yes")
    assert said.returncode == 0, said.stderr
    assert listing(Path(environ["HOME"])) == before


@pytest.mark.parametrize("begun", [False, True], ids=["ours", "theirs"])
def test_what_we_only_began_in_a_folder_of_the_persons_goes_and_what_they_began_stays(
    goal: Goal, environ: Environ, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    repo = make_repo(tmp_path / "repos", "org/large", 3_000_000)
    same = repo_folder(hub_folder(goal.cache), repo.id)
    put(same, "c" * 64, b"older", same / "snapshots" / ("2" * 40) / WEIGHTS)
    blob = same / "blobs" / repo.etag(WEIGHTS)
    if begun:
        blob.with_name(f"{blob.name}.incomplete").write_bytes((repo.folder / WEIGHTS).read_bytes()[:500_000])
    before = listing(Path(environ["HOME"]))
    wanted = want(repo, sha256={WEIGHTS: repo.etag(WEIGHTS)})
    goal = msgspec.structs.replace(goal, models=(wanted,))
    breaks = Fault("/cdn/", "cut", after=200_000, times=1), Fault("/cdn/", "status", status=404)
    with serve(repo, faults=breaks) as hub, a_run(goal) as journal:
        monkeypatch.setenv("GROUNDWORK_MIRRORS_FILE", str(write_mirrors(tmp_path / "mirrors.toml", hub)))
        with pytest.raises(LeftOut):
            run_step("models", goal, journal, ("hub", "disk"))
    monkeypatch.delenv("GROUNDWORK_MIRRORS_FILE")
    partial = blob.with_name(blob.name + ENDING)
    assert partial.exists()
    said = undo(environ, "--yes")
    assert said.returncode == 0, said.stderr
    assert partial.exists() == begun
    if not begun:
        assert listing(Path(environ["HOME"])) == before


def test_a_download_of_the_persons_that_we_completed_stays_complete(
    goal: Goal, environ: Environ, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = repo_folder(hub_folder(goal.cache), repo.id) / "blobs"
    blobs.mkdir(parents=True)
    weights = (repo.folder / WEIGHTS).read_bytes()
    (blobs / f"{repo.etag(WEIGHTS)}.incomplete").write_bytes(weights[:5000])
    fetch(goal, repo, tmp_path, monkeypatch)
    assert undo(environ, "--yes").returncode == 0
    assert [path.read_bytes() for path in blobs.iterdir()] == [weights]


def test_another_revision_that_came_later_keeps_the_files_that_it_shares(
    goal: Goal, environ: Environ, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(goal, repo, tmp_path, monkeypatch)
    folder = repo_folder(hub_folder(goal.cache), repo.id)
    newer = folder / "snapshots" / ("4" * 40)
    newer.mkdir()
    (newer / WEIGHTS).symlink_to(f"../../blobs/{repo.etag(WEIGHTS)}")
    (newer / "config.json").symlink_to("../../blobs/new")
    (folder / "blobs" / "new").write_text("{}")
    assert left(environ)[str(folder / "blobs" / repo.etag(WEIGHTS))] == "needed by another download of yours"
    assert undo(environ, "--yes").returncode == 0
    assert (newer / WEIGHTS).read_bytes() == (repo.folder / WEIGHTS).read_bytes()
    assert (newer / "config.json").read_text() == "{}"
    assert sorted(path.name for path in (folder / "blobs").iterdir()) == sorted(["new", repo.etag(WEIGHTS)])
    assert not snapshot(goal, repo).exists()


def test_a_model_that_the_person_fetched_anew_is_the_persons(
    goal: Goal, environ: Environ, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(goal, repo, tmp_path, monkeypatch)
    hub = hub_folder(goal.cache)
    shutil.copytree(hub, tmp_path / "copy", symlinks=True)
    shutil.rmtree(hub)
    shutil.copytree(tmp_path / "copy", hub, symlinks=True)
    before = listing(hub / "models--openai-community--gpt2")
    assert undo(environ, "--yes").returncode == 0
    assert listing(hub / "models--openai-community--gpt2") == before
