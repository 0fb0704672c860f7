"""The smoke test's modules, taken from scripts/ as the environment's own Python would, and what several tests make of them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))
audio, cache, common, messages, runner, table, text, vision = (
    importlib.import_module(f"smoke.{name}")
    for name in ("audio", "cache", "common", "messages", "runner", "table", "text", "vision")
)
SAY = messages.speaker("en")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def make_bench(work: Path, task: str = "ner", real: bool = True) -> Any:
    return common.Bench(task, "acme/model", None, real, "cpu", work, SAY)


def fake_torch(monkeypatch: pytest.MonkeyPatch, devices: int, cuda: str | None) -> None:
    gpu = SimpleNamespace(is_available=lambda: devices > 0, device_count=lambda: devices)
    version = SimpleNamespace(cuda=cuda, hip=None)
    monkeypatch.setitem(
        sys.modules, "torch", SimpleNamespace(cuda=gpu, version=version, __version__="2.13.0")
    )
