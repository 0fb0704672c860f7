"""Machines to break: none without a card, one with a T4 that works."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.fake_nvml import build, build_cuda
from tests.faults.gpu.world import World, can_make_worlds, working


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    why = can_make_worlds()
    if why:
        missing("root", why)
    folder = tmp_path_factory.mktemp("libraries")
    return build(folder), build_cuda(folder)


@pytest.fixture
def bare(tmp_path: Path, libraries: tuple[Path, Path]) -> World:
    """A host without any card."""
    return World(tmp_path / "world", *libraries)


@pytest.fixture
def t4(bare: World) -> World:
    return working(bare)


@pytest.fixture
def alone() -> None:
    """For a test whose process is seen by every doctor on the machine."""


@pytest.fixture(autouse=True)
def in_turn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Other tests of this room wait for it, and it for them: they run in several processes."""
    with (tmp_path_factory.getbasetemp().parent / "gpu.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX if "alone" in request.fixturenames else fcntl.LOCK_SH)
        yield
