"""What a run that was killed left running: ended before the next one works on the same files.

SIGKILL cannot be passed on, and uv or an installer would go on for minutes. All programs of a run carry its home in a
variable, by which they are found whoever their parent is by now; JupyterLab is started without it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bootstrap.process import GRACE

if TYPE_CHECKING:
    import psutil

MARK = "GROUNDWORK_RUN"


def mark(home: Path) -> None:
    """Programs that this process starts from here on belong to the run of this home."""
    os.environ.update(marked(home))


def marked(home: Path) -> dict[str, str]:
    """The variable of a program that is started before this run is certain."""
    return {MARK: str(home)}


def end_orphans(home: Path) -> int:
    """End what an earlier run left; only for the holder of the lock. Returns how many there were."""
    import psutil  # here: what only marks a program that it starts has no use for it

    left = [process for process in map(_of, _marked(home)) if process]
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(left, timeout=GRACE)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=GRACE)
    return len(left)


def forget_downloads(home: Path) -> None:
    """Remove an installer that did its work, and stayed because the run was killed before it could be removed."""
    folder = home / "downloads"
    for path in folder.iterdir() if folder.is_dir() else ():
        path.unlink(missing_ok=True)


def _marked(home: Path) -> list[int]:
    entry, found = f"{MARK}={home}".encode(), []
    for path in Path("/proc").iterdir():
        if not path.name.isdigit() or int(path.name) == os.getpid():
            continue
        with suppress(OSError):  # another user's, or gone
            if entry in path.joinpath("environ").read_bytes().split(b"\0"):
                found.append(int(path.name))
    return found


def _of(pid: int) -> psutil.Process | None:
    """None where it is gone, or a child of this very process."""
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.ppid() == os.getpid() else process
    except psutil.NoSuchProcess:
        return None
