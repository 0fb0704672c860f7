"""Progress on the screen: a live table in a terminal, single lines everywhere else. Always on stderr."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil

from bootstrap.outcome import Outcome
from bootstrap.plan import Planned
from doctor.text import Lang, Text, human_bytes, human_seconds

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

MARK = {"done": "✓", "left-out": "–", "failed": "✗", "not-run": "·"}
HEARTBEAT = 30.0  # seconds between signs of life in a log


class Row:
    """What is shown of one step."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.began: float | None = None
        self.outcome: Outcome | None = None
        self.text = ""
        self.bytes: tuple[int, int] | None = None


class Display:
    """Told of events by any thread; draws them as the terminal allows."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self.rows: dict[str, Row] = {}
        self.lock = threading.Lock()
        self.live: Live | None = None
        self.beat = time.monotonic()
        self.received = received_bytes()

    def begin(self, plan: tuple[Planned, ...]) -> None:
        self.rows = {step.name: Row(step.title.get(self.lang)) for step in plan}
        if sys.stderr.isatty():
            self._draw()

    def _draw(self) -> None:
        """In a terminal. What draws is loaded there alone: it takes longer than all else that a word loads."""
        from rich.console import Console
        from rich.live import Live

        # What programs say is shown as it is: brackets are no commands.
        console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        if console.is_terminal:
            self.live = Live(
                console=console, get_renderable=self._table, refresh_per_second=4, transient=True
            )
            self.live.start()

    def finish(self) -> None:
        if self.live:
            self.live.stop()
            self.live = None

    def started(self, step: Planned) -> None:
        with self.lock:
            self.rows[step.name].began = time.monotonic()
        if not self.live:
            self._print(f"  … {step.title.get(self.lang)}")

    def line(self, name: str, text: str) -> None:
        with self.lock:
            self.rows[name].text = text

    def say(self, name: str, text: Text) -> None:
        """A line that stays."""
        self._print(f"  ! {self.rows[name].title}: {text.get(self.lang)}")

    def progress(self, name: str, done: int, total: int, **more: object) -> None:
        with self.lock:
            self.rows[name].bytes = (done, total)

    def ended(self, outcome: Outcome) -> None:
        with self.lock:
            self.rows[outcome.name].outcome = outcome
        said = f": {outcome.reason.get(self.lang)}" if outcome.reason else ""
        took = f" ({human_seconds(outcome.seconds)})" if outcome.status != "not-run" else ""
        self._print(f"  {MARK[outcome.status]} {outcome.title.get(self.lang)}{took}{said}")

    def tick(self) -> None:
        """A sign of life in a log now and then; the live table draws itself."""
        now = time.monotonic()
        if self.live or now - self.beat < HEARTBEAT:
            return
        since, rate = self.beat, (received_bytes() - self.received) / (now - self.beat)
        self.beat, self.received = now, received_bytes()
        with (
            self.lock
        ):  # of those that have just begun there is a line already, and what came was not for them
            busy = [row for row in self.rows.values() if row.began and row.began <= since and not row.outcome]
        for row in busy:
            self._print(f"  … {row.title}: {self._state(row, now)}, ↓ {human_bytes(rate)}/s")

    def _print(self, text: str) -> None:
        if live := self.live:
            live.console.print(text, soft_wrap=True)
        else:
            print(f"{text}\n", file=sys.stderr, end="", flush=True)  # whole: several threads tell

    def _state(self, row: Row, now: float) -> str:
        took = human_seconds(now - row.began) if row.began else ""
        if row.bytes and row.bytes[1]:
            return f"{human_bytes(row.bytes[0])} / {human_bytes(row.bytes[1])}, {took}"
        return took

    def _table(self) -> Table:
        from rich.table import Table

        now = time.monotonic()
        table = Table.grid(padding=(0, 2))
        rate = (received_bytes() - self.received) / max(now - self.beat, 0.001)
        if now - self.beat > 3:
            self.beat, self.received = now, received_bytes()
        room = max(20, self.live.console.width - 50) if self.live else 20
        with self.lock:
            for row in self.rows.values():
                if row.began and not row.outcome:
                    table.add_row("…", row.title, self._state(row, now), row.text[:room])
        table.add_row("", f"↓ {human_bytes(rate)}/s", "", "")
        return table


def received_bytes() -> int:
    """Bytes received by all network interfaces but loopback since the machine started."""
    per_interface = psutil.net_io_counters(pernic=True)
    return sum(count.bytes_recv for name, count in per_interface.items() if name != "lo")
