"""The modules in an environment's folders: where each lies, and whether it has a name."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from doctor.modules.generated import release
from doctor.modules.source import FORMER, NOTHING_KNOWN, Source, read, speaks_of
from doctor.reading.peek import peek

LARGEST = 2_000_000  # bytes of a module that is read
INIT = "__init__.py"
DEEPEST = 6  # modules whose names are taken with a star by one that is taken with a star
FILES = 6000  # of one library that are searched for a name which it may give dynamically


class Library:
    """The folders that an interpreter searches, looked at and not changed. What is read is kept.

    `seconds` are those that this thread works: a machine that is busy with others is not read less of. Three times as long
    by the clock is the end of it, for a disk that is slow.
    """

    def __init__(self, folders: Sequence[Path], seconds: float) -> None:
        self.folders = [str(folder) for folder in folders]
        self.until, self.latest = time.thread_time() + seconds, time.monotonic() + 3 * seconds
        self._listed: dict[str, frozenset[str]] = {}
        self._sources: dict[str, Source] = {}
        self._places: dict[str, str | None] = {}

    @property
    def late(self) -> bool:
        return time.thread_time() > self.until or time.monotonic() > self.latest

    def place(self, module: str) -> str | None:
        """The file or folder of a module; None where there is none. A compiled one and a folder without `__init__.py` too."""
        if module not in self._places:
            self._places[module] = self._find(module)
        return self._places[module]

    def _find(self, module: str) -> str | None:
        parent, _, name = module.rpartition(".")
        if not parent:
            homes = self.folders
        else:
            folder = self.place(parent)
            if folder is None:
                return None
            homes = [os.path.dirname(folder) if folder.endswith("/" + INIT) else folder]  # noqa: PTH120 - thousands of them
        found = [path for home in homes if (path := self._in(home, name))]
        whole = [path for path in found if path.endswith((".py", ".so"))]
        return next(iter([*whole, *found]), None)

    def _in(self, home: str, name: str) -> str | None:
        names = self._names(home)
        if name in names and INIT in self._names(f"{home}/{name}"):
            return f"{home}/{name}/{INIT}"
        native = next((one for one in names if one.startswith(f"{name}.") and one.endswith(".so")), None)
        if native:
            return f"{home}/{native}"
        if f"{name}.py" in names:
            return f"{home}/{name}.py"
        return f"{home}/{name}" if name in names and self._names(f"{home}/{name}") else None

    def _names(self, folder: str) -> frozenset[str]:
        if folder not in self._listed:
            try:
                self._listed[folder] = frozenset(os.listdir(folder))  # noqa: PTH208 - names alone
            except OSError:
                self._listed[folder] = frozenset()
        return self._listed[folder]

    def source(self, module: str) -> Source:
        """What a module's file says; nothing is known of a compiled one, or one that cannot be read."""
        path = self.place(module)
        if not path or not path.endswith(".py"):
            return NOTHING_KNOWN
        if path not in self._sources:
            text = peek(path, LARGEST + 1)
            known = text is not None and len(text) <= LARGEST
            self._sources[path] = (
                read(text, module, path.endswith("/" + INIT)) if known and text else NOTHING_KNOWN
            )
        return self._sources[path]

    def read_of(self, tops: Sequence[str]) -> Iterator[tuple[str, Source]]:
        """What was read of some packages."""
        for module, path in list(self._places.items()):
            if path in self._sources and module.partition(".")[0] in tops:
                yield module, self._sources[path]

    def has(self, module: str, name: str, depth: int = 0) -> bool:
        """Whether a module that is there has a name; yes where its text cannot tell."""
        source = self.source(module)
        if name in self.former(module) and name not in source.binds:
            return False
        if (
            name in source.binds
            or (name.startswith("__") and name.endswith("__"))
            or self.place(f"{module}.{name}")
        ):
            return True
        if depth > DEEPEST or source.writes or self._is_opaque(module):
            return True
        if any(self._gives(star, name, depth) for star in source.stars):
            return True
        return source.dynamic and self._may_give(module, name)

    def former(self, module: str) -> frozenset[str]:
        """Names of which a module, or what its tables come from, says that they are gone."""
        source = self.source(module)
        lists = [self.source(source.origins[name][0]).former for name in FORMER if name in source.origins]
        return source.former.union(*lists)

    def takes(self, module: str, name: str, depth: int = 0) -> frozenset[str] | None:
        """The arguments of a function or class of a module, wherever it is defined; None where nobody can tell."""
        source = self.source(module)
        if name in source.takes or depth > DEEPEST:
            return source.takes.get(name)
        if name in source.origins:
            return self.takes(*source.origins[name], depth + 1)
        return None

    def protobuf(self) -> tuple[int, ...] | None:
        """The release of protobuf; None where there is none, or one that takes generated code of any age."""
        path = self.place("google.protobuf")
        if not path or self.place("google._upb._message") is None:
            return None
        return release(peek(path, LARGEST) or b"")

    def _is_opaque(self, module: str) -> bool:
        """Compiled, generated, too large, or no module of its own but a folder."""
        if module.endswith("_pb2"):
            return True  # protobuf makes its names, from what is no text
        path = self.place(module)
        return path is None or not path.endswith(".py") or self.source(module) is NOTHING_KNOWN

    def _gives(self, star: str, name: str, depth: int) -> bool:
        if self.place(star) is None:
            return self.place(star.partition(".")[0]) is None
        return self.has(star, name, depth + 1)

    def _may_give(self, module: str, name: str) -> bool:
        """A module that makes its names as they are asked for: is the name in its text, or defined anywhere below it,
        or for a module that is no package anywhere in its library?"""
        path = str(self.place(module))
        word = re.compile(rb"\b%s\b" % re.escape(name).encode())
        if speaks_of(peek(path, LARGEST) or b"", word):
            return True
        if not path.endswith("/" + INIT):
            path = str(self.place(module.partition(".")[0]))
        if not path.endswith("/" + INIT):
            return False
        made = re.compile(
            rb"^(?:class|def|async def) %s\b|^%s\s*[:=]" % ((re.escape(name).encode(),) * 2), re.MULTILINE
        )
        for number, file in enumerate(_files(Path(path).parent)):
            if number > FILES or self.late:
                return True  # not found out
            looked_for = word if file.endswith("/" + INIT) else made
            if looked_for.search(peek(file, LARGEST) or b""):
                return True
        return False

    @cached_property
    def tops(self) -> frozenset[str]:
        """What can be imported, by first names."""
        names = (name for folder in self.folders for name in self._names(folder))
        return frozenset(name.partition(".")[0] for name in names)


def _files(folder: Path) -> Iterator[str]:
    for home, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".py"):
                yield f"{home}/{name}"
