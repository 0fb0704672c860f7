"""A Hugging Face cache as the real client lays it out, for tests that then break it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.hub.models import WEIGHTS, safetensors

COMMIT = "c" * 40
DATA = bytes(range(256)) * 40
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 548118077\n"
HTML = "<!DOCTYPE html><html><body>Please log in to the network</body></html>"


def fill_cache(hub: Path, repo: str = "org/model") -> Path:
    """One whole model in a cache (HF_HOME/hub); its snapshot."""
    folder = hub / f"models--{repo.replace('/', '--')}"
    snapshot = folder / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)
    (folder / "blobs").mkdir()
    config = json.dumps({"model_type": "test"}).encode()
    git_name = hashlib.sha1(b"blob %d\0" % len(config) + config, usedforsecurity=False).hexdigest()
    weights = safetensors(DATA)
    put(snapshot, "config.json", git_name, config)
    put(snapshot, WEIGHTS, hashlib.sha256(weights).hexdigest(), weights)
    return snapshot


def put(snapshot: Path, name: str, blob: str, content: bytes) -> None:
    (snapshot.parent.parent / "blobs" / blob).write_bytes(content)
    (snapshot / name).symlink_to(f"../../blobs/{blob}")


def blob_of(snapshot: Path, name: str = WEIGHTS) -> Path:
    return (snapshot / name).resolve()
