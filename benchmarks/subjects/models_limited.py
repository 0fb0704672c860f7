"""Models over a line that is the limit."""

from __future__ import annotations

from benchmarks import models
from benchmarks.measure import Case
from benchmarks.place import Place

TITLE = "Models, 100 MB/s in all"
ABOUT = "The same, behind a line of 100 MB/s for all connections together. The line across a bar is the time that the bytes take."
NEEDS = ("aria2c",)
TIMES, WARM = 3, False


def cases(place: Place) -> tuple[Case, ...]:
    return models.cases(place, rate=10_000_000, latency=0.05, total=100_000_000, bars={"floor": 1.1})
