"""The end of a process that has only looked."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def at_once(end: SystemExit) -> None:
    """Leave with its code now: taking hundreds of modules apart costs a tenth of such a run, and the kernel takes back all.

    Returns where that may not be: what was said cannot be delivered, which Python has its own words for.
    """
    if not isinstance(end.code, int):
        return
    with suppress(OSError, ValueError):  # a reader that is gone, a disk that is full, a stream that is closed
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code)
