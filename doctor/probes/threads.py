"""Starting a thread where none may be had: what it was to do is then done at once, and that none was had is remembered."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from typing import Literal

CLONE3 = 435  # the same number on all kinds of machine

_refused = False


def start(work: Callable[[], None], name: str | None = None) -> threading.Thread | None:
    """The thread that does it; None where it is done already, for want of one.

    Daemon threads: one that is stuck in the kernel must not keep the process from ending.
    """
    global _refused
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # can't start new thread
        _refused = True
        work()
        return None
    return thread


def state() -> Literal["fine", "refused", "seccomp"]:
    """Whether threads were refused, and whether by a filter that does not know the system call of newer C libraries."""
    if not _refused:
        return "fine"
    import ctypes  # nobody else comes this far

    kernel = ctypes.CDLL(None, use_errno=True)
    kernel.syscall(CLONE3, None, 0)  # of no size: nothing is started, and an open kernel says EINVAL
    return "seccomp" if ctypes.get_errno() == errno.EPERM else "refused"
