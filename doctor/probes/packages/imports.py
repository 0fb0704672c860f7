"""Distributions that cannot be imported, since a library beside them lacks what they ask it for. No metadata says so.

Their text is read, nothing is run. What the profile's lock pins is proven together, and is not read again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from doctor.facts import MissingName
from doctor.modules.library import Library
from doctor.modules.walk import Gone, gone, late, misfits
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
# Of what it imports late, only that which people call by itself; the rest is some hundred architectures.
USED = {"transformers": ("transformers.trainer",)}
PURE = "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
TOPS = re.compile(r"^(\w+)(?:/__init__)?\.py,", re.MULTILINE)
NAMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def missing_names(
    dists: Sequence[Dist], site: Path, beside: Sequence[Path], wanted: Mapping[str, str], deep: bool
) -> tuple[MissingName, ...]:
    """The first thing that stops the import of each distribution."""
    asking = _to_read(dists, wanted)
    if not asking:
        return ()
    library = Library((site, *beside), DEEP_SECONDS if deep else SECONDS)
    owners = _Owners(dists, site)
    found: list[MissingName] = []
    for group in _groups(asking):
        found += [one for dist in group if (one := _first(dist, site, library, owners))]
        broken = {one.name for one in found}
        whole = [dist for dist in group if dist.name not in broken and dist.name not in USED]
        found += [one for dist in whole if (one := _late(dist, site, library, owners))]
    broken = {one.name for one in found}
    slow = [dist for dist in asking if dist.name in USED and dist.name not in broken]
    found += [one for dist in slow if (one := _late(dist, site, library, owners))]
    return tuple(found)[:KEPT]


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


def _groups(dists: Sequence[Dist]) -> tuple[list[Dist], list[Dist]]:
    """What matters most, in its order, and the others."""
    place = {name: number for number, name in enumerate(FIRST)}
    ordered = sorted(dists, key=lambda dist: (place.get(dist.name, len(FIRST)), dist.name))
    return [dist for dist in ordered if dist.name in place], [d for d in ordered if d.name not in place]


class _Owners:
    """Which distribution a module's first name belongs to."""

    def __init__(self, dists: Sequence[Dist], site: Path) -> None:
        self.tops = {dist.name: self._tops(dist, site) for dist in dists}

    @staticmethod
    def _tops(dist: Dist, site: Path) -> tuple[str, ...]:
        listed = tuple(dict.fromkeys(TOPS.findall(record(site, dist.folder)))) if dist.whole else ()
        return listed or (dist.name.replace("-", "_"),)

    def of(self, module: str) -> str | None:
        if module.startswith("google.protobuf"):  # its first name is that of many
            return "protobuf" if "protobuf" in self.tops else None
        top = module.partition(".")[0]
        return next((name for name, tops in self.tops.items() if top in tops), None)


def _first(dist: Dist, site: Path, library: Library, owners: _Owners) -> MissingName | None:
    for one in gone(owners.tops[dist.name], library):
        if owner := _other(dist, one, owners):
            return _told(dist, owner, one, site, library)
    return None


def _late(dist: Dist, site: Path, library: Library, owners: _Owners) -> MissingName | None:
    """What a first use runs into, of a package that can be imported: its modules come when they are asked for."""
    tops = owners.tops[dist.name]
    begun = late(tops, library, USED.get(dist.name))
    for one in (*begun, *(misfits(tops, library) if dist.name in FIRST else ())):
        if owner := _other(dist, one, owners):
            return msgspec.structs.replace(_told(dist, owner, one, site, library), late=True)
    return None


def _other(dist: Dist, one: Gone, owners: _Owners) -> str | None:
    """The distribution that was to have it, where that is another."""
    if one.of == "google.protobuf" and os.environ.get(PURE) == "python":
        return None  # slow, and it takes code of any age
    owner = owners.of(one.of)
    return owner if owner != dist.name else None


def _told(dist: Dist, owner: str, one: Gone, site: Path, library: Library) -> MissingName:
    path = str(library.place(one.module)).removeprefix(f"{site}/")
    return MissingName(
        name=dist.name, file=path, line=one.need.line, missing=one.missing, module=one.of, owner=owner
    )
