"""What is ours on this machine: said in the journal before it is made, and read from there when it is to be undone.

A step that is about to make something calls `work.note("created", path)`, whatever it is: a file, a link, a folder with
all that will be in it. What stood there before is looked at here, so that undo can leave or restore it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

from bootstrap.safety.journal import Event, Journal, at, read

Kind = Literal["created", "changed", "folder", "found"]
KINDS: tuple[Kind, ...] = ("created", "changed", "folder", "found")
UNDO = "undo"  # the word whose runs make nothing
SLACK = 2.0  # seconds: a file server's clock may be a little ahead of the one that the journal is written by
ORPHANS = 600.0  # seconds that programs may go on for when the run that started them was killed


class Claim(msgspec.Struct, frozen=True):
    """One place, and how it was before us.

    created: nothing was there (`kept_folder`: an empty folder, which stays) · changed: a file, saved as `original`
    folder: made only to hold something else; goes when it is empty · found: there before us, and stays
    """

    path: str
    kind: Kind
    step: str = ""
    original: str = ""
    kept_folder: bool = False


class Window(msgspec.Struct, frozen=True):
    """A time in which we were at work, in seconds since the epoch."""

    start: float
    end: float


class Claims(msgspec.Struct, frozen=True):
    """All that the journal says of what is ours."""

    places: tuple[Claim, ...] = ()
    windows: tuple[Window, ...] = ()
    apt: tuple[str, ...] = ()  # packages of the system that we had installed
    adopted: dict[
        str, dict[str, str]
    ] = {}  # environments of the person's: what was installed there before us

    def during(self, moment: float) -> bool:
        """Whether we were at work then."""
        return any(window.start <= moment <= window.end + SLACK for window in self.windows)

    def of_kind(self, *kinds: Kind) -> Iterator[Claim]:
        return (claim for claim in self.places if claim.kind in kinds)


def claims(journal: Path) -> Claims:
    """What is ours now: claimed, and not taken back since."""
    events = read(journal)
    adopted: dict[str, dict[str, str]] = {}
    for event in events:
        if event["event"] == "adopted":
            adopted.setdefault(event["path"], event.get("before", {}))
    apt = dict.fromkeys(e["path"] for e in events if e["event"] == "apt-installed")
    return Claims(tuple(_places(events).values()), tuple(_windows(events)), tuple(apt), adopted)


def _places(events: list[Event]) -> dict[str, Claim]:
    places: dict[str, Claim] = {}
    for event in events:
        if event["event"] == "removed":
            places.pop(event.get("path", ""), None)
        elif event["event"] in KINDS and event.get("path"):
            places.setdefault(event["path"], _claim(event))
    return places


@lru_cache(maxsize=1)
def _known(journal: Path, size: int) -> frozenset[str]:
    """What is claimed in a journal of that size: it only grows, and most steps ask many times between two lines."""
    return frozenset(_places(read(journal)))


def _claim(event: Event) -> Claim:
    return Claim(
        path=event["path"],
        kind=event["event"],
        step=event.get("step", ""),
        original=event.get("original", ""),
        kept_folder=event.get("kept_folder", False),
    )


def _windows(events: list[Event]) -> Iterator[Window]:
    """One for each run that makes things. One that was killed may have left programs behind."""
    runs: dict[str, list[Event]] = {}
    for event in events:
        runs.setdefault(str(event.get("run", event.get("pid"))), []).append(event)
    starts = sorted(at(run[0]) for run in runs.values())
    for run in runs.values():
        if run[0].get("word") == UNDO:
            continue
        start, last = at(run[0]), run[-1]
        ended = last["event"] in ("run-end", "interrupted")
        later = next((moment for moment in starts if moment > start), float("inf"))
        yield Window(start, at(last) if ended else min(at(last) + ORPHANS, later))


def noting(journal: Journal, step: str) -> Callable[[str, str], None]:
    """What a step is handed as `work.note`."""

    def note(event: str, path: str) -> None:
        if event == "created":
            _claim_place(journal, step, Path(path))
        else:
            journal.write(event, step=step, path=path)

    return note


def _claim_place(journal: Journal, step: str, path: Path) -> None:
    """Say that `path` is about to be made, and how it is now. Once claimed, what stands there is ours already."""
    known = _known(journal.path, journal.path.stat().st_size if journal.path.is_file() else 0)
    if str(path) in known:
        return
    for folder in reversed([above for above in path.parents if not above.exists()]):
        if str(folder) not in known:
            journal.write("folder", step=step, path=str(folder))
    if not os.path.lexists(path):
        journal.write("created", step=step, path=str(path))
    elif path.is_dir() and not path.is_symlink():
        empty = not any(path.iterdir())
        more = {"kept_folder": True} if empty else {}
        journal.write("created" if empty else "found", step=step, path=str(path), **more)
    else:
        journal.write("changed", step=step, path=str(path), original=str(_save(journal, path)))


def _save(journal: Journal, path: Path) -> Path:
    """A copy of what is about to be replaced, readable by its owner alone."""
    folder = journal.path.parent / "originals"
    folder.mkdir(mode=0o700, exist_ok=True)
    copy = folder / f"{journal.run}-{len(list(folder.iterdir()))}-{path.name}"
    shutil.copy2(path, copy, follow_symlinks=False)
    return copy
