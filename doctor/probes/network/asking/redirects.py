"""Where redirects lead, and whether they end: pip, uv and conda follow them, and give up a circle after 10 to 30."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import msgspec

from doctor.probes.network.asking.client import Names, ask
from doctor.probes.network.asking.question import SECONDS, Question, Said, without_login

MOST = 10  # uv's own limit; pip's is 30


def follow(question: Question, said: Said, names: Names, *, at_home: bool = False) -> Said:
    """The answer at the end of them; that of a circle says so. `at_home`: as far as they stay on one host.

    Where time would not do for another answer the one at hand is as good as it gets. A host that sets a cookie may
    want to see it again, which pip does: nothing is held against it.
    """
    seen, cookies = [question.url], False
    while target := _target(seen[-1], said):
        cookies = cookies or "set-cookie" in said.headers
        if target in seen or len(seen) > MOST:
            return said if cookies else _circle(said, [*seen, target])
        away = urlsplit(target).hostname != urlsplit(question.url).hostname
        if time.monotonic() > names.until - SECONDS or (away and at_home):
            return said
        seen.append(target)
        said = ask(msgspec.structs.replace(question, url=target), names)
    return said


def _target(url: str, said: Said) -> str:
    """The next address. Within one host a login of the address goes along, as pip's does."""
    place = said.headers.get("location", "")
    if said.reply.status not in (301, 302, 303, 307, 308) or not place:
        return ""
    target = urljoin(without_login(url), place).partition("#")[0]
    parts, old = urlsplit(target), urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return ""
    same = (parts.scheme, parts.hostname, parts.port) == (old.scheme, old.hostname, old.port)
    return parts._replace(netloc=old.netloc).geturl() if same else target


def _circle(said: Said, seen: list[str]) -> Said:
    way = " → ".join(_shown(seen))
    return msgspec.structs.replace(said, reply=msgspec.structs.replace(said.reply, circle=way))


def _shown(seen: list[str]) -> Iterator[str]:
    """The last of them, from where they begin to repeat."""
    first = seen.index(seen[-1])
    yield from map(without_login, seen[first:] if first < len(seen) - 1 else seen[-3:])
