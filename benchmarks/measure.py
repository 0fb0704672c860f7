"""Running commands in turn and measuring each as a whole process: wall time and peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One command to compare. `bar`: our time may be at most this share of its time; None where nothing is claimed."""

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    folder: str
    bar: float | None = None
    codes: tuple[int, ...] = (0,)  # exit codes that mean that it did its work


class Run(msgspec.Struct, frozen=True):
    seconds: float
    peak_bytes: int  # of the process itself and of each child that it waited for, the largest


class Measured(msgspec.Struct, frozen=True):
    case: Case
    runs: tuple[Run, ...]

    @property
    def median(self) -> float:
        return statistics.median(run.seconds for run in self.runs)

    @property
    def peak(self) -> int:
        return max(run.peak_bytes for run in self.runs)


def alternate(cases: Sequence[Case], times: int) -> tuple[Measured, ...]:
    """Run the cases in turn, `times` rounds, after one round that warms what can be warm and does not count.

    Alternating lets a noisy neighbour disturb all of them alike.
    """
    runs: dict[str, list[Run]] = {case.name: [] for case in cases}
    for number in range(times + 1):
        for case in cases:
            measured = run(case)
            if number:
                runs[case.name].append(measured)
    return tuple(Measured(case, tuple(runs[case.name])) for case in cases)


def run(case: Case) -> Run:
    """One run of one command. Raises RuntimeError with the end of what it said when it did not do its work."""
    with Path(os.devnull).open() as nothing:
        began = time.monotonic()
        process = subprocess.Popen(
            case.argv,
            cwd=case.folder,
            env=dict(case.environ),
            stdin=nothing,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
    process.returncode = code = os.waitstatus_to_exitcode(status)
    if code not in case.codes:
        raise RuntimeError(f"{case.name} ended with {code}: {' '.join(case.argv)}")
    return Run(seconds, used.ru_maxrss * 1024)


def ratio(ours: Measured, other: Measured) -> float:
    """Our median as a share of theirs."""
    return ours.median / other.median
