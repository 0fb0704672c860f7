"""What is asked and what came back, and the session that asks: the person's proxy and certificates, no redirects."""

from __future__ import annotations

import ssl
import time
from email.utils import parsedate_to_datetime

import httpx
import msgspec

from doctor.facts.network import Certificate, Reply
from doctor.probes.network.told.proxies import without_login as without_login

SECONDS = 3.0  # for a name, for a connection, for the first byte
AGENT = {"User-Agent": "groundwork-doctor"}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask. The login of `url` and the token go to that host alone, and into no fact."""

    kind: str
    url: str
    name: str = ""
    source: str = ""
    method: str = "HEAD"
    bundle: str = ""  # certificates to trust; "" for no verification
    token: str = ""
    proxy: str | None = None  # instead of the one that the variables name
    body: int = 0  # bytes of the body that are wanted


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The reply as a fact, and what else came with it."""

    reply: Reply
    skew: float | None = None
    certificate: Certificate | None = None
    headers: dict[str, str] = {}
    links: dict[str, str] = {}
    body: bytes = b""


def session(context: ssl.SSLContext, via: str | None) -> httpx.Client:
    # The proxy was chosen already: httpx would make one for each variable, and stop at one that it cannot read.
    return httpx.Client(verify=context, proxy=via, trust_env=False, timeout=SECONDS, follow_redirects=False)


def skew_of(heads: httpx.Headers) -> float | None:
    """Seconds by which our clock is ahead of the server's. A cache repeats an old Date, and says how old."""
    try:
        date = parsedate_to_datetime(heads["Date"]).timestamp()
        return time.time() - date - float(heads.get("Age", "0"))
    except (KeyError, ValueError):
        return None
