"""The disk says no in the middle of the work: full, out of inodes, over quota, read-only, or a limit on the size of files.

Whoever writes gets an error of the operating system, and programs print its text. Here both become what a person can use:
which mount, how much is missing, what to do. What was written so far stays, and the next run goes on with it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from bootstrap.process import Done, failed
from doctor.checks.disk.room import FULL_BYTES, has_no_inodes
from doctor.errors import Exit, Trouble
from doctor.facts import Place
from doctor.goal import Goal
from doctor.probes.disk import place
from doctor.text import Text, human_bytes

# As the C library words them, for programs that print no number.
SAID = {
    errno.ENOSPC: ("No space left on device", "not enough free space"),
    errno.EDQUOT: ("Disk quota exceeded",),
    errno.EROFS: ("Read-only file system",),
    errno.EFBIG: ("File too large", "File size limit exceeded"),
}
NOTHING = 65_536  # bytes that are as good as none
AGAIN = Text("then: make setup", "然后运行：make setup")


def stop(argv: Sequence[str], log: Path, done: Done) -> Done:
    """The same. Raises Trouble when the disk was what stopped the program: another source would not help."""
    if done.code != 0 and number_in("\n".join(done.tail)):
        code = Text(f"exit code {done.code}", f"退出码 {done.code}")
        raise failed(argv, log, done.tail, code)
    return done


def of_error(error: BaseException, paths: Sequence[Path], needed: int = 0) -> Trouble | None:
    """What to tell of it; None when it is not the disk that said no. `needed`: bytes that the step takes."""
    if not isinstance(error, OSError) or error.errno not in SAID:
        return None
    return told(error.errno, [Path(os.fsdecode(error.filename))] if error.filename else paths, needed)


def of_text(text: str, paths: Sequence[Path], needed: int = 0) -> Trouble | None:
    """The same of what a program printed, which seldom says where; some, that fail where nothing is left, say nothing."""
    number = number_in(text)
    if number is None and any(one.free_bytes < NOTHING or one.free_inodes == 0 for one in written(paths)):
        number = errno.ENOSPC
    return told(number, paths, needed) if number else None


def number_in(text: str) -> int | None:
    return next((number for number, words in SAID.items() if any(word in text for word in words)), None)


def places(goal: Goal) -> tuple[Path, ...]:
    """Where steps and the programs that they start write."""
    cache = os.environ.get("UV_CACHE_DIR") or f"{os.environ.get('XDG_CACHE_HOME') or '~/.cache'}/uv"
    scratch = os.environ.get("TMPDIR") or "/tmp"
    return tuple(Path(path).expanduser() for path in (goal.prefix, goal.home, goal.cache, scratch, cache))


def written(paths: Sequence[Path]) -> list[Place]:
    """Those that can be written to: an image that is mounted read-only is always full, and in nobody's way."""
    return [one for one in (place("", path) for path in paths) if one.total_bytes and not one.read_only]


def told(number: int, paths: Sequence[Path], needed: int) -> Trouble | None:
    """Of several paths the one that can be it: read-only, without inodes, or with the least room."""
    if number == errno.EROFS:
        wrong = next((one for one in (place("", path) for path in paths) if one.read_only), None)
        return _read_only(wrong) if wrong else None
    if number == errno.EFBIG:
        return _limited()
    worst = min(written(paths), key=lambda one: (not has_no_inodes(one), one.free_bytes), default=None)
    if worst is None:
        return None
    if number == errno.ENOSPC and has_no_inodes(worst) and worst.free_bytes > FULL_BYTES:
        return _no_inodes(worst)
    return full(worst, max(needed, FULL_BYTES) - worst.free_bytes, quota=number == errno.EDQUOT)


def full(where: Place, missing: int, quota: bool = False) -> Trouble:
    missing = max(missing, 1)
    en, zh = ("your quota is used up", "您的磁盘配额已用完") if quota else ("the disk is full", "磁盘已满")
    look = (
        f"quota -s; du -xh {where.mount} | sort -h | tail"
        if quota
        else f"du -xh {where.mount} | sort -h | tail"
    )
    return Trouble(
        Text(
            f"{en}: {human_bytes(missing)} ({missing} bytes) are missing on {where.mount}, {human_bytes(where.free_bytes)} free",
            f"{zh}：{where.mount} 还缺 {human_bytes(missing)}（{missing} 字节），可用 {human_bytes(where.free_bytes)}",
        ),
        Exit.PERSON,
        Text(f"see what is large: {look}; {AGAIN.en}", f"查看大文件：{look}；{AGAIN.zh}"),
    )


def _no_inodes(where: Place) -> Trouble:
    return Trouble(
        Text(
            f"no more files can be made on {where.mount}: all {where.total_inodes} of its inodes are used ({human_bytes(where.free_bytes)} free)",
            f"{where.mount} 无法再创建文件：{where.total_inodes} 个 inode 已用完（可用空间 {human_bytes(where.free_bytes)}）",
        ),
        Exit.PERSON,
        Text(
            f"see where they are: du -x --inodes {where.mount} | sort -n | tail; {AGAIN.en}",
            f"查看文件数：du -x --inodes {where.mount} | sort -n | tail；{AGAIN.zh}",
        ),
    )


def _read_only(where: Place) -> Trouble:
    return Trouble(
        Text(
            f"{where.mount} is read-only: {where.path} cannot be written",
            f"{where.mount} 是只读的：无法写入 {where.path}",
        ),
        Exit.PERSON,
        Text(
            f"a disk that fails is made read-only (dmesg | tail). When it is mended, or mounted again (mount -o remount,rw {where.mount}), {AGAIN.en}",
            f"出错的磁盘会变为只读（dmesg | tail）。修复或重新挂载（mount -o remount,rw {where.mount}）后，{AGAIN.zh}",
        ),
    )


def _limited() -> Trouble:
    return Trouble(
        Text(
            "files may not grow beyond this shell's limit (ulimit -f)",
            "文件大小超过了此 shell 的限制（ulimit -f）",
        ),
        Exit.PERSON,
        Text(f"ulimit -f unlimited; {AGAIN.en}", f"ulimit -f unlimited；{AGAIN.zh}"),
    )
