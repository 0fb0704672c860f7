"""Folders beside the notebooks that bear the name of a wanted model: transformers opens them instead of asking the Hub."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from doctor.goal import Goal
from doctor.probes.listing import names_in, shown
from doctor.reading.peek import is_file, is_folder

MODEL = (
    "config.json",
    "model_index.json",
    "preprocessor_config.json",
    "adapter_config.json",
)  # then it is one, and meant
FOLDERS, ENTRIES = 100, 500  # below the notebooks' folder, and of each


def hiding(goal: Goal) -> tuple[str, ...]:
    """Such folders that hold no model, as "FOLDER"; a notebook's own folder is where its kernel looks first."""
    names = [name for model in goal.models for name in (model.id, *model.aliases)]
    found = (
        place / name for place in _places(Path(goal.root_dir)) for name in names if is_folder(place / name)
    )
    return tuple(shown(path) for path in found if not any(is_file(path / part) for part in MODEL))


def _places(root: Path) -> Iterator[Path]:
    yield root
    below = (root / name for name in names_in(root) if not name.startswith("."))
    yield from (path for path in islice(below, FOLDERS) if _has_notebook(path))


def _has_notebook(folder: Path) -> bool:
    """Looked for among the first entries: a folder of data may have a million."""
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.endswith(".ipynb") for entry in islice(entries, ENTRIES))
    except OSError:
        return False
