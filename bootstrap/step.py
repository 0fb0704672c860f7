"""The one shape of a step, and what a running step is handed.

A step is a module in bootstrap/steps with

    NAME, TITLE    what it is called, for machines and for people
    AFTER          steps that must have worked before it starts, where they are due
    WAITS          steps whose end it waits for, however they end; of `NAME:fetched` only until it needs the line no more
    AREAS          the areas of facts that it changes; they are looked at again to verify it, and for the steps behind it
    cost(facts, goal)      what it takes, for the plan
    changes(facts, goal)   what it would change, one line each, for the plan
    run(work)              does it; raises Trouble or LeftOut

and, where there is something that can be done while it waits for WAITS,

    prepare(work)          starts that, and returns at once

Whether a step is due is said by the checks, never by the step: a finding whose remedy names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import msgspec

from bootstrap import process
from bootstrap.pace import Floor
from doctor.facts import Facts
from doctor.goal import Goal
from doctor.text import Text

ORDER = (
    "conda",
    "environment",
    "packages",
    "torch",
    "ffmpeg",
    "kernel",
    "jupyter",
    "server",
    "models",
    "smoke",
)


class Cost(msgspec.Struct, frozen=True):
    """Bytes over the network and seconds on a 100 Mbit/s link; estimates."""

    bytes: int = 0
    seconds: float = 0


class LeftOut(Exception):
    """A step could not do its work now, and setup goes on without: why, and how to get it later."""

    def __init__(self, reason: Text, later: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason
        self.later = later


class Progress(Protocol):
    """Bytes done and bytes in all; by name what a program that watches may want to know besides."""

    def __call__(self, done: int, total: int, **more: object) -> None: ...


class Work:
    """What a running step is handed: facts, goal, its log, and the only way to start programs."""

    def __init__(
        self,
        goal: Goal,
        facts: Facts,
        log: Path,
        tell: Callable[[str], None],
        progress: Progress,
        note: Callable[[str, str], None],
        secrets: Mapping[str, str],
        say: Callable[[Text], None] = lambda text: None,
        fetched: Callable[[], None] = lambda: None,
    ) -> None:
        self.goal = goal
        self.facts = facts
        self.log = log
        self.tell = tell  # one line for the person, replaces the one before
        self.progress = progress
        self.note = note  # ("created", path) before it is made, and the like, into the journal
        self.secrets = secrets  # PASSWORD; never into an argument list or a log
        self.say = say  # what the person has to know and must not miss
        self.fetched = fetched  # the line is free for others: what is left to do needs it no more

    def call(
        self,
        argv: Sequence[str],
        *,
        seconds: float,
        env: Mapping[str, str | None] | None = None,
        check: bool = True,
        stdin: str | None = None,
        line: Callable[[str], None] | None = None,
        floor: Floor | None = None,
    ) -> process.Done:
        """Run a program: output into the step's log, its last line shown. Raises Trouble unless it ends with 0.

        With `line` its lines go there instead of to the person, for programs that report in a form of their own.
        """
        return process.run(
            argv,
            log=self.log,
            seconds=seconds,
            env=env,
            check=check,
            stdin=stdin,
            line=line or self.tell,
            floor=floor,
        )


class Step(Protocol):
    NAME: str
    TITLE: Text
    AFTER: tuple[str, ...]
    WAITS: tuple[str, ...]
    AREAS: tuple[str, ...]

    def cost(self, facts: Facts, goal: Goal) -> Cost: ...

    def changes(self, facts: Facts, goal: Goal) -> tuple[Text, ...]: ...

    def run(self, work: Work) -> None: ...


def load(name: str) -> Step:
    return cast(Step, import_module(f"bootstrap.steps.{name}"))


def preparation(name: str) -> Callable[[Work], None] | None:
    """What the step can do while it waits for others; None where there is nothing."""
    return cast("Callable[[Work], None] | None", getattr(load(name), "prepare", None))
