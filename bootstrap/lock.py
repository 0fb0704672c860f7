"""One run at a time. The operating system holds the lock, so that a dead process holds none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from bootstrap.files import write_atomically
from doctor.errors import Exit, Trouble
from doctor.text import Text


class Holder(msgspec.Struct, frozen=True):
    pid: int
    since: str
    word: str


@contextmanager
def only_run(home: Path, word: str) -> Iterator[None]:
    """Hold the lock of this GROUNDWORK_HOME. Raises Trouble that names the holder when it is taken."""
    home.mkdir(parents=True, exist_ok=True)
    card = home / "lock.json"
    try:
        with FileLock(home / "lock", timeout=0):
            since = datetime.now(timezone.utc).isoformat(timespec="seconds")
            write_atomically(card, msgspec.json.encode(Holder(os.getpid(), since, word)))
            yield
    except Timeout as error:
        raise _taken(card) from error


def _taken(card: Path) -> Trouble:
    try:
        holder = msgspec.json.decode(card.read_bytes(), type=Holder)
        who = f"{holder.word}, pid {holder.pid}, since {holder.since}"
    except (OSError, msgspec.DecodeError):
        who = "another run"
    return Trouble(
        Text(f"another run is at work: {who}", f"另一个任务正在运行：{who}"),
        Exit.PERSON,
        Text("wait for it to end, or end it, then try again", "请等它结束，或结束它，然后重试"),
    )
