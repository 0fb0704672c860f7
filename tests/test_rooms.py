"""The rules of the rooms (docs/architecture.md), read off the code itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from bootstrap.step import ORDER, load
from doctor.facts import AREAS
from doctor.text import Text
from tests.conftest import ROOT

# What a check must not touch: files, processes, sockets, the clock, the environment.
IMPURE = {
    "os",
    "pathlib",
    "subprocess",
    "socket",
    "time",
    "datetime",
    "httpx",
    "psutil",
    "shutil",
    "tempfile",
}


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", modules("doctor"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_doctor_never_imports_the_writing_room(path: Path) -> None:
    assert not [name for name in imports(path) if name.split(".")[0] == "bootstrap"]


@pytest.mark.parametrize("path", modules("doctor/checks"), ids=lambda path: path.stem)
def test_checks_are_pure(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & IMPURE
    assert "open(" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", modules("scripts"), ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_know_nothing_of_us(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & {"bootstrap", "doctor"}


def test_every_area_has_its_probe_and_its_check() -> None:
    for room, function in (("facts", None), ("probes", "probe"), ("checks", "check")):
        for area in AREAS:
            module = import_module(f"doctor.{room}.{area}")
            assert function is None or callable(getattr(module, function))


@pytest.mark.parametrize("name", ORDER)
def test_every_step_has_the_one_shape(name: str) -> None:
    step = load(name)
    assert name == step.NAME and isinstance(step.TITLE, Text)
    assert set(step.AREAS) <= set(AREAS) and step.AREAS
    before = ORDER[: ORDER.index(name)]
    needed = {*step.AFTER, *(name.partition(":")[0] for name in step.WAITS)}
    assert needed <= set(before), "what it needs comes earlier in the order"
    assert callable(step.cost) and callable(step.changes) and callable(step.run)


def test_no_step_is_forgotten() -> None:
    there = {path.stem for path in modules("bootstrap/steps")} - {"__init__"}
    assert there == set(ORDER)


def test_no_shell_string_and_no_silent_except() -> None:
    for path in (*modules("bootstrap"), *modules("doctor"), *modules("scripts")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "shell":
                pytest.fail(f"{path}:{node.value.lineno}: shell=…")
            if isinstance(node, ast.ExceptHandler) and all(isinstance(n, ast.Pass) for n in node.body):
                pytest.fail(f"{path}:{node.lineno}: an error is passed over in silence")
