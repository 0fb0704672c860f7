"""The files that RECORD lists: are they there, of their size, readable, and whose.

16 000 files in 50 ms: one stat each, no hash but of the libraries, and those only when asked. This is most of what the
doctor does at all, so the loop is written for speed. Reading the end of every module would take as long once more, so deep in
a package only suspects are read: those written after RECORD, which installers write last, and those of which the disk
keeps nothing. Once one file proves blank, all are read: a power failure seldom takes one alone.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec

from doctor.facts import Damage
from doctor.probes import apart
from doctor.probes.packages.metadata import Dist
from doctor.probes.packages.records import DEEP, LIBRARY, OTHER, Records, Row
from doctor.reading.peek import fails, is_of_the_disk

SECONDS = 2.0  # for all of it; a network disk may take minutes
KEPT = 5
MIXED = 10  # files of one distribution that differ: more than one edits by hand
BLOCK = 4096  # what a disk writes at a time
READABLE = stat.S_IRUSR
FFMPEG = "ffmpeg/__init__.py"
CERTIFICATES = "certifi/cacert.pem"  # companies add their own authority to it
SUSPECTS = 300  # read at most: in a copied environment all files are later than RECORD, and nothing is wrong
BROKEN_PART = 1_000_000  # a Python file larger than this is not read to see whether it is one


class Recorded(msgspec.Struct, frozen=True):
    """What the files say of all distributions."""

    damaged: tuple[Damage, ...] = ()
    edited: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    root_owned: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    ffmpeg_owners: tuple[str, ...] = ()
    mixed: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()


LookAt = Callable[[Sequence[Dist]], "Seen"]


def check(dists: Sequence[Dist], site: Path, deep: bool = False) -> Recorded:
    """Look at every file of every distribution, as long as time allows."""
    return begin(dists, site, deep)()


def begin(dists: Sequence[Dist], site: Path, deep: bool = False) -> Callable[[], Recorded]:
    """The same, a part of it by a process of its own from now on, where there is a processor for it."""
    records, seconds = Records(dists, site), SECONDS * (30 if deep else 1)
    look = partial(_look_at, records, seconds, deep)
    _, second = records.parts()
    other = apart.start("packages", partial(look, second), seconds, Seen) if apart.possible() else None
    return partial(_finish, records, look, other)


def _finish(records: Records, look: LookAt, other: apart.Waiting | None) -> Recorded:
    seen = _look_at_all(records, look, other).looks
    found = [(dist, seen[dist.folder]) for dist in records.dists if dist.folder in seen]
    return Recorded(
        damaged=tuple(
            Damage(name=d.name, version=d.version, files=tuple(sorted(look.bad)[:KEPT]), count=len(look.bad))
            for d, look in found
            if look.bad
        ),
        edited=tuple(path for _, look in found if not look.is_mixed for path in look.edited)[:KEPT],
        mixed=tuple(f"{d.name} {d.version}: {len(look.edited)}" for d, look in found if look.is_mixed),
        unchecked=tuple(d.name for d in records.dists if d.folder not in seen),
        root_owned=tuple(d.name for d, look in found if look.of_root),
        closed=tuple(path for _, look in found for path in look.closed)[:KEPT],
        ffmpeg_owners=records.owners_of(FFMPEG),
        failing=(
            *(path for path in records.silent() if fails(records.site / path)),
            *(path for _, look in found for path in look.failing),
        )[:KEPT],
    )


def _look_at_all(records: Records, look: LookAt, other: apart.Waiting | None) -> Seen:
    if other is None:
        return look(records.dists)
    first, second = records.parts()
    seen, said = look(first), other()
    left = said if isinstance(said, Seen) else look(second)
    return Seen({**seen.looks, **left.looks})


def _look_at(records: Records, seconds: float, deep: bool, dists: Sequence[Dist]) -> Seen:
    until = time.monotonic() + seconds
    seen = _look_at_each(records, until, dists, all_of_it=deep)
    if any(look.blank for look in seen.values()) and not deep:
        seen |= _look_at_each(records, until, dists, all_of_it=True)
    for dist in dists if deep else ():
        if dist.folder in seen and time.monotonic() < until:
            _compare(dist, records, seen[dist.folder])
    return Seen(seen)


def _look_at_each(
    records: Records, until: float, dists: Sequence[Dist], *, all_of_it: bool
) -> dict[str, Look]:
    seen: dict[str, Look] = {}
    owner, left = _owner(records.site), SUSPECTS
    with _opened(records.site) as folder:
        for dist in dists:
            if time.monotonic() > until:
                break
            installed = None if all_of_it else _written(f"{dist.folder}/RECORD", records, folder)
            seen[dist.folder] = look = _look(records.rows(dist), records, folder, owner, installed, left)
            left -= look.suspects
    return seen


@contextmanager
def _opened(site: Path) -> Iterator[int | None]:
    """The folder as a descriptor: the kernel need not walk its long path for every file."""
    try:
        folder = os.open(site, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        yield folder
    finally:
        os.close(folder)


class Look(msgspec.Struct):
    """What the files of one distribution show."""

    bad: list[str] = []
    edited: list[str] = []
    closed: list[str] = []
    of_root: bool = False
    failing: list[str] = []
    blank: bool = False
    suspects: int = 0  # deep in a package, and read

    @property
    def is_mixed(self) -> bool:
        """Many other files, the start of a package among them: not somebody's edit, but another release."""
        return len(self.edited) >= MIXED and any(path.endswith("__init__.py") for path in self.edited)


class Seen(msgspec.Struct, frozen=True, tag="seen"):
    """What was seen in time, by the folder of the distribution's metadata."""

    looks: dict[str, Look]


def _look(
    rows: Sequence[Row],
    records: Records,
    folder: int | None,
    owner: int,
    installed: float | None,
    suspects: int,
) -> Look:
    """`installed`: when RECORD was written, None where all modules are to be read; `suspects`: how many at most else."""
    look, base, ask = Look(), str(records.site), os.stat
    for path, size, kind in rows:
        try:
            status = ask(path if folder is not None else f"{base}/{path}", dir_fd=folder)
        except (OSError, ValueError) as error:
            (look.failing if is_of_the_disk(error) else look.bad).append(path)
            continue
        if status.st_uid != owner or not status.st_mode & READABLE:
            _note_owner(look, path, status, owner)
        if status.st_size != size:
            known = records.sizes[path]
            if status.st_size not in known and -1 not in known:
                _note_size(look, path, status.st_size, base)
                continue
        if kind == DEEP and installed is not None:
            if status.st_mtime <= installed and (status.st_blocks or not size):
                continue
            if look.suspects == suspects:
                continue
            look.suspects += 1
        elif kind == OTHER:
            continue
        blank = _is_blank(path if folder is not None else f"{base}/{path}", status.st_size, folder)
        if blank is None:
            look.failing.append(path)
        elif blank:
            look.bad.append(path)
            look.blank = True
    return look


def _is_blank(path: str, size: int, folder: int | None) -> bool | None:
    """Zeros at the end, which neither text nor modules have: the machine went down before the content was on the disk.

    None where the disk cannot give it back.
    """
    is_library = path.endswith(LIBRARY)
    tail = min(size, BLOCK if is_library else 64)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return False
    try:
        if not tail or any(os.pread(descriptor, tail, size - tail)):
            return False
        # Programs of a Mac end in zeros; what lost its content to the disk has lost its head as well, or is ELF.
        return not is_library or os.pread(descriptor, 4, 0) in (b"\x7fELF", bytes(4))
    except OSError as error:
        return None if is_of_the_disk(error) else False
    finally:
        os.close(descriptor)


def _compare(dist: Dist, records: Records, look: Look) -> None:
    """Libraries of the right size whose bytes are not those that RECORD states. A path with two owners is not judged."""
    for path, said in records.digests(dist).items():
        if path in look.bad or path in look.failing or len(records.sizes[path]) != 1:
            continue
        try:
            if not _same(f"{records.site}/{path}", said):
                look.bad.append(path)
        except OSError as error:
            (look.failing if is_of_the_disk(error) else look.bad).append(path)


def _note_owner(look: Look, path: str, status: os.stat_result, owner: int) -> None:
    """Files of root among those of somebody else, and files that their reader cannot open."""
    if status.st_uid == 0 and owner != 0:
        look.of_root = True
    mine = status.st_uid == owner
    if not status.st_mode & (stat.S_IRUSR if mine else stat.S_IROTH | stat.S_IRGRP):
        look.closed.append(path)


def _note_size(look: Look, path: str, size: int, base: str) -> None:
    """Another size is damage, unless somebody edited a Python file and it still is one."""
    if path.endswith(".py") and 0 < size < BROKEN_PART and _is_python(f"{base}/{path}"):
        look.edited.append(path)
    elif path.endswith(".py") or ".so" in path or size == 0:
        look.bad.append(path)
    elif not path.endswith(CERTIFICATES):
        look.edited.append(path)


def _is_python(path: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OSError):
        return False
    return True


def _same(path: str, wanted: str) -> bool:
    """Whether a file has the SHA-256 that RECORD states; any other statement is not judged."""
    name, _, value = wanted.partition("=")
    if name != "sha256":
        return True
    with Path(path).open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode() == value


def _written(path: str, records: Records, folder: int | None) -> float:
    """When a file was last written; 0 where it is not there."""
    try:
        return os.stat(path if folder is not None else f"{records.site}/{path}", dir_fd=folder).st_mtime
    except OSError:
        return 0.0


def _owner(site: Path) -> int:
    try:
        return site.stat().st_uid
    except OSError:
        return 0
