"""A port that is taken: which one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from doctor.text import Text
from doctor.texts.clues.clue import clue
from doctor.texts.match import Match
from doctor.texts.said import Said

TAKEN = re.compile(
    r"(?i)(?:\[Errno 98\]|EADDRINUSE|address already in use|port is already allocated|Cannot find empty port in range|port \d+ is already (?:in use|used|allocated|taken))"
)
PORT = re.compile(
    r"(?i)(?:port(?: in range)?[ :=]*|\d\.\d+\.\d+\.\d+:|localhost:|\[::\]:|\*:|', |:::)(?P<port>\d{2,5})\b"
)
NEAR = 160


def clues(said: Said) -> Iterator[Match]:
    hit = TAKEN.search(said.text)
    if not hit:
        return
    line = said.text[said.text.rfind("\n", 0, hit.start()) + 1 :].partition("\n")[0]
    named = PORT.search(line) or PORT.search(said.text[max(0, hit.start() - NEAR) : hit.end() + NEAR])
    port = named["port"] if named else ""
    more = (("ss", "-ltnp", f"sport = :{port}"), ("docker", "ps")) if port else None
    yield clue(
        "network",
        "port-already-taken",
        hit[0],
        hit.start(),
        more=more,
        port=port or Text("that it wants", "所需"),
    )
