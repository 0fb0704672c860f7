"""Broken off, killed or at a standstill: the next one goes on."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from bootstrap.hub.job import Endpoint, Event, Job
from bootstrap.hub.link import CHUNK
from bootstrap.hub.partial import bytes_come
from doctor.goal import Goal
from doctor.probes.hub import hub_folder, repo_folder
from tests.hub.models import WEIGHTS, make_repo, run, want
from tests.hub.server import Fault, serve
from tests.steps.models.course import LARGE, assert_whole, goal_of, start_fetch, use


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
