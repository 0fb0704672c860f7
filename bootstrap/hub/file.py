"""One blob to fetch: who may have it, what came of it, and who has failed for it."""

from __future__ import annotations

from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from bootstrap.hub.job import Endpoint, Kind
from bootstrap.hub.link import Address
from bootstrap.hub.listing import Offer
from bootstrap.hub.partial import SMALLEST, Partial, Run
from bootstrap.hub.place import blob_lock, blob_path
from doctor.goal.profile import ModelWant


class Failure(msgspec.Struct, frozen=True):
    """Why an endpoint did not give a file."""

    kind: Kind
    reason: str
    wait: float | None = None


class File:
    """One blob to fetch: who may have it, what came of it, and who has failed for it."""

    def __init__(
        self,
        hub: Path,
        want: ModelWant,
        offer: Offer,
        names: tuple[str, ...],
        endpoints: tuple[Endpoint, ...],
    ) -> None:
        self.hub, self.want, self.offer, self.names = hub, want, offer, names
        self.addresses = {e.name: Address(e, want.id, want.revision, offer.name) for e in endpoints}
        self.failed: dict[str, Failure] = {}
        self.rested: dict[str, Failure] = {}  # endpoints that asked for a pause, and gave nothing since
        self.streak: dict[str, int] = {}
        self.givers: set[str] = set()
        self.alone: str | None = None  # after wrong bytes of several: the one that is tried by itself
        self.partial: Partial | None = None
        self.lock: FileLock | None = None
        self.locked_since = 0.0
        self.not_before = 0.0
        self.in_one = False  # this endpoint sends whole files only
        self.active = 0
        self.done = False
        self.error: Failure | None = None  # that no endpoint can help: the disk

    @property
    def bytes(self) -> int:
        if self.done:
            return self.offer.size
        return self.partial.done if self.partial else 0

    @property
    def rest(self) -> int:
        """Bytes still to come."""
        return self.offer.size - self.bytes

    @property
    def is_small(self) -> bool:
        return self.offer.size <= SMALLEST

    def is_all(self, run: Run) -> bool:
        """Whether a run was the whole file, and has come: nobody else is at it."""
        return run == (0, self.offer.size) and self.partial is not None and self.partial.whole

    def come_of(self, run: Run | None) -> int:
        return self.partial.come_of(run) if self.partial and run else 0

    @property
    def ended(self) -> bool:
        return self.done or self.error is not None or len(self.failed) == len(self.addresses)

    def left(self) -> list[str]:
        return [name for name in self.addresses if name not in self.failed]

    def open(self) -> bool:
        """Begin, or go on where somebody left off. False while another program fetches it."""
        self.lock = self.lock or blob_lock(self.hub, self.want.id, self.offer.hash)
        try:
            self.lock.acquire(timeout=0)
        except Timeout:
            return False
        self.partial = Partial(blob_path(self.hub, self.want.id, self.offer.hash), self.offer.size)
        return True

    def close(self) -> None:
        """Leave what came for the next run."""
        if self.partial and not self.done:
            self.partial.close()
        if self.lock:
            self.lock.release()
