"""What programs need of a disk beside room: that files can be locked, and mapped into memory. Nothing is written."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

# They can do both, so that nothing has to be tried.
COMPLETE = frozenset(
    ("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay", "tmpfs", "bcachefs", "jfs", "ramfs", "virtiofs", "vfat", "exfat")
)  # fmt: skip
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
NO_MAPS = (errno.ENODEV, errno.EOPNOTSUPP, errno.ENOSYS)
LOOKED_AT = 300  # entries, until a file with something in it is found
PARTS = ("hub/models--*/snapshots/*/*", "hub/*/*/*", "*/*", "*")


def lacks(folder: Path, filesystem: str, options: str) -> tuple[str, ...]:
    """ "locks" and "maps", as far as they cannot be had there; "private maps" where there is no map of any kind."""
    if filesystem in COMPLETE:
        return ()
    # Lustre says it in its table of mounts: without this option there are no locks.
    unlocked = filesystem == "lustre" and not {"flock", "localflock"} & set(options.split(","))
    file = next(_files(folder), None)
    if file is None:
        return ("locks",) if unlocked else ()
    shared, own = _maps(file, mmap.MAP_SHARED), _maps(file, mmap.MAP_PRIVATE)
    return (
        *(("locks",) if unlocked or _fails_to_lock(file) else ()),
        *(() if shared and own else ("maps",)),
        *(() if own else ("private maps",)),
    )


def _files(folder: Path) -> Iterator[str]:
    for part in PARTS:
        for path in islice(folder.glob(part), LOOKED_AT):
            if path.is_file() and path.stat().st_size and os.access(path, os.R_OK):
                yield str(path)


def _fails_to_lock(file: str) -> bool:
    """A shared lock, which waits for nobody and is given back at once."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in NO_LOCKS
    finally:
        os.close(descriptor)
    return False


def _maps(file: str, kind: int) -> bool:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        mmap.mmap(descriptor, 1, kind, mmap.PROT_READ).close()
    except OSError as error:
        return error.errno not in NO_MAPS
    finally:
        os.close(descriptor)
    return True
