"""Which endpoints are asked, which are left, and who sees the token."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bootstrap.hub.transfer import TRIES
from bootstrap.step import LeftOut
from bootstrap.steps import models
from doctor.goal import Goal
from doctor.hub_env import recorded_endpoint
from tests.hub.models import prepare, run, want
from tests.hub.server import SIGNATURE, Fault, Repo, dead_url, serve
from tests.steps.models.course import assert_whole, goal_of, states, use


@pytest.mark.parametrize("status", [403, 429, 500])
def test_an_endpoint_that_refuses_is_named_and_the_next_one_used(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...], status: int
) -> None:
    goal = goal_of(goal, *map(want, repos))
    fault = Fault(path="/api/models/", kind="status", status=status)
    with serve(*repos, faults=(fault,)) as bad, serve(*repos, latency=0.2) as good:
        use(monkeypatch, tmp_path, bad, good)
        ran = run(goal, tmp_path)
    assert_whole(goal, repos)
    assert f"HTTP {status}" in ran.work.log.read_text()


def test_a_mirror_without_the_api_is_asked_file_by_file(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...]
) -> None:
    goal = goal_of(goal, *map(want, repos))
    with serve(*repos, faults=(Fault(path="/api/models/", kind="status", status=404),)) as hub:
        use(monkeypatch, tmp_path, hub)
        run(goal, tmp_path)
        assert {a.method for a in hub.downloads() if "/resolve/" in a.path} == {"HEAD", "GET"}
    assert_whole(goal, repos)


def test_silence_everywhere_leaves_the_models_out(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...]
) -> None:
    goal = goal_of(goal, want(repos[0]))
    use(monkeypatch, tmp_path, dead_url(), dead_url())
    with pytest.raises(LeftOut) as left:
        run(goal, tmp_path)
    assert "hub0" in left.value.reason.en and "hub1" in left.value.reason.en
    assert "make models" in left.value.later.en
    assert not Path(goal.cache).exists()


def test_a_person_who_is_offline_by_choice_is_not_overruled(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...]
) -> None:
    goal = goal_of(goal, want(repos[0]))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with serve(*repos) as hub:
        use(monkeypatch, tmp_path, hub)
        with pytest.raises(LeftOut, match="HF_HUB_OFFLINE"):
            run(goal, tmp_path)
        assert hub.asked == []


@pytest.mark.parametrize(("official", "sent"), [(True, True), (False, False)])
def test_the_token_goes_to_the_hub_itself_and_to_no_mirror_that_we_chose(
    goal: Goal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    repos: tuple[Repo, ...],
    official: bool,
    sent: bool,
) -> None:
    goal = goal_of(goal, want(repos[0]))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with serve(*repos) as hub:
        use(monkeypatch, tmp_path, hub, official=official)
        ran = run(goal, tmp_path)
        to_hub = {a.authorization for a in hub.downloads() if "/cdn/" not in a.path}
        assert to_hub == ({"Bearer hf_secret"} if sent else {None})
        assert {a.authorization for a in hub.downloads() if "/cdn/" in a.path} == {None}
    log = ran.work.log.read_text()
    assert "hf_secret" not in log and SIGNATURE not in log
    assert recorded_endpoint(goal) == (None if official else hub.url)


def test_an_endpoint_that_the_person_set_is_used_and_may_see_the_token(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...]
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with serve(*repos) as hub, serve(*repos) as other:
        use(monkeypatch, tmp_path, other)
        chosen = msgspec.structs.replace(goal_of(goal, want(repos[0])), endpoint=hub.url)
        ran = prepare(chosen, tmp_path)
        said: list[str] = []
        ran.work.say = lambda text: said.append(text.en)
        models.run(ran.work)
        assert [hub.url in line and "token is sent" in line for line in said] == [True]
        assert {a.authorization for a in hub.downloads() if "/api/" in a.path} == {"Bearer hf_secret"}
        assert other.asked == []


def test_a_hub_of_the_persons_gives_what_it_has(goal: Goal, tmp_path: Path, repos: tuple[Repo, ...]) -> None:
    goal = goal_of(goal, *map(want, repos))
    with serve(repos[1]) as hub, pytest.raises(LeftOut) as left:
        run(msgspec.structs.replace(goal, endpoint=hub.url), tmp_path)
    assert "1 of 2 models" in left.value.reason.en
    assert "openai-community/gpt2: HF_ENDPOINT: HTTP 404" in left.value.reason.en
    assert states(goal) == ["absent", "complete"]


def test_who_resets_at_once_is_left_after_a_few_tries_and_no_signature_is_told(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repos: tuple[Repo, ...]
) -> None:
    goal = goal_of(goal, want(repos[0]))
    with serve(*repos, faults=(Fault(path="/cdn/", kind="reset"),)) as hub:
        use(monkeypatch, tmp_path, hub)
        with pytest.raises(LeftOut) as left:
            run(goal, tmp_path)
        assert len([asked for asked in hub.downloads() if asked.path.startswith("/cdn/")]) == TRIES
    assert "Signature" not in left.value.reason.en
    assert "Signature" not in (tmp_path / "models.log").read_text()
