"""`groundwork undo`: show, ask, stop JupyterLab, remove."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from bootstrap.lab import server as lab
from bootstrap.safety.journal import Journal
from bootstrap.safety.lock import only_run
from bootstrap.undo import act
from bootstrap.undo.pile import Left
from bootstrap.undo.plan import Plan, make_plan
from bootstrap.undo.screen import body, end_lines, plan_lines
from doctor.errors import Exit
from doctor.goal.settings import groundwork_home, resolve
from doctor.report.envelope import emit, words_envelope
from doctor.report.terminal import show
from doctor.text import Lang, Text

REMOVE_STAGE0 = Path(__file__).resolve().parents[2] / "scripts" / "remove_stage0.sh"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How `undo` was called."""

    plan_only: bool
    as_json: bool
    yes: bool
    files: bool


def undo(lang: Lang, asked: Asked) -> int:
    """Exit code 4 when nobody agreed, 1 when something could not be removed."""
    home = groundwork_home()
    plan = make_plan(home)
    if asked.plan_only or plan.empty:
        return _answer(plan, home, lang, asked)
    if not asked.yes and not _agreed(plan, home, lang, asked):
        return int(Exit.PERSON)
    with only_run(Path(home), "undo"):
        _stop(home)
        plan = make_plan(home)
        stuck = act.take_back(plan, Journal(Path(home) / "journal.jsonl", "undo"))
        if not stuck:
            act.forget(home)
    code = Exit.FAILED if stuck else Exit.FINE
    _end(plan, home, lang, asked, code, stuck)
    if stuck:
        return int(code)
    _leave(home)
    return int(code)


def _answer(plan: Plan, home: str, lang: Lang, asked: Asked) -> int:
    if asked.as_json:
        emit(words_envelope(Exit.FINE, undo=body(plan, home, lang, asked.files)))
    else:
        show(plan_lines(plan, home, lang, asked.files))
    return int(Exit.FINE)


def _agreed(plan: Plan, home: str, lang: Lang, asked: Asked) -> bool:
    print("\n".join(plan_lines(plan, home, lang, asked.files)), file=sys.stderr)
    if not sys.stdin.isatty():
        print(
            Text("not a terminal: add --yes to do it", "不是终端：加 --yes 才会执行").get(lang),
            file=sys.stderr,
        )
        return False
    print(Text("Do it? [y/N] ", "执行吗？[y/N] ").get(lang), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _stop(home: str) -> None:
    """Our servers, of every environment; each is known by what its launcher wrote."""
    goal = resolve({"ENV_MANAGER": "venv"}, changes=False)
    for folder in sorted(Path(home).glob("jupyter/*/")):
        lab.stop(msgspec.structs.replace(goal, env_name=folder.name))


def _end(plan: Plan, home: str, lang: Lang, asked: Asked, code: int, stuck: list[Left]) -> None:
    if asked.as_json:
        emit(words_envelope(code, undo=body(plan, home, lang, asked.files, stuck)))
    else:
        show([*(plan_lines(plan, home, lang) if asked.yes else ()), *end_lines(stuck, lang)])
    sys.stdout.flush()


def _leave(home: str) -> None:
    """We run from what is removed now: a shell takes our place. Killed there, `make undo` goes on with that alone."""
    if Path(home).is_dir():
        os.execv("/bin/sh", ["sh", str(REMOVE_STAGE0), home])
