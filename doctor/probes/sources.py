"""The person's notebooks and scripts, read as text: which pipelines, arguments and settings they use.

Bounded in number, size, depth and time; hidden folders, environments and what is no plain text file are left out.
"""

from __future__ import annotations

import ast
import os
import re
import stat
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from doctor.facts import Sources, SourceUse
from doctor.goal import Goal
from doctor.probes.python.shadows import DISTRIBUTIONS, STACK
from doctor.profile import CONFIGS

SECONDS = 0.3
FILES = 150
ENTRIES = 3000  # names that are looked at
DEPTH = 3
LARGEST = {".py": 300_000, ".ipynb": 3_000_000}
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
ARGUMENTS = (
    "grouped_entities",
    "ignore_subwords",
    "use_auth_token",
    "load_in_8bit",
    "load_in_4bit",
    "device_map",
)
HF = (
    "transformers",
    "huggingface_hub",
    "datasets",
    "diffusers",
    "sentence_transformers",
    "peft",
    "evaluate",
    "timm",
)
# Modules of the standard library that the course's libraries import, and that are not loaded before a person's file.
STDLIB = (
    "token", "tokenize", "random", "types", "queue", "code", "copy", "string", "json", "logging", "email", "http",
    "html", "inspect", "enum", "dataclasses", "collections", "typing", "tempfile", "threading", "socket", "ssl",
    "signal", "select", "struct", "statistics", "secrets", "hashlib", "platform", "shutil", "subprocess", "uuid",
    "zipfile", "tarfile", "csv", "ast", "dis", "operator", "numbers", "decimal", "bisect", "heapq", "weakref",
    "warnings", "contextlib", "functools", "importlib", "pathlib", "glob", "fnmatch", "re", "textwrap", "pprint",
    "pickle", "pdb", "cmd", "profile", "traceback", "linecache", "locale", "argparse", "configparser", "urllib",
    "asyncio", "multiprocessing", "concurrent", "unittest", "xml", "datetime", "calendar", "getpass", "base64",
    "timeit", "keyword", "gzip", "mimetypes", "ipaddress", "selectors", "contextvars", "copyreg",
)  # fmt: skip
# Of the course's modules those that transformers and torch import by themselves; the others only matter where asked for.
ALWAYS = (
    "torch", "transformers", "tokenizers", "huggingface_hub", "safetensors", "numpy", "tqdm", "requests", "packaging",
    "regex", "yaml", "filelock", "typing_extensions", "jinja2", "sympy",
)  # fmt: skip


class Code(msgspec.Struct, frozen=True):
    """One file, parsed: for a notebook its cells one after the other."""

    path: Path
    shown: str
    trees: tuple[ast.Module, ...]


def scan(goal: Goal, installed: Mapping[str, str]) -> Sources:
    """What the person's code in the notebook folder, and where they stand now, asks for."""
    with warnings.catch_warnings():  # of the person's code, as of '\d' in a plain string
        warnings.simplefilter("ignore")
        found = _read(goal)
    return Sources(
        files=len(found),
        tasks=tuple(use for code in found for use in _tasks(code)),
        arguments=tuple(use for code in found for use in _arguments(code)),
        late_endpoint=tuple(use for code in found for use in _late_endpoint(code)),
        shadows=tuple(_shadows(found, goal, installed)),
    )


def _read(goal: Goal) -> list[Code]:
    until = time.monotonic() + SECONDS
    found = []
    for path in _files(_roots(goal), until):
        code = _parse(path, Path(goal.root_dir))
        found += [code] if code else []
        if time.monotonic() > until:
            break
    return found


def _roots(goal: Goal) -> list[Path]:
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
    made = any((path / sign).exists() for sign in ("pyvenv.cfg", "conda-meta", "doctor/catalogue"))
    # The source of a library that is worked on is not the person's use of it.
    library = (path / "src" / "transformers").is_dir()
    return folder.name in LEFT_OUT or made or library


def _parse(path: Path, root: Path) -> Code | None:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST[path.suffix]:
            return None
        text = path.read_text(encoding="utf-8")
        trees = [ast.parse(text)] if path.suffix == ".py" else [ast.parse(cell) for cell in _cells(text)]
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    shown = str(path.relative_to(root)) if root in path.parents else str(path)
    return Code(path, shown, tuple(trees))


class _Cell(msgspec.Struct):
    cell_type: str = ""
    source: str | list[str] = ""


class _Notebook(msgspec.Struct):
    cells: list[_Cell] = []


def _cells(text: str) -> Iterator[str]:
    """The code of a notebook, what only IPython understands left out; `%env A=b` is an assignment."""
    try:
        notebook = msgspec.json.decode(text, type=_Notebook)
    except msgspec.DecodeError:
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
    magic = bare.startswith(("%", "!", "?")) or bare.rstrip().endswith("?")
    return line[: len(line) - len(bare)] + "pass" if magic else line


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except (SyntaxError, ValueError):
        return False
    return True


def _imported(code: Code) -> set[str]:
    return {name for tree in code.trees for node in ast.walk(tree) for name in _modules_of(node)}


def _modules_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.split(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module.split(".")[0]]
    return []


def _calls(code: Code) -> Iterator[ast.Call]:
    for tree in code.trees:
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _own_pipeline(code: Code) -> bool:
    """A function of the person's own by that name: who knows what it does with a task."""
    nodes = (node for tree in code.trees for node in ast.walk(tree))
    return any(isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n.name == "pipeline" for n in nodes)


def _tasks(code: Code) -> Iterator[SourceUse]:
    if "transformers" not in _imported(code) or _own_pipeline(code):
        return
    for call in _calls(code):
        if _called(call) == "pipeline":
            named = [keyword.value for keyword in call.keywords if keyword.arg == "task"]
            for value in (*call.args[:1], *named):
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield SourceUse(file=code.shown, line=value.lineno, what=value.value[:60])


def _arguments(code: Code) -> Iterator[SourceUse]:
    if "transformers" not in _imported(code) or _own_pipeline(code):
        return
    for call in _calls(code):
        if _called(call) in ("pipeline", "from_pretrained"):
            for keyword in call.keywords:
                if keyword.arg in ARGUMENTS:
                    yield SourceUse(file=code.shown, line=keyword.value.lineno, what=keyword.arg)


def _late_endpoint(code: Code) -> Iterator[SourceUse]:
    """Where HF_ENDPOINT is set after the first import that reads it, and never before. In functions: not judged."""
    imported: str | None = None
    for node in (node for tree in code.trees for node in _top(tree.body)):
        imported = imported or next((name for name in _modules_of(node) if name in HF), None)
        if _sets_endpoint(node):
            if imported:
                yield SourceUse(file=code.shown, line=getattr(node, "lineno", 0), what=imported)
            return


def _top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements in the order in which they run when the file does."""
    for node in body:
        yield node
        for part in ("body", "handlers", "orelse", "finalbody"):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield from _top([n for n in getattr(node, part, []) if isinstance(n, ast.stmt)])


def _sets_endpoint(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        keys = [
            t.slice
            for t in node.targets
            if isinstance(t, ast.Subscript) and ast.unparse(t.value).endswith("environ")
        ]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        name = ast.unparse(node.value.func)
        keys = node.value.args[:1] if name.endswith(("environ.setdefault", "os.putenv")) else []
    else:
        return False
    return any(isinstance(key, ast.Constant) and key.value == "HF_ENDPOINT" for key in keys)


def _shadows(found: list[Code], goal: Goal, installed: Mapping[str, str]) -> Iterator[SourceUse]:
    """Files named like a module that the code in their own folder needs."""
    by_folder: dict[Path, list[Code]] = {}
    for code in found:
        by_folder.setdefault(code.path.parent, []).append(code)
    for folder in dict.fromkeys([*_roots(goal), *by_folder]):
        if (folder / "__init__.py").exists():
            continue  # part of a package: imported by another name
        needed = {name for code in by_folder.get(folder, ()) for name in _imported(code)}
        for name in (*STACK, *STDLIB):
            path = next(
                (p for p in (folder / f"{name}.py", folder / name / "__init__.py") if p.is_file()), None
            )
            if path and _matters(name, needed, installed, folder in _roots(goal)):
                root = Path(goal.root_dir)
                yield SourceUse(
                    file=str(path.relative_to(root)) if root in path.parents else str(path), line=0, what=name
                )


def _matters(name: str, needed: set[str], installed: Mapping[str, str], at_root: bool) -> bool:
    uses_stack = bool(needed & set(ALWAYS)) or bool(needed & set(HF))
    if name in STDLIB:
        return uses_stack
    there = (DISTRIBUTIONS.get(name) or name.replace("_", "-").lower()) in installed
    return there and (name in needed or (name in ALWAYS and (uses_stack or at_root)))
