"""What the fetching program is told, and what it tells: JSON on standard input, one event a line on standard output."""

from __future__ import annotations

import os
import sys
from typing import Literal

import msgspec

from doctor.goal.profile import ModelWant
from doctor.reading.ask import APART

Kind = Literal["bytes", "busy", "disk", "gated", "network", "refused"]


class Endpoint(msgspec.Struct, frozen=True):
    """A Hub, or a mirror of it."""

    name: str
    url: str
    token: bool = False  # may the person's token be sent there?
    rate: int = 0  # bytes a second as measured; 0 where it was not


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to fetch, into which cache, from whom."""

    models: tuple[ModelWant, ...]
    hub: str  # HF_HOME/hub
    endpoints: tuple[Endpoint, ...]  # the preferred first
    patience: float = 90.0  # seconds without noteworthy progress of the whole
    silence: float = 20.0  # seconds without a byte on one connection
    connections: int = 80  # at the same time, to all endpoints together


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the whole is, or how one model ended: fetched, or failed at one endpoint for a reason."""

    done: int | None = None  # bytes of the job's models that the cache holds
    rate: int = 0  # bytes a second, over the last few seconds
    rates: dict[str, int] = {}  # the same by endpoint, just now
    left: int | None = None  # seconds until all is there at this rate
    models: dict[str, tuple[int, int]] = {}  # bytes that are there and bytes in all, by model
    model: str | None = None
    endpoint: str | None = None
    kind: Kind | None = None  # of failure
    reason: str | None = None
    wait: float | None = None  # seconds until it may be asked again, where the endpoint said so
    pause: float | None = None  # seconds that an endpoint asked to be left alone, and is


def program() -> list[str]:
    """What is started. It loads, then waits for its job."""
    unwritten = ["-B"] if sys.dont_write_bytecode else []
    return [sys.executable, *APART, *unwritten, "-m", "bootstrap.hub"]


def tell(event: Event) -> None:
    try:
        sys.stdout.write(msgspec.json.encode(event).decode() + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # whoever started us was killed; the next run must find the cache to itself
        os._exit(1)
