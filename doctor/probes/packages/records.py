"""RECORD: which files an installer put there, and how large. Only those count that somebody misses at run time.

38 000 lines in 20 ms, so the loop is written for speed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from doctor.peek import peek_text
from doctor.probes.packages.metadata import Dist

LONGEST = 20_000_000  # bytes of one RECORD
LIBRARY = ".so"
# What nobody misses at run time: images of containers are slimmed by removing it.
IDLE_ENDINGS = frozenset(
    (
        *("pyc", "pyi", "pyd", "pyx", "pxd", "h", "hpp", "cuh", "c", "cc", "cpp", "a", "lib", "exe"),
        *("md", "rst", "txt", "map", "cmake", "typed"),
    )
)
IDLE_FOLDERS = re.compile(r"^(?:\.\./|/)|__pycache__/|/tests?/|\.dist-info/|/docs/|/examples/|/include/")
Row = tuple[str, int]  # path of a file that counts, and its size; -1 where RECORD does not say


class Records:
    """The RECORD of each distribution."""

    def __init__(self, dists: Sequence[Dist], site: Path) -> None:
        self.site = site
        self._idle: dict[str, bool] = {}
        self.rows = [(d, list(self._rows(d))) for d in dists if d.whole and not d.editable]

    def _rows(self, dist: Dist) -> Iterator[Row]:
        for line in self._text(dist).split("\n"):
            if line[:1] == '"':  # a name with a comma
                path, _, stated = line[1:].partition('",')
            else:
                path, _, stated = line.partition(",")
            folder, _, name = path.rpartition("/")
            _, dot, ending = name.rpartition(".")
            if (dot and ending in IDLE_ENDINGS) or self._is_idle(folder) or "," not in stated:
                continue
            size = stated.rpartition(",")[2].rstrip()
            yield path, int(size) if size.isdecimal() else -1

    def _is_idle(self, folder: str) -> bool:
        known = self._idle.get(folder)
        if known is None:
            known = self._idle[folder] = IDLE_FOLDERS.search(f"{folder}/") is not None
        return known

    def _text(self, dist: Dist) -> str:
        return peek_text(self.site / dist.folder / "RECORD", LONGEST)

    @cached_property
    def sizes(self) -> dict[str, set[int]]:
        """All that are stated for a path: two distributions may own one."""
        found: dict[str, set[int]] = {}
        for path, size in (row for _, listed in self.rows for row in listed):
            found.setdefault(path, set()).add(size)
        return found

    def digests(self, dist: Dist) -> dict[str, str]:
        """What RECORD states of the libraries that count, as "sha256=…"."""
        lines = (line.rsplit(",", 2) for line in self._text(dist).splitlines() if LIBRARY in line)
        stated = {parts[0].strip('"'): parts[1] for parts in lines if len(parts) == 3}
        return {path: said for path, said in stated.items() if path.endswith(LIBRARY) and path in self.sizes}
