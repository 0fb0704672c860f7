"""A machine on which something was made, and the word `undo` run on it as a process."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bootstrap.safety.claims import SLACK, noting
from bootstrap.safety.journal import Journal, at, read
from bootstrap.step import Work, load
from doctor.goal import Goal
from doctor.probes import gather
from tests.conftest import ROOT
from tests.wait import until

Listing = dict[str, tuple[str, int, int, str]]


def listing(folder: Path) -> Listing:
    """Type, mode, size and content (of a link where it leads) of all that is below a folder."""
    return {str(path.relative_to(folder)): _about(path) for path in sorted(folder.rglob("*"))}


def _about(path: Path) -> tuple[str, int, int, str]:
    mode = path.lstat().st_mode & 0o7777
    if path.is_symlink():
        return "link", 0, 0, str(path.readlink())
    if path.is_dir():
        return "folder", mode, 0, ""
    data = path.read_bytes()
    return "file", mode, len(data), hashlib.sha256(data).hexdigest()


@contextmanager
def a_run(goal: Goal, word: str = "setup") -> Iterator[Journal]:
    """What the block does is done by us; when it is over, so much time has passed that no change counts as ours."""
    stage0_home(goal)
    journal = Journal(Path(goal.journal), word)
    journal.write("run-start", steps=[], prefix=goal.prefix)
    yield journal
    journal.write("run-end", outcomes={})
    later(goal)


def stage0_home(goal: Goal) -> None:
    """GROUNDWORK_HOME as stage 0 makes it."""
    home = Path(goal.home)
    if not home.exists():
        home.mkdir(mode=0o700)
        (home / ".ours").write_text(f"{home}\n")


def later(goal: Goal) -> None:
    """The time after which a change is the person's."""
    ended = at(read(Path(goal.journal))[-1])
    assert until(lambda: time.time() > ended + SLACK + 0.1)


def run_step(name: str, goal: Goal, journal: Journal, areas: tuple[str, ...] = ("host",)) -> None:
    """One step, as a run has it done."""
    log = Path(goal.logs) / f"{name}.log"
    work = Work(
        goal,
        gather(goal, areas),
        log,
        lambda text: None,
        lambda done, total, **more: None,
        noting(journal, name),
        {},
    )
    load(name).run(work)


def undo(environ: dict[str, str], *words: str, prelude: str = "") -> subprocess.CompletedProcess[str]:
    """`groundwork undo`; `prelude` is Python that its process runs first."""
    code = f"{prelude}\nimport sys; sys.argv = ['groundwork', 'undo', *{words!r}]\nfrom bootstrap.cli import main; main()"
    env = {**environ, "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, timeout=100,
        check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def plan(environ: dict[str, str]) -> dict[str, Any]:
    """What would be taken back."""
    said = undo(environ, "--plan", "--json")
    assert said.returncode == 0, said.stderr
    answer: dict[str, Any] = json.loads(said.stdout)["undo"]
    return answer


def left(environ: dict[str, str]) -> dict[str, str]:
    """What would stay because it is the person's, and why."""
    return {one["path"]: one["why"] for one in plan(environ)["left"]}


def make_wheel(folder: Path, name: str, version: str = "1.0") -> Path:
    """A wheel with one module of two functions."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"def hello():\n    return '{name}'\n",
        f"{name}/more.py": "def more():\n    return 1\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(map(_row, files.items())) + f"{info}/RECORD,,\n"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
    return path


def _row(file: tuple[str, str]) -> str:
    """A line of RECORD."""
    name, data = file[0], file[1].encode()
    stated = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={stated},{len(data)}\n"


def install(uv: str, goal: Goal, wheel: Path) -> None:
    """As both we and a person do it."""
    argv = [uv, "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-cache", "--compile-bytecode"]
    subprocess.run([*argv, "--python", goal.interpreter, str(wheel)], check=True, timeout=60)
