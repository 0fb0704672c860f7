"""The person's configuration files: which setting is where, by precedence. Never run, secrets only by their shape."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doctor.facts import SettingsFile
from doctor.probes.jupyter.files.places import config_path
from doctor.probes.jupyter.files.pyconfig import COMPUTED, Said, read_python
from doctor.probes.jupyter.kernels.sites import has_package
from doctor.reading.peek import peek

# Measured with jupyter_server 2.21: of two files the one named first wins, and .json wins over .py.
NAMES = ("jupyter_server_config", "jupyter_lab_config", "jupyter_config", "jupyter_notebook_config")
SECRET = re.compile(r"password$|^token$|secret|_key$|passwd", re.IGNORECASE)
HASH = re.compile(r"^(argon2|sha1|sha224|sha256|sha384|sha512|md5|bcrypt):.")
SHOWN = {
    "ip", "port", "root_dir", "notebook_dir", "preferred_dir", "base_url", "allow_origin", "certfile", "keyfile", "client_ca",
    "default_url", "sock", "port_retries",
}  # fmt: skip


def person_files(prefix: str) -> tuple[SettingsFile, ...]:
    """The files that a Jupyter of this environment would read, and the old one that it does not."""
    there = [
        (folder / f"{name}{end}", (NAMES.index(name), rank, int(end == ".py")))
        for rank, folder in enumerate(config_path(prefix))
        for name in NAMES
        for end in (".json", ".py")
        if os.path.lexists(folder / f"{name}{end}")
    ]
    if not there:
        return ()
    marks: dict[str, str] = {}
    # Else the Jupyter of an environment that is not known reads them.
    reader = prefix if has_package(prefix, "jupyter_server") else ""
    return tuple(_read(path, rank, marks, reader) for path, rank in there)


def _read(path: Path, rank: tuple[int, ...], marks: dict[str, str], prefix: str) -> SettingsFile:
    try:
        about = path.stat()
        said = _parsed(path, prefix)
    except OSError as error:
        return SettingsFile(path=str(path), rank=rank, error=error.strerror or str(error))
    private = {name for name in said.values if SECRET.search(name.rpartition(".")[2])}
    return SettingsFile(
        path=str(path),
        rank=rank,
        mode=about.st_mode & 0o777,
        open_to_others=bool(about.st_mode & 0o044) and _reachable(path),
        changed_at=about.st_mtime,
        error=said.error,
        line=said.line,
        settings={n: _shown(n, v, marks) for n, v in said.values.items() if n not in private},
        secrets={n: _shape(v, marks) for n, v in said.values.items() if n in private},
        lost_classes={n: v for n, v in said.values.items() if _names_lost_class(n, v, prefix)},
    )


def _names_lost_class(name: str, value: Any, prefix: str) -> bool:
    """`contents_manager_class = "jupytext.TextFileContentsManager"`, where there is no jupytext."""
    module = value.rpartition(".")[0] if isinstance(value, str) and name.endswith("_class") else ""
    if not module:
        return False
    from doctor.probes.jupyter.kernels.imports import lacks  # only where somebody names a class

    return lacks(prefix, module)


def _parsed(path: Path, prefix: str) -> Said:
    source = peek(path)
    if source is None:
        return Said(error="it may not be read" if not os.access(path, os.R_OK) else "it is no regular file")
    if path.suffix == ".py":
        return read_python(source, path, prefix)
    try:
        data = json.loads(source)
    except json.JSONDecodeError as error:
        return Said(error=f"{error.msg} (column {error.colno})", line=error.lineno)
    except (ValueError, RecursionError) as error:
        return Said(error=str(error) or type(error).__name__)
    if not isinstance(data, dict):
        return Said(error="not an object")
    return Said(dict(_flat(data)))


def _flat(data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for section, traits in data.items():
        for trait, value in traits.items() if isinstance(traits, dict) else ():
            yield f"{section}.{trait}", value


def _shape(value: Any, marks: dict[str, str]) -> str:
    """What kind of secret it is. Equal ones get equal numbers, so that files can be compared."""
    if value is COMPUTED:
        return "computed"
    if value in ("", None, b""):
        return "empty"
    kind = "hash" if isinstance(value, str) and HASH.match(value) else "plain"
    return _mark(kind, value, marks)


def _shown(name: str, value: Any, marks: dict[str, str]) -> str | int | bool | None:
    if value is COMPUTED:
        return "computed"
    if name.endswith(".jpserver_extensions") and isinstance(value, dict):
        return " ".join(sorted(str(extension) for extension, on in value.items() if on is False))
    if value is None or isinstance(value, bool | int) or (name.rpartition(".")[2] in SHOWN):
        return (
            value if isinstance(value, str | bool | int | None) else _mark(type(value).__name__, value, marks)
        )
    return _mark("text" if isinstance(value, str) else type(value).__name__, value, marks)


def _mark(kind: str, value: Any, marks: dict[str, str]) -> str:
    return marks.setdefault(repr(value), f"{kind}#{len(marks) + 1}")


def _reachable(path: Path) -> bool:
    """Whether another user can walk to it."""
    try:
        return all(folder.stat().st_mode & 0o011 for folder in path.resolve().parents)
    except OSError:
        return False
