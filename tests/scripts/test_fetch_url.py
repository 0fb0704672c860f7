"""scripts/fetch_url.py by itself: stage 0's client where there is neither curl nor wget."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.conda_host.server import Host, serving
from tests.conftest import ROOT


@pytest.fixture
def fetch_url(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("fetch_url", ROOT / "scripts" / "fetch_url.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "WINDOW", 0.5)
    return module


def test_a_host_that_drips_is_left_and_what_came_is_kept(fetch_url: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "file"
    with serving(Host({"/file": b"x" * 1000}, drip=0.02)) as host:
        with pytest.raises(ValueError, match="too slow"):
            fetch_url.download(f"{host.url}/file", file)
        came = file.stat().st_size
        assert 0 < came < 1000
        host.drip = 0.0
        fetch_url.download(f"{host.url}/file", file)
    assert file.read_bytes() == b"x" * 1000
    assert host.requests[-1] == ("/file", f"bytes={came}-")
