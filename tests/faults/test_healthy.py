"""The person's own environment, whole: nothing is held against it."""

from __future__ import annotations

from pathlib import Path

from tests.faults.patient import diagnose


def test_nothing_is_held_against_a_whole_environment(course_env: Path, environ: dict[str, str]) -> None:
    said = diagnose({**environ, "TARGET": str(course_env)})
    assert said.complaints == []
    assert said.code == 0
