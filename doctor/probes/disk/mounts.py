"""The mounts that this process sees, read from the kernel's table; none of them is touched."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

# Another machine, or a program, answers for these. Parallel filesystems made for large files are not among them.
NETWORK = (
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "drvfs",
    "afs",
    "ncpfs",
    "glusterfs",
    "ceph",
    "davfs",
)
FAST_FUSE = ("fuse.fuse-overlayfs", "fuse.lxcfs", "fuse.mergerfs", "fuse.gpfs", "fuse.wekafs", "fuse.lustre")
DISKS = ("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay", "bcachefs", "jfs", "virtiofs")
SYSTEM = ("/boot", "/etc", "/proc", "/sys", "/dev", "/run", "/snap", "/usr", "/var/lib/docker")


class MountPoint(msgspec.Struct, frozen=True):
    point: str
    filesystem: str
    options: str = ""  # of the file system itself
    device: str = ""  # what is mounted: /dev/sda1, server:/home


def mounts(table: Path = Path("/proc/self/mountinfo")) -> tuple[MountPoint, ...]:
    """In the order of mounting: what comes later lies over what came before."""
    try:
        lines = table.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ()
    parts = ((line.split(), line.partition(" - ")[2].split()) for line in lines)
    return tuple(
        MountPoint(_plain(left[4]), right[0], " ".join(right[2:]), _plain("".join(right[1:2])))
        for left, right in parts
        if len(left) > 4 and right
    )


def carrier(path: Path, known: tuple[MountPoint, ...]) -> MountPoint:
    """The mount that carries a path without links in it."""
    by_point = {mount.point: mount for mount in known}
    found = (by_point[str(p)] for p in (path, *path.parents) if str(p) in by_point)
    return next(found, MountPoint("/", "unknown"))


def is_network(filesystem: str) -> bool:
    return filesystem in NETWORK or (filesystem.split(".")[0] == "fuse" and filesystem not in FAST_FUSE)


def is_local_disk(mount: MountPoint) -> bool:
    return mount.filesystem in DISKS and not f"{mount.point}/".startswith(tuple(f"{s}/" for s in SYSTEM))


def _plain(escaped: str) -> str:
    """Blanks and backslashes come as octal numbers."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), escaped)
