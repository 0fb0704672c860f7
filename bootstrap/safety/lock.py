"""One run at a time. The operating system holds the lock, so that a dead process holds none.

Where the file system knows no flock (some network and user-space ones), a file that can be made only once stands for it.
It names its holder by pid and start, so that neither a dead run nor a later process of the same pid holds anything.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

import msgspec
import psutil
from filelock import FileLock, Timeout

from bootstrap.safety.files import write_atomically
from doctor.errors import Exit, Trouble
from doctor.lab.process import Launched, boot_id, is_alive
from doctor.text import Text


class Holder(msgspec.Struct, frozen=True):
    pid: int
    since: str
    word: str
    host: str = ""
    start_ticks: int = 0
    boot: str = ""


@contextmanager
def only_run(home: Path, word: str) -> Iterator[None]:
    """Hold the lock of this GROUNDWORK_HOME. Raises Trouble that names the holder when it is taken."""
    home.mkdir(parents=True, exist_ok=True)
    card, me = home / "lock.json", msgspec.json.encode(_me(word))
    with ExitStack() as held:
        try:
            held.enter_context(FileLock(home / "lock", timeout=0, fallback_to_soft=False))
        except Timeout as error:
            raise _taken(card) from error
        except (OSError, NotImplementedError):  # no flock here
            held.enter_context(_only_file(home / "lock.held", me))
        write_atomically(card, me)
        yield


def _me(word: str) -> Holder:
    since = datetime.now(timezone.utc).isoformat(timespec="seconds")
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return Holder(os.getpid(), since, word, platform.node(), int(fields[19]), boot_id())


@contextmanager
def _only_file(path: Path, me: bytes) -> Iterator[None]:
    while not _made(path, me):
        holder = _holder(path)
        if holder is None or _holds(holder):
            raise _taken(path)
        _remove(path, holder)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _made(path: Path, me: bytes) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as out:
        out.write(me)
    return True


def _holds(holder: Holder) -> bool:
    """Whether it lives. Of another machine that shares the folder nobody here can tell."""
    if holder.host != platform.node():
        return True
    return is_alive(Launched(holder.pid, holder.start_ticks, holder.boot))


def _remove(path: Path, dead: Holder) -> None:
    """Take a dead run's file away. Renamed first: of two that try only one succeeds, and sees what it took."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        path.rename(aside)
        if _holder(aside) == dead:
            aside.unlink()
        else:  # a living run was quicker
            aside.rename(path)


def _holder(card: Path) -> Holder | None:
    try:
        return msgspec.json.decode(card.read_bytes(), type=Holder)
    except (OSError, ValueError):
        return None


def _taken(card: Path) -> Trouble:
    holder = _holder(card)
    who = f"{holder.word}, pid {holder.pid}, since {holder.since}" if holder else "?"
    end = f"kill {holder.pid}" if holder and psutil.pid_exists(holder.pid) else f"rm {card}"
    return Trouble(
        Text(f"another run is at work: {who}", f"另一个任务正在运行：{who}"),
        Exit.PERSON,
        Text(
            f"wait for it to end, or end it ({end}), then try again",
            f"请等它结束，或结束它（{end}），然后重试",
        ),
    )
