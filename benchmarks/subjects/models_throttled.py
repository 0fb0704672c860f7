"""Models from a mirror that throttles each connection, far away."""

from __future__ import annotations

from benchmarks import models
from benchmarks.measure import Case
from benchmarks.place import Place

TITLE = "Models, 10 MB/s for each connection, 50 ms"
ABOUT = "Ten repositories, 1.5 GB, from a Hub on loopback. Ours asks what they are, hashes every byte and fills the cache; aria2c does neither."
NEEDS = ("aria2c",)
TIMES, WARM = 3, False


def cases(place: Place) -> tuple[Case, ...]:
    return models.cases(place, rate=10_000_000, latency=0.05, total=0, bars={"aria2c -x16 -s16": 1.2})
