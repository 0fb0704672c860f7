"""Wrong bytes are refused, and the one who sent them is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bootstrap.step import LeftOut
from doctor.goal import Goal
from doctor.hub_env import recorded_endpoint
from doctor.probes.hub import hub_folder, repo_folder
from tests.hub.models import WEIGHTS, run, want
from tests.hub.server import Fault, Repo, serve
from tests.steps.models.course import assert_whole, goal_of, states, use


@pytest.mark.parametrize("name", [WEIGHTS, "vocab.txt"])
def test_wrong_bytes_of_the_right_length_are_refused_and_the_next_mirror_is_used(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...], name: str
) -> None:
    goal = goal_of(goal, *map(want, repos))
    fault = Fault(
        path=f"second/{name}" if name == WEIGHTS else f"second/resolve/{repos[1].commit}/{name}", kind="wrong"
    )
    with serve(*repos, faults=(fault,)) as bad, serve(*repos, latency=0.2) as good:
        use(monkeypatch, tmp_path, bad, good)  # the bad one answers first
        ran = run(goal, tmp_path)
        assert bad.total_sent(f"second/{name}") or bad.total_sent(f"{repos[1].commit}/{name}")
        assert not any("gpt2" in a.path for a in good.downloads())
        assert recorded_endpoint(goal) == good.url
    assert_whole(goal, repos)
    assert f"{name}: wrong bytes" in ran.work.log.read_text()
    assert list(hub_folder(goal.cache).rglob("*.incomplete")) == []


def test_wrong_bytes_everywhere_leave_nothing_behind_and_blame_each_by_name(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...]
) -> None:
    goal = goal_of(goal, want(repos[1]))
    with serve(*repos, faults=(Fault(path=WEIGHTS, kind="wrong"),)) as hub:
        use(monkeypatch, tmp_path, hub)
        with pytest.raises(LeftOut) as left:
            run(goal, tmp_path)
    assert f"hub0: {WEIGHTS}: wrong bytes" in left.value.reason.en
    assert "make models" in left.value.later.zh
    blobs = repo_folder(hub_folder(goal.cache), repos[1].id) / "blobs"
    assert repos[1].etag(WEIGHTS) not in {path.name for path in blobs.iterdir()}


@pytest.mark.parametrize(
    ("pins", "said"),
    [({"sha256": {WEIGHTS: "0" * 64}}, "manifest says 000000"), ({"sizes": {WEIGHTS: 7}}, "manifest says 7")],
)
def test_another_content_than_the_manifest_pins_is_refused_before_it_is_fetched(
    goal: Goal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    repos: tuple[Repo, ...],
    pins: dict[str, object],
    said: str,
) -> None:
    goal = goal_of(goal, want(repos[1], **pins))
    with serve(*repos) as hub:
        use(monkeypatch, tmp_path, hub)
        with pytest.raises(LeftOut, match=said):
            run(goal, tmp_path)
        assert hub.total_sent(WEIGHTS) == 0


def test_the_beginning_of_a_file_from_a_bad_source_is_not_blamed_on_a_good_one(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...]
) -> None:
    goal = goal_of(goal, want(repos[1]))
    blobs = repo_folder(hub_folder(goal.cache), repos[1].id) / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{repos[1].etag(WEIGHTS)}.incomplete").write_bytes(b"x" * 5000)
    with serve(*repos) as hub:
        use(monkeypatch, tmp_path, hub)
        run(goal, tmp_path)
    assert_whole(goal, (repos[1],))


def test_a_blob_cut_short_by_someone_else_is_fetched_again(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...]
) -> None:
    goal = goal_of(goal, want(repos[1]))
    with serve(*repos) as hub:
        use(monkeypatch, tmp_path, hub)
        run(goal, tmp_path)
        blob = repo_folder(hub_folder(goal.cache), repos[1].id) / "blobs" / repos[1].etag(WEIGHTS)
        os.truncate(blob, 1000)
        assert states(goal) == ["partial"]
        run(goal, tmp_path)
    assert_whole(goal, (repos[1],))
