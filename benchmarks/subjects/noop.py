"""`make setup` where nothing is to be done: it has to be cheap enough to be typed without a thought."""

from __future__ import annotations

from benchmarks.measure import Case
from benchmarks.place import Place

NAME = "noop"
TITLE = "Setup where nothing is to be done"


def cases(place: Place) -> tuple[Case, ...]:
    def case(name: str, *argv: str, bar: float | None = None) -> Case:
        return Case(name=name, argv=argv, environ=place.environ, folder=place.root, bar=bar)

    return (
        case("make setup, again", "make", "-s", "setup"),
        case("python -m torch.utils.collect_env", place.target, "-m", "torch.utils.collect_env", bar=0.3),
    )
