"""Files that were written, or checked out, with the line ends of Windows, where a shell of Linux reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.probes.patience import within
from doctor.reading import startup
from doctor.reading.peek import peek

MOST = 200  # files of one folder that are looked at
HEAD = 256  # bytes: the first line of a script
BELOW = ("scripts", "bin")
SHELLS = (".sh", ".bash")
FIRST, END = b"#!", b"\r\n"


def scripts(root_dir: str, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Scripts whose first line names their program with a CR behind it: in the person's folder of work, where the
    shell is and was before, and in those that start shells. A shell takes the CR for a part of each word."""
    named = (root_dir, str(Path.cwd()), environ.get("OLDPWD", ""))
    said = within(_of_windows, tuple(dict.fromkeys(name for name in named if name)))
    return said if isinstance(said, tuple) else ()


def _of_windows(folders: tuple[str, ...]) -> tuple[str, ...]:
    those = [file for folder in folders for file in _in(Path(folder).expanduser())]
    files = (*(path for _, path in (*startup.of_home(Path.home()), *startup.of_system())), *those)
    return tuple(dict.fromkeys(str(path) for path in files if _is_of_windows(path)))


def _in(folder: Path) -> Iterator[Path]:
    """Folders are not touched: behind one may be a disk that gives no answer."""
    for place in (folder, *(folder / name for name in BELOW)):
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)[:MOST]
        except OSError:
            continue
        for entry in entries:
            if (entry.name.endswith(SHELLS) or "." not in entry.name) and entry.is_file(
                follow_symlinks=False
            ):
                yield Path(entry.path)


def _is_of_windows(path: Path) -> bool:
    """Start-up files have no line that names their program; all of their lines are run."""
    first, end, _ = (peek(path, HEAD) or b"").partition(b"\n")
    return (
        bool(end)
        and first.endswith(b"\r")
        and (first.startswith(FIRST) or path.name.startswith(".") or path.suffix == ".sh")
    )


def variables(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Names of variables that were taken from such a file: their values end with what nobody sees."""
    return tuple(sorted(name for name, value in environ.items() if value.endswith("\r")))
