"""One ELF file: its segments, its dynamic section, its symbol and version tables. Every offset is checked."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import msgspec

MACHINES = {3: "i386", 21: "ppc64le", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
LOAD, DYNAMIC, TLS, GNU_STACK = 1, 2, 7, 0x6474E551
FLAGS, STATIC_TLS = 30, 0x10
NEEDED, STRTAB, SYMTAB, SONAME, RPATH, RUNPATH = 1, 5, 6, 14, 15, 29
GNU_HASH, VERSYM, VERDEF, VERNEED = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFE
PAGE = 16384  # bytes read at once
SHORT_NAME = 128
LONGEST_NAME = 8192  # C++ names are long
SEGMENT = struct.Struct("<IIQQQQ")
# Of tables that are read entry by entry.
WORD, NEED, NEEDED_VERSION, DEFINED_VERSION = map(struct.Struct, ("<I", "<HHIII", "<IHHII", "<HHHHIII"))
MOST = 100_000  # entries of any list; a file with more is taken for damaged


class Damaged(Exception):
    """The file contradicts itself, or ends too early."""


class Wanted(msgspec.Struct, frozen=True):
    """Versions that the library asks of another one."""

    soname: str
    versions: tuple[str, ...]


class Elf(msgspec.Struct, frozen=True, kw_only=True):
    """What the dynamic section says. Of a file for another kind of machine only `machine` is known."""

    machine: str
    needed: tuple[str, ...] = ()
    soname: str | None = None
    rpath: str = ""
    runpath: str = ""
    wants: tuple[Wanted, ...] = ()
    offers: frozenset[str] = frozenset()  # versions that it defines
    executable_stack: bool = False
    static_tls: int = (
        0  # bytes for each thread that must lie in the block which is set aside when the program starts
    )


class Image:
    """One open file. Addresses are translated by its load segments; tables are looked up when they are asked for.

    Read in pages, not mapped: a disk that fails, or a file that shrinks meanwhile, would kill us through a mapping.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self.descriptor, self.size = descriptor, size
        self.pages: dict[int, bytes] = {}
        data = self._at(0, 64)
        if data[:4] != b"\x7fELF":
            raise Damaged("no ELF file")
        self.ours = data[4] == 2 and data[5] == 1  # 64 bits, little-endian
        code = struct.unpack_from("<H" if data[5] == 1 else ">H", data, 18)[0]
        self.machine = MACHINES.get(code, f"machine {code}") if data[4] == 2 or code in (3, 40) else "32 bits"
        self.tls = 0
        self.segments = list(self._segments()) if self.ours else []
        self.dynamic = dict(self._dynamic()) if self.ours else {}

    def _segments(self) -> Iterator[tuple[int, int, int, int, int]]:
        start, size, count = (
            *struct.unpack("<Q", self._at(32, 8)),
            *struct.unpack("<HH", self._at(54, 4)),
        )
        if not 0 < count < 1000 or size < 56:
            raise Damaged("no program headers")
        table = self._at(start, size * count)
        for number in range(count):
            kind, flags, offset, address, _, length = SEGMENT.unpack_from(table, number * size)
            if kind == TLS:
                self.tls = struct.unpack_from("<Q", table, number * size + 40)[0]
            if kind == LOAD and offset + length > self.size:
                raise Damaged(f"cut off: {self.size} bytes of at least {offset + length}")
            yield kind, flags, offset, address, length

    def _at(self, offset: int, size: int) -> bytes:
        if offset < 0 or size > MOST * 16 or offset + size > self.size:
            raise Damaged("points beyond its end")
        first, last = offset // PAGE, (offset + size - 1) // PAGE
        start = offset - first * PAGE
        if first == last:
            found = self._page(first)[start : start + size]
        else:
            found = b"".join(map(self._page, range(first, last + 1)))[start : start + size]
        if len(found) < size:
            raise Damaged("became shorter")
        return found

    def _entry(self, form: struct.Struct, offset: int) -> tuple[Any, ...]:
        within = offset % PAGE
        if offset >= 0 and within + form.size <= PAGE and offset + form.size <= self.size:
            page = self._page(offset // PAGE)
            if len(page) >= within + form.size:  # as nearly all
                return form.unpack_from(page, within)
        return form.unpack(self._at(offset, form.size))

    def _page(self, number: int) -> bytes:
        if number not in self.pages:
            self.pages[number] = os.pread(self.descriptor, PAGE, number * PAGE)
        return self.pages[number]

    def _dynamic(self) -> Iterator[tuple[int, int]]:
        """The dynamic section; DT_NEEDED comes many times and is read by `needed`."""
        self.needs: list[int] = []
        for offset, length in ((o, n) for kind, _, o, _, n in self.segments if kind == DYNAMIC):
            for tag, value in struct.iter_unpack("<QQ", self._at(offset, length // 16 * 16)):
                if tag == 0:
                    return
                if tag == NEEDED:
                    self.needs.append(value)
                yield tag, value

    def _offset(self, address: int) -> int:
        for kind, _, offset, start, length in self.segments:
            if kind == LOAD and start <= address < start + length:
                return offset + address - start
        raise Damaged("an address outside of its segments")

    def table(self, tag: int) -> int | None:
        return self._offset(self.dynamic[tag]) if tag in self.dynamic else None

    @cached_property
    def _names(self) -> int:
        table = self.table(STRTAB)
        if table is None:
            raise Damaged("no table of names")
        return table

    def name(self, position: int) -> str:
        start = self._names + position
        page, within = divmod(start, PAGE)
        if 0 <= start < self.size and (end := (near := self._page(page)).find(b"\0", within)) >= 0:
            return near[within:end].decode("utf-8", "replace")  # as nearly all
        found = self._at(start, min(SHORT_NAME, max(0, self.size - start)))
        if (end := found.find(b"\0")) < 0:
            found = self._at(start, min(LONGEST_NAME, self.size - start))
            end = found.find(b"\0")
        if end < 0:
            raise Damaged("a name without an end")
        return found[:end].decode("utf-8", "replace")

    def elf(self) -> Elf:
        named = {tag: self.name(self.dynamic[tag]) for tag in (SONAME, RPATH, RUNPATH) if tag in self.dynamic}
        return Elf(
            machine=self.machine,
            needed=tuple(map(self.name, self.needs[:1000])),
            soname=named.get(SONAME),
            rpath=named.get(RPATH, ""),
            runpath=named.get(RUNPATH, ""),
            wants=tuple(
                Wanted(name, tuple(version for _, version, weak in versions if not weak))
                for name, versions in self.wanted()
            ),
            offers=frozenset(self.offered()),
            static_tls=self.tls if self.dynamic.get(FLAGS, 0) & STATIC_TLS else 0,
            executable_stack=any(kind == GNU_STACK and flags & 1 for kind, flags, *_ in self.segments),
        )

    def wanted(self) -> Iterator[tuple[str, list[tuple[int, str, bool]]]]:
        """For each library asked: the versions, each with its number in this file and whether it may be absent."""
        offset = self.table(VERNEED)
        for _ in range(MOST):
            if offset is None:
                return
            _, count, file, first, step = self._entry(NEED, offset)
            yield self.name(file), list(self._versions(offset + first, count))
            offset = offset + step if step else None

    def _versions(self, offset: int, count: int) -> Iterator[tuple[int, str, bool]]:
        for _ in range(count):
            _, flags, number, name, step = self._entry(NEEDED_VERSION, offset)
            yield number, self.name(name), bool(flags & 2)
            offset += step
            if not step:
                return

    def offered(self) -> Iterator[str]:
        offset = self.table(VERDEF)
        for _ in range(MOST):
            if offset is None:
                return
            _, _, _, _, _, first, step = self._entry(DEFINED_VERSION, offset)
            yield self.name(*self._entry(WORD, offset + first))
            offset = offset + step if step else None

    def undefined(self) -> Iterator[tuple[str, str | None]]:
        """Undefined symbols come first in the table wherever there is a GNU hash; all are read where there is none."""
        symbols, versym = self.table(SYMTAB), self.table(VERSYM)
        if symbols is None:
            return
        versions = {number: name for _, all_of in self.wanted() for number, name, _ in all_of}
        for index in range(1, min(self._count(), MOST)):
            name, info, _, section = struct.unpack("<IBBH", self._at(symbols + 24 * index, 8))
            if section == 0 and info >> 4 == 1:  # undefined and global, not weak
                number = struct.unpack("<H", self._at(versym + 2 * index, 2))[0] & 0x7FFF if versym else 0
                yield self.name(name), versions.get(number)

    def _count(self) -> int:
        """How many symbols to look at: those before the hashed ones, which are defined. Names follow the table, as a rule."""
        symbols, names, table = self.table(SYMTAB), self.table(STRTAB), self.table(GNU_HASH)
        first = struct.unpack("<I", self._at(table + 4, 4))[0] if table is not None else 0
        if first > 1:
            return int(first)
        return (names - symbols) // 24 if symbols is not None and names is not None and names > symbols else 0

    def defines(self, name: bytes) -> bool:
        table, symbols = self.table(GNU_HASH), self.table(SYMTAB)
        if symbols is None:
            return False
        if table is None:
            return any(self._is(symbols, index, name) for index in range(1, min(self._count(), MOST)))
        buckets, first, blooms, _ = struct.unpack("<IIII", self._at(table, 16))
        if not buckets:
            return False
        wanted = gnu_hash(name)
        chains = table + 16 + 8 * blooms + 4 * buckets
        index = struct.unpack("<I", self._at(chains - 4 * buckets + 4 * (wanted % buckets), 4))[0]
        for at in range(index, index + MOST) if index >= first else ():
            value = struct.unpack("<I", self._at(chains + 4 * (at - first), 4))[0]
            if value | 1 == wanted | 1 and self._is(symbols, at, name):
                return True
            if value & 1:
                return False
        return False

    def _is(self, symbols: int, index: int, name: bytes) -> bool:
        position, _, _, section = struct.unpack("<IBBH", self._at(symbols + 24 * index, 8))
        return section != 0 and self.name(position).encode() == name


def gnu_hash(name: bytes) -> int:
    value = 5381
    for byte in name:
        value = (value * 33 + byte) & 0xFFFFFFFF
    return value
