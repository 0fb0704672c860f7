"""The environment that tests of this room break."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def light_env(target_python: str, tmp_path: Path) -> Path:
    """An environment with all that is in the course's, by links: made in a blink. To change a file in it, `own` its folder."""
    theirs = Path(target_python).parent.parent
    site = tmp_path / "env" / next(theirs.glob("lib/python3*/site-packages")).relative_to(theirs)
    site.mkdir(parents=True)
    (tmp_path / "env/bin").mkdir()
    (tmp_path / "env/bin/python").symlink_to(Path(target_python).resolve())
    (tmp_path / "env/pyvenv.cfg").write_bytes((theirs / "pyvenv.cfg").read_bytes())
    for entry in (theirs / site.relative_to(tmp_path / "env")).iterdir():
        (site / entry.name).symlink_to(entry)
    return tmp_path / "env"
