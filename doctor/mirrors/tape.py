"""What comes of one source, as it comes: first byte, bytes, the host that sends them, and whether they are the right ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx

from doctor.text import human_bytes

AGENT = "groundwork-measure"
HEAD = 64 * 1024  # bytes after which an object is judged, while it still comes
MOST = 8_000_000  # bytes of one object
LONGEST, BRIEF = 3.0, 0.25  # seconds of throughput: to compare, and where there is nothing to compare with
SILENCE = 3.0  # seconds for a connection, for the first byte, between two
SMALL = 256 * 1024  # bytes: of less, the waiting for the first byte says more than the rate behind it

Check = Callable[[bytes, bool], None]  # the beginning of an object, and whether it is all of it


class Wrong(Exception):
    """What came is not what was asked for; the message says what it is instead."""


class Lacks(Wrong):
    """It is a Hub, by its own word, and has not, or does not give, what was asked for."""


class Page:
    """One answer: its beginning, its headers, and where it came from in the end."""

    def __init__(self, reply: httpx.Response) -> None:
        self.url = str(reply.url)
        self.status = reply.status_code
        self.headers = reply.headers
        self.body = bytearray()
        self.whole = False


class Tape:
    """A measurement under way. Read from another thread when the time is up, so every field is right at any moment."""

    def __init__(self, session: httpx.Client, longest: float = LONGEST) -> None:
        self.session, self.longest = session, longest
        self.began = time.monotonic()
        self.first: float | None = None  # seconds to the first byte
        self.bytes = 0
        self.seconds = 0.0  # of throughput
        self.last = self.began  # when the last bytes came
        self.url = ""  # of the object, after redirects
        self.verified = False

    def get(self, url: str, check: Check, most: int = MOST) -> Page:
        """The beginning of an object, judged by `check`. Raises Wrong, httpx.HTTPError, ValueError."""
        heads = {"User-Agent": AGENT, "Accept-Encoding": "identity", "Range": f"bytes=0-{most - 1}"}
        self.bytes, self.seconds, self.verified = 0, 0.0, False
        with self.session.stream("GET", url, headers=heads) as reply:
            page = Page(reply)
            self.url = page.url
            if reply.status_code >= 400:
                self.first = time.monotonic() - self.began
                kind = Lacks if reply.headers.get("X-Error-Code") and reply.status_code < 500 else Wrong
                raise kind(f"HTTP {reply.status_code}")
            for piece in self._timed(reply):
                page.body += piece
                if not self.verified and len(page.body) >= HEAD:
                    self._judge(page, check, False)
                if len(page.body) >= most or self.seconds >= self.longest:
                    break
            else:
                page.whole = True
            page.whole = page.whole or reply.num_bytes_downloaded == size_of(reply)
            self._judge(page, check, page.whole)
        return page

    def _timed(self, reply: httpx.Response) -> Iterator[bytes]:
        """The pieces as they come; the clock of the throughput starts with the first."""
        start = 0.0
        try:
            # Some hosts pack whatever is asked of them, though they were asked not to.
            for piece in reply.iter_bytes(16 * 1024):
                now = time.monotonic()
                start = start or now
                self.first = now - self.began if self.first is None else self.first
                self.last = now
                self.bytes = reply.num_bytes_downloaded
                self.seconds = now - start
                yield piece
        except httpx.ReadTimeout as silence:
            raise Wrong(f"stalled after {human_bytes(self.bytes)}") from silence

    def _judge(self, page: Page, check: Check, whole: bool) -> None:
        check(bytes(page.body), whole)
        self.verified = True

    @property
    def idle(self) -> float:
        """Seconds without a byte, until now."""
        return time.monotonic() - self.last

    @property
    def rate(self) -> float:
        """Bytes a second. Of a small object with the waiting for it: alone, its rate is that of a buffer."""
        waiting = (self.first or 0.0) if self.bytes < SMALL else 0.0
        return self.bytes / max(self.seconds + waiting, 0.001)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]


def size_of(reply: httpx.Response) -> int:
    """Bytes of the whole object, as the host states them; -1 where it does not."""
    total = reply.headers.get("Content-Range", "").rpartition("/")[2]
    length = total if reply.status_code == 206 else reply.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else -1
