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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from doctor.probes.hub import repo_folder
from doctor.profile import ModelWant

CHUNK = 1 << 20
_FETCH, _MOVE = "_download_to_tmp_and_move", "_chmod_and_move"  # of huggingface_hub.file_download
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
hashed = 0  # bytes so far; shows that a long check is not a standstill
_lock = threading.Lock()
_refused: set[Path] = set()


class BadBytes(Exception):
    """An endpoint gave other bytes than it, or the manifest, named."""


def install(models: Sequence[ModelWant]) -> None:
    """Check every download of this process, those of these models also against their manifest."""
    from huggingface_hub import file_download

    fetch: Callable[..., None] = getattr(file_download, _FETCH)
    move: Callable[[Path, Path], None] = getattr(file_download, _MOVE)
    by_folder = {repo_folder(Path(), want.id).name: want for want in models}

    def checked_fetch(**request: Any) -> None:
        destination = Path(request["destination_path"])
        want = by_folder.get(destination.parent.parent.name)
        check_offer(request["filename"], destination.name, request["expected_size"], want)
        try:
            fetch(**request)
        except BadBytes as bad:
            raise BadBytes(f"{request['filename']}: {bad}") from None

    def checked_move(source: Path, destination: Path) -> None:
        check_content(Path(source), Path(destination).name)
        move(source, destination)

    setattr(file_download, _FETCH, checked_fetch)
    setattr(file_download, _MOVE, checked_move)


def check_offer(file: str, name: str, size: int | None, want: ModelWant | None) -> None:
    """Before a byte moves. Raises BadBytes when an endpoint offers what cannot be, or is not, the wanted content."""
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", name):
        raise BadBytes(f"{file}: named by {name!r}, which is no hash, so it cannot be checked")
    if want and want.sha256.get(file, name) != name:
        raise BadBytes(f"{file}: offers {name[:12]}…, the manifest says {want.sha256[file][:12]}…")
    if want and want.sizes.get(file, size) != size:
        raise BadBytes(f"{file}: offers {size} bytes, the manifest says {want.sizes[file]}")


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
