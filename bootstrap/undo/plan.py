"""What would be taken back. Making it changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from bootstrap.safety.claims import Claim, Claims, claims
from bootstrap.undo import conda, environment, house, jupyter, models, plain, system
from bootstrap.undo.pile import Left, Pile

SORTS: dict[str, Callable[[Claim, Claims], Pile]] = {
    "environment": environment.sort,
    "conda": conda.sort,
    "models": models.sort,
    "jupyter": jupyter.sort,
    "kernel": jupyter.sort,
    "server": jupyter.sort,
}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    piles: tuple[Pile, ...]  # what steps made
    house: Pile  # our own notes in GROUNDWORK_HOME
    stage0: int  # bytes of what runs us, removed last
    folders: tuple[str, ...]  # made to hold other things; removed where they are empty then
    strange: tuple[Left, ...]  # of others, in our house
    told: tuple[system.Told, ...]

    @property
    def empty(self) -> bool:
        return not self.stage0 and not any(pile.files or pile.folders for pile in (*self.piles, self.house))

    @property
    def left(self) -> tuple[Left, ...]:
        return (*(left for pile in self.piles for left in pile.left), *self.strange)


def make_plan(home: str) -> Plan:
    """What there is to take back now; what a killed undo has removed already is not in it."""
    said = claims(Path(home) / "journal.jsonl")
    piles = [sort(claim, said) for claim in outermost(said)]
    holders = [
        *(claim.path for claim in said.of_kind("folder")),
        *(f"{home}/{name}" for name in house.HOLDERS),
    ]
    claimed = {claim.path for claim in said.places}
    return Plan(
        piles=tuple(pile for pile in piles if pile.files or pile.folders or pile.left or pile.original),
        house=house.sort(home),
        stage0=house.stage0_bytes(home),
        folders=tuple(sorted(set(holders), key=len, reverse=True)),
        strange=tuple(house.strangers(home, claimed)),
        told=tuple(system.told(said)),
    )


def sort(claim: Claim, said: Claims) -> Pile:
    """The pile of one claim, by the room of its step."""
    if claim.kind == "changed":
        return plain.sort(claim, said)
    return SORTS.get(claim.step, plain.sort)(claim, said)


def outermost(said: Claims) -> list[Claim]:
    """Claims that lie in no other: what is inside of an environment goes with it."""
    trees = {claim.path for claim in said.of_kind("created")}
    return [
        claim
        for claim in said.of_kind("created", "changed")
        if not trees & {str(folder) for folder in Path(claim.path).parents}
    ]
