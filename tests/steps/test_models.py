"""The models step, with the real Hub client against a Hub on loopback: right bytes or a clear word, and resumable."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from huggingface_hub import hf_hub_download

from bootstrap.hub.job import Endpoint, Event, Job
from bootstrap.hub.link import CHUNK
from bootstrap.hub.partial import bytes_come
from bootstrap.hub.transfer import TRIES
from bootstrap.step import LeftOut
from bootstrap.steps import models
from doctor.checks import judge
from doctor.goal import Goal
from doctor.hub_env import recorded_endpoint
from doctor.probes import gather
from doctor.probes.hub import cached_models, hub_folder, repo_folder
from doctor.profile import ModelWant
from tests.conftest import ROOT, missing
from tests.hub.models import WEIGHTS, make_repo, prepare, run, want, write_mirrors
from tests.hub.server import SIGNATURE, Fault, Hub, Repo, dead_url, serve

LARGE = 3_000_000  # bytes: several of the chunks in which the client writes to disk


@pytest.fixture(autouse=True)
def nothing_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("HF_") or name == "TRANSFORMERS_OFFLINE":
            monkeypatch.delenv(name)


@pytest.fixture
def repos(tmp_path: Path) -> tuple[Repo, ...]:
    return (
        make_repo(tmp_path / "repos", "openai-community/gpt2", aliases=("gpt2",)),
        make_repo(tmp_path / "repos", "org/second"),
    )


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


@pytest.mark.parametrize("kind", ["cut", "reset"])
def test_a_transfer_that_breaks_goes_on_from_there(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Literal["cut", "reset"]
) -> None:
    repo = make_repo(tmp_path / "repos", "org/large", LARGE)
    goal = goal_of(goal, want(repo))
    faults = (Fault(path=f"/cdn/org/large/{WEIGHTS}", kind=kind, after=2_000_000, times=1),)
    with serve(repo, faults=faults) as hub:
        use(monkeypatch, tmp_path, hub)
        run(goal, tmp_path)
        assert_whole(goal, (repo,))
        # A reset may take back what the client had not read; an early end leaves all but a part of one chunk.
        assert kind == "reset" or hub.total_sent(WEIGHTS) < LARGE + CHUNK


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for child in started:
        child.kill()
        child.wait()


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


def wait_for(reached: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.02)


def test_killed_in_the_middle_of_a_file_the_next_run_goes_on_from_there(
    goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killable: list[subprocess.Popen[bytes]]
) -> None:
    repo = make_repo(tmp_path / "repos", "org/large", 2 * LARGE)
    goal = goal_of(goal, want(repo))
    part = repo_folder(hub_folder(goal.cache), repo.id) / "blobs" / f"{repo.etag(WEIGHTS)}.pieces.incomplete"
    with serve(
        repo, faults=(Fault(path=f"/cdn/org/large/{WEIGHTS}", kind="stall", after=1_000_000, times=3),)
    ) as hub:
        use(monkeypatch, tmp_path, hub)
        job = Job(models=goal.models, hub=str(hub_folder(goal.cache)), endpoints=(Endpoint("hub", hub.url),))
        killable.append(start_fetch(job))
        wait_for(lambda: part.exists() and bytes_come(part) > 2_500_000)
        killable[0].send_signal(signal.SIGKILL)
        killable[0].wait()
        hub.sent.clear()
        run(goal, tmp_path)
        assert_whole(goal, (repo,))
        assert hub.total_sent(WEIGHTS) < 2 * LARGE - 2_500_000


def test_a_standstill_ends_in_bounded_time_and_says_so(
    goal: Goal, tmp_path: Path, killable: list[subprocess.Popen[bytes]]
) -> None:
    repo = make_repo(tmp_path / "repos", "org/large", LARGE)
    with serve(repo, faults=(Fault(path=f"/cdn/org/large/{WEIGHTS}", kind="stall", after=500_000),)) as hub:
        job = Job(
            models=(want(repo),),
            hub=str(hub_folder(goal.cache)),
            endpoints=(Endpoint("hub", hub.url),),
            patience=2,
        )
        killable.append(start_fetch(job))
        stdout = killable[0].stdout
        assert stdout
        killable[0].wait(30)
        events = [msgspec.json.decode(line, type=Event) for line in stdout]
    assert killable[0].returncode == 1
    assert events[-1].kind == "network" and events[-1].reason == "less than 1000 kB in 2 s"


def test_the_fetching_program_does_not_outlive_the_one_that_started_it(
    goal: Goal, tmp_path: Path, killable: list[subprocess.Popen[bytes]]
) -> None:
    repo = make_repo(tmp_path / "repos", "org/large", LARGE)
    with serve(repo, faults=(Fault(path=f"/cdn/org/large/{WEIGHTS}", kind="stall", after=500_000),)) as hub:
        killable.append(
            start_fetch(
                Job(
                    models=(want(repo),),
                    hub=str(hub_folder(goal.cache)),
                    endpoints=(Endpoint("hub", hub.url),),
                )
            )
        )
        stdout = killable[0].stdout
        assert stdout
        stdout.close()
        assert killable[0].wait(30) == 1


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
