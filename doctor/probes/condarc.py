"""Conda's own settings, read as conda reads them: all its files, the last word winning, and what cannot be read.

For probes only: channel addresses may hold passwords and tokens here. `shown` takes them out for facts.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from doctor.peek import peek

# conda/base/constants.py: SEARCH_PATH, weakest first.
PLACES = (
    "/etc/conda",
    "/var/lib/conda",
    "$CONDA_ROOT",
    "$XDG_CONFIG_HOME/conda",
    "~/.config/conda",
    "~/.conda",
    "~/.condarc",
    "$CONDA_PREFIX",
    "$CONDARC",
)
LARGEST = 100_000  # bytes; more is no settings file
MAIN = ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")  # what `defaults` means
ALIAS = "https://conda.anaconda.org"
LISTS = (
    "channels",
    "default_channels",
    "pkgs_dirs",
    "envs_dirs",
    "pinned_packages",
    "create_default_packages",
)
ALIASES = {"channel": "channels", "pkgs_dir": "pkgs_dirs", "envs_dir": "envs_dirs", "envs_path": "envs_dirs"}


class Condarc(msgspec.Struct, frozen=True):
    """The settings of all files together, and the files that conda cannot read, each with the reason."""

    files: tuple[str, ...] = ()
    settings: dict[str, Any] = {}
    broken: tuple[tuple[str, str], ...] = ()

    def strings(self, name: str) -> tuple[str, ...]:
        """A setting that is a list, its variables filled in; one word is a list of one."""
        value = self.settings.get(name) or ()
        words = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
        return tuple(os.path.expandvars(str(word)).strip() for word in words)

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.settings.get(name)
        return value if isinstance(value, dict) else {}


def read(root: str | None, environ: Mapping[str, str] = os.environ, base: Path = Path("/")) -> Condarc:
    """What conda at `root` would find. `base` stands for `/` where a test wants another."""
    files, broken, found = [], [], []
    for path in files_of(root, environ, base):
        files.append(str(path))
        settings = load(path)
        if isinstance(settings, str):
            broken.append((str(path), settings))
        else:
            found.append(settings)
    return Condarc(tuple(files), merged([*found, from_environ(environ)]), tuple(broken))


def files_of(root: str | None, environ: Mapping[str, str], base: Path = Path("/")) -> Iterator[Path]:
    seen = set()
    for place in PLACES:
        path = _expanded(place, {**environ, "CONDA_ROOT": root or ""}, base)
        for file in _files_at(path) if path else ():
            if file not in seen:
                seen.add(file)
                yield file


def _expanded(place: str, environ: Mapping[str, str], base: Path) -> Path | None:
    if place.startswith("$"):
        name, _, rest = place[1:].partition("/")
        return Path(environ[name]) / rest if environ.get(name) else None
    if place.startswith("~"):
        home = environ.get("HOME")
        return Path(home) / place[2:] if home else None
    return base / place[1:]


def _files_at(path: Path) -> Iterator[Path]:
    """The file, or in a folder `.condarc`, `condarc` and what is in `condarc.d`."""
    if _is_file(path):
        yield path
        return
    yield from (file for file in (path / ".condarc", path / "condarc") if _is_file(file))
    try:
        entries = sorted((path / "condarc.d").iterdir())
    except OSError:
        return
    yield from (entry for entry in entries if entry.suffix in (".yml", ".yaml") and _is_file(entry))


def _is_file(path: Path) -> bool:
    """A plain file: opening a FIFO would wait for ever."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def load(path: Path) -> dict[str, Any] | str:
    """The settings in one file, or why conda cannot read it."""
    import yaml  # type: ignore[import-untyped]  # costs start-up time, so only where there is something to read

    content = peek(path, LARGEST)
    if content is None:
        return "this user may not read it"
    try:
        said = yaml.safe_load(content.decode())
    except yaml.MarkedYAMLError as error:  # its own words may quote the file, so only the place is told
        mark = error.problem_mark
        return f"line {mark.line + 1}: {_problem(error.problem)}" if mark else "no YAML"
    except (yaml.YAMLError, UnicodeDecodeError):
        return "not text"
    if said is None:
        return {}
    return said if isinstance(said, dict) else "no `name: value` lines"


def _problem(said: str | None) -> str:
    return "a tab" if said and r"'\t'" in said else re.sub(r"'[^']{3,}'", "'…'", said or "no YAML")


def from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    """CONDA_CHANNELS and its like, which win over every file."""
    return {
        ALIASES.get(name[6:].lower(), name[6:].lower()): value
        for name, value in environ.items()
        if name.startswith("CONDA_")
        and value
        and name[6:].lower() in (*LISTS, *ALIASES, "channel_alias", "solver")
    }


def merged(found: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Weakest first. Lists are joined, the strongest file's words first; mappings too; else the strongest wins."""
    settings: dict[str, Any] = {}
    for layer in found:
        for name, value in layer.items():
            key = ALIASES.get(str(name), str(name))
            before = settings.get(key)
            if key in LISTS and isinstance(value, str):
                value = value.split(",") if "," in value else [value]
            if isinstance(value, list) and isinstance(before, list):
                settings[key] = list(dict.fromkeys(map(str, [*value, *before])))
            elif isinstance(value, dict) and isinstance(before, dict):
                settings[key] = {**before, **value}
            elif value is not None or key not in settings:
                settings[key] = value
    return settings


def channels(condarc: Condarc) -> tuple[str, ...]:
    """The channels as they are named in the settings; `nodefaults` is no channel."""
    return tuple(name for name in condarc.strings("channels") if name and name != "nodefaults")


def urls(condarc: Condarc) -> tuple[str, ...]:
    """The addresses that the channels stand for, each once. Local folders are left out."""
    found = (url for name in channels(condarc) for url in expand(name, condarc))
    return tuple(dict.fromkeys(url for url in found if re.match(r"https?://", url)))


def expand(name: str, condarc: Condarc) -> tuple[str, ...]:
    """The addresses of one channel, as conda makes them of its name."""
    if "://" in name or name.startswith(("/", ".", "~")):
        return (name.rstrip("/"),)
    if name == "defaults":
        own = condarc.strings("default_channels")
        return tuple(url for word in own for url in expand(word, condarc)) if own else MAIN
    members = condarc.mapping("custom_multichannels").get(name)
    if isinstance(members, list):
        return tuple(url for word in members if word != name for url in expand(str(word), condarc))
    alias = str(condarc.settings.get("channel_alias") or ALIAS)
    first = name.split("/")[0]
    custom = condarc.mapping("custom_channels")
    home = (
        custom.get(name) or custom.get(first) or ("https://repo.anaconda.com" if first == "pkgs" else alias)
    )
    return (f"{os.path.expandvars(str(home)).rstrip('/')}/{name}",)


def shown(url: str) -> str:
    """An address without user, password and token, for facts and for people."""
    plain = re.sub(r"://[^/@\s]*@", "://", url)
    plain = re.sub(r"/t/[^/\s]+/", "/t/…/", plain)
    return plain.partition("?")[0]
