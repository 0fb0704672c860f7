"""pyvenv.cfg as Python itself reads it, whoever wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from doctor.probes.python.interpreter import sees_system


@pytest.mark.parametrize(
    ("line", "sees"),
    [
        ("include-system-site-packages = true", True),
        ("include-system-site-packages=true", True),
        ("Include-System-Site-Packages = True", True),
        ("include-system-site-packages = false", False),
        ("home = /usr/bin", False),
    ],
)
def test_whether_a_venv_sees_the_system(line: str, sees: bool, tmp_path: Path) -> None:
    (tmp_path / "pyvenv.cfg").write_text(f"{line}\n")
    assert sees_system(tmp_path) is sees


def test_without_a_pyvenv_cfg_it_does_not(tmp_path: Path) -> None:
    assert not sees_system(tmp_path)
