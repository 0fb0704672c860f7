"""Releases that are known not to go together, by what they say when they meet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.pairs import PAIRS, Pair, met
from doctor.texts.clues.clue import clue, pip, with_version
from doctor.texts.match import Match
from doctor.texts.said import Said


def clues(said: Said) -> Iterator[Match]:
    hits = [(pair, hit) for pair in PAIRS if (hit := _says(pair, said.text)) and _may_be(pair, said)]
    named = [one for one in hits if _named(one[0], said)] or hits
    if not named:
        return
    pair, hit = min(named, key=lambda one: one[1].start())
    names = dict.fromkeys(with_version(one.package, said) for one, its in named if its.start() == hit.start())
    begin = said.text.rfind("\n", 0, hit.start()) + 1
    line = said.text[begin:].partition("\n")[0].strip()
    yield clue(
        "packages",
        "releases-do-not-fit",
        line,
        begin,
        general=not (pair.below or pair.since),
        more=tuple(pip(*words) for words in pair.ways),
        package=", ".join(names),
        other=with_version(pair.other, said),
        what=pair.what,
    )


def _says(pair: Pair, text: str) -> re.Match[str] | None:
    hits = [hit for one in pair.says if (hit := re.search(one.replace(" ", r"\s+"), text))]
    return min(hits, key=lambda hit: hit.start(), default=None)


def _may_be(pair: Pair, said: Said) -> bool:
    """Not where it is known what is installed, and it is not these releases."""
    known = {pair.package, pair.other} <= said.installed.keys()
    return not known or met(pair, said.installed)


def _named(pair: Pair, said: Said) -> bool:
    """Whether the text, or the environment, speaks of the first of the two."""
    return (
        pair.package in said.installed
        or re.search(rf"\b{re.escape(pair.package).replace('-', '[-_]')}\b", said.text) is not None
    )
