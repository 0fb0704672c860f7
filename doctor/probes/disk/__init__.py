"""Disk: for each folder that setup or a program writes to, the mount that carries it and what is free there."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

from doctor.facts import Disk, Place, Unknown
from doctor.facts.disk import Leftovers, Mount, Quota, Silent
from doctor.goal import Goal
from doctor.probes.disk.deleted import deleted_files
from doctor.probes.disk.mounts import DISKS, MountPoint, carrier, is_local_disk, is_network, mounts
from doctor.probes.disk.speed import read_speed
from doctor.probes.patience import PATIENCE, start, within
from doctor.reading.peek import is_folder, is_there, peek_text

NEARLY_FULL = 0.1  # of a disk left: then who holds deleted files open is looked for
SPEED_SECONDS = 6.0  # to measure a disk; one that is dead costs this
SERVED = ("nfs", "nfs4", "lustre")  # whose server counts
COUNTED = ("ext2", "ext3", "ext4")  # all of them are served by ext4
EVERYONE = stat.S_IWOTH | stat.S_IXOTH
MANY = 40  # mounts looked at


def probe(goal: Goal) -> Disk:
    asked = [(role, path, start(place, role, Path(path))) for role, path in folders(goal)]
    said = [(role, path, answer(PATIENCE)) for role, path, answer in asked]
    places = tuple(one for _, _, one in said if isinstance(one, Place))
    return Disk(
        places,
        others=others(places),
        silent=tuple(_silent(role, path, one) for role, path, one in said if isinstance(one, Unknown)),
        deleted=deleted_files(nearly_full(places)),
        quotas=quotas(places) if os.geteuid() else (),  # root is held to none
        leftovers=left_in_shared_memory(places),
        tmpdir=os.environ.get("TMPDIR"),
        read_bytes_per_second=within(read_speed, goal.cache, seconds=SPEED_SECONDS) if goal.deep else None,
    )


def left_in_shared_memory(places: tuple[Place, ...]) -> Leftovers | None:
    shm = next((one for one in places if one.role == "shm"), None)
    if shm is None or shm.free_bytes > NEARLY_FULL * shm.total_bytes:
        return None
    from doctor.probes.disk.segments import leftovers

    return leftovers()


def quotas(places: tuple[Place, ...]) -> tuple[Quota, ...]:
    used = {one.mount for one in places if one.role != "shm"}
    asked = [mount for mount in {one.point: one for one in mounts()}.values() if mount.point in used]
    counted = [mount for mount in asked if "quota" in mount.options or mount.filesystem in SERVED]
    if not counted:
        return ()
    from doctor.probes.disk import quota  # most machines count for nobody

    said = (within(quota.of_mount, mount) for mount in counted if quota.is_kept(mount))
    return tuple(one for each in said if isinstance(each, tuple) for one in each)


def folders(goal: Goal) -> tuple[tuple[str, str], ...]:
    return (
        ("home", goal.home),
        ("environment", goal.prefix),
        ("cache", goal.cache),
        ("root", "/"),
        ("tmp", temporary()),
        ("shm", "/dev/shm"),
        ("notebooks", goal.root_dir),
    )


def temporary() -> str:
    """Where programs put temporary files: TMPDIR when it is a folder, as Python decides, else /tmp."""
    wanted = os.environ.get("TMPDIR", "")
    return wanted if wanted and within(Path(wanted).is_dir) is True else "/tmp"


def place(role: str, path: Path) -> Place:
    """What is known of the mount below `path`, which need not exist yet."""
    existing = next(p for p in (path, *path.parents) if is_there(p))
    room = os.statvfs(existing)
    mount, about = carrier(existing.resolve(), mounts()), existing.stat()
    read_only = bool(room.f_flag & os.ST_RDONLY)
    writable = os.access(existing, os.W_OK | os.X_OK) and not read_only
    return Place(
        role=role,
        path=str(path),
        mount=mount.point,
        filesystem=mount.filesystem,
        free_bytes=room.f_bavail * room.f_frsize,
        total_bytes=room.f_blocks * room.f_frsize,
        free_inodes=room.f_favail if room.f_files else None,
        total_inodes=room.f_files or None,
        writable=writable,
        exists=existing == path,
        read_only=read_only,
        noexec=bool(room.f_flag & os.ST_NOEXEC),
        network=is_network(mount.filesystem),
        lacks=_lacks(role, existing, mount),
        errors=errors_met(about.st_dev, mount) if read_only else None,
        closed=closed(path, about) if role == "tmp" else "",
        name_max=room.f_namemax,
        owner=None if writable else owner(existing),
    )


def errors_met(device: int, mount: MountPoint) -> int | None:
    """By ext4's own count, which stays until the file system is checked; it goes read-only at the first of them.

    Where it is this mount alone that is read-only, somebody wanted it so.
    """
    if mount.filesystem not in COUNTED or "ro" not in mount.options.split(","):
        return None
    name = os.path.realpath(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").rpartition("/")[2]
    said = peek_text(f"/sys/fs/ext4/{name}/errors_count", 100).strip()
    return int(said) if said.isdecimal() else None


def closed(path: Path, seen: os.stat_result) -> str:
    """The mode of the machine's own /tmp where others than root and its group may not write there."""
    fine = str(path) != "/tmp" or seen.st_uid != 0 or seen.st_mode & EVERYONE == EVERYONE
    return "" if fine else f"{stat.S_IMODE(seen.st_mode):04o}"


def _lacks(role: str, folder: Path, mount: MountPoint) -> tuple[str, ...]:
    """Of the disks that models lie on. One that is slow to answer is told of elsewhere."""
    if role not in ("cache", "notebooks") or mount.filesystem in DISKS:
        return ()
    from doctor.probes.disk.abilities import lacks  # most disks can do all

    said = within(lacks, folder, mount.filesystem, mount.options, seconds=1.0)
    return said if isinstance(said, tuple) else ()


def owner(path: Path) -> str:
    user = path.stat().st_uid
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _silent(role: str, path: str, said: Unknown) -> Silent:
    # By the text of the path alone: to resolve it would be to ask again what does not answer.
    return Silent(
        role=role, path=path, filesystem=carrier(Path(path), mounts()).filesystem, reason=said.reason
    )


def others(places: tuple[Place, ...]) -> tuple[Mount, ...]:
    """Local disks that carry none of the folders, and that this user may write to: largest room first."""
    used = {one.mount for one in places}
    rest = [m for m in mounts() if is_local_disk(m) and m.point not in used][:MANY]
    asked = [start(_room, mount) for mount in rest]
    found = [one for answer in asked if isinstance(one := answer(PATIENCE), Mount)]
    return tuple(sorted((m for m in found if m.free_bytes), key=lambda m: -m.free_bytes)[:5])


def _room(mount: MountPoint) -> Mount:
    room = os.statvfs(mount.point)
    writable = is_folder(Path(mount.point)) and os.access(mount.point, os.W_OK | os.X_OK)
    free = 0 if room.f_flag & os.ST_RDONLY or not writable else room.f_bavail * room.f_frsize
    return Mount(path=mount.point, filesystem=mount.filesystem, free_bytes=free)


def nearly_full(places: tuple[Place, ...]) -> frozenset[str]:
    # Of shared memory files are deleted at once by design.
    low = (p for p in places if p.role != "shm" and not p.network)
    return frozenset(p.mount for p in low if p.free_bytes < NEARLY_FULL * p.total_bytes)
