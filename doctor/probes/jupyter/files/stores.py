"""What Jupyter keeps in its folders and asks of their file systems: locks for its databases, modes for its secrets."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from doctor.facts import SettingsFile
from doctor.facts.jupyter import Database, LooseModes
from doctor.probes.disk.mounts import MountPoint, carrier, is_network, mounts
from doctor.probes.jupyter.files.places import data_dir, ipython_dir, runtime_dir
from doctor.probes.listing import names_in
from doctor.reading.peek import is_file, is_folder

# Below the data folder; IPython's own is below its profile. The setting that puts each elsewhere.
SIGNATURES, HISTORY = "nbsignatures.db", "profile_default/history.sqlite"
MOVED = {SIGNATURES: "NotebookNotary.db_file", HISTORY: "HistoryManager.hist_file"}
# File systems that keep no modes of their own: what they show is the mount's.
MODELESS = ("cifs", "smb3", "smbfs", "drvfs", "vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk")
LOCAL = re.compile(
    r"\bnolock\b|local_lock=(?:all|posix)|\bnobrl\b"
)  # locks hold on this machine, and need no other
SECRETS = re.compile(r"(?:kernel|jpserver|nbserver)-.*\.json|jupyter_cookie_secret")
SECURE, COUNTED = 0o600, 0o6677  # as jupyter_core looks at it: the owner's x and the sticky bit do not count
LOCK = struct.Struct("hhqqi4x")  # struct flock
PENDING = 0x40000000  # the byte of a database that SQLite locks first


def stores(
    files: Iterable[SettingsFile], environ: Mapping[str, str] = os.environ
) -> tuple[tuple[Database, ...], LooseModes | None]:
    known = mounts()
    insecure = environ.get("JUPYTER_ALLOW_INSECURE_WRITES", "").lower() in ("1", "true")
    return tuple(_databases(files, known)), None if insecure else loose_modes(runtime_dir(), known)


def _databases(files: Iterable[SettingsFile], known: tuple[MountPoint, ...]) -> Iterator[Database]:
    settings = {name for file in files for name in file.settings}
    for name, folder in ((SIGNATURES, data_dir()), (HISTORY, ipython_dir())):
        path = folder / name
        if MOVED[name] in settings or not is_file(path):
            continue
        mount = carrier(path.resolve(), known)
        if is_network(mount.filesystem) and not LOCAL.search(mount.options):
            yield Database(path=str(path), filesystem=mount.filesystem, refused=_refused(path))


def _refused(path: Path) -> str | None:
    """Why no lock can be had on the file. Asking whether one could be had takes none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # not this person's to open
        return None
    try:
        fcntl.fcntl(descriptor, fcntl.F_GETLK, LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, PENDING, 1, 0))
    except OSError as error:
        return error.strerror or str(error)
    finally:
        os.close(descriptor)
    return None


def loose_modes(folder: Path, known: tuple[MountPoint, ...]) -> LooseModes | None:
    """The runtime folder, where what Jupyter keeps secret there is open to others and cannot be closed."""
    if not is_folder(folder):
        return None
    mount = carrier(folder.resolve(), known)
    modeless = mount.filesystem in MODELESS or (mount.filesystem == "9p" and "aname=drvfs" in mount.options)
    if "metadata" in re.split("[,;]", mount.options) or not (modeless or is_network(mount.filesystem)):
        return None
    modes = [
        mode
        for name in names_in(folder)
        if SECRETS.fullmatch(name) and (mode := _mode(folder / name)) is not None
    ]
    if not modes and modeless:
        modes = [said if (said := _of_options(mount.options)) is not None else _mode(folder) or SECURE]
    open_ = [mode for mode in modes if mode & COUNTED != SECURE]
    return LooseModes(folder=str(folder), filesystem=mount.filesystem, mode=open_[0]) if open_ else None


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def _of_options(options: str) -> int | None:
    """The mode of every file there, as the mount says it."""
    if found := re.search(r"\bfile_mode=0?([0-7]{3,4})", options):
        return int(found[1], 8)
    found = re.search(r"\bfmask=0?([0-7]{1,4})", options) or re.search(r"\bumask=0?([0-7]{1,4})", options)
    return 0o777 & ~int(found[1], 8) if found else None
