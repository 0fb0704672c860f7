"""What distributions ask of torch, and torch of the libraries that it was built with, from their metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from doctor.facts.torch import Pin
from doctor.probes.packages.metadata import Dist

OF_TORCH = re.compile(r"nvidia|triton|cuda|pytorch-triton")
ON_TORCH = re.compile(r"torch[^a-zA-Z]")


def pins(dists: Sequence[Dist], installed: Mapping[str, str], python: str) -> tuple[Pin, ...]:
    """Exact wishes (`torch==2.13.0`) of others on torch, and torch's own on CUDA libraries and triton."""
    return tuple(pin for dist in dists if dist.whole for pin in _pins_of(dist, installed, python))


def _pins_of(dist: Dist, installed: Mapping[str, str], python: str) -> Iterator[Pin]:
    by = dist.name
    wanted = OF_TORCH if by == "torch" else ON_TORCH
    for line in dist.requires:
        wish = _requirement(line, python) if wanted.match(line) else None
        if wish and ("==" in str(wish.specifier) or by == "torch"):
            name = canonicalize_name(wish.name)
            yield Pin(
                by=by,
                by_version=dist.version,
                name=name,
                specifier=str(wish.specifier),
                installed=installed.get(name),
            )


def _requirement(line: str, python: str) -> Requirement | None:
    """The wish, None where it is for another Python or an extra."""
    try:
        wish = Requirement(line)
    except InvalidRequirement:
        return None
    environment = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    return wish if wish.marker is None or wish.marker.evaluate(environment) else None
