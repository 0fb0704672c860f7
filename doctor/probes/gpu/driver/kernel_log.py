"""What NVIDIA's kernel module has written into the kernel log since the machine started, where that may be read."""

from __future__ import annotations

import os
import re
from pathlib import Path

from doctor.reading.peek import peek_text

LOG = Path("/dev/kmsg")
FILE = Path("/var/log/kern.log")
TAIL = 400_000  # bytes of a log file
MOST_LINES = 20
MOST_RECORDS = 20_000
# What stands before the semicolon is the record's own number and time.
OURS = re.compile(
    r"NVRM: .*|[^;]*nvidia.*(?:signature|rejected|taints|firmware load|version magic|disagrees about|Unknown symbol).*"
    r"|[^;]*(?:Loading of (?:unsigned )?module).*"
)
WORDS = ("NVRM", "nvidia", "Loading of")  # quicker to look for
# A record of several lines is one: the kernel writes their ends like this, rsyslog like that.
LINE_ENDS = re.compile(r"\\x0a|#012")
BOOT = re.compile(r"\bLinux version \d")


def lines() -> tuple[str, ...]:
    """The last lines of NVRM, and what Secure Boot said of modules; empty where the log is closed to us."""
    records = (one for one in (_records(LOG) or _since_boot(FILE)) if any(word in one for word in WORDS))
    found = (OURS.search(line) for record in records for line in LINE_ENDS.split(record))
    said = dict.fromkeys(match.group(0)[:300] for match in found if match)
    return tuple(said)[-MOST_LINES:]


def _records(path: Path) -> list[str]:
    """The kernel's own log: one record a read, never waiting for the next."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        return b"".join(_reads(handle)).decode("utf-8", "replace").splitlines()
    finally:
        os.close(handle)


def _reads(handle: int) -> list[bytes]:
    got: list[bytes] = []
    while len(got) < MOST_RECORDS:
        try:
            record = os.read(handle, 8192)
        except BrokenPipeError:  # overwritten while we read: the next read goes on
            continue
        except OSError:  # no more for now, or not allowed
            break
        if not record:
            break
        got.append(record)
    return got


def _since_boot(path: Path) -> list[str]:
    tail = peek_text(path, TAIL, end=True).splitlines()
    boots = [number for number, line in enumerate(tail) if BOOT.search(line)]
    return tail[boots[-1] :] if boots else []
