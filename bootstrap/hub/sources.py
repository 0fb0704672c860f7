"""The endpoints while a job runs: which to ask for the next piece, which rests, and which has failed for what."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Iterable

from bootstrap.hub.job import Endpoint

FIRST, STEP_UP = 16, 1.3  # connections at the start; how much more must come for more of them to be opened
# Bytes a second of each connection from which on more of them only take the processor from each other; so many do then.
PLENTY, FEW = 50_000_000, min(max(os.cpu_count() or 1, 2), 8) + 1
WINDOW = 0.15  # seconds over which the rate is judged
SPAN = 8_000_000  # bytes over which one connection is measured
AT_ONE_FILE = 32
READINGS = 10  # that a rate is told from
CRAWL = 10  # times slower than the others: not waited for


class Source:
    """One endpoint: how fast it is, and whether it asks for a pause."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.rests_until = 0.0
        self.rests = 0  # one after the other, without a byte between
        self.active = 0
        self.bytes = 0
        self.rate = float(endpoint.rate)  # bytes a second of one connection, a running mean
        self.failures = 0  # one after the other, without a byte between

    def measured(self, length: int, seconds: float) -> None:
        if seconds > 0 and length:
            now = length / seconds
            self.rate = now if not self.rate else 0.7 * self.rate + 0.3 * now


class Gauge:
    """How fast one connection brings what it was asked for."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.began = self.since = self.last = time.monotonic()
        self.taken = self.told = 0

    @property
    def seconds(self) -> float:
        return self.last - self.began

    @property
    def rate(self) -> float:
        """Bytes a second since it was asked."""
        return self.taken / max(self.seconds, 0.001)

    def add(self, length: int) -> None:
        self.taken += length
        self.last = time.monotonic()
        if self.taken - self.told >= SPAN:
            self.tell()

    def tell(self) -> None:
        """Let the endpoint be known by it."""
        self.source.measured(self.taken - self.told, self.last - self.since)
        self.told, self.since = self.taken, self.last


class Meter:
    """How fast bytes come from each endpoint, over the last few readings."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self.sources = tuple(sources)
        self.readings: deque[tuple[float, dict[str, int]]] = deque(maxlen=READINGS)
        self.read()

    def read(self) -> dict[str, int]:
        """Bytes a second by endpoint; those that gave nothing are left out."""
        now, come = time.monotonic(), {source.endpoint.name: source.bytes for source in self.sources}
        self.readings.append((now, come))
        since, before = self.readings[0]
        seconds = max(now - since, 0.001)
        return {name: int((n - before[name]) / seconds) for name, n in come.items() if n > before[name]}


def pick(sources: Iterable[Source], now: float) -> Source | None:
    """The one whose next connection is likely to bring most; equal ones in their order."""
    awake = [source for source in sources if source.rests_until <= now]
    fastest = max((source.rate for source in awake), default=0.0) or 1.0
    return max(awake, key=lambda one: (one.rate or fastest) / (one.active + 1), default=None)


class Pace:
    """How many connections are open at once: more of them only as long as more of them bring more.

    A fast link with much delay needs many, and a server that throttles each connection; on a slow link they would
    only take from each other, and where each is very fast the processor is the limit.
    """

    def __init__(self, most: int, rate: float) -> None:
        """`rate`: bytes a second that one connection is likely to bring; 0 where nobody knows."""
        self.most, self.each = most, rate
        self.allowed = min(FEW if rate >= PLENTY else FIRST, most)
        self._bytes = 0
        self._rate = 0.0
        self._since = 0.0  # the first byte
        self._lock = threading.Lock()

    def add(self, length: int) -> bool:
        """Count bytes that came. Returns whether more connections are allowed than before."""
        with self._lock:
            self._since = self._since or time.monotonic()
            self._bytes += length
            took = time.monotonic() - self._since
            if took < WINDOW:
                return False
            rate, before = self._bytes / took, self.allowed
            if STEP_UP * self._rate < rate < PLENTY * self.allowed:
                self._rate = rate
                apart = self.each and rate > self.allowed * self.each / 2  # none takes from another
                self.allowed = min((4 if apart else 2) * self.allowed, self.most)
            self._bytes, self._since = 0, time.monotonic()
            return self.allowed > before

    def slow_down(self) -> None:
        """Somebody asked for fewer requests."""
        with self._lock:
            self.allowed = self.most = max(self.allowed // 2, 1)
