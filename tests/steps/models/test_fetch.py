"""What is wanted is fetched once, and loads offline under every name."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import hf_hub_download

from doctor.checks import judge
from doctor.goal import Goal
from doctor.probes import gather
from doctor.probes.hub import hub_folder
from tests.hub.models import WEIGHTS, run, want
from tests.hub.server import Repo, serve
from tests.steps.models.course import assert_whole, goal_of, states, use


def test_fetches_the_needed_files_and_a_second_run_asks_nothing(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...]
) -> None:
    goal = goal_of(goal, *map(want, repos))
    found = judge(gather(goal, ("hub",)), goal, ("hub",))
    assert [f.id for f in found] == ["models-missing"]
    with serve(*repos) as hub:
        use(monkeypatch, tmp_path, hub)
        ran = run(goal, tmp_path)
        assert_whole(goal, repos)
        assert hub.total_sent("tf_model") == 0
        assert ran.progress[-1] == (sum(m.bytes for m in goal.models),) * 2
        assert {Path(path).name for _, path in ran.noted} == {
            "models--openai-community--gpt2",
            "models--gpt2",
            "models--org--second",
        }
        hub.asked.clear()
        run(goal, tmp_path)
        assert hub.asked == []
    assert judge(gather(goal, ("hub",)), goal, ("hub",)) == ()


def test_loads_offline_by_alias_short_revision_and_main(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...]
) -> None:
    goal = goal_of(goal, *map(want, repos))
    with serve(*repos) as hub:
        use(monkeypatch, tmp_path, hub)
        run(goal, tmp_path)
    for name in ("gpt2", "openai-community/gpt2"):
        for revision in ("main", repos[0].commit[:7], repos[0].commit):
            path = hf_hub_download(
                name, WEIGHTS, revision=revision, cache_dir=hub_folder(goal.cache), local_files_only=True
            )
            assert Path(path).read_bytes() == (repos[0].folder / WEIGHTS).read_bytes()


def test_lost_names_are_given_back_without_a_request(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...]
) -> None:
    goal = goal_of(goal, *map(want, repos))
    with serve(*repos) as hub:
        use(monkeypatch, tmp_path, hub)
        run(goal, tmp_path)
    folder = hub_folder(goal.cache)
    (folder / "models--gpt2").unlink()
    (folder / "models--org--second" / "refs" / "main").unlink()
    assert states(goal) == ["partial", "partial"]
    run(goal, tmp_path)  # the Hub is gone
    assert states(goal) == ["complete", "complete"]


def test_a_folder_of_the_persons_under_an_alias_is_left_alone(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...]
) -> None:
    goal = goal_of(goal, *map(want, repos))
    theirs = hub_folder(goal.cache) / "models--gpt2" / "refs"
    theirs.mkdir(parents=True)
    with serve(*repos) as hub:
        use(monkeypatch, tmp_path, hub)
        run(goal, tmp_path)
    assert theirs.is_dir() and not theirs.parent.is_symlink()
