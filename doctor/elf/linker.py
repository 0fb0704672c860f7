"""What the dynamic linker would do: which file each needed library is taken from, without loading anything.

The order of ld.so(8): what is loaded already under that name; DT_RPATH of the library and of those that loaded it (where it
has no DT_RUNPATH); LD_LIBRARY_PATH; DT_RUNPATH; the cache of ldconfig; the default folders.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

from doctor.elf import Elf, read
from doctor.elf.seen import Reader
from doctor.facts.unknown import Unknown

How = Literal["rpath", "LD_LIBRARY_PATH", "runpath", "system", "loaded"]
CACHE = Path("/etc/ld.so.cache")
MAGIC = b"glibc-ld.so.cache1.1"
FLAGS = {"x86_64": 0x0303, "aarch64": 0x0A03}  # entries of the cache for this kind of machine
DEFAULTS = (
    "/lib",
    "/usr/lib",
    "/lib64",
    "/usr/lib64",
    "/lib/{machine}-linux-gnu",
    "/usr/lib/{machine}-linux-gnu",
)
LIBC = ("linux-vdso.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1")  # of every process


class Taken(msgspec.Struct, frozen=True):
    """The file that a name leads to, and by which rule."""

    path: str
    how: How


class Lack(msgspec.Struct, frozen=True):
    """One thing that keeps a library from being loaded."""

    kind: Literal["missing", "version", "damaged", "machine"]
    what: str  # the name of the library, the version, or what is wrong with the file
    by: str  # the file that asks for it
    provider: str | None = None  # the file that was taken, and does not do


class Loaded(msgspec.Struct):
    """A library with all that it brings along, as one process would hold them."""

    files: dict[str, Taken]
    lacks: list[Lack]


class Linker:
    """One process's view: its LD_LIBRARY_PATH, the search path of its program, and this machine's libraries."""

    def __init__(
        self,
        machine: str,
        library_path: Sequence[str] = (),
        program: str | None = None,
        cache: Path = CACHE,
        read: Reader = read,
    ) -> None:
        self.machine = machine
        self.library_path = tuple(library_path)
        self.cache = cached_libraries(cache, FLAGS.get(machine, 0))
        self.defaults = tuple(folder.format(machine=machine) for folder in DEFAULTS)
        if not self.cache:  # musl
            self.defaults = (*self.defaults, "/usr/local/lib")
        self.read = lru_cache(maxsize=None)(read)
        self.find = lru_cache(maxsize=None)(self._find)
        said = self.read(program) if program else None
        self.program = (
            _folders(said.rpath, program or "") if isinstance(said, Elf) and not said.runpath else ()
        )

    def load(self, path: str, beside: Mapping[str, Taken] | None = None) -> Loaded:
        """Load the file at `path` into a process that holds `beside` already."""
        loaded = Loaded(dict(beside or {}), [])
        queue: list[tuple[str, tuple[str, ...], str]] = [(path, self.program, path)]
        seen = {taken.path for taken in loaded.files.values()}
        for file, inherited, asking in queue:  # it grows while it is read: breadth first, as ld.so does it
            elf = self.read(file)
            if isinstance(elf, Unknown) or elf.machine != self.machine:
                loaded.lacks.append(_unfit(elf, file, asking))
                continue
            rpath = () if elf.runpath else (*_folders(elf.rpath, file), *inherited)
            for name in elf.needed:
                if name in loaded.files or name in LIBC:
                    continue
                taken = self._take(name, file, rpath, _folders(elf.runpath, file))
                if taken is None:
                    loaded.lacks.append(Lack("missing", name, file))
                    continue
                loaded.files[name] = taken
                if taken.path not in seen:
                    seen.add(taken.path)
                    queue.append((taken.path, rpath or self.program, file))
            loaded.lacks += self._versions(elf, file, loaded.files)
        return loaded

    def _take(self, name: str, file: str, rpath: tuple[str, ...], runpath: tuple[str, ...]) -> Taken | None:
        if "/" in name:
            place = name.replace("$ORIGIN", file.rpartition("/")[0])
            return Taken(place, "runpath") if os.access(place, os.F_OK) else None
        return self.find(name, rpath, runpath)

    def _find(self, name: str, rpath: tuple[str, ...], runpath: tuple[str, ...]) -> Taken | None:
        rules: tuple[tuple[How, tuple[str, ...]], ...] = (
            ("rpath", rpath),
            ("LD_LIBRARY_PATH", self.library_path),
            ("runpath", runpath),
        )
        for how, folders in rules:
            if path := self._in(name, folders):
                return Taken(path, how)
        cached = self.cache.get(name)
        path = cached if cached and os.access(cached, os.F_OK) else self._in(name, self.defaults)
        return Taken(path, "system") if path else None

    def _in(self, name: str, folders: Sequence[str]) -> str | None:
        """The first that is there. One for another machine is passed over, a damaged one is taken, and stops the load."""
        for folder in folders:
            path = f"{folder}/{name}"
            if os.access(path, os.F_OK):
                said = self.read(path)
                if isinstance(said, Unknown) or said.machine == self.machine:
                    return path
        return None

    def _versions(self, elf: Elf, file: str, files: Mapping[str, Taken]) -> Iterator[Lack]:
        """Versions that it asks for and the library that was taken does not define."""
        for wanted in elf.wants:
            taken = files.get(wanted.soname)
            provider = self.read(taken.path) if taken else None
            if not taken or not isinstance(provider, Elf) or not provider.offers:
                continue  # ld.so lets a library without versions pass
            for version in wanted.versions:
                if version not in provider.offers:
                    yield Lack("version", version, file, taken.path)


def _unfit(elf: Elf | Unknown, file: str, asking: str) -> Lack:
    if isinstance(elf, Unknown):
        return Lack("damaged", elf.reason, asking, file)
    return Lack("machine", elf.machine, asking, file)


@lru_cache(maxsize=4096)
def _folders(path: str, file: str) -> tuple[str, ...]:
    """The folders of a DT_RPATH or DT_RUNPATH of `file`."""
    here = file.rpartition("/")[0]  # links are not followed
    words = (word.replace("${ORIGIN}", here).replace("$ORIGIN", here) for word in path.split(":") if word)
    return tuple(map(_plain, words))


def _plain(folder: str) -> str:
    """Without its `..`, where that is the same folder: behind a link `..` leads elsewhere."""
    short = os.path.normpath(folder)
    try:
        return short if ".." not in folder or os.path.samefile(short, folder) else folder  # noqa: PTH121
    except OSError:  # not there: nothing is found in it either way
        return folder


def cached_libraries(path: Path, flags: int) -> dict[str, str]:
    """What ldconfig wrote down: library name → path that it leads to. Empty where there is no such file (musl)."""
    found: dict[str, str] = {}
    for name, place in cache_entries(path, flags):
        found.setdefault(name, place)
    return found


def cache_entries(path: Path, flags: int) -> Iterator[tuple[str, str]]:
    """Its lines for this kind of machine, in its order: a name may have several."""
    try:
        data = path.read_bytes()
        start = data.index(MAGIC)
        (count,) = struct.unpack_from("<I", data, start + 20)
        entries = list(struct.iter_unpack("<iIIIQ", data[start + 48 : start + 48 + 24 * count]))
    except (OSError, ValueError, struct.error):
        return
    for kind, name, place, _, capability in entries:
        if kind & 0xFFFF == flags and not capability:
            yield _word(data, start + name), _word(data, start + place)


def _word(data: bytes, offset: int) -> str:
    return data[offset : max(offset, data.find(b"\0", offset))].decode("utf-8", "replace")
