"""What is imported with a distribution, module by module, and what of it the libraries beside it do not have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from doctor.modules.library import Library
from doctor.modules.source import Need

MOST = 1500  # modules of one distribution


class Gone(NamedTuple):
    """A name, or a whole module, that is asked for and not there."""

    module: str  # that asks
    need: Need
    missing: str  # as Python names it: "AdamW" of "transformers", or "torch._six"
    of: str  # the library's module that was to have it


def gone(tops: Sequence[str], library: Library) -> Iterator[Gone]:
    """What stops an import of these packages, in the order in which Python would meet it."""
    todo, seen = list(tops), set(tops)
    own = frozenset(tops)
    while todo and len(seen) < MOST and not library.late:
        module = todo.pop(0)
        for need in library.source(module).needs:
            if need.module.partition(".")[0] in own:
                for next_one in _inner(need, library):
                    if next_one not in seen:
                        seen.add(next_one)
                        todo.append(next_one)
            elif missing := _missing(need, library):
                yield Gone(module, need, *missing)


def _inner(need: Need, library: Library) -> Iterator[str]:
    """Modules of the distribution's own that an import runs: the packages on the way too."""
    if not need.plain:
        return
    parts = need.module.split(".")
    yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))
    if need.name and need.name not in library.source(need.module).binds:
        yield f"{need.module}.{need.name}"


def _missing(need: Need, library: Library) -> tuple[str, str] | None:
    """What is not there, and of which module; None when all is, or when nobody can tell."""
    parts = need.module.split(".")
    if library.place(parts[0]) is None:
        return None  # a distribution that is missing: its requirement says it
    for length in range(2, len(parts) + 1):
        parent, module = ".".join(parts[: length - 1]), ".".join(parts[:length])
        if library.place(module) is None:
            return None if library.has(parent, parts[length - 1]) else (module, parent)
    if need.name and not library.has(need.module, need.name):
        return (need.name, need.module)
    return None
