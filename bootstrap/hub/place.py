"""Where a verified file goes in the Hugging Face cache, and who else may be at it. The bookkeeping is huggingface_hub's."""

from __future__ import annotations

import threading
from pathlib import Path

from filelock import FileLock

from doctor.probes.hub import repo_folder, snapshot_folder
from doctor.profile import ModelWant

# The client finds out once whether there are links here, and says "yes" to whoever asks meanwhile.
_SHOWING = threading.Lock()


def blob_path(hub: Path, want: ModelWant, content: str) -> Path:
    return repo_folder(hub, want.id) / "blobs" / content


def blob_lock(hub: Path, want: ModelWant, content: str) -> FileLock:
    """The lock that every client of the Hub takes while it fetches a blob."""
    path = hub / ".locks" / repo_folder(hub, want.id).name / f"{content}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path, thread_local=False)


def show(hub: Path, want: ModelWant, names: tuple[str, ...], blob: Path) -> None:
    """Let the snapshot name a blob: by links, or where the file system has none by the files themselves."""
    from huggingface_hub.file_download import (
        _create_symlink,  # private; the tool environment pins its version
    )

    for number, name in enumerate(names):
        path = snapshot_folder(hub, want) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with _SHOWING:
            _create_symlink(str(blob), str(path), new_blob=number == len(names) - 1)


def has_blob(blob: Path, size: int) -> bool:
    """Whether the content is there. One of another size was cut short by somebody, and goes."""
    try:
        found = blob.stat().st_size
    except OSError:
        blob.unlink(missing_ok=True)  # a link to nowhere
        return False
    if found != size:
        blob.unlink()
    return found == size


def is_shown(hub: Path, want: ModelWant, name: str, size: int) -> bool:
    path = snapshot_folder(hub, want) / name
    try:
        return path.stat().st_size == size
    except OSError:
        return False
