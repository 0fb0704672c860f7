"""What the manifests say of the wanted models that this machine, or this person, may not be up to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.catalogue import found
from doctor.facts import Facts, Gpu, Hub, Packages, Unknown
from doctor.finding import Finding
from doctor.goal import Goal
from doctor.text import Text, human_bytes

NAMED = 4  # named in the evidence
# Names of the Hub's first models, which have no owner in front.
WELL_KNOWN = re.compile(
    r"(?:distil)?(?:gpt2|bert|roberta)(?:-|$)|openai-gpt$|t5-|xlm-|xlnet-|albert-|ctrl$|facebook-|google-|bart-|camembert|electra-"
)


def check(facts: Facts, hub: Hub, goal: Goal) -> Iterator[Finding]:
    yield from _gated(hub, goal)
    yield from _memory(facts, goal)
    yield from _gone(goal)
    if hub.hiding:
        yield found(
            "hub",
            "local-folder-hides-model",
            folders=hub.hiding[:NAMED],
            name=hub.hiding[0].rpartition("/")[2],
        )


def hidden(facts: Facts) -> Iterator[Finding]:
    """By a model's name the person's code opens a folder that holds none; of other names, it may be meant."""
    if not isinstance(facts.packages, Packages):
        return
    uses = facts.packages.sources.hidden
    sure = [use for use in uses if "/" in use.what or WELL_KNOWN.match(use.what)]
    for use in (sure or list(uses))[:1]:
        yield found(
            "hub",
            "local-folder-hides-model",
            severity="warn" if sure else "info",
            folders=[f"{one.variable} ({one.file}:{one.line})" for one in (sure or uses)][:NAMED],
            name=use.what,
        )


def _gated(hub: Hub, goal: Goal) -> Iterator[Finding]:
    """Told before anything is downloaded. A token that is there is judged by what the Hub answers to it."""
    whole = {model.id for model in hub.models if model.state == "complete"}
    closed = [model for model in goal.models if model.gated != "no" and model.id not in whole]
    if closed and not hub.tokens:
        names = tuple(model.id for model in closed)
        yield found("hub", "model-gated-without-token", model=names[0], models=names, page=closed[0].page)


def _memory(facts: Facts, goal: Goal) -> Iterator[Finding]:
    """Models that fit the largest GPU in none of the ways that the course uses them."""
    gpu = facts.gpu
    if not isinstance(gpu, Gpu) or isinstance(gpu.devices, Unknown) or not gpu.devices:
        return
    largest = max(gpu.devices, key=lambda device: device.memory_bytes)
    least = {model.id: min(model.gpu, key=lambda need: need.gb) for model in goal.models if model.gpu}
    large = {name: need for name, need in least.items() if need.gb * 1e9 > largest.memory_bytes}
    if large:
        yield found(
            "hub",
            "models-need-more-gpu-memory",
            count=len(large),
            needs=tuple(f"{name} {need.gb:g} GB ({need.how})" for name, need in large.items())[:NAMED],
            gpu=largest.name,
            memory=human_bytes(largest.memory_bytes),
        )


def _gone(goal: Goal) -> Iterator[Finding]:
    gone = [extra for extra in goal.extras if extra.gone]
    if gone:
        first = gone[0]
        yield found(
            "hub",
            "lecture-data-gone",
            names=tuple(extra.id for extra in gone),
            used_by=first.used_by,
            why=first.gone or Text("", ""),
            instead=first.instead or Text("", ""),
        )
