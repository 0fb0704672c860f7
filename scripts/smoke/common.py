"""The one shape that every smoke task has, and the few helpers that they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Unavailable(Exception):
    """This environment does not offer the task at all; the message says why."""


@dataclass
class Bench:
    """What a task is handed: where it runs, with which weights, and where it may write."""

    task: str
    model: str
    revision: str | None
    real: bool
    device: str
    work: Path
    say: Callable[..., str]
    notes: list[str] = field(default_factory=list)
    bytes: int = 0  # of the model's files as the course has them


def load_pipeline(source: str, bench: Bench, arguments: Mapping[str, Any]) -> Any:
    """`pipeline(task, model=…)` on the chosen device, as the lecture calls it.

    Unavailable where transformers 5 removed what the lecture uses: whole pipelines, and an argument of ner.
    """
    import transformers
    from transformers.pipelines import PIPELINE_REGISTRY

    about = {"version": transformers.__version__, "task": bench.task}
    if bench.task not in PIPELINE_REGISTRY.get_supported_tasks():
        raise Unavailable(bench.say("no_pipeline", **about))
    try:
        return transformers.pipeline(
            bench.task, model=source, revision=bench.revision, device=bench.device, **arguments
        )
    except TypeError as error:
        refused = [name for name in arguments if f"unexpected keyword argument '{name}'" in str(error)]
        if not refused:
            raise
        raise Unavailable(bench.say("no_argument", names=", ".join(refused), **about)) from error


@dataclass(frozen=True)
class Task:
    """`build` writes a tiny random model into a folder; `use` calls the loaded thing as the lecture does.

    `use` checks types, shapes and ranges always, and the expected answers when `bench.real`.
    `arguments` go to `load`; `also` names repositories that the real weights need too; `obstacle` says why real
    weights cannot be used in this environment, or "".
    """

    build: Callable[[Path, Bench], None]
    use: Callable[[Any, Bench], None]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    load: Callable[[str, Bench, Mapping[str, Any]], Any] = load_pipeline
    also: tuple[str, ...] = ()
    obstacle: Callable[[Bench], str] = lambda bench: ""


def expect(condition: object, message: str) -> None:
    """An assert that `python -O` does not remove."""
    if not condition:
        raise AssertionError(message)


def expect_scores(answers: list[dict[str, Any]], labels: Mapping[int, str]) -> None:
    """`answers` are {"label", "score"}, labels of this model, best first, scores between 0 and 1."""
    expect(isinstance(answers, list) and answers, f"expected a non-empty list, got {answers!r}")
    scores = [answer["score"] for answer in answers]
    expect(all(isinstance(s, float) and 0 <= s <= 1.000001 for s in scores), f"not scores: {scores}")
    expect(scores == sorted(scores, reverse=True), f"not sorted, best first: {scores}")
    unknown = [a["label"] for a in answers if a["label"] not in labels.values()]
    expect(not unknown, f"labels that the model does not have: {unknown}")
