"""The one chooser among sources: measured once per network, remembered, and left in the middle of the work when one fails.

`measure` gives the order, `through` goes along it: whoever asks for the next source leaves the one before, which is
said once and measured anew the next time.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bootstrap.safety.files import write_atomically
from bootstrap.step import Work
from doctor.facts import Answer, said_by
from doctor.goal import Goal
from doctor.measure.here import network_key
from doctor.mirrors.table import Kind, Source, sources
from doctor.reading.peek import peek
from doctor.text import Text

if TYPE_CHECKING:
    from doctor.mirrors.samples import Build

KEPT = 24 * 3600.0  # seconds that a measurement is good for
SILENT_KEPT = 10.0  # seconds that nothing is asked again where nothing answered
NETWORKS = 8  # of which the last measurements are kept
Measured = tuple[tuple[Answer, ...], tuple[Answer, ...]]


class Record(msgspec.Struct, frozen=True):
    """What was measured of one kind: by position in the table, for an address there may hold a login."""

    at: float  # seconds since 1970
    answers: tuple[tuple[int, Answer], ...]


class Memory(msgspec.Struct):
    """$GROUNDWORK_HOME/mirrors.json: by network, then by what was asked."""

    networks: dict[str, dict[str, Record]] = {}


# Of this run, in case nothing may be written: a plan changes nothing.
_now: dict[tuple[str, str, str], Record] = {}
_said: set[tuple[str, str, str]] = set()  # home, kind and name of the sources that were left
_lock = threading.RLock()  # steps run at the same time


def measure(kind: Kind, goal: Goal, build: Build | None = None, *, fresh: bool = False) -> Measured:
    """The sources of one kind: those that can be used, the one to use first; and those that cannot, with the reason.

    Remembered where they were measured on this network a day ago or less. What the person set is asked, never compared.
    """
    wanted = sources(kind, goal)
    asked, here = question_of(kind, wanted, build, goal), network_key()
    known = None if fresh else recall(goal, here, asked)
    # A file that somebody changed must not name a source that is not there.
    if known is None or {n for n, _ in known.answers} != set(range(len(wanted))):
        alone = len(wanted) == 1 and not fresh  # nothing to compare it with: the work need not wait
        known = Record(time.time(), numbered(wanted, race(wanted, goal, build, brief=alone)))
        with _lock:
            _now[goal.home, here, asked] = known
    answers = [msgspec.structs.replace(answer, url=wanted[n].url) for n, answer in known.answers]
    return tuple(a for a in answers if a.seconds is not None), tuple(a for a in answers if a.seconds is None)


def race(
    wanted: tuple[Source, ...], goal: Goal, build: Build | None, *, brief: bool = False
) -> tuple[Answer, ...]:
    """See doctor/measure/race.py; loaded only where something is asked, for an HTTP client takes its time."""
    from doctor.measure import race as measuring

    return measuring.race(wanted, goal, build, brief=brief)


def question_of(kind: Kind, wanted: tuple[Source, ...], build: Build | None, goal: Goal) -> str:
    """Names what was asked, so that another table, profile or build of torch is measured for itself."""
    what = msgspec.json.encode(
        (wanted, build, goal.profile.name, goal.python, [one.id for one in goal.models])
    )
    return f"{kind} {hashlib.sha256(what).hexdigest()[:12]}"


def numbered(wanted: tuple[Source, ...], answers: tuple[Answer, ...]) -> tuple[tuple[int, Answer], ...]:
    places = {(source.name, source.url): n for n, source in enumerate(wanted)}
    return tuple((places[a.name, a.url], msgspec.structs.replace(a, url="")) for a in answers)


def through(kind: Kind, work: Work, build: Build | None = None) -> Iterator[Answer]:
    """Each usable source in turn, for as long as the work asks for another one.

    When all that was remembered has failed, they are measured once more: the network may have changed under us.
    """
    tried: set[str] = set()
    for fresh in (False, True):
        answering, silent = measure(kind, work.goal, build, fresh=fresh)
        keep(work.goal)
        for answer in answering:
            if answer.url not in tried:
                tried.add(answer.url)
                yield answer
                leave(work, answer)
        if not answering or not silent:
            return


def leave(work: Work, answer: Answer, why: str = "") -> None:
    """A source that failed in the middle of the work: said, and measured anew before it is used again."""
    forget(work.goal, answer.kind)
    once = (work.goal.home, answer.kind, answer.name)
    if once in _said:
        return
    _said.add(once)
    said = f" ({why})" if why else ""
    work.say(
        Text(
            f"{answer.name} did not deliver{said}: going on with the next source",
            f"{answer.name} 未能提供所需内容{said}：改用下一个来源",
        )
    )


# --- the memory --------------------------------------------------------------------------------------


def memory_path(goal: Goal) -> Path:
    return Path(goal.home) / "mirrors.json"


def read_memory(goal: Goal) -> Memory:
    """What is remembered; nothing where the file is not there or damaged: then it is measured again."""
    try:
        return msgspec.json.decode(peek(memory_path(goal)) or b"{}", type=Memory)
    except ValueError:
        return Memory()


def recall(goal: Goal, here: str, asked: str) -> Record | None:
    record = _now.get((goal.home, here, asked)) or read_memory(goal).networks.get(here, {}).get(asked)
    if record is None:
        return None
    limit = KEPT if answered(record) else SILENT_KEPT
    return record if 0 <= time.time() - record.at < limit else None


def answered(record: Record) -> bool:
    return any(answer.seconds is not None for _, answer in record.answers)


def keep(goal: Goal) -> None:
    """Write what this run measured. Called where the machine is being changed anyway."""
    with _lock:
        memory = read_memory(goal)
        before = msgspec.json.encode(memory)
        for (home, here, asked), record in _now.items():
            if home == goal.home and answered(record):
                memory.networks.setdefault(here, {})[asked] = record
        if msgspec.json.encode(memory) != before:
            write(goal, memory)


def forget(goal: Goal, kind: str) -> None:
    """One kind on this network, here and in the file."""
    with _lock:
        here, memory = network_key(), read_memory(goal)
        for key in [key for key in _now if key[:2] == (goal.home, here) and key[2].startswith(f"{kind} ")]:
            del _now[key]
        before = memory.networks.get(here, {})
        kept = {asked: record for asked, record in before.items() if not asked.startswith(f"{kind} ")}
        if kept != before:
            memory.networks[here] = kept
            write(goal, memory)


def write(goal: Goal, memory: Memory) -> None:
    def newest(here: str) -> float:
        return max((record.at for record in memory.networks[here].values()), default=0.0)

    last = sorted(memory.networks, key=newest)[-NETWORKS:]
    kept = Memory({here: memory.networks[here] for here in last})
    write_atomically(memory_path(goal), msgspec.json.encode(kept) + b"\n", 0o600)


def why_silent(silent: tuple[Answer, ...]) -> str:
    """The silent sources and what they said, on one line."""
    return said_by(silent) or "none configured"
