"""Does the content of a cached file have the hash that names it? Reads every byte, so only where it may take its time."""

from __future__ import annotations

import hashlib
import re
import stat
import time
from pathlib import Path

import msgspec

from doctor.facts.hub import Damage
from doctor.reading.peek import is_of_the_disk

PART = 4 << 20


def corrupt_blobs(repo: Path, damage: Damage, until: float) -> Damage:
    """The damage of a repository with its corrupt blobs added, as far as the time reaches."""
    blobs = sorted((repo / "blobs").glob("*"))
    said = {blob: is_corrupt(blob) for blob in blobs if time.monotonic() < until}
    wrong = tuple(blob.name for blob, corrupt in said.items() if corrupt)
    failing = tuple(str(blob) for blob, corrupt in said.items() if corrupt is None)
    return msgspec.structs.replace(damage, corrupt=wrong, failing=failing)


def is_corrupt(blob: Path) -> bool | None:
    """Large files are named by the SHA-256 of their content, small ones by git's SHA-1. Other names say nothing.

    None where the disk cannot give it back.
    """
    try:
        about = blob.stat()
        if not stat.S_ISREG(about.st_mode):
            return False
        if re.fullmatch(r"[0-9a-f]{64}", blob.name):
            return _digest(blob, hashlib.sha256()) != blob.name
        if re.fullmatch(r"[0-9a-f]{40}", blob.name):
            head = hashlib.sha1(b"blob %d\0" % about.st_size, usedforsecurity=False)
            return _digest(blob, head) != blob.name
    except OSError as error:
        return None if is_of_the_disk(error) else False
    return False


def digest(path: Path) -> str:
    """SHA-256 of a file, "" where it cannot be read."""
    try:
        return _digest(path, hashlib.sha256())
    except OSError:
        return ""


def _digest(path: Path, digest: hashlib._Hash) -> str:
    with path.open("rb") as file:
        while part := file.read(PART):
            digest.update(part)
    return digest.hexdigest()
