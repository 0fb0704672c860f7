"""The paths that .pth files add to an environment's search path."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path

from doctor.facts.python import PthLine
from doctor.reading.peek import is_there, peek_text

KEPT = 5
OF_PIPX = "pipx_shared.pth"  # the pip that all environments of pipx share, and nothing else
TAG = re.compile(
    r"^Tag: cp3(\d+)-cp3", re.MULTILINE
)  # of compiled code that no other release of Python can load
ASKED = 30  # packages of such a folder


def pth_lines(site: Path | None) -> tuple[PthLine, ...]:
    """Paths that .pth files add to the search path and that are gone, or hold packages of another environment or Python."""
    if site is None:
        return ()
    found = (
        _judged(file.name, path, site) for file in sorted(site.glob("*.pth"))[:60] for path in _paths(file)
    )
    return tuple(line for line in found if line)[:KEPT]


def _paths(file: Path) -> list[str]:
    lines = (line.strip() for line in peek_text(file, 65536).splitlines())
    return [line for line in lines if line and not line.startswith(("#", "import ", "import\t"))]


def _judged(file: str, line: str, site: Path) -> PthLine | None:
    path = Path(os.path.normpath(site / line))
    if not is_there(path):
        return PthLine(file=file, path=str(path), state="gone")
    if other := _for_another(path, site):
        return PthLine(file=file, path=str(path), state="other-python", python=other)
    foreign = path.name in ("site-packages", "dist-packages") and file != OF_PIPX
    if foreign and os.path.realpath(path) != os.path.realpath(site):
        return PthLine(file=file, path=str(path), state="other-environment")
    return None


def _for_another(path: Path, site: Path) -> str | None:
    """The Python, "3.10", that compiled packages below a folder were installed for, where that is not this one's."""
    own = re.search(r"/python3\.(\d+)/", f"{site}/")
    wheels = islice(path.glob("*.dist-info/WHEEL"), ASKED)
    made_for = {minor for wheel in wheels for minor in TAG.findall(peek_text(wheel, 4096))}
    return f"3.{min(made_for, key=int)}" if own and made_for and own[1] not in made_for else None
