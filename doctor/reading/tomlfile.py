"""TOML files into typed records, with the line and the nearest key when something is misspelt."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from doctor.errors import Trouble, bad_input
from doctor.near import nearest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Record = TypeVar("Record", bound=msgspec.Struct)
Value = TypeVar("Value")
HEADER = re.compile(r"^\[", re.MULTILINE)


def load(path: Path, kind: type[Record]) -> Record:
    """The file as a `kind`. Raises Trouble (exit 2) that names file, line and the nearest key."""
    text = _read(path)
    data = _parse(path, text)
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise _explain(path, text, kind, str(error)) from error


def load_table(path: Path, kind: type[Value]) -> dict[str, Value]:
    """The file as a mapping from its tables' names to records. Raises Trouble (exit 2)."""
    data = _parse(path, _read(path))
    try:
        return msgspec.convert(data, dict[str, kind])  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise bad_input(f"{path}: {error}", f"{path}：{error}") from error


def load_one(path: Path, name: str, kind: type[Value]) -> Value | None:
    """One table of such a file. None where its text alone is no table: the whole file has to be read then."""
    _, _, text = f"\n{_read(path)}".partition(f"\n[{name}]\n")
    try:
        return msgspec.convert(tomllib.loads(HEADER.split(text, 1)[0]), kind) if text else None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError):
        return None


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise bad_input(f"{path}: not valid TOML: {error}", f"{path}：不是有效的 TOML：{error}") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(f"cannot read {path}: {error}", f"无法读取 {path}：{error}") from error


def _explain(path: Path, text: str, kind: type[msgspec.Struct], error: str) -> Trouble:
    unknown = re.search(r"unknown field `([^`]+)`", error)
    if unknown:
        return _unknown_key(path, text, kind, unknown.group(1))
    where = re.search(r"`\$\.?([^`]*)`", error)
    key = re.split(r"[.\[]", where.group(1))[-1].strip("]") if where and where.group(1) else ""
    line = f"{path}:{line_of(text, key)}" if key and line_of(text, key) else str(path)
    return bad_input(f"{line}: {error}", f"{line}：{error}")


def _unknown_key(path: Path, text: str, kind: type[msgspec.Struct], key: str) -> Trouble:
    near = nearest(key, sorted(known_keys(kind)))
    en = f"; did you mean `{near[0]}`?" if near else ""
    zh = f"；是否想写 `{near[0]}`？" if near else ""
    line = line_of(text, key)
    return bad_input(f"{path}:{line}: unknown key `{key}`{en}", f"{path}:{line}：未知的键 `{key}`{zh}")


def line_of(text: str, key: str) -> int:
    """The first line (from 1) that sets `key` or opens a table of that name; 0 when there is none."""
    pattern = re.compile(rf'\s*(\[+\s*)?"?{re.escape(key)}"?\s*(=|\]|\.)')
    return next((n for n, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 0)


def known_keys(kind: Any) -> set[str]:
    """Every key that a record of this kind may hold, those of its inner records included."""
    keys: set[str] = set()
    for field in msgspec.structs.fields(kind):
        keys.add(field.encode_name)
        for inner in getattr(field.type, "__args__", (field.type,)):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                keys |= known_keys(inner)
    return keys
