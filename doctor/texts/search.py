"""From an error text to the findings that it speaks of: by the texts of the catalogue, and by what it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, partial

import msgspec

from doctor.catalogue import Entry, catalogue, with_groups
from doctor.texts.clues import clues
from doctor.texts.match import Match, commands, joined
from doctor.texts.said import read

SHOWN = 4  # findings told of one text
STATED = ("install-stated", "release-stated")  # what to install stands in the text
WORSE = {"fail": 0, "warn": 1, "unknown": 2, "info": 3}


def by_text(text: str, installed: Mapping[str, str] = {}, python: str = "") -> tuple[Match, ...]:
    """The findings whose error texts are in `text`: those that name a cause before those that only read its form, causes before what
    follows from them, what is broken before what is merely worse, earliest first.

    Python prints the first cause first, and the libraries of this field hide it behind a general last line. `installed` and
    `python` are those of the environment that the text comes from, where they are known.
    """
    said = read(text, installed, python)
    found: dict[str, Match] = {}
    for match in (*by_catalogue(said.text), *clues(said)):
        known = found.get(match.id)
        found[match.id] = joined(known, match) if known else match
    ranked = sorted(found.values(), key=partial(_rank, frozenset(found)))[:SHOWN]
    return tuple(_typed(match, ranked) for match in ranked)


def _typed(match: Match, ranked: list[Match]) -> Match:
    """Where nothing fills the blanks of its commands, those that the text itself names."""
    if not any("…" in word for line in commands(match) for word in line):
        return match
    stated = next((one for one in ranked if one.id in STATED and one.more), None)
    return msgspec.structs.replace(match, more=stated.more) if stated else match


def by_catalogue(plain: str) -> Iterator[Match]:
    for name, (area, entry) in catalogue().items():
        if match := _match(name, area, entry, plain):
            yield match


def _rank(there: frozenset[str], match: Match) -> tuple[bool, int, bool, int]:
    follows = not there.isdisjoint(with_groups(match.entry.blocked_by))
    return match.general, WORSE[match.entry.severity], follows, match.at


def _match(name: str, area: str, entry: Entry, text: str) -> Match | None:
    hits = [hit for pattern in entry.texts if (hit := compiled(pattern).search(text))]
    if not hits:
        return None
    first = min(hits, key=lambda hit: hit.start())
    values = {key: value for hit in hits for key, value in hit.groupdict().items() if value}
    return Match(
        id=name,
        area=area,
        entry=entry,
        line=line_at(text, first),
        at=first.start(),
        values=values,
        general=entry.general,
    )


def line_at(text: str, hit: re.Match[str]) -> str:
    """The line, or the lines, that a hit stands in."""
    begin = text.rfind("\n", 0, hit.start()) + 1
    end = text.find("\n", hit.end())
    return text[begin : end if end >= 0 else len(text)].strip()[:300]


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """What was copied from a terminal may be broken into lines anywhere between words."""
    return re.compile(pattern.replace(" ", r"\s+"))  # there are more of them than `re` keeps
