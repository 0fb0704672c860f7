"""How much of its quota this user has used: of the kernel for disks of this machine, of the file server's own program for others."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import time
from collections.abc import Iterator

from doctor.facts import Unknown
from doctor.facts.disk import Quota
from doctor.probes.disk.mounts import MountPoint
from doctor.reading.ask import ask

KEPT = ("usrquota", "usrjquota", "uquota", "quota", "grpquota", "grpjquota", "gquota")  # options of a mount
SERVERS = {"nfs": "quota", "nfs4": "quota", "lustre": "lfs"}  # file systems, and who asks their server
QUOTACTL_FD, GET = 443, 0x800007 << 8  # since Linux 5.14; Q_GETQUOTA
USER, GROUP = 0, 1
SECONDS = 2.0
ROW = re.compile(r"(\d+)(\*?)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\d+)(\*?)\s+(\d+)\s+(\d+)\s+(\S+)\s*$")
KIB = 1024


class Block(ctypes.Structure):
    """struct dqblk of quotactl(2): limits in KiB, use in bytes."""

    _fields_ = [
        *((name, ctypes.c_uint64) for name in ("hard", "soft", "now", "files_hard", "files_soft", "files", "grace", "files_grace")),
        ("valid", ctypes.c_uint32),
    ]  # fmt: skip


def is_kept(mount: MountPoint) -> bool:
    """Whether somebody counts, and can be asked."""
    program = SERVERS.get(mount.filesystem)
    return bool(program and shutil.which(program)) or any(
        option.partition("=")[0] in KEPT for option in mount.options.split(",")
    )


def of_mount(mount: MountPoint) -> tuple[Quota, ...]:
    program = SERVERS.get(mount.filesystem)
    return tuple(_of_server(mount, program) if program else _of_kernel(mount))


def _of_kernel(mount: MountPoint) -> Iterator[Quota]:
    libc, block = ctypes.CDLL(None, use_errno=True), Block()
    folder = os.open(mount.point, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for kind, number in ((USER, os.getuid()), (GROUP, os.getgid())):
            if libc.syscall(QUOTACTL_FD, folder, GET | kind, number, ctypes.byref(block)) == 0:
                now = time.time()
                yield Quota(
                    mount=mount.point,
                    used=block.now,
                    most=_most(block.hard, block.soft, block.grace, now) * KIB,
                    files=block.files,
                    files_most=_most(block.files_hard, block.files_soft, block.files_grace, now),
                )
    finally:
        os.close(folder)


def _most(hard: int, soft: int, grace: int, now: float) -> int:
    """The soft limit holds where there is no other, and once its time of grace is over. 0: none."""
    return soft if soft and (not hard or 0 < grace < now) else hard


def _of_server(mount: MountPoint, program: str) -> Iterator[Quota]:
    """Both print the same columns: used, quota, limit, grace, then the same of files; a star stands where it is over."""
    of_lustre = ("lfs", "quota", "-q", "-u", str(os.getuid()), mount.point)
    said = ask(of_lustre if program == "lfs" else ("quota", "-w", "-p"), SECONDS)
    if isinstance(said, Unknown):
        return
    for line in said.stdout.splitlines():
        row = ROW.search(line)
        if row and (program == "lfs" or line.split()[0] == mount.device):
            yield Quota(
                mount=mount.point,
                used=int(row[1]) * KIB,
                most=_said(row[2], row[3], row[4], row[5]) * KIB,
                files=int(row[6]),
                files_most=_said(row[7], row[8], row[9], row[10]),
            )


def _said(over: str, soft: str, hard: str, grace: str) -> int:
    """A time of grace is told as the second in which it ends, or in words while it lasts."""
    lasts = (grace.isdecimal() and int(grace) > time.time()) or re.search(
        r"\d+(?:d|h|m|s|:)", grace
    ) is not None
    return int(soft) if int(soft) and not lasts and (over or not int(hard)) else int(hard)
