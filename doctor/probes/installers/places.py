"""Where pip and uv keep and take packages: another user's cache, a cache on another disk, one's own pages alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from doctor.facts.network import Flaw
from doctor.reading.peek import is_folder


def cache_of_another(place: Path, environ: Mapping[str, str]) -> Iterator[Flaw]:
    """root through sudo, with the person's HOME: pip asks whose the cache is, and does without one that is not root's."""
    person = environ.get("SUDO_USER", "")
    if os.geteuid() == 0 and person not in ("", "root") and _device_and_owner(place)[1]:
        yield Flaw(kind="pip-sudo", source=str(place), key=person, said=environ.get("HOME", ""))


def links_alone(flag: str, source: str, links: str) -> Flaw:
    """pip asks a page or a folder instead of every index; in a file that is forgotten."""
    shown = re.sub(r"//[^/@\s]*@", "//", links)
    return Flaw(kind="pip-links-only", source=source, key=f"no-index = {flag}", said=" ".join(shown.split()))


def cache_on_another_disk(cache: Path, prefix: Path, told: Mapping[str, tuple[str, str]]) -> Iterator[Flaw]:
    """uv links files from its cache into environments, which no two file systems share: each is then copied.

    Only where uv has unpacked wheels into that cache, and was not told to copy.
    """
    if "link-mode" in told or not is_folder(cache / "archive-v0"):
        return
    here, there = _device_and_owner(cache / "archive-v0")[0], _device_and_owner(prefix)[0]
    if there and here and there != here:
        yield Flaw(kind="uv-other-disk", source=str(prefix), key="cache-dir", said=str(cache))


def _device_and_owner(path: Path) -> tuple[int, int]:
    """(0, 0) where it cannot be looked at, or is not there."""
    try:
        about = path.stat()
    except OSError:
        return 0, 0
    return about.st_dev, about.st_uid
