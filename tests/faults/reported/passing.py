"""A FUSE file system over a folder: `python passing.py TYPE FOLDER POINT FLAW COMMAND...`

It hands on what is in the folder, but for one flaw: `locks` (none is given), `modes` (every file has 0677). The command
runs while it is mounted; meant to be started in a mount namespace of its own.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import subprocess
import sys
import threading
from pathlib import Path

LOOKUP, GETATTR, SETATTR, OPEN, READ, STATFS, RELEASE, GETXATTR, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, GETLK, ACCESS = (
    1, 3, 4, 14, 15, 17, 18, 22, 25, 26, 27, 28, 29, 31, 34,
)  # fmt: skip
FORGET, BATCH_FORGET = 2, 42
POSIX_LOCKS = 1 << 1
LOOSE = 0o677


class Passing:
    def __init__(self, source: str, flaw: str) -> None:
        self.flaw = flaw
        self.paths, self.numbers = {1: source}, {source: 1}
        self.server = os.open("/dev/fuse", os.O_RDWR)

    def mount(self, kind: str, point: str) -> None:
        options = f"fd={self.server},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"passing", point.encode(), kind.encode(), 6, options):
            sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")

    def _number(self, path: str) -> int:
        number = self.numbers.setdefault(path, len(self.numbers) + 1)
        self.paths[number] = path
        return number

    def _attributes(self, path: str) -> bytes:
        said = os.lstat(path)
        mode = said.st_mode
        if self.flaw == "modes" and stat.S_ISREG(mode):
            mode = stat.S_IFREG | LOOSE
        times = (int(said.st_atime), int(said.st_mtime), int(said.st_ctime), 0, 0, 0)
        head = (self._number(path), said.st_size, said.st_blocks)
        return struct.pack(
            "<6Q10I", *head, *times[:3], *times[3:], mode, said.st_nlink, said.st_uid, said.st_gid, 0, 4096, 0
        )

    def answer(self, what: int, node: int, body: bytes) -> bytes:
        path = self.paths.get(node, "")
        if what == INIT:
            return struct.pack("<4I2H2I2HI7I", 7, 31, 0, POSIX_LOCKS, 12, 9, 131072, 1, 32, 0, 0, *([0] * 7))
        if what == LOOKUP:
            found = f"{path}/{body.rstrip(bytes(1)).decode()}"
            attributes = self._attributes(found)
            return struct.pack("<4Q2I", self._number(found), 0, 1, 1, 0, 0) + attributes
        if what in (GETATTR, SETATTR):
            return struct.pack("<QII", 1, 0, 0) + self._attributes(path)
        if what in (OPEN, OPENDIR):
            return struct.pack("<QII", 0, 0, 0)
        if what == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            with Path(path).open("rb") as file:
                file.seek(offset)
                return file.read(size)
        if what == STATFS:
            room = os.statvfs(path)
            said = (room.f_blocks, room.f_bfree, room.f_bavail, room.f_files, room.f_ffree)
            return struct.pack("<5Q4I6I", *said, room.f_bsize, 255, room.f_frsize, 0, *([0] * 6))
        if what == READDIR:
            return self._names(path, *struct.unpack_from("<QQI", body)[1:])
        if what == GETLK and self.flaw != "locks":
            return struct.pack("<QQII", 0, 0, 2, 0)  # F_UNLCK: nobody holds it
        if what == GETLK:
            raise OSError(errno.ENOLCK, "locks")
        if what in (RELEASE, FLUSH, RELEASEDIR, ACCESS):
            return b""
        raise OSError(errno.ENOSYS, "not made")

    def _names(self, path: str, offset: int, size: int) -> bytes:
        out = b""
        for at, name in enumerate([".", "..", *sorted(one.name for one in Path(path).iterdir())]):
            raw = name.encode()
            one = struct.pack("<QQII", 1, at + 1, len(raw), 0) + raw
            one += b"\0" * (-len(one) % 8)
            if at >= offset and len(out) + len(one) <= size:
                out += one
        return out

    def serve(self) -> None:
        while True:
            try:
                request = os.read(self.server, 1 << 18)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return
                continue
            length, what, unique, node = struct.unpack_from("<IIQQ", request)
            if what in (FORGET, BATCH_FORGET):
                continue
            try:
                said, code = self.answer(what, node, request[40:length]), 0
            except OSError as error:
                said, code = b"", -(error.errno or errno.EIO)
            os.write(self.server, struct.pack("<IiQ", 16 + len(said), code, unique) + said)


def main() -> None:
    kind, source, point, flaw, *command = sys.argv[1:]
    passing = Passing(source, flaw)
    passing.mount(kind, point)
    threading.Thread(target=passing.serve, daemon=True).start()
    sys.exit(subprocess.call(command, close_fds=True))


if __name__ == "__main__":
    main()
