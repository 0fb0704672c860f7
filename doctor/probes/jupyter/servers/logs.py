"""Signs of faults in the ends of Jupyter's logs: of running servers, and of the last start that left one."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from doctor.facts import LabProcess, LogLine
from doctor.lab.files import LAST_BYTES
from doctor.probes.jupyter.files.places import home
from doctor.probes.jupyter.servers.processes import CREDENTIALS
from doctor.reading.peek import is_file, peek_text

DAY = 86400.0
RECENT = 7 * DAY  # a log of a start long ago says nothing of today
NAMES = (
    "nohup.out",
    "jupyter.log",
    "jupyterlab.log",
    "jupyter_lab.log",
    "jupyter-lab.log",
    "lab.log",
    "notebook.log",
)
TOKEN = re.compile(r"(token=)\w+")
SIGNS = {
    "root-refused": re.compile(r"Running as root is not recommended\. Use --allow-root to bypass"),
    "host-blocked": re.compile(r"Blocking request with non-local 'Host'"),
    "origin": re.compile(
        r"Blocking Cross Origin|'_xsrf' argument (missing from|has invalid)|XSRF cookie does not match"
    ),
    "kernel-died": re.compile(
        r"KernelRestarter: restarting kernel \(\d+/\d+\)|Kernel .* died, restarting|kernel .* died$"
    ),
    "port-taken": re.compile(r"server could not be started because port \d+ is not available"),
    "no-space": re.compile(r"No space left on device|\[Errno 28\]|\[Errno 122\]"),
    "permission": re.compile(r"PermissionError: \[Errno 13\] Permission denied: '[^']*jupyter[^']*'"),
    "bad-config": re.compile(r"Bad config encountered during initialization"),
    "db-locked": re.compile(
        r"sqlite3\.OperationalError: (?:database is locked|locking protocol|disk I/O error)"
    ),
    "modes": re.compile(r"Permissions assignment failed for secure file"),
    "plain-on-tls": re.compile(r"\[SSL: HTTP_REQUEST\] http request"),
    "address": re.compile(r"\[Errno 99\] Cannot assign requested address"),
}
FATAL = ("root-refused", "port-taken", "permission", "bad-config", "address", "modes")  # these end the start


def log_lines(servers: Iterable[LabProcess]) -> tuple[LogLine, ...]:
    """The last line for each sign. Where a server runs, an older start's end is of no interest."""
    running = [(path, server.pid) for server in servers for path in _outputs(server.pid)]
    if running:
        return tuple(line for path, pid in running for line in _signs(path, pid))
    return tuple(line for path in _left() for line in _last_start(path))


def _outputs(pid: int) -> Iterator[Path]:
    """The files that a process's output goes to."""
    seen = set()
    for number in (1, 2):
        try:
            target = str(Path(f"/proc/{pid}/fd/{number}").readlink())
        except OSError:
            continue
        if target.startswith("/") and not target.startswith("/dev/") and target not in seen:
            seen.add(target)
            yield Path(target)


def _left() -> list[Path]:
    now = time.time()
    files = [home() / name for name in NAMES] + [home() / ".jupyter" / name for name in NAMES]
    return [path for path in files if is_file(path) and now - path.stat().st_mtime < RECENT]


def _last_start(path: Path) -> list[LogLine]:
    """Of a server that is gone only what ended it: the very last start decides."""
    return [line for line in _signs(path, None) if line.sign in FATAL]


def _signs(path: Path, pid: int | None) -> list[LogLine]:
    said = peek_text(path, LAST_BYTES, end=True).splitlines()
    found: dict[str, str] = {}
    for line in said:
        if pid is None and "is running at:" in line:
            found.clear()  # a later start came through
        found.update({sign: line for sign, pattern in SIGNS.items() if pattern.search(line)})
    return [LogLine(sign=sign, path=str(path), line=_clean(line), pid=pid) for sign, line in found.items()]


def _clean(line: str) -> str:
    return CREDENTIALS.sub("//***@", TOKEN.sub(r"\1***", line)).strip()[:240]
