"""Variables at which uv stops before it does anything: values that it cannot read, files that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.facts.network import Flaw
from doctor.reading.peek import is_there

NUMBERS = ("UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT", "UV_HTTP_RETRIES")
COUNTS = ("UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_BUILDS", "UV_CONCURRENT_INSTALLS")
CHOICES = {
    "UV_LINK_MODE": ("clone", "copy", "hardlink", "symlink"),
    "UV_INDEX_STRATEGY": ("first-index", "unsafe-first-match", "unsafe-best-match"),
    "UV_RESOLUTION": ("highest", "lowest", "lowest-direct"),
}
FILES = ("UV_CONFIG_FILE", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_BUILD_CONSTRAINT", "UV_FIND_LINKS")
INDEXES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")
ADDRESS = re.compile(r"(?:[\w-]+=)?(?:https?|file)://(?!\S*,http)\S+\Z")  # a name may stand before it


def uv_flaws(environ: Mapping[str, str]) -> Iterator[Flaw]:
    for name, value in environ.items():
        if name.startswith("UV_") and value and _stops(name, value):
            yield Flaw(kind="uv-stops", source=name, key=name, said=re.sub(r"//[^/@\s]*@", "//", value)[:200])


def _stops(name: str, value: str) -> bool:
    if name in NUMBERS:
        return not value.isdecimal()
    if name in COUNTS:
        return not value.isdecimal() or int(value) == 0
    if name in CHOICES:
        return value not in CHOICES[name]
    if name in FILES:
        words = () if is_there(Path(value)) else re.split(r"[,\s]+", value.strip())
        return any("://" not in word and not is_there(Path(word)) for word in words)
    return name in INDEXES and any(not ADDRESS.match(word) and not is_there(word) for word in value.split())
