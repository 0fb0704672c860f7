"""The word `explain`: what a finding means, or which finding an error text belongs to, and whether this machine has it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

from doctor.catalogue import Entry, catalogue
from doctor.errors import Exit, Trouble, bad_input
from doctor.explain.here import Answer, answer
from doctor.explain.page import lines
from doctor.near import nearest
from doctor.reading.peek import peek_text
from doctor.report.envelope import emit, words_envelope
from doctor.report.terminal import page, show
from doctor.text import Lang, Text
from doctor.texts.match import Match, body

MOST = 600_000  # characters of a log that are read: what matters of a longer one is at its end


def run(
    asked: tuple[str, ...],
    lang: Lang,
    *,
    as_json: bool,
    facts: Path | None = None,
    flags: Mapping[str, str | None] = {"TARGET": None},
    offline: bool = False,
) -> int:
    """Explain what was asked: an id, a file, an error text, or what comes on standard input."""
    said = answer_to(asked, facts, flags, offline=offline)
    code = Exit.FINE if said.matches else Exit.FAILED
    if as_json:
        emit(words_envelope(code, explained=[body(match, lang) for match in said.matches]))
    else:
        show(lines(said, lang, page()))
    return code


def answer_to(
    asked: tuple[str, ...],
    facts: Path | None = None,
    flags: Mapping[str, str | None] = {"TARGET": None},
    *,
    offline: bool = False,
) -> Answer:
    """The findings that are meant. Raises Trouble (exit 2) on a single word that is none."""
    words = " ".join(asked).strip()
    known = catalogue()
    if words in known:
        area, entry = known[words]
        return Answer(matches=(Match(id=words, area=area, entry=entry),))
    if re.fullmatch(r"[a-z0-9-]+", words):
        raise _no_such(words, known)
    return answer(text_of(words), facts, flags, offline=offline)


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
