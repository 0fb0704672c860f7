"""The files that RECORD lists: are they there, of their size, readable, and whose.

33 000 files in a quarter of a second: one lstat each, no hash but of the libraries, and those only when asked.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import stat
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from doctor.facts import Damage
from doctor.peek import peek_text
from doctor.probes.packages.metadata import Dist

SECONDS = 2.0  # for all of it; a network disk may take minutes
KEPT = 5
MIXED = 10  # files of one distribution that differ: more than one edits by hand
BLOCK = 4096  # what a disk writes at a time
LONGEST = 20_000_000  # bytes of one RECORD
# What nobody misses at run time: images of containers are slimmed by removing it. virtualenv lists folders, too.
IDLE = re.compile(
    r"\.(?:py[cidx]|pxd|h|hpp|cuh|c|cc|cpp|a|lib|exe|md|rst|txt|map|cmake|typed),"
    r"|^(?:\.\./|/)|__pycache__[/,]|/tests?/|\.dist-info/|/docs/|/examples/|/include/"
)
LIBRARY = ".so"
CERTIFICATES = "certifi/cacert.pem"  # companies add their own authority to it
FFMPEG = "ffmpeg/__init__.py"
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


class Row(msgspec.Struct, frozen=True):
    """One line of RECORD that is worth a look."""

    path: str
    size: int  # -1 where RECORD does not say
    digest: str


def check(dists: Sequence[Dist], site: Path, deep: bool = False) -> Recorded:
    """Look at every file of every distribution, as long as time allows."""
    rows = [(d, list(_rows(site / d.folder / "RECORD"))) for d in dists if d.whole and not d.editable]
    sizes: dict[str, set[int]] = {}
    for row in (row for _, listed in rows for row in listed):
        sizes.setdefault(row.path, set()).add(row.size)  # two distributions may own one path
    owner = _owner(site)
    until = time.monotonic() + SECONDS * (30 if deep else 1)
    found, late = [], []
    for dist, listed in rows:
        if time.monotonic() > until:
            late.append(dist.name)
        elif listed:
            found.append((dist, _look(listed, site, sizes, owner, deep)))
    return Recorded(
        damaged=tuple(
            Damage(name=d.name, version=d.version, files=tuple(sorted(look.bad)[:KEPT]), count=len(look.bad))
            for d, look in found
            if look.bad
        ),
        edited=tuple(path for _, look in found if not look.is_mixed for path in look.edited)[:KEPT],
        mixed=tuple(f"{d.name} {d.version}: {len(look.edited)}" for d, look in found if look.is_mixed),
        unchecked=tuple(late),
        root_owned=tuple(d.name for d, look in found if look.of_root),
        closed=tuple(path for _, look in found for path in look.closed)[:KEPT],
        ffmpeg_owners=tuple(d.name for d, listed in rows if any(row.path == FFMPEG for row in listed)),
    )


def _rows(record: Path) -> Iterator[Row]:
    for line in peek_text(record, LONGEST).splitlines():
        if not IDLE.search(line) and line.count(",") > 1:
            path, digest, size = line.rsplit(",", 2)
            yield Row(path.strip('"'), int(size) if size.isdecimal() else -1, digest)


class Look:
    """What the files of one distribution show."""

    def __init__(self) -> None:
        self.bad: list[str] = []
        self.edited: list[str] = []
        self.closed: list[str] = []
        self.of_root = False

    @property
    def is_mixed(self) -> bool:
        """Many other files, the start of a package among them: not somebody's edit, but another release."""
        return len(self.edited) >= MIXED and any(path.endswith("__init__.py") for path in self.edited)


def _look(rows: Sequence[Row], site: Path, sizes: dict[str, set[int]], owner: int, deep: bool) -> Look:
    look, base = Look(), str(site)
    for row in rows:
        try:
            status = os.stat(f"{base}/{row.path}")  # noqa: PTH116 — 18 000 of them
        except OSError:
            look.bad.append(row.path)
            continue
        if status.st_uid != owner or not status.st_mode & stat.S_IRUSR:
            _note_owner(look, row.path, status, owner)
        known = sizes[row.path]
        if status.st_size not in known and -1 not in known:
            _note_size(look, row, status.st_size, base)
        elif (_worth_reading(row.path, deep) and _is_blank(f"{base}/{row.path}", status.st_size)) or (
            deep
            and row.path.endswith(LIBRARY)
            and len(known) == 1
            and not _same(f"{base}/{row.path}", row.digest)
        ):
            look.bad.append(row.path)
    return look


def _worth_reading(path: str, deep: bool) -> bool:
    """Modules, and the Python files at the top of a package; all of them where there is time."""
    return path.endswith(LIBRARY) or (path.endswith(".py") and (deep or path.count("/") < 2))


def _is_blank(path: str, size: int) -> bool:
    """Zeros at the end, which neither text nor modules have: the machine went down before the content was on the disk."""
    tail = min(size, BLOCK if path.endswith(LIBRARY) else 64)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Programs of a Mac end in zeros; what lost its content to the disk has lost its head as well, or is ELF.
        whose = not path.endswith(LIBRARY) or os.pread(descriptor, 4, 0) in (b"\x7fELF", bytes(4))
        return whose and tail > 0 and not any(os.pread(descriptor, tail, size - tail))
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _note_owner(look: Look, path: str, status: os.stat_result, owner: int) -> None:
    """Files of root among those of somebody else, and files that their reader cannot open."""
    if status.st_uid == 0 and owner != 0:
        look.of_root = True
    mine = status.st_uid == owner
    if not status.st_mode & (stat.S_IRUSR if mine else stat.S_IROTH | stat.S_IRGRP):
        look.closed.append(path)


def _note_size(look: Look, row: Row, size: int, base: str) -> None:
    """Another size is damage, unless somebody edited a Python file and it still is one."""
    if row.path.endswith(".py") and 0 < size < BROKEN_PART and _is_python(f"{base}/{row.path}"):
        look.edited.append(row.path)
    elif row.path.endswith(".py") or ".so" in row.path or size == 0:
        look.bad.append(row.path)
    elif not row.path.endswith(CERTIFICATES):
        look.edited.append(row.path)


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


def _owner(site: Path) -> int:
    try:
        return site.stat().st_uid
    except OSError:
        return 0
