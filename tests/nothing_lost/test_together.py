"""Two at once: the second says who is at work since when; a dead one holds nothing, on any file system."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.no_flock import no_flock
from tests.nothing_lost.kill import strays
from tests.nothing_lost.world import World, shared_cache
from tests.wait import until


@pytest.fixture(params=["flock", "no flock"])
def locking(request: pytest.FixtureRequest, tmp_path: Path) -> Mapping[str, str]:
    """Variables that make the file system one that knows flock, or one that does not."""
    return no_flock(tmp_path) if request.param == "no flock" else {}


def test_the_second_says_who_is_at_work_and_a_dead_one_holds_nothing(
    world: World, locking: Mapping[str, str]
) -> None:
    world.forget()
    first = world.start(more=locking)
    try:
        assert until(lambda: len(world.journal()) > 2, 60)
        (pid,) = {event["pid"] for event in world.journal()}
        for lang, words in (("C.UTF-8", "another run is at work"), ("zh_CN.UTF-8", "另一个任务正在运行")):
            second = world.run(more={**locking, "LANG": lang})
            assert second.code == 4, second.text
            assert words in second.err
            assert re.search(rf"setup, pid {pid}, since 20\d\d-\d\d-\d\dT", second.err)
            assert f"kill {pid}" in second.err
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    said = world.run(more=locking)
    assert said.code == 0, said.text
    assert strays(world) == []


def test_two_that_prepare_groundwork_itself_at_once(world: World) -> None:
    world.forget(stage0=True)
    only_stage0 = {**shared_cache(), "GROUNDWORK_STAGE0_ONLY": "1"}
    first = world.start(more=only_stage0)
    assert until(lambda: list(world.ours.glob("stage0.lock*")), 30)
    second = world.run(more=only_stage0)
    assert second.code == 0, second.text
    assert "is preparing" in second.err
    assert first.wait(120) == 0, world.said
    assert len(list(world.ours.glob("tool-*/complete"))) == 1
