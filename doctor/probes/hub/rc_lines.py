"""Lines of the shell's start-up files that mean to set a variable of the Hub or of a proxy, and do not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.facts.hub import IdleLine
from doctor.peek import peek_text
from doctor.probes.hub.settings import STARTUP_MOST, startup_files

NAMES = r"(?P<name>HF_\w+|HUGGING_?FACE_\w+|TRANSFORMERS_\w+|(?:https?|all|no)_proxy|(?:HTTPS?|ALL|NO)_PROXY)"
# At the margin alone: what is indented stands in a function, or depends on something.
SPACES = re.compile(rf"export\s+{NAMES}(?:\s+=|=\s+[^\s#;&|])")
SET = re.compile(rf"(?:set|setx|setenv)\s+{NAMES}(?:=|\s)")
BARE = re.compile(rf"{NAMES}=(?:\"[^\"]*\"|'[^']*'|[^\s;&|#]+)\s*(?:#.*)?$")
EXPORTED = re.compile(r"^\s*(?:export|declare\s+-x|typeset\s+-x)\s+([^#\n]*)", re.MULTILINE)
ALL = re.compile(r"^\s*set\s+(?:-\w*a|-o\s+allexport)", re.MULTILINE)
PLAIN = ("/etc/environment",)  # no shell reads it: its lines are assignments


def idle(environ: Mapping[str, str]) -> tuple[IdleLine, ...]:
    """Those whose variable this shell has from nowhere else."""
    texts = [
        (shown, peek_text(path, STARTUP_MOST))
        for shown, path in startup_files()
        if shown not in PLAIN and _is_posix(path)
    ]
    whole = "\n".join(text for _, text in texts)
    exported = {word.partition("=")[0] for words in EXPORTED.findall(whole) for word in words.split()}
    found = (line for shown, text in texts for line in _in_text(shown, text))
    return tuple(
        line
        for line in found
        if line.name not in environ
        and not (line.kind == "not-exported" and (line.name in exported or ALL.search(whole)))
    )


def _is_posix(path: Path) -> bool:
    """A shell that is not the person's own says nothing: its file is not read."""
    shell = Path(os.environ.get("SHELL") or "bash").name
    return not (path.name.startswith(".z") and shell == "bash") and not (
        path.name.startswith(".bash") and shell == "zsh"
    )


def _in_text(shown: str, text: str) -> Iterator[IdleLine]:
    for number, line in enumerate(text.splitlines(), 1):
        place = f"{shown}:{number}"
        if match := SPACES.match(line):
            yield IdleLine(name=match["name"], place=place, kind="spaces")
        elif match := SET.match(line):
            yield IdleLine(name=match["name"], place=place, kind="set")
        elif match := BARE.match(line):
            yield IdleLine(name=match["name"], place=place, kind="not-exported")
