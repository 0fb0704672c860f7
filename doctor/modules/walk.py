"""What is imported with a distribution, module by module, and what of it the libraries beside it do not have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from doctor.modules.generated import refused
from doctor.modules.library import Library
from doctor.modules.source import Need

MOST = 1500  # modules of one distribution


class Gone(NamedTuple):
    """A name, or a whole module, that is asked for and not there."""

    module: str  # that asks
    need: Need
    missing: str  # as Python names it: "AdamW" of "transformers", or "torch._six"
    of: str  # the library's module that was to have it


def gone(tops: Sequence[str], library: Library, begin: Sequence[str] | None = None) -> Iterator[Gone]:
    """What stops an import of these packages, in the order in which Python would meet it; or of some modules of theirs."""
    todo = list(tops if begin is None else begin)
    seen = set(todo)
    own = frozenset(tops)
    while todo and len(seen) < MOST and not library.late:
        module = todo.pop(0)
        if refusal := _refused(module, library):
            yield Gone(module, Need(1, "google.protobuf", "", True), refusal, "google.protobuf")
        for need in library.source(module).needs:
            if need.module.partition(".")[0] in own:
                for next_one in _inner(need, library):
                    if next_one not in seen:
                        seen.add(next_one)
                        todo.append(next_one)
            elif missing := _missing(need, library):
                yield Gone(module, need, *missing)


def late(tops: Sequence[str], library: Library, only: Sequence[str] | None = None) -> Iterator[Gone]:
    """What stops the first use of a name that these packages import when they are asked for it."""
    given = dict.fromkeys(name for top in tops for name in library.source(top).gives)
    for module in given if only is None else only:
        if library.place(module):
            yield from gone(tops, library, [module])


def misfits(tops: Sequence[str], library: Library) -> Iterator[Gone]:
    """Calls with an argument that what is called does not take, in the modules that were read."""
    for module, source in library.read_of(tops):
        for call in source.calls:
            if call.module.partition(".")[0] not in tops and (taken := library.takes(call.module, call.name)):
                for word in sorted(call.keywords - taken)[:1]:
                    need = Need(call.line, call.module, call.name, True)
                    yield Gone(module, need, f"{call.name}({word}=...)", call.module)


def _refused(module: str, library: Library) -> str | None:
    made = library.source(module).generated
    runtime = library.protobuf() if made else None
    return refused(made, runtime) if made and runtime else None


def _inner(need: Need, library: Library) -> Iterator[str]:
    """Modules of the distribution's own that an import runs: the packages on the way too."""
    if not need.plain:
        return
    parts = need.module.split(".")
    yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))
    source, itself = library.source(need.module), (need.module, need.name)
    if need.name and (need.name not in source.binds or source.origins.get(need.name) == itself):
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
