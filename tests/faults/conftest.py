"""Patients: the person's own environments, healthy before a test breaks them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.dists import course
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
