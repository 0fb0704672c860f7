"""The word `explain`: what a finding means, or which finding an error text belongs to. Looks at no machine."""

from __future__ import annotations

import re
import sys
from functools import cache, partial
from typing import Any

import msgspec

from doctor.catalogue import Entry, Words, catalogue, with_groups
from doctor.errors import Exit, Trouble, bad_input
from doctor.near import nearest
from doctor.reading.peek import peek_text
from doctor.report.envelope import emit, words_envelope
from doctor.report.page import Page
from doctor.report.terminal import page, show
from doctor.shell import typed
from doctor.text import Lang, Text

MOST = 2_000_000  # characters of a log that are read: what matters of a longer one is at its end
SHOWN = 4  # findings told of one text
WORSE = {"fail": 0, "warn": 1, "unknown": 2, "info": 3}


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, and the line of the text that speaks of it (empty when it was asked for by its id)."""

    id: str
    area: str
    entry: Entry
    line: str = ""
    at: int = 0


def run(asked: tuple[str, ...], lang: Lang, *, as_json: bool) -> int:
    """Explain what was asked: an id, a file, an error text, or what comes on standard input."""
    matches = matches_of(asked)
    code = Exit.FINE if matches else Exit.FAILED
    if as_json:
        emit(words_envelope(code, explained=[body(match, lang) for match in matches]))
    else:
        show(lines(matches, lang, page()))
    return code


def matches_of(asked: tuple[str, ...]) -> tuple[Match, ...]:
    """The findings that are meant. Raises Trouble (exit 2) on a single word that is none."""
    words = " ".join(asked).strip()
    known = catalogue()
    if words in known:
        area, entry = known[words]
        return (Match(id=words, area=area, entry=entry),)
    if re.fullmatch(r"[a-z0-9-]+", words):
        raise _no_such(words, known)
    return by_text(text_of(words))


def _no_such(word: str, known: dict[str, tuple[str, Entry]]) -> Trouble:
    near = nearest(word, known, 3, 0.5)
    listing = ", ".join(near) or "-"
    return bad_input(
        f"no finding {word!r}; near: {listing}",
        f"没有名为 {word!r} 的问题；相近的有：{listing}",
        Text("all of them: make doctor ARGS=--list", "全部列表：make doctor ARGS=--list"),
    )


def text_of(words: str) -> str:
    """The text to look through: the words themselves, the file that they name, or standard input."""
    if words and words != "-":
        return peek_text(words, MOST, end=True) or words  # a file of that name, else the words themselves
    if sys.stdin.isatty():
        ask = Text("Paste the error text, then press Ctrl-D:", "粘贴错误信息，然后按 Ctrl-D：")
        print(f"{ask.en} / {ask.zh}", file=sys.stderr)
    return sys.stdin.buffer.read().decode("utf-8", "replace")[-MOST:]


def by_text(text: str) -> tuple[Match, ...]:
    """The findings whose error texts are in `text`: causes before what follows from them, what is broken before
    what is merely worse, earliest first.

    Python prints the first cause first, and the libraries of this field hide it behind a general last line.
    """
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    found = [
        match for name, (area, entry) in catalogue().items() if (match := _match(name, area, entry, plain))
    ]
    return tuple(sorted(found, key=partial(_rank, frozenset(match.id for match in found)))[:SHOWN])


def _rank(there: frozenset[str], match: Match) -> tuple[int, bool, int]:
    follows = not there.isdisjoint(with_groups(match.entry.blocked_by))
    return WORSE[match.entry.severity], follows, match.at


def _match(name: str, area: str, entry: Entry, text: str) -> Match | None:
    hits = [hit for pattern in entry.texts if (hit := _compiled(pattern).search(text))]
    if not hits:
        return None
    first = min(hits, key=lambda hit: hit.start())
    begin = text.rfind("\n", 0, first.start()) + 1
    end = text.find("\n", first.end())
    line = text[begin : end if end >= 0 else len(text)].strip()
    return Match(id=name, area=area, entry=entry, line=line[:300], at=first.start())


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """What was copied from a terminal may be broken into lines anywhere between words."""
    return re.compile(pattern.replace(" ", r"\s+"))  # there are more of them than `re` keeps


UNKNOWN = Text(
    "No finding knows this text. Look at this machine itself: make doctor",
    "没有与此文本对应的问题。请直接诊断这台机器：make doctor",
)
HERE = Text("Is it so on this machine? make doctor", "这台机器是否如此？请运行：make doctor")
ALSO = Text("The text may also come from:", "该文本也可能来自：")
LOOK = Text("To see it by hand:", "手动查看：")
MEND = Text("To mend it:", "处理方法：")
BY_US = Text("make fix can do it (step {step})", "make fix 可以自动处理（步骤 {step}）")


def lines(matches: tuple[Match, ...], lang: Lang, page: Page) -> list[str]:
    """The first finding in full, the others by name."""
    if not matches:
        return [UNKNOWN.get(lang)]
    told = _whole(matches[0], lang, page)
    if matches[1:]:
        told += ["", ALSO.get(lang)]
        told += [f"  {title(match, lang)}  [{match.id}]" for match in matches[1:]]
    return [*told, *(["", HERE.get(lang)] if matches[0].line and not matches[0].entry.told else [])]


def _whole(match: Match, lang: Lang, page: Page) -> list[str]:
    entry = match.entry
    told = page.wrap(f"{title(match, lang)}  [{match.id}]", "  ", f"{page.mark(entry.severity)} ")
    if match.line:
        told += ["", *page.wrap(f"» {match.line}", "    ", "  ")]
    told += ["", *page.wrap(plain(entry.cause, lang), "  "), "", *page.wrap(flowing(entry.means, lang), "  ")]
    told += ["", LOOK.get(lang), *(f"  {line}" for line in entry.look)]
    mend = [f"  {typed([blanked(word) for word in command])}" for command in entry.commands]
    mend += [f"  {BY_US.get(lang).format(step=entry.step)}"] if entry.step else []
    told += ["", MEND.get(lang), *mend] if mend else []
    return [*told, *(["", *(f"  {link}" for link in entry.links)] if entry.links else [])]


def title(match: Match, lang: Lang) -> str:
    return plain(match.entry.title, lang)


def plain(words: Words, lang: Lang) -> str:
    """A text of the catalogue without a machine: its blanks are dots."""
    return blanked(words.zh if lang == "zh" else words.en)


def flowing(words: Words, lang: Lang) -> str:
    """A text of several lines as one paragraph; Chinese has no space between its lines."""
    return re.sub(r"(?<=[\x00-\x7f])\n(?=\S)", " ", plain(words, lang).strip()).replace("\n", "")


def blanked(text: str) -> str:
    return re.sub(r"\{\w+\}", "…", text).replace("{{", "{").replace("}}", "}")


def body(match: Match, lang: Lang) -> dict[str, Any]:
    """A match as JSON."""
    entry = match.entry
    return {
        "id": match.id,
        "area": match.area,
        "severity": entry.severity,
        "title": title(match, lang),
        "cause": plain(entry.cause, lang),
        "means": flowing(entry.means, lang),
        "look": list(entry.look),
        "commands": [list(command) for command in entry.commands],
        "step": entry.step,
        "links": list(entry.links),
        "line": match.line or None,
    }


def listing(lang: Lang, page: Page) -> list[str]:
    """Every finding that the doctor looks for: severity, id, title."""
    known = {name: (area, entry) for name, (area, entry) in catalogue().items() if not entry.told}
    wide = max(map(len, known))
    return [
        f"{page.mark(entry.severity)} {name:{wide}}  {plain(entry.title, lang)}"
        for name, (_, entry) in known.items()
    ]
