"""Finding and parsing the person's files: bounded in number, size, depth and time."""

from __future__ import annotations

import ast
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from doctor.facts.packages import SourceUse
from doctor.goal import Goal
from doctor.goal.profile import CONFIGS
from doctor.reading.peek import is_folder, is_there

SECONDS = 0.3
FILES = 150
ENTRIES = 3000  # names that are looked at
DEPTH = 3
LARGEST = {".py": 300_000, ".ipynb": 3_000_000}
AT_START, MOST_AT_START = ".ipython/profile_default/startup", 20
EXPORT = "!export "  # a line of that kind, as a text in the parsed code
LEFT_OUT = {
    "node_modules",
    "site-packages",
    "dist-packages",
    "__pycache__",
    "envs",
    "venv",
    "env",
    "build",
    "dist",
}


class Code(msgspec.Struct, frozen=True):
    """One file, parsed: for a notebook its cells one after the other."""

    path: Path
    shown: str
    trees: tuple[ast.Module, ...]


def read(goal: Goal) -> tuple[list[Code], list[SourceUse]]:
    """The person's files that can be parsed, and notebooks that are none."""
    until, root = time.monotonic() + SECONDS, Path(goal.root_dir)
    found: list[Code] = []
    broken: list[SourceUse] = []
    for path in _files(roots(goal), until):
        text = _text(path)
        if text is not None and path.suffix == ".ipynb" and (kind := no_notebook(text)):
            broken.append(SourceUse(file=_shown(path, root), line=1, what=kind))
        elif text is not None and (code := _parse(path, text, root)):
            found.append(code)
        if time.monotonic() > until:
            break
    return found, broken


def at_start() -> list[Code]:
    """What IPython runs at the start of each kernel of this person."""
    home = Path.home()
    texts = ((path, _text(path)) for path in sorted((home / AT_START).glob("*.py"))[:MOST_AT_START])
    parsed = (_parse(path, text, home) for path, text in texts if text is not None)
    return [msgspec.structs.replace(code, shown=f"~/{code.shown}") for code in parsed if code]


def roots(goal: Goal) -> list[Path]:
    """The notebook folder, and the current one, unless that is this tool's own."""
    here = Path.cwd()
    ours = CONFIGS.parent
    roots = [Path(goal.root_dir), *([] if here == ours or ours in here.parents else [here])]
    return list(dict.fromkeys(roots))


def _files(roots: list[Path], until: float) -> Iterator[Path]:
    """Notebooks and scripts, those near the top first."""
    folders = [(root, 0) for root in roots]
    seen = given = 0
    for folder, depth in folders:  # grows while it is walked: breadth first
        for entry in _entries(folder):
            seen += 1
            if seen > ENTRIES or given >= FILES or time.monotonic() > until:
                return
            if entry.is_dir(follow_symlinks=False):
                if depth < DEPTH and not _left_out(entry):
                    folders.append((Path(entry.path), depth + 1))
            elif Path(entry.name).suffix in LARGEST and entry.is_file(follow_symlinks=False):
                given += 1
                yield Path(entry.path)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return sorted((e for e in os.scandir(folder) if not e.name.startswith(".")), key=lambda e: e.name)
    except OSError:
        return []


def _left_out(folder: os.DirEntry[str]) -> bool:
    path = Path(folder.path)
    made = any(is_there(path / sign) for sign in ("pyvenv.cfg", "conda-meta", "doctor/catalogue"))
    # The source of a library that is worked on is not the person's use of it.
    library = is_folder(path / "src" / "transformers")
    return folder.name in LEFT_OUT or made or library


def _text(path: Path) -> str | None:
    """A file of the person's, None when it is none to be read."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST[path.suffix]:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, MemoryError):
        return None


def no_notebook(text: str) -> str | None:
    """What a file is that Jupyter cannot open as a notebook. One that is no JSON at all is looked at more closely."""
    try:
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except ValueError:
        if _is_object(text):
            return None
        head = text[:512].lstrip().lower()
        if not text.strip("\0 \n"):
            return "empty"
        if head.startswith(("<!doctype", "<html", "<?xml")):
            return "html"
        if head.startswith("version https://git-lfs"):
            return "pointer"
        return "conflict" if re.search(r"^(<{7} |={7}$|>{7} )", text, re.MULTILINE) else "not-json"
    return None


def _is_object(text: str) -> bool:
    """As Jupyter reads it: NaN, which outputs hold, is no JSON, and taken all the same."""
    import json  # for the few that msgspec refuses

    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _shown(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if root in path.parents else str(path)


def _parse(path: Path, text: str, root: Path) -> Code | None:
    try:
        trees = [ast.parse(text)] if path.suffix == ".py" else [ast.parse(cell) for cell in _cells(text)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return Code(path, _shown(path, root), tuple(trees))


class _Cell(msgspec.Struct):
    cell_type: str = ""
    source: str | list[str] = ""


class _Notebook(msgspec.Struct):
    cells: list[_Cell] = []


def _cells(text: str) -> Iterator[str]:
    """The code of a notebook, what only IPython understands left out; `%env A=b` is an assignment."""
    try:
        notebook = msgspec.json.decode(text, type=_Notebook)
    except ValueError:
        return
    for cell in notebook.cells:
        source = cell.source if isinstance(cell.source, str) else "".join(cell.source)
        if cell.cell_type == "code":
            code = "\n".join(map(_python_line, source.splitlines()))
            yield code if _parses(code) else ""


def _python_line(line: str) -> str:
    bare = line.lstrip()
    env = re.match(r"%(?:set_)?env\s+(\w+)[ =](\S*)", bare)
    if env:
        return f"import os; os.environ[{env.group(1)!r}] = {env.group(2)!r}"
    lost = re.match(r"!\s*export\s+(\w+)=[^;&|]*$", bare) if bare.startswith("!") else None
    if lost:
        return f"{line[: len(line) - len(bare)]}{EXPORT + lost.group(1)!r}"
    magic = bare.startswith(("%", "!", "?")) or bare.rstrip().endswith("?")
    return line[: len(line) - len(bare)] + "pass" if magic else line


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError):
        return False
    return True
