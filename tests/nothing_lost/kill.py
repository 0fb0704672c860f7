"""Ending a setup at a chosen point with a chosen signal, running it again, and comparing with a run that nothing disturbed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pty
import re
import signal
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.nothing_lost.world import World
from tests.wait import until

SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STRAY = re.compile(
    r"\.(part|tmp|incomplete|groundwork-installing)$|\.new\.\d+$|^\.tmp|^work\.\d+$|^\.condatmp$"
)
# Of a run itself (journal, logs, measurements, pids), of stage 0 and of uv's cache.
TOLD = {"journal.jsonl", "lock.json", "mirrors.json", "server.json", "jupyter.log", "lock", "stage0.lock"}
SEEN = (".elf.json", ".ffmpeg.json")  # what a look need not find out again: inodes and times are in it
APART = re.compile(r"/\.groundwork/(tool-|uv-|logs)|/\.cache/uv|/__pycache__")


@dataclass(frozen=True)
class Point:
    """When: as soon as so many events are in the journal, or so many seconds after the start."""

    kind: Literal["event", "time"]
    at: float

    def __str__(self) -> str:
        return f"{self.kind}-{self.at:g}"


@dataclass(frozen=True)
class Undisturbed:
    """What a whole run leaves, how long it took and what it wrote into its journal."""

    state: dict[str, str]
    seconds: float
    events: int


def undisturbed(world: World) -> Undisturbed:
    world.forget()
    began = time.monotonic()
    said = world.run()
    took = time.monotonic() - began
    assert said.code == 0, said.text
    assert strays(world) == []
    return Undisturbed(state(world), took, len(world.journal()))


def points(count: int, events: int, seconds: float) -> list[tuple[Point, signal.Signals]]:
    """So many, spread evenly over the events and over the time of a run; each signal in turn at each kind."""
    chosen = []
    for number in range(count):
        share = (number + 0.5) / count
        kind: Literal["event", "time"] = "event" if number % 2 else "time"
        at = 1 + int(share * events) if kind == "event" else round(share * seconds, 2)
        chosen.append((Point(kind, at), SIGNALS[number // 2 % len(SIGNALS)]))
    return chosen


def end_at(world: World, point: Point, number: signal.Signals) -> int | None:
    """Start a setup and end it there. Its exit code; None when it was done before.

    SIGHUP comes as it does by ssh: setup runs in a terminal, and the terminal goes away.
    """
    near, far = pty.openpty()
    os.set_blocking(near, False)
    began = time.monotonic()
    child = world.start(through=("setsid", "--ctty"), stdin=far, stdout=far, stderr=far)
    os.close(far)

    def over() -> bool:
        drain(near, world.root / "said")
        return child.poll() is not None

    def reached() -> bool:
        ended = over()
        passed = len(world.journal()) if point.kind == "event" else time.monotonic() - began
        return ended or passed >= point.at

    try:
        assert until(reached, 120, pause=0.005), f"{point} was not reached"
        if child.poll() is not None:
            return None
        if number != signal.SIGHUP:
            os.killpg(child.pid, number)
            assert until(over, 60, pause=0.005)
    finally:
        os.close(near)
    return child.wait(60)


def drain(near: int, into: Path) -> None:
    """What was said on a terminal so far, into a file; a terminal that nobody reads blocks."""
    with contextlib.suppress(OSError), into.open("ab") as out:  # nothing said, or the far end is gone
        while said := os.read(near, 65536):
            out.write(said)


# --- what is left ------------------------------------------------------------------------------------


def state(world: World) -> dict[str, str]:
    """Every path below HOME with its mode and its content's hash or target."""
    return {name: seen(path) for name, path in files(world).items() if not is_of_one_run(path)}


def is_of_one_run(path: Path) -> bool:
    """Whether it is never the same twice."""
    return path.name in TOLD or path.name.endswith(SEEN)


def files(world: World) -> dict[str, Path]:
    found = {}
    for folder, folders, names in os.walk(world.home):
        folders[:] = [name for name in folders if not APART.search(f"{folder}/{name}")]
        for name in (*folders, *names):
            path = Path(folder, name)
            found[str(path.relative_to(world.home))] = path
    return found


def seen(path: Path) -> str:
    there = path.lstat()
    if stat.S_ISLNK(there.st_mode):
        return f"-> {path.readlink()}"
    if stat.S_ISDIR(there.st_mode):
        return f"folder {stat.S_IMODE(there.st_mode):o}"
    return f"{stat.S_IMODE(there.st_mode):o} {hashlib.sha256(without_time(path)).hexdigest()[:16]}"


def without_time(path: Path) -> bytes:
    """The content; of the proof's report without the time when it was taken."""
    content = path.read_bytes()
    if path.parent.name == "smoke" and b"taken_at" in content:
        return json.dumps({**json.loads(content), "taken_at": ""}).encode()
    return content


def strays(world: World) -> list[str]:
    """Half-written and scratch files, in HOME and in the temporary folder."""
    scratch = [str(path) for path in Path(world.environ["TMPDIR"]).glob("groundwork*")]
    return scratch + [name for name, path in files(world).items() if STRAY.search(path.name)]


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    names = sorted(one.keys() | other.keys())
    return [
        f"{name}: {one.get(name)} ≠ {other.get(name)}" for name in names if one.get(name) != other.get(name)
    ]


def done_steps(events: list[dict[str, object]]) -> set[object]:
    return {e["step"] for e in events if e["event"] == "step-end" and e.get("status") == "done"}


def strangers(world: World) -> dict[int, str]:
    """Processes of this person other than the server that setup is to leave."""
    record = world.ours / "jupyter/small/server.json"
    server = json.loads(record.read_bytes())["pid"] if record.is_file() else None
    return {pid: command for pid, command in world.processes().items() if pid != server}


def hit(world: World, whole: Undisturbed, point: Point, number: signal.Signals) -> None:
    """The test itself: ended there, the next run ends in the same state, having done only what was missing."""
    print(f"{number.name} at {point} of {whole.events} events, {whole.seconds:.1f} s")
    world.forget()
    code = end_at(world, point, number)
    before = world.journal()
    if code is not None and number != signal.SIGKILL:
        ended_orderly(world, code, number, before)
    said = world.run()
    assert said.code == 0, f"exit code {said.code}: {said.text}"
    again = {e["step"] for e in world.journal()[len(before) :] if e["event"] == "step-start"}
    assert not again & done_steps(before), f"done twice: {again & done_steps(before)}"
    assert not (other := differences(whole.state, state(world))), other
    assert not (left := strays(world)), left
    assert not (running := strangers(world)), running
    assert "Ready." in said.out


def ended_orderly(world: World, code: int, number: signal.Signals, before: list[dict[str, object]]) -> None:
    """Exit code 130, how to go on, and no process that goes on by itself."""
    if before and before[-1]["event"] == "run-end":
        return  # it was done, and only told so
    assert code == 130, f"exit code {code}: {world.said[-1500:]}"
    assert until(lambda: strangers(world) == {}, 10), strangers(world)
    if number != signal.SIGHUP:  # nobody can be told on a terminal that is gone
        assert "make setup" in world.said, world.said[-1500:]
