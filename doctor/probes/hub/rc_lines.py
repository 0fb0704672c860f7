"""Lines of the shell's start-up files that mean to set a variable of the Hub or of a proxy, and do not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from doctor.facts.hub import IdleLine
from doctor.probes.hub.settings import startup_files
from doctor.reading.peek import peek_text
from doctor.reading.startup import LARGEST

# Compiled where they are needed: most machines have no such line.
WORDS = ("HF_", "HUGGING", "TRANSFORMERS_", "_proxy", "_PROXY")
NAMES = r"(?P<name>HF_\w+|HUGGING_?FACE_\w+|TRANSFORMERS_\w+|(?:https?|all|no)_proxy|(?:HTTPS?|ALL|NO)_PROXY)"
# At the margin alone: what is indented stands in a function, or depends on something.
SLIPS: dict[Literal["spaces", "set", "not-exported"], str] = {
    "spaces": rf"export\s+{NAMES}(?:\s+=|=\s+[^\s#;&|])",
    "set": rf"(?:set|setx|setenv)\s+{NAMES}(?:=|\s)",
    "not-exported": rf"{NAMES}=(?:\"[^\"]*\"|'[^']*'|[^\s;&|#]+)\s*(?:#.*)?$",
}
EXPORTED = r"^\s*(?:export|declare\s+-x|typeset\s+-x)\s+([^#\n]*)"
ALL_EXPORTED = r"^\s*set\s+(?:-\w*a|-o\s+allexport)"
PLAIN = "/etc/environment"  # no shell reads it: its lines are assignments


def idle(environ: Mapping[str, str]) -> tuple[IdleLine, ...]:
    """Those whose variable this shell has from nowhere else."""
    files = [(shown, peek_text(path, LARGEST)) for shown, path in startup_files() if _counts(path, environ)]
    lost = [line for shown, text in files for line in _in_text(shown, text) if line.name not in environ]
    if not lost:
        return ()
    whole = "\n".join(text for _, text in files)
    lists = re.findall(EXPORTED, whole, re.MULTILINE)
    exported = {word.partition("=")[0] for words in lists for word in words.split()}
    all_are = re.search(ALL_EXPORTED, whole, re.MULTILINE)
    return tuple(
        line
        for line in lost
        if line.kind != "not-exported" or not (all_are or line.name in exported or _used(line.name, whole))
    )


def _used(name: str, text: str) -> bool:
    """Whether the shell itself makes something of it."""
    return f"${name}" in text or f"${{{name}" in text


def _counts(path: Path, environ: Mapping[str, str]) -> bool:
    """Whether the person's own shell runs that file."""
    shell = Path(environ.get("SHELL") or "bash").name
    others = {"bash": ".z", "zsh": ".bash"}.get(shell, "\0")
    return str(path) != PLAIN and not path.name.startswith(others)


def _in_text(shown: str, text: str) -> Iterator[IdleLine]:
    for number, line in enumerate(text.splitlines(), 1):
        if not any(word in line for word in WORDS):
            continue
        for kind, slip in SLIPS.items():
            if match := re.match(slip, line):
                yield IdleLine(name=match["name"], place=f"{shown}:{number}", kind=kind)
                break
