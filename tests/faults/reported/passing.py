"""A folder shown through FUSE: `python passing.py TYPE SOURCE POINT direct|plain COMMAND…`, in a mount namespace of its own.

With `direct` its files are opened past the page cache, as mergerfs does it: they can be read and not mapped.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import subprocess
import sys
import threading

LOOKUP, FORGET, GETATTR, READLINK, OPEN, READ, STATFS, RELEASE = 1, 2, 3, 5, 14, 15, 17, 18
GETXATTR, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, ACCESS, INTERRUPT, FORGETS = (
    22,
    25,
    26,
    27,
    28,
    29,
    34,
    36,
    42,
)
DIRECT = 1  # FOPEN_DIRECT_IO


class Passed:
    """One mount."""

    def __init__(self, kind: str, source: str, point: str, direct: bool) -> None:
        self.direct, self.paths, self.numbers = direct, {1: source}, {source: 1}
        self.device = os.open("/dev/fuse", os.O_RDWR)
        said = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions"
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"pool", point.encode(), kind.encode(), 6, said.encode()):
            sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")

    def number(self, path: str) -> int:
        number = self.numbers.setdefault(path, len(self.numbers) + 1)
        self.paths[number] = path
        return number

    def attributes(self, path: str) -> bytes:
        s = os.lstat(path)
        times = (int(s.st_atime), int(s.st_mtime), int(s.st_ctime))
        head = struct.pack("<6Q", self.number(path), s.st_size, s.st_blocks, *times)
        return head + struct.pack("<10I", 0, 0, 0, s.st_mode, s.st_nlink, s.st_uid, s.st_gid, 0, 4096, 0)

    def answer(self, operation: int, node: int, body: bytes) -> bytes:
        path = self.paths.get(node, "")
        if operation == INIT:
            return struct.pack("<4I2H2I2HI7I", 7, 31, 0, 0, 12, 9, 131072, 1, 32, 0, 0, *([0] * 7))
        if operation == LOOKUP:
            found = os.path.join(path, body.rstrip(b"\0").decode())  # noqa: PTH118 - texts on both sides
            return struct.pack("<4Q2I", self.number(found), 0, 1, 1, 0, 0) + self.attributes(found)
        if operation == GETATTR:
            return struct.pack("<QII", 1, 0, 0) + self.attributes(path)
        if operation == READLINK:
            return os.readlink(path).encode()  # noqa: PTH115
        if operation == OPEN:
            return struct.pack("<QII", 0, DIRECT if self.direct else 0, 0)
        if operation == OPENDIR:
            return struct.pack("<QII", 0, 0, 0)
        if operation == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            with open(path, "rb") as file:  # noqa: PTH123
                file.seek(offset)
                return file.read(size)
        if operation == STATFS:
            v = os.statvfs(path)
            room = struct.pack("<5Q", v.f_blocks, v.f_bfree, v.f_bavail, v.f_files, v.f_ffree)
            return room + struct.pack("<4I6I", v.f_bsize, 255, v.f_frsize, 0, *([0] * 6))
        if operation == READDIR:
            return self.names(path, *struct.unpack_from("<QQI", body)[1:])
        if operation in (RELEASE, FLUSH, RELEASEDIR, ACCESS):
            return b""
        raise OSError(errno.ENOSYS, "not done here")

    def names(self, path: str, offset: int, size: int) -> bytes:
        out = b""
        for at, name in enumerate([".", "..", *sorted(os.listdir(path))]):  # noqa: PTH208
            raw = name.encode()
            one = struct.pack("<QQII", 1, at + 1, len(raw), 0) + raw + b"\0" * (-len(raw) % 8)
            if at >= offset and len(out) + len(one) <= size:
                out += one
        return out

    def serve(self) -> None:
        while True:
            try:
                request = os.read(self.device, 1 << 18)
            except OSError as error:
                if error.errno == errno.ENODEV:  # unmounted
                    return
                continue
            length, operation, unique, node = struct.unpack_from("<IIQQ", request)
            if operation in (FORGET, FORGETS, INTERRUPT):
                continue
            try:
                said, code = self.answer(operation, node, request[40:length]), 0
            except OSError as error:
                said, code = b"", -(error.errno or errno.EIO)
            os.write(self.device, struct.pack("<IiQ", 16 + len(said), code, unique) + said)


def main() -> None:
    kind, source, point, how, *command = sys.argv[1:]
    mount = Passed(kind, source, point, how == "direct")
    threading.Thread(target=mount.serve, daemon=True).start()
    sys.exit(subprocess.call(command))


if __name__ == "__main__":
    main()
