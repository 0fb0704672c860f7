"""Facts of the folders that the course writes to."""

from __future__ import annotations

import msgspec

from doctor.facts.unknown import Unknown


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One folder that setup or a program writes to, and the mount that carries it."""

    role: str  # home, environment, cache; root, tmp, shm, notebooks
    path: str
    mount: str
    filesystem: str
    free_bytes: int
    total_bytes: int
    free_inodes: int | None  # None where the filesystem has no fixed number
    writable: bool
    total_inodes: int | None = None
    exists: bool = True
    read_only: bool = False  # the mount, not the permissions
    noexec: bool = False
    network: bool = False  # another machine, or a program, answers for it
    lacks: tuple[str, ...] = ()  # "locks", "maps", "private maps": what files there cannot have
    errors: int | None = (
        None  # that the kernel has met on a file system which is read-only; None: it keeps no count
    )
    closed: str = ""  # mode of /tmp where only some may write there
    name_max: int = 0  # letters that a file's name may have; 0 where it is not known
    owner: str | None = None  # of the folder that cannot be written to


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """Another disk of this machine that could hold models."""

    path: str
    filesystem: str
    free_bytes: int


class DeletedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was deleted while a process has it open: its room comes back when the process ends."""

    pid: int
    name: str  # of the process
    bytes: int
    mount: str


class Leftovers(msgspec.Struct, frozen=True, kw_only=True):
    """Segments in shared memory that no process here has mapped or open."""

    count: int
    bytes: int
    names: tuple[str, ...]  # some of them
    patterns: tuple[str, ...]  # that match them all, for `find -name`


class Silent(msgspec.Struct, frozen=True, kw_only=True):
    """A folder whose filesystem gave no answer in time."""

    role: str
    path: str
    filesystem: str
    reason: str


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """What this user, or their group, has used of what they may use of one file system; most of 0: no limit."""

    mount: str
    used: int  # bytes
    most: int
    files: int = 0
    files_most: int = 0


class Disk(msgspec.Struct, frozen=True, tag="disk"):
    places: tuple[Place, ...]
    others: tuple[Mount, ...] = ()
    silent: tuple[Silent, ...] = ()
    deleted: tuple[DeletedFile, ...] = ()  # looked for only where a disk is nearly full
    quotas: tuple[Quota, ...] = ()  # asked for only where somebody counts
    leftovers: Leftovers | None = None  # looked for only where shared memory is nearly full
    tmpdir: str | None = None  # TMPDIR when it is set
    read_bytes_per_second: float | Unknown | None = None  # of the cache's disk, only where deep
