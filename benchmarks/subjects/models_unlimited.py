"""Models over a line that is no limit."""

from __future__ import annotations

from benchmarks import models
from benchmarks.measure import Case
from benchmarks.place import Place

TITLE = "Models, no limit"
ABOUT = "The same without any limit, everything in memory: what the programs themselves cost. Ours hashes every byte; snapshot_download does not."
NEEDS = ("aria2c",)
TIMES, WARM = 3, True


def cases(place: Place) -> tuple[Case, ...]:
    return models.cases(place, rate=0, latency=0, total=0, bars={"snapshot_download, all at once": 1.0})
