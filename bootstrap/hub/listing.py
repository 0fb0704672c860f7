"""What an endpoint has of a repository at a commit: the name, size and hash of each file, by one request where it can be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote, urljoin, urlsplit

import msgspec
from urllib3 import BaseHTTPResponse as Reply

from bootstrap.hub.job import Endpoint
from bootstrap.hub.link import FAILURES, Broke, Refused, check_status, send, why
from bootstrap.hub.verify import check_offer
from doctor.goal.profile import ModelWant

PAGES = 50  # of a listing; 1000 files each


class Offer(msgspec.Struct, frozen=True):
    """One file as an endpoint has it."""

    name: str
    size: int
    hash: str  # SHA-256 of large files, git's blob SHA-1 of small ones; 40 or 64 hex digits


class _Lfs(msgspec.Struct):
    oid: str
    size: int


class _Entry(msgspec.Struct):
    type: str
    path: str
    oid: str = ""
    size: int = 0
    lfs: _Lfs | None = None


def offers(endpoint: Endpoint, want: ModelWant, token: str | None, silence: float) -> tuple[Offer, ...]:
    """The files of `want` that the endpoint has. Raises Refused when one that is needed is not among them,
    BadBytes when one cannot be the wanted content, and Gated, Resting or Broke as any request."""
    names = (*want.files, *want.optional)
    listed = listing(endpoint, want.id, want.revision, token, silence)
    if listed is None:
        listed = tuple(_each(endpoint, want, names, token, silence))
    found = {offer.name: offer for offer in listed if offer.name in names}
    missing = [name for name in want.files if name not in found]
    if missing:
        raise Refused(f"does not have {', '.join(missing)}")
    for offer in found.values():
        check_offer(offer.name, offer.hash, offer.size, want)
    return tuple(found.values())


def listing(
    endpoint: Endpoint, repo: str, commit: str, token: str | None, silence: float
) -> tuple[Offer, ...] | None:
    """Every file of a repository; None where the endpoint has no such answer, as simple mirrors have not."""
    url = f"{endpoint.url.rstrip('/')}/api/models/{repo}/tree/{quote(commit, safe='')}?recursive=true&expand=false"
    entries: list[_Entry] = []
    for _ in range(PAGES):
        reply = send("GET", url, token, {}, silence)
        if reply.status in (404, 405, 501) and not reply.headers.get("X-Error-Code"):
            return None
        check_status(reply)
        entries += _decoded(content(reply))
        following = _next(reply.headers.get("Link", ""), url)
        if following is None:
            break
        url = following
    return tuple(_offer(entry) for entry in entries if entry.type == "file")


def _offer(entry: _Entry) -> Offer:
    if entry.lfs:
        return Offer(entry.path, entry.lfs.size, entry.lfs.oid.removeprefix("sha256:"))
    return Offer(entry.path, entry.size, entry.oid)


def _decoded(content: bytes) -> list[_Entry]:
    try:
        return msgspec.json.decode(content, type=list[_Entry])
    except ValueError as error:
        raise Refused(
            "answers with something that is no list of files (a login page of the network?)"
        ) from error


def content(reply: Reply) -> bytes:
    try:
        return reply.data
    except FAILURES as error:
        raise Broke(why(error)) from error


def _next(link: str, url: str) -> str | None:
    """The next page of a listing. Only of the same host: the token goes with it."""
    found = re.search(r'<([^>]+)>;\s*rel="next"', link)
    target = urljoin(url, found[1]) if found else None
    return target if target and urlsplit(target).netloc == urlsplit(url).netloc else None


def _each(
    endpoint: Endpoint, want: ModelWant, names: Sequence[str], token: str | None, silence: float
) -> Iterator[Offer]:
    """File by file, from the headers by which the Hub's own client names them."""
    for name in names:
        url = f"{endpoint.url.rstrip('/')}/{want.id}/resolve/{want.revision}/{quote(name)}"
        reply = send("HEAD", url, token, {}, silence)
        if reply.status == 404 and name in want.optional:
            continue
        check_status(reply)
        heads = reply.headers
        tag = heads.get("X-Linked-ETag") or heads.get("ETag") or ""
        size = heads.get("X-Linked-Size") or heads.get("Content-Length") or ""
        if not size.isdecimal():
            raise Refused(f"does not say how large {name} is")
        yield Offer(name, int(size), tag.removeprefix("W/").strip('"'))
