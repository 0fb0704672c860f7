"""Reading a .py configuration of traitlets without running it: `c.Class.trait = value`, and what is wrong with it."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from typing import Any

import msgspec

GIVEN = {"c", "get_config", "load_subconfig", "__file__", "__name__", *dir(builtins)}
COMPUTED = object()  # a value that only running the file would tell


class Said(msgspec.Struct, frozen=True):
    """What a configuration says, or why it cannot be read and in which line."""

    values: dict[str, Any] = {}
    error: str | None = None
    line: int | None = None


def read_python(source: bytes) -> Said:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        said = getattr(error, "msg", None) or str(error)
        return Said(error=f"{type(error).__name__}: {said}", line=getattr(error, "lineno", None))
    values = {name: value for statement in tree.body for name, value in _assigned(statement)}
    unknown = _first_unknown(tree)
    if unknown is None:
        return Said(values)
    return Said(values, f"NameError: name {unknown.id!r} is not defined", unknown.lineno)


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, Any]]:
    if not isinstance(statement, ast.Assign):
        return
    for target in statement.targets:
        name = ast.unparse(target)
        if name.startswith("c.") and name.count(".") == 2:
            yield name[2:], _value(statement.value)


def _value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return COMPUTED


def _first_unknown(tree: ast.Module) -> ast.Name | None:
    """The first name that a plain statement uses and nothing gave: `c.ServerApp.ip = localhost`."""
    known = set(GIVEN)
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.Expr):
            inner = known | set(_bound(statement.value))
            for node in ast.walk(statement.value):
                if isinstance(node, ast.Name) and node.id not in inner:
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
