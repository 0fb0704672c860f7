"""The order in which the steps of a plan run: real threads, with steps that are nothing but an order."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from types import ModuleType

import pytest

from bootstrap.known import Known
from bootstrap.plan import Planned
from bootstrap.run import Setting, run_plan
from bootstrap.safety.journal import Journal
from bootstrap.step import Cost, Work
from bootstrap.telling.lines import Lines
from doctor.errors import Exit, Trouble
from doctor.goal import Goal
from doctor.probes import gather
from doctor.text import Text

SECONDS = 20  # a step that waits for longer was left waiting
Run = Callable[[Work], None]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Planned]:
    """Makes a step of the plan, and the module that is run for it."""

    def make(name: str, run: Run, *, after: str = "", waits: str = "", prepare: Run | None = None) -> Planned:
        module = ModuleType(f"bootstrap.steps.{name}")
        vars(module).update(run=run, AREAS=("ffmpeg",), **({"prepare": prepare} if prepare else {}))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return Planned(
            name=name, title=Text(name, name), reasons=(), changes=(), cost=Cost(),
            after=tuple(after.split()), waits=tuple(waits.split()),
        )  # fmt: skip

    return make


def ran(goal: Goal, *plan: Planned) -> dict[str, str]:
    """How each ended."""
    known, journal = Known(gather(goal, ("ffmpeg",)), goal), Journal(Path(goal.journal), "setup")
    outcomes = run_plan(plan, Setting(goal, known, Lines("en"), journal, {}))
    return {outcome.name: outcome.status for outcome in outcomes}


def waited(event: Event) -> None:
    assert event.wait(SECONDS), "nobody came"


def test_one_that_needs_the_line_starts_when_the_other_has_fetched(
    goal: Goal, steps: Callable[..., Planned]
) -> None:
    fetching, started = Event(), Event()

    def first(work: Work) -> None:
        assert not started.is_set()
        fetching.set()
        work.fetched()
        waited(started)  # it goes on with its own, and the other is at work beside it

    def second(work: Work) -> None:
        assert fetching.is_set()
        started.set()

    plan = (steps("first", first), steps("second", second, waits="first:fetched"))
    assert ran(goal, *plan) == {"first": "done", "second": "done"}


@pytest.mark.parametrize("waits", ["first", "first:fetched"])
def test_it_starts_also_when_the_other_fails_without_a_word(
    goal: Goal, steps: Callable[..., Planned], waits: str
) -> None:
    def fail(work: Work) -> None:
        raise Trouble(Text("no", "不"), Exit.NETWORK)

    plan = (steps("first", fail), steps("second", lambda work: None, waits=waits))
    assert ran(goal, *plan) == {"first": "failed", "second": "done"}


def test_what_can_be_prepared_is_while_it_waits(goal: Goal, steps: Callable[..., Planned]) -> None:
    prepared, order = Event(), list[str]()

    def prepare(work: Work) -> None:
        order.append("prepared")
        prepared.set()

    plan = (
        steps("packages", lambda work: order.append("packages")),
        steps("models", lambda work: waited(prepared)),
        steps("proof", lambda work: order.append("proof"), after="packages", waits="models", prepare=prepare),
    )
    assert set(ran(goal, *plan).values()) == {"done"}
    assert order == ["packages", "prepared", "proof"]


def test_nothing_is_prepared_for_what_cannot_run(goal: Goal, steps: Callable[..., Planned]) -> None:
    failed, order = Event(), list[str]()

    def fail(work: Work) -> None:
        failed.set()
        raise Trouble(Text("no", "不"), Exit.FAILED)

    plan = (
        steps("packages", fail),
        steps("models", lambda work: waited(failed)),
        steps("proof", order.append, after="packages", waits="models", prepare=order.append),
    )
    assert ran(goal, *plan) == {"packages": "failed", "models": "done", "proof": "not-run"}
    assert not order


def test_a_preparation_that_fails_is_met_again_by_its_run(goal: Goal, steps: Callable[..., Planned]) -> None:
    def prepare(work: Work) -> None:
        raise Trouble(Text("no interpreter", "没有解释器"), Exit.FAILED)

    done = Event()

    def prepared_twice(work: Work) -> None:
        raise OSError

    plan = (
        steps("models", lambda work: None),
        steps("proof", lambda work: done.set(), waits="models", prepare=prepare),
        steps("more", lambda work: waited(done), waits="models", prepare=prepared_twice),
    )
    assert set(ran(goal, *plan).values()) == {"done"}
