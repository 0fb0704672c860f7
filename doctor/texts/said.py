"""An error text taken apart: the tracebacks in it, the code that they came through, and whose code that was.

As Python prints them, as IPython does, and as they stand in logs behind a rank, a time or a worker's name. Nothing of the
machine is looked at: the paths tell which environment it was, and which distribution a file belongs to.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cached_property

import msgspec

PREFIX = re.compile(  # what launchers and loggers put before a line
    r"^(?:\[?rank\s?\d+\]?:\s?|\[\d+\]:\s?|\(\S+ pid=\d+[^)]*\)\s?|E {3}(?:\s{0,4})|\d{4}-\d\d-\d\d[T ][\d:.,]+ \S+ )",
    re.M,
)
FRAME = re.compile(r'^\s*File "(?P<file>[^"\n]+)", line (?P<line>\d+)(?:, in (?P<inside>.+))?\s*$', re.M)
NOTEBOOK_FRAME = re.compile(
    r"^\s*(?:File )?(?P<file>(?:~|/|[A-Za-z]:\\)[^\s:]*\.(?:py|pyx))(?::(?P<line>\d+))?,? in (?P<inside>[\w.<>]+)",
    re.M,
)
RAISED = re.compile(
    r"^\s*(?P<kind>(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|Warning|NotFound|Conflict|Timeout|Refused|Impossible))"
    r"(?::\s?(?P<message>.*))?$",
    re.M,
)
SITE = re.compile(
    r"^(?P<prefix>.*?)[/\\](?:lib64|lib|Lib|local/lib)(?:[/\\]python(?P<python>3\.\d+|3))?[/\\](?:site|dist)-packages[/\\](?P<inside>.+)$"
)
LIBRARY = re.compile(
    r"^(?P<prefix>.*?)[/\\](?:lib(?:64)?[/\\]python(?P<python>3\.\d+)|Lib)[/\\](?P<inside>[\w/\\.]+\.py)$"
)
# A message that stands without the name of its exception: told by a library that hides the first error behind its own, or by a program.
BARE = re.compile(
    r"(?P<ImportError>cannot import name '?\w+'? from (?:partially initialized module )?'?[\w.]+'?(?: \([^)\n]*\))?)"
    r"|(?P<ModuleNotFoundError>No module named '?[\w.]+'?)"
    r"|(?P<AttributeError>(?:module '[\w.]+'|'\w+' object|type object '\w+') has no attribute '\w+')"
    r"|(?P<TypeError>[\w.]+\(\) (?:got an unexpected keyword argument|missing \d+ required [\w-]+ arguments?:) '\w+')"
)
BEFORE_BARE = re.compile(
    r"(?:^|(?i:error|exception|failed|failure|traceback\)|错误|报错|异常)[^\n]{0,60}[:：])[\s'\"]*$"
)
NO_ERROR = re.compile(r"(?i)warn|caught|optional|skip|not available|ignor|info\b|debug")
HIDING = re.compile(r"Failed to import (?P<module>[\w.]+) because of the following error[^\n:]*:\s*$")
LONGEST = 12  # lines of one message
LINE = re.compile(r"[^\n]{2000}")  # what a progress bar or a server writes without an end
HALF = 200  # letters at either end of a word that is longer than both
WORD = re.compile(rf"\S{{{2 * HALF + 1},}}")


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One call in a traceback."""

    file: str
    line: int = 0
    inside: str = ""  # the function

    @property
    def module(self) -> str:
        """The first part of the module's name, where the file lies among installed packages; "" elsewhere."""
        place = SITE.match(self.file)
        first = re.split(r"[/\\]", place["inside"])[0] if place else ""
        return first.partition(".")[0]

    @property
    def own_library(self) -> bool:
        """Whether it is of Python's own library."""
        return not SITE.match(self.file) and bool(LIBRARY.match(self.file))

    @property
    def prefix(self) -> str:
        """The environment that the file lies in; "" where its path does not tell."""
        place = SITE.match(self.file) or LIBRARY.match(self.file)
        return place["prefix"] if place else ""

    @property
    def python(self) -> str:
        """Python's version, as the path says it ("3.11")."""
        place = SITE.match(self.file) or LIBRARY.match(self.file)
        said = (place["python"] or "") if place else ""
        return said if "." in said else ""


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """One exception as it was printed."""

    kind: str  # without the module it is defined in
    message: str  # lines as they were, without what follows
    frames: tuple[Frame, ...] = ()
    at: int = 0  # where its line begins in the text

    @property
    def line(self) -> str:
        first = self.message.partition("\n")[0]
        return f"{self.kind}: {first}" if first else self.kind

    @property
    def modules(self) -> tuple[str, ...]:
        """Whose code it came through: from the person's own call inwards, each once, by the name of the module."""
        return tuple(dict.fromkeys(frame.module for frame in self.frames if frame.module))


class Said(msgspec.Struct, frozen=True, dict=True):
    """The whole text, plain, and what is known of the environment that it comes from."""

    text: str
    installed: Mapping[str, str] = {}  # distributions there, by normalised name
    interpreter: str = ""  # the version of its Python

    @cached_property
    def raised(self) -> tuple[Raised, ...]:
        """In the order in which they were printed: Python prints the first cause first."""
        return tuple(_raised(self.text))

    @cached_property
    def frames(self) -> tuple[Frame, ...]:
        return tuple(frame for one in self.raised for frame in one.frames)

    @property
    def prefix(self) -> str:
        """The environment that most of the code lies in, by the paths; "" where they do not tell."""
        found = [frame.prefix for frame in self.frames if frame.prefix]
        return max(found, key=found.count, default="")

    @property
    def python(self) -> str:
        """Python's version: as the paths say it, or the version of the interpreter that is known."""
        found = [frame.python for frame in self.frames if frame.python]
        return max(found, key=found.count, default=self.interpreter)


def read(text: str, installed: Mapping[str, str] = {}, interpreter: str = "") -> Said:
    """A text as it was pasted: colours and the prefixes of launchers are taken away, and what nobody reads is cut short.

    Patterns that begin with any word take the square of a word's or a line's length: a million letters must not keep them for hours.
    """
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).replace("\r\n", "\n").replace("\r", "\n")
    plain = re.sub(
        r"\[([^\]\n]{1,400})\]\(https?://localhost:\d+/#\)", r"\1", plain
    )  # Colab's links to a file
    plain = LINE.sub(r"\g<0>\n", plain)
    short = WORD.sub(lambda word: f"{word[0][:HALF]}…{word[0][-HALF:]}", plain)
    short = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]{100,}", " " * 8, short))
    narrow = re.sub(
        r"(?<=\S)[ \t]{2,}", " ", PREFIX.sub("", short)
    )  # a message over several lines of source has wide gaps
    return Said(narrow, installed, interpreter)


def _raised(text: str) -> list[Raised]:
    frames = sorted(_frames(text), key=lambda one: one[0])
    places = [at for at, _ in frames]
    found: list[Raised] = []
    begin = 0
    told: list[tuple[int, int]] = []
    for hit in RAISED.finditer(text):
        mine = frames[bisect_left(places, begin) : bisect_left(places, hit.start())]
        begin = hit.start()
        kind = hit["kind"].rpartition(".")[2]
        found.append(
            Raised(
                kind=kind,
                message=_message(text, hit),
                frames=tuple(frame for _, frame in mine),
                at=hit.start(),
            )
        )
        told.append(hit.span("message") if kind in BARE.groupindex else (0, 0))
    bare = [one for one in _bare(text) if not any(first <= one.at < last for first, last in told)]
    return sorted((*found, *bare), key=lambda one: one.at)


def _bare(text: str) -> Iterator[Raised]:
    """Messages without the name of an exception. Who asked is known where a library says what it failed to import."""
    for hit in BARE.finditer(text):
        start = text.rfind("\n", 0, hit.start()) + 1
        before = text[start : hit.start()]
        hiding = HIDING.search(text[max(0, hit.start() - 300) : hit.start()])
        if not hiding and (not BEFORE_BARE.search(before) or NO_ERROR.search(before)):
            continue
        frames = (
            (Frame(file=f"/lib/python3/site-packages/{hiding['module'].replace('.', '/')}.py"),)
            if hiding
            else ()
        )
        yield Raised(kind=hit.lastgroup or "", message=hit[0], frames=frames, at=hit.start())


def _frames(text: str) -> list[tuple[int, Frame]]:
    return [
        (
            hit.start(),
            Frame(file=hit["file"], line=int(hit["line"] or 0), inside=(hit["inside"] or "").strip()),
        )
        for pattern in (FRAME, NOTEBOOK_FRAME)
        for hit in pattern.finditer(text)
    ]


def _message(text: str, hit: re.Match[str]) -> str:
    """The message with the lines that belong to it: up to an empty line, the next traceback or the next call."""
    lines = [hit["message"] or ""]
    after = text[hit.end() + 1 : hit.end() + 1 + LONGEST * 400]
    for line in after.split("\n", LONGEST)[:LONGEST]:
        if not line.strip() or FRAME.match(line) or RAISED.match(line) or "Traceback (most recent" in line:
            break
        lines.append(line)
    return "\n".join(lines).strip()
