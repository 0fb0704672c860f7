"""The word `wheels`: which build of torch this machine gets, or one that you are about to rent, and why no other."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from doctor.errors import Exit, bad_input
from doctor.goal import Goal
from doctor.goal.settings import resolve
from doctor.mirrors.table import sources
from doctor.probes import gather
from doctor.report.envelope import emit, envelope
from doctor.report.snapshot import Snapshot, read
from doctor.report.terminal import show
from doctor.text import Lang, Text
from doctor.wheels.rules import Device, Machine
from doctor.wheels.solve import Choice, Decision, Rejected, decide, machine_of, of_others
from doctor.wheels.tables import card_of, cards, other_of

if TYPE_CHECKING:
    from doctor.measure.offers import Offered


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked on the command line. Given GPUs mean a machine that is not here."""

    gpu: tuple[str, ...] = ()
    driver: str | None = None
    python: str | None = None
    machine: str | None = None
    glibc: str | None = None
    profile: str | None = None
    facts: Path | None = None
    offline: bool = False

    @property
    def elsewhere(self) -> bool:
        """Whether it is a machine whose network this is not."""
        return bool(self.gpu or self.facts or self.machine)


def wheels(asked: Asked, lang: Lang, *, as_json: bool) -> int:
    """Print the decision. Exit code 1 when no build serves every GPU. Raises Trouble (exit 2) on bad input."""
    check(asked)
    goal = resolve({"PROFILE": asked.profile})
    snapshot = read(asked.facts) if asked.facts else None
    if snapshot:
        profile = goal.profile if asked.profile else snapshot.goal.profile
        goal = msgspec.structs.replace(snapshot.goal, profile=profile)
    machine = described(asked, goal, snapshot)
    decision, offered = _decide(machine, goal, asked)
    # A GPU of another maker that was asked for is not served; one that is here beside the CPU is only told of.
    unserved = bool(asked.gpu and machine.others)
    code = Exit.FINE if decision.choice and not unserved else Exit.FAILED
    if as_json:
        emit(envelope(goal, None, (), code, lang, **body(decision, machine, goal, lang), sources=offered))
    else:
        show([*lines(decision, machine, goal, lang), *(f"  {one.line().get(lang)}" for one in offered)])
    return code


def _decide(machine: Machine, goal: Goal, asked: Asked) -> tuple[Decision, tuple[Offered, ...]]:
    """By the tables alone, or with what the sources say that this network reaches."""
    if asked.offline or asked.elsewhere:
        return decide(machine, goal.profile.torch), ()
    from doctor.measure.offers import choose

    return choose(machine, goal.profile.torch, msgspec.structs.replace(goal, python=machine.python))


def check(asked: Asked) -> None:
    """Raise Trouble (exit 2) for a value that is no version."""
    for name, value in (("--driver", asked.driver), ("--python", asked.python), ("--glibc", asked.glibc)):
        if value is not None and not re.fullmatch(r"\d+(\.\d+)*", value):
            raise bad_input(f"{name} {value!r} is not a version", f"{name} {value!r} 不是版本号")


def described(asked: Asked, goal: Goal, snapshot: Snapshot | None) -> Machine:
    """The machine that was asked about: this one or a saved one, changed by what was given."""
    python = asked.python or goal.python
    if asked.gpu:
        others = tuple(name for name in asked.gpu if card_of(name) is None and other_of(name))
        devices = tuple(device(name) for name in asked.gpu if name not in others)
        return Machine(
            gpus=devices,
            driver=asked.driver,
            python=python,
            glibc=asked.glibc,
            machine=asked.machine or machine_with(asked.gpu),
            others=others,
        )
    machine = machine_of(snapshot.facts if snapshot else gather(goal, ("host", "gpu")), python)
    given = {name: value for name in ("driver", "glibc", "machine") if (value := getattr(asked, name))}
    return msgspec.structs.replace(machine, **given)


def machine_with(names: tuple[str, ...]) -> str:
    """The processor beside these cards: some are sold with one of ARM's alone (GH200)."""
    kinds = {card.kind.machine for name in names if (card := card_of(name))}
    return kinds.pop() if len(kinds) == 1 else "x86_64"


def device(said: str) -> Device:
    """A capability ("7.0") or a card of configs/gpus.toml ("V100"). Raises Trouble (exit 2)."""
    if re.fullmatch(r"\d+\.\d+", said):
        return Device(said)
    card = card_of(said)
    if card:
        return Device(card.kind.capability, card.name)
    near = difflib.get_close_matches(said.upper(), [card.name for card in cards()], n=1)
    en, zh = (f" Did you mean {near[0]}?", f"是否想用 {near[0]}？") if near else ("", "")
    raise bad_input(
        f"unknown GPU {said!r}.{en} Give its compute capability, such as 7.0: https://developer.nvidia.com/cuda-gpus lists them",
        f"没有名为 {said!r} 的 GPU。{zh}请给出它的计算能力，如 7.0：见 https://developer.nvidia.com/cuda-gpus",
    )


def body(decision: Decision, machine: Machine, goal: Goal, lang: Lang) -> dict[str, Any]:
    """The decision as JSON; the first four are null or empty where nothing fits."""
    others = [said.get(lang) for said in of_others(machine)]
    return {
        **choice_body(decision.choice, goal, lang),
        "rejected": [rejected_body(entry, lang) for entry in decision.rejected],
        "reason": decision.reason.get(lang) if decision.reason else next(iter(others), None),
        "others": others,
        "hide": list(decision.hidden),
        "if_hidden": choice_body(decision.if_hidden, goal, lang) if decision.if_hidden else None,
        "machine": machine,
    }


def choice_body(choice: Choice | None, goal: Goal, lang: Lang) -> dict[str, Any]:
    return {
        "torch": choice.torch if choice else None,
        "variant": choice.variant if choice else None,
        "index": choice.index if choice else None,
        "companions": choice.companions if choice else {},
        "index_url": index_url(choice, goal) if choice else None,
        "notes": [note.get(lang) for note in choice.notes] if choice else [],
    }


def rejected_body(entry: Rejected, lang: Lang) -> dict[str, str]:
    return {"torch": entry.torch, "variant": entry.variant, "reason": entry.reason.get(lang)}


def index_url(choice: Choice, goal: Goal) -> str | None:
    """Where PyTorch itself offers the build; None where it is what the package index offers by default."""
    if choice.index == "package-index":
        return None
    official = (source for source in sources("torch_index", goal) if source.official)
    return next((source.url.format(variant=choice.variant) for source in official), None)


def lines(decision: Decision, machine: Machine, goal: Goal, lang: Lang) -> Iterator[str]:
    """The decision as a person reads it."""
    cards = ", ".join(
        [*map(str, machine.gpus), *(o for o in machine.others if not o.startswith("0x"))]
    ) or Text("no GPU", "无 GPU").get(lang)
    yield f"{cards} · driver {machine.driver or '?'} · Python {machine.python} · glibc {machine.glibc or '?'}"
    yield from (f"! {said.get(lang)}" for said in of_others(machine))
    if decision.reason:
        yield f"✗ {decision.reason.get(lang)}"
    best = decision.best
    if best:
        mark = "✓" if decision.choice else "→"
        yield f"{mark} torch {best.name}"
        yield f"    pip install {requirement(best, goal)}"
        yield from (f"    {note.get(lang)}" for note in best.notes)
    for entry in decision.rejected:
        yield f"  - {entry.torch}+{entry.variant}: {entry.reason.get(lang)}"


def requirement(choice: Choice, goal: Goal) -> str:
    """What to hand to pip for it. Only companions that the course wants."""
    wanted = [f"{name}=={version}" for name, version in choice.wanted_companions(goal.profile.torch).items()]
    url = index_url(choice, goal)
    return " ".join([f"torch=={choice.torch}", *wanted, *(("--index-url", url) if url else ())])
