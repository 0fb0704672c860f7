"""A package, or the program, and a Python that is too new or too old for it: by what Python's own library has and has not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.names import gone_from_python, new_in_python
from doctor.text import Text
from doctor.texts.clues.clue import PROGRAM, asker_of, raised_clue, with_version
from doctor.texts.match import Match
from doctor.texts.said import Raised, Said

MODULE = re.compile(r"No module named '?(?P<name>[\w.]+)")
NAME = re.compile(r"cannot import name '?(?P<name>\w+)'? from '?(?P<module>[\w.]+)")
ATTRIBUTE = re.compile(r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'")
# What objects of Python itself have had since a release, and until one.
NEWER = {
    r"unsupported operand type\(s\) for \|: '(?:type|NoneType|_GenericAlias|ABCMeta|_SpecialForm|types\.GenericAlias|\w*Meta\w*)'": (
        "3.10",
        "X | Y",
    ),
    r"'(?:type|ABCMeta|_tuplegetter|builtin_function_or_method)' object is not subscriptable": (
        "3.9",
        "list[str]",
    ),
    r"zip\(\) takes no keyword arguments": ("3.10", "zip(strict=…)"),
    r"dataclass\(\) got an unexpected keyword argument '(?:slots|kw_only|match_args)'": (
        "3.10",
        "dataclass(slots=…)",
    ),
    r"unexpected keyword argument 'dirs_exist_ok'": ("3.8", "copytree(dirs_exist_ok=…)"),
    r"'str' object has no attribute 'remove(?:prefix|suffix)'": ("3.9", "str.removeprefix()"),
    r"unsupported operand type\(s\) for \|=?: 'dict' and 'dict'": ("3.9", "dict | dict"),
    r"'\w*Path' object has no attribute '(?:is_relative_to|with_stem|readlink)'": (
        "3.9",
        "Path.is_relative_to()",
    ),
    r"'\w*Path' object has no attribute 'walk'": ("3.12", "Path.walk()"),
}
OLDER = {
    r"global flags not at the start of the expression": (
        "3.11",
        "(?i) in the middle of a regular expression",
    ),
    r"invalid mode: '\w?U": ("3.11", "open(mode='U')"),
    r"mutable default <class '[\w.]+'> for field \w+ is not allowed: use default_factory": (
        "3.11",
        "a changeable default of a dataclass",
    ),
    r"'HTMLParser' object has no attribute 'unescape'": ("3.9", "HTMLParser.unescape()"),
    r"'\w*Thread' object has no attribute 'isAlive'": ("3.9", "Thread.isAlive()"),
    r"'array\.array' object has no attribute '(?:tostring|fromstring)'": ("3.9", "array.tostring()"),
    r"'\w*Element' object has no attribute 'getchildren'": ("3.9", "Element.getchildren()"),
    r"'(?:FileFinder|zipimporter|\w*Finder|\w*Importer)' object has no attribute 'find_module'": (
        "3.12",
        "find_module()",
    ),
    r"'\w+' object has no attribute 'assertEquals'": ("3.12", "assertEquals()"),
    r"There is no current event loop in thread 'MainThread'": (
        "3.14",
        "asyncio.get_event_loop() without a loop",
    ),
}
# Syntax by the line that Python shows, newest first.
SYNTAX = (
    (re.compile(r"^\s*(?:async )?(?:def|class) \w+\[|^\s*type \w+(?:\[.*\])? ="), "3.12"),
    (re.compile(r"^\s*except\s*\*"), "3.11"),
    (re.compile(r"^\s*(?:match|case) .+:\s*$"), "3.10"),
    (re.compile(r"^\s*with \($"), "3.10"),
    (re.compile(r":="), "3.8"),
    (re.compile(r"\bdef \w+\(.*, /[,)]|\(/, "), "3.8"),
    (re.compile(r"f[\"'].*\{\w[\w.]*=\}"), "3.8"),
    (re.compile(r"^\s*from __future__ import annotations"), "3.7"),
)
OF_TWO = re.compile(
    r"^\s*(?:print [^=(]|exec [\"']|raise \w+, |except \w+, \w+:)|Missing parentheses in call to 'print'"
)


OF_CONDA = re.compile(r"/envs/|conda|mamba|miniforge")


def clues(said: Said) -> Iterator[Match]:
    if told := _user_site(said):
        yield told
    for raised in said.raised:
        if told := _library(raised, said) or _object(raised, said) or _syntax(raised, said):
            yield told


def _user_site(said: Said) -> Match | None:
    """An import that leads from an environment of conda's into ~/.local, which such an environment searches first."""
    for raised in said.raised:
        if raised.kind not in ("ImportError", "ModuleNotFoundError", "AttributeError"):
            continue
        places = list(dict.fromkeys(frame.prefix for frame in raised.frames if frame.module))
        mine = next((place for place in places if place.endswith("/.local")), "")
        if mine and any(OF_CONDA.search(place) for place in places):
            names = dict.fromkeys(
                frame.module for frame in raised.frames if frame.module and frame.prefix == mine
            )
            return raised_clue(
                "python", "user-site-shadows-env", raised, general=False, path=mine, names=", ".join(names)
            )
    return None


def _library(raised: Raised, said: Said) -> Match | None:
    name = _asked(raised)
    if since := gone_from_python(name) if name else "":
        return _told("package-older-than-python", raised, said, name, since)
    if since := new_in_python(name) if name else "":
        return _told("package-newer-than-python", raised, said, name, since)
    return None


def _asked(raised: Raised) -> str:
    if raised.kind in ("ModuleNotFoundError", "ImportError") and (hit := MODULE.match(raised.message)):
        return hit["name"]
    if raised.kind == "ImportError" and (hit := NAME.match(raised.message)):
        return f"{hit['module']}.{hit['name']}"
    hit = ATTRIBUTE.search(raised.message) if raised.kind == "AttributeError" else None
    return f"{hit['module']}.{hit['name']}" if hit else ""


def _object(raised: Raised, said: Said) -> Match | None:
    for table, name in ((NEWER, "package-newer-than-python"), (OLDER, "package-older-than-python")):
        for pattern, (since, what) in table.items():
            if re.search(pattern, raised.message):
                return _told(name, raised, said, what, since)
    return None


def _syntax(raised: Raised, said: Said) -> Match | None:
    if raised.kind not in ("SyntaxError", "TabError", "IndentationError"):
        return None
    shown = said.text[max(0, raised.at - 600) : raised.at].rpartition('File "')[2].partition("\n")[2]
    lines = shown.splitlines()
    if OF_TWO.search(f"{lines[0] if lines else ''}\n{raised.message}"):
        return _told("package-older-than-python", raised, said, "Python 2", "3.0")
    for pattern, since in SYNTAX:
        if any(pattern.search(line) for line in lines):
            return _told("package-newer-than-python", raised, said, lines[0].strip(), since)
    module = raised.frames[-1].module if raised.frames else ""
    return (
        _told("package-newer-than-python", raised, said, lines[0].strip(), "") if module and lines else None
    )


def _told(name: str, raised: Raised, said: Said, what: str, since: str) -> Match:
    asker = asker_of(raised)
    unknown = Text("a later release", "更新的版本")
    return raised_clue(
        "python",
        name,
        raised,
        package=with_version(asker, said) if asker else PROGRAM,
        python=said.python or Text("the one here", "当前版本"),
        what=what,
        since=since or unknown,
    )
