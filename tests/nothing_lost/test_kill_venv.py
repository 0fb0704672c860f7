"""Killed anywhere, by anything: the next run carries on and ends in the same state (ENV_MANAGER=venv)."""

from __future__ import annotations

from tests.nothing_lost.kill import Undisturbed, hit, points
from tests.nothing_lost.world import World

MANAGER = "venv"


def test_killed_anywhere_the_next_run_carries_on(
    world: World, whole: Undisturbed, nth: int, kills: int
) -> None:
    hit(world, whole, *points(kills, whole.events, whole.seconds)[nth])
