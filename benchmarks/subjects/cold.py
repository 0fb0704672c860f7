"""From an empty HOME to a proven environment, over a link of 100 Mbit/s."""

from __future__ import annotations

from benchmarks import course
from benchmarks.measure import Case
from benchmarks.place import Place

TITLE = "A new machine, 100 Mbit/s"
ABOUT = (
    "An index on loopback that sends no more than 100 Mbit/s to all connections together, 30 ms before each answer, with exactly "
    "the wheels of the course's environment (torch for the CPU). Both begin with an empty HOME and end when every pipeline "
    "has run; `make setup` has also started JupyterLab by then. Ten models of 250 MB together come over the same line, from a Hub "
    "beside the index: with us while Python's modules are compiled, with the recipe on first use (`hf download`). The more of "
    "all bytes are models, the nearer both come to the line. "
    "The line across a bar is the time that its bytes take on the link."
)
MODELS = (70_000_000, *9 * [20_000_000])  # bytes
TIMES, WARM = 2, False  # a round takes minutes, and a cold run is not to be warmed


def cases(place: Place) -> tuple[Case, ...]:
    return course.cases(place, cold=True, bar=0.5, floor_bar=1.25, models=MODELS)
