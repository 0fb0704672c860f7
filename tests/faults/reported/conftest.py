"""Somebody with a cache and an environment of their own, well until a test spoils something."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.cache import fill_cache
from tests.faults.patient import bare_environ


@pytest.fixture
def hub(home: Path) -> Path:
    return home / ".cache/huggingface/hub"


@pytest.fixture
def person(home: Path, empty_env: Path, hub: Path) -> dict[str, str]:
    """Somebody with an environment of their own and a whole cache in the usual place."""
    fill_cache(hub)
    return bare_environ(home, TARGET=str(empty_env))
