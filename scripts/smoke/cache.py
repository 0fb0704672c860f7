"""Is a model completely in the Hugging Face cache? Looks at files only: no network, no import of the Hub client."""

from __future__ import annotations

import json
import os
from pathlib import Path

WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
INPUTS = ("tokenizer.json", "vocab.txt", "vocab.json", "spiece.model", "preprocessor_config.json")
MODEL_PARTS = (("config.json",), WEIGHTS, INPUTS)
BACKBONE_PARTS = (("config.json",), WEIGHTS)


def cache_folder() -> Path:
    """The cache that huggingface_hub would use, by its own rules of precedence."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(variable):
            return Path(os.path.expandvars(os.environ[variable])).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("HF_HOME") or str(Path(cache) / "huggingface")
    return Path(os.path.expandvars(home)).expanduser() / "hub"


def find_revision(model: str, revision: str | None, parts: tuple[tuple[str, ...], ...]) -> str | None:
    """The commit of a complete snapshot of `model`: `revision` if it is there, else the cached main; or None."""
    repo = cache_folder() / f"models--{model.replace('/', '--')}"
    for commit in (revision, _main_commit(repo)):
        if commit and is_complete(repo / "snapshots" / commit, parts):
            return commit
    return None


def size(model: str, revision: str | None) -> int:
    """Bytes of a cached snapshot: what has the name of a model and a tenth of its size is another one."""
    snapshot = cache_folder() / f"models--{model.replace('/', '--')}" / "snapshots" / str(revision)
    return sum(path.stat().st_size for path in snapshot.rglob("*") if path.is_file())


def is_complete(snapshot: Path, parts: tuple[tuple[str, ...], ...]) -> bool:
    """Of every part one file is there, no link dangles, and every shard that an index names is there."""
    if not snapshot.is_dir():
        return False
    # A dangling link means that the download was cut short or that the blobs were deleted.
    if any(not path.exists() for path in snapshot.rglob("*")):
        return False
    if not all(any(_has_bytes(snapshot / name) for name in names) for names in parts):
        return False
    return all(_shards_are_there(index) for index in snapshot.glob("*.index.json"))


def _main_commit(repo: Path) -> str | None:
    ref = repo / "refs" / "main"
    return ref.read_text(encoding="ascii").strip() if ref.is_file() else None


def _has_bytes(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _shards_are_there(index: Path) -> bool:
    try:
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, AttributeError):
        return False
    return all(_has_bytes(index.parent / shard) for shard in shards)
