"""Starting programs: own process group, output into a log, bounded in time, ended when we end."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec

from bootstrap.pace import Floor, watch
from doctor.errors import Exit, Trouble
from doctor.reading.ask import clean_environ
from doctor.text import Text

GRACE = 5.0  # seconds between asking a process group to end and killing it
SLOW = "[too slow: ended]"  # the last line of a program that was ended below its floor
_running: set[subprocess.Popen[str]] = set()
_ahead: dict[tuple[str, ...], subprocess.Popen[str]] = {}  # those that wait for their input
_stopping = threading.Event()


class Done(msgspec.Struct, frozen=True):
    code: int
    tail: tuple[str, ...]  # the last lines that it printed


class Stopped(Exception):
    """The run is being stopped; the program was ended, or never started."""


def start_ahead(argv: Sequence[str], env: Mapping[str, str]) -> None:
    """Let a program that reads its input before it does anything load meanwhile; `run` goes on with it.

    Where nobody does, its input ends with us, and so does it.
    """
    _ahead[tuple(argv)] = _start(argv, env, feed=True)


def _started_ahead(argv: Sequence[str]) -> subprocess.Popen[str] | None:
    child = _ahead.pop(tuple(argv), None)
    if child and child.poll() is not None:
        _running.discard(child)
        return None
    return child


def run(
    argv: Sequence[str],
    *,
    log: Path,
    seconds: float,
    env: Mapping[str, str | None] | None = None,
    check: bool = True,
    stdin: str | None = None,
    line: Callable[[str], None] = lambda text: None,
    floor: Floor | None = None,
) -> Done:
    """Run `argv` to its end; below `floor` it is ended, as if it had failed. Raises Trouble on a missing program, a passed deadline or, with `check`, a code ≠ 0.

    `env` is added to the person's environment; a value of None takes the variable out.
    """
    check_stop()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab", buffering=0) as out:
        _keep(out, f"$ {shlex.join(argv)}\n")
        child = _started_ahead(argv) or _start(argv, env, stdin is not None)
        ended, slow = threading.Event(), threading.Event()
        if floor:
            pace = (child.pid, floor, ended, lambda: _end_slow(child, out, slow))
            threading.Thread(target=watch, args=pace, daemon=True).start()
        tail, timed_out = _follow(child, out, seconds, stdin, line)
        ended.set()
        tail = (*tail, SLOW) if slow.is_set() else tail
        if child.returncode < 0:
            tail = (*tail, f"[ended by signal {-child.returncode}: {signal.strsignal(-child.returncode)}]")
        _keep(out, f"[exit code {child.returncode}]\n")
    check_stop()
    if timed_out:
        raise failed(
            argv, log, tail, Text(f"gave up after {seconds:.0f} s", f"超过 {seconds:.0f} 秒，已放弃")
        )
    if check and child.returncode != 0:
        raise failed(argv, log, tail, Text(f"exit code {child.returncode}", f"退出码 {child.returncode}"))
    return Done(child.returncode, tail)


def _keep(out: IO[bytes], text: str) -> None:
    """Into the log. On a full disk it is the program that has to say so, and to end; its log is only for telling."""
    with contextlib.suppress(OSError):
        out.write(text.encode(errors="replace"))


def note(log: Path, text: str) -> None:
    """A line of ours into a step's log, where it can be written."""
    with contextlib.suppress(OSError), log.open("a", encoding="utf-8") as out:
        out.write(f"{text}\n")


def check_stop() -> None:
    """For work that is not a program, such as a download: raises Stopped once the run is being stopped."""
    if _stopping.is_set():
        raise Stopped


def _environ(env: Mapping[str, str | None] | None) -> dict[str, str]:
    return {name: value for name, value in {**clean_environ(), **(env or {})}.items() if value is not None}


def _start(argv: Sequence[str], env: Mapping[str, str | None] | None, feed: bool) -> subprocess.Popen[str]:
    try:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=_environ(env),
            start_new_session=True,
        )
    except OSError as error:
        message = Text(f"cannot run {argv[0]}: {error.strerror}", f"无法运行 {argv[0]}：{error.strerror}")
        raise Trouble(message, Exit.FAILED) from error
    _running.add(child)
    if _stopping.is_set():  # stop_all() may have run between the check and the start
        end(child)
    return child


def _follow(
    child: subprocess.Popen[str],
    out: IO[bytes],
    seconds: float,
    stdin: str | None,
    line: Callable[[str], None],
) -> tuple[tuple[str, ...], bool]:
    """Copy what the child prints until it ends or its time is up. Returns the last lines and "timed out"."""
    tail: deque[str] = deque(maxlen=30)
    late = threading.Event()
    timer = threading.Timer(seconds, _end_late, (child, late))
    timer.daemon = True
    timer.start()
    try:
        if stdin is not None and child.stdin:
            with contextlib.suppress(BrokenPipeError):  # the child's exit code tells what was wrong
                child.stdin.write(stdin)
                child.stdin.close()
        assert child.stdout is not None
        for text in child.stdout:
            _keep(out, text)
            if text.strip():
                tail.append(text.rstrip())
                line(text.strip())
        child.wait()
    finally:
        timer.cancel()
        _running.discard(child)
    return tuple(tail), late.is_set()


def _end_slow(child: subprocess.Popen[str], out: IO[bytes], slow: threading.Event) -> None:
    slow.set()
    _keep(out, f"{SLOW}\n")
    end(child)


def _end_late(child: subprocess.Popen[str], late: threading.Event) -> None:
    late.set()
    end(child)


def failed(
    argv: Sequence[str], log: Path, tail: Sequence[str], why: Text, code: Exit = Exit.FAILED
) -> Trouble:
    """The loud failure: what was run, why it failed, its last lines, and the full log."""
    name = Path(argv[0]).name
    last = "\n".join(f"    {text}" for text in tail[-12:])
    return Trouble(
        Text(f"{name}: {why.en}\n{last}".rstrip(), f"{name}：{why.zh}\n{last}".rstrip()),
        code,
        Text(f"full log: {log}", f"完整日志：{log}"),
    )


def end(child: subprocess.Popen[str]) -> None:
    """End a child and all that it started: ask, wait a little, kill what is left of its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(GRACE)
    # The child may have ended and left others behind that hold its output open.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def stop_all() -> None:
    """End every program that runs, and let none start any more."""
    _stopping.set()
    for child in list(_running):
        end(child)
