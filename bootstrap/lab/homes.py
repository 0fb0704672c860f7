"""Folders of the person's home that Jupyter's programs make whenever they run, wanted or not."""

from __future__ import annotations

import os
from pathlib import Path

from bootstrap.step import Work


def note_homes(work: Work) -> None:
    """Into the journal, for undo. `npm` is asked by JupyterLab's language servers where it is installed, and keeps a log."""
    for name, default in (
        ("IPYTHONDIR", "~/.ipython"),
        ("JUPYTER_DATA_DIR", "~/.local/share/jupyter"),
        ("", "~/.npm"),
    ):
        work.note("created", str(Path(os.environ.get(name) or default).expanduser()))
