"""Two repositories, and nothing of the person's own settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.hub.models import make_repo
from tests.hub.server import Repo


@pytest.fixture(autouse=True)
def nothing_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("HF_") or name == "TRANSFORMERS_OFFLINE":
            monkeypatch.delenv(name)


@pytest.fixture
def repos(tmp_path: Path) -> tuple[Repo, ...]:
    return (
        make_repo(tmp_path / "repos", "openai-community/gpt2", aliases=("gpt2",)),
        make_repo(tmp_path / "repos", "org/second"),
    )
