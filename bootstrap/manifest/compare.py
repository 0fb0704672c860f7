"""A manifest's model beside what the endpoint has: what is new, what differs, what cannot be. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import msgspec

from bootstrap.manifest.ask import Gone, Seen
from doctor.goal.profile import ModelWant

BY_FILE = ("sizes", "sha256", "git")
Value = str | int | None


class Change(msgspec.Struct, frozen=True):
    """One value. `file` is empty where the key has one value for the model."""

    key: str
    file: str
    old: Value
    new: Value


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    changes: tuple[Change, ...] = ()  # what --write takes over
    problems: tuple[str, ...] = ()  # what a person has to decide; nothing of this model is written then
    notes: tuple[str, ...] = ()


def compare(model: ModelWant, seen: Seen | Gone) -> Compared:
    if isinstance(seen, Gone):
        return Compared(id=model.id, problems=(f"{seen.said} ({model.revision[:12]})",))
    changes = tuple(_changes(model, seen))
    return Compared(
        id=model.id,
        changes=changes,
        problems=tuple(_problems(model, seen, changes)),
        notes=tuple(_notes(model, seen)),
    )


def _changes(model: ModelWant, seen: Seen) -> Iterator[Change]:
    for name in (*model.files, *model.optional):
        there = seen.files.get(name)
        if there:
            new = {"sizes": there.size, "sha256": there.sha256, "git": there.git}
            for key in BY_FILE:
                old = getattr(model, key).get(name)
                if old != new[key]:
                    yield Change(key, name, old, new[key])
    total = sum(seen.files[name].size for name in model.files if name in seen.files)
    if total != model.bytes and set(model.files) <= set(seen.files):
        yield Change("bytes", "", model.bytes, total)
    if model.licence.partition(":")[0] != seen.licence:  # behind a colon stands what the Hub leaves unsaid
        yield Change("licence", "", model.licence, seen.licence)
    if model.gated != seen.gated:
        yield Change("gated", "", model.gated, seen.gated)


def _problems(model: ModelWant, seen: Seen, changes: tuple[Change, ...]) -> Iterator[str]:
    for name in model.files:
        if name not in seen.files:
            near = difflib.get_close_matches(name, seen.files, n=2)
            yield f"{name} is not there" + (f"; there is {', '.join(near)}" if near else "")
    for change in changes:
        if change.key in BY_FILE and change.old is not None:
            yield (
                f"{change.key} of {change.file} is {change.old} here and {change.new} there: at one commit only one can be "
                "true. Remove the wrong one by hand"
            )
    if seen.gated not in ("no", "auto", "manual"):
        yield f"gated is {seen.gated!r}, which nobody here knows"


def _notes(model: ModelWant, seen: Seen) -> Iterator[str]:
    if seen.id != model.id:
        yield f"it is called {seen.id} now"
    if seen.main != model.revision:
        yield f"main is {seen.main[:12]} now, pinned is {model.revision[:12]}"
