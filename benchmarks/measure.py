"""Running commands in turn and measuring each as a whole process: wall time, peak memory, and the least it could take."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

OURS = "bootstrap"  # the module that our own processes run
EVERY = 0.05  # seconds between two looks at their memory


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One command to compare. Bars hold for our command, which is the first of its subject:

    `bar`: our time may be at most this share of this command's; `enough`: seconds that are good enough whatever the
    share is; `floor_bar`: how many times its own floor our command may take. None where nothing is claimed.
    """

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    folder: str
    bar: float | None = None
    enough: float | None = None
    floor_bar: float | None = None
    codes: tuple[int, ...] = (0,)  # exit codes that mean that it did its work
    before: Callable[[], None] = lambda: None  # what each run needs to be the same; not measured
    # Seconds that the bytes of the run that just ended take on its link; 0: none.
    floor: Callable[[], float] = lambda: 0.0


class Run(msgspec.Struct, frozen=True):
    seconds: float
    peak_bytes: int  # of the process itself and of each child that it waited for, the largest
    own_bytes: int = (
        0  # of all processes of ours together (uv and the course's Python are not ours); 0: not looked at
    )
    floor: float = 0.0


class Measured(msgspec.Struct, frozen=True):
    """What is kept of a command."""

    name: str
    runs: tuple[Run, ...]
    bar: float | None = None
    enough: float | None = None
    floor_bar: float | None = None
    own_peak: int = 0  # bytes, of our own processes together

    @property
    def median(self) -> float:
        return statistics.median(run.seconds for run in self.runs)

    @property
    def peak(self) -> int:
        return max(run.peak_bytes for run in self.runs)

    @property
    def floor(self) -> float:
        return statistics.median(run.floor for run in self.runs)


def alternate(cases: Sequence[Case], times: int, warm: bool = True) -> tuple[Measured, ...]:
    """Run the cases in turn, `times` rounds, after one round that warms what can be warm and does not count.

    Alternating lets a noisy neighbour disturb all of them alike. Looking at memory takes a processor from who uses both:
    where there is a round that does not count, it is done in that one.
    """
    runs: dict[str, list[Run]] = {case.name: [] for case in cases}
    for number in range(times + warm):
        for case in cases:
            runs[case.name].append(run(case, watched=number == 0 or not warm))
    return tuple(
        Measured(
            case.name,
            tuple(runs[case.name][warm:]),
            case.bar,
            case.enough,
            case.floor_bar,
            max(one.own_bytes for one in runs[case.name]),
        )
        for case in cases
    )


def run(case: Case, *, watched: bool) -> Run:
    """One run of one command. Raises RuntimeError with the end of what it said when it did not do its work."""
    case.before()
    with Path(os.devnull).open() as nothing, tempfile.TemporaryFile("w+", errors="replace") as said:
        began = time.monotonic()
        process = subprocess.Popen(
            case.argv, cwd=case.folder, env=dict(case.environ), stdin=nothing, stdout=said, stderr=said
        )
        ended, largest = threading.Event(), [0]
        watching = threading.Thread(target=_watch, args=(process.pid, ended, largest))
        if watched:
            watching.start()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        ended.set()
        if watched:
            watching.join()
        said.seek(0)
        last = said.read()[-2000:]
    process.returncode = code = os.waitstatus_to_exitcode(status)
    if code not in case.codes:
        raise RuntimeError(f"{case.name} ended with {code}: {' '.join(case.argv)}\n{last}")
    print(f"    {seconds:7.2f} s  {case.name}", file=sys.stderr, flush=True)
    return Run(seconds, used.ru_maxrss * 1024, largest[0], case.floor())


def _watch(pid: int, ended: threading.Event, largest: list[int]) -> None:
    """The most memory that our own processes held at once. What they share counts once (PSS): they fork."""
    while not ended.wait(EVERY):
        try:
            root = psutil.Process(pid)
            own = [one for one in (root, *root.children(recursive=True)) if _is_ours(one)]
            largest[0] = max(largest[0], sum(one.memory_full_info().pss for one in own))
        except psutil.Error:  # it ended while we looked
            continue


def _is_ours(process: psutil.Process) -> bool:
    """`python -m bootstrap`, and `python -m bootstrap.hub` and the like."""
    words = process.cmdline()
    module = words[words.index("-m") + 1] if "-m" in words[:-1] else ""
    return module.partition(".")[0] == OURS


def ratio(ours: Measured, other: Measured) -> float:
    """Our median as a share of theirs."""
    return ours.median / other.median


def kept(rows: Sequence[Measured]) -> bool:
    """Whether every claim holds."""
    ours = rows[0]
    floor = ours.floor_bar is None or ours.median <= ours.floor_bar * ours.floor
    return floor and all(holds(ours, row) for row in rows[1:])


def holds(ours: Measured, row: Measured) -> bool:
    good = row.enough is not None and ours.median <= row.enough
    return row.bar is None or good or ratio(ours, row) <= row.bar
