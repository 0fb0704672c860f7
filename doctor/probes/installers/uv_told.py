"""What uv is told that it can do, and that leaves a person without packages: offline, releases of long ago, no cache."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from doctor.facts.network import Flaw
from doctor.probes.installers.places import cache_on_another_disk
from doctor.probes.installers.uv_files import uv_files
from doctor.probes.installers.uv_values import YES, day_of
from doctor.reading.peek import is_folder, is_there, peek_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

OLD = 365  # days
KEYS = (
    "offline", "no-index", "find-links", "exclude-newer", "torch-backend", "cache-dir", "no-cache", "extra-index-url",
    "index-strategy", "system-certs", "native-tls", "link-mode",
)  # fmt: skip
# They list some other packages, in few releases.
OF_TORCH = ("download.pytorch.org/whl", "/pytorch-wheels", "/pytorch/whl")
SET = {True: "true", False: "false"}


def uv_told(environ: Mapping[str, str], prefix: Path) -> Iterator[Flaw]:
    """A variable wins over the person's file, and that over the machine's."""
    told = {key: one for path in uv_files(environ) for key, one in _of_file(path).items()}
    for key in KEYS:
        name = f"UV_{key.upper().replace('-', '_')}"
        if environ.get(name) and name != "UV_NO_INDEX":  # there is none
            told[key] = (environ[name], name)
    yield from _sources(told)
    yield from _cache(told, environ, prefix)
    yield from _certificates(told, environ)


def _of_file(path: Path) -> dict[str, tuple[str, str]]:
    try:
        said: dict[str, Any] = tomllib.loads(peek_text(path))
    except ValueError:
        return {}
    pip = said.get("pip")
    both = {**said, **(pip if isinstance(pip, dict) else {})}
    return {key: (_text(both[key]), str(path)) for key in KEYS if key in both}


def _text(value: Any) -> str:
    return SET[value] if isinstance(value, bool) else str(value)


def _sources(told: Mapping[str, tuple[str, str]]) -> Iterator[Flaw]:
    for key in ("offline", "no-index"):
        value, source = told.get(key, ("", ""))
        if value.lower() in YES and not (key == "no-index" and "find-links" in told):
            yield Flaw(kind="uv-offline", source=source, key=_key(key, source), said=value)
    value, source = told.get("exclude-newer", ("", ""))
    day = day_of(value)
    if day and (date.today() - day).days > OLD:
        yield Flaw(kind="uv-old", source=source, key=_key("exclude-newer", source), said=value)
    value, source = told.get("torch-backend", ("", ""))
    if value == "cpu":
        yield Flaw(kind="uv-cpu", source=source, key=_key("torch-backend", source), said=value)
    value, source = told.get("extra-index-url", ("", ""))
    if any(part in value for part in OF_TORCH) and "index-strategy" not in told:
        shown = next(
            word for word in re.split(r"[\s',\[\]]+", value) if any(part in word for part in OF_TORCH)
        )
        shown = re.sub(r"//[^/@]*@", "//", shown)
        yield Flaw(kind="uv-first-index", source=source, key=_key("extra-index-url", source), said=shown)


def _key(key: str, source: str) -> str:
    return source if source.isupper() else key


def _cache(told: Mapping[str, tuple[str, str]], environ: Mapping[str, str], prefix: Path) -> Iterator[Flaw]:
    """uv ends where it cannot write its cache; sudo uv leaves one that is root's."""
    if told.get("no-cache", ("", ""))[0].lower() in YES:
        return
    home = environ.get("HOME") or "/"
    usual = Path(environ.get("XDG_CACHE_HOME") or f"{home}/.cache", "uv")
    value, source = told.get("cache-dir", (str(usual), ""))
    place = Path(value).expanduser() if source.endswith(".toml") else Path(value)
    if place.is_absolute() and (source or is_there(place)) and not may_make(place):
        yield Flaw(
            kind="uv-cache", source=source or str(place), key=_key("cache-dir", source), said=str(place)
        )
    yield from cache_on_another_disk(place, prefix, told)


def _certificates(told: Mapping[str, tuple[str, str]], environ: Mapping[str, str]) -> Iterator[Flaw]:
    """The machine's own instead of those that uv brings along: images without ca-certificates have none."""
    on = [(key, *told[key]) for key in ("system-certs", "native-tls") if key in told]
    on = [one for one in on if one[1].lower() in YES]
    if not on or environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR"):
        return
    from doctor.probes.listing import names_in
    from doctor.probes.network.trust.stores import system_bundle  # few have such a switch

    if not system_bundle() and not names_in(Path("/etc/ssl/certs")):
        key, value, source = on[0]
        yield Flaw(kind="uv-certs", source=source, key=_key(key, source), said=value)


def may_make(place: Path) -> bool:
    """Whether this user may write to a folder, or make it below the nearest one that is there."""
    there = next((one for one in (place, *place.parents) if os.path.lexists(one)), place)
    return is_folder(there) and os.access(there, os.W_OK | os.X_OK)
