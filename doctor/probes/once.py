"""What several areas read of the environment's packages: once in a look, where one process looks at both."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from doctor.peek import peek_text

if TYPE_CHECKING:
    from doctor.probes.packages.metadata import Dist

LONGEST = 20_000_000  # bytes of one RECORD


@lru_cache(maxsize=1)
def distributions(site: Path) -> tuple[Sequence[Dist], tuple[str, ...]]:
    """All metadata folders of a site, and what an interrupted pip put aside there (`~ransformers`)."""
    from doctor.probes.packages.metadata import read_all

    return read_all(site)


@cache
def record(site: Path, folder: str) -> str:
    """The RECORD in a metadata folder; empty when it cannot be read."""
    return peek_text(f"{site}/{folder}/RECORD", LONGEST)


def forget() -> None:
    """Before a new look: the environment may have changed."""
    distributions.cache_clear()
    record.cache_clear()
