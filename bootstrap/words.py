"""What each word does. The CLI parses, these call the rooms and print; each returns its exit code."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from bootstrap import setup as job
from bootstrap.env.manager import settle
from bootstrap.lab import server as jupyter
from bootstrap.lab import systemd
from bootstrap.plan import Planned
from bootstrap.remember import remember
from bootstrap.setup import Result, Wish
from bootstrap.telling.lines import shown
from bootstrap.telling.screen import changed, end_lines, plan_lines
from doctor.diagnose import exit_code
from doctor.errors import Exit, Trouble, bad_input
from doctor.facts import Facts, Python
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.goal.settings import resolve
from doctor.goal.target import adopted
from doctor.report.envelope import emit, envelope
from doctor.report.terminal import lines, show
from doctor.settle.hosted import has_own_kernel
from doctor.settle.manager import settle_by_sight
from doctor.text import Lang, Text

if TYPE_CHECKING:
    from doctor.measure.offers import Offered

Flags = Mapping[str, str | None]


def setup(
    flags: Flags,
    secrets: Mapping[str, str],
    lang: Lang,
    *,
    plan_only: bool,
    as_json: bool,
    only: str | None,
    start: str | None,
    offline: bool = False,
) -> int:
    if only is not None and start is not None:
        raise bad_input("give --only or --from, not both.", "--only 与 --from 只能给一个。")
    goal = _settled(flags, lang)
    systemd.refuse_without(goal)
    wish = Wish(only=only, start=start, also=jupyter.password_steps(goal, secrets))
    if plan_only:
        return show_plan(goal, wish, lang, as_json, offline)

    result = job.apply(goal, wish, "setup", shown(lang, as_json), secrets, keep=lambda: remember(goal, flags))
    return _tell(goal, result, lang, as_json)


def _settled(flags: Flags, lang: Lang) -> Goal:
    """The goal with its manager decided; where conda cannot be had, the person is told so."""
    goal = resolve(flags)
    _refuse_on_a_runtime(goal)
    goal, line = settle(goal)
    if line:
        print(line.get(lang), file=sys.stderr)
    return goal


def _refuse_on_a_runtime(goal: Goal) -> None:
    """Raise Trouble on Colab and Kaggle: no notebook there sees another environment, and their own is not for changing."""
    if goal.manager not in ("auto", "system") or goal.foreign or not has_own_kernel(os.environ):
        return
    raise Trouble(
        Text(
            "this is a hosted notebook's runtime: its notebooks see no other environment, and its own is left as it is",
            "这是托管笔记本的运行时：笔记本看不到其他环境，而它自带的环境不应改动",
        ),
        Exit.USAGE,
        Text(
            "in a cell: %run groundwork/scripts/colab_cell.py (docs/colab.md); an environment all the same: ENV_MANAGER=venv",
            "请在单元格中运行：%run groundwork/scripts/colab_cell.py（docs/colab.zh.md）；仍要另建环境：ENV_MANAGER=venv",
        ),
    )


def show_plan(goal: Goal, wish: Wish, lang: Lang, as_json: bool, offline: bool = True) -> int:
    """Tell the plan. Unless `offline`, the sources of torch are asked whether they have the build."""
    facts, findings = job.look(goal)
    job.refuse_unknown(findings, wish)
    plan = job.plan_for(goal, facts, findings, wish)
    against = job.objection(findings, plan, goal)
    code = against.code if against else Exit.FINE
    plan, offered = (plan, ()) if offline else _with_sources(plan, facts, goal)
    if as_json:
        objection = against.message.get(lang) if against else None
        more = {"plan": plan, "objection": objection, "torch_sources": offered}
        emit(envelope(goal, facts, findings, code, lang, **more))
        return code
    if goal.foreign and not plan:
        return _tell_foreign(goal, Result(facts=facts, findings=findings, code=code), lang)
    show(plan_lines(plan, goal, lang, narrowed=bool(wish.only or wish.start or wish.ids)))
    if against:
        raise against
    return code


def _with_sources(
    plan: tuple[Planned, ...], facts: Facts, goal: Goal
) -> tuple[tuple[Planned, ...], tuple[Offered, ...]]:
    """The plan with a line for each source of torch, where torch is to be installed."""
    if all(step.name != "torch" for step in plan):
        return plan, ()
    from bootstrap.steps import torch

    said, offered = torch.look_for(facts, goal)
    told = (replace(step, changes=(*step.changes, *said)) if step.name == "torch" else step for step in plan)
    return tuple(told), offered


def _tell(goal: Goal, result: Result, lang: Lang, as_json: bool) -> int:
    if as_json:
        more = {"plan": result.plan, "outcomes": result.outcomes, "changed": changed(result)}
        emit(envelope(goal, result.facts, result.findings, result.code, lang, **more))
        return result.code
    show(end_lines(goal, result, jupyter.screen(goal, result.facts, lang), lang))
    left = tuple(f for f in result.findings if f.severity in ("fail", "warn"))
    told = {outcome.name for outcome in result.outcomes if outcome.status != "done"}
    open_findings = tuple(f for f in left if f.remedy.step not in told)
    if open_findings:
        yours = Text("These need you:", "以下问题需要你处理：")
        show([yours.get(lang)] if result.code == Exit.PERSON else [])
        show(lines(open_findings, lang))
    return result.code


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """How `fix` was called, besides the settings."""

    plan_only: bool
    as_json: bool
    yes: bool
    ids: tuple[str, ...]
    adopt: bool


def fix(flags: Flags, secrets: Mapping[str, str], lang: Lang, asked: Fix) -> int:
    goal = _adopted(_settled(flags, lang), asked.adopt)
    wish = Wish(ids=asked.ids)
    if asked.plan_only:
        return show_plan(goal, wish, lang, asked.as_json)
    agree = (lambda plan: True) if asked.yes else (lambda plan: _ask(plan, goal, lang))
    result = job.apply(goal, wish, "fix", shown(lang, asked.as_json), secrets, agree)
    if result.plan and not result.outcomes and not asked.as_json:  # the person said no
        show([Text("Nothing was changed.", "未作任何更改。").get(lang)])
        return result.code
    if goal.foreign and not asked.as_json:
        return _tell_foreign(goal, result, lang)
    return _tell(goal, result, lang, asked.as_json)


def _adopted(goal: Goal, adopt: bool) -> Goal:
    """The goal, an environment of the person's made the course's own when they said so. Raises Trouble (exit 2)."""
    if adopt and not goal.foreign:
        raise bad_input(
            "--adopt goes with TARGET=/path/of/an/environment.", "--adopt 需要与 TARGET=环境路径 一起使用。"
        )
    return adopted(goal) if adopt else goal


def _tell_foreign(goal: Goal, result: Result, lang: Lang) -> int:
    """What is left in an environment that is not ours: each with what to type, and how to let us do it."""
    left = tuple(f for f in result.findings if f.severity in ("fail", "warn", "blocked"))
    show(lines(left, lang))
    if left:
        here = Text(
            "This environment is yours, so nothing in it was changed: type the lines above, or let Groundwork do it with\n"
            f"  make fix ARGS=--adopt TARGET={shlex.quote(goal.prefix)}",
            "这个环境不是我们创建的，因此没有改动：请运行上面的命令，或让 Groundwork 处理：\n"
            f"  make fix ARGS=--adopt TARGET={shlex.quote(goal.prefix)}",
        )
        show(["", here.get(lang)])
    return result.code


def _ask(plan: tuple[Planned, ...], goal: Goal, lang: Lang) -> bool:
    if not plan:
        return True
    print("\n".join(plan_lines(plan, goal, lang)), file=sys.stderr)
    if not sys.stdin.isatty():
        said = Text("not a terminal: add --yes to do it", "不是终端：加 --yes 才会执行")
        print(said.get(lang), file=sys.stderr)
        return False
    print(Text("Do it? [y/N] ", "执行吗？[y/N] ").get(lang), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def smoke(flags: Flags, lang: Lang, *, as_json: bool) -> int:
    from bootstrap.steps.smoke import table

    goal = settle_by_sight(resolve(flags))
    facts, findings = seen = job.look(goal)
    if not isinstance(facts.python, Python) or facts.python.state != "complete":
        return _no_environment(goal, findings, lang, as_json)
    wish = Wish(only="smoke", also=("smoke",))
    result = job.apply(goal, wish, "smoke", shown(lang, as_json), {}, seen=seen)
    if as_json:
        emit(envelope(goal, result.facts, result.findings, result.code, lang, outcomes=result.outcomes))
    else:
        show(table(goal))
    return result.code


def _no_environment(goal: Goal, findings: tuple[Finding, ...], lang: Lang, as_json: bool) -> int:
    if as_json:
        emit(envelope(goal, None, findings, Exit.FAILED, lang))
    else:
        show(lines(tuple(f for f in findings if f.area in ("conda", "python")), lang))
    return Exit.FAILED


def lab(flags: Flags, secrets: Mapping[str, str], lang: Lang, *, as_json: bool) -> int:
    goal = settle_by_sight(resolve(flags))
    systemd.refuse_without(goal)
    facts, findings = seen = job.look(goal)
    if not isinstance(facts.python, Python) or facts.python.state != "complete":
        return _no_environment(goal, findings, lang, as_json)
    wish = Wish(only="kernel,jupyter,server", also=jupyter.password_steps(goal, secrets))
    kept = {"KEEP_UP": flags.get("KEEP_UP")}  # the only setting of this word that is meant to last
    keep = partial(remember, goal, kept, {})
    result = job.apply(goal, wish, "lab", shown(lang, as_json), secrets, keep=keep, seen=seen)
    if as_json:
        emit(envelope(goal, result.facts, result.findings, result.code, lang, outcomes=result.outcomes))
    elif result.code:
        show(end_lines(goal, result, [], lang))
    else:
        show(jupyter.screen(goal, result.facts, lang))
    return result.code


def stop(flags: Flags, lang: Lang, *, as_json: bool) -> int:
    goal = settle_by_sight(resolve(flags))
    stopped = jupyter.stop(goal)
    facts, findings = job.look(goal)
    if as_json:
        emit(envelope(goal, facts, findings, Exit.FINE, lang, stopped=stopped))
    else:
        text = (
            Text("JupyterLab is stopped.", "JupyterLab 已停止。")
            if stopped
            else Text("JupyterLab was not running.", "JupyterLab 没有在运行。")
        )
        show([text.get(lang)])
    return Exit.FINE


def status(flags: Flags, lang: Lang, *, as_json: bool) -> int:
    goal = settle_by_sight(resolve(flags))
    facts, findings = job.look(goal)
    code = exit_code(findings)
    if as_json:
        emit(envelope(goal, facts, findings, code, lang, server=jupyter.status(goal)))
        return code
    server = jupyter.status(goal)
    way_in = jupyter.screen(goal, facts, lang) if server.state == "running" else []
    show(
        end_lines(
            goal, Result(facts=facts, findings=findings, code=code), [server.text.get(lang), *way_in], lang
        )[1:]
    )
    open_findings = tuple(f for f in findings if f.severity in ("fail", "warn", "blocked"))
    if open_findings:
        show(lines(open_findings, lang))
    return code
