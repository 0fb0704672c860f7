"""Where a verified file goes in the Hugging Face cache, and who else may be at it. The bookkeeping is huggingface_hub's."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout
from huggingface_hub import file_download  # what is private of it: the tool environment pins its version

from bootstrap.hub.partial import beginnings
from doctor.probes.hub import repo_folder, snapshot_folder
from doctor.profile import ModelWant

# The client finds out once whether there are links here, and says "yes" to whoever asks meanwhile.
_SHOWING = threading.Lock()
TRIAL = "groundwork-links."  # a folder beside the locks, and the process that tries there


def blob_path(hub: Path, repo: str, content: str) -> Path:
    return repo_folder(hub, repo) / "blobs" / content


def blob_lock(hub: Path, repo: str, content: str) -> FileLock:
    """The lock that every client of the Hub takes while it fetches a blob."""
    path = hub / ".locks" / repo_folder(hub, repo).name / f"{content}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path, thread_local=False)


def find_out_about_links(hub: Path, repos: Iterable[str]) -> None:
    """Tell the client whether there are links here. It would try it in each repository's folder, where a kill leaves its trial."""
    locks = hub / ".locks"
    for path in locks.glob(f"{TRIAL}*"):
        if not psutil.pid_exists(int(path.suffix[1:])):
            shutil.rmtree(path, ignore_errors=True)
    trial = locks / f"{TRIAL}{os.getpid()}"
    with suppress(OSError):  # a disk that is full is told of the file that meets it
        there = file_download.are_symlinks_supported(trial)
        known = {str(repo_folder(hub, repo).resolve()): there for repo in repos}
        file_download._are_symlinks_supported_in_dir.update(known)
    shutil.rmtree(trial, ignore_errors=True)


def show(hub: Path, want: ModelWant, names: tuple[str, ...], blob: Path) -> None:
    """Let the snapshot name a blob: by links, or where the file system has none by the files themselves."""
    for number, name in enumerate(names):
        path = snapshot_folder(hub, want) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with _SHOWING:
            file_download._create_symlink(str(blob), str(path), new_blob=number == len(names) - 1)


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


def clear(hub: Path, repo: str, content: str) -> None:
    """Remove what was begun of a blob that is whole by now, unless somebody is at it."""
    blob = blob_path(hub, repo, content)
    left = beginnings(blob)
    if left and blob.exists():
        try:
            with blob_lock(hub, repo, content).acquire(timeout=0):
                for path in left:
                    path.unlink(missing_ok=True)
        except Timeout:
            return


def is_shown(hub: Path, want: ModelWant, name: str, size: int) -> bool:
    path = snapshot_folder(hub, want) / name
    try:
        return path.stat().st_size == size
    except OSError:
        return False
