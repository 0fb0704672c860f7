"""Running a plan: independent steps at the same time, each verified by the checks that asked for it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

import msgspec

from bootstrap import process
from bootstrap.known import Known
from bootstrap.outcome import Outcome, Status
from bootstrap.plan import Planned
from bootstrap.safety import no_room
from bootstrap.safety.claims import noting
from bootstrap.safety.interrupt import interrupted
from bootstrap.safety.journal import Journal
from bootstrap.step import LeftOut, Work, load, preparation
from bootstrap.telling.display import Display
from bootstrap.telling.lines import Lines
from doctor.checks import judge
from doctor.errors import Exit, Trouble
from doctor.facts import Facts, Packages
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import Text

WORKERS = 4
ALIVE = 60.0  # seconds between signs of life in the journal: a run that is killed cannot say when


class Setting(msgspec.Struct, frozen=True):
    """What all steps of a run share."""

    goal: Goal
    known: Known
    display: Display | Lines
    journal: Journal
    secrets: Mapping[str, str]
    word: str = "setup"
    fetched: set[str] = msgspec.field(default_factory=set)  # steps that need the line no more
    prepared: set[str] = msgspec.field(default_factory=set)


def changed_by(plan: tuple[Planned, ...]) -> tuple[str, ...]:
    """The areas that these steps can change: what is not looked at again costs nothing."""
    return tuple(dict.fromkeys(area for planned in plan for area in load(planned.name).AREAS))


def run_plan(plan: tuple[Planned, ...], setting: Setting) -> tuple[Outcome, ...]:
    """Run the plan as far as it goes: a step that fails takes only those with it that need it.

    An interrupt (SIGINT, SIGTERM, SIGHUP) ends all programs and raises Trouble with exit code 130.
    """
    _begin(plan, setting)
    setting.display.begin(plan)
    try:
        with ThreadPoolExecutor(WORKERS) as pool:
            try:
                outcomes = _schedule(plan, setting, pool)
            except KeyboardInterrupt:
                process.stop_all()
                raise
    except KeyboardInterrupt as interrupt:
        setting.journal.tell("interrupted")
        raise interrupted(setting.word) from interrupt
    finally:
        setting.display.finish()
    setting.journal.tell("run-end", outcomes={o.name: o.status for o in outcomes})
    return outcomes


def _begin(plan: tuple[Planned, ...], setting: Setting) -> None:
    goal, packages = setting.goal, setting.known.facts.packages
    setting.journal.bound()
    setting.journal.write("run-start", steps=[step.name for step in plan], prefix=goal.prefix)
    if goal.system and not goal.foreign and isinstance(packages, Packages):
        setting.journal.write("adopted", path=goal.system.site, before=packages.installed)


def _schedule(plan: tuple[Planned, ...], setting: Setting, pool: ThreadPoolExecutor) -> tuple[Outcome, ...]:
    """Start each step when those before it have ended; one that needs a step that did not work is not run."""
    waiting = {step.name: step for step in plan}
    running: dict[Future[Outcome], Planned] = {}
    ended: dict[str, Outcome] = {}
    told = time.monotonic()
    while waiting or running:
        for step in [s for s in waiting.values() if all(name in ended for name in s.after)]:
            if not all(_is_over(name, ended, setting) for name in step.waits):
                _prepare(step, ended, setting)
                continue
            del waiting[step.name]
            if _may_run(step, ended):
                running[pool.submit(_run_step, step, setting)] = step
            else:
                ended[step.name] = _not_run(step)
                setting.display.ended(ended[step.name])
        done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
        for future in done:
            step = running.pop(future)
            ended[step.name] = future.result()
            setting.display.ended(ended[step.name])
        setting.display.tick()
        if time.monotonic() - told > ALIVE:
            setting.journal.tell("alive")
            told = time.monotonic()
    return tuple(ended[step.name] for step in plan)


def _may_run(step: Planned, ended: Mapping[str, Outcome]) -> bool:
    return all(ended[name].status in ("done", "left-out") for name in step.after)


def _is_over(name: str, ended: Mapping[str, Outcome], setting: Setting) -> bool:
    """What a step waits for: another's end, or of `NAME:fetched` that it has all that it fetches."""
    other, _, fetched = name.partition(":")
    return other in ended or (bool(fetched) and other in setting.fetched)


def _prepare(step: Planned, ended: Mapping[str, Outcome], setting: Setting) -> None:
    """Once, what it can do while it waits for others."""
    prepare = preparation(step.name)
    if prepare and step.name not in setting.prepared and _may_run(step, ended):
        setting.prepared.add(step.name)
        with suppress(Trouble, OSError):  # its run meets the same, and tells
            prepare(_work(step, setting))


def _run_step(planned: Planned, setting: Setting) -> Outcome:
    began = time.monotonic()
    setting.display.started(planned)
    setting.journal.tell("step-start", step=planned.name, reasons=planned.reasons)
    outcome = _attempt(planned, setting)
    why = {"reason": outcome.reason} if outcome.reason else {}
    setting.journal.tell("step-end", step=planned.name, status=outcome.status, **why)
    return msgspec.structs.replace(outcome, seconds=time.monotonic() - began)


def _attempt(planned: Planned, setting: Setting) -> Outcome:
    try:
        _do(planned, setting)
    except LeftOut as left:
        return _outcome(planned, "left-out", left.reason, left.later)
    except process.Stopped:
        return _not_run(planned)
    except Trouble as trouble:
        places = no_room.places(setting.goal)
        return _failed(planned, no_room.of_text(trouble.message.en, places, planned.cost.bytes) or trouble)
    except Exception as error:  # a defect of ours: told as such, and the other steps still end orderly
        disk = no_room.of_error(error, no_room.places(setting.goal), planned.cost.bytes)
        return _failed(planned, disk) if disk else _defect(planned, error, setting)
    return _outcome(planned, "done")


def _do(planned: Planned, setting: Setting) -> None:
    """Run the step, and look at what it changed however it ended: others may go on from there."""
    step = load(planned.name)
    try:
        step.run(_work(planned, setting))
    except process.Stopped:
        raise
    except BaseException:
        setting.known.again(step.AREAS)
        raise
    _verify(planned, setting.known.again(step.AREAS), setting.goal)


def _failed(planned: Planned, trouble: Trouble) -> Outcome:
    return _outcome(planned, "failed", trouble.message, trouble.hint, trouble.code)


def _outcome(
    planned: Planned, status: Status, reason: Text | None = None, later: Text | None = None, code: int = 0
) -> Outcome:
    return Outcome(
        name=planned.name, title=planned.title, status=status, reason=reason, later=later, code=code
    )


def _not_run(planned: Planned) -> Outcome:
    return _outcome(planned, "not-run")


def _defect(planned: Planned, error: Exception, setting: Setting) -> Outcome:
    import traceback

    log = _log(planned, setting)
    with suppress(OSError), log.open("a", encoding="utf-8") as out:
        traceback.print_exception(error, file=out)
    what = f"{type(error).__name__}: {error}"
    reason = Text(f"a defect of ours: {what}", f"程序缺陷：{what}")
    return _outcome(planned, "failed", reason, Text(f"full log: {log}", f"完整日志：{log}"), Exit.DEFECT)


def _work(planned: Planned, setting: Setting) -> Work:
    name, display = planned.name, setting.display
    return Work(
        setting.goal,
        setting.known.facts,
        _log(planned, setting),
        lambda text: display.line(name, text),
        lambda done, total, **more: display.progress(name, done, total, **more),
        noting(setting.journal, name),
        setting.secrets,
        lambda text: display.say(name, text),
        lambda: setting.fetched.add(name),
    )


def _log(planned: Planned, setting: Setting) -> Path:
    path = Path(setting.goal.logs) / f"{planned.name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _verify(planned: Planned, facts: Facts, goal: Goal) -> None:
    """The step is done when the checks that asked for it ask no more."""
    found = judge(facts, goal, load(planned.name).AREAS)
    left = [f for f in found if f.remedy.step == planned.name and f.severity in ("fail", "blocked")]
    if left:
        raise _unverified(left)


def _unverified(left: list[Finding]) -> Trouble:
    en = "; ".join(f"{f.id}: {f.evidence.en}" for f in left)
    zh = "；".join(f"{f.id}：{f.evidence.zh}" for f in left)
    return Trouble(Text(f"done, but not right: {en}", f"已执行，但结果不对：{zh}"), Exit.FAILED)
