"""What pip and uv are told and cannot work with, or pass over without a word."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from doctor.facts.network import Flaw
from doctor.near import one_slip
from doctor.probes.installers.pip import SECTIONS, Setting, in_file, of_pip, parsed, pip_files, read_pip
from doctor.probes.installers.pip_values import ends_pip, pip_folders, wheels_only
from doctor.probes.installers.places import links_alone
from doctor.probes.installers.uv_files import uv_file_flaws
from doctor.probes.installers.uv_told import uv_told
from doctor.probes.installers.uv_values import YES
from doctor.probes.python.interpreter import sees_system
from doctor.reading.peek import is_file, is_there, peek

# Options that people write into pip's files.
KEYS = (
    "index-url", "extra-index-url", "trusted-host", "no-index", "find-links", "timeout", "default-timeout", "retries",
    "proxy", "cert", "client-cert", "cache-dir", "no-cache-dir", "constraint", "requirement", "build-constraint",
    "no-binary", "only-binary", "prefer-binary", "require-virtualenv", "break-system-packages", "no-deps", "pre",
    "target", "prefix", "root", "user", "log", "src", "index", "format", "quiet", "verbose", "no-build-isolation",
)  # fmt: skip
LONGER = {"extra-index": "extra-index-url"}  # more than one letter is missing
ONE_PLATFORM = ("platform", "python-version", "implementation", "abi")
NEVER = ("require-hashes", "dry-run", "no-deps", "no-dependencies")  # for all installations


def flaws(
    prefix: str, environ: Mapping[str, str] = os.environ, folder: Path | None = None
) -> tuple[Flaw, ...]:
    """What pip and uv cannot work with, or pass over. `folder` is that of the notebooks."""
    known = read_pip(prefix, environ)
    return (
        *_unreadable(prefix, environ),
        *uv_file_flaws(environ, folder),
        *_without_effect(prefix, environ),
        *_index_flaws(known),
        *_uv_flaws(environ, Path(prefix)),
        *_other_flaws(known),
        *_stopping(known, Path(prefix)),
        *pip_folders(known, environ),
        *wheels_only(known),
    )


def _uv_flaws(environ: Mapping[str, str], prefix: Path) -> Iterator[Flaw]:
    yield from uv_told(environ, prefix)
    if any(name.startswith("UV_") for name in environ):
        from doctor.probes.installers.uv_variables import uv_flaws  # few have such variables

        yield from uv_flaws(environ)


def _unreadable(prefix: str, environ: Mapping[str, str]) -> Iterator[Flaw]:
    for path in dict.fromkeys(pip_files(prefix, environ)):
        said = _pip_error(peek(path) or b"")
        if said:
            yield Flaw(kind="unreadable", source=str(path), said=said)


def _without_effect(prefix: str, environ: Mapping[str, str]) -> Iterator[Flaw]:
    """Misspelt names: pip takes what it knows from its files, and passes over the rest without a word."""
    for path in filter(is_file, dict.fromkeys(pip_files(prefix, environ))):
        for section in parsed(path).sections():
            lower = section.lower()  # pip minds the case of a section, and not that of a name
            right = lower if lower in SECTIONS else one_slip(lower, SECTIONS)
            if right and section not in SECTIONS:
                yield Flaw(kind="no-effect", source=str(path), key=f"[{section}]", said=f"[{right}]")
        for key in in_file(path):
            meant = None if key in KEYS else LONGER.get(key) or one_slip(key, KEYS)
            if meant:
                yield Flaw(kind="no-effect", source=str(path), key=key, said=meant)


def _pip_error(content: bytes) -> str:
    """Why pip ends at once; its own words quote the file, so only the place is told."""
    try:
        configparser.RawConfigParser().read_string(content.decode())
    except UnicodeDecodeError:
        return "not UTF-8"
    except configparser.MissingSectionHeaderError as error:
        return f"line {error.lineno}: no [global] above it"
    except configparser.Error as error:
        return f"{type(error).__name__}, line {getattr(error, 'lineno', '?')}"
    return ""


def _index_flaws(known: Mapping[str, Setting]) -> Iterator[Flaw]:
    """Only what is in effect is judged: a file that a variable outweighs does no harm."""
    trusted = known["trusted-host"].value.split() if "trusted-host" in known else []
    for setting, _ in of_pip(known):
        shown = re.sub(r"//[^/@\s]*@", "//", setting.value)
        if not re.fullmatch(r"(https?|file)://[^\s,]+(,(?!http)[^\s,]*)*", setting.value):
            yield Flaw(kind="index", source=setting.source, key=setting.key, said=shown)
        elif setting.value.startswith("http://") and not _is_trusted(setting.value, trusted):
            yield Flaw(kind="plain-http", source=setting.source, key=setting.key, said=shown)


def _is_trusted(url: str, trusted: list[str]) -> bool:
    """pip trusts this machine, and the hosts (with or without a port) that it is told to."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return (
        host in ("localhost", "::1")
        or host.startswith("127.")
        or bool({host, parts.netloc, "*"} & set(trusted))
    )


def _other_flaws(known: Mapping[str, Setting]) -> Iterator[Flaw]:
    flag = known.get("no-index")
    if flag and flag.value.lower() in YES and not _has_links(known):
        yield Flaw(kind="no-index", source=flag.source, key="no-index", said=flag.value)
    elif flag and flag.value.lower() in YES and "/" in flag.source:
        yield links_alone(flag.value, flag.source, known["find-links"].value)
    for key in ("constraint", "requirement", "build-constraint"):
        for path in known[key].value.split() if key in known else ():
            if "://" not in path and not is_there(Path(path).expanduser()):
                yield Flaw(kind="constraint", source=known[key].source, key=key, said=path)
    for key in ("target", "prefix", "root"):
        if key in known:
            yield Flaw(kind="elsewhere", source=known[key].source, key=key, said=known[key].value)


def _stopping(known: Mapping[str, Setting], prefix: Path) -> Iterator[Flaw]:
    """Options that are right for one installation, or elsewhere, and values that pip ends at."""
    for key, setting in known.items():
        if _stops(key, setting.value.strip(), prefix):
            yield Flaw(kind="stops", source=setting.source, key=key, said=setting.value)


def _stops(key: str, value: str, prefix: Path) -> bool:
    if key in ("timeout", "default-timeout", "retries"):
        return not re.fullmatch(r"\d+(\.\d+)?" if key != "retries" else r"\d+", value)
    if key in ONE_PLATFORM or ends_pip(key, value):
        return True
    if key == "no-binary":
        return bool({":all:", "torch", "tokenizers"} & set(re.split(r"[\s,]+", value)))
    if value.lower() not in YES:
        return False
    is_venv = is_file(prefix / "pyvenv.cfg")
    closed = is_venv and key == "user" and not sees_system(prefix)
    return key in NEVER or closed or (key.startswith("require-v") and not is_venv)


def _has_links(known: Mapping[str, Setting]) -> bool:
    """Whether packages come from a folder or a page instead; pip passes over a folder that is not there."""
    places = known["find-links"].value.split() if "find-links" in known else []
    return any("://" in place or is_there(Path(place).expanduser()) for place in places)
