"""What is known of the machine while steps change it: each looks again at what it changed, and sees what the others did."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import msgspec

from doctor.facts import Facts
from doctor.goal import Goal
from doctor.probes import NOT_ASKED, gather


class Known:
    """The facts of a run. Steps that run at the same time look again at areas of their own."""

    def __init__(self, facts: Facts, goal: Goal) -> None:
        self.facts, self.goal = facts, goal
        self._lock = threading.Lock()

    def again(self, areas: Sequence[str]) -> Facts:
        """Look again at these areas, and at the disk, which every step fills. Returns all facts.

        An area that nobody asked about before the steps is of no use to them behind them.
        """
        asked = tuple(area for area in areas if getattr(self.facts, area) != NOT_ASKED)
        if not asked:
            return self.facts
        wanted = tuple(dict.fromkeys((*asked, "disk")))
        fresh = gather(self.goal, wanted)
        with self._lock:
            self.facts = msgspec.structs.replace(
                self.facts, **{area: getattr(fresh, area) for area in wanted}
            )
            return self.facts
