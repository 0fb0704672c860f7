"""Settings files of uv: can it read them, and does it know the names in them? One that it does not know stops it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from doctor.facts.network import Flaw
from doctor.goal.profile import CONFIGS
from doctor.near import one_slip
from doctor.probes.installers.uv_values import wrong_in_file
from doctor.probes.patience import within
from doctor.reading.peek import peek_text
from doctor.reading.tomlfile import load_table

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAMES = CONFIGS / "uv_names.toml"
OF_PIP = {"trusted-host": "allow-insecure-host", "timeout": "UV_HTTP_TIMEOUT", "retries": "UV_HTTP_RETRIES",
          "global": "", "install": "", "default-index": "index-url", "proxy": "http-proxy", "url": "index-url",
          "extra-index": "extra-index-url", "cert": "SSL_CERT_FILE", "default-timeout": "UV_HTTP_TIMEOUT", "user": "",
          "no-cache-dir": "no-cache", "constraint": "constraint-dependencies", "tool": "", "project": "",
          "require-virtualenv": "", "root-user-action": "", "disable-pip-version-check": ""}  # fmt: skip
PROJECT = ("uv.toml", "pyproject.toml")


def uv_files(environ: Mapping[str, str]) -> list[Path]:
    home = Path(environ.get("HOME") or "~").expanduser()
    bases = (Path("/etc"), Path(environ.get("XDG_CONFIG_HOME") or home / ".config"))
    return [base / "uv/uv.toml" for base in bases]


def uv_file_flaws(environ: Mapping[str, str], folder: Path | None) -> Iterator[Flaw]:
    """Of the machine, the person, and the `folder` of the notebooks, which may be on a disk that does not answer."""
    for path in uv_files(environ):
        yield from _in_uv_toml(path, peek_text(path))
    if not folder:
        return
    # Of the home everything is read; another folder gets a thread, and no more than its deadline.
    texts = _texts(folder) if str(folder) == environ.get("HOME") else within(_texts, folder)
    if isinstance(texts, tuple):
        own, project = texts
        yield from _in_uv_toml(folder / PROJECT[0], own)
        if not own and "[tool.uv" in project:  # beside a uv.toml it does not count
            yield from _in_pyproject(folder / PROJECT[1], project)


def _texts(folder: Path) -> tuple[str, ...]:
    return tuple(peek_text(folder / name) for name in PROJECT)


def _in_uv_toml(path: Path, text: str) -> Iterator[Flaw]:
    if not text:
        return
    try:
        said = tomllib.loads(text)
    except ValueError as error:
        place = re.search(r"\(at (.*)\)", str(error))
        yield Flaw(kind="uv-unreadable", source=str(path), said=place[1] if place else "no TOML")
        return
    for wrong in (*_unknown(said), *_of_projects(said)):
        yield Flaw(kind="uv-unreadable", source=str(path), said=wrong)


def _in_pyproject(path: Path, text: str) -> Iterator[Flaw]:
    """uv says so once, and goes on without any of it. That the file itself is none stops other programs too."""
    try:
        said = tomllib.loads(text)["tool"]["uv"]
    except (ValueError, KeyError, TypeError):
        return
    for wrong in _unknown(said) if isinstance(said, dict) else ():
        yield Flaw(kind="uv-ignored", source=str(path), said=wrong)


def _unknown(said: Mapping[str, Any]) -> Iterator[str]:
    """`index_url → index-url`: what is there, and what was meant.

    A later uv may know more than the pinned one, so only what resembles a name, or is pip's, is held against a file.
    """
    if not said:
        return
    known = load_table(NAMES, tuple[str, ...])
    pip = said["pip"] if isinstance(said.get("pip"), dict) else {}
    yield from _meant(said, known["settings"], "")
    yield from _meant(pip, known["pip"], "pip.")
    for place, values in (("", said), ("pip.", pip)):
        for key, value in values.items():
            if wrong := wrong_in_file(key, value, known, place):
                yield f"{place}{key}{wrong}"


def _of_projects(said: Mapping[str, Any]) -> Iterator[str]:
    """What uv takes from a pyproject.toml alone."""
    known = load_table(NAMES, tuple[str, ...]) if said else {}
    yield from (f"{key} → pyproject.toml" for key in said if key in known["project"])


def _meant(said: Mapping[str, Any], known: Sequence[str], place: str) -> Iterator[str]:
    for key in said:
        dashed = key.replace("_", "-").lower()
        if key in known:
            continue
        right = dashed if dashed in known else OF_PIP.get(dashed) or one_slip(dashed, known)
        if not right and not place and dashed in load_table(NAMES, tuple[str, ...])["pip"]:
            yield f"{key} → [pip] {dashed}"
        elif right or dashed in OF_PIP:
            yield f"{place}{key}" + (f" → {place if right in known else ''}{right}" if right else "")
