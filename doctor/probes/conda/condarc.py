"""Conda's own settings, read as conda reads them: all its files, the last word winning, and what cannot be read.

For probes only: channel addresses may hold passwords and tokens here (channels.py: `shown` takes them out).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from doctor.reading.peek import is_there, peek

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
SSL = "CONDA_SSL_VERIFY"
LARGEST = 100_000  # bytes; more is no settings file
LISTS = (
    "channels",
    "default_channels",
    "pkgs_dirs",
    "envs_dirs",
    "pinned_packages",
    "create_default_packages",
)
MAPPINGS = ("proxy_servers", "custom_channels", "custom_multichannels")
YES_OR_NO = (
    "offline",
    "always_yes",
    "always_copy",
    "auto_activate",
    "auto_activate_base",
    "show_channel_urls",
)
ALIASES = {"channel": "channels", "pkgs_dir": "pkgs_dirs", "envs_dir": "envs_dirs", "envs_path": "envs_dirs"}


class Condarc(msgspec.Struct, frozen=True):
    """The settings of all files together, and the files that conda cannot read, each with the reason."""

    files: tuple[str, ...] = ()
    settings: dict[str, Any] = {}
    broken: tuple[tuple[str, str], ...] = ()
    invalid: tuple[tuple[str, str], ...] = ()  # file, setting whose value conda refuses

    def strings(self, name: str) -> tuple[str, ...]:
        """A setting that is a list, its variables filled in; one word is a list of one."""
        value = self.settings.get(name) or ()
        words = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
        return tuple(os.path.expandvars(str(word)).strip() for word in words)

    def source_of(self, channel: str) -> str:
        """The strongest file that names a channel; "" where a variable does."""
        said = ((file, load(Path(file))) for file in reversed(self.files))
        return next((f for f, one in said if isinstance(one, dict) and _names(one, channel)), "")

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.settings.get(name)
        return value if isinstance(value, dict) else {}


def _names(settings: Mapping[str, Any], channel: str) -> bool:
    key = "default_channels" if channel == "defaults" and "channels" not in settings else "channels"
    value = settings.get(key, settings.get("channel"))
    return (channel == "defaults" and key != "channels") or channel in (
        value if isinstance(value, list) else [value]
    )


def read(root: str | None, environ: Mapping[str, str] = os.environ, base: Path = Path("/")) -> Condarc:
    """What conda at `root` would find. `base` stands for `/` where a test wants another."""
    files, broken, found, invalid = [], [], [], []
    for path in files_of(root, environ, base):
        files.append(str(path))
        settings = load(path)
        if isinstance(settings, str):
            broken.append((str(path), settings))
        else:
            found.append(settings)
            invalid += [(str(path), name) for name, value in settings.items() if is_refused(str(name), value)]
    told = from_environ(environ)
    invalid += [(SSL, "ssl_verify") for name in told if name == "ssl_verify" and is_refused(name, told[name])]
    return Condarc(tuple(files), merged([*found, told]), tuple(broken), tuple(invalid))


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
    import yaml  # costs start-up time, so only where there is something to read

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


def is_refused(name: str, value: object) -> bool:
    """Whether conda ends with an error because of this value, whatever it was asked to do."""
    if value is None:
        return False
    if name in LISTS:
        return not isinstance(value, list)
    if name in MAPPINGS:
        return not isinstance(value, dict)
    if name in YES_OR_NO:
        return str(value).lower() not in (
            "true",
            "false",
            "yes",
            "no",
            "on",
            "off",
            "1",
            "0",
            "y",
            "n",
            "none",
            "",
        )
    if name == "channel_priority":
        return str(value).lower() not in ("strict", "flexible", "disabled", "true", "false")
    if name == "ssl_verify" and isinstance(value, str) and value != "truststore":
        said = os.path.expandvars(value)
        return said.lower() not in ("true", "false", "yes", "no") and not is_there(Path(said))
    return False


def from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    """CONDA_CHANNELS and its like, which win over every file."""
    return {
        ALIASES.get(name[6:].lower(), name[6:].lower()): value
        for name, value in environ.items()
        if name.startswith("CONDA_")
        and value
        and name[6:].lower() in (*LISTS, *ALIASES, "channel_alias", "solver", "subdir", "ssl_verify")
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
