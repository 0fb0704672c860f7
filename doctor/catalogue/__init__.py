"""The catalogue of findings: for each id what it is called, why it happens, how to mend it, and how to see it by hand.

One file an area, `AREA.toml`. Texts for people are data, in both languages; the checks hold the judgement alone.
`{name}` in a text or a command is filled in by the check. A command's word that is nothing but `{names}` may be
filled with several words. A file is read when its area has something to say, so a healthy machine reads none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec

from doctor.facts import AREAS
from doctor.finding import Finding, Remedy, Severity
from doctor.reading.tomlfile import load_one, load_table
from doctor.text import Text

HERE = Path(__file__).resolve().parent
Value = str | int | float | Text | Sequence[str]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages, as TOML has it: `title.en = …`, `title.zh = …`."""

    en: str
    zh: str


NOTHING = Words(en="", zh="")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that is known of one finding before any machine has it."""

    severity: Severity  # a check may say otherwise where the facts do
    title: Words
    evidence: Words = NOTHING  # what was seen, on this machine
    told: bool = False  # no look at a machine shows it: `explain` knows it by the texts of programs
    general: bool = False  # read off the form of a text: one that names a cause comes before it
    cause: Words
    commands: tuple[tuple[str, ...], ...] = ()
    step: str | None = None  # the step of setup that mends it
    safe: bool = True  # nothing of the person's is lost or restarted by the commands
    reboot: bool = False
    blocked_by: tuple[str, ...] = ()  # ids, or names of groups in causes.toml
    means: Words  # for `explain`: what it means, and why it matters
    look: tuple[str, ...]  # shell lines with which to see it by hand
    links: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()  # regular expressions of the error texts that it makes programs print


@cache
def entries(area: str) -> dict[str, Entry]:
    """The entries of one area, by id; AREA-unknown is the same for all."""
    return {**load_table(HERE / f"{area}.toml", Entry), f"{area}-unknown": unknown()}


@cache
def entry_of(area: str, name: str) -> Entry:
    """One entry. Only its own table is parsed: a machine has few findings, and a whole area costs six thousandths."""
    if name == f"{area}-unknown":
        return unknown()
    found = load_one(HERE / f"{area}.toml", name, Entry)
    return found or entries(area)[name]


@cache
def unknown() -> Entry:
    """What is said of an area that could not be looked at."""
    return load_table(HERE / "unknown.toml", Entry)["area-unknown"]


@cache
def groups() -> dict[str, tuple[str, ...]]:
    """Causes that are named together, by the name of the group."""
    return load_table(HERE / "causes.toml", tuple[str, ...])


def with_groups(causes: Sequence[str]) -> tuple[str, ...]:
    """Ids of findings, a group's name replaced by its members."""
    return tuple(one for cause in causes for one in groups().get(cause, (cause,)))


@cache
def phrases() -> dict[str, str]:
    """What our probes say in English: a regular expression, and the same in Chinese."""
    return load_table(HERE / "phrases.toml", str)


def in_chinese(said: str) -> str:
    """What was seen, for a reader of Chinese: our own words in theirs, those of other programs as they are."""
    if not re.search(r"[A-Za-z,:] [a-z]", said):  # a number, a path, a name: nothing to read the table for
        return said
    for english, chinese in phrases().items():
        said = re.sub(english, chinese, said)
    return said


def catalogue() -> dict[str, tuple[str, Entry]]:
    """Every id with its area and entry."""
    return {name: (area, entry) for area in AREAS for name, entry in entries(area).items()}


def found(
    area: str,
    name: str,
    /,
    *,
    severity: Severity | None = None,
    commands: tuple[tuple[str, ...], ...] | None = None,
    **values: Value,
) -> Finding:
    """The finding `name` of a machine, its texts filled with what was seen. What is given here wins over the entry."""
    entry = entry_of(area, name)
    return Finding(
        id=name,
        area=area,
        severity=severity or entry.severity,
        title=_fill(entry.title, values),
        evidence=_fill(entry.evidence, values),
        cause=_fill(entry.cause, values),
        remedy=Remedy(
            commands=commands
            if commands is not None
            else tuple(_command(line, values) for line in entry.commands),
            step=entry.step,
            safe=entry.safe,
            reboot=entry.reboot,
        ),
        blocked_by=with_groups(entry.blocked_by),
        links=entry.links,
    )


def _fill(words: Words, values: Mapping[str, Value]) -> Text:
    """The text with its blanks filled, a bilingual value in each language in its own words."""
    en = words.en.format_map({name: value_of(value).en for name, value in values.items()})
    zh = words.zh.format_map({name: value_of(value).zh for name, value in values.items()})
    return Text(en, zh)


def value_of(value: Value) -> Text:
    if isinstance(value, Text):
        return value
    said = str(value) if isinstance(value, (str, int, float)) else ", ".join(value)
    return Text(said, in_chinese(said))


def _command(line: Sequence[str], values: Mapping[str, Value]) -> tuple[str, ...]:
    words: list[str] = []
    for word in line:
        value = values.get(word[1:-1]) if word.startswith("{") and word.endswith("}") else None
        if isinstance(value, Sequence) and not isinstance(value, (str, Text)):
            words += value
        else:
            words.append(word.format_map({name: value_of(value).en for name, value in values.items()}))
    return tuple(words)
