"""Questions that all run at once and end by a deadline, whatever hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Said = TypeVar("Said")


class Asked(Generic[Said]):
    """A question under way in a thread of its own.

    A daemon thread, not one of an executor: getaddrinfo cannot be interrupted, and the end of the process must not
    wait for it.
    """

    def __init__(self, question: Callable[[], Said]) -> None:
        self._said: list[Said] = []
        self._crash: list[Exception] = []
        self._question = question
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._said.append(self._question())
        except Exception as error:  # told by whoever waits for it
            self._crash.append(error)

    def wait(self, until: float) -> Said | None:
        """What it said; None when it has not by then (monotonic clock)."""
        self._thread.join(max(0.0, until - time.monotonic()))
        if self._crash:
            raise self._crash[0]
        return self._said[0] if self._said else None
