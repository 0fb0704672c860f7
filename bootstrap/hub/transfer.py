"""Fetching the pieces of many files over many connections from several endpoints.

Each worker asks for a turn (a piece of a file, and an endpoint), fetches it, and says how it went. What the endpoints do
wrong is held against them per file: a file fails when each of them has failed for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import msgspec

from bootstrap.hub.file import Failure, File
from bootstrap.hub.job import Event, tell
from bootstrap.hub.link import Broke, Gated, NoRanges, Refused, Resting, ranged
from bootstrap.hub.partial import LARGEST, Partial, Run
from bootstrap.hub.place import show
from bootstrap.hub.sources import AT_ONE_FILE, CRAWL, Gauge, Pace, Source, pick

TRIES = 4  # one after the other, without a byte
PAUSE = 30.0  # seconds after a 429 without a word
LONGEST_PAUSE = 330.0  # the Hub counts in windows of five minutes
BACK_OFF = 0.25  # seconds after the first failure, doubled with each
RESTS = 3  # pauses in a row, without a byte
LOCKED = 60.0  # seconds that another program is waited for
JUDGED = 15.0  # seconds after which a connection may be called a crawl
AT_ONCE = 2.0  # seconds that one request should take
# How many times smaller than its fair part of a file a request is: the rest evens out who is slow.
SLACK = 1.5
LEAST_SHARE = 0.01  # of a connection
SHARED = 8 << 20  # bytes of a file that is worth a second host
# One connection in so many is for files of a single piece, from the start: asking for many of them takes time that the
# large ones hide, and at the end nobody would.
ONE_IN = 4


class Turn(msgspec.Struct, frozen=True):
    """What a worker does next. Without a run of pieces: all have come, and the whole is to be checked."""

    file: File
    source: Source
    run: Run | None


def _at_once(file: File, source: Source, share: float) -> int:
    """Bytes for one request: many, so that asking costs little, but so few that all connections at a file end together,
    that its hash can follow, and that a slow endpoint does not hold it up."""
    fair = file.rest if share <= 1 else int(file.rest / (SLACK * share))
    return min(fair, int(source.rate * AT_ONCE) or LARGEST)


class Transfer:
    """All files of a job under way."""

    def __init__(
        self, files: list[File], sources: list[Source], connections: int, silence: float, token: str | None
    ) -> None:
        self.files = files
        self.under_way = files  # without those that were seen to have ended
        self.sources = {source.endpoint.name: source for source in sources}
        self.pace = Pace(connections, max((source.rate for source in sources), default=0.0))
        self.silence, self.token = silence, token
        self.changed = threading.Condition()
        self.workers: list[threading.Thread] = []
        self.active = 0
        self.stopped = False
        self.moved = 0  # bytes since the start

    def run(self) -> None:
        """Fetch all files, or find that they cannot be had. What came of the others is left for the next run."""
        self._hire()
        with self.changed:
            self.changed.wait_for(lambda: not self.active and self._over())
            self.changed.notify_all()
        for file in self.files:
            file.close()

    def _over(self) -> bool:
        return self.stopped or all(file.ended for file in self.under_way)

    def _hire(self) -> None:
        with self.changed:
            while len(self.workers) < self.pace.allowed:
                self.workers.append(threading.Thread(target=self._work, daemon=True))
                self.workers[-1].start()

    def _work(self) -> None:
        while turn := self._turn():
            self._take(turn)

    # --- whose turn it is ----------------------------------------------------------------------------

    def _turn(self) -> Turn | None:
        """The next thing to do. Waits until there is one; None when all has ended."""
        with self.changed:
            while not self._over():
                now = time.monotonic()
                turn = self._find(now) if self.active < self.pace.allowed else None
                if turn:
                    self.active += 1
                    turn.file.active += 1
                    turn.source.active += 1
                    return turn
                self.changed.wait(self._next_change(now))
            self.changed.notify_all()
        return None

    def _next_change(self, now: float) -> float:
        """Seconds until a pause ends. What workers do they tell themselves."""
        times = [file.not_before for file in self.under_way] + [s.rests_until for s in self.sources.values()]
        return min((time - now for time in times if time > now), default=5.0) + 0.005

    def _find(self, now: float) -> Turn | None:
        rests = {file: file.rest for file in self.under_way if not file.ended}
        self.under_way = list(rests)
        shares = self._shares(rests)
        for file in self._in_order(rests, shares):
            if file.not_before > now or file.active >= (1 if file.in_one else AT_ONE_FILE):
                continue
            source = pick(self._sources_of(file), now)
            if source is None or not self._opened(file, now) or file.partial is None:
                continue
            if file.partial.whole:
                if not file.active:
                    return Turn(file, source, None)
                continue
            if file.in_one:
                file.partial.restart(piece=file.offer.size)
            run = file.partial.claim(_at_once(file, source, shares[file]))
            if run:
                return Turn(file, source, run)
        return None

    def _in_order(self, rests: Mapping[File, int], shares: Mapping[File, float]) -> list[File]:
        """Those that only have to be checked; a small one where few are asked for; then what has least of its share."""
        small = sum(one.active for one in rests if one.is_small) < max(self.pace.allowed // ONE_IN, 1)

        def rank(one: File) -> tuple[bool, bool, float, int]:
            return rests[one] > 0, not (small and one.is_small), one.active / shares[one], -rests[one]

        return sorted(rests, key=rank)

    def _shares(self, rests: Mapping[File, int]) -> dict[File, float]:
        """How many of the connections each file would have if all were to end together, by the bytes still to come."""
        each = self.pace.allowed / (sum(rests.values()) or 1)
        return {file: max(rest * each, LEAST_SHARE) for file, rest in rests.items()}

    def _sources_of(self, file: File) -> list[Source]:
        names = file.left()
        if file.offer.size < SHARED or file.in_one:
            awake = [name for name in names if self.sources[name].rests_until <= time.monotonic()]
            names = (awake or names)[:1]
        elif file.alone in names:
            names = [file.alone]
        return [self.sources[name] for name in names]

    def _opened(self, file: File, now: float) -> bool:
        if file.partial:
            return True
        try:
            opened = file.open()
        except OSError as error:
            file.error = Failure("disk", f"{error.strerror}: {error.filename or file.hub}")
            return False
        if not opened:
            file.locked_since = file.locked_since or now
            file.not_before = now + 0.5
            if now - file.locked_since > LOCKED:
                file.error = Failure("busy", "another program is fetching it")
        return opened

    # --- one turn ------------------------------------------------------------------------------------

    def _take(self, turn: Turn) -> None:
        file, failure = turn.file, None
        before, checked = file.come_of(turn.run), False
        try:
            checked = self._do(turn)
        except (Refused, NoRanges, Resting, Broke) as error:
            failure = error
        except OSError as error:  # ours, while writing: those of the link are told as Broke
            self._full(file, error)
        with self.changed:
            came = file.come_of(turn.run) > before and not file.in_one
            self.active -= 1
            file.active -= 1
            turn.source.active -= 1
            if file.partial and turn.run:
                file.partial.release(turn.run)
            if failure is not None:
                self._hold_against(file, turn.source, failure, came)
            # What this worker leaves it takes up itself; the others are woken where there is more to do than it can.
            if failure is not None or (checked and not file.ended) or self.stopped:
                self.changed.notify_all()

    def _do(self, turn: Turn) -> bool:
        """Returns whether the file has come to its end, for good or bad."""
        if turn.run is not None:
            self._fetch(turn, turn.run)
        if turn.run is not None and not turn.file.is_all(turn.run):
            return False
        self._finish(turn.file)
        return True

    def _fetch(self, turn: Turn, run: Run) -> None:
        file, source = turn.file, turn.source
        name, partial = source.endpoint.name, file.partial
        assert partial is not None
        token = self.token if source.endpoint.token else None
        gauge, at = Gauge(source), run.start
        for chunk in ranged(file.addresses[name], token, run.start, run.end, file.offer.size, self.silence):
            partial.write(at, chunk)
            at += len(chunk)
            self._count(file, source, len(chunk))
            if self.stopped:
                return
            gauge.add(len(chunk))
            if gauge.seconds > JUDGED and gauge.rate < source.rate / CRAWL:
                raise Broke(f"crawls at {gauge.rate / 1000:.0f} kB/s")
        gauge.tell()

    def _count(self, file: File, source: Source, length: int) -> None:
        file.givers.add(source.endpoint.name)
        if file.rested and source.rests_until <= time.monotonic():
            file.rested.pop(source.endpoint.name, None)
        if not file.in_one:  # there every try begins at the first byte
            file.streak[source.endpoint.name] = 0
        source.failures = source.rests = 0
        source.bytes += length
        self.moved += length
        if self.pace.add(length):
            self._hire()

    def _finish(self, file: File) -> None:
        """Compare with the hash, and give the file its place. Wrong bytes are held against the giver."""
        partial = file.partial
        assert partial is not None
        if partial.content() == file.offer.hash:
            partial.keep()
            show(file.hub, file.want, file.names, partial.blob)
            file.done = True
            file.close()
            return
        self._blame(file, partial)
        file.givers.clear()
        if file.left():
            partial.restart()
        else:
            partial.remove()
            file.partial = None

    # --- how it went ---------------------------------------------------------------------------------

    def _hold_against(self, file: File, source: Source, error: Exception, came: bool) -> None:
        name, now = source.endpoint.name, time.monotonic()
        if isinstance(error, Resting):
            self._rest(file, source, error)
        elif isinstance(error, NoRanges):
            self._one_stream(file, name)
        elif isinstance(error, Refused):
            file.failed[name] = Failure("gated" if isinstance(error, Gated) else "refused", str(error))
        elif came or file.not_before > now:
            # It brought something; or many connections broke at once, which counts as one failure.
            file.not_before = max(file.not_before, now + BACK_OFF)
        else:
            file.streak[name] = tries = file.streak.get(name, 0) + 1
            source.failures += 1
            file.not_before = now + BACK_OFF * 2 ** (tries - 1)
            if tries >= TRIES or source.failures >= TRIES * TRIES:
                file.failed[name] = Failure("network", str(error))

    def _rest(self, file: File, source: Source, error: Resting) -> None:
        """Everybody waits for as long as it asks; who asks again and again has failed."""
        wait = PAUSE if error.wait is None else error.wait
        now = time.monotonic()
        file.rested[source.endpoint.name] = Failure("busy", str(error), wait)
        if source.rests_until <= now:
            tell(Event(endpoint=source.endpoint.name, reason=str(error), pause=wait))
            self.pace.slow_down()
            source.rests += 1
        if wait > LONGEST_PAUSE or source.rests > RESTS:
            file.failed[source.endpoint.name] = Failure("busy", str(error), wait)
        else:
            source.rests_until = max(source.rests_until, now + wait)

    def _one_stream(self, file: File, name: str) -> None:
        """For an endpoint that sends whole files only; others come first where there are some."""
        if len(file.left()) > 1:
            file.failed[name] = Failure("refused", "cannot send a part of a file")
        else:
            file.in_one = True

    def _full(self, file: File, error: OSError) -> None:
        with self.changed:
            rest = sum(one.offer.size - one.bytes for one in self.files if not one.ended)
            file.error = Failure("disk", f"{error.strerror}: {rest} bytes are still to come, into {file.hub}")
            self.stopped = True

    def _blame(self, file: File, partial: Partial) -> None:
        """Bytes that were there before, or came from several, are nobody's fault yet: once more, from one alone."""
        if len(file.givers) == 1 and not partial.resumed:
            (name,) = file.givers
            said = f"{file.offer.name}: wrong bytes: {file.offer.hash[:12]}… was announced, they are others"
            file.failed[name] = Failure("bytes", said)
        file.alone = next(iter(file.left()), None)

    def resting(self) -> bool:
        """Whether it is only waited because an endpoint asked for it."""
        now = time.monotonic()
        return not self.active and any(source.rests_until > now for source in self.sources.values())
