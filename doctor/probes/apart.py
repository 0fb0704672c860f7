"""Probes, or half of one, in a process of their own, so that the large ones use another processor than the rest.

Forked, for a new interpreter would have to import everything again. A lock that another thread holds would
stay closed in the child for ever: so only where there is no other thread, and otherwise the probe is a thread like all.
"""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from doctor.facts import Unknown

Waiting = Callable[[], Any]


def possible() -> bool:
    """Whether it can be done here, and there is a second processor that makes it worth while."""
    return threading.active_count() == 1 and len(os.sched_getaffinity(0)) > 1


def start(name: str, answer: Callable[[], Any], seconds: float, kind: Any) -> Waiting | None:
    """Ask now; call what is returned to wait for the answer, which is of that kind, or Unknown when none came.

    None where no process can be started.
    """
    reading, writing = os.pipe()
    try:
        child = os.fork()
    except OSError:  # no more processes, or no memory for one: worth a finding, not a crash
        os.close(reading)
        os.close(writing)
        return None
    if child == 0:
        _tell(writing, answer, seconds)
    os.close(writing)
    return lambda: _hear(name, reading, child, kind)


def _tell(writing: int, answer: Callable[[], Any], seconds: float) -> None:
    """In the child. It ends here whatever happens, and the kernel ends it when it takes too long."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(math.ceil(seconds) + 1)  # the parent gives up before
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(msgspec.json.encode(answer()))
    finally:
        os._exit(0)  # without a word, and without what the parent has not yet written out


def _hear(name: str, reading: int, child: int, kind: Any) -> Any:
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    try:
        return msgspec.json.decode(said, type=kind)
    except ValueError:
        code = os.waitstatus_to_exitcode(status)
        how = f"signal {-code}" if code < 0 else f"code {code}"
        return Unknown(f"the process of the {name} probe ended with {how}")
