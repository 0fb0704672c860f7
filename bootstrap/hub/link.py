"""One request to an endpoint: where its redirects lead, what it answers, and whether that can be the file."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import urllib3
from urllib3 import BaseHTTPResponse as Reply

from bootstrap.hub.job import Endpoint
from bootstrap.hub.way import way

CONNECT = 8.0  # seconds
HOPS = 6
# Bytes that are read at once, at most: where more come than we can take. Still near the processor when they are written
# and hashed, and so many that going from one chunk to the next costs nothing beside that.
CHUNK = 1 << 20
# Bytes, or seconds, after which what came is handed on: no more is lost with us.
ENOUGH, SOON = 128 * 1024, 0.2
AWAY = (400, 401, 403, 404, 410)  # of a signed address that is good no longer
TEXT = ("text/html", "application/xhtml+xml")
ALWAYS = {
    "User-Agent": "groundwork",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "keep-alive",
}
FAILURES = (urllib3.exceptions.HTTPError, OSError, ValueError)


class Refused(Exception):
    """This endpoint will not give it, however often it is asked."""


class Gated(Refused):
    """Only to those who accepted its licence, or with a token that may read it."""


class NoRanges(Exception):
    """It sends whole files only."""


class Resting(Exception):
    """It asks for a pause."""

    def __init__(self, said: str, wait: float | None) -> None:
        super().__init__(said)
        self.wait = wait


class Broke(Exception):
    """The link broke, or the endpoint stumbled: it may fare better the next time."""


class Address:
    """Where one file lies at one endpoint: its page, and the signed address that the page last led to."""

    def __init__(self, endpoint: Endpoint, repo: str, commit: str, name: str) -> None:
        self.endpoint = endpoint
        self.page = f"{endpoint.url.rstrip('/')}/{repo}/resolve/{commit}/{quote(name)}"
        self.signed: str | None = None


def send(method: str, url: str, token: str | None, headers: Mapping[str, str], silence: float) -> Reply:
    """Follow redirects by hand: the token goes to the endpoint's own host and nowhere else. Raises Broke."""
    home, first = urlsplit(url).netloc, url
    for _ in range(HOPS):
        bearer = {"Authorization": f"Bearer {token}"} if token and urlsplit(url).netloc == home else {}
        reply = _ask(method, url, {**ALWAYS, **headers, **bearer}, silence)
        target = reply.headers.get("Location")
        if reply.status not in (301, 302, 303, 307, 308) or not target:
            return reply
        away = urlsplit(urljoin(url, target)).netloc != home
        if method == "HEAD" and away:  # what is asked for is on the page itself
            return reply
        reply.close()
        url = urljoin(url, target)
    raise Refused(f"{urlsplit(first).netloc} redirects in a circle")


def _ask(method: str, url: str, headers: Mapping[str, str], silence: float) -> Reply:
    parts = urlsplit(url)
    try:
        reply = way(parts.scheme, parts.netloc).urlopen(
            method,
            url,
            redirect=False,
            headers=headers,
            retries=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=CONNECT, read=silence),
        )
    except FAILURES as error:
        raise Broke(f"{parts.netloc}: {why(error)}") from error
    reply.url = url  # the whole of it: urllib3 knows its path alone
    return reply


def _host(reply: Reply) -> str:
    return urlsplit(reply.url or "").netloc


def ranged(
    address: Address, token: str | None, start: int, end: int, size: int, silence: float
) -> Iterator[memoryview]:
    """The bytes from `start` up to `end` of a file of `size` bytes; each chunk is good until the next. Raises Refused, NoRanges, Resting or Broke."""
    headers = {} if (start, end) == (0, size) else {"Range": f"bytes={start}-{end - 1}"}
    reply = _open(address, token, headers, silence)
    try:
        check_status(reply)
        _check_part(reply, start, end, size)
        yield from _body(reply, end - start)
    finally:
        reply.close()


def _open(address: Address, token: str | None, headers: Mapping[str, str], silence: float) -> Reply:
    """By the signed address while it is good, so that the page is asked once for a file and not for every piece."""
    signed = address.signed
    if signed:
        reply = send("GET", signed, None, headers, silence)
        if reply.status not in AWAY:
            return reply
        reply.close()
        address.signed = None
    reply = send("GET", address.page, token, headers, silence)
    if _host(reply) == urlsplit(address.page).netloc:
        return reply
    if reply.status in AWAY:
        # The page had said yes: a signature that is too old, or not known there yet.
        reply.close()
        raise Broke(f"{_host(reply)}: HTTP {reply.status} {reply.reason or ''}".strip())
    address.signed = reply.url if reply.status < 400 else None
    return reply


def _check_part(reply: Reply, start: int, end: int, size: int) -> None:
    """Whether these can be the bytes that were asked for."""
    if reply.headers.get("Content-Encoding", "identity") != "identity":
        raise Refused("sends it compressed, unasked")
    if reply.headers.get("Content-Type", "").startswith(TEXT):
        raise Refused("sent a web page, not the file (a login page of the network?)")
    if reply.status == 206:
        said = reply.headers.get("Content-Range", "")
        if not re.fullmatch(rf"bytes {start}-{end - 1}/({size}|\*)", said):
            raise Refused(f"asked for bytes {start}-{end - 1} of {size}, it sends {said or 'others'}")
        return
    if (start, end) != (0, size):
        raise NoRanges
    length = reply.headers.get("Content-Length")
    if length is not None and int(length) != size:
        raise Refused(f"sends {length} bytes, announced were {size}")


def _body(reply: Reply, length: int) -> Iterator[memoryview]:
    left, filled, since = length, 0, time.monotonic()
    read, buffer = _reader(reply), _buffer()
    failure = ""
    try:
        while count := read(buffer[filled:]):
            if count > left:
                raise Refused(f"sends more than the {length} bytes that were asked for")
            left, filled = left - count, filled + count
            if filled >= ENOUGH or time.monotonic() - since > SOON:
                yield buffer[:filled]
                filled, since = 0, time.monotonic()
        failure = f"ended {left} bytes early" if left else ""
    except FAILURES as error:
        failure = why(error)
    if filled:  # an empty one would count as a sign of life
        yield buffer[:filled]
    if failure:
        raise Broke(f"{_host(reply)}: {failure}")
    reply.release_conn()


_own = threading.local()


def _buffer() -> memoryview:
    """This thread's own: memory that is asked for anew for each chunk costs as much as fetching it."""
    if not hasattr(_own, "buffer"):
        _own.buffer = memoryview(bytearray(CHUNK))
    found: memoryview = _own.buffer
    return found


def _reader(reply: Any) -> Callable[[memoryview], int]:
    """Puts what has come into a buffer. Returns how much, 0 at the end."""
    inner = reply._fp  # http.client's; private, and the way past it copies each byte twice more
    if inner.chunked or inner.length is None or inner.fp is None:
        return lambda view: _copied(reply, view)
    return lambda view: _straight(inner, view)


def _copied(reply: Any, view: memoryview) -> int:
    chunk = reply.read1(len(view), decode_content=False)
    view[: len(chunk)] = chunk
    return len(chunk)


def _straight(inner: http.client.HTTPResponse, view: memoryview) -> int:
    if not inner.length:
        inner.close()  # the answer, not the connection
        return 0
    count = inner.fp.readinto1(view[: inner.length])
    inner.length -= count
    return count


def check_status(reply: Reply) -> None:
    """Raises what an answer means that brings nothing."""
    if reply.status < 400:
        return
    said = f"HTTP {reply.status} {reply.reason or ''}".strip()
    wait = wait_of(reply.headers)
    if reply.status == 429 or (reply.status == 503 and wait is not None):
        raise Resting(said, wait)
    if reply.status >= 500 or reply.status == 408:
        raise Broke(said)
    code = reply.headers.get("X-Error-Code", "")
    if reply.status in (401, 403):
        raise (Gated if code in ("GatedRepo", "RepoNotFound") else Refused)(f"{said} {code}".strip())
    raise Refused(f"{said} {code}".strip())


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Seconds until the next request is welcome: Retry-After (seconds or a date), else the window of RateLimit."""
    said = headers.get("Retry-After", "")
    window = re.search(r"\bt=(\d+)", headers.get("RateLimit", ""))
    if said.isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return float(window[1]) if window else None


def why(error: BaseException) -> str:
    """What an error of the client comes down to, without the query strings that may carry signatures."""
    chain = [error]
    while True:
        last = chain[-1]
        inner = (last.__cause__, last.__context__, getattr(last, "reason", None), *last.args)
        deeper = next((e for e in inner if isinstance(e, BaseException) and e not in chain), None)
        if deeper is None:
            break
        chain.append(deeper)
    said = " ".join(str(getattr(last, "strerror", None) or last).split()) or type(last).__name__
    return re.sub(r"\?[^\s'\")]+", "?…", said)[:200]
