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


def activated(person: dict[str, str], prefix: Path, before: str = "") -> dict[str, str]:
    return {**person, "VIRTUAL_ENV": str(prefix), "PATH": f"{before}{prefix}/bin:{person['PATH']}"}


def test_an_alias_over_the_activated_environment(
    person: dict[str, str], course_like: Path, home: Path
) -> None:
    aliases = home / ".bashrc"
    aliases.write_text(
        f"alias ll='ls -l'\nalias pip='python -m pip'\nalias python={course_like}/bin/python\n"
    )
    assert told(activated(person, course_like)) == []
    aliases.write_text("alias ll='ls -l'\nalias python=/usr/bin/python3.9\n")
    assert told(person) == []  # it is not activated: who knows what they type
    assert told(activated(person, course_like)) == ["another-python-first"]


def test_another_python_before_the_activated_environment(
    person: dict[str, str], course_like: Path, tmp_path: Path
) -> None:
    other = tmp_path / "conda/bin"
    other.mkdir(parents=True)
    (other / "python").symlink_to("/usr/bin/env")
    assert told(activated(person, course_like, f"{other}:")) == ["another-python-first"]
