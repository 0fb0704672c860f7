"""Distributions and folders that are not what an installer leaves here: for another system, without metadata, remains."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from doctor.probes.packages.metadata import Dist
from doctor.probes.python.shadows import DISTRIBUTIONS, STACK
from doctor.reading.peek import is_file, is_folder, peek

TAG = re.compile(rb"^Tag: [^-\s]+-[^-\s]+-(\S+)", re.MULTILINE)
PROCESSORS = ("x86_64", "aarch64", "i686", "ppc64le", "s390x", "armv7l", "riscv64")
OTHER_SYSTEMS = ("macosx", "win", "android", "ios", "emscripten", "pyodide")
HEAD = 65536


def for_another_system(dists: Sequence[Dist], site: Path) -> tuple[str, ...]:
    """Wheels that were made for another kind of system only, as "name==version (platform)"."""
    musl = any(Path("/lib").glob("ld-musl-*"))
    found = []
    for dist in dists:
        tags = b" ".join(TAG.findall(peek(site / dist.folder / "WHEEL", HEAD) or b"")).decode(
            "ascii", "replace"
        )
        platforms = tags.replace(".", " ").split()
        if platforms and not any(_fits(one, os.uname().machine, musl) for one in platforms):
            found.append(f"{dist.name}=={dist.version} ({platforms[0]})")
    return tuple(found)


def _fits(platform: str, machine: str, musl: bool) -> bool:
    if platform.startswith(OTHER_SYSTEMS) or (platform.startswith("musllinux") and not musl):
        return False
    other = [name for name in PROCESSORS if name != machine]
    return not platform.endswith(tuple(f"_{name}" for name in other))


def without_metadata(site: Path, there: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of the modules of the course whose distribution is not there: those whose code is, and those of which a folder is left."""
    whole, left = [], []
    for module in STACK:
        folder, name = site / module, DISTRIBUTIONS.get(module) or module.replace("_", "-").lower()
        if name in there or (name == "pillow" and "pillow-simd" in there):
            continue
        if is_file(folder / "__init__.py") or is_file(site / f"{module}.py"):
            whole.append(name)
        elif is_folder(folder):
            left.append(module)
    return tuple(whole), tuple(left)
