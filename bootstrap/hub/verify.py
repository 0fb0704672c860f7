"""The checks that huggingface_hub does not make: is it what the manifest names, and are the bytes what the hash names?"""

from __future__ import annotations

import re
from pathlib import Path

from bootstrap.hub.partial import BLOCK, start_digest
from doctor.goal.profile import ModelWant


class BadBytes(Exception):
    """An endpoint gave other bytes than it, or the manifest, named."""


def check_offer(file: str, name: str, size: int | None, want: ModelWant | None) -> None:
    """Before a byte moves. Raises BadBytes when an endpoint offers what cannot be, or is not, the wanted content."""
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", name):
        raise BadBytes(f"{file}: named by {name!r}, which is no hash, so it cannot be checked")
    if want and want.sha256.get(file, name) != name:
        raise BadBytes(f"{file}: offers {name[:12]}…, the manifest says {want.sha256[file][:12]}…")
    if want and want.sizes.get(file, size) != size:
        raise BadBytes(f"{file}: offers {size} bytes, the manifest says {want.sizes[file]}")


def content_hash(path: Path, name: str) -> str:
    """The hash of the kind that `name` is: SHA-256 for large files, git's blob SHA-1 for small ones."""
    digest = start_digest(name, path.stat().st_size)
    with path.open("rb") as file:
        while chunk := file.read(BLOCK):
            digest.update(chunk)
    return digest.hexdigest()
