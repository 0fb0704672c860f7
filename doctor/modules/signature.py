"""Which arguments a function or a class takes, and which calls a function makes in any case."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

# What comes in between, so that the arguments in the text need not be those of the call.
PLAIN = {"staticmethod", "abstractmethod"}


def arguments(one: ast.FunctionDef | ast.ClassDef) -> frozenset[str] | None:
    """All arguments that may be given by name; None where the text does not say all of them."""
    if isinstance(one, ast.ClassDef):
        makers = {part.name for part in one.body if isinstance(part, ast.FunctionDef)}
        if one.decorator_list or one.keywords or "__new__" in makers:
            return None
        made = next((p for p in one.body if isinstance(p, ast.FunctionDef) and p.name == "__init__"), None)
        return arguments(made) if made else None
    if one.decorator_list or one.args.kwarg:
        return None
    return frozenset(arg.arg for arg in (*one.args.args, *one.args.kwonlyargs))


def certain_calls(tree: ast.Module, names: Collection[str]) -> Iterator[ast.Call]:
    """Calls of these names in the functions of a module and of its classes; not what depends on anything."""
    for one in tree.body:
        for function in one.body if isinstance(one, ast.ClassDef) else [one]:
            if isinstance(function, ast.FunctionDef):
                for statement in function.body:
                    yield from _calls(statement, names)


def _calls(statement: ast.stmt, names: Collection[str]) -> Iterator[ast.Call]:
    if not isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return) or not statement.value:
        return
    call = statement.value
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names:
        yield call
