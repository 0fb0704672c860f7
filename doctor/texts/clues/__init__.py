"""Clues: what an error text tells by its form, whoever printed it. One module a kind, each with `clues(said)`. Pure.

A text that a finding of the catalogue was written for needs none. These read what nobody rehearsed: which name is not there
and who asks for it, which library the loader misses, which host did not answer, and what the text itself tells to do.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from doctor.texts.clues import (
    absent,
    apart,
    cuda,
    ends,
    hosts,
    last,
    native,
    pairs,
    paths,
    ports,
    python,
    resolved,
    stated,
    tools,
)
from doctor.texts.clues.clue import line_of
from doctor.texts.match import Match
from doctor.texts.said import Said

KINDS = (pairs, resolved, python, absent, apart, native, tools, stated, paths, ports, hosts, cuda, ends)


def clues(said: Said) -> Iterator[Match]:
    told = [match for kind in KINDS for match in kind.clues(said)]
    for match in told or last.clues(said):
        yield msgspec.structs.replace(
            match, line=match.line if "\n" in match.line else line_of(said.text, match.at)[:300]
        )
