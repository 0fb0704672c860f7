"""A finding that an error text speaks of: its entry in the catalogue, with what the text says of it filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from doctor.catalogue import Entry, Value, Words, value_of
from doctor.finding import Finding
from doctor.shell import typed
from doctor.text import Lang, Text


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, and the line of the text that speaks of it (empty when it was asked for by its id)."""

    id: str
    area: str
    entry: Entry
    line: str = ""
    at: int = 0
    values: Mapping[str, Value] = {}  # for the blanks of the entry; one without a value is shown as dots
    more: tuple[tuple[str, ...], ...] | None = None  # commands in place of the entry's
    general: bool = False  # read off the form of the text: one that names a cause comes before it
    here: Finding | None = None  # the same on this machine, where the doctor saw it
    seen: Text | None = None  # what this machine shows of the thing that the text names


def joined(match: Match, other: Match) -> Match:
    """The same finding, known in two ways: what either says of it is filled in."""
    return msgspec.structs.replace(
        match,
        values={**other.values, **match.values},
        more=match.more if match.more is not None else other.more,
        general=match.general and other.general,
    )


def title(match: Match, lang: Lang) -> str:
    return match.here.title.get(lang) if match.here else plain(match.entry.title, lang, match.values)


def cause(match: Match, lang: Lang) -> str:
    return match.here.cause.get(lang) if match.here else plain(match.entry.cause, lang, match.values)


def sight(match: Match) -> Text | None:
    """What was seen of it on this machine."""
    return match.here.evidence if match.here else match.seen


def step(match: Match) -> str | None:
    return match.here.remedy.step if match.here else match.entry.step


def commands(match: Match) -> tuple[tuple[str, ...], ...]:
    if match.here:
        return match.here.remedy.commands
    if match.more is not None:
        return match.more
    return tuple(tuple(blanked(word, "en", match.values) for word in line) for line in match.entry.commands)


def plain(words: Words, lang: Lang, values: Mapping[str, Value] = {}) -> str:
    """A text of the catalogue, its blanks filled as far as values go; the others are dots."""
    said = blanked(words.zh if lang == "zh" else words.en, lang, values)
    return re.sub(
        r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])", "", said
    )  # a gap for a name that is a word here


def flowing(words: Words, lang: Lang, values: Mapping[str, Value] = {}) -> str:
    """A text of several lines as one paragraph; Chinese has no space between its lines."""
    return re.sub(r"(?<=[\x00-\x7f])\n(?=\S)", " ", plain(words, lang, values).strip()).replace("\n", "")


def blanked(text: str, lang: Lang = "en", values: Mapping[str, Value] = {}) -> str:
    def fill(blank: re.Match[str]) -> str:
        value = values.get(blank[1])
        return "…" if value is None else value_of(value).get(lang)

    return re.sub(r"\{(\w+)\}", fill, text).replace("{{", "{").replace("}}", "}")


def looks(match: Match) -> tuple[str, ...]:
    """The lines with which to see it by hand. Braces of the shell's own stay."""
    entry = match.entry
    texts = (
        entry.title.en,
        entry.cause.en,
        entry.means.en,
        *(word for line in entry.commands for word in line),
    )
    known = set(re.findall(r"\{(\w+)\}", " ".join(texts)))
    shell = {name: f"{{{name}}}" for line in entry.look for name in re.findall(r"\{(\w+)\}", line)}
    own = {name: value for name, value in shell.items() if name not in known}
    return tuple(blanked(line, "en", {**own, **match.values}) for line in entry.look)


def typed_commands(match: Match) -> Sequence[str]:
    return [typed(list(command)) for command in commands(match)]


def body(match: Match, lang: Lang) -> dict[str, Any]:
    """A match as JSON."""
    entry, values = match.entry, match.values
    return {
        "id": match.id,
        "area": match.area,
        "severity": match.here.severity if match.here else entry.severity,
        "title": title(match, lang),
        "cause": cause(match, lang),
        "means": flowing(entry.means, lang, values),
        "look": list(looks(match)),
        "commands": [list(command) for command in commands(match)],
        "step": step(match),
        "links": list(entry.links),
        "line": match.line or None,
        "here": here.get(lang) if (here := sight(match)) else None,
    }
