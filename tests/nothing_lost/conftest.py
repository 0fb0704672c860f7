"""One machine for each file; its tests begin by emptying it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.nothing_lost.kill import Undisturbed, undisturbed
from tests.nothing_lost.world import World, a_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[World]:
    """A machine with stage 0 done. A file that sets MANAGER chooses how the environment is made."""
    name = getattr(request.module, "MACHINE", "machine")
    with a_world(tmp_path_factory.mktemp(name), getattr(request.module, "MANAGER", "venv")) as machine:
        yield machine


@pytest.fixture(scope="module")
def whole(world: World) -> Undisturbed:
    """What a run leaves that nothing disturbs."""
    return undisturbed(world)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Half of the kills for each of the two managers."""
    if "nth" in metafunc.fixturenames:
        numbers = range(metafunc.config.getoption("--kills") // 2)
        metafunc.parametrize("nth", numbers, ids=[f"kill{number:03}" for number in numbers])
    if "fault" in metafunc.fixturenames:
        every = metafunc.config.getoption("--every-fault")
        metafunc.parametrize("fault", metafunc.module.FAULTS[:: 1 if every else 3], ids=str)


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--kills")) // 2
