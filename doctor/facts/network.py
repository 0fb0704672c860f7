"""Facts of the sources and of the way to them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How one source answered: seconds to the first byte, or why it did not."""

    kind: str  # conda_installer, conda_channel, hub, python_build
    name: str
    url: str
    seconds: float | None
    error: str | None = None


def said_by(answers: Iterable[Answer]) -> str:
    """Who said what, those with the same words together: `A, B: timed out; C: HTTP 404`."""
    names: dict[str, list[str]] = {}
    for answer in answers:
        names.setdefault(answer.error or "answers", []).append(answer.name)
    return "; ".join(f"{', '.join(who)}: {error}" for error, who in names.items())


class Network(msgspec.Struct, frozen=True, tag="network"):
    answers: tuple[Answer, ...]
