"""Conda's package caches: room, what is damaged in them, and who holds a lock there."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil

from doctor.facts import CondaLock, PackageCache, Unknown
from doctor.probes.conda.condarc import Condarc
from doctor.reading.peek import is_file, is_folder, peek

LARGEST = 64_000_000  # bytes of a list of files
SECONDS = 0.2  # for looking into packages
MOST_NAMED = 5
EMPTY_ZIP = b"PK\x05\x06"  # begins the record at the end of every whole .conda file
TAIL = 66_000  # bytes in which that record must begin
LOCK = re.compile(
    r"^\d+: (?:POSIX|OFDLCK|FLOCK)\s+\S+\s+WRITE (\d+) ([0-9a-f]+):([0-9a-f]+):(\d+)", re.MULTILINE
)


class Listed(msgspec.Struct):
    path: str = msgspec.field(name="_path")


class Paths(msgspec.Struct):
    """info/paths.json of a package: what must be unpacked of it."""

    paths: list[Listed] = []


def caches(said: Condarc, root: str | None) -> tuple[PackageCache, ...]:
    """The caches that conda would use, the first writable one first in its eyes."""
    named = said.strings("pkgs_dirs")
    usual = [f"{root}/pkgs", "~/.conda/pkgs"] if root else []
    places = [Path(place).expanduser() for place in (named or usual)]
    until = time.monotonic() + SECONDS
    return tuple(cache(place, until) for place in dict.fromkeys(places))


def cache(path: Path, until: float) -> PackageCache:
    existing = next(p for p in (path, *path.parents) if os.path.lexists(p) and is_folder(p))
    stat = os.statvfs(existing)
    return PackageCache(
        path=str(path),
        exists=is_folder(path),
        writable=os.access(existing, os.W_OK | os.X_OK),
        free_bytes=stat.f_bavail * stat.f_frsize,
        free_inodes=stat.f_favail if stat.f_files else None,
        corrupt=tuple(_corrupt(path, until)) if is_folder(path) else (),
    )


def _corrupt(path: Path, until: float) -> Iterator[tuple[str, str]]:
    """Packages that conda takes for whole, but that are not. One without its own description conda unpacks again."""
    count = 0
    for entry in _entries(path):
        wrong = _wrong_with(entry)
        if wrong:
            yield entry.name, wrong
            count += 1
        if count == MOST_NAMED or time.monotonic() > until:
            return


def _entries(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _wrong_with(entry: os.DirEntry[str]) -> str | None:
    if entry.name.endswith(".conda") and not is_folder(Path(entry.path.removesuffix(".conda"))):
        return "the archive is cut short" if _cut_short(entry) else None
    if not entry.is_dir() or not is_file(Path(entry.path, "info", "index.json")):
        return None
    try:
        listed = msgspec.json.decode(peek(f"{entry.path}/info/paths.json", LARGEST) or b"", type=Paths).paths
    except ValueError:
        return None
    missing = [item.path for item in listed if not os.path.lexists(f"{entry.path}/{item.path}")]
    return f"{len(missing)} of {len(listed)} files are missing, such as {missing[0]}" if missing else None


def _cut_short(entry: os.DirEntry[str]) -> bool:
    tail = peek(entry.path, TAIL, end=True)
    return tail is not None and EMPTY_ZIP not in tail


def locks(places: tuple[PackageCache, ...]) -> tuple[CondaLock, ...] | Unknown:
    """Who holds a file of a cache locked, as the kernel has it. A lock file that nobody holds is nothing."""
    lockable = tuple(_lockable(places))
    held = peek("/proc/locks") if lockable else b""  # the kernel takes its time for this table
    if held is None:
        return Unknown("/proc/locks cannot be read")
    wanted = {(int(inode)): int(pid) for pid, _, _, inode in LOCK.findall(held.decode("ascii", "replace"))}
    found = (lock(wanted[inode], path) for path, inode in lockable if inode in wanted)
    return tuple(one for one in found if one)


def _lockable(places: tuple[PackageCache, ...]) -> Iterator[tuple[str, int]]:
    """Files that conda and mamba lock: the cached lists of packages, and `*.lock`."""
    for place in places:
        for folder in (Path(place.path), Path(place.path, "cache")):
            for entry in _entries(folder):
                if entry.name.endswith((".json", ".lock", ".state.json")) and entry.is_file():
                    yield entry.path, entry.inode()


def lock(pid: int, path: str) -> CondaLock | None:
    """The holder, if it really has that file open: another filesystem may have the same inode number."""
    try:
        process = psutil.Process(pid)
        if path not in {file.path for file in process.open_files()}:
            return None
        return CondaLock(
            pid=pid,
            command=" ".join(Path(word).name for word in process.cmdline()[:3]),
            path=path,
            minutes=int((time.time() - process.create_time()) / 60),
            stopped=process.status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP),
        )
    except psutil.Error:
        return None
