"""A manifest's text with new values in it: comments, order and everything else stay as they were."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import tomlkit
from tomlkit.items import InlineTable, Integer, Item, Table, Trivia

from bootstrap.manifest.compare import BY_FILE, Change, Compared, Value
from doctor.goal.model_sets import faults
from doctor.goal.profile import Manifest, ModelWant

WIDTH = 110  # columns: a longer line becomes a table of its own


def edited(text: str, models: Sequence[ModelWant], compared: Sequence[Compared]) -> str:
    """The text with the changes of those models that have no problem.

    Raises ValueError where it could not be read again: a defect of ours, found before any file is touched.
    """
    document = tomlkit.parse(text)
    entries: Any = document["model"] if compared else ()
    for entry, model, said in zip(entries, models, compared, strict=True):
        if not said.problems:
            for change in said.changes:
                if not change.file:
                    entry[change.key] = _value(change.new)
            for key in BY_FILE:
                _by_file(entry, key, model, [change for change in said.changes if change.key == key])
    new = spaced(tomlkit.dumps(document))
    for fault in faults(msgspec.convert(tomlkit.parse(new).unwrap(), Manifest)):
        raise ValueError(fault)
    return new


def _by_file(entry: Any, key: str, model: ModelWant, changes: Sequence[Change]) -> None:
    """Values by file, in the order of the files: one line where it is short, else a table, one file a line."""
    if not changes:
        return
    new = {change.file: change.new for change in changes}
    known = {**getattr(model, key), **new}
    wanted = {name: known[name] for name in (*model.files, *model.optional) if known.get(name) is not None}
    there = entry.get(key)
    if isinstance(there, Table) and not isinstance(there, InlineTable):
        for name in new:  # in place, so that comments beside the lines stay
            there[name] = _value(new[name])
        return
    line = _inline(wanted)
    if len(f"{key} = {line.as_string()}") <= WIDTH:
        entry[key] = line
        return
    table = _table(wanted)
    if there is not None:
        if there.trivia.comment:
            table.comment(there.trivia.comment)
        entry.remove(key)
    entry.append(key, table)


def spaced(text: str) -> str:
    """A blank line before each entry, none before the tables that belong to one: the library leaves it where it was."""
    text = re.sub(r"\n\n(\[model\.)", r"\n\1", text)
    return re.sub(r"^([^#\n].*)\n(\[\[)", r"\1\n\n\2", text, flags=re.MULTILINE)


def _inline(values: dict[str, Value]) -> InlineTable:
    """Written as the other lines are: the library itself leaves no blanks inside the braces."""
    said = ", ".join(f'"{name}" = {_value(value).as_string()}' for name, value in values.items())
    line = tomlkit.parse(f"line = {{ {said} }}")["line"]
    assert isinstance(line, InlineTable)
    return line


def _table(values: dict[str, Value]) -> Table:
    table = tomlkit.table()
    for name, value in values.items():
        table.append(name, _value(value))
    return table


def _value(value: Value) -> Item:
    """Numbers as people read them: 891_646_390, 1208."""
    if isinstance(value, int):
        return Integer(value, Trivia(), f"{value:_}" if value >= 10_000 else str(value))
    return tomlkit.string(str(value))
