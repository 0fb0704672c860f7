"""How many connections are opened, and how much each asks for: pieces, runs of them, and the pace."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from bootstrap.hub import fetch as program
from bootstrap.hub.job import Endpoint, Job
from bootstrap.hub.partial import SMALLEST, Partial, Run
from bootstrap.hub.sources import FEW, FIRST, WINDOW, Pace
from bootstrap.hub.transfer import ONE_IN
from tests.hub.models import WEIGHTS, make_repo, want
from tests.hub.server import serve

MOST = 80
ROUNDS = 12  # windows, enough to find the number
SIZE = 5 * SMALLEST  # bytes: five pieces


def connections(monkeypatch: pytest.MonkeyPatch, known: float, each: float, line: float) -> int:
    """How many a pace settles at where each connection brings `each`, and all together no more than `line` bytes a second."""
    now = [100.0]
    monkeypatch.setattr("bootstrap.hub.sources.time.monotonic", lambda: now[0])
    pace = Pace(MOST, known)
    pace.add(0)
    for _ in range(ROUNDS):
        now[0] += WINDOW
        pace.add(int(min(pace.allowed * each, line) * WINDOW))
    return pace.allowed


def test_a_server_that_throttles_each_connection_is_asked_by_as_many_as_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert connections(monkeypatch, known=10e6, each=10e6, line=1e12) == MOST
    assert connections(monkeypatch, known=0, each=10e6, line=1e12) == MOST


def test_on_a_line_that_is_full_no_more_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    assert connections(monkeypatch, known=10e6, each=10e6, line=10e6) <= 2 * FIRST


def test_where_each_brings_plenty_few_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert connections(monkeypatch, known=200e6, each=200e6, line=1e12) == FEW


def test_what_was_measured_too_fast_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    assert connections(monkeypatch, known=200e6, each=5e6, line=1e12) == MOST


@pytest.fixture
def partial(tmp_path: Path) -> Partial:
    return Partial(tmp_path / hashlib.sha256(b"").hexdigest(), SIZE)


def test_neighbouring_pieces_are_asked_for_at_once(partial: Partial) -> None:
    assert partial.claim(0) == Run(0, SMALLEST)  # one at least
    assert partial.claim(2 * SMALLEST + 1) == Run(SMALLEST, 3 * SMALLEST)
    assert partial.claim(SIZE) == Run(3 * SMALLEST, SIZE)
    assert partial.claim(SIZE) is None


def test_a_run_that_broke_off_is_gone_on_with_where_it_ended(partial: Partial) -> None:
    run = partial.claim(3 * SMALLEST)
    assert run
    came = memoryview(bytes(SMALLEST + 1000))  # over the end of a piece
    partial.write(run.start, came)
    partial.release(run)
    assert partial.claim(SIZE) == Run(SMALLEST + 1000, SIZE)


def test_a_run_ends_before_what_another_has_begun(partial: Partial) -> None:
    first, second = partial.claim(SMALLEST), partial.claim(SMALLEST)
    assert first and second
    partial.write(second.start, memoryview(b"begun"))
    partial.release(first)
    partial.release(second)
    assert partial.claim(SIZE) == Run(0, SMALLEST)
    assert partial.claim(SIZE) == Run(SMALLEST + 5, SIZE)


def test_a_fast_endpoint_is_asked_for_whole_files(tmp_path: Path) -> None:
    repos = [make_repo(tmp_path / "repos", f"org/m{number}", SIZE) for number in range(6)]
    with serve(*repos) as hub:
        job = Job(
            models=tuple(map(want, repos)),
            hub=str(tmp_path / "hub"),
            endpoints=(Endpoint("hub", hub.url, rate=400_000_000),),
            connections=2,
        )
        assert program.fetch(job) == 0
        asked = [one for one in hub.downloads() if one.path.startswith("/cdn/") and WEIGHTS in one.path]
    assert len(asked) <= 2 * len(repos) < 5 * len(repos)  # the last ones are shared, so that all end together


@pytest.mark.parametrize("connections", [2, 3, 4])
def test_small_files_come_beside_the_large_ones_from_the_start(tmp_path: Path, connections: int) -> None:
    repos = [make_repo(tmp_path / "repos", f"org/m{number}", SIZE) for number in range(4)]
    with serve(*repos, latency=0.02) as hub:
        job = Job(
            models=tuple(map(want, repos)),
            hub=str(tmp_path / "hub"),
            endpoints=(Endpoint("hub", hub.url),),
            connections=connections,
        )
        assert program.fetch(job) == 0
        pages = [one.path for one in hub.downloads() if "/resolve/" in one.path]
    small = [WEIGHTS not in path for path in pages[:connections]]
    assert sum(small) == max(connections // ONE_IN, 1)
