"""Patients: the person's own environments, healthy before a test breaks them."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.fake_nvml import build, build_cuda
from tests.faults.dists import course
from tests.faults.gpu.world import World, can_make_worlds, working
from tests.faults.patient import bare_environ, linked_copy


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A new, empty HOME."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def course_env(target_python: str, tmp_path: Path) -> Iterator[Path]:
    """A copy of the environment that `make setup` made: real torch, real transformers. For `replace` and `unlink` only."""
    copy = linked_copy(Path(target_python).parent.parent, tmp_path / "env")
    yield copy
    shutil.rmtree(copy)


@pytest.fixture
def empty_env(tmp_path: Path) -> Path:
    """A real virtual environment with nothing in it, made in a blink."""
    prefix = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(prefix)], check=True)
    return prefix


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    """That person's environment variables. `TARGET` says which environment is theirs."""
    return bare_environ(home)


@pytest.fixture
def course_like(empty_env: Path) -> Path:
    """A real virtual environment with a small stack in it, whole and consistent."""
    course(empty_env)
    return empty_env


# --- machines with GPUs: none without a card, one with a T4 that works --------------------------------


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    why = can_make_worlds()
    if why:
        missing("root", why)
    folder = tmp_path_factory.mktemp("libraries")
    return build(folder), build_cuda(folder)


@pytest.fixture
def alone() -> None:
    """For a test whose process is seen by every doctor on the machine."""


@pytest.fixture
def in_turn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Other tests with such a machine wait for it, and it for them: they run in several processes."""
    with (tmp_path_factory.getbasetemp().parent / "gpu.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX if "alone" in request.fixturenames else fcntl.LOCK_SH)
        yield


@pytest.fixture
def bare(tmp_path: Path, libraries: tuple[Path, Path], in_turn: None) -> World:
    """A host without any card."""
    return World(tmp_path / "world", *libraries)


@pytest.fixture
def t4(bare: World) -> World:
    return working(bare)
