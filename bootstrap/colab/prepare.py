"""Doing it: the overlay, ffmpeg and the models that were asked for, the startup file, the proof."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bootstrap import setup as job
from bootstrap.colab.drive import on_drive
from bootstrap.colab.kernel import Kernel, frozen, hub_env, stale, startup_file, write_startup
from bootstrap.colab.overlay import Overlay, build, folder_for, plan_overlay, read_overlay
from bootstrap.colab.runtime import Installed, Runtime, installed_in
from bootstrap.outcome import Outcome
from bootstrap.plan import Planned
from bootstrap.safety.claims import noting
from bootstrap.safety.journal import Journal
from bootstrap.setup import Wish
from bootstrap.step import Cost, Work
from bootstrap.steps import smoke
from bootstrap.telling.display import Display
from doctor import hub_env as hub
from doctor.errors import Exit, Trouble
from doctor.facts import Facts
from doctor.goal import Goal
from doctor.goal.settings import default_cache
from doctor.text import Lang, Text

MAKE = Planned(
    name="overlay",
    title=Text("Python packages, beside the runtime's own", "Python 软件包（放在运行时自带的旁边）"),
    reasons=(),
    changes=(),
    cost=Cost(),
    after=(),
    waits=(),
)
PROVE = msgspec.structs.replace(MAKE, name="smoke", title=smoke.TITLE)


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to."""

    folder: Path
    overlay: Overlay
    startup: Path
    changed: bool
    outcomes: tuple[Outcome, ...] = ()  # of the steps that make sense here: ffmpeg, models
    restart: tuple[Text, ...] = ()  # what holds the running kernel back
    proved: int | None = None  # exit code of the smoke test, where it was asked for


class Ready(msgspec.Struct, frozen=True):
    """The overlay, and whether it was made just now."""

    folder: Path
    overlay: Overlay
    new: bool


def overlay_of(goal: Goal, runtime: Runtime, facts: Facts, lang: Lang) -> Ready:
    """Raises Trouble when it is not there and cannot be made."""
    folder = folder_for(goal, runtime)
    made = read_overlay(folder)
    return Ready(folder, made or _make(goal, runtime, facts, folder, lang), made is None)


def prepare(
    goal: Goal,
    runtime: Runtime,
    kernel: Kernel | None,
    facts: Facts,
    lang: Lang,
    prove: bool,
    ready: Ready,
) -> Prepared:
    """Do what is not done yet. Raises Trouble; the runtime's own files are the same afterwards in every case."""
    folder, overlay = ready.folder, ready.overlay
    # Which models a person's own environment is for nobody said; here MODELS did.
    asked = msgspec.structs.replace(goal, system=msgspec.structs.replace(runtime.system, adopted=True))
    outcomes = job.apply(asked, Wish(only="ffmpeg,models"), "colab", Display(lang), {}).outcomes
    chosen = hub.hub_environment(goal, hub.recorded_endpoint(goal))
    env = hub_env(goal.cache, on_drive(goal.cache), chosen, default_cache())
    startup = startup_file(kernel)
    written = write_startup(startup, folder, env)
    return Prepared(
        folder=folder,
        overlay=overlay,
        startup=startup,
        changed=written or ready.new or any(outcome.status == "done" for outcome in outcomes),
        outcomes=outcomes,
        restart=(*stale(kernel, overlay, folder), *frozen(kernel, env, goal.cache)) if kernel else (),
        proved=_prove(goal, facts, folder, lang) if prove else None,
    )


def plan(goal: Goal, runtime: Runtime, facts: Facts, lang: Lang) -> tuple[Path, Overlay, bool]:
    """Where the overlay goes, what goes into it, and whether it is there already. Changes nothing but our own notes."""
    folder = folder_for(goal, runtime)
    made = read_overlay(folder)
    planned = made or plan_overlay(_work(goal, facts, lambda text: None), runtime, installed_in(runtime))
    return folder, planned, made is not None


def _make(goal: Goal, runtime: Runtime, facts: Facts, folder: Path, lang: Lang) -> Overlay:
    installed = installed_in(runtime)
    require_torch(installed)
    display, began = _begun(MAKE, lang), time.monotonic()
    work = _work(goal, facts, lambda text: display.line(MAKE.name, text))
    try:
        overlay = build(work, folder, plan_overlay(work, runtime, installed))
    finally:
        display.finish()
    display.ended(_done(MAKE, began))
    return overlay


def require_torch(installed: dict[str, Installed]) -> None:
    """Raise Trouble where the runtime has no torch: installing one is what this word never does."""
    if "torch" not in installed:
        raise Trouble(
            Text("this runtime has no PyTorch", "此运行时没有 PyTorch"),
            Exit.PERSON,
            Text("choose a runtime or image that comes with it", "请选择自带 PyTorch 的运行时或镜像"),
        )


def _prove(goal: Goal, facts: Facts, folder: Path, lang: Lang) -> int:
    """The smoke test as a child of the kernel would run: the runtime's interpreter, the overlay first."""
    display, began = _begun(PROVE, lang), time.monotonic()
    work = _work(goal, facts, _step_of_the_proof)
    try:
        done = smoke.prove(work, {"PYTHONPATH": str(folder)})
    finally:
        display.finish()
    display.ended(_done(PROVE, began))
    return done.code


def _begun(step: Planned, lang: Lang) -> Display:
    display = Display(lang)
    display.begin((step,))
    display.started(step)
    return display


def _done(step: Planned, began: float) -> Outcome:
    return Outcome(name=step.name, title=step.title, status="done", seconds=time.monotonic() - began)


def _step_of_the_proof(line: str) -> None:
    """Where the proof is, for a cell has no live table; what libraries say is in the log."""
    if re.match(r"\[\d+/\d+\] ", line):
        print(f"    {line}", file=sys.stderr, flush=True)


def _work(goal: Goal, facts: Facts, tell: Callable[[str], None]) -> Work:
    return Work(
        goal,
        facts,
        Path(goal.logs) / "colab.log",
        tell,
        lambda done, total, **more: None,
        noting(Journal(Path(goal.journal), "colab"), "colab"),
        {},
    )
