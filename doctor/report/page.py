"""How text is laid on a terminal: width, wide characters, colour, and marks that its encoding can show."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from typing import TextIO

import msgspec

MARKS = {"ok": "✓", "info": "·", "warn": "!", "fail": "✗", "unknown": "?", "blocked": "↳"}
PLAIN_MARKS = {"ok": "ok", "info": "-", "warn": "!", "fail": "X", "unknown": "?", "blocked": ">"}
COLOURS = {"ok": "32", "warn": "33", "fail": "31;1", "unknown": "35", "blocked": "2", "info": "2"}
NARROW, WIDE = 60, 100  # columns: lines longer than WIDE are hard to read


class Page(msgspec.Struct, frozen=True):
    """What the output can show."""

    width: int = 80
    colour: bool = False
    symbols: bool = True  # marks beyond ASCII

    def mark(self, severity: str) -> str:
        return self.ink((MARKS if self.symbols else PLAIN_MARKS)[severity], severity)

    def ink(self, text: str, severity: str) -> str:
        return f"\x1b[{COLOURS[severity]}m{text}\x1b[0m" if self.colour else text

    def wrap(self, text: str, indent: str, first: str | None = None) -> list[str]:
        """`text` in lines of the page's width, each behind `indent`, the first one behind `first`."""
        room = self.width - columns(indent)
        lines = [line for part in text.strip().splitlines() for line in wrapped(part, room)]
        return [
            (first if number == 0 and first is not None else indent) + line
            for number, line in enumerate(lines)
        ]


def page_for(stream: TextIO, environ: Mapping[str, str] = os.environ) -> Page:
    """The page of a stream: a terminal has colour and its own width, everything else is plain and 80 wide."""
    terminal = stream.isatty()
    width = shutil.get_terminal_size((80, 24)).columns if terminal else 80
    colour = terminal and not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"
    return Page(max(NARROW, min(width, WIDE)), colour, can_show(stream, "".join(MARKS.values())))


def can_show(stream: TextIO, text: str) -> bool:
    """Whether the stream's encoding has the characters."""
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def columns(text: str) -> int:
    """Columns that a text takes on a terminal; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def wrapped(text: str, width: int) -> Iterator[str]:
    """The text cut at spaces, and between wide characters where there is no space."""
    line = ""
    for word in _pieces(text):
        if line and columns(line + word.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += word if line else word.lstrip()
    if line.strip():
        yield line.rstrip()


def _pieces(text: str) -> Iterator[str]:
    """What must not be cut: words with the space behind them, and single wide characters with what closes them."""
    piece = ""
    for char, after in zip(text, text[1:] + " ", strict=False):
        piece += char
        wide = unicodedata.east_asian_width(char) in "WF"
        if ((char == " " or wide) and after not in "，。；：、）！？”") or (
            unicodedata.east_asian_width(after) in "WF" and after not in "，。；：、）！？”"
        ):
            yield piece
            piece = ""
    if piece:
        yield piece


def tolerant(stream: TextIO = sys.stdout) -> None:
    """A character that the terminal cannot show is replaced; it must never end the run."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="replace")
