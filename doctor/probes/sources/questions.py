"""What is asked of each parsed file: tasks, arguments, variables that come too late, names that hide a module."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.facts import SourceUse
from doctor.goal import Goal
from doctor.probes.python.shadows import DISTRIBUTIONS, STACK
from doctor.probes.sources.reading import EXPORT, Code, roots
from doctor.reading.peek import is_file, is_there

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
READ_AT_IMPORT = (
    *(
        "HF_ENDPOINT",
        "HF_HOME",
        "HF_HUB_CACHE",
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
        "HF_HUB_DISABLE_XET",
    ),
    *("HF_HUB_ENABLE_HF_TRANSFER", "HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT"),
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
    "regex", "yaml", "filelock", "typing_extensions", "jinja2", "sympy", "accelerate", "PIL", "sklearn", "scipy",
)  # fmt: skip


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


def tasks(code: Code) -> Iterator[SourceUse]:
    if "transformers" not in _imported(code) or _own_pipeline(code):
        return
    for call in _calls(code):
        if _called(call) == "pipeline":
            named = [keyword.value for keyword in call.keywords if keyword.arg == "task"]
            for value in (*call.args[:1], *named):
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield SourceUse(file=code.shown, line=value.lineno, what=value.value[:60])


def arguments(code: Code) -> Iterator[SourceUse]:
    if "transformers" not in _imported(code) or _own_pipeline(code):
        return
    for call in _calls(code):
        if _called(call) in ("pipeline", "from_pretrained"):
            for keyword in call.keywords:
                if keyword.arg in ARGUMENTS:
                    yield SourceUse(file=code.shown, line=keyword.value.lineno, what=keyword.arg)


def chats(code: Code) -> Iterator[SourceUse]:
    """Chat templates, which are written for jinja2."""
    for call in _calls(code):
        if _called(call) == "apply_chat_template":
            yield SourceUse(file=code.shown, line=call.lineno, what="apply_chat_template")


def late_settings(code: Code) -> Iterator[SourceUse]:
    """Where a variable is set after the first import that reads it, and never before. In functions: not judged."""
    imported: str | None = None
    seen: set[str] = set()
    for node in (node for tree in code.trees for node in _top(tree.body)):
        imported = imported or next((name for name in _modules_of(node) if name in HF), None)
        for name in (name for name in _set_by(node) if name not in seen):
            seen.add(name)
            if imported:
                yield SourceUse(
                    file=code.shown, line=getattr(node, "lineno", 0), what=imported, variable=name
                )


def lost_exports(code: Code) -> Iterator[SourceUse]:
    """`!export NAME=value`: a shell of its own has it, and ends with the line."""
    nodes = (node for tree in code.trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    for node in nodes:
        if isinstance(node.value, str) and node.value.startswith(EXPORT):
            name = node.value.removeprefix(EXPORT)
            yield SourceUse(file=code.shown, line=node.lineno, what=name, variable=name)


def _top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements in the order in which they run when the file does."""
    for node in body:
        yield node
        for part in ("body", "handlers", "orelse", "finalbody"):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield from _top([n for n in getattr(node, part, []) if isinstance(n, ast.stmt)])


def _set_by(node: ast.stmt) -> list[str]:
    """The variables that huggingface_hub reads at its import and that a statement sets."""
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
        return []
    named = (key.value for key in keys if isinstance(key, ast.Constant))
    return [name for name in named if name in READ_AT_IMPORT]


def shadows(found: list[Code], goal: Goal, installed: Mapping[str, str]) -> Iterator[SourceUse]:
    """Files named like a module that the code in their own folder needs."""
    by_folder: dict[Path, list[Code]] = {}
    for code in found:
        by_folder.setdefault(code.path.parent, []).append(code)
    for folder in dict.fromkeys([*roots(goal), *by_folder]):
        if is_there(folder / "__init__.py"):
            continue  # part of a package: imported by another name
        needed = {name for code in by_folder.get(folder, ()) for name in _imported(code)}
        for name in (*STACK, *STDLIB):
            path = next(
                (p for p in (folder / f"{name}.py", folder / name / "__init__.py") if is_file(p)), None
            )
            if path and _matters(name, needed, installed, folder in roots(goal)):
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
