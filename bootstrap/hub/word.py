"""The word `models`: the profile's models, or repositories named, fetched, checked or mended."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from doctor.errors import Exit, Trouble, bad_input
from doctor.goal import Goal
from doctor.goal.profile import ModelWant
from doctor.goal.settings import resolve
from doctor.probes.hub import cached_models, hub_folder
from doctor.report.envelope import emit, envelope
from doctor.report.terminal import show
from doctor.text import Lang, Text

if TYPE_CHECKING:
    from bootstrap.hub.job import Endpoint

AT_ONCE = 8  # repositories that are asked about


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The words behind `models`."""

    names: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_size: str | None = None
    verify: bool = False
    repair: bool = False
    plan_only: bool = False
    as_json: bool = False


def models(flags: Mapping[str, str | None], lang: Lang, asked: Asked) -> int:
    """Exit codes: 0 all there and right, 1 bad files, 4 needs the person (licence, room), 5 not to be had now."""
    _check(asked)
    goal = resolve(flags)
    if asked.verify or asked.repair:
        code = _check_cache(goal, lang, asked)
        if not asked.repair:
            return code
    if asked.names:
        goal = msgspec.structs.replace(goal, models=_named(goal, asked))
    # Nothing else of the machine is looked at, and nothing that could is loaded, where there is nothing to do.
    if not asked.plan_only and not asked.as_json and _all_there(goal):
        return _tell_all_there(goal, lang)
    return _fetch(goal, lang, asked)


def _check(asked: Asked) -> None:
    if asked.verify and asked.repair:
        raise bad_input("give --verify or --repair, not both.", "--verify 与 --repair 只能给一个。")
    chosen = asked.include or asked.exclude or asked.max_size
    if chosen and not asked.names:
        raise bad_input(
            "--include, --exclude and --max-size go with repositories that are named: models ORG/NAME --include '*.json'",
            "--include、--exclude 和 --max-size 需与仓库名一起使用：models ORG/NAME --include '*.json'",
        )


def _all_there(goal: Goal) -> bool:
    return all(model.state == "complete" for model in cached_models(goal))


def _tell_all_there(goal: Goal, lang: Lang) -> int:
    none = Text("No model is wanted (MODELS=none).", "不需要任何模型（MODELS=none）。")
    here = Text(f"All models are in {goal.cache}.", f"所有模型都在 {goal.cache}。")
    show([(here if goal.models else none).get(lang)])
    return Exit.FINE


def _named(goal: Goal, asked: Asked) -> tuple[ModelWant, ...]:
    """What the named repositories are; told of a closed one before the others start."""
    from concurrent.futures import ThreadPoolExecutor

    from bootstrap.hub.named import Choice, parse_size, want
    from doctor.hub_env import token

    largest = parse_size(asked.max_size) if asked.max_size else None
    choice = Choice(asked.include, asked.exclude, largest)
    endpoints = _endpoints(goal)
    secret = token(goal)[0] or None
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(pool.map(lambda name: want(name, choice, endpoints, secret), dict.fromkeys(asked.names)))


def _endpoints(goal: Goal) -> list[Endpoint]:
    """What the person set is asked as it is: it may be a Hub of their own that has none of the course's models."""
    from bootstrap.hub.job import Endpoint
    from bootstrap.step import LeftOut
    from bootstrap.steps.models import answering, endpoint_of

    if goal.endpoint:
        return [Endpoint("HF_ENDPOINT", goal.endpoint, token=True)]
    try:
        return [endpoint_of(answer, goal) for answer in answering(goal)]
    except LeftOut as left:
        raise Trouble(left.reason, Exit.NETWORK) from left


def _check_cache(goal: Goal, lang: Lang, asked: Asked) -> int:
    """Hash what is there: tell of what is bad, or remove it where it is to be mended."""
    from bootstrap.hub import audit
    from bootstrap.hub.named import names_or_folders

    hub = hub_folder(goal.cache)
    found = audit.check(hub, names_or_folders(asked.names, goal.models))
    bad = any(one.bad or one.dangling for one in found)
    code = Exit.FAILED if bad else Exit.FINE
    if asked.repair:
        audit.remove_bad(hub, found)
    elif asked.as_json:
        emit(envelope(goal, None, (), code, lang, checked=found))
    else:
        show(audit.lines(found, lang))
        hint = Text("to mend just these: make models ARGS=--repair", "只修复这些：make models ARGS=--repair")
        print(hint.get(lang) if bad else "", file=sys.stderr, end="\n" if bad else "")
    return code


def _start_ahead(goal: Goal) -> None:
    """The fetching program loads while we load, and look at the machine."""
    from bootstrap.hub.job import program
    from bootstrap.process import start_ahead
    from bootstrap.safety.orphans import marked

    start_ahead(program(), marked(Path(goal.home)))


def _fetch(goal: Goal, lang: Lang, asked: Asked) -> int:
    if not asked.plan_only:
        _start_ahead(goal)
    from bootstrap import setup as job
    from bootstrap.telling.lines import shown
    from doctor.settle.manager import settle_by_sight

    goal = settle_by_sight(goal)
    wish = job.Wish(only="models")
    if asked.plan_only:
        from bootstrap import words

        return words.show_plan(goal, wish, lang, asked.as_json)
    result = job.apply(
        goal, wish, "models", shown(lang, asked.as_json), {}, seen=job.look(goal, ("host", "disk", "hub"))
    )
    left = [o for o in result.outcomes if o.status == "left-out"]
    code = Exit.NETWORK if left and result.code == 0 else result.code
    if asked.as_json:
        emit(envelope(goal, result.facts, result.findings, code, lang, outcomes=result.outcomes))
        return code
    for outcome in result.outcomes:
        for text in (outcome.reason, outcome.later):
            if text:
                print(text.get(lang), file=sys.stderr)
    return _tell_all_there(goal, lang) if code == 0 else code
