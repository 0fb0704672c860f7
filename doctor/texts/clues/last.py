"""What is left to say of an error that nothing here knows: whose code it arose in, and who called that."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote_plus

from doctor.text import Text
from doctor.texts.clues.clue import NAMESPACES, distribution, raised_clue, with_version
from doctor.texts.match import Match
from doctor.texts.said import Said

WORDS = 12  # of the message, for a search


def clues(said: Said) -> Iterator[Match]:
    if not said.raised:
        return
    raised = said.raised[-1]
    modules = raised.modules
    if not modules:
        return
    inner, outer = modules[-1], modules[-2] if len(modules) > 1 else ""
    query = quote_plus(f'"{" ".join(raised.message.split()[:WORDS])}"')
    yield raised_clue(
        "packages",
        "error-in-package",
        raised,
        more=(("python", "-m", "pip", "check"), *_newer(inner)),
        package=with_version(inner, said),
        by=Text(f", called by {with_version(outer, said)}", f"，由 {with_version(outer, said)} 调用")
        if outer
        else Text("", ""),
        search=f"https://github.com/search?type=issues&q={query}",
    )


def _newer(module: str) -> tuple[tuple[str, ...], ...]:
    """Which of the distributions that share a name it was, the name does not tell."""
    return (
        ()
        if module in NAMESPACES
        else (("python", "-m", "pip", "install", "--upgrade", distribution(module)),)
    )
