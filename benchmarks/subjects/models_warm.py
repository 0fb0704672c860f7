"""Models that are there already."""

from __future__ import annotations

from benchmarks import models
from benchmarks.measure import Case
from benchmarks.place import Place

TITLE = "Models that are in the cache already, 50 ms"
ABOUT = "Ten repositories at their commits, all of them cached. snapshot_download asks the Hub for each."
TIMES, WARM = 5, True


def cases(place: Place) -> tuple[Case, ...]:
    return models.cases(
        place, rate=0, latency=0.05, total=0, bars={"snapshot_download, all at once": 0.3}, warm=True
    )
