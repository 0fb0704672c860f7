"""Whether what a file imports is there: told from the folders of an environment, nothing is imported.

Only what is certain counts. Where packages may come from elsewhere, or make their names as they are imported, nothing
is said to be missing.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from doctor.probes.jupyter.kernels.sites import borrows, sites_of
from doctor.probes.python.interpreter import sees_system
from doctor.reading.peek import is_file, is_folder, peek_text

MAKES_NAMES = re.compile(
    r"__getattr__|sys\.modules|__path__|import \*"
)  # what a package offers is not in its text


def first_lost(tree: ast.Module, prefix: str, *beside: Path) -> tuple[str, int] | None:
    """What the first plain import that fails would say, and its line. `beside`: other folders that it may come from."""
    for statement in tree.body:
        for module, name in _imported(statement):
            if lacks(prefix, module, *beside):
                return f"ModuleNotFoundError: No module named {module!r}", statement.lineno
            if name and _lacks_name(prefix, module, name):
                said = f"ImportError: cannot import name {name!r} from {module!r}"
                return said, statement.lineno
    return None


def _imported(statement: ast.stmt) -> Iterator[tuple[str, str | None]]:
    """Modules, and names of modules, that a statement imports."""
    if isinstance(statement, ast.Import):
        yield from ((alias.name, None) for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
        yield from ((statement.module, alias.name) for alias in statement.names if alias.name != "*")


def lacks(prefix: str, module: str, *beside: Path) -> bool:
    """Whether an environment certainly has no such module."""
    parts = module.split(".")
    sites = _sites(prefix)
    if parts[0] in sys.stdlib_module_names or not sites or os.environ.get("PYTHONPATH"):
        return False
    place = _place(sites, parts[0])
    if place is None:
        return not any(map(borrows, sites)) and _place((*beside, Path.cwd()), parts[0]) is None
    for part in parts[1:]:
        if not is_file(place / "__init__.py"):
            return False  # a part of a namespace, or a single file
        below = _place((place,), part)
        if below is None:
            text = peek_text(place / "__init__.py")
            return not re.search(MAKES_NAMES, text) and not re.search(rf"\b{re.escape(part)}\b", text)
        place = below
    return False


def _lacks_name(prefix: str, module: str, name: str) -> bool:
    """Whether a package of the environment certainly does not offer a name: it is neither a part of it nor in its text."""
    place = next(iter(_sites(prefix)), None)
    for part in module.split("."):
        place = _place((place,), part) if place else None
    if place is None or not is_file(place / "__init__.py") or _place((place,), name):
        return False
    text = peek_text(place / "__init__.py")
    return not re.search(MAKES_NAMES, text) and not re.search(rf"\b{re.escape(name)}\b", text)


def _place(folders: Sequence[Path], name: str) -> Path | None:
    """The folder of a package, or the path of a module without its ending."""
    for folder in folders:
        path = folder / name
        if is_folder(path) or is_file(path.with_suffix(".py")) or any(folder.glob(f"{name}.*.so")):
            return path
    return None


def _sites(prefix: str) -> list[Path]:
    """The folders that an environment's Python takes packages from; none where that is not known."""
    place = Path(prefix)
    closed = is_file(place / "pyvenv.cfg") and not sees_system(place)
    return sites_of(place) if prefix and (closed or is_folder(place / "conda-meta")) else []
