"""The journal: what runs did, one JSON object a line, on disk before the next thing happens.

For telling, resuming and undoing. Never the answer to "is it done?": that is read from the machine.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

import msgspec


class Journal:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, event: str, **details: object) -> None:
        """Append one event. A single write to a file opened for appending cannot interleave with another."""
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        line = msgspec.json.encode({"at": now, "pid": os.getpid(), "event": event, **details}) + b"\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read(path: Path) -> list[dict[str, object]]:
    """All events. A last line that a crash cut short is left out."""
    events: list[dict[str, object]] = []
    for line in path.read_bytes().splitlines() if path.is_file() else []:
        try:
            events.append(msgspec.json.decode(line, type=dict[str, object]))
        except msgspec.DecodeError:
            continue
    return events
