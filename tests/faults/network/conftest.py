"""A person with no way out but what a test adds, a Hub in good health, and a certificate authority."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.web import HUB, Authority, Web, make_authority, serve_web
from tests.hub.models import write_mirrors
from tests.hub.server import dead_url


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("ca") / "ca")


@pytest.fixture
def hub() -> Iterator[Web]:
    """A Hub in good health, which plays the official one."""
    with serve_web(HUB) as web:
        yield web


@pytest.fixture
def person(environ: dict[str, str], target_python: str, tmp_path: Path) -> dict[str, str]:
    """A person with a whole environment (only looked at) and no way out but what a test adds."""
    mirrors = write_mirrors(tmp_path / "mirrors.toml", dead_url(), official=True)
    target = str(Path(target_python).parent.parent)
    return {**environ, "TARGET": target, "GROUNDWORK_MIRRORS_FILE": str(mirrors)}
