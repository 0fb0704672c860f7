"""Distributions that cannot be imported, since a library beside them lacks what they ask it for. No metadata says so.

Their text is read, nothing is run. What the profile's lock pins is proven together, and is not read again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from doctor.facts import MissingName
from doctor.modules.library import Library
from doctor.modules.walk import Gone, gone
from doctor.probes.once import record
from doctor.probes.packages.metadata import Dist

SECONDS, DEEP_SECONDS = 1.2, 30.0
KEPT = 6
# Read first: what the course begins with, and what is most often installed beside it.
FIRST = (
    "transformers", "datasets", "accelerate", "peft", "trl", "evaluate", "diffusers", "sentence-transformers", "timm",
    "jupyter-server", "notebook", "jupyterlab", "ipykernel", "ipywidgets", "gradio", "modelscope", "langchain", "deepspeed",
)  # fmt: skip
# Large, and they ask for little beside themselves.
ALONE = {
    "torch", "tensorflow", "jax", "jaxlib", "numpy", "scipy", "pandas", "sympy", "mpmath", "matplotlib", "scikit-learn",
    "networkx", "triton", "numba", "llvmlite", "pip", "setuptools", "wheel", "pygments", "babel", "fonttools", "jedi",
    "debugpy", "pyarrow", "pillow",
}  # fmt: skip
TOPS = re.compile(r"^(\w+)(?:/__init__)?\.py,", re.MULTILINE)
NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def missing_names(
    dists: Sequence[Dist], site: Path, beside: Sequence[Path], wanted: Mapping[str, str], deep: bool
) -> tuple[MissingName, ...]:
    """The first thing that stops the import of each distribution."""
    asking = _to_read(dists, wanted)
    if not asking:
        return ()
    library = Library((site, *beside), time.monotonic() + (DEEP_SECONDS if deep else SECONDS))
    owners = _Owners(dists, site)
    found = (_first(dist, site, library, owners) for dist in _in_order(asking))
    return tuple(one for one in found if one is not None)[:KEPT]


def _to_read(dists: Sequence[Dist], wanted: Mapping[str, str]) -> list[Dist]:
    """Those that are not as the lock has them, and those that ask for one that is not."""
    changed = {dist.name for dist in dists if wanted.get(dist.name) != dist.version}
    return [
        dist
        for dist in dists
        if dist.whole
        and not dist.unreadable
        and dist.name not in ALONE
        and (dist.name in changed or any(name in changed for name in _asked(dist)))
    ]


def _asked(dist: Dist) -> Iterator[str]:
    return (canonicalize_name(named[0]) for line in dist.requires if (named := NAMED.match(line)))


def _in_order(dists: Sequence[Dist]) -> list[Dist]:
    place = {name: number for number, name in enumerate(FIRST)}
    return sorted(dists, key=lambda dist: (place.get(dist.name, len(FIRST)), dist.name))


class _Owners:
    """Which distribution a module's first name belongs to."""

    def __init__(self, dists: Sequence[Dist], site: Path) -> None:
        self.tops = {dist.name: self._tops(dist, site) for dist in dists}

    @staticmethod
    def _tops(dist: Dist, site: Path) -> tuple[str, ...]:
        listed = tuple(dict.fromkeys(TOPS.findall(record(site, dist.folder)))) if dist.whole else ()
        return listed or (dist.name.replace("-", "_"),)

    def of(self, module: str) -> str | None:
        top = module.partition(".")[0]
        return next((name for name, tops in self.tops.items() if top in tops), None)


def _first(dist: Dist, site: Path, library: Library, owners: _Owners) -> MissingName | None:
    for one in gone(owners.tops[dist.name], library):
        owner = owners.of(one.of)
        if owner and owner != dist.name:
            return _told(dist, owner, one, site, library)
    return None


def _told(dist: Dist, owner: str, one: Gone, site: Path, library: Library) -> MissingName:
    path = str(library.place(one.module)).removeprefix(f"{site}/")
    return MissingName(
        name=dist.name, file=path, line=one.need.line, missing=one.missing, module=one.of, owner=owner
    )
