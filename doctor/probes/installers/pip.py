"""Which package indexes pip and uv are told to use, and by which file or variable.

scripts/pip_settings.sh translates the same files for uv; it cannot say where a value came from, which is what the
doctor is asked.
"""

from __future__ import annotations

import configparser
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from doctor.probes.installers.uv_files import uv_files
from doctor.reading.peek import is_there, peek_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SECTIONS = ("global", "install")
UV_VARIABLES = {
    "UV_DEFAULT_INDEX": False,
    "UV_INDEX_URL": False,
    "UV_INDEX": True,
    "UV_EXTRA_INDEX_URL": True,
}


class Setting(msgspec.Struct, frozen=True):
    """One value as it is in effect. It may hold a login: not for facts as it is."""

    value: str
    key: str
    source: str


def pip_files(prefix: str, environ: Mapping[str, str] = os.environ) -> list[Path]:
    """pip's order, later files winning. PIP_CONFIG_FILE=/dev/null means no file at all."""
    own = environ.get("PIP_CONFIG_FILE", "")
    if own == os.devnull:
        return []
    home = Path(environ.get("HOME") or "~").expanduser()
    system = [
        Path(base) / "pip/pip.conf" for base in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":") if base
    ]
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    user = [] if own and is_there(Path(own)) else [home / ".pip/pip.conf", config / "pip/pip.conf"]
    return [*system, Path("/etc/pip.conf"), *user, Path(prefix) / "pip.conf", *([Path(own)] if own else [])]


def read_pip(prefix: str, environ: Mapping[str, str] = os.environ) -> dict[str, Setting]:
    """The settings of pip that are in effect, by key; a variable wins over all files."""
    found: dict[str, Setting] = {}
    for path in pip_files(prefix, environ):
        found.update(in_file(path))
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            key = name.removeprefix("PIP_").lower().replace("_", "-")
            found[key] = Setting(value, key, name)
    return found


def parsed(path: Path) -> configparser.RawConfigParser:
    """What pip could not read tells nothing."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(peek_text(path))
    except configparser.Error:
        return configparser.RawConfigParser()
    return parser


def in_file(path: Path) -> dict[str, Setting]:
    """The settings of one file, by key."""
    parser = parsed(path)
    pairs = (pair for section in SECTIONS if parser.has_section(section) for pair in parser.items(section))
    named = ((key.replace("_", "-"), value) for key, value in pairs)
    return {key: Setting(value, key, str(path)) for key, value in named}


def indexes(prefix: str, environ: Mapping[str, str] = os.environ) -> list[tuple[Setting, bool]]:
    """Each index once, and whether it is an extra one. pip's first: uv's variables may be translations of them."""
    found: dict[str, tuple[Setting, bool]] = {}
    for setting, extra in (*of_pip(read_pip(prefix, environ)), *_of_uv(environ)):
        if re.fullmatch(r"https?://\S+", setting.value):
            found.setdefault(setting.value.rstrip("/"), (setting, extra))
    return list(found.values())


def of_pip(settings: Mapping[str, Setting]) -> Iterator[tuple[Setting, bool]]:
    """The indexes among the settings of pip, and whether each is an extra one."""
    if "index-url" in settings:
        yield settings["index-url"], False
    extra = settings.get("extra-index-url")
    for url in extra.value.split() if extra else ():
        yield Setting(url, "extra-index-url", extra.source if extra else ""), True


def _of_uv(environ: Mapping[str, str]) -> Iterator[tuple[Setting, bool]]:
    for name, extra in UV_VARIABLES.items():
        for word in environ.get(name, "").split():
            yield Setting(re.sub(r"^[\w-]+=(?=http)", "", word), name, name), extra
    for path in uv_files(environ):
        yield from _in_uv_file(path)


def _in_uv_file(path: Path) -> Iterator[tuple[Setting, bool]]:
    try:
        said: dict[str, Any] = tomllib.loads(peek_text(path))
    except ValueError:
        return
    for key, extra in (("index-url", False), ("extra-index-url", True)):
        value = said.get(key, [])
        for url in [value] if isinstance(value, str) else _listed(value):
            yield Setting(str(url), key, str(path)), extra
    for entry in _listed(said.get("index", [])):
        if isinstance(entry, dict):
            yield Setting(str(entry.get("url", "")), "[[index]]", str(path)), not entry.get("default", False)


def _listed(value: Any) -> list[Any]:
    """What is no list stops uv, and tells nothing of an index."""
    return value if isinstance(value, list) else []
