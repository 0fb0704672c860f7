"""Commands that `pip install --user` put where the shell does not look for them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from doctor.probes.listing import names_in

# Of libraries of this field; other programs in that folder are not ours to speak of.
NAMES = frozenset(
    (
        "hf", "huggingface-cli", "transformers-cli", "transformers", "datasets-cli", "accelerate", "torchrun", "jupyter",
        "jupyter-lab", "jupyter-notebook", "ipython", "trl", "evaluate-cli", "tensorboard", "wandb", "gradio", "vllm",
        "deepspeed", "streamlit", "modelscope", "pip", "pip3", "uv",
    )
)  # fmt: skip


def off_path(environ: Mapping[str, str]) -> dict[str, Any]:
    """The folder and those of its commands that are found nowhere else either; nothing where PATH names it."""
    folder = Path(environ.get("PYTHONUSERBASE") or "~/.local").expanduser() / "bin"
    path = environ.get("PATH", os.defpath)
    if os.path.realpath(folder) in map(os.path.realpath, path.split(os.pathsep)):
        return {}
    names = sorted(name for name in NAMES & set(names_in(folder)) if os.access(folder / name, os.X_OK))
    lost = tuple(name for name in names if shutil.which(name, path=path) is None)
    return {"off_path": lost, "user_bin": str(folder)} if lost else {}
