"""Where the person's code takes a notebook's language from it: with LC_ALL=C its kernel takes all text for ASCII."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from doctor.facts import SourceUse
from doctor.probes.sources.reading import Code

NAMES = ("LC_ALL", "LC_CTYPE", "LANG")
PLAIN = ("C", "POSIX")


def locales(code: Code) -> Iterator[SourceUse]:
    for tree in code.trees:
        for node in ast.walk(tree):
            for name in _set_by(node):
                yield SourceUse(file=code.shown, line=getattr(node, "lineno", 0), what=name, variable=name)


def _set_by(node: ast.AST) -> Iterator[str]:
    """`os.environ["LC_ALL"] = "C"`, and the like of putenv, setdefault, update and setlocale."""
    if isinstance(node, ast.Assign) and _plain(node.value):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and ast.unparse(target.value).endswith("environ"):
                yield from _named(target.slice)
    elif isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        if called.endswith(("putenv", "environ.setdefault")) and len(node.args) == 2 and _plain(node.args[1]):
            yield from _named(node.args[0])
        elif called.endswith("setlocale") and len(node.args) == 2 and _plain(node.args[1]):
            yield from (name for name in NAMES[:2] if ast.unparse(node.args[0]).endswith(name))
        elif called.endswith("environ.update"):
            yield from (word.arg for word in node.keywords if word.arg in NAMES and _plain(word.value))


def _plain(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in PLAIN


def _named(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and value.value in NAMES:
        yield str(value.value)
