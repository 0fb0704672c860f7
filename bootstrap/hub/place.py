"""Where a verified file goes in the Hugging Face cache, and who else may be at it. The layout is the client's.

The client itself has nothing for it but private parts, and to load them costs as much as all else that fetches.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from bootstrap.hub.partial import beginnings
from doctor.goal.profile import ModelWant
from doctor.probes.hub import repo_folder, snapshot_folder

# Of what may come of making a link, this alone does not say that there are none here.
FULL = (errno.ENOSPC, errno.EDQUOT)


def blob_path(hub: Path, repo: str, content: str) -> Path:
    return repo_folder(hub, repo) / "blobs" / content


def blob_lock(hub: Path, repo: str, content: str) -> FileLock:
    """The lock that every client of the Hub takes while it fetches a blob."""
    path = hub / ".locks" / repo_folder(hub, repo).name / f"{content}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path, thread_local=False)


def show(hub: Path, want: ModelWant, names: tuple[str, ...], blob: Path) -> None:
    """Let the snapshot name a blob: by links, or where the file system has none by the files themselves."""
    for number, name in enumerate(names):
        path = snapshot_folder(hub, want) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        try:
            path.symlink_to(os.path.relpath(blob, path.parent))
        except FileExistsError:  # another client is as far with the same file
            continue
        except OSError as error:
            if error.errno in FULL:
                raise
            _put(blob, path, last=number == len(names) - 1)


def _put(blob: Path, path: Path, *, last: bool) -> None:
    """The content itself, under its name in one step: half of a copy would have the name of the whole."""
    if last:
        blob.replace(path)
        return
    beside = path.with_name(f".{path.name}.part")
    try:
        shutil.copyfile(blob, beside)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


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
