"""The doctor against the tools that people are told to run: none of them names a cause, most of them import torch."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import Case
from benchmarks.place import Place

TITLE = "Saying what is wrong"
ABOUT = "On the environment that `make setup` made. The others print versions; they name no cause."
TIMES, WARM = 5, True
FINDINGS = (0, 1)  # findings are an answer too


def cases(place: Place) -> tuple[Case, ...]:
    def case(name: str, *argv: str, bar: float | None = None, codes: tuple[int, ...] = (0,)) -> Case:
        return Case(name=name, argv=argv, environ=place.environ, folder=place.root, bar=bar, codes=codes)

    return (
        case("groundwork doctor --offline", *place.ours("doctor", "--offline", "--json"), codes=FINDINGS),
        case("python -m torch.utils.collect_env", place.target, "-m", "torch.utils.collect_env", bar=0.15),
        case("transformers env", place.target, "-m", "transformers.commands.transformers_cli", "env"),
        case("hf env", str(Path(place.target).with_name("hf")), "env"),
        case("pip check", place.target, "-m", "pip", "check", codes=FINDINGS),
    )
