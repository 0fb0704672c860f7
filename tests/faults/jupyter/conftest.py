"""A person with a whole environment, healthy before a test breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def person(target_python: str, home: Path, environ: dict[str, str]) -> dict[str, str]:
    """A person with a whole environment and an empty home."""
    (home / ".jupyter").mkdir()
    return {**environ, "TARGET": str(Path(target_python).parent.parent)}
