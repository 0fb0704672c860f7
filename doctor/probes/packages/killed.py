"""Installers that the kernel ended for want of memory, as its log and the container's counters tell."""

from __future__ import annotations

import os
import re
from pathlib import Path

from doctor.reading.peek import peek_text

LOG = "/dev/kmsg"
MOST = 4000  # records of the kernel's log
KILLED = re.compile(r"Killed process \d+ \(((?:pip|uv|conda|mamba|python)[\w.+-]*)\)")
COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/sys/fs/cgroup/memory/memory.oom_control"))


def installers_killed() -> tuple[str, ...]:
    """Their names, or what was counted where the log may not be read."""
    named = dict.fromkeys(name for line in _log() for name in KILLED.findall(line))
    return tuple(named) or tuple(f"oom_kill {count}" for count in _counted() if count)


def _log() -> list[str]:
    """The kernel's log, one record a read; nothing where this user may not read it."""
    lines: list[str] = []
    try:
        log = os.open(LOG, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return lines
    try:
        while len(lines) < MOST and (record := os.read(log, 8192)):
            lines.append(record.decode(errors="replace"))
    except OSError:
        return lines  # EAGAIN: all read
    finally:
        os.close(log)
    return lines


def _counted() -> list[int]:
    found = []
    for path in COUNTERS:
        text = peek_text(path)
        found += [int(count) for count in re.findall(r"^oom_kill (\d+)$", text, re.MULTILINE)]
    return found
