"""Values at which pip ends, in its files as in its variables, and folders that it cannot write."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.facts.network import Flaw
from doctor.probes.installers.pip import Setting
from doctor.probes.installers.places import cache_of_another
from doctor.probes.installers.uv_told import may_make
from doctor.probes.installers.uv_values import NO, YES
from doctor.reading.peek import is_folder, is_there

BOOLEANS = (
    "no-cache-dir", "no-index", "no-deps", "no-dependencies", "pre", "dry-run", "user", "no-user", "upgrade",
    "force-reinstall", "ignore-installed", "ignore-requires-python", "no-build-isolation",
    "break-system-packages", "compile", "no-compile", "no-warn-script-location", "no-warn-conflicts",
    "prefer-binary", "require-hashes", "no-clean", "isolated", "require-virtualenv", "require-venv", "no-input",
    "disable-pip-version-check", "no-color", "no-python-version-warning",
)  # fmt: skip
COUNTS = ("quiet", "verbose")
CHOICES = {
    "upgrade-strategy": ("only-if-needed", "eager"),
    "progress-bar": ("on", "off", "raw", "auto", "ascii", "pretty", "emoji"),  # of one release or another
    "root-user-action": ("warn", "ignore"),
    "keyring-provider": ("auto", "disabled", "import", "subprocess"),  # since 23.1; earlier ones pass over it
    "exists-action": ("s", "i", "w", "b", "a"),
}


def ends_pip(key: str, value: str) -> bool:
    """Whether pip stops at this value of a switch or a choice. An empty one it passes over."""
    known = value.lower() in (*YES, *NO, "")
    if key in BOOLEANS:
        return not known
    if key in COUNTS:
        return not known and not value.isdecimal()
    return key in CHOICES and not set(value.split()) <= set(CHOICES[key])


def pip_folders(known: Mapping[str, Setting], environ: Mapping[str, str]) -> Iterator[Flaw]:
    """Folders that settings name: gone, or not to be written."""
    if "log" in known:
        place = Path(known["log"].value).expanduser()
        if is_folder(place) or not (
            may_make(place.parent) if not is_there(place) else os.access(place, os.W_OK)
        ):
            yield Flaw(kind="pip-log", source=known["log"].source, key="log", said=str(place))
    if "no-cache-dir" not in known:
        yield from _cache(known, environ)
    links = known.get("find-links")
    gone = [one for one in links.value.split() if _is_gone(one)] if links else []
    if links and gone:
        yield Flaw(kind="pip-links", source=links.source, key="find-links", said=gone[0])


def _cache(known: Mapping[str, Setting], environ: Mapping[str, str]) -> Iterator[Flaw]:
    """pip goes on without, and fetches everything again each time."""
    home = environ.get("HOME") or "/"
    usual = Path(environ.get("XDG_CACHE_HOME") or f"{home}/.cache", "pip")
    own = known.get("cache-dir")
    place = Path(own.value).expanduser() if own else usual
    yield from cache_of_another(place, environ)
    if (own or is_there(place)) and not may_make(place):
        source = own.source if own else str(place)
        yield Flaw(kind="pip-cache", source=source, key="cache-dir", said=str(place))


def _is_gone(place: str) -> bool:
    path = re.sub(r"^file:(//)?(?=/)", "", place)
    return "://" not in path and not is_there(Path(path).expanduser())


def wheels_only(known: Mapping[str, Setting]) -> Iterator[Flaw]:
    """What is published as source alone cannot be installed then; most is not."""
    only = known.get("only-binary")
    if only and ":all:" in re.split(r"[\s,]+", only.value):
        yield Flaw(kind="pip-wheels", source=only.source, key="only-binary", said=only.value)
