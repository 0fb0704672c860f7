"""The check that huggingface_hub does not make: are the bytes the ones that the hash names?

The client compares sizes only. Here its two last moves are wrapped, so that a file whose content is not what
its name says never takes its place in the cache. Private functions of the client: the tool environment pins
its version, and `install` refuses to go on where they are missing.
"""

from __future__ import annotations

import errno
import hashlib
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

CHUNK = 1 << 20
_FETCH, _MOVE = "_download_to_tmp_and_move", "_chmod_and_move"  # of huggingface_hub.file_download
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
hashed = 0  # bytes so far; shows that a long check is not a standstill
_lock = threading.Lock()
_refused: set[Path] = set()


class BadBytes(Exception):
    """An endpoint gave other bytes than it, or the manifest, named."""


def install(pins: Mapping[str, Mapping[str, str]]) -> None:
    """Check every download of this process. `pins`: SHA-256 by model and file, where the manifest knows it."""
    from huggingface_hub import file_download

    fetch: Callable[..., None] = getattr(file_download, _FETCH)
    move: Callable[[Path, Path], None] = getattr(file_download, _MOVE)
    by_folder = {f"models--{model.replace('/', '--')}": files for model, files in pins.items()}

    def checked_fetch(**request: Any) -> None:
        destination = Path(request["destination_path"])
        check_name(request["filename"], destination.name, by_folder.get(destination.parent.parent.name, {}))
        try:
            fetch(**request)
        except BadBytes as bad:
            raise BadBytes(f"{request['filename']}: {bad}") from None

    def checked_move(source: Path, destination: Path) -> None:
        check_content(Path(source), Path(destination).name)
        move(source, destination)

    setattr(file_download, _FETCH, checked_fetch)
    setattr(file_download, _MOVE, checked_move)


def check_name(file: str, name: str, pins: Mapping[str, str]) -> None:
    """Raises BadBytes when the endpoint names a content by no hash, or by another than the manifest."""
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", name):
        raise BadBytes(f"{file}: named by {name!r}, which is no hash, so it cannot be checked")
    if file in pins and pins[file] != name:
        raise BadBytes(f"{file}: offers {name[:12]}…, the manifest says {pins[file][:12]}…")


def check_content(path: Path, name: str) -> None:
    """Compare a fetched file with the hash that names it. Deletes it and raises BadBytes when they differ."""
    found = content_hash(path, name)
    if found != name:
        with _lock:
            _refused.add(path.parent / name)
        path.unlink()
        raise BadBytes(f"wrong bytes: {name[:12]}… was announced, the content is {found[:12]}…")


def content_hash(path: Path, name: str) -> str:
    """The hash of the kind that `name` is: SHA-256 for large files, git's blob SHA-1 for small ones."""
    global hashed
    digest = hashlib.sha256() if len(name) == 64 else hashlib.sha1(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            with _lock:
                hashed += len(chunk)
    return digest.hexdigest()


def refused(blobs: Path) -> set[str]:
    """Names of the blobs of one folder that were refused in this process."""
    with _lock:
        return {path.name for path in _refused if path.parent == blobs}


def without_queries(text: str) -> str:
    """The text with the query strings of its URLs cut off: they may carry signatures."""
    return re.sub(r"\?[^\s'\")]+", "?…", text)
