"""Commands of an environment that was carried over."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.dists import script
from tests.faults.patient import diagnose


@pytest.fixture
def person(course_like: Path, environ: dict[str, str]) -> dict[str, str]:
    for name in ("pip", "jupyter", "hf"):
        script(course_like, name, f"#!{course_like}/bin/python")
    return {**environ, "TARGET": str(course_like)}


def told(person: dict[str, str]) -> list[str]:
    return diagnose(person, "--area", "packages,python").complaints


def test_commands_without_the_mark_of_a_program(person: dict[str, str], course_like: Path) -> None:
    assert told(person) == []
    for name in ("pip", "jupyter", "hf"):
        (course_like / "bin" / name).chmod(0o644)
    assert told(person) == ["scripts-not-runnable"]


def test_commands_that_windows_has_written(person: dict[str, str], course_like: Path) -> None:
    path = course_like / "bin/pip"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert told(person) == ["scripts-not-runnable"]
