"""Reading a .py configuration of traitlets without running it: `c.Class.trait = value`, and what is wrong with it."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

GIVEN = {"c", "get_config", "load_subconfig", "__file__", "__name__", *dir(builtins)}
COMPUTED = object()  # a value that only running the file would tell


class Said(msgspec.Struct, frozen=True):
    """What a configuration says, or why it cannot be read and in which line."""

    values: dict[str, Any] = {}
    error: str | None = None
    line: int | None = None


def read_python(source: bytes, path: Path = Path(), prefix: str = "") -> Said:
    """What the configuration at `path` says to the Jupyter of the environment `prefix`, where that is known."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        said = getattr(error, "msg", None) or str(error)
        return Said(error=f"{type(error).__name__}: {said}", line=getattr(error, "lineno", None))
    names = {"c", *_other_names(tree)}
    values = {name: value for statement in tree.body for name, value in _assigned(statement, names)}
    unknown = _first_unknown(tree)
    if unknown:
        return Said(values, f"NameError: name {unknown.id!r} is not defined", unknown.lineno)
    from doctor.probes.jupyter.kernels.imports import first_lost  # only where somebody has a configuration

    return Said(values, *(first_lost(tree, prefix, path.parent) or ()))


def _other_names(tree: ast.Module) -> Iterator[str]:
    """`config = get_config()`."""
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.value) == "get_config()":
            yield from (ast.unparse(target) for target in statement.targets)


def _assigned(statement: ast.stmt, names: set[str]) -> Iterator[tuple[str, Any]]:
    if not isinstance(statement, ast.Assign):
        return
    for target in statement.targets:
        config, _, setting = ast.unparse(target).partition(".")
        if config in names and setting.count(".") == 1:
            yield setting, _value(statement.value)


def _value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return COMPUTED


def _first_unknown(tree: ast.Module) -> ast.Name | None:
    """The first name that a plain statement uses and nothing gave: `c.ServerApp.ip = localhost`, `C.ServerApp.port = 1`."""
    known = set(GIVEN)
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.Expr):
            inner = known | set(_bound(statement.value))
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            for node in (node for part in (statement.value, *targets) for node in ast.walk(part)):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in inner:
                    return node
        if any(
            isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(statement)
        ):
            return None
        known |= set(_bound(statement))
    return None


def _bound(statement: ast.AST) -> Iterator[str]:
    """The names that a piece of code gives: variables, functions, imports, arguments of a lambda."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
