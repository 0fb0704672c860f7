"""The environment once more, where uv's and pip's caches hold all of it."""

from __future__ import annotations

from benchmarks import course
from benchmarks.measure import Case
from benchmarks.place import Place

TITLE = "Once more, with warm caches"
ABOUT = "As above, but the caches of uv and pip are kept from the run before; the environments are not."
TIMES, WARM = 2, True


def cases(place: Place) -> tuple[Case, ...]:
    return course.cases(place, cold=False, bar=0.5)
