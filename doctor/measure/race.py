"""All sources of a kind at the same time, against the clock; those that are right in order, the others with the reason."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from functools import partial

import httpx

from doctor.facts import Answer
from doctor.goal import Goal
from doctor.mirrors.samples import Build, take
from doctor.mirrors.table import Source
from doctor.mirrors.tape import BRIEF, LONGEST, SILENCE, Tape, Wrong
from doctor.probes.network.asking.pool import Asked
from doctor.probes.network.asking.question import without_login
from doctor.text import human_bytes

LIMIT = 4.5  # seconds for all of it
# Once one has shown what it can do, the others get as long again: who has not begun by then is slower.
LEAST = 1.0  # seconds
STALLED = 0.8  # seconds without a byte, of one that is still to end
NEAR = 0.8  # the official source is preferred when it is at least this fast beside the fastest
TICK = 0.02
# What is fetched of a kind, about: a fast line that is slow to answer is worth its waiting for a large file.
TYPICAL: dict[str, int] = {
    "hub": 500_000_000,
    "package_index": 300_000_000,
    "torch_index": 800_000_000,
    "conda_installer": 160_000_000,
    "conda_channel": 60_000_000,
    "python_build": 35_000_000,
}


class Runner:
    """One source, and how far it is."""

    def __init__(self, source: Source, goal: Goal, build: Build | None, tape: Tape) -> None:
        self.source, self.tape = source, tape
        self.error = ""
        self.ended: float | None = None
        self.asked = Asked(partial(self.run, goal, build))

    def run(self, goal: Goal, build: Build | None) -> None:
        try:
            take(self.tape, self.source, goal, build)
        except (Wrong, httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as trouble:
            self.error = (
                re.sub(r"^\[Errno -?\d+\] ", "", without_login(str(trouble))) or type(trouble).__name__
            )
        self.ended = time.monotonic() - self.tape.began

    def answer(self) -> Answer:
        """As it stands now. Who is still sending, and the right thing, has answered."""
        tape, error = self.tape, self.error or self.pending()
        if self.ended is None and not error:
            tape.seconds += tape.idle
        return Answer(
            kind=self.source.kind,
            name=self.source.name,
            url=self.source.url,
            seconds=None if error else round(tape.first or 0.0, 3),
            error=error or None,
            rate=None if error else round(tape.rate),
            host=tape.host,
            official=self.source.official,
            own=self.source.own,
            flat=self.source.flat,
        )

    def pending(self) -> str:
        """Why one that has not ended cannot be used; "" where it can."""
        tape = self.tape
        if self.ended is not None or (tape.verified and tape.bytes and tape.idle < STALLED):
            return ""
        waited = f"{time.monotonic() - tape.began:.1f} s"
        if tape.first is None:
            return f"no answer within {waited}"
        return (
            f"stalled after {human_bytes(tape.bytes)}"
            if tape.idle > STALLED
            else f"too slow: nothing to judge in {waited}"
        )


def race(
    wanted: Sequence[Source], goal: Goal, build: Build | None = None, *, brief: bool = False
) -> tuple[Answer, ...]:
    """An answer for each, the one to use first, those that cannot be used last. `brief`: hardly a look at how fast they are."""
    if not wanted:
        return ()
    try:
        session = new_session()
    except (ImportError, ValueError, OSError) as error:  # a proxy or CA setting that cannot be followed
        return tuple(
            unasked(source, f"the proxy or CA settings cannot be used: {error}") for source in wanted
        )
    longest = BRIEF if brief else LONGEST
    runners = [Runner(source, goal, build, Tape(session, longest)) for source in wanted]
    wait(runners)
    return ordered([runner.answer() for runner in runners])


def new_session(silence: float = SILENCE, connect: float = SILENCE) -> httpx.Client:
    """A client with the person's proxies and certificates. Raises ImportError, ValueError, OSError where they are wrong."""
    timeout = httpx.Timeout(silence, connect=connect)
    return httpx.Client(timeout=timeout, follow_redirects=True)


def wait(runners: list[Runner]) -> None:
    """Until all have ended, or those that have not can no longer be the one to use."""
    began = time.monotonic()
    while any(runner.ended is None for runner in runners):
        passed = time.monotonic() - began
        good = [runner.ended for runner in runners if runner.ended is not None and not runner.error]
        if passed > LIMIT or (good and passed > max(2 * min(good), min(good) + LEAST)):
            return
        time.sleep(TICK)


def unasked(source: Source, why: str) -> Answer:
    return Answer(kind=source.kind, name=source.name, url=source.url, seconds=None, error=why)


def ordered(answers: list[Answer]) -> tuple[Answer, ...]:
    """The person's own first, then the official one where it is nearly as fast as the fastest, then the fastest."""
    good = sorted((a for a in answers if a.seconds is not None), key=duration)
    best = duration(good[0]) if good else 0.0
    good.sort(key=lambda a: (not a.own, not (a.official and duration(a) * NEAR <= best)))
    return (*good, *(a for a in answers if a.seconds is None))


def duration(answer: Answer) -> float:
    """Seconds that what is typical of its kind would take from there."""
    size = TYPICAL.get(answer.kind, 0)
    return (answer.seconds or 0.0) + size / max(answer.rate or 0, 1)
