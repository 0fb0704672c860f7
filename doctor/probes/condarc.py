"""Conda's settings files, read without conda and without a YAML library: the few keys that name channels and ways.

Of YAML only what `conda config` writes is understood: a value, a list in either form, or one level of a mapping
(whose values may be lists). What is not understood is left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from doctor.peek import is_file, peek_text

ALIAS = "https://conda.anaconda.org"
# What `defaults` means where no file says otherwise.
DEFAULTS = ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")
LINE = re.compile(r"^(?P<indent>\s*)(?P<dash>-\s+)?(?:(?P<key>[\w./-]+)\s*:(?:\s+|$))?(?P<value>.*)$")

Value = str | list[str] | dict[str, str]


class Condarc(msgspec.Struct, frozen=True):
    """One file and what it says. Addresses may hold logins: not for facts as they are."""

    path: str
    values: dict[str, Value]

    def words(self, key: str) -> list[str]:
        """A list, or one word as a list of one."""
        value = self.values.get(key, [])
        return value if isinstance(value, list) else [value] if isinstance(value, str) and value else []

    def mapping(self, key: str) -> dict[str, str]:
        value = self.values.get(key, {})
        return value if isinstance(value, dict) else {}


def files(roots: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """The files that exist, in conda's order: those that come later win. `roots` are conda installs and environments."""
    home = Path(environ.get("HOME") or "~").expanduser()
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "conda"
    for folder in (Path("/etc/conda"), Path("/var/lib/conda"), *map(Path, roots), config, home / ".conda"):
        yield from _in_folder(folder)
    prefix = environ.get("CONDA_PREFIX")
    own = environ.get("CONDARC")
    last = [home / ".condarc", *([Path(own).expanduser()] if own else [])]
    yield from (path for path in last if is_file(path))
    if prefix and prefix not in roots:
        yield from _in_folder(Path(prefix))


def _in_folder(folder: Path) -> Iterator[Path]:
    listed = sorted((folder / "condarc.d").glob("*.y*ml"))
    yield from (path for path in (folder / ".condarc", folder / "condarc", *listed) if is_file(path))


def read_all(roots: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> tuple[Condarc, ...]:
    """Every file once, in conda's order."""
    return tuple(read(path) for path in dict.fromkeys(files(roots, environ)))


def read(path: Path) -> Condarc:
    return Condarc(str(path), parse(peek_text(path)))


def parse(text: str) -> dict[str, Value]:
    said: dict[str, Value] = {}
    key = ""
    for line in text.splitlines():
        found = LINE.match(_without_comment(line))
        if not found or not (found["key"] or found["value"] or found["dash"]):
            continue
        if found["key"] and not found["indent"] and not found["dash"]:
            key = found["key"]
            said[key] = _value(found["value"])
        elif key:
            said[key] = _more(said[key], found)
    return said


def _without_comment(line: str) -> str:
    return re.sub(r"(^|\s)#.*$", "", line).rstrip()


def _more(value: Value, found: re.Match[str]) -> Value:
    """A line below a key: an item of its list, or an entry of its mapping."""
    if found["dash"]:
        item = _word(f"{found['key']}: {found['value']}" if found["key"] else found["value"])
        return [*value, item] if isinstance(value, list) else value or [item]
    if found["key"] and not isinstance(value, list):
        return {**(value if isinstance(value, dict) else {}), found["key"]: _word(found["value"])}
    return value


def _value(text: str) -> Value:
    if text.startswith("[") and text.endswith("]"):
        return [_word(part) for part in text[1:-1].split(",") if part.strip()]
    return _word(text)


def _word(text: str) -> str:
    return text.strip().strip("'\"")


# --- channels ----------------------------------------------------------------------------------------


class Wanted(msgspec.Struct, frozen=True):
    """A channel that a file asks for, and the address that conda makes of it."""

    name: str
    url: str
    source: str


def channels(condarcs: tuple[Condarc, ...]) -> tuple[Wanted, ...]:
    """Each configured channel once. Names are expanded as conda does it; local folders are left out."""
    custom = {name: url for one in condarcs for name, url in one.mapping("custom_channels").items()}
    alias = next((a for one in reversed(condarcs) for a in one.words("channel_alias")), ALIAS)
    found: dict[str, Wanted] = {}
    for condarc, name in _named(condarcs):
        url = expand(name, custom, alias)
        if url.startswith(("http://", "https://")):
            found.setdefault(url, Wanted(name, url, condarc.path))
    return tuple(found.values())


def _named(condarcs: tuple[Condarc, ...]) -> Iterator[tuple[Condarc, str]]:
    """The channels of all files together; `defaults`, also when it is only meant, as what stands for it."""
    named = [(one, name) for one in condarcs for name in one.words("channels")]
    yield from ((one, name) for one, name in named if name not in ("defaults", "nodefaults"))
    if not named or any(name == "defaults" for _, name in named):
        yield from ((one, name) for one in condarcs for name in one.words("default_channels"))
    asking = next((one for one, name in named if name == "defaults"), None)
    if asking and not any(one.words("default_channels") for one in condarcs):
        yield from ((asking, url) for url in DEFAULTS)


def expand(name: str, custom: Mapping[str, str], alias: str) -> str:
    name = name.partition("::")[0].rstrip("/")
    if "://" in name or name.startswith(("/", ".", "~")):
        return name
    for prefix in (name, name.partition("/")[0]):
        if prefix in custom:
            return f"{custom[prefix].rstrip('/')}/{name}"
    return f"{alias.rstrip('/')}/{name}"
