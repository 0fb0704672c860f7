"""A login for the Hub's host in ~/.netrc: requests sends it in place of the token. Read, and never kept."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from doctor.facts.hub import Login
from doctor.goal import Goal
from doctor.hub_env import OFFICIAL
from doctor.reading.peek import peek_text

PLACES = ("~/.netrc", "~/_netrc")
WORDS = re.compile(r'"[^"]*"|\S+')


def login(goal: Goal, environ: Mapping[str, str]) -> Login | None:
    """The entry that requests would take; of a file that it cannot read it takes none."""
    own = environ.get("NETRC")
    for place in (own,) if own else PLACES:
        path = Path(place).expanduser()
        if text := peek_text(path, 100_000):
            return _entry(text, path, _hosts(goal))
    return None


def _hosts(goal: Goal) -> tuple[str, ...]:
    return tuple(urlsplit(url).hostname or "" for url in (goal.endpoint, OFFICIAL) if url)


def _entry(text: str, path: Path, hosts: tuple[str, ...]) -> Login | None:
    words = WORDS.findall(re.sub(r"(?m)^\s*#.*", "", text))
    for host in (*hosts, ""):
        begin = ["machine", host] if host else ["default"]
        for at in range(len(words)):
            if words[at : at + len(begin)] == begin:
                rest = words[at + len(begin) :]
                end = next((n for n, word in enumerate(rest) if word in ("machine", "default")), len(rest))
                entry = rest[:end]
                secret = entry[entry.index("password") + 1 :][:1] if "password" in entry else []
                is_token = bool(secret) and secret[0].strip('"').startswith("hf_")
                return Login(path=str(path), host=host or "default", holds_token=is_token)
    return None


def of_person(goal: Goal) -> Login | None:
    return login(goal, os.environ)
