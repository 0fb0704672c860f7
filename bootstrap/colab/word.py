"""The word `colab`: prepare a hosted notebook's runtime, and tell what its kernel has to do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bootstrap import process
from bootstrap.colab import screen
from bootstrap.colab.drive import require_mounted, with_drive
from bootstrap.colab.kernel import Kernel, answer, read_kernel
from bootstrap.colab.prepare import Prepared, overlay_of, plan, prepare
from bootstrap.colab.runtime import Runtime, runtime_of
from bootstrap.remember import remember
from bootstrap.safety.lock import only_run
from doctor.checks import judge
from doctor.errors import Exit, Trouble
from doctor.facts import Colab, Facts
from doctor.goal import Goal
from doctor.goal.remembered import read as read_remembered
from doctor.goal.settings import groundwork_home, resolve
from doctor.probes import gather
from doctor.text import Lang, Text

Flags = Mapping[str, str | None]
AREAS = ("host", "gpu", "colab")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How the word was called, besides the settings."""

    plan_only: bool = False
    as_json: bool = False
    prove: bool = False
    kernel: Path | None = None  # a folder in which scripts/colab_cell.py and this word leave each other word


def colab(flags: Flags, lang: Lang, asked: Asked) -> int:
    kernel = read_kernel(asked.kernel)
    runtime, goal = _settle(flags, kernel)
    facts = gather(goal, AREAS)
    _refuse_elsewhere(facts)
    if asked.plan_only:
        screen.tell_plan(*plan(goal, runtime, facts, lang), lang, asked.as_json)
        return Exit.FINE
    try:
        with only_run(Path(goal.home), "colab"):
            remember(goal, flags)
            ready = overlay_of(goal, runtime, facts, lang)
        # Its steps take the lock themselves.
        done = prepare(goal, runtime, kernel, facts, lang, asked.prove, ready)
    except KeyboardInterrupt:
        process.stop_all()
        raise
    if asked.kernel:
        answer(asked.kernel, done.startup, done.restart)
    code = _code(done)
    findings = judge(facts, goal, ("colab",))
    screen.tell(
        screen.Told(goal, runtime, facts, findings, done, kernel is not None, code), lang, asked.as_json
    )
    return code


def _settle(flags: Flags, kernel: Kernel | None) -> tuple[Runtime, Goal]:
    """The runtime that the kernel runs on (else python3 on PATH), and the goal for it."""
    goal = resolve({**with_drive(flags), "ENV_MANAGER": "system", "MODELS": _models(flags)})
    require_mounted(goal.cache)
    runtime = runtime_of(kernel.python if kernel else goal.interpreter)
    return runtime, msgspec.structs.replace(goal, system=runtime.system)


def _models(flags: Flags) -> str | None:
    """Fetched beforehand only where somebody asks for it: the Hub is near, and a notebook rarely uses all."""
    asked = flags.get("MODELS") or os.environ.get("MODELS")
    known = read_remembered(groundwork_home()).settings.values()
    return asked or (None if any("MODELS" in kept for kept in known) else "none")


def _refuse_elsewhere(facts: Facts) -> None:
    if isinstance(facts.colab, Colab) and facts.colab.kind:
        return
    raise Trouble(
        Text(
            "this is not a hosted notebook (Colab, Kaggle, …): their signs are not here",
            "这不是托管笔记本（Colab、Kaggle 等）：没有发现它们的标志",
        ),
        Exit.USAGE,
        Text("on a machine of your own: make setup", "在自己的机器上请运行：make setup"),
    )


def _code(done: Prepared) -> int:
    failed = [outcome.code or Exit.FAILED for outcome in done.outcomes if outcome.status == "failed"]
    if failed:
        return failed[0]
    if done.proved:
        return Exit.FAILED
    return Exit.PERSON if done.restart else Exit.FINE
