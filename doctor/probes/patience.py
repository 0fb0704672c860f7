"""A question to the kernel that may never be answered: a dead network mount costs its deadline, not the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from doctor.facts import Unknown
from doctor.probes import threads

Said = TypeVar("Said")
PATIENCE = 2.0  # seconds; a local disk answers in a thousandth of that


def within(question: Callable[..., Said], *args: Any, seconds: float = PATIENCE) -> Said | Unknown:
    """What `question(*args)` says, or Unknown. A thread that never returns does not keep the process from ending."""
    asked = start(question, *args)
    return asked(seconds)


def start(question: Callable[..., Said], *args: Any) -> Callable[[float], Said | Unknown]:
    """Ask now; call what is returned to wait for the answer, so that many can be asked at once."""
    said: list[Said | Unknown] = []

    def answer() -> None:
        try:
            said.append(question(*args))
        except OSError as error:
            said.append(Unknown(error.strerror or str(error)))

    thread = threads.start(answer)

    def wait(seconds: float) -> Said | Unknown:
        if thread:
            thread.join(seconds)
        return said[0] if said else Unknown(f"no answer within {seconds:.0f} s")

    return wait
