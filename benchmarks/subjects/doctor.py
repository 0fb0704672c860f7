"""The doctor against the tools that people are told to run: none of them names a cause, all of them import torch."""

from __future__ import annotations

from benchmarks.measure import Case
from benchmarks.place import Place

NAME = "doctor"
TITLE = "Saying what is wrong"
FINDINGS = (0, 1)  # findings are an answer too


def cases(place: Place) -> tuple[Case, ...]:
    def case(name: str, *argv: str, bar: float | None = None, codes: tuple[int, ...] = (0,)) -> Case:
        return Case(name=name, argv=argv, environ=place.environ, folder=place.root, bar=bar, codes=codes)

    return (
        case("groundwork doctor --offline", *place.ours("doctor", "--offline", "--json"), codes=FINDINGS),
        case("python -m torch.utils.collect_env", place.target, "-m", "torch.utils.collect_env", bar=0.15),
        case("transformers env", place.target, "-m", "transformers.commands.transformers_cli", "env"),
        case("pip check", place.target, "-m", "pip", "check", codes=FINDINGS),
    )
