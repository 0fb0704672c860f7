"""`make setup` where nothing is to be done: it has to be cheap enough to be typed without a thought."""

from __future__ import annotations

from benchmarks.measure import Case
from benchmarks.place import Place

TITLE = "Setup where nothing is to be done"
ABOUT = "The whole of `make setup`, stage 0 included, on a machine that is as it should be."
TIMES, WARM = 5, True


def cases(place: Place) -> tuple[Case, ...]:
    def case(name: str, *argv: str, bar: float | None = None, enough: float | None = None) -> Case:
        environ, folder = place.environ, place.root
        return Case(name=name, argv=argv, environ=environ, folder=folder, bar=bar, enough=enough)

    return (
        case("make setup, again", "make", "-s", "setup", "ENV_MANAGER=venv", "MODELS=none"),
        case(
            "python -m torch.utils.collect_env",
            place.target,
            "-m",
            "torch.utils.collect_env",
            bar=0.3,
            enough=1.0,
        ),
    )
