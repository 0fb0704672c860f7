"""Which tasks are to run on which models: reads a spec file and says exactly what is wrong in it."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import Any

from .runner import TASKS

Entry = dict[str, Any]


KEYS = {"task": str, "model": str, "revision": str, "bytes": int}  # bytes: of the model's files together


class BadInput(Exception):
    """The person asked for something that does not exist; exit code 2."""


def read_spec(path: Path) -> list[Entry]:
    """The entries of a spec file; BadInput names the file and what is wrong in it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise BadInput(f"{path}: cannot be read as JSON: {problem}") from problem
    entries = content.get("tasks") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise BadInput(f'{path}: expected {{"tasks": [{{"task": …, "model": …, "revision": …}}, …]}}')
    for number, entry in enumerate(entries, 1):
        check_entry(entry, f"{path}: task {number}")
    return entries


def check_entry(entry: object, where: str) -> None:
    if not isinstance(entry, dict) or not {"task", "model"} <= set(entry) <= set(KEYS):
        raise BadInput(f'{where}: expected the keys "task", "model" and perhaps "revision" and "bytes"')
    for key, value in entry.items():
        if not isinstance(value, KEYS[key]):
            raise BadInput(f"{where}: {key} must be a {'number' if KEYS[key] is int else 'string'}")
    if entry["task"] not in TASKS:
        raise BadInput(f"{where}: {unknown(entry['task'], list(TASKS))}")
    if not re.fullmatch(r"[0-9a-f]{40}", entry.get("revision", "0" * 40)):
        raise BadInput(f"{where}: the revision must be a full commit, 40 hexadecimal digits")


def choose(entries: list[Entry], names: list[str]) -> list[Entry]:
    offered = [entry["task"] for entry in entries]
    for name in names:
        if name not in offered:
            raise BadInput(f"--task: {unknown(name, offered)}")
    return [entry for entry in entries if not names or entry["task"] in names]


def unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
    return f"there is no task {name!r}; {hint}"
