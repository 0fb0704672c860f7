"""Can the Hugging Face client do its work: its settings, its token, its cache, and the wanted models in it?"""

from __future__ import annotations

from collections.abc import Iterator

from doctor.catalogue import found
from doctor.checks.hub import cache, settings, slips, token, wanted
from doctor.facts import CachedModel, Facts, Hub
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import Text, human_bytes

NAMED = 4  # models named in the evidence; the rest is counted


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    hub = facts.hub
    assert isinstance(hub, Hub)
    yield from settings.check(facts, hub, goal)
    yield from slips.check(facts, hub)
    yield from token.check(hub)
    yield from token.login(facts, hub)
    if hub.lfs_wanted_by:
        yield found("hub", "git-lfs-missing", file=hub.lfs_wanted_by)
    yield from cache.check(facts, hub, goal)
    if goal.foreign or not hub.hiding:
        yield from wanted.hidden(facts)
    if not goal.foreign:  # which models a person's own environment is for, nobody said
        yield from _models(hub, goal)
        yield from wanted.check(facts, hub, goal)


def _models(hub: Hub, goal: Goal) -> Iterator[Finding]:
    # Facts of another machine, or of an earlier run, may list models that are not wanted here.
    names = {model.id for model in goal.models}
    missing = [m for m in hub.models if m.id in names and m.state != "complete"]
    if missing:
        yield _missing(missing, len(names), hub.cache)


def _missing(missing: list[CachedModel], wanted: int, cache: str) -> Finding:
    begun = sum(1 for model in missing if model.state == "partial")
    names = ", ".join(model.id for model in missing[:NAMED])
    more = len(missing) - NAMED
    return found(
        "hub",
        "models-missing",
        count=len(missing),
        wanted=wanted,
        size=human_bytes(sum(model.missing_bytes for model in missing)),
        cache=cache,
        partly=Text(f", {begun} of them partly there", f"，其中 {begun} 个已下载一部分") if begun else "",
        names=Text(f"{names} and {more} more", f"{names} 等 {len(missing)} 个") if more > 0 else names,
    )
