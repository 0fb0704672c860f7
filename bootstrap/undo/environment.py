"""An environment. Ours are the files of the packages that we installed, as they were installed, and what our programs made.

Packages say themselves which files are theirs: wheels in RECORD, conda's in conda-meta. One belongs to us when it was
installed while we were at work, or when the profile's locks name it.
"""

from __future__ import annotations

import base64
import csv
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from bootstrap.download import sha256_of
from bootstrap.safety.claims import SLACK, Claim, Claims
from bootstrap.undo.pile import ADDED, Pile, Place, pile, walk
from bootstrap.undo.plain import without_root
from doctor.goal.lockfile import LOCKS, pins
from doctor.goal.prefix import marker
from doctor.text import Text

EDITED = Text("a file of a package, changed since", "软件包的文件，此后改动过")


class Entry(msgspec.Struct, frozen=True):
    """One file as its package has it."""

    package: str
    ours: bool
    recorded: float  # when the package was installed, in seconds since the epoch
    sha256: str = ""  # hexadecimal; empty where the package does not say


def sort(claim: Claim, said: Claims) -> Pile:
    files, folders = walk(claim.path)
    entries = dict(entries_of(Path(claim.path), said))
    sorted_ = pile(claim.path, claim.step, files, without_root(claim, folders), judge(entries, said))
    sorted_ = msgspec.structs.replace(sorted_, files=tuple(sorted(sorted_.files, key=last_what_tells)))
    mark = marker(claim.path)  # of a making that was cut short
    return with_file(sorted_, str(mark)) if mark.is_file() else sorted_


def with_file(sorted_: Pile, path: str) -> Pile:
    return msgspec.structs.replace(sorted_, files=(*sorted_.files, path))


def judge(entries: dict[str, Entry], said: Claims) -> Callable[[Place], Text | None]:
    """What each file is, by its package; what no package knows, by the time of its last change."""

    def mine(place: Place) -> Text | None:
        entry = entries.get(place.path)
        if entry:
            return of_package(place, entry, said)
        source = source_of(place.path)
        if source:  # compiled from a file that stays with its package, or from one that goes
            entry = entries.get(source)
            return package_stays(entry.package) if entry and not entry.ours else None
        return None if said.during(place.changed) else ADDED

    return mine


def of_package(place: Place, entry: Entry, said: Claims) -> Text | None:
    if not entry.ours:
        return package_stays(entry.package)
    touched = place.written > entry.recorded + SLACK and not said.during(place.changed)
    return (
        EDITED
        if touched and entry.sha256 and sha256_of(Path(place.path)).hexdigest() != entry.sha256
        else None
    )


def package_stays(package: str) -> Text:
    return Text(f"{package}: installed by you", f"{package}：由你安装")


def source_of(path: str) -> str | None:
    """Of compiled code, the file that it was compiled from."""
    folder, _, name = path.rpartition("/")
    if not name.endswith(".pyc") or not folder.endswith("/__pycache__"):
        return None
    return f"{folder.removesuffix('__pycache__')}{name.partition('.')[0]}.py"


def last_what_tells(path: str) -> bool:
    """Cut short, the next undo must still know whose the rest is: what says so goes at the end."""
    return path.endswith("/RECORD") or "/conda-meta/" in path


def entries_of(prefix: Path, said: Claims) -> Iterator[tuple[str, Entry]]:
    """Every file that a package of this prefix knows."""
    locked = {pin for lock in LOCKS.glob("*-py3.*.txt") for pin in pins(lock, python_of(lock)).items()}
    for record in prefix.glob("lib/python3*/site-packages/*.dist-info/RECORD"):
        yield from _of_wheel(record, said, locked)
    for card in prefix.glob("conda-meta/*.json"):
        yield from _of_conda(prefix, card, said)


def python_of(lock: Path) -> str:
    """3.11 of latest-py3.11-torch.txt"""
    return lock.stem.rpartition("-py")[2].partition("-")[0]


def installed_at(record: Path, said: Claims) -> tuple[float, bool]:
    """When a package was installed, and whether it was by us. An archive may set the one time, `chmod` the other."""
    about = record.stat()
    return about.st_mtime, said.during(about.st_mtime) or said.during(about.st_ctime)


def _of_wheel(record: Path, said: Claims, locked: set[tuple[str, str]]) -> Iterator[tuple[str, Entry]]:
    name, _, version = record.parent.name.removesuffix(".dist-info").partition("-")
    when, now = installed_at(record, said)
    ours = (canonicalize_name(name), version) in locked or now
    for row in csv.reader(record.read_text(encoding="utf-8", errors="surrogateescape").splitlines()):
        if row:
            path = os.path.normpath(record.parent.parent / row[0])
            yield path, Entry(f"{name} {version}", ours, when, _hexadecimal(row[1] if len(row) > 1 else ""))


def _hexadecimal(stated: str) -> str:
    """sha256=BASE64 of a RECORD in the form that digests have here."""
    kind, _, text = stated.partition("=")
    return base64.urlsafe_b64decode(f"{text}==").hex() if kind == "sha256" else ""


def _of_conda(prefix: Path, card: Path, said: Claims) -> Iterator[tuple[str, Entry]]:
    try:
        told = json.loads(card.read_bytes())
    except ValueError:
        return
    when, ours = installed_at(card, said)
    name = f"{told.get('name', card.stem)} {told.get('version', '')}".strip()
    entry = Entry(name, ours, when)
    yield str(card), entry
    sums = {p["_path"]: p.get("sha256_in_prefix", p.get("sha256", "")) for p in _paths(told)}
    for file in told.get("files", ()):
        yield f"{prefix}/{file}", msgspec.structs.replace(entry, sha256=sums.get(file) or "")


def _paths(told: dict[str, object]) -> list[dict[str, str]]:
    data = told.get("paths_data")
    return list(data.get("paths", ())) if isinstance(data, dict) else []
