"""The journal: what runs did, one JSON object a line, on disk before the next thing happens.

For telling, resuming and undoing. Never the answer to "is it done?": that is read from the machine.
Each line has v (the form of the line), at (UTC), run (its name), word, pid and event; most have step, many a path.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from bootstrap.safety.files import write_atomically
from doctor.redact import without_shapes

FORM = 1
LARGEST = 1_000_000  # bytes; thousands of events. Above it, old runs are forgotten when the next one begins
RUNS_KEPT = 50
# What undo needs, however old it is.
LASTING = (
    "created",
    "changed",
    "folder",
    "found",
    "removed",
    "apt-installed",
    "adopted",
    "run-start",
    "run-end",
    "interrupted",
)
Event = dict[str, Any]


class Journal:
    """The journal of one run."""

    def __init__(self, path: Path, word: str = "") -> None:
        self.path = path
        self.word = word
        self.run = os.urandom(4).hex()
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, event: str, **details: object) -> None:
        """Append one event. A single write to a file opened for appending cannot interleave with another."""
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        head = {"v": FORM, "at": now, "run": self.run, "word": self.word, "pid": os.getpid()}
        text = msgspec.json.encode({**head, "event": event, **details}).decode()
        line = f"{without_shapes(text)}\n".encode()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            whole = line if _ends_whole(descriptor) else b"\n" + line
            if os.write(descriptor, whole) < len(whole):  # a disk that fills up takes a part without a word
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def tell(self, event: str, **details: object) -> None:
        """Append what nothing depends on: a disk that is full, or went read-only, must not keep a run from its end."""
        with suppress(OSError):
            self.write(event, **details)

    def bound(self) -> None:
        """Forget what old runs told, where the file has grown large; what undo needs stays. Under the run's lock."""
        if self.path.is_file() and self.path.stat().st_size > LARGEST:
            kept = b"".join(msgspec.json.encode(event) + b"\n" for event in _kept(read(self.path)))
            write_atomically(self.path, kept, 0o600)


def _ends_whole(descriptor: int) -> bool:
    """Whether the last line was not cut short by a crash; else the next one would be lost with it."""
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def _kept(events: list[Event]) -> Iterator[Event]:
    last = list(dict.fromkeys(str(event.get("run")) for event in events))[-RUNS_KEPT:]
    return (event for event in events if event["event"] in LASTING or str(event.get("run")) in last)


def read(path: Path) -> list[Event]:
    """All events. A line that a crash cut short is left out."""
    events: list[Event] = []
    for line in path.read_bytes().splitlines() if path.is_file() else []:
        try:
            event = msgspec.json.decode(line, type=dict[str, Any])
        except ValueError:
            continue
        if "event" in event and "at" in event:
            events.append(event)
    return events


def at(event: Event) -> float:
    """When it happened, in seconds since the epoch."""
    return datetime.fromisoformat(event["at"]).timestamp()
