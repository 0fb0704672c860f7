"""Fixtures that several rooms share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def target_python() -> str:
    """The interpreter of a target environment. Without one: skip, or fail where GROUNDWORK_REQUIRE names "target"."""
    python = os.environ.get("GROUNDWORK_TARGET_PYTHON", "")
    if python and Path(python).is_file():
        return python
    reason = f"GROUNDWORK_TARGET_PYTHON={python!r} is not an interpreter; set it to the target environment's python"
    if "target" in os.environ.get("GROUNDWORK_REQUIRE", "").split(","):
        pytest.fail(reason)
    pytest.skip(reason)
