"""A file under way: its bytes at their places, and behind them a map of what has come.

    blobs/HASH.pieces.incomplete     [ the file's bytes, with holes ][ head ][ bytes come of each piece ]

One file, so that what has come and what is said of it cannot be parted. The map is cut off when the content has been
compared with the hash, and the file gets its name. No client of the Hub goes on with a file of this name: theirs have
no holes. The map may lie after a power failure; then the hash tells, and the file is fetched anew.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
import sys
import threading
from array import array
from pathlib import Path
from typing import NamedTuple

HEAD = struct.Struct("<8sI")  # mark, bytes of a piece
MARK = b"pieces 1"
ENDING = ".pieces.incomplete"
SMALLEST, LARGEST, PIECES = 2 << 20, 4 << 20, 64  # bytes of a piece; about how many of them
BLOCK = 1 << 20  # bytes read at once
COUNT, COUNT_BYTES = "Q", 8  # of the map


def piece_size(size: int) -> int:
    """Small enough to share a file among many connections until its end, large enough that asking costs little."""
    return min(max(size // PIECES, SMALLEST), LARGEST)


class Run(NamedTuple):
    """Neighbouring pieces that are asked for at once: the bytes still to come, first and behind the last."""

    start: int
    end: int


class Partial:
    """The state of one blob. Methods may be called from any thread; each piece is written by one at a time."""

    def __init__(self, blob: Path, size: int) -> None:
        self.blob, self.size = blob, size
        self.path = blob.with_name(blob.name + ENDING)
        self.lock = threading.Lock()
        self.claimed: set[int] = set()
        self._hashing = threading.Lock()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        adopt(blob, self.path, size)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        known = self._read_map()
        self.resumed = known is not None and any(known)  # by somebody whom we do not know
        if known is None:
            self.restart()
        else:
            self._begin(self.piece, known)

    def restart(self, piece: int = 0) -> None:
        """Forget all that has come. `piece` is the size of the pieces from now on."""
        self.resumed = False
        os.ftruncate(self._file, 0)
        self.piece = piece or piece_size(self.size)
        self._begin(self.piece, array(COUNT, bytes(COUNT_BYTES * max(1, -(-self.size // self.piece)))))
        os.pwrite(self._file, HEAD.pack(MARK, self.piece) + self.come.tobytes(), self.size)

    def _begin(self, piece: int, come: array[int]) -> None:
        self.piece, self.come = piece, come
        self.front = self.hashed = 0
        self.digest = start_digest(self.blob.name, self.size)

    def _read_map(self) -> array[int] | None:
        found = os.fstat(self._file).st_size
        if 0 < found <= self.size:  # another client's beginning, or killed after the map was cut off
            return self._beginning(found)
        head = os.pread(self._file, HEAD.size, self.size)
        if len(head) < HEAD.size or HEAD.unpack(head)[0] != MARK:
            return None
        self.piece = HEAD.unpack(head)[1]
        length = (found - self.size - HEAD.size) // COUNT_BYTES * COUNT_BYTES
        come = array(COUNT, os.pread(self._file, length, self.size + HEAD.size))
        whole = self.piece and len(come) == max(1, -(-self.size // self.piece))
        return come if whole and all(n <= self.length(i) for i, n in enumerate(come)) else None

    def _beginning(self, length: int) -> array[int]:
        self.piece = piece_size(self.size)
        come = array(COUNT, [0] * -(-self.size // self.piece))
        for number in range(len(come)):
            come[number] = max(0, min(length - number * self.piece, self.length(number)))
        os.pwrite(self._file, HEAD.pack(MARK, self.piece) + come.tobytes(), self.size)
        return come

    # --- pieces --------------------------------------------------------------------------------------

    def length(self, number: int) -> int:
        return min(self.piece, self.size - number * self.piece)

    def claim(self, most: int) -> Run | None:
        """The first pieces that are not whole and that nobody fetches: one, and those behind it up to `most` bytes."""
        with self.lock:
            free = (n for n in range(self.front, len(self.come)) if self._is_free(n))
            first = next(free, None)
            if first is None:
                return None
            last = first + 1
            while last < len(self.come) and not self.come[last] and self._is_free(last):
                if (last + 1 - first) * self.piece > most:
                    break
                last += 1
            self.claimed.update(range(first, last))
        return Run(first * self.piece + self.come[first], min(last * self.piece, self.size))

    def _is_free(self, number: int) -> bool:
        return number not in self.claimed and self.come[number] < self.length(number)

    def release(self, run: Run) -> None:
        with self.lock:
            self.claimed.difference_update(self._pieces(run))

    def come_of(self, run: Run) -> int:
        """Bytes that the pieces of a run have."""
        pieces = self._pieces(run)
        return sum(self.come[pieces.start : pieces.stop])

    def _pieces(self, run: Run) -> range:
        return range(run.start // self.piece, -(-run.end // self.piece))

    def write(self, start: int, chunk: memoryview) -> None:
        """Bytes behind those that their piece has. The map follows the data, never the other way round."""
        rest, at = chunk, start
        while rest:  # up to the end of a piece; and on a disk that fills up less is written than was given
            number = at // self.piece
            written = os.pwrite(self._file, rest[: number * self.piece + self.length(number) - at], at)
            self.come[number] += written
            at, rest = at + written, rest[written:]
            place = self.size + HEAD.size + COUNT_BYTES * number
            os.pwrite(self._file, self.come[number].to_bytes(COUNT_BYTES, sys.byteorder), place)
        self._follow(start, chunk)

    @property
    def done(self) -> int:
        return sum(self.come)

    @property
    def whole(self) -> bool:
        return self.done == self.size

    # --- the content ---------------------------------------------------------------------------------

    def _follow(self, begin: int, chunk: memoryview) -> None:
        """Hash a chunk that continues what is hashed while it is at hand; read again what came out of turn."""
        last = min(self.hashed // self.piece, len(self.come) - 1)
        if begin // self.piece != last and self.come[last] < self.length(last):
            return  # whoever fetches that piece goes on
        if self._hashing.acquire(blocking=False):
            try:
                if self.hashed == begin:
                    self.digest.update(chunk)
                    self.hashed += len(chunk)
                else:
                    self._hash()
            finally:
                self._hashing.release()

    def _hash(self) -> None:
        """Hash what has come without a hole before it; so little is left to do when the last byte comes."""
        while self.front < len(self.come) - 1 and self.come[self.front] == self.length(self.front):
            self.front += 1
        end = self.front * self.piece + self.come[self.front]
        block = memoryview(bytearray(min(BLOCK, max(end - self.hashed, 0))))
        while self.hashed < end:
            count = os.preadv(self._file, [block[: end - self.hashed]], self.hashed)
            if not count:
                return
            self.digest.update(block[:count])
            self.hashed += count

    def content(self) -> str:
        """The hash of the whole content, hex."""
        with self._hashing:
            self._hash()
            return str(self.digest.hexdigest()) if self.hashed == self.size else ""

    def keep(self) -> None:
        """Give the file its name. Called when its content is what the name says, and not before."""
        os.ftruncate(self._file, self.size)
        os.fdatasync(self._file)  # else a power failure could leave zeros under a name that promises more
        self.close()
        self.path.replace(self.blob)

    def close(self) -> None:
        """Closed twice, a number could by then be another thread's file."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def remove(self) -> None:
        self.close()
        self.path.unlink(missing_ok=True)


def start_digest(name: str, size: int) -> hashlib._Hash:
    """The kind of hash that names content on the Hub: SHA-256 for large files, git's blob SHA-1 for small ones."""
    return hashlib.sha256() if len(name) == 64 else hashlib.sha1(b"blob %d\0" % size)


def adopt(blob: Path, ours: Path, size: int) -> None:
    """Go on with the longest beginning that a client left; remove its others. Their lock is ours by now."""
    theirs = [path for path in beginnings(blob) if path != ours]
    left = sorted((path for path in theirs if _of_client(path, blob)), key=lambda path: path.stat().st_size)
    if left and not ours.exists() and left[-1].stat().st_size <= size:
        left.pop().rename(ours)
    for path in left:
        path.unlink()


def beginnings(blob: Path) -> list[Path]:
    """What anybody has begun of a blob."""
    beside = blob.parent.iterdir() if blob.parent.is_dir() else ()  # a glob is compiled for each blob
    return [one for one in beside if one.name.startswith(blob.name) and one.suffix == ".incomplete"]


def _of_client(path: Path, blob: Path) -> bool:
    """HASH.incomplete of huggingface_hub 0.36, HASH.xxxxxxxx.incomplete of 2.x."""
    return re.fullmatch(r"(\.[0-9a-f]{8})?\.incomplete", path.name.removeprefix(blob.name)) is not None


def bytes_come(path: Path) -> int:
    """What a file under way holds, read from outside: its holes take no room on the disk."""
    about = path.stat()
    return min(about.st_size, about.st_blocks * 512)
