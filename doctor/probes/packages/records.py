"""RECORD: which files an installer put there, and how large. Only those count that somebody misses at run time.

38 000 lines in 20 ms, so the loop is written for speed.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from doctor.probes.once import record
from doctor.probes.packages.metadata import Dist

LIBRARY = ".so"
# What nobody misses at run time: images of containers are slimmed by removing it.
CACHE = "__pycache__"  # virtualenv lists the folder itself, there or not
IDLE_ENDINGS = frozenset(
    (
        CACHE,
        *("pyc", "pyi", "pyd", "pyx", "pxd", "h", "hpp", "cuh", "c", "cc", "cpp", "a", "lib", "exe"),
        *("md", "rst", "txt", "map", "cmake", "typed"),
    )
)
IDLE_FOLDERS = re.compile(r"^(?:\.\./|/)|__pycache__/|/tests?/|\.dist-info/|/docs/|/examples/|/include/")
# Path of a file that counts, its size (-1 where RECORD does not say), and what it is, for whoever reads its end.
Row = tuple[str, int, int]
OTHER, NATIVE, MODULE, DEEP = range(4)  # DEEP: a module further down than the folder of its package
IDLE = -1


class Folders(dict[str, int]):
    """What a Python file in a folder is, IDLE where nobody misses it: found out once for each folder."""

    def __missing__(self, folder: str) -> int:
        kind = DEEP if "/" in folder else MODULE
        self[folder] = IDLE if IDLE_FOLDERS.search(f"{folder}/") else kind
        return self[folder]


class Records:
    """The RECORD of each distribution that has one to be judged by."""

    def __init__(self, dists: Sequence[Dist], site: Path) -> None:
        self.site = site
        self.dists = [dist for dist in dists if dist.whole and not dist.editable]
        self._texts = {d.folder: record(site, d.folder) for d in self.dists}
        self._folders = Folders()
        self._rows: dict[str, list[Row]] = {}

    def parts(self) -> tuple[list[Dist], list[Dist]]:
        """The distributions in two parts; the second is by far the larger, since whoever asks has more to do than this."""
        until = list(accumulate(len(self._texts[dist.folder]) for dist in self.dists))
        middle = bisect(until, until[-1] * 0.2) if until else 0
        return self.dists[:middle], self.dists[middle:]

    def rows(self, dist: Dist) -> list[Row]:
        """The files of a distribution that count. Read when they are asked for: two processes share the work."""
        if dist.folder not in self._rows:
            self._rows[dist.folder] = self._read(self._texts[dist.folder])
        return self._rows[dist.folder]

    def _read(self, text: str) -> list[Row]:
        rows, folders = [], self._folders
        for line in text.split("\n"):
            if line[:1] == '"':  # a name with a comma
                path, _, stated = line[1:].partition('",')
            else:
                path, _, stated = line.partition(",")
            folder, _, name = path.rpartition("/")
            kind = folders[folder]
            if kind == IDLE:
                continue
            _, dot, ending = name.rpartition(".")
            if ending in IDLE_ENDINGS and (dot or ending == CACHE):
                continue
            if ending != "py" or not dot:
                kind = NATIVE if ending == "so" and dot else OTHER
            _, comma, size = stated.rpartition(",")
            if comma and size.isdecimal():
                rows.append((path, int(size), kind))
            elif comma:
                size = size.rstrip()  # the lines may end as Windows has it
                rows.append((path, int(size) if size.isdecimal() else -1, kind))
        return rows

    def silent(self) -> list[str]:
        """The RECORDs that say nothing, though they are there."""
        return [f"{dist.folder}/RECORD" for dist in self.dists if not self._texts[dist.folder]]

    def owners_of(self, path: str) -> tuple[str, ...]:
        """The distributions that list a file."""
        texts = ((dist.name, self._texts[dist.folder]) for dist in self.dists)
        return tuple(name for name, text in texts if text.startswith(f"{path},") or f"\n{path}," in text)

    @cached_property
    def sizes(self) -> dict[str, set[int]]:
        """All that are stated for a path: two distributions may own one."""
        found: dict[str, set[int]] = {}
        for path, size, _ in (row for dist in self.dists for row in self.rows(dist)):
            found.setdefault(path, set()).add(size)
        return found

    def digests(self, dist: Dist) -> dict[str, str]:
        """What RECORD states of the libraries that count, as "sha256=…"."""
        lines = (line.rsplit(",", 2) for line in self._texts[dist.folder].splitlines() if LIBRARY in line)
        stated = {parts[0].strip('"'): parts[1] for parts in lines if len(parts) == 3}
        return {path: said for path, said in stated.items() if path.endswith(LIBRARY) and path in self.sizes}
