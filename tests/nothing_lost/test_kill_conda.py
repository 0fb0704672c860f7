"""Killed anywhere, by anything: the next run carries on and ends in the same state (ENV_MANAGER=conda)."""

from __future__ import annotations

import pytest

from tests.nothing_lost.kill import Undisturbed, hit, points, undisturbed
from tests.nothing_lost.world import World

MANAGER = "conda"


@pytest.fixture(scope="module")
def whole(world: World) -> Undisturbed:
    return undisturbed(world)


def test_killed_anywhere_the_next_run_carries_on(
    world: World, whole: Undisturbed, nth: int, kills: int
) -> None:
    point, number = points(kills, whole.events, whole.seconds)[nth]
    print(f"{number.name} at {point} of {whole.events} events, {whole.seconds:.1f} s")
    hit(world, whole, point, number)
