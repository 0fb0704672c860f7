"""Progress for programs: what the display shows, as one JSON object a line on stderr. Standard output is the envelope's alone.

{"event": "step", "step": "models", "status": "started"}         later done, left-out, failed or not-run; then with seconds, reason
{"event": "progress", "step": "models", "bytes": 1, "total": 9}  models add rate, seconds_left, endpoints (their rates) and models
{"event": "said", "step": "models", "text": "…"}                 what a person must not miss
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Mapping

import msgspec

from bootstrap.outcome import Outcome
from bootstrap.plan import Planned
from bootstrap.telling.display import Display
from doctor.text import Lang, Text

PAUSE = 1.0  # seconds between two lines on how far a step is


class Lines:
    """In the display's place with --json."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self.lock = threading.Lock()
        self.told: dict[str, tuple[float, int]] = {}  # by step: when it last said how far it is, and how far

    def begin(self, plan: tuple[Planned, ...]) -> None:
        """The plan is in the envelope."""

    def finish(self) -> None:
        """Nothing is left open."""

    def started(self, step: Planned) -> None:
        self._write({"event": "step", "step": step.name, "status": "started"})

    def line(self, name: str, text: str) -> None:
        """A program's last line is for people; it is in the step's log."""

    def say(self, name: str, text: Text) -> None:
        self._write({"event": "said", "step": name, "text": text.get(self.lang)})

    def progress(self, name: str, done: int, total: int, **more: object) -> None:
        now = time.monotonic()
        with self.lock:
            since, before = self.told.get(name, (-PAUSE, -1))
            if now - since < PAUSE and not (done == total != before):
                return
            self.told[name] = (now, done)
        self._write({"event": "progress", "step": name, "bytes": done, "total": total, **more})

    def ended(self, outcome: Outcome) -> None:
        reason = {"reason": outcome.reason.get(self.lang)} if outcome.reason else {}
        took = {"seconds": round(outcome.seconds, 1)} if outcome.status != "not-run" else {}
        said = {"event": "step", "step": outcome.name, "status": outcome.status, **took, **reason}
        self._write(said)

    def tick(self) -> None:
        """Who reads lines sees by them that the work goes on."""

    def _write(self, what: Mapping[str, object]) -> None:
        with self.lock:
            sys.stderr.write(msgspec.json.encode(what).decode() + "\n")
            sys.stderr.flush()


def shown(lang: Lang, as_json: bool) -> Display | Lines:
    """What a run is shown by."""
    return Lines(lang) if as_json else Display(lang)
