"""The folders that a person's Jupyter writes to: whether it may, and what is free there."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable
from pathlib import Path

from doctor.facts import Folder, LabProcess, SettingsFile
from doctor.probes.jupyter.files.places import config_dir, data_dir, home, runtime_dir
from doctor.reading.peek import is_folder, is_there

ROOT_TRAITS = ("root_dir", "notebook_dir")


def folders(files: Iterable[SettingsFile], servers: Iterable[LabProcess]) -> tuple[Folder, ...]:
    own = (("config", config_dir()), ("data", data_dir()), ("runtime", runtime_dir()))
    written = [folder(role, path) for role, path in own]
    roots: dict[str, str] = {}
    for file in files:
        for name, value in file.settings.items():
            if (
                name.rpartition(".")[2] in ROOT_TRAITS
                and isinstance(value, str)
                and value not in ("", "computed")
            ):
                roots.setdefault(str(_absolute(value)), file.path)
    for server in servers:
        if server.root_dir:
            roots.setdefault(server.root_dir, f"pid {server.pid}")
    return (*written, *(folder("root_dir", Path(path), by) for path, by in roots.items()))


def _absolute(path: str) -> Path:
    expanded = Path(path).expanduser()
    return expanded if expanded.is_absolute() else home() / expanded


def folder(role: str, path: Path, named_by: str = "") -> Folder:
    """What is known of a folder. One that is not there yet is as writable as the nearest that is."""
    try:
        exists = is_folder(path)
        nearest = next(p for p in (path, *path.parents) if os.path.lexists(p))
        if not is_there(nearest):  # a link to a disk that is gone, or in a circle
            return Folder(
                role=role,
                path=str(path),
                exists=False,
                writable=False,
                in_the_way=str(nearest),
                named_by=named_by,
            )
        room = os.statvfs(nearest)
    except OSError as error:
        return Folder(role=role, path=str(path), exists=False, writable=False, owner=str(error.strerror))
    return Folder(
        role=role,
        path=str(path),
        exists=exists,
        writable=is_folder(nearest) and os.access(nearest, os.W_OK | os.X_OK),
        in_the_way=None if is_folder(nearest) else str(nearest),
        owner=_owner(nearest),
        free_bytes=room.f_bavail * room.f_frsize,
        total_bytes=room.f_blocks * room.f_frsize,
        free_inodes=room.f_favail if room.f_files else None,
        named_by=named_by,
    )


def _owner(path: Path) -> str:
    uid = path.stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
