"""The main job: plan, apply, verify. Every word that changes the machine goes through here."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from bootstrap.known import Known
from bootstrap.outcome import Outcome
from bootstrap.plan import Planned, make_plan
from bootstrap.run import Setting, changed_by, run_plan
from bootstrap.safety.journal import Journal
from bootstrap.safety.lock import only_run
from bootstrap.safety.orphans import end_orphans, forget_downloads, mark
from bootstrap.telling.display import Display
from bootstrap.telling.lines import Lines
from doctor.checks import judge
from doctor.diagnose import exit_code
from doctor.errors import Exit, Trouble, bad_input
from doctor.facts import AREAS, Facts
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.probes import gather
from doctor.shell import typed
from doctor.text import Text

LOCAL = tuple(area for area in AREAS if area != "network")
ROUNDS = 2  # a round may uncover work that could not be seen before, such as a proof that went stale
# Faults that no step mends and that would spoil the run: told before anything is changed.
REFUSE = {
    "jupyter-port-in-use": Exit.USAGE,
    "packages-not-locked": Exit.USAGE,
    "disk-not-writable": Exit.USAGE,
    "disk-read-only": Exit.USAGE,
    "disk-full": Exit.PERSON,
    "inodes-full": Exit.PERSON,
    "deleted-but-open-files": Exit.PERSON,
    "disk-too-small": Exit.PERSON,
    "environment-foreign": Exit.PERSON,
    "environment-wrong-python": Exit.PERSON,
    "conda-prefix-foreign": Exit.PERSON,
    "conda-prefix-not-allowed": Exit.USAGE,
    "conda-damaged": Exit.PERSON,
    "conda-base-broken": Exit.PERSON,
    "conda-moved": Exit.PERSON,
    "host-glibc-too-old": Exit.PERSON,
    "clock-wrong": Exit.PERSON,
}

# Of those, what spoils these steps alone.
SPOILS = {
    "jupyter-port-in-use": {"jupyter", "server"},
    "packages-not-locked": {"environment", "torch", "packages"},
    "clock-wrong": {"conda", "environment", "torch", "packages", "ffmpeg", "models"},
}

# Steps that change nothing in an environment: all that is done for one that the person made.
UNBOUND = ("ffmpeg", "models")


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What of the plan is wanted."""

    only: str | None = None
    start: str | None = None
    also: tuple[str, ...] = ()  # steps to run even if no finding asks for them
    ids: tuple[str, ...] = ()  # findings to mend; all when empty


class Result(msgspec.Struct, frozen=True, kw_only=True):
    facts: Facts
    findings: tuple[Finding, ...]
    plan: tuple[Planned, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    code: int = Exit.FINE


Seen = tuple[Facts, tuple[Finding, ...]]


def look(goal: Goal, areas: Sequence[str] = LOCAL) -> Seen:
    """The machine as it is, without a byte over the network; only some areas of it where nothing else matters."""
    facts = gather(goal, areas)
    return facts, judge(facts, goal, areas)


def plan_for(goal: Goal, facts: Facts, findings: tuple[Finding, ...], wish: Wish) -> tuple[Planned, ...]:
    """The plan that a wish makes of the findings."""
    wanted = findings if not wish.ids else tuple(f for f in findings if f.id in wish.ids)
    plan = make_plan(wanted, facts, goal, only=wish.only, start=wish.start, also=wish.also)
    return tuple(step for step in plan if step.name in UNBOUND) if goal.foreign else plan


def refuse_unknown(findings: tuple[Finding, ...], wish: Wish) -> None:
    """Raise Trouble (exit 2) when a finding is to be mended that this machine does not have."""
    here = {finding.id for finding in findings}
    for name in wish.ids:
        if name not in here:
            listing = ", ".join(sorted(here)) or "-"
            raise bad_input(
                f"no finding {name!r} on this machine; there are: {listing}",
                f"本机没有名为 {name!r} 的问题；现有：{listing}",
            )


def refuse_headless(findings: tuple[Finding, ...], plan: tuple[Planned, ...]) -> None:
    """Raise Trouble when a step is to run alone whose cause lies in a step that is not in the plan."""
    names, by_id = {step.name for step in plan}, {finding.id: finding for finding in findings}
    for step in plan:
        asking = [by_id[reason] for reason in step.reasons]
        roots = {by_id[cause] for finding in asking for cause in finding.blocked_by if cause in by_id}
        if (
            asking
            and all(f.severity == "blocked" for f in asking)
            and not {r.remedy.step for r in roots} & names
        ):
            root = min(roots, key=lambda finding: findings.index(finding))
            if root.remedy.step is None:  # nothing that setup could do first
                raise Trouble(_said(root), Exit.PERSON, _hint(root))
            raise Trouble(
                Text(
                    f"{step.title.en} has to wait: {root.title.en}",
                    f"{step.title.zh}需要等待：{root.title.zh}",
                ),
                Exit.FAILED,
                Text("first: make setup", "请先运行：make setup"),
            )


def apply(
    goal: Goal,
    wish: Wish,
    word: str,
    display: Display | Lines,
    secrets: Mapping[str, str],
    agree: Callable[[tuple[Planned, ...]], bool] = lambda plan: True,
    keep: Callable[[], None] = lambda: None,
    seen: Seen | None = None,
) -> Result:
    """Bring the machine to the goal as far as `wish` asks. `seen` is a look that was just taken.

    `agree` is shown the plan, which may be empty, when nothing speaks against it and nothing has been changed.
    `keep` is called once it is certain that this run goes ahead: a run that is turned away leaves no trace.
    """
    gc.freeze()  # what is loaded stays, and is not looked through
    gc.enable()  # this one may take long
    facts, findings = seen or look(goal)
    refuse_unknown(findings, wish)
    plan = plan_for(goal, facts, findings, wish)
    refuse(findings, plan, goal)
    refuse_headless(findings, plan)
    if not agree(plan):
        return Result(facts=facts, findings=findings, plan=plan, code=Exit.PERSON)
    if not plan:
        keep()
        return Result(facts=facts, findings=findings, code=_code((), findings, goal, wish))
    with only_run(Path(goal.home), word):
        mark(Path(goal.home))
        if end_orphans(Path(goal.home)):  # they were at work while we looked
            facts, findings = look(goal)
            plan = plan_for(goal, facts, findings, wish)
        if "conda" not in {planned.name for planned in plan}:
            forget_downloads(Path(goal.home))
        keep()
        return _rounds(goal, facts, plan, wish, word, display, secrets)


def _rounds(
    goal: Goal,
    facts: Facts,
    plan: tuple[Planned, ...],
    wish: Wish,
    word: str,
    display: Display | Lines,
    secrets: Mapping[str, str],
) -> Result:
    known = Known(facts, goal)
    setting = Setting(goal, known, display, Journal(Path(goal.journal), word), secrets, word)
    outcomes: tuple[Outcome, ...] = ()
    first = plan
    for _ in range(ROUNDS):
        outcomes += run_plan(plan, setting)
        # What a single step has changed was just looked at, to verify it.
        facts = known.again(("smoke",) if len(plan) == 1 else (*changed_by(plan), "smoke"))
        findings = judge(facts, goal, LOCAL)
        tried = {outcome.name for outcome in outcomes}
        plan = tuple(p for p in plan_for(goal, facts, findings, wish) if p.name not in tried)
        if not plan or any(outcome.status == "failed" for outcome in outcomes):
            break
    return Result(
        facts=facts,
        findings=findings,
        plan=first,
        outcomes=outcomes,
        code=_code(outcomes, findings, goal, wish),
    )


def _code(outcomes: tuple[Outcome, ...], findings: tuple[Finding, ...], goal: Goal, wish: Wish) -> int:
    failed = [outcome.code or Exit.FAILED for outcome in outcomes if outcome.status == "failed"]
    if failed:
        return failed[0]
    if wish.only or wish.start:  # what was not asked for may well remain
        return Exit.FINE
    left = tuple(f for f in findings if f.severity == "fail" and (f.id in wish.ids or not wish.ids))
    ours = not goal.foreign and any(finding.remedy.step for finding in left)
    return Exit.PERSON if left and not ours else exit_code(left)


def refuse(findings: tuple[Finding, ...], plan: tuple[Planned, ...], goal: Goal) -> None:
    """Raise Trouble for what would spoil the run. Nothing has been changed yet."""
    against = objection(findings, plan, goal)
    if against:
        raise against


def objection(findings: tuple[Finding, ...], plan: tuple[Planned, ...], goal: Goal) -> Trouble | None:
    """What would spoil a run of this plan, if anything would."""
    names = {step.name for step in plan}
    for finding in findings if plan else ():
        code = REFUSE.get(finding.id)
        if code is None or finding.severity != "fail":
            continue
        if finding.area == "conda" and goal.manager != "conda":
            continue  # the person's own conda, broken; this run does without
        if finding.id in SPOILS and not names & SPOILS[finding.id]:
            continue
        return Trouble(_said(finding), code, _hint(finding))
    return None


def _said(finding: Finding) -> Text:
    return Text(
        f"{finding.title.en}: {finding.evidence.en}\n  {finding.cause.en}",
        f"{finding.title.zh}：{finding.evidence.zh}\n  {finding.cause.zh}",
    )


def _hint(finding: Finding) -> Text | None:
    commands = "  ".join(map(typed, finding.remedy.commands))
    return Text(f"try: {commands}", f"可以试试：{commands}") if commands else None
