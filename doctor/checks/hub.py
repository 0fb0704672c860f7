"""Are the wanted models in the cache? Without them the notebooks fetch each at its first use."""

from __future__ import annotations

from collections.abc import Iterator

from doctor.facts import CachedModel, Facts, Hub
from doctor.finding import Finding, Remedy
from doctor.goal import Goal
from doctor.text import Text, both, human_bytes

NAMED = 4  # models named in the evidence; the rest is counted


def check(facts: Facts, goal: Goal) -> Iterator[Finding]:
    hub = facts.hub
    assert isinstance(hub, Hub)
    # Facts of another machine, or of an earlier run, may list models that are not wanted here.
    wanted = {model.id for model in goal.models}
    missing = [m for m in hub.models if m.id in wanted and m.state != "complete"]
    if missing:
        yield _missing(missing, len(wanted), hub.cache)


def _missing(missing: list[CachedModel], wanted: int, cache: str) -> Finding:
    size = human_bytes(sum(model.missing_bytes for model in missing))
    begun = sum(1 for model in missing if model.state == "partial")
    names = ", ".join(model.id for model in missing[:NAMED])
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    partly = f", {begun} of them partly there" if begun else ""
    return Finding(
        id="models-missing",
        area="hub",
        severity="warn",
        title=Text(
            f"{len(missing)} of {wanted} models are not in the cache",
            f"缓存中缺少 {wanted} 个模型中的 {len(missing)} 个",
        ),
        evidence=both(f"{size} to fetch into {cache}{partly}: {names}{more}"),
        cause=Text("never fetched, or the fetch was cut off", "从未下载，或下载中断"),
        remedy=Remedy(commands=(("make", "models"),), step="models"),
    )
